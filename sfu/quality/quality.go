// Package quality turns what is measured of a track into a score people can
// act on: how good, and why not better. Sending and receiving are scored
// apart, by a Scorer each, so that it is plain whose side is bad.
//
// The loss and delay part follows the E-model (ITU-T G.107) in the simplified
// form conferencing servers use; the score is the minimum of it, of how far
// the bitrate and the layer are from what was meant, and of how long the
// picture stood still or the sound was made up.
package quality

import (
	"math"
	"time"
)

// Level is a score in a word.
type Level string

// The four levels: above 80, above 40, above 20, and the rest.
const (
	Excellent Level = "excellent"
	Good      Level = "good"
	Poor      Level = "poor"
	Lost      Level = "lost"
)

// Reason is what lowers a score most; empty while the level is Excellent.
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
	Window   time.Duration // 0 is taken as 5 s
	Muted    bool          // by its owner or by us, or paused because nobody watches: nothing is expected
	Packets  int           // that arrived in the window
	Lost     int           // that did not, nor were repaired
	RTT      time.Duration
	Jitter   time.Duration
	NoReport bool // the receiver sent no report in the window
	FEC, RED bool // audio repair in use
	// Bitrate and Expected in bits per second; Expected 0 is unknown.
	Bitrate, Expected int
	// LayersMissed is how many spatial layers below the wanted one is had,
	// averaged over the window.
	LayersMissed float64
	// Frozen is how long the picture stood still, or sound was concealed.
	Frozen time.Duration
}

// Score is the verdict on a track, or on a participant.
type Score struct {
	Value   int // 0 to 100
	Level   Level
	Reason  Reason
	Loss    float64 // 0 to 1
	RTT     time.Duration
	Jitter  time.Duration
	Bitrate int // bits per second
}

// Smoothing: a score falls fast and rises slowly.
const (
	weightFalling = 0.8
	weightRising  = 0.4
)

// Scorer smooths the scores of one track in one direction. The zero value is
// ready.
type Scorer struct {
	value  float64
	scored bool
	peak   float64 // packets per second while busy
}

// Update scores a window and smooths it. A muted window says nothing bad and
// forgets what was.
func (s *Scorer) Update(in Sample) Score {
	if in.Window <= 0 {
		in.Window = 5 * time.Second
	}
	out := Score{RTT: in.RTT, Jitter: in.Jitter, Bitrate: in.Bitrate}
	if total := in.Packets + in.Lost; total > 0 {
		out.Loss = float64(in.Lost) / float64(total)
	}
	if in.Muted {
		s.value, s.scored = 100, false
		out.Value, out.Level = 100, Excellent
		return out
	}
	raw, reason := s.raw(&in, out.Loss)
	if !s.scored {
		s.value, s.scored = raw, true
	} else if raw < s.value {
		s.value += weightFalling * (raw - s.value)
	} else {
		s.value += weightRising * (raw - s.value)
	}
	out.Value = int(math.Round(s.value))
	out.Level = LevelOf(out.Value)
	if out.Level != Excellent {
		out.Reason = reason
	}
	return out
}

// raw scores one window by itself. The reason is given even where the score is
// good, because the smoothed one may still be low.
func (s *Scorer) raw(in *Sample, loss float64) (float64, Reason) {
	if in.Packets <= 0 {
		return 0, Frozen
	}
	if in.NoReport {
		return 20, Frozen
	}
	s.peak = max(s.peak*0.9, float64(in.Packets+in.Lost)/in.Window.Seconds())
	lossCost, delayCost := s.lossCost(in, loss), delayCost(in)
	score, reason := 100-lossCost-delayCost, Loss
	if delayCost > lossCost {
		reason = Delay
	}
	least := func(v float64, r Reason) {
		if v < score {
			score, reason = v, r
		}
	}
	if in.Expected > 0 && in.Bitrate < in.Expected {
		least(100-20*math.Log(float64(in.Expected)/math.Max(1, float64(in.Bitrate))), Bitrate)
	}
	least(100-35*in.LayersMissed, Layer)
	least(100-200*in.Frozen.Seconds()/in.Window.Seconds(), Frozen)
	return min(100, max(0, score)), reason
}

// lossCost weighs lost packets by what the codec can make of it. In a window
// of few packets (discontinuous transmission) one lost weighs less.
func (s *Scorer) lossCost(in *Sample, loss float64) float64 {
	weight := 10.0
	if in.Kind == Audio {
		weight = 8
		if in.FEC {
			weight /= 1.5
		}
		if in.RED {
			weight /= 2
		}
	}
	busy := float64(in.Packets+in.Lost) / in.Window.Seconds() / s.peak
	return 100 * loss * weight * math.Sqrt(min(1, busy))
}

// delayCost is the impairment of one-way delay and jitter buffer.
func delayCost(in *Sample) float64 {
	d := in.RTT.Seconds()*1000/2 + 2*in.Jitter.Seconds()*1000
	if d <= 160 {
		return d / 40
	}
	return (d - 120) / 10
}

// LevelOf is the word for a value.
func LevelOf(value int) Level {
	switch {
	case value > 80:
		return Excellent
	case value > 40:
		return Good
	case value > 20:
		return Poor
	}
	return Lost
}

// Worst is the score of a participant: that of its worst track. Without
// scores it is Excellent.
func Worst(scores ...Score) Score {
	worst := Score{Value: 100, Level: Excellent}
	for i, s := range scores {
		if i == 0 || s.Value < worst.Value {
			worst = s
		}
	}
	return worst
}

// MOS is the mean opinion score, 1 to 4.5, of a value (ITU-T G.107 annex B).
func MOS(value int) float64 {
	r := float64(min(100, max(0, value)))
	return min(4.5, max(1, 1+0.035*r+7e-6*r*(r-60)*(100-r)))
}
