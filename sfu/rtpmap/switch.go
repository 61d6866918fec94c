package rtpmap

import "time"

// How far timestamps may be from the wall clock before they are re-anchored.
const (
	referenceTolerance = time.Second      // of a reference clock, at a switch
	backwardTolerance  = 3 * time.Second  // B-frames step back, but not this far
	forwardTolerance   = 30 * time.Second // beyond the time that really passed
)

// Switch makes in the first packet of what follows: another encoding, the same
// after a pause, or a restarted publisher. Packets of the former source, and
// those of the new one numbered before in, are dropped from now on. The next
// call must be Map(in).
//
// reference is in's timestamp expressed in the clock of the former source (see
// Clock.Convert); without one, or when it is off the wall clock by more than a
// second, the time elapsed since the last packet is used. The outgoing
// timestamp always advances.
func (r *Rewriter) Switch(in Packet, now time.Time, reference uint32, known bool) {
	next := r.o.Seq
	if r.started && !r.lastAt.IsZero() {
		next = r.next()
		target := r.wall(now)
		if candidate := reference + r.shift; known && r.near(candidate, target) {
			target = candidate
		}
		if int32(target-r.lastTime) <= 0 {
			target = r.lastTime + 1
		}
		r.shift = target - in.Timestamp
	} else {
		r.shift = r.o.Timestamp - in.Timestamp
	}
	if r.hadPicture {
		r.picture = r.lastPicture + 1 - in.PictureID
		r.tl0 = r.lastTL0 + 1 - in.TL0
	}
	r.newestKnown, r.newestIsGone = false, false
	r.rebase(in.Seq)
	r.offset = next - in.Seq
	r.source, r.started, r.waiting = in.Source, true, true
}

// wall is the outgoing timestamp of now, counted from the last packet.
func (r *Rewriter) wall(now time.Time) uint32 {
	return r.lastTime + r.ticks(now.Sub(r.lastAt))
}

// ticks converts a duration to timestamp units; a backward clock is 0.
func (r *Rewriter) ticks(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	return uint32(int64(d/time.Second)*int64(r.o.ClockRate) +
		int64(d%time.Second)*int64(r.o.ClockRate)/int64(time.Second))
}

// near tells whether two timestamps are within referenceTolerance.
func (r *Rewriter) near(a, b uint32) bool {
	d := int64(int32(a - b))
	limit := int64(r.ticks(referenceTolerance))
	return d <= limit && d >= -limit
}

// steady re-anchors the timestamps when a source jumps within itself, as some
// do after a restart that kept the SSRC, or after a long mute.
func (r *Rewriter) steady(timestamp uint32, now time.Time) {
	if r.lastAt.IsZero() {
		return
	}
	step := int64(int32(timestamp - r.inTime))
	elapsed := int64(r.ticks(now.Sub(r.lastAt)))
	if step < -int64(r.ticks(backwardTolerance)) || step > elapsed+int64(r.ticks(forwardTolerance)) {
		target := r.wall(now)
		if target == r.lastTime {
			target++
		}
		r.shift = target - timestamp
	}
}
