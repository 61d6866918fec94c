// Package nack follows the sequence numbers of one incoming stream and says
// which lost packets to ask for, when, and when to give up and ask for a key
// frame instead. It sends nothing itself.
package nack

import "time"

// Limits of one stream. Asking starts after ReorderWait, or at once when
// ReorderPackets newer packets have come; it is repeated after a round trip
// (between MinInterval and MaxInterval), a quarter longer each time.
const (
	MaxOutstanding = 100
	MaxTries       = 5
	MaxGap         = 300 // more lost in a row is not mended packet by packet
	ReorderPackets = 3
	ReorderWait    = 15 * time.Millisecond
	MinInterval    = 20 * time.Millisecond
	MaxInterval    = 400 * time.Millisecond

	window = 1024 // how far back duplicates are known
)

// Tracker is the loss record of one stream. Not safe for concurrent use.
type Tracker struct {
	started  bool
	highest  uint64 // extended
	seen     [window / 64]uint64
	missing  [MaxOutstanding]loss // oldest first
	count    int
	keyframe bool
	suspect  uint16
	doubt    bool
	due      [MaxOutstanding]uint16
	stats    Stats
}

// loss is one packet that did not come.
type loss struct {
	ext   uint64
	since time.Time
	next  time.Time     // not before
	step  time.Duration // to the try after
	tries int
}

// Stats counts packets since the tracker was made.
type Stats struct {
	Received  uint64 // first arrivals
	Lost      uint64 // numbers skipped, whether or not they came later
	Recovered uint64 // came after they were asked for
	Reordered uint64 // came late without being asked for
	Duplicate uint64
	Abandoned uint64 // given up
	Asked     uint64 // requests
}

// New makes a tracker.
func New() *Tracker { return &Tracker{} }

// Push notes the arrival of seq. It returns false for a duplicate, or a packet
// too old to tell.
func (t *Tracker) Push(seq uint16, now time.Time) bool {
	if !t.started {
		t.begin(seq)
		return true
	}
	ext := t.highest + uint64(int64(int16(seq-uint16(t.highest))))
	switch {
	case ext > t.highest:
		t.doubt = false
		t.advance(ext, now)
	case t.highest-ext >= window:
		return t.restart(seq)
	case t.has(ext):
		t.stats.Duplicate++
		return false
	default:
		t.arrived(ext)
	}
	t.mark(ext)
	t.stats.Received++
	return true
}

func (t *Tracker) begin(seq uint16) {
	t.started, t.doubt, t.count = true, false, 0
	t.highest = (t.highest>>16+2)<<16 | uint64(seq)
	clear(t.seen[:])
	t.mark(t.highest)
	t.stats.Received++
}

// restart believes a number far out of the window when the next one follows
// it (RFC 3550 A.1): the sender began anew.
func (t *Tracker) restart(seq uint16) bool {
	if !t.doubt || seq != t.suspect+1 {
		t.suspect, t.doubt = seq, true
		return false
	}
	t.stats.Abandoned += uint64(t.count)
	t.keyframe = true
	t.begin(seq)
	return true
}

// advance notes all numbers between the newest and ext as missing.
func (t *Tracker) advance(ext uint64, now time.Time) {
	gap := ext - t.highest - 1
	t.stats.Lost += gap
	first := t.highest + 1
	t.forget(first, ext)
	t.highest = ext
	if gap > MaxGap {
		t.abandonAll(gap)
		return
	}
	if gap > MaxOutstanding {
		t.abandonAll(gap - MaxOutstanding)
		first = ext - MaxOutstanding
	} else if over := t.count + int(gap) - MaxOutstanding; over > 0 {
		t.stats.Abandoned += uint64(over)
		t.keyframe = true
		t.remove(0, over)
	}
	for e := first; e < ext; e++ {
		t.missing[t.count] = loss{ext: e, since: now, next: now.Add(ReorderWait)}
		t.count++
	}
}

// abandonAll gives up everything outstanding and more besides.
func (t *Tracker) abandonAll(more uint64) {
	t.stats.Abandoned += uint64(t.count) + more
	t.count, t.keyframe = 0, true
}

// arrived takes a late packet off the list. One already given up may still
// come; the viewer's jitter buffer decides whether it is of use.
func (t *Tracker) arrived(ext uint64) {
	for i := range t.count {
		if t.missing[i].ext != ext {
			continue
		}
		if t.missing[i].tries > 0 {
			t.stats.Recovered++
		} else {
			t.stats.Reordered++
		}
		t.remove(i, 1)
		return
	}
}

func (t *Tracker) remove(at, n int) {
	copy(t.missing[at:], t.missing[at+n:t.count])
	t.count -= n
}

// Due lists the sequence numbers to ask for now; the slice is valid until the
// next call. rtt 0 means unknown. keyframe says that packets were given up, so
// that the stream needs a key frame; it is told once per such event.
func (t *Tracker) Due(now time.Time, rtt time.Duration) (seqs []uint16, keyframe bool) {
	if rtt == 0 {
		rtt = 100 * time.Millisecond
	}
	n, kept := 0, 0
	for i := range t.count {
		l := t.missing[i]
		reordered := t.highest-l.ext < ReorderPackets && now.Sub(l.since) < ReorderWait
		wait := l.tries > 0 && now.Before(l.next) || l.tries == 0 && reordered
		switch {
		case wait:
		case l.tries == MaxTries:
			t.stats.Abandoned++
			t.keyframe = true
			continue
		default:
			if l.tries == 0 {
				l.step = min(max(rtt, MinInterval), MaxInterval)
			}
			l.next = now.Add(l.step)
			l.step = min(l.step*5/4, MaxInterval)
			l.tries++
			t.due[n] = uint16(l.ext)
			n++
		}
		t.missing[kept] = l
		kept++
	}
	t.count = kept
	t.stats.Asked += uint64(n)
	keyframe, t.keyframe = t.keyframe, false
	return t.due[:n], keyframe
}

// Outstanding is how many packets are waited for.
func (t *Tracker) Outstanding() int { return t.count }

// Stats are the counters so far.
func (t *Tracker) Stats() Stats { return t.stats }

// The seen bits are a ring over extended numbers; forget clears those the
// numbers from first to before end will reuse.
func (t *Tracker) forget(first, end uint64) {
	if end-first >= window {
		clear(t.seen[:])
		return
	}
	for e := first; e < end; e++ {
		t.seen[e%window/64] &^= 1 << (e % 64)
	}
}

func (t *Tracker) mark(ext uint64)     { t.seen[ext%window/64] |= 1 << (ext % 64) }
func (t *Tracker) has(ext uint64) bool { return t.seen[ext%window/64]&(1<<(ext%64)) != 0 }
