package sfu

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"
)

// Config of an engine. The zero value listens on every interface with free
// ports.
type Config struct {
	Listen netip.Addr // address of the UDP and TCP sockets; zero is all
	Port   int        // UDP and TCP port; 0 picks one
	TCP    bool       // also accept ICE over TCP (RFC 6544) on the same number
	// PublicIPs are told to clients in place of the addresses of this machine,
	// when it stands behind 1:1 NAT.
	PublicIPs []string
	// IncludeLoopback offers 127.0.0.1 as a candidate. It is implied when
	// Listen is a loopback address.
	IncludeLoopback bool
	// PrivatePeers lets clients name private addresses (RFC 1918, RFC 4193)
	// for us to probe. It is off, since that is a port scanner inside the
	// house. Clients on private networks connect all the same: they reach our
	// address first, and we answer where they come from.
	PrivatePeers bool
	Log          *slog.Logger
	Limits       Limits
	// Net replaces the operating system's network in tests (pion vnet). It
	// turns the port mux and TCP off.
	Net transport.Net
}

// Engine holds the sockets and the rooms of one node.
type Engine struct {
	cfg     Config
	log     *slog.Logger
	start   time.Time // media clocks count from here
	sockets *sockets  // nil with Config.Net
	ids     identity
	count   counters

	mu     sync.Mutex
	rooms  map[string]*Room
	closed bool

	doors sessions // WHIP and WHEP
}

// New opens the sockets and returns an engine that serves until Close.
func New(cfg Config) (*Engine, error) {
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Listen.IsValid() && cfg.Listen.IsLoopback() {
		cfg.IncludeLoopback = true
	}
	for _, ip := range cfg.PublicIPs {
		if _, err := netip.ParseAddr(ip); err != nil {
			return nil, fmt.Errorf("sfu: public IP %q: %w", ip, err)
		}
	}
	e := &Engine{cfg: cfg, log: cfg.Log, start: time.Now(), rooms: map[string]*Room{}}
	e.doors.open = map[string]*session{}
	if cfg.Net == nil {
		s, err := openSockets(&cfg)
		if err != nil {
			return nil, err
		}
		e.sockets = s
	}
	// A table that does not register is a mistake of ours: say so at start,
	// not at the first call.
	if _, err := newMediaEngine(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Port is the UDP (and TCP) port media arrives on; 0 with Config.Net.
func (e *Engine) Port() int {
	if e.sockets == nil {
		return 0
	}
	return e.sockets.port
}

// now is the media clock: monotonic nanoseconds since New.
func (e *Engine) now() int64 { return int64(time.Since(e.start)) }

// Room returns the room with that id, made if need be. A room nobody is in
// goes away by itself.
func (e *Engine) Room(id string) (*Room, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	if r := e.rooms[id]; r != nil {
		return r, nil
	}
	if len(e.rooms) >= e.cfg.Limits.Rooms {
		return nil, fmt.Errorf("%w: %d rooms", ErrExhausted, len(e.rooms))
	}
	r := newRoom(e, id)
	e.rooms[id] = r
	return r, nil
}

// Peer finds somebody in a room, or nil. Unlike Room it makes nothing.
func (e *Engine) Peer(room, peer string) *Peer {
	if r := e.lookup(room); r != nil {
		return r.Peer(peer)
	}
	return nil
}

// lookup returns a room that exists, or nil.
func (e *Engine) lookup(id string) *Room {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rooms[id]
}

// release forgets a room that has become empty. The room may have been joined
// meanwhile, or replaced by one of the same name.
func (e *Engine) release(r *Room) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rooms[r.id] == r && r.endIfEmpty() {
		delete(e.rooms, r.id)
	}
}

// Close ends every peer and room and closes the sockets. It returns when all
// goroutines it started have ended.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	rooms := make([]*Room, 0, len(e.rooms))
	for _, r := range e.rooms {
		rooms = append(rooms, r)
	}
	e.mu.Unlock()
	for _, r := range rooms {
		r.Close()
	}
	if e.sockets != nil {
		return e.sockets.close()
	}
	return nil
}

// identity is the DTLS certificate all peer connections share: making one per
// connection costs milliseconds of a join. It is renewed long before it ends.
type identity struct {
	mu   sync.Mutex
	cert *webrtc.Certificate
}

func (i *identity) get(now time.Time) (webrtc.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cert == nil || now.Add(7*24*time.Hour).After(i.cert.Expires()) {
		c, err := newCertificate()
		if err != nil {
			return webrtc.Certificate{}, fmt.Errorf("sfu: certificate: %w", err)
		}
		i.cert = c
	}
	return *i.cert, nil
}
