package sfu

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
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
	Log             *slog.Logger
	Limits          Limits
}

// Engine holds the sockets and the rooms of one node.
type Engine struct {
	cfg Config
	log *slog.Logger

	mu     sync.Mutex
	rooms  map[string]*Room
	closed bool
}

// New opens the sockets and returns an engine that serves until Close.
func New(cfg Config) (*Engine, error) {
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{cfg: cfg, log: cfg.Log, rooms: map[string]*Room{}}, nil
}

// Port is the UDP (and TCP) port media arrives on.
func (e *Engine) Port() int { return e.cfg.Port }

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
	r := &Room{id: id, engine: e, peers: map[string]*Peer{}}
	e.rooms[id] = r
	return r, nil
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
	return nil
}
