// Package allocate shares one viewer's bandwidth between the tracks it wants:
// which layer of each, and which wait. It is a pure function of its inputs
// plus Holdoff, the memory that keeps layers from flapping.
package allocate

import (
	"time"

	"mentara/sfu/layer"
)

// Option is one layer a track could be had in.
type Option struct {
	Layer   layer.ID
	Bitrate int // measured bits per second; 0: nobody sends it now
	Height  int // in pixels
}

// Want is one track the viewer wants.
type Want struct {
	// Audio is granted before anything else and never paused.
	Audio bool
	// Priority: larger goes first. OnStage goes before all that are not.
	Priority int
	OnStage  bool
	// Height is the tile's, in device pixels; 0 pauses the track (not visible).
	Height int
	// Options by rising cost. For audio one option.
	Options []Option
	// Current is the index of the option now granted, -1 if paused: the
	// allocator keeps a current option before it raises another.
	Current int
}

// Grant answers a Want of the same index.
type Grant struct {
	Option int // index into Options; -1 pauses
	// Ideal is the option the viewer would get with unlimited bandwidth.
	Ideal int
	// Limited: bandwidth, not the tile, keeps Option below Ideal.
	Limited bool
}

// Result sums up an allocation.
type Result struct {
	Used    int // bits per second of all grants
	Desired int // bits per second if every want had its ideal
	// Next is the cheapest budget at which some grant would rise, 0 if none
	// would: what a probe should reach.
	Next int
}

// Allocate fills dst (reused, grown if it must be) with one grant per want.
func Allocate(budget int, wants []Want, dst []Grant) ([]Grant, Result) {
	return dst[:0], Result{}
}

// Holdoff lets grants fall at once and rise only after calm.
type Holdoff struct {
	until time.Time
}
