// Package client speaks the socket protocol of ../PROTOCOL.md, for tests, load
// tools and programs. It was written from that page alone and imports nothing
// of the server.
//
// A Client keeps one connection and makes a new one when it breaks, if the
// close code allows it, with jittered back-off, resuming every topic. What it
// holds is bounded: a program that does not read Frames stops the reading of
// the socket, and the server will close it as too slow.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Subprotocol is the version of the protocol that this client speaks.
const Subprotocol = "mentara.v1"

// Options of Dial. The zero value is a client without identity.
type Options struct {
	Token  string      // sent in hello, for clients without a cookie
	Header http.Header // of the upgrade: Cookie, Authorization, Origin
	// OnState is told of every change, from one goroutine, and must not wait.
	OnState func(State)
	// Backoff is how long to wait before the n-th try, from 0; nil is Backoff.
	Backoff func(n int) time.Duration
	// Once gives up at the first broken connection.
	Once bool
}

// State is what a client is doing.
type State string

// The states of a Client.
const (
	Connected    State = "connected"
	Reconnecting State = "reconnecting"
	Closed       State = "closed"
)

// Lost is the type of a frame that the client makes itself, in the place where
// frames of its topic are missing: fetch the topic's state afresh. Its data is
// the reason, a JSON string: "resume" (the server no longer had them),
// "refused" (the topic may not be heard any more), or "gap" (an offset was
// skipped, which the protocol rules out).
const Lost = "client.lost"

// Frame is a push.
type Frame struct {
	Type   string
	Topic  string // empty for one to this connection alone
	Offset uint64 // 0 for a signal or a direct push
	Data   json.RawMessage
}

// Decode reads the data of a frame into the value that into points at.
func (f Frame) Decode(into any) error { return json.Unmarshal(f.Data, into) }

// Identity is who the server takes the client for.
type Identity struct {
	ID, Name, Kind, Role string
}

// Error is an error reply.
type Error struct {
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	RetryAfter int    `json:"retryAfter"` // seconds
	Fields     []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"fields"`
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// CloseError is why a connection ended.
type CloseError struct {
	Code   int // 1006 when nothing was said
	Reason string
}

func (e *CloseError) Error() string { return fmt.Sprintf("closed %d: %s", e.Code, e.Reason) }

// ErrDropped fails a call whose connection ended before the reply: it may or
// may not have happened.
var ErrDropped = errors.New("connection dropped before the reply")

// Client is a connection that comes back.
type Client struct {
	url    string
	o      Options
	frames chan Frame
	stop   context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	current *session      // nil while reconnecting
	changed chan struct{} // closed and replaced whenever current changes
	topics  map[string]*position
	hello   welcome
	err     error // why it is over for good
}

// position is a place in a topic.
type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// maxTopics is how many positions a hello may carry.
const maxTopics = 128

// Dial connects and says hello. An error means that the first try failed; the
// client then tries no further. url is ws:// or wss://.
func Dial(ctx context.Context, url string, o Options) (*Client, error) {
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Client{
		url: url, o: o, stop: stop,
		frames: make(chan Frame, 64), done: make(chan struct{}),
		changed: make(chan struct{}), topics: map[string]*position{},
	}
	s, err := c.connect(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	go c.run(run, s)
	return c, nil
}

// Frames are the pushes in the order they came. The channel is closed when the
// client is over.
func (c *Client) Frames() <-chan Frame { return c.frames }

// Done is closed when the client is over; Err then says why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is a *CloseError after the server's last word, nil after Close.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Identity is who the server took us for in its last hello reply.
func (c *Client) Identity() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.hello.User
	return Identity{u.ID, u.Name, u.Kind, u.Role}
}

// Connection is the server's id of the present or last connection.
func (c *Client) Connection() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello.Connection
}

// Topics lists what would be resumed now.
func (c *Client) Topics() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for t := range c.topics {
		out = append(out, t)
	}
	return out
}

// Close ends the client and waits until it is over.
func (c *Client) Close() {
	c.stop()
	<-c.done
}

// Drop breaks the present connection without a word, as a bad network does.
// The client reconnects. It is for tests.
func (c *Client) Drop() {
	c.mu.Lock()
	s := c.current
	c.mu.Unlock()
	if s != nil {
		_ = s.ws.NetConn().Close()
	}
}

// Call sends a request and waits for its reply. Without a connection it waits
// for the next one. It returns an *Error for an error reply and ErrDropped when
// the connection ends first.
func Call[Res any](ctx context.Context, c *Client, frameType string, data any) (Res, error) {
	var res Res
	raw, err := c.call(ctx, frameType, data, nil)
	if err != nil {
		return res, err
	}
	if err := json.Unmarshal(raw, &res); err != nil {
		return res, fmt.Errorf("reply to %s: %w", frameType, err)
	}
	return res, nil
}

func (c *Client) call(ctx context.Context, frameType string, data any, onReply func(json.RawMessage)) (json.RawMessage, error) {
	s, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	return s.call(ctx, frameType, data, onReply)
}

// connected waits for a connection.
func (c *Client) connected(ctx context.Context) (*session, error) {
	for {
		c.mu.Lock()
		s, changed, err := c.current, c.changed, c.err
		c.mu.Unlock()
		if s != nil {
			return s, nil
		}
		select {
		case <-changed:
		case <-c.done:
			if err == nil {
				err = c.Err()
			}
			if err == nil {
				err = &CloseError{Code: 1000, Reason: "client closed"}
			}
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Subscribe listens to a topic from now on; its frames come through Frames, also
// after reconnecting.
func (c *Client) Subscribe(ctx context.Context, topic string) error {
	_, err := c.call(ctx, "topic.subscribe", map[string]string{"topic": topic}, func(data json.RawMessage) {
		// In the reading goroutine: the next frame may already be of the topic.
		var at position
		if json.Unmarshal(data, &at) == nil {
			c.settle(topic, &at)
		}
	})
	return err
}

// Unsubscribe stops listening.
func (c *Client) Unsubscribe(ctx context.Context, topic string) error {
	_, err := c.call(ctx, "topic.unsubscribe", map[string]string{"topic": topic}, func(json.RawMessage) {
		c.settle(topic, nil)
	})
	return err
}

// settle notes where a topic stands; nil forgets it.
func (c *Client) settle(topic string, at *position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at == nil {
		delete(c.topics, topic)
		return
	}
	c.topics[topic] = at
}

// run keeps the client connected until it is over.
func (c *Client) run(ctx context.Context, s *session) {
	defer close(c.done)
	defer close(c.frames)
	for try := 0; ; {
		c.state(Connected)
		began := time.Now()
		end := s.run(ctx)
		c.drop()
		if ctx.Err() != nil {
			c.state(Closed)
			return
		}
		again, atLeast := Reconnects(end.Code)
		if c.o.Once || !again {
			c.over(end)
			return
		}
		c.state(Reconnecting)
		if time.Since(began) >= steady {
			try = 0
		}
		for {
			if !wait(ctx, max(atLeast, c.o.Backoff(try))) {
				c.state(Closed)
				return
			}
			try++
			var err error
			if s, err = c.connect(ctx); err == nil {
				break
			}
			if final := finalError(err); final != nil {
				c.over(final)
				return
			}
			atLeast = 0
		}
	}
}

func (c *Client) over(err error) {
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	c.state(Closed)
}

func (c *Client) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = nil
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Client) state(s State) {
	if c.o.OnState != nil {
		c.o.OnState(s)
	}
}
