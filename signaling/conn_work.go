package signaling

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// verifyFrame is a frame of our own in the inbox: ask again whether the
// identity still holds. No client can send an empty type.
const verifyFrame = ""

// work handles waiting requests in order and ends when none is left.
func (c *Conn) work(ctx context.Context) {
	for {
		f, ok := c.inbox.next()
		if !ok {
			return
		}
		if c.out.refused() {
			continue // we ended it: a revoked session asks for nothing more
		}
		c.serve(ctx, f)
	}
}

// serve handles one request. Whatever the handler does, its panic included,
// stays with this socket.
func (c *Conn) serve(ctx context.Context, f frame) {
	defer func() {
		if p := recover(); p != nil {
			c.log().Error("handler panicked", "type", f.kind, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.hub.stats.panics.Add(1)
			c.Close(CloseInternal, "the server failed on "+f.kind)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, c.hub.limits.RequestTimeout)
	defer cancel()
	if p := c.principal.Load(); p != nil {
		ctx = auth.With(ctx, *p)
	}
	if f.kind == verifyFrame {
		c.verify(ctx)
		return
	}
	c.out.begin()
	c.hub.stats.requests.Add(1)
	res, err := c.dispatch(ctx, f)
	if err != nil {
		c.fail(f, err)
		return
	}
	if c.hub.mux.requests[f.kind].lists {
		res = filled(res)
	}
	data, err := json.Marshal(res)
	if err != nil {
		c.fail(f, fmt.Errorf("marshal reply: %w", err))
		return
	}
	c.reply(replyFrame(f.id, data))
	if f.kind == "hello" {
		c.log().Debug("socket opened", "kind", c.Principal().Kind)
	}
}

// fail replies with an error, and logs one that is ours.
func (c *Conn) fail(f frame, err error) {
	e, known := toError(err)
	if !known {
		c.log().Error("request failed", "type", f.kind, "error", err)
	}
	c.hub.stats.failed(e.Status)
	c.reply(errorFrame(f.id, e))
	if f.kind == "hello" {
		switch {
		case e.Status == int(fault.Unauthenticated):
			c.Close(CloseSession, e.Code)
		case e.Status == int(fault.Forbidden):
			c.Close(CloseForbidden, e.Code)
		case e.Status < 500:
			c.Close(CloseBadMessage, e.Code)
		default:
			c.Close(CloseOverload, e.Code)
		}
	}
}

func (c *Conn) dispatch(ctx context.Context, f frame) (any, error) {
	switch f.kind {
	case "hello":
		if c.principal.Load() != nil {
			return nil, fault.New(fault.Conflict, "already_greeted", "This connection has said hello already.")
		}
		return c.hello(ctx, f.data)
	case "ping":
		return Pong{}, decodeData(f.data, &Ping{})
	case "topic.subscribe":
		return c.subscribe(ctx, f.data)
	case "topic.unsubscribe":
		var req TopicUnsubscribe
		if err := decodeData(f.data, &req); err != nil {
			return nil, err
		}
		c.hub.leave(c, req.Topic)
		return TopicUnsubscribed(req), nil
	}
	r, ok := c.hub.mux.requests[f.kind]
	if !ok {
		return nil, fault.New(fault.NotFound, "unknown_type", "There is no such request.")
	}
	return r.serve(ctx, c, f.data)
}

// hello proves who speaks and takes up the topics of a lost connection.
func (c *Conn) hello(ctx context.Context, data json.RawMessage) (Welcome, error) {
	var req Hello
	if err := decodeData(data, &req); err != nil {
		return Welcome{}, err
	}
	if len(req.Resume) > c.hub.limits.Topics {
		return Welcome{}, fault.New(fault.Invalid, "invalid_data", "Too many topics.").With("data.resume", "has too many topics")
	}
	p, err := c.identify(ctx, req.Token)
	if err != nil {
		return Welcome{}, err
	}
	ctx = auth.With(ctx, p)
	if err := c.hub.admit(ctx, c, p); err != nil {
		return Welcome{}, err
	}
	c.opened.Store(true)
	for _, opened := range c.hub.mux.onOpen {
		opened(c)
	}
	w := Welcome{
		Connection: c.id,
		Heartbeat:  c.hub.limits.Heartbeat.Milliseconds(),
		User:       Identity{ID: p.ID, Name: p.Name, Kind: p.Kind, Role: p.Role},
		Topics:     map[string]TopicResult{},
	}
	for topic, since := range req.Resume {
		w.Topics[topic] = c.resume(ctx, topic, since)
	}
	return w, nil
}

func (c *Conn) identify(ctx context.Context, token string) (auth.Principal, error) {
	if token == "" {
		if c.upgrade != nil {
			return *c.upgrade, nil
		}
		return auth.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "Please sign in.")
	}
	return c.hub.authenticate(ctx, token)
}

func (c *Conn) resume(ctx context.Context, topic string, since Position) TopicResult {
	at, recovered, err := c.listen(ctx, topic, &since)
	if err != nil {
		e, known := toError(err)
		if !known {
			c.log().Error("resume failed", "error", err)
		}
		return TopicResult{Error: e}
	}
	return TopicResult{Offset: at.Offset, Epoch: at.Epoch, Recovered: recovered}
}

func (c *Conn) subscribe(ctx context.Context, data json.RawMessage) (TopicPosition, error) {
	var req TopicSubscribe
	if err := decodeData(data, &req); err != nil {
		return TopicPosition{}, err
	}
	var since *Position
	if req.Offset != nil {
		since = &Position{Offset: *req.Offset, Epoch: req.Epoch}
	}
	at, recovered, err := c.listen(ctx, req.Topic, since)
	if err != nil {
		return TopicPosition{}, err
	}
	return TopicPosition{Offset: at.Offset, Epoch: at.Epoch, Recovered: recovered}, nil
}

// listen subscribes on the client's own wish. It asks twice: somebody who is put
// out of a room between the first answer and the subscription would otherwise
// listen on, unseen by Evict.
func (c *Conn) listen(ctx context.Context, topic string, since *Position) (Position, bool, error) {
	if err := c.hub.mux.mayListen(ctx, c.Principal(), topic); err != nil {
		return Position{}, false, err
	}
	at, recovered, err := c.hub.join(c, topic, since)
	if err != nil {
		return Position{}, false, err
	}
	if err := c.hub.mux.mayListen(ctx, c.Principal(), topic); err != nil {
		c.hub.leave(c, topic)
		return Position{}, false, err
	}
	return at, recovered, nil
}

// verify asks whether the identity still holds: an account may be closed, a
// session may expire.
func (c *Conn) verify(ctx context.Context) {
	err := c.hub.verify(ctx, c.Principal())
	switch {
	case err == nil:
	case fault.Is(err, fault.Unauthenticated):
		c.Close(CloseSession, "session ended")
	case fault.Is(err, fault.Forbidden):
		c.Close(CloseForbidden, "no longer allowed")
	default: // the database is away; the next round asks again
		c.log().Warn("identity not verified", "error", err)
	}
}

// verifySoon lets the worker verify between two requests. The writer calls it.
func (c *Conn) verifySoon(ctx context.Context) {
	if c.hub.verify == nil || c.principal.Load() == nil {
		return
	}
	if start, err := c.inbox.add(frame{kind: verifyFrame}); err == nil && start {
		c.working.Go(func() { c.work(ctx) })
	}
}
