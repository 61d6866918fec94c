// Package signaling is the socket kit: one WebSocket per browser tab carries
// requests, replies and pushes as JSON text frames. PROTOCOL.md is the contract
// with clients.
//
// A Conn is three parts. The reader goroutine decodes and never waits for
// anything but the network. The worker runs handlers in order, one at a time,
// and exists only while there are requests. The writer goroutine empties the
// outbox. Nothing that others do to a Conn (Send, a topic's frames, Close)
// waits for its peer.
//
// The package knows no feature: areas register frames on the Mux and publish
// through the Hub.
package signaling

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"mentara/internal/auth"
)

// Close codes of our own. PROTOCOL.md says for each whether a client
// reconnects.
const (
	CloseBadMessage  = 4400 // not a frame of the protocol
	CloseSession     = 4401 // no identity, or its session has ended
	CloseForbidden   = 4403 // removed by a person or a rule; do not come back
	CloseAuthTimeout = 4408 // no hello in time
	CloseReplaced    = 4409 // this identity has opened too many newer sockets
	CloseTooMany     = 4429 // too many messages
)

// The standard codes that we use.
const (
	CloseGoingAway   = websocket.CloseGoingAway         // 1001
	CloseUnsupported = websocket.CloseUnsupportedData   // 1003: a binary message
	CloseTooBig      = websocket.CloseMessageTooBig     // 1009
	CloseInternal    = websocket.CloseInternalServerErr // 1011: a handler broke
	CloseRestart     = websocket.CloseServiceRestart    // 1012
	CloseOverload    = websocket.CloseTryAgainLater     // 1013: too slow to read
)

// Conn is one client's socket.
type Conn struct {
	id    string
	hub   *Hub
	out   outbox
	limit *rate.Limiter

	ws        *websocket.Conn
	principal atomic.Pointer[auth.Principal] // set once, by hello
	opened    atomic.Bool                    // OnOpen has run, so OnClose shall
	upgrade   *auth.Principal                // of the HTTP request, if it had one
	address   string                         // what Options.Address made of it; "" is not counted
	seen      atomic.Int64                   // Unix ms of the last sign of life

	inbox   inbox
	working sync.WaitGroup // the worker, while there is one

	// mu guards topics and gone, and is held over a whole subscribe or
	// unsubscribe, so that they cannot cross. Order: Conn.mu → topic.mu (broker)
	// → shard.mu (hub) → outbox.mu.
	mu     sync.Mutex
	topics map[string]struct{}
	gone   bool
}

func newConn(h *Hub, ws *websocket.Conn, upgrade *auth.Principal, now time.Time) *Conn {
	c := &Conn{
		id: rand.Text(), hub: h, ws: ws, upgrade: upgrade,
		limit: rate.NewLimiter(rate.Limit(h.limits.Rate), h.limits.Burst),
	}
	c.out.wake = make(chan struct{}, 1)
	c.seen.Store(now.UnixMilli())
	return c
}

// ID is unique over all connections of all nodes. It is known to the client and
// is no secret.
func (c *Conn) ID() string { return c.id }

// Address is the client address this socket counts for, "" if it is not counted.
func (c *Conn) Address() string { return c.address }

// log is made when there is something to say; ten thousand idle sockets have
// nothing.
func (c *Conn) log() *slog.Logger { return c.hub.log.With("connection", c.id) }

// Principal is who speaks. It is set before any handler or OnOpen runs, and
// never changes.
func (c *Conn) Principal() auth.Principal {
	if p := c.principal.Load(); p != nil {
		return *p
	}
	return auth.Principal{}
}

// Send queues a push to this socket alone, after all that is queued already. It
// never waits, and does nothing once the socket is closing.
func (c *Conn) Send(frameType string, data any) {
	frame, err := c.hub.mux.encode(frameType, data)
	if err != nil {
		c.log().Error("push not sent", "type", frameType, "error", err)
		return
	}
	c.push(pushFrame(frameType, "", 0, frame))
}

// Close ends the socket with a close code, after what is queued has been
// written. The reason is at most 123 bytes and for developers. The first call
// decides; OnClose follows.
func (c *Conn) Close(code int, reason string) {
	c.end(closing{code: code, reason: reason, flush: true})
}

// push queues a frame that counts, or ends a socket that cannot keep up.
func (c *Conn) push(frame []byte) {
	if !c.out.push(frame) {
		c.overload()
	}
}

func (c *Conn) pushTopic(topic string, frame []byte) {
	if !c.out.pushTopic(topic, frame) {
		c.overload()
	}
}

func (c *Conn) reply(frame []byte) {
	if !c.out.reply(frame) {
		c.overload()
	}
}

func (c *Conn) overload() {
	c.end(closing{code: CloseOverload, reason: "too slow: resume from your offset"})
}

func (c *Conn) end(how closing) {
	if len(how.reason) > 123 {
		how.reason = strings.ToValidUTF8(how.reason[:123], "")
	}
	if !c.out.close(how) {
		return
	}
	c.hub.stats.closed(how.code)
	// The writer may be stuck on a peer that has stopped reading.
	_ = c.ws.NetConn().SetWriteDeadline(time.Now().Add(closeGrace))
}

const (
	closeGrace   = 3 * time.Second // to write the rest and the close frame
	closeLinger  = time.Second     // for the peer's own close frame
	workGrace    = 5 * time.Second // for handlers to end after their socket
	writeTimeout = 10 * time.Second
)

// run owns the socket until all of it has ended.
func (c *Conn) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	unreadable, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		if c.write(ctx) { // a close frame, that the peer now answers
			select {
			case <-unreadable:
			case <-time.After(closeLinger):
			}
		}
		_ = c.ws.Close() // also wakes the reader
	}()
	c.read(ctx)
	close(unreadable)
	c.hub.detach(c)
	<-written

	// What the client asked before it left is still done: a closing tab sends
	// room.leave as its last word.
	late := time.AfterFunc(workGrace, cancel)
	c.working.Wait()
	late.Stop()
	c.hub.closed(c)
}
