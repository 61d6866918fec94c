package layer

import "time"

// DeadAfter is how long an encoding may be silent before viewers of it are
// moved to another.
const DeadAfter = 500 * time.Millisecond

// Liveness watches which encodings of a published track get packets. It
// belongs to the publisher's side; not safe for concurrent use.
type Liveness struct{ last [8]time.Time }

// Saw notes a packet of an encoding (0 to 7).
func (l *Liveness) Saw(encoding int, now time.Time) {
	if encoding >= 0 && encoding < len(l.last) {
		l.last[encoding] = now
	}
}

// Mask has a bit for each encoding that got a packet within DeadAfter.
func (l *Liveness) Mask(now time.Time) (mask uint8) {
	for e, at := range l.last {
		if !at.IsZero() && now.Sub(at) <= DeadAfter {
			mask |= 1 << e
		}
	}
	return mask
}
