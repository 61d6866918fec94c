package signaling

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// MaxMessage is the largest frame that a client may send, in bytes.
const MaxMessage = 64 << 10

// Limits of one hub. Zero fields take the defaults.
type Limits struct {
	Sockets        int           // on this node, 20000
	SocketsPerUser int           // the oldest is closed 4409, 10
	Topics         int           // a client may subscribe to, per socket, 128
	Rate           float64       // messages per second and socket, 50
	Burst          int           // 100
	HelloTimeout   time.Duration // from upgrade to hello, 5 s
	RequestTimeout time.Duration // of a handler's context, 15 s
	Heartbeat      time.Duration // pings, and the client's own, 10 s
	VerifyEvery    time.Duration // of Options.Verify, 2 min
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Sockets, 20_000)
	setDefault(&l.SocketsPerUser, 10)
	setDefault(&l.Topics, 128)
	setDefault(&l.Rate, 50)
	setDefault(&l.Burst, 100)
	setDefault(&l.HelloTimeout, 5*time.Second)
	setDefault(&l.RequestTimeout, 15*time.Second)
	setDefault(&l.Heartbeat, 10*time.Second)
	setDefault(&l.VerifyEvery, 2*time.Minute)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// deadAfter is how long a silent peer counts as connected: two heartbeats and a
// half, so that a half-open socket is gone within 30 s.
func (l Limits) deadAfter() time.Duration { return l.Heartbeat * 5 / 2 }

// Options of a hub.
type Options struct {
	Log *slog.Logger
	// Authenticate turns the token of a hello into a principal; nil refuses
	// tokens. Refuse with fault.Unauthenticated.
	Authenticate func(ctx context.Context, token string) (auth.Principal, error)
	// Verify is asked at hello and every Limits.VerifyEvery whether a principal
	// still holds: fault.Unauthenticated closes its socket with 4401,
	// fault.Forbidden with 4403, other errors are logged. nil never asks.
	Verify func(ctx context.Context, p auth.Principal) error
	// Origins may open sockets besides the host itself: "https://example.org".
	Origins []string
	Limits  Limits
}

const hubShards = 64

// Hub holds this node's sockets and who of them listens to which topic. It is
// an http.Handler for the upgrade (upgrade.go).
type Hub struct {
	mux          *Mux
	broker       *MemoryBroker
	log          *slog.Logger
	authenticate func(context.Context, string) (auth.Principal, error)
	verify       func(context.Context, auth.Principal) error
	origins      map[string]bool
	limits       Limits
	stats        counters

	seed   maphash.Seed
	shards [hubShards]hubShard

	buffers   sync.Pool // gorilla's write buffers
	registry  registry
	forwarded recent
}

// hubShard holds the listeners of some topics.
type hubShard struct {
	mu        sync.RWMutex
	listeners map[string]map[*Conn]struct{}
}

// NewHub makes a hub. The mux must be complete before the first socket comes.
func NewHub(mux *Mux, broker *MemoryBroker, o Options) *Hub {
	h := &Hub{
		mux: mux, broker: broker, log: o.Log,
		authenticate: o.Authenticate, verify: o.Verify,
		origins: map[string]bool{}, limits: o.Limits.withDefaults(),
		seed: maphash.MakeSeed(),
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.authenticate == nil {
		h.authenticate = func(context.Context, string) (auth.Principal, error) {
			return auth.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "Tokens are not accepted here.")
		}
	}
	for _, origin := range o.Origins {
		h.origins[canonicalOrigin(origin)] = true
	}
	for i := range h.shards {
		h.shards[i].listeners = map[string]map[*Conn]struct{}{}
	}
	h.registry.init()
	return h
}

func (h *Hub) shard(topic string) *hubShard {
	return &h.shards[maphash.String(h.seed, topic)%hubShards]
}

// Run keeps the hub tidy until ctx ends, and then shuts it down.
func (h *Hub) Run(ctx context.Context) error {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			h.broker.sweep(now, h.hasListeners)
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 8*time.Second)
			defer cancel()
			return h.Shutdown(end)
		}
	}
}

// Shutdown closes every socket with 1012, refuses new ones with 503, and waits
// until all have ended, handlers included, or ctx does.
func (h *Hub) Shutdown(ctx context.Context) error {
	for _, c := range h.registry.shut() {
		c.Close(CloseRestart, "the server restarts")
	}
	select {
	case <-h.registry.empty():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sockets still open: %w", ctx.Err())
	}
}

// Publish sends a frame to all who listen to a topic, in one order for all, and
// keeps it for those who come back. It never waits for a socket.
func (h *Hub) Publish(topic, frameType string, data any) {
	text, err := h.mux.encode(frameType, data)
	if err != nil {
		h.log.Error("frame not published", "type", frameType, "error", err)
		return
	}
	h.stats.published.Add(1)
	h.broker.publish(topic, time.Now(),
		func(offset uint64) []byte { return pushFrame(frameType, topic, offset, text) },
		func(frame []byte) { h.deliver(topic, frame) })
}

func (h *Hub) deliver(topic string, frame []byte) {
	s := h.shard(topic)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for c := range s.listeners[topic] {
		c.pushTopic(topic, frame)
	}
}

// Keyed is implemented by the data of signals that only replace those with the
// same key, such as one per participant. Others replace any of the same type in
// the same topic.
type Keyed interface{ SignalKey() string }

// Signal sends a frame that may be dropped, and of which only the newest
// counts: who speaks, who types, how good the line is.
func (h *Hub) Signal(topic, frameType string, data any) {
	text, err := h.mux.encode(frameType, data)
	if err != nil {
		h.log.Error("signal not sent", "type", frameType, "error", err)
		return
	}
	key := signalKey{topic: topic, frameType: frameType}
	if k, ok := data.(Keyed); ok {
		key.key = k.SignalKey()
	}
	frame := pushFrame(frameType, topic, 0, text)
	s := h.shard(topic)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for c := range s.listeners[topic] {
		h.stats.lostSignals.Add(uint64(c.out.signal(key, frame)))
	}
}

// Subscribe makes a socket listen to a topic on the server's own decision, with
// no allow check. The client is told by a topic.subscribed push, which comes
// before any frame of the topic; in a handler, frames of the topic come after
// its reply. Subscribing twice changes nothing.
func (h *Hub) Subscribe(c *Conn, topic string) {
	_, _, _ = h.attach(c, topic, nil, true) // fails only when the socket is gone
}

// Unsubscribe ends a subscription, whoever made it, and tells the client by a
// topic.unsubscribed push. No frame of the topic follows it.
func (h *Hub) Unsubscribe(c *Conn, topic string) {
	if h.leave(c, topic) {
		c.Send("topic.unsubscribed", TopicUnsubscribed{Topic: topic})
	}
}

// join subscribes a client that asked to, within its limit of topics.
func (h *Hub) join(c *Conn, topic string, since *Position) (Position, bool, error) {
	return h.attach(c, topic, since, false)
}

func (h *Hub) attach(c *Conn, topic string, since *Position, byServer bool) (at Position, recovered bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return Position{}, false, fault.New(fault.Unavailable, "closing", "The connection is closing.")
	}
	_, have := c.topics[topic]
	if have && byServer {
		return Position{}, false, nil
	}
	if !have && !byServer && len(c.topics) >= h.limits.Topics {
		return Position{}, false, fault.New(fault.RateLimited, "too_many_topics", "This connection listens to too many topics.")
	}
	if c.topics == nil {
		c.topics = map[string]struct{}{}
	}
	c.topics[topic] = struct{}{}
	h.broker.join(topic, time.Now(), since, func(j joined) {
		at, recovered = j.at, j.recovered
		if byServer {
			c.Send("topic.subscribed", TopicSubscribed{Topic: topic, Offset: at.Offset, Epoch: at.Epoch})
		}
		recovered = recovered && c.out.pushMissed(j.missed)
		c.out.hold()
		h.shard(topic).add(topic, c)
	})
	return at, recovered, nil
}

// leave ends a subscription and reports whether there was one.
func (h *Hub) leave(c *Conn, topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, have := c.topics[topic]; !have {
		return false
	}
	delete(c.topics, topic)
	h.shard(topic).remove(topic, c)
	c.out.forget(topic)
	return true
}

func (s *hubShard) add(topic string, c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners[topic] == nil {
		s.listeners[topic] = map[*Conn]struct{}{}
	}
	s.listeners[topic][c] = struct{}{}
}

func (s *hubShard) remove(topic string, c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners[topic], c)
	if len(s.listeners[topic]) == 0 {
		delete(s.listeners, topic)
	}
}

func (h *Hub) hasListeners(topic string) bool {
	s := h.shard(topic)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.listeners[topic]) > 0
}
