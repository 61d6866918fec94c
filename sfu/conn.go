package sfu

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"mentara/sfu/bwe"
)

// How long a connection may be in each stage.
const (
	disconnectAfter = 3 * time.Second // without an answer: tell people
	failAfter       = 25 * time.Second
	connectWithin   = 10 * time.Second // ICE and DTLS, from the newest offer
)

// conn is one peer connection with what arrives on it and what leaves it. A
// peer has one; a client that starts anew gets a new one.
type conn struct {
	peer        *Peer
	engine      *Engine
	pc          *webrtc.PeerConnection
	api         *webrtc.API
	fingerprint string // of the client; another means a new client
	ssrc        uint32 // of our RTCP
	layout      atomic.Pointer[layout]
	rtt         atomic.Int64 // smoothed, nanoseconds
	state       atomic.Pointer[string]

	in struct { // of the RTP goroutine
		packet     packet
		twcc       *twcc.Recorder
		feedbackAt time.Time
		nackAt     time.Time
		malformed  int
		encodings  []*encoding
	}
	rtcpLimit bucket // of the RTCP goroutine

	encMu    sync.RWMutex
	byStream map[uint32]*encoding

	slotMu    sync.RWMutex
	slots     []*downTrack
	slotBySSR map[uint32]*downTrack

	sent  sentRing
	bweMu sync.Mutex
	bwe   *bwe.Estimator

	clockMu    sync.Mutex
	clockDiff  int64 // publisher's NTP to ours, 32.32 seconds
	clockKnown bool
	clockAt    time.Time

	offeredAt atomic.Int64 // Engine.now of the newest offer
	upAt      atomic.Int64 // Engine.now since when it can be sent to, 0 before
	wake      chan struct{}
	control   chan []rtcp.Packet // for run to send
	done      chan struct{}
	ended     chan struct{} // run has returned
	closeOnce sync.Once
	alloc     allocator
	channels  channels
}

func (p *Peer) newConn(fingerprint string) (*conn, error) {
	e := p.room.engine
	c := &conn{
		peer: p, engine: e, fingerprint: fingerprint,
		byStream: map[uint32]*encoding{}, slotBySSR: map[uint32]*downTrack{},
		bwe:  bwe.New(bwe.Config{}),
		wake: make(chan struct{}, 1), control: make(chan []rtcp.Packet, 128), done: make(chan struct{}), ended: make(chan struct{}),
		rtcpLimit: newBucket(128<<10, 1000),
	}
	c.ssrc = c.random32()
	c.in.twcc = twcc.NewRecorder(c.ssrc)
	m, err := newMediaEngine()
	if err != nil {
		return nil, err
	}
	se, err := c.settings()
	if err != nil {
		return nil, err
	}
	cert, err := e.ids.get(time.Now())
	if err != nil {
		return nil, err
	}
	c.api = webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	c.pc, err = c.api.NewPeerConnection(webrtc.Configuration{
		Certificates:  []webrtc.Certificate{cert},
		BundlePolicy:  webrtc.BundlePolicyMaxBundle,
		RTCPMuxPolicy: webrtc.RTCPMuxPolicyRequire,
	})
	if err != nil {
		return nil, fmt.Errorf("sfu: peer connection: %w", err)
	}
	c.alloc.init()
	c.setState(StateConnecting)
	c.pc.OnConnectionStateChange(c.onState)
	c.pc.OnDataChannel(c.onDataChannel)
	go c.run()
	return c, nil
}

func (c *conn) setState(s string) { c.state.Store(&s) }

func (c *conn) connected() bool { return *c.state.Load() == StateConnected }

func (c *conn) onState(s webrtc.PeerConnectionState) {
	var name string
	switch s {
	case webrtc.PeerConnectionStateConnecting:
		name = StateConnecting
	case webrtc.PeerConnectionStateConnected:
		name = StateConnected
	case webrtc.PeerConnectionStateDisconnected:
		name = StateDisconnected
	case webrtc.PeerConnectionStateFailed:
		name = StateFailed
	default:
		return // closed is told by whoever closes
	}
	if *c.state.Load() == name {
		return
	}
	c.setState(name)
	if name == StateConnected {
		c.upAt.CompareAndSwap(0, c.engine.now())
	}
	c.peer.connChanged(c, name)
	c.poke()
}

// begin forgets what was estimated while nothing could be sent.
func (c *conn) begin() {
	if l := c.layout.Load(); l != nil {
		c.beginEstimate(l)
	}
	if c.upAt.Load() != 0 {
		c.upAt.Store(c.engine.now())
	}
}

// poke makes run look at the slots soon.
func (c *conn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// kick ends the connection from a place that must not wait for it, such as one
// of its own goroutines.
func (c *conn) kick() {
	go c.peer.drop(c, StateFailed)
}

// close ends the connection and waits for its goroutines.
func (c *conn) close() {
	c.closeOnce.Do(func() {
		close(c.done)
		<-c.ended
		c.slotMu.RLock()
		slots := slices.Clone(c.slots)
		c.slotMu.RUnlock()
		for _, d := range slots {
			d.show(nil)
		}
		if err := c.pc.Close(); err != nil {
			c.peer.log.Debug("close peer connection", "err", err)
		}
	})
}

// writeRTCP queues packets for run to send. They must not be sent from here:
// this is called by the SRTP session's goroutines, pion's WriteRTCP takes the
// lock of the DTLS transport, and closing that transport holds it while it
// waits for those goroutines. When the queue is full they are dropped; all of
// them are sent again when they still matter.
func (c *conn) writeRTCP(pkts ...rtcp.Packet) {
	if len(pkts) == 0 {
		return
	}
	select {
	case c.control <- pkts:
	default:
	}
}

// prime opens the streams of slots that are new. pion would do so with the
// first packet, under that same lock, which the packet path must not wait for.
func (c *conn) prime() {
	if !c.connected() {
		return
	}
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	for _, d := range slots {
		d.mu.Lock()
		bound, ready, sender := d.out != nil, d.ready, d.sender
		d.mu.Unlock()
		if !bound || ready || sender.SetReadDeadline(time.Time{}) != nil {
			continue
		}
		d.mu.Lock()
		d.ready = true
		d.mu.Unlock()
	}
}

func (c *conn) random32() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint32(b[:])
}

func (c *conn) random16() uint16 { return uint16(c.random32()) }

func streamName(pair int) string { return fmt.Sprintf("pair-%d", pair) }
