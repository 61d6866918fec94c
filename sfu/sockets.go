package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

// socketBuffer is asked of the kernel for each UDP socket; a burst of key
// frames from twenty people is about 2 MB.
const socketBuffer = 4 << 20

// sockets are the UDP port mux and the ICE-TCP mux on the same number.
//
// There is one UDP socket per address of the machine, not one on 0.0.0.0: from
// a wildcard socket the kernel chooses the source address of replies, and on a
// machine with several the client's check then fails.
type sockets struct {
	port int
	udp  ice.UDPMux
	tcp  ice.TCPMux
}

func openSockets(cfg *Config) (*sockets, error) {
	addrs, err := listenAddrs(cfg)
	if err != nil {
		return nil, err
	}
	// With port 0 the first socket chooses the number and the others must get
	// the same; someone may hold it on another address, so try again.
	for try := 0; ; try++ {
		s, err := tryOpen(cfg, addrs)
		if err == nil || cfg.Port != 0 || try == 10 {
			return s, err
		}
	}
}

func tryOpen(cfg *Config, addrs []netip.Addr) (_ *sockets, err error) {
	log := pionLog{cfg.Log}
	port := cfg.Port
	var conns []*net.UDPConn
	defer func() {
		if err != nil {
			for _, c := range conns {
				_ = c.Close()
			}
		}
	}()
	for _, a := range addrs {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(port))))
		if err != nil {
			return nil, fmt.Errorf("sfu: media port: %w", err)
		}
		conns = append(conns, c)
		if port == 0 {
			port = c.LocalAddr().(*net.UDPAddr).Port
		}
		// The kernel may grant less (net.core.rmem_max); that is no reason not
		// to start.
		_ = c.SetReadBuffer(socketBuffer)
		_ = c.SetWriteBuffer(socketBuffer)
	}
	s := &sockets{port: port}
	if cfg.TCP {
		host := ""
		if cfg.Listen.IsValid() && !cfg.Listen.IsUnspecified() {
			host = cfg.Listen.String()
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
		if err != nil {
			return nil, fmt.Errorf("sfu: media port: %w", err)
		}
		s.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: l, Logger: log.NewLogger("ice-tcp"),
			ReadBufferSize: 64, WriteBufferSize: 4 << 20,
			FirstStunBindTimeout:         10 * time.Second,
			AliveDurationForConnFromStun: 10 * time.Second,
		})
	}
	muxes := make([]ice.UDPMux, len(conns))
	for i, c := range conns {
		muxes[i] = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: c, Logger: log.NewLogger("ice-udp")})
	}
	s.udp = ice.NewMultiUDPMuxDefault(muxes...)
	return s, nil
}

func (s *sockets) close() error {
	err := s.udp.Close()
	if s.tcp != nil {
		err = errors.Join(err, s.tcp.Close())
	}
	return err
}

// listenAddrs are the addresses to open sockets on.
func listenAddrs(cfg *Config) ([]netip.Addr, error) {
	if cfg.Listen.IsValid() && !cfg.Listen.IsUnspecified() {
		return []netip.Addr{cfg.Listen}, nil
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("sfu: list interfaces: %w", err)
	}
	var addrs, loopback []netip.Addr
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		ip := p.Addr().Unmap()
		switch {
		case ip.IsLoopback():
			if ip.Is4() {
				loopback = append(loopback, ip)
			}
		case ip.IsLinkLocalUnicast(), cfg.Listen.Is4() && ip.Is6():
		default:
			addrs = append(addrs, ip)
		}
	}
	if cfg.IncludeLoopback || len(addrs) == 0 {
		addrs = append(addrs, loopback...)
	}
	if len(addrs) == 0 {
		return nil, errors.New("sfu: this machine has no address to listen on")
	}
	return addrs, nil
}

// signaledAllowed decides whether we probe an address a client named in its
// signaling: an address inside the house is none of theirs to point us at.
func (c *Config) signaledAllowed(ip netip.Addr) bool {
	ip = ip.Unmap()
	return c.sourceAllowed(ip) && (c.PrivatePeers || ip.IsLoopback() || !ip.IsPrivate() && !isShared(ip))
}

// sourceAllowed decides whether we answer a check from that address. Private
// ones are peers on the same network; link-local ones include the metadata
// service of clouds, and nobody calls from a multicast address.
func (c *Config) sourceAllowed(ip netip.Addr) bool {
	ip = ip.Unmap()
	switch {
	case !ip.IsValid(), ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast():
		return false
	case ip.IsLoopback():
		return c.IncludeLoopback
	}
	return ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// isShared is carrier NAT space (RFC 6598), private in all but name.
func isShared(ip netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10).Contains(ip)
}

var _ logging.LoggerFactory = pionLog{}
