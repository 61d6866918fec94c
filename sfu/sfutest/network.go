package sfutest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/vnet"
)

// Network is a virtual network of hosts behind links that lose packets by a
// seeded dice and carry as much as they are told.
type Network struct {
	router *vnet.Router
	queues map[string]*vnet.TBFQueue
	close  []io.Closer

	mu   sync.Mutex
	loss float64
	dice *rand.Rand
	cut  map[string]bool
}

// wide is more than anything in a test sends.
const wide = 1_000_000_000

// NewNetwork makes an empty one with 10 ms from each host to the others.
func NewNetwork() (*Network, error) {
	log := logging.NewDefaultLoggerFactory()
	log.DefaultLogLevel = logging.LogLevelDisabled
	r, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "10.0.0.0/24", LoggerFactory: log, MinDelay: 10 * time.Millisecond, QueueSize: 10_000,
	})
	if err != nil {
		return nil, err
	}
	n := &Network{router: r, queues: map[string]*vnet.TBFQueue{}, cut: map[string]bool{}}
	r.AddChunkFilter(n.pass)
	return n, nil
}

// Host adds a host. Its downlink may be narrowed with Limit.
func (n *Network) Host(ip string) (transport.Net, error) {
	host, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip}})
	if err != nil {
		return nil, err
	}
	// A queue of 64 kB: 1 s at 500 kbit/s, like a home router's.
	tbf := vnet.NewTBFQueue(wide, 64<<10, 64<<10)
	link, err := vnet.NewQueue(host, tbf)
	if err != nil {
		return nil, err
	}
	if err := n.router.AddNet(link); err != nil {
		return nil, fmt.Errorf("host %s: %w", ip, err)
	}
	n.queues[ip] = tbf
	n.close = append(n.close, link)
	return host, nil
}

// Start lets packets flow.
func (n *Network) Start() error { return n.router.Start() }

// Close stops it.
func (n *Network) Close() {
	_ = n.router.Stop()
	for _, c := range n.close {
		_ = c.Close()
	}
}

// Lose drops a share of all packets from now on, by a dice of that seed.
func (n *Network) Lose(share float64, seed uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss, n.dice = share, rand.New(rand.NewPCG(seed, seed))
}

// Cut unplugs a host, or plugs it in again.
func (n *Network) Cut(ip string, off bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[ip] = off
}

// Limit narrows a host's downlink to bps bit/s; 0 is wide.
func (n *Network) Limit(ip string, bps int) {
	if bps == 0 {
		n.queues[ip].SetBurst(64 << 10)
		bps = wide
	} else {
		n.queues[ip].SetBurst(3000)
	}
	n.queues[ip].SetRate(bps)
}

func (n *Network) pass(c vnet.Chunk) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.cut) > 0 && (n.cut[hostOf(c.SourceAddr().String())] || n.cut[hostOf(c.DestinationAddr().String())]) {
		return false
	}
	return n.loss == 0 || n.dice.Float64() >= n.loss
}

func hostOf(addr string) string {
	for i := range addr {
		if addr[i] == ':' {
			return addr[:i]
		}
	}
	return addr
}
