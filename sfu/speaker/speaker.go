// Package speaker finds out who talks, from the audio levels clients put into
// their packets (RFC 6464). It never listens to the audio itself.
package speaker

import (
	"slices"
	"sync/atomic"
	"time"
)

// Tick is how often Detector.Tick should be called; it also is the least time
// between two changes told.
const Tick = 250 * time.Millisecond

const (
	loudest, quietest = 10, 60 // −dBov: full level, and none
	audible           = 50     // −dBov: louder counts as talking
	attack, decay     = 0.5, 0.3
	enter, leave      = 0.15, 0.06 // smoothed loudness to join and leave the list
	lead              = 1.3        // how much louder a challenger must be than the dominant speaker
	patience          = 2          // ticks it must be so
	levelStep         = 0.1        // a change of level worth telling
	minPackets        = 8          // of 12 in a tick of 20 ms packets; fewer are DTX
)

// Speaker is one who talks, and how loud.
type Speaker struct {
	ID    string
	Level float64 // 0 to 1, smoothed
}

// Meter collects the levels of one microphone. Observe is for the packet path
// of one stream and may run beside Detector.Tick.
type Meter struct {
	id    string
	heard atomic.Uint64 // packets in bits 0–15, audible ones in 16–31, their loudness above

	level, told float64
	active      bool
}

// Observe notes one packet: level is 0 (loudest) to 127 (silent) in −dBov,
// voice the V bit. A sender that never sets V is judged by level alone.
func (m *Meter) Observe(level uint8, voice bool) {
	add := uint64(1)
	limit := uint8(audible)
	if voice {
		limit += 5
	}
	if level &= 127; level < limit {
		add |= 1<<16 | uint64(127-level)<<32
	}
	m.heard.Add(add)
}

// take turns what was heard since the last call into a loudness of 0 to 1,
// scaled by how much of the time there was something to hear, so that a knock
// on the table does not make a speaker.
func (m *Meter) take() float64 {
	v := m.heard.Swap(0)
	packets, audible, sum := v&0xffff, v>>16&0xffff, v>>32
	if audible == 0 {
		return 0
	}
	mean := 127 - float64(sum)/float64(audible)
	loudness := min(1, max(0, (quietest-mean)/(quietest-loudest)))
	return loudness * float64(audible) / float64(max(packets, minPackets))
}

// Detector ranks the meters of one room. Its methods belong to one goroutine.
type Detector struct {
	most     int
	meters   []*Meter
	list     []Speaker
	ranked   []*Meter
	dominant *Meter
	pressing *Meter // louder than the dominant one
	presses  int
	last     time.Time
}

// New makes a detector that lists at most most speakers; 0 means 3.
func New(most int) *Detector {
	if most <= 0 {
		most = 3
	}
	return &Detector{most: most}
}

// Add makes a meter for a participant's microphone.
func (d *Detector) Add(id string) *Meter {
	m := &Meter{id: id}
	d.meters = append(d.meters, m)
	return m
}

// Remove ends a meter; the next Tick lists it no more.
func (d *Detector) Remove(m *Meter) {
	d.meters = slices.DeleteFunc(d.meters, func(o *Meter) bool { return o == m })
	if d.dominant == m {
		d.dominant = nil
	}
	if d.pressing == m {
		d.pressing, d.presses = nil, 0
	}
}

// Tick takes in what the meters heard since the last call. changed is true
// when the speakers, their order or a level changed enough to tell people. The
// slice is valid until the next call, the dominant speaker first, the rest by
// loudness. A call less than four fifths of Tick after the last does nothing.
func (d *Detector) Tick(now time.Time) (active []Speaker, changed bool) {
	if !d.last.IsZero() && now.Sub(d.last) < Tick*4/5 {
		return d.list, false
	}
	d.last = now
	d.ranked = d.ranked[:0]
	for _, m := range d.meters {
		heard, weight := m.take(), decay
		if heard > m.level {
			weight = attack
		}
		m.level += weight * (heard - m.level)
		if m.active = m.level >= enter || m.active && m.level >= leave; m.active {
			d.ranked = append(d.ranked, m)
		}
	}
	slices.SortStableFunc(d.ranked, func(a, b *Meter) int {
		switch {
		case a.level > b.level:
			return -1
		case a.level < b.level:
			return 1
		}
		return 0
	})
	d.crown()
	return d.tell()
}

// crown keeps the dominant speaker until somebody is clearly louder for a
// while, or it falls silent, and moves it to the front.
func (d *Detector) crown() {
	if len(d.ranked) == 0 {
		d.dominant, d.pressing, d.presses = nil, nil, 0
		return
	}
	first := d.ranked[0]
	if d.dominant == nil || !d.dominant.active {
		d.dominant, d.pressing, d.presses = first, nil, 0
		return
	}
	if first == d.dominant || first.level < d.dominant.level*lead {
		d.pressing, d.presses = nil, 0
	} else {
		if first != d.pressing {
			d.pressing, d.presses = first, 0
		}
		if d.presses++; d.presses >= patience {
			d.dominant, d.pressing, d.presses = first, nil, 0
		}
	}
	at := slices.Index(d.ranked, d.dominant)
	copy(d.ranked[1:at+1], d.ranked[:at])
	d.ranked[0] = d.dominant
}

// tell writes the list and compares it with the one told before.
func (d *Detector) tell() ([]Speaker, bool) {
	n := min(len(d.ranked), d.most)
	changed := n != len(d.list)
	for i, m := range d.ranked[:n] {
		changed = changed || d.list[i].ID != m.id || m.level-m.told > levelStep || m.told-m.level > levelStep
	}
	if !changed {
		return d.list, false
	}
	d.list = d.list[:0]
	for _, m := range d.ranked[:n] {
		m.told = m.level
		d.list = append(d.list, Speaker{ID: m.id, Level: m.level})
	}
	return d.list, true
}
