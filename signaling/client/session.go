package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const writeTimeout = 10 * time.Second

// welcome is the reply to hello.
type welcome struct {
	Connection string `json:"connection"`
	Heartbeat  int64  `json:"heartbeat"` // ms
	User       struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Kind string `json:"kind"`
		Role string `json:"role"`
	} `json:"user"`
	Topics map[string]struct {
		position
		Recovered bool   `json:"recovered"`
		Error     *Error `json:"error"`
	} `json:"topics"`
}

// session is one connection.
type session struct {
	c         *Client
	ws        *websocket.Conn
	heartbeat time.Duration
	early     []Frame // came before the hello reply

	mu      sync.Mutex // guards writing and what follows
	next    uint64
	waiting map[uint64]waiter
	ended   bool
}

type waiter struct {
	reply   chan reply // capacity 1
	onReply func(json.RawMessage)
}

type reply struct {
	data json.RawMessage
	err  error
}

// incoming is anything the server sends.
type incoming struct {
	Re     uint64          `json:"re"`
	Error  *Error          `json:"error"`
	Type   string          `json:"type"`
	Topic  string          `json:"topic"`
	Offset uint64          `json:"offset"`
	Data   json.RawMessage `json:"data"`
}

// connect opens a connection, says hello with the positions of all topics, and
// reads up to the reply.
func (c *Client) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	dialer := websocket.Dialer{Subprotocols: []string{Subprotocol}, HandshakeTimeout: 10 * time.Second}
	ws, res, err := dialer.DialContext(ctx, c.url, c.o.Header)
	if err != nil {
		if res != nil {
			return nil, &refusedError{res.StatusCode}
		}
		return nil, fmt.Errorf("dial: %w", err)
	}
	s := &session{c: c, ws: ws, waiting: map[uint64]waiter{}}
	unwatch := context.AfterFunc(ctx, func() { _ = ws.Close() })
	defer unwatch()
	if err := s.greet(); err != nil {
		_ = ws.Close()
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = s
	close(c.changed)
	c.changed = make(chan struct{})
	return s, nil
}

func (s *session) greet() error {
	s.c.mu.Lock()
	hello := map[string]any{}
	if s.c.o.Token != "" {
		hello["token"] = s.c.o.Token
	}
	if len(s.c.topics) > 0 {
		resume := map[string]position{}
		for topic, at := range s.c.topics {
			if len(resume) < maxTopics {
				resume[topic] = *at
			}
		}
		hello["resume"] = resume
	}
	s.c.mu.Unlock()
	s.next = 1
	if err := s.write(map[string]any{"id": 1, "type": "hello", "data": hello}); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	for {
		in, err := s.read(15 * time.Second)
		if err != nil {
			return err
		}
		switch {
		case in.Re == 1 && in.Error != nil:
			// The close code that follows says whether to come back.
			for {
				if _, err := s.read(5 * time.Second); err != nil {
					return errors.Join(in.Error, err)
				}
			}
		case in.Re == 1:
			return s.welcomed(in.Data)
		default:
			s.early = append(s.early, s.sort(in)...)
		}
	}
}

// run reads until the connection ends, and says how.
func (s *session) run(ctx context.Context) *CloseError {
	stop := context.AfterFunc(ctx, func() {
		_ = s.ws.WriteControl(websocket.CloseMessage,
			websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
		_ = s.ws.Close()
	})
	defer stop()
	beat := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() { s.beat(beat) })
	end := s.pump(ctx)
	close(beat)
	_ = s.ws.Close()
	beating.Wait()
	s.fail()
	return end
}

func (s *session) pump(ctx context.Context) *CloseError {
	s.ws.SetPingHandler(func(payload string) error {
		_ = s.ws.SetReadDeadline(time.Now().Add(s.heartbeat * 5 / 2))
		return s.ws.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(writeTimeout))
	})
	frames := s.early
	s.early = nil
	for {
		for _, f := range frames {
			select {
			case s.c.frames <- f:
			case <-ctx.Done():
				return &CloseError{Code: websocket.CloseNormalClosure}
			}
		}
		in, err := s.read(s.heartbeat * 5 / 2)
		if err != nil {
			closed, _ := errors.AsType[*CloseError](err)
			return closed
		}
		if in.Re != 0 {
			s.settleReply(in)
			frames = nil
			continue
		}
		frames = s.sort(in)
	}
}

// read returns the next message, or a *CloseError.
func (s *session) read(patience time.Duration) (incoming, error) {
	_ = s.ws.SetReadDeadline(time.Now().Add(patience))
	_, text, err := s.ws.ReadMessage()
	if err != nil {
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return incoming{}, &CloseError{closed.Code, closed.Text}
		}
		return incoming{}, &CloseError{websocket.CloseAbnormalClosure, err.Error()}
	}
	var in incoming
	if err := json.Unmarshal(text, &in); err != nil {
		return incoming{}, &CloseError{websocket.CloseProtocolError, "the server sent no JSON"}
	}
	return in, nil
}

func (s *session) settleReply(in incoming) {
	s.mu.Lock()
	w, ok := s.waiting[in.Re]
	delete(s.waiting, in.Re)
	s.mu.Unlock()
	switch {
	case !ok:
	case in.Error != nil:
		w.reply <- reply{err: in.Error}
	default:
		if w.onReply != nil {
			w.onReply(in.Data)
		}
		w.reply <- reply{data: in.Data}
	}
}

// call sends a request and waits for the reply.
func (s *session) call(ctx context.Context, frameType string, data any, onReply func(json.RawMessage)) (json.RawMessage, error) {
	w := waiter{make(chan reply, 1), onReply}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil, ErrDropped
	}
	s.next++
	id := s.next
	s.waiting[id] = w
	request := map[string]any{"id": id, "type": frameType}
	if data != nil {
		request["data"] = data
	}
	err := s.writeLocked(request)
	s.mu.Unlock()
	if err != nil {
		_ = s.ws.Close() // the reader ends and fails us
	}
	select {
	case r := <-w.reply:
		return r.data, r.err
	case <-ctx.Done():
		// The reply may still come, and may still move a position.
		return nil, ctx.Err()
	}
}

// fail ends all calls that have no reply.
func (s *session) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for id, w := range s.waiting {
		w.reply <- reply{err: ErrDropped}
		delete(s.waiting, id)
	}
}

func (s *session) write(v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeLocked(v)
}

func (s *session) writeLocked(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_ = s.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.ws.WriteMessage(websocket.TextMessage, text)
}

// beat sends a ping in every heartbeat. The server answers, and a connection
// without answers runs into the reader's deadline.
func (s *session) beat(stop <-chan struct{}) {
	tick := time.NewTicker(s.heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.mu.Lock()
			s.next++
			_ = s.writeLocked(map[string]any{"id": s.next, "type": "ping"})
			s.mu.Unlock()
		case <-stop:
			return
		}
	}
}
