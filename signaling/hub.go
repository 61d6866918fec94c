package signaling

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// MaxMessage is the largest frame that a client may send, in bytes.
const MaxMessage = 64 << 10

// Limits of one hub. Zero fields take the defaults.
type Limits struct {
	Sockets        int // on this node, 20000
	SocketsPerUser int // the oldest is closed 4409, 10
	// SocketsPerAddress is how many one client address may hold, 500: a whole
	// clinic may sit behind one. Every seat in a call needs a socket, so it
	// bounds media too.
	SocketsPerAddress int
	Topics            int           // a client may subscribe to, per socket, 128
	Rate              float64       // messages per second and socket, 50
	Burst             int           // 100
	HelloTimeout      time.Duration // from upgrade to hello, 5 s
	RequestTimeout    time.Duration // of a handler's context, 15 s
	Heartbeat         time.Duration // pings, and the client's own, 10 s
	VerifyEvery       time.Duration // of Options.Verify, 2 min
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Sockets, 20_000)
	setDefault(&l.SocketsPerUser, 10)
	setDefault(&l.SocketsPerAddress, 500)
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
	// Address names the client address of an upgrade, for
	// Limits.SocketsPerAddress; nil counts none.
	Address func(*http.Request) string
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
	address      func(*http.Request) string
	origins      map[string]bool
	limits       Limits
	stats        counters

	seed   maphash.Seed
	shards [hubShards]hubShard

	buffers   sync.Pool // gorilla's write buffers
	registry  registry
	forwarded recent
}

// NewHub makes a hub. The mux must be complete before the first socket comes.
func NewHub(mux *Mux, broker *MemoryBroker, o Options) *Hub {
	h := &Hub{
		mux: mux, broker: broker, log: o.Log,
		authenticate: o.Authenticate, verify: o.Verify,
		address: o.Address, origins: map[string]bool{}, limits: o.Limits.withDefaults(),
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
	if h.address == nil {
		h.address = func(*http.Request) string { return "" }
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
