package sfu

import "time"

// Which layer a tap takes. It is decided ten times a second by the publisher's
// connection; the packet path follows at the next key frame.
const (
	// A layer is missing when its newest packet is that much older than the
	// newest of the track, so many decisions in a row: a shared screen may send
	// one frame a second, of one layer after the other.
	tapLag    = 300 * time.Millisecond
	tapAbsent = 3
	// tapHold is the least time a smaller layer is kept before a larger one is
	// gone back to, so that a publisher at the edge of its bandwidth does not
	// change the recorded picture's size all the time.
	tapHold = 2 * time.Second
)

// steer chooses the layer of each tap on t, and asks for the key frames they
// need to get there.
func (t *track) steer(now time.Time) {
	taps := *t.taps.Load()
	if len(taps) == 0 || !t.video {
		return
	}
	encodings := *t.encodings.Load()
	var newest time.Duration
	for _, e := range encodings {
		newest = max(newest, time.Duration(e.seenAt.Load()))
	}
	for _, tp := range taps {
		var live uint8
		for i := range t.rids {
			tp.absent[i] = min(tp.absent[i]+1, tapAbsent)
		}
		for _, e := range encodings {
			if seen := time.Duration(e.seenAt.Load()); seen != 0 && newest-seen < tapLag {
				tp.absent[e.index] = 0
			}
		}
		for i := range t.rids { // one that was not seen yet gets that long to come
			if tp.absent[i] < tapAbsent {
				live |= 1 << i
			}
		}
		tp.aim(t.within(tp.tapping.o.Height), live, now)
		goal := tp.goal.Load()
		if tp.taken.Load() == goal || t.muted.Load() {
			continue
		}
		for _, e := range encodings {
			if int32(e.index) == goal {
				t.requestKeyframe(e, now)
			}
		}
	}
}

// within is the largest layer of at most height pixels, the smallest if all
// are larger; 0 is any height.
func (t *track) within(height int) int {
	if len(t.rids) == 1 {
		return 0
	}
	best := 0
	for i, o := range t.options(View{}) {
		if height == 0 || o.Height <= height {
			best = i
		}
	}
	return best
}

// aim sets the layer to go to: the wish if it is live, else the best live one
// below it, else the least above.
func (tp *tapped) aim(wish int, live uint8, now time.Time) {
	tp.wish.Store(int32(wish))
	goal := -1
	for i := range tp.track.rids {
		if live>>i&1 != 0 && (goal < 0 || i <= wish) {
			goal = i
		}
	}
	before := int(tp.goal.Load())
	switch {
	case goal < 0 || goal == before: // nothing is sent: stay
		return
	case goal > before && now.Sub(tp.lowered) < tapHold:
		return
	case goal < before:
		tp.lowered = now
	}
	tp.goal.Store(int32(goal))
}

// needs is the encodings that must be sent for the tap to have what it should.
func (tp *tapped) needs() (mask uint8) {
	for _, i := range []int32{tp.wish.Load(), tp.goal.Load(), tp.taken.Load()} {
		if i >= 0 {
			mask |= 1 << i
		}
	}
	return mask
}

// steerTaps does so for all that is published on the connection.
func (c *conn) steerTaps(now time.Time) {
	c.peer.mu.Lock()
	if len(c.peer.taps) == 0 {
		c.peer.mu.Unlock()
		return
	}
	tracks := make([]*track, 0, len(c.peer.tracks))
	for _, t := range c.peer.tracks {
		if t.conn == c {
			tracks = append(tracks, t)
		}
	}
	c.peer.mu.Unlock()
	for _, t := range tracks {
		t.steer(now)
	}
}
