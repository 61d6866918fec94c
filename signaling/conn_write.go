package signaling

import (
	"context"
	"time"

	"github.com/gorilla/websocket"
)

// write empties the outbox onto the socket and pings a silent peer, until the
// close frame is written or the socket is broken. It reports whether the peer
// may now answer a close frame.
func (c *Conn) write(ctx context.Context) (said bool) {
	heartbeat := time.NewTicker(c.hub.limits.Heartbeat)
	defer heartbeat.Stop()
	checked := time.Now()
	for {
		select {
		case <-c.out.wake:
			if end := c.flush(); end != nil {
				return end.code != lost
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
				c.end(closing{code: lost})
				return false
			}
		}
	}
}

// flush writes all that waits. It returns how the socket has ended, or nil when
// it goes on.
func (c *Conn) flush() *closing {
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
			if end.code != lost {
				_ = c.ws.WriteControl(websocket.CloseMessage,
					websocket.FormatCloseMessage(end.code, end.reason), c.out.deadline(time.Now()))
			}
			return end
		default:
			return nil
		}
		if err != nil {
			broken := closing{code: lost}
			c.end(broken)
			return &broken
		}
	}
}
