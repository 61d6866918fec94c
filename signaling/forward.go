package signaling

import (
	"context"
	"sync"

	"mentara/internal/event"
)

// Forward publishes what a committed fact says to each of its audiences. It is
// subscribed with bus.Forward in wire.go. A fact that the sweeper brings a
// second time is not published again.
func (h *Hub) Forward(_ context.Context, e event.Envelope) {
	notices := e.Fact.Live()
	if len(notices) == 0 || !h.forwarded.add(e.ID) {
		return
	}
	for _, n := range notices {
		h.Publish(n.Topic, n.Type, n.Data)
	}
}

// recent remembers the last fact ids. After a restart it knows none, but then
// every topic has a new epoch and clients fetch afresh.
type recent struct {
	mu    sync.Mutex
	ring  [1024]int64
	next  int
	known map[int64]struct{}
}

// add reports whether id is new.
func (r *recent) add(id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, have := r.known[id]; have {
		return false
	}
	if r.known == nil {
		r.known = make(map[int64]struct{}, len(r.ring))
	}
	if old := r.ring[r.next]; old != 0 {
		delete(r.known, old)
	}
	r.ring[r.next] = id
	r.next = (r.next + 1) % len(r.ring)
	r.known[id] = struct{}{}
	return true
}
