package signaling

import (
	"sync"
	"sync/atomic"
)

// Stats are counters since start, and what is open now.
type Stats struct {
	Sockets     int
	Topics      int
	Opened      uint64         // upgrades
	Refused     uint64         // upgrades
	Closed      map[int]uint64 // by close code; 1006 for those lost without one
	Received    uint64         // messages from clients
	ReceivedB   uint64         // bytes
	Sent        uint64
	SentB       uint64
	Requests    uint64
	Failed      map[int]uint64 // replies with an error, by status
	Published   uint64         // frames with an offset
	LostSignals uint64         // replaced by newer ones or dropped
	Panics      uint64
}

type counters struct {
	opened, refused, receivedN, receivedBytes, sentN, sentBytes atomic.Uint64
	requests, published, lostSignals, panics                    atomic.Uint64
	closes, failures                                            byCode
}

func (s *counters) received(n int)    { s.receivedN.Add(1); s.receivedBytes.Add(uint64(n)) }
func (s *counters) sent(n int)        { s.sentN.Add(1); s.sentBytes.Add(uint64(n)) }
func (s *counters) closed(code int)   { s.closes.add(code) }
func (s *counters) failed(status int) { s.failures.add(status) }

// byCode counts things that are few by a small number.
type byCode struct {
	mu sync.Mutex
	n  map[int]uint64
}

func (b *byCode) add(code int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n == nil {
		b.n = map[int]uint64{}
	}
	b.n[code]++
}

func (b *byCode) copy() map[int]uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[int]uint64, len(b.n))
	for code, n := range b.n {
		out[code] = n
	}
	return out
}

// Stats reads the counters. It is cheap enough for a scrape, not for a loop.
func (h *Hub) Stats() Stats {
	s := &h.stats
	return Stats{
		Sockets: h.registry.count(), Topics: h.broker.count(),
		Opened: s.opened.Load(), Refused: s.refused.Load(), Closed: s.closes.copy(),
		Received: s.receivedN.Load(), ReceivedB: s.receivedBytes.Load(),
		Sent: s.sentN.Load(), SentB: s.sentBytes.Load(),
		Requests: s.requests.Load(), Failed: s.failures.copy(),
		Published: s.published.Load(), LostSignals: s.lostSignals.Load(), Panics: s.panics.Load(),
	}
}
