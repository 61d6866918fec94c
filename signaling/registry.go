package signaling

import (
	"context"
	"slices"
	"sync"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// registry knows every socket of the node, by identity and by session.
type registry struct {
	mu         sync.Mutex
	conns      map[*Conn]bool       // true once the socket can be reached no more
	byIdentity map[identity][]*Conn // oldest first
	bySession  map[string][]*Conn
	byAddress  map[string]int
	closed     bool
	drained    chan struct{} // closed when the last socket of a shut hub ends
}

// identity keeps apart whom a user id and a token's free text might confuse.
type identity struct {
	kind auth.Kind
	room string
	id   string
}

func identityOf(p auth.Principal) identity {
	if p.Kind == auth.Token && p.Room != nil {
		return identity{p.Kind, p.Room.Room, p.ID}
	}
	return identity{kind: p.Kind, id: p.ID}
}

func (r *registry) init() {
	r.conns = map[*Conn]bool{}
	r.byIdentity = map[identity][]*Conn{}
	r.bySession = map[string][]*Conn{}
	r.byAddress = map[string]int{}
	r.drained = make(chan struct{})
}

// add takes in a socket right after its upgrade. Its session, if known, can end
// it from now on.
func (r *registry) add(c *Conn, l Limits) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.roomLocked(c.address, l); err != nil {
		return err
	}
	r.conns[c] = false
	if c.address != "" {
		r.byAddress[c.address]++
	}
	if c.upgrade != nil {
		r.addSessionLocked(c.upgrade.SessionID, c)
	}
	return nil
}

func (r *registry) addSessionLocked(session string, c *Conn) {
	if session != "" && !slices.Contains(r.bySession[session], c) {
		r.bySession[session] = append(r.bySession[session], c)
	}
}

// name gives a socket its identity and returns the oldest ones that are now
// too many.
func (r *registry) name(c *Conn, p auth.Principal, max int) (replaced []*Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns[c] {
		return nil // it ended while hello was at work
	}
	if c.upgrade != nil && c.upgrade.SessionID != p.SessionID {
		r.dropSessionLocked(c.upgrade.SessionID, c)
	}
	r.addSessionLocked(p.SessionID, c)
	key := identityOf(p)
	have := append(r.byIdentity[key], c)
	if n := len(have) - max; n > 0 {
		replaced = slices.Clone(have[:n])
		have = slices.Clone(have[n:])
	}
	r.byIdentity[key] = have
	return replaced
}

func (r *registry) dropSessionLocked(session string, c *Conn) {
	if left := without(r.bySession[session], c); len(left) > 0 {
		r.bySession[session] = left
	} else {
		delete(r.bySession, session)
	}
}

func without(conns []*Conn, c *Conn) []*Conn {
	return slices.DeleteFunc(slices.Clone(conns), func(have *Conn) bool { return have == c })
}

// forget removes a socket from the lists by which others reach it.
func (r *registry) forget(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = true
	if c.upgrade != nil {
		r.dropSessionLocked(c.upgrade.SessionID, c)
	}
	if p := c.principal.Load(); p != nil {
		r.dropSessionLocked(p.SessionID, c)
		key := identityOf(*p)
		if left := without(r.byIdentity[key], c); len(left) > 0 {
			r.byIdentity[key] = left
		} else {
			delete(r.byIdentity, key)
		}
	}
}

// remove is the end of a socket.
func (r *registry) remove(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	if c.address != "" {
		if r.byAddress[c.address]--; r.byAddress[c.address] == 0 {
			delete(r.byAddress, c.address)
		}
	}
	if r.closed && len(r.conns) == 0 {
		close(r.drained)
	}
}

// shut refuses new sockets and returns those that are open.
func (r *registry) shut() []*Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		if len(r.conns) == 0 {
			close(r.drained)
		}
	}
	open := make([]*Conn, 0, len(r.conns))
	for c := range r.conns {
		open = append(open, c)
	}
	return open
}

func (r *registry) empty() <-chan struct{} { return r.drained }

func (r *registry) ofSession(session string) []*Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.bySession[session])
}

func (r *registry) ofIdentity(id identity) []*Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.byIdentity[id])
}

// room says whether one more socket of an address may open.
func (r *registry) room(address string, l Limits) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.roomLocked(address, l)
}

func (r *registry) roomLocked(address string, l Limits) error {
	if r.closed || len(r.conns) >= l.Sockets {
		return fault.New(fault.Unavailable, "overloaded", "The server is busy. Please try again.").After(5 * time.Second)
	}
	if address != "" && r.byAddress[address] >= l.SocketsPerAddress {
		return fault.New(fault.RateLimited, "too_many_sockets", "Too many connections come from your network. Please try again.").After(30 * time.Second)
	}
	return nil
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// SendTo queues a push to every socket of a user or guest. Sockets of room
// tokens are not reached: their identity is text that a host chose, and may be
// anybody's id.
func (h *Hub) SendTo(principalID, frameType string, data any) {
	text, err := h.mux.encode(frameType, data)
	if err != nil {
		h.log.Error("push not sent", "type", frameType, "error", err)
		return
	}
	frame := pushFrame(frameType, "", 0, text)
	for _, kind := range []auth.Kind{auth.User, auth.Guest} {
		for _, c := range h.registry.ofIdentity(identity{kind: kind, id: principalID}) {
			c.push(frame)
		}
	}
}

// Revoke closes the sockets of a session that has ended with 4401.
func (h *Hub) Revoke(sessionID string) {
	for _, c := range h.registry.ofSession(sessionID) {
		c.Close(CloseSession, "session ended")
	}
}

// admit takes a socket whose principal has been proven.
func (h *Hub) admit(ctx context.Context, c *Conn, p auth.Principal) error {
	c.principal.Store(&p)
	for _, old := range h.registry.name(c, p, h.limits.SocketsPerUser) {
		old.Close(CloseReplaced, "too many newer connections")
	}
	if h.verify == nil {
		return nil
	}
	// Asked after the socket can be found by its session: a session that ends
	// now either fails here or is revoked.
	return h.verify(ctx, p)
}

// detach ends everything that others can send to a socket.
func (h *Hub) detach(c *Conn) {
	h.registry.forget(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for topic := range c.topics {
		h.shard(topic).remove(topic, c)
	}
	c.topics = nil
}

// closed is the last thing that happens to a socket.
func (h *Hub) closed(c *Conn) {
	defer h.registry.remove(c)
	if !c.opened.Load() {
		return
	}
	for _, fn := range h.mux.onClose {
		h.protect(c, fn)
	}
}

func (h *Hub) protect(c *Conn, fn func(*Conn)) {
	defer func() {
		if p := recover(); p != nil {
			h.stats.panics.Add(1)
			c.log().Error("close callback panicked", "panic", p)
		}
	}()
	fn(c)
}
