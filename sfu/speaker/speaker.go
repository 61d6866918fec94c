// Package speaker finds out who talks, from the audio levels clients put into
// their packets (RFC 6464).
package speaker

import (
	"sync/atomic"
	"time"
)

// Tick is how often Detector.Tick should be called.
const Tick = 250 * time.Millisecond

// Speaker is one who talks, and how loud.
type Speaker struct {
	ID    string
	Level float64 // 0 to 1, smoothed
}

// Meter collects the levels of one microphone. Observe is for the packet path
// of one stream and may run beside Detector.Tick.
type Meter struct {
	id    string
	heard atomic.Uint64
}

// Observe notes one packet: level is 0 (loudest) to 127 (silent) in −dBov,
// voice the V bit.
func (m *Meter) Observe(level uint8, voice bool) {}

// Detector ranks the meters of one room. Its methods belong to one goroutine.
type Detector struct {
	meters []*Meter
}

// New makes a detector of at most max active speakers; 0 means 3.
func New(max int) *Detector { return &Detector{} }

// Add makes a meter for a participant.
func (d *Detector) Add(id string) *Meter {
	m := &Meter{id: id}
	d.meters = append(d.meters, m)
	return m
}

// Remove ends a meter.
func (d *Detector) Remove(m *Meter) {}

// Tick takes in what the meters heard since the last call. changed is true
// when the list, its order or a level has changed enough to tell people. The
// slice is valid until the next call, the dominant speaker first.
func (d *Detector) Tick(now time.Time) (active []Speaker, changed bool) { return nil, false }
