package api

import (
	"math"
	"net/netip"
	"sync"
	"time"

	"mentara/internal/fault"
)

// Limiter is one token bucket per key: burst at once, then rate per second. It
// remembers at most max keys. When all of them are in debt, keys it does not
// know share one bucket, so that inventing keys neither fills memory nor
// escapes the limit.
type Limiter struct {
	rate  float64 // tokens per second
	burst float64
	max   int

	mu      sync.Mutex
	buckets map[string]bucket
	shared  bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// NewLimiter makes a limiter of rate events per second after a burst.
func NewLimiter(rate float64, burst, max int) *Limiter {
	if rate <= 0 || burst < 1 || max < 1 {
		panic("api: a limiter needs a rate, a burst and room for keys")
	}
	return &Limiter{rate: rate, burst: float64(burst), max: max, buckets: map[string]bucket{}, shared: bucket{tokens: float64(burst)}}
}

// Allow takes a token of key at now. The fault is RateLimited and says when the
// next token comes.
func (l *Limiter) Allow(key string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[key]
	if !known {
		b = bucket{tokens: l.burst, at: now}
		if len(l.buckets) >= l.max && !l.sweepLocked(now) {
			var err error
			l.shared, err = l.take(l.shared, now)
			return err
		}
	}
	b, err := l.take(b, now)
	l.buckets[key] = b
	return err
}

func (l *Limiter) take(b bucket, now time.Time) (bucket, error) {
	// A clock that went backward must not take tokens away.
	if gone := now.Sub(b.at).Seconds(); gone > 0 {
		b.tokens = math.Min(l.burst, b.tokens+gone*l.rate)
		b.at = now
	}
	if b.tokens >= 1 {
		b.tokens--
		return b, nil
	}
	wait := time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	return b, fault.New(fault.RateLimited, "too_many_requests", "Too many requests. Please wait a moment.").After(wait)
}

// sweepLocked forgets full buckets, at most once a second, and reports whether
// there is room now.
func (l *Limiter) sweepLocked(now time.Time) bool {
	if now.Sub(l.swept) >= time.Second || now.Before(l.swept) {
		l.swept = now
		for key, b := range l.buckets {
			if b.tokens+now.Sub(b.at).Seconds()*l.rate >= l.burst {
				delete(l.buckets, key)
			}
		}
	}
	return len(l.buckets) < l.max
}

// AddressKey is what a limiter counts a client by: the address, or the /64 of
// an IPv6 one, which is what one household or server is given.
func AddressKey(ip netip.Addr) string {
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
