package signaling

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// lost stands for a socket that ended without a close frame. It is never sent.
const lost = websocket.CloseAbnormalClosure

var errTooMany = errors.New("too many messages")

// read takes frames off the socket until it ends, and has then made sure that
// the writer ends too.
func (c *Conn) read(ctx context.Context) {
	greeted := false
	alive := func() {
		now := time.Now()
		c.seen.Store(now.UnixMilli())
		if greeted && !c.out.isClosing() {
			_ = c.ws.SetReadDeadline(now.Add(c.hub.limits.deadAfter()))
		}
	}
	c.ws.SetReadLimit(MaxMessage)
	_ = c.ws.SetReadDeadline(time.Now().Add(c.hub.limits.HelloTimeout))
	c.ws.SetPongHandler(func(string) error { alive(); return nil })
	c.ws.SetPingHandler(func(payload string) error {
		if !c.limit.Allow() {
			return errTooMany
		}
		alive()
		c.out.answerPing([]byte(payload))
		return nil
	})
	c.ws.SetCloseHandler(func(int, string) error { return nil }) // the writer answers

	for {
		kind, text, err := c.ws.ReadMessage()
		if err != nil {
			c.readEnded(err, greeted)
			return
		}
		if c.out.isClosing() {
			continue // only the peer's close frame matters now
		}
		c.hub.stats.received(len(text))
		if !c.limit.Allow() {
			c.Close(CloseTooMany, "too many messages")
			continue
		}
		if kind != websocket.TextMessage {
			c.Close(CloseUnsupported, "frames are text")
			continue
		}
		f, err := parseFrame(text)
		if err != nil {
			c.Close(CloseBadMessage, err.Error())
			continue
		}
		if !greeted {
			if f.kind != "hello" {
				c.Close(CloseBadMessage, "the first frame must be hello")
				continue
			}
			greeted = true
		}
		alive()
		c.accept(ctx, f)
	}
}

// accept queues a request for the worker.
func (c *Conn) accept(ctx context.Context, f frame) {
	start, err := c.inbox.add(f)
	switch {
	case errors.Is(err, errTooMany):
		c.Close(CloseTooMany, "too many unanswered requests")
	case err != nil:
		c.Close(CloseBadMessage, err.Error())
	case start:
		c.working.Go(func() { c.work(ctx) })
	}
}

// readEnded settles the close code from the reader's last error. If the writer
// is already closing, its code stands.
func (c *Conn) readEnded(err error, greeted bool) {
	how := closing{code: lost}
	timeout, _ := errors.AsType[net.Error](err)
	said, _ := errors.AsType[*websocket.CloseError](err)
	switch {
	case errors.Is(err, errTooMany):
		how = closing{code: CloseTooMany, reason: "too many pings", flush: true}
	case errors.Is(err, websocket.ErrReadLimit):
		how = closing{code: CloseTooBig, reason: "message too big"}
	case said != nil && said.Code != lost:
		how = closing{code: websocket.CloseNormalClosure} // theirs; we echo
	case timeout != nil && timeout.Timeout() && !greeted:
		how = closing{code: CloseAuthTimeout, reason: "no hello in time", flush: true}
	case timeout != nil && timeout.Timeout():
		how = closing{code: CloseGoingAway, reason: "no sign of life"}
	case said == nil && timeout == nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		how = closing{code: websocket.CloseProtocolError, reason: "not WebSocket"}
	}
	c.end(how)
	// Closing a socket with unread bytes resets it, and the reset can overtake
	// the close frame. So swallow what the peer is still sending, for a moment.
	// The writer ends it.
	if how.code == CloseTooBig || how.code == CloseTooMany || how.code == websocket.CloseProtocolError {
		_, _ = io.CopyN(io.Discard, c.ws.NetConn(), 4<<20)
	}
}

// inbox is what the client has asked and the worker has not begun.
type inbox struct {
	mu      sync.Mutex
	waiting []frame
	current uint64 // id being handled; 0 for none
	running bool   // there is a worker
}

// maxInbox bounds requests that wait for the worker. It is above the burst of
// the rate limit, so only a stuck handler fills it.
const maxInbox = 128

func (in *inbox) add(f frame) (start bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.waiting) >= maxInbox {
		return false, errTooMany
	}
	if f.id != 0 {
		taken := f.id == in.current
		for i := range in.waiting {
			taken = taken || in.waiting[i].id == f.id
		}
		if taken {
			return false, errors.New("frame.id is that of an unanswered request")
		}
	}
	in.waiting = append(in.waiting, f)
	start = !in.running
	in.running = true
	return start, nil
}

// next gives the worker its next request; without one the worker must end.
func (in *inbox) next() (frame, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.waiting) == 0 {
		in.waiting, in.current, in.running = nil, 0, false
		return frame{}, false
	}
	f := in.waiting[0]
	in.waiting[0] = frame{}
	in.waiting = in.waiting[1:]
	in.current = f.id
	return f, true
}
