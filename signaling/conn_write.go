package signaling

import (
	"context"
	"time"

	"github.com/gorilla/websocket"
)

// write empties the outbox onto the socket and pings a silent peer. It returns
// after the close frame, or when the socket is broken.
func (c *Conn) write(ctx context.Context) {
	heartbeat := time.NewTicker(c.hub.limits.Heartbeat)
	defer heartbeat.Stop()
	checked := time.Now()
	for {
		select {
		case <-c.out.wake:
			if !c.flush() {
				return
			}
		case now := <-heartbeat.C:
			if now.Sub(checked) >= c.hub.limits.VerifyEvery {
				checked = now
				c.verifySoon(ctx)
			}
			if now.UnixMilli()-c.seen.Load() < c.hub.limits.Heartbeat.Milliseconds() {
				continue
			}
			if err := c.ws.WriteControl(websocket.PingMessage, nil, now.Add(writeTimeout)); err != nil {
				c.broken()
				return
			}
		}
	}
}

// flush writes all that waits, and reports whether the socket goes on.
func (c *Conn) flush() bool {
	for {
		pong, frame, end := c.out.next()
		var err error
		switch {
		case pong != nil:
			err = c.ws.WriteControl(websocket.PongMessage, pong, time.Now().Add(writeTimeout))
		case frame != nil:
			_ = c.ws.SetWriteDeadline(c.out.deadline(time.Now()))
			err = c.ws.WriteMessage(websocket.TextMessage, frame)
			c.hub.stats.sent(len(frame))
		case end != nil:
			c.sayGoodbye(*end)
			return false
		default:
			return true
		}
		if err != nil {
			c.broken()
			return false
		}
	}
}

// sayGoodbye writes the close frame and gives the peer a moment to answer it.
func (c *Conn) sayGoodbye(end closing) {
	if end.code == lost {
		return
	}
	_ = c.ws.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(end.code, end.reason), c.out.deadline(time.Now()))
	_ = c.ws.NetConn().SetReadDeadline(time.Now().Add(closeLinger))
}

// broken ends a socket that cannot be written, and wakes the reader.
func (c *Conn) broken() {
	c.end(closing{code: lost})
	_ = c.ws.NetConn().Close()
}
