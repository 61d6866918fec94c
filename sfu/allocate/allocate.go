// Package allocate shares one viewer's bandwidth between the tracks it wants:
// which layer of each, and which wait. Allocate is a pure function of its
// inputs; Holdoff is the memory that keeps layers from flapping.
//
// The order of giving, after doc/allocation.md of the Jitsi videobridge:
// audio; then the lowest layer of every visible track, because a small picture
// is better than none; then the stage up to StageHeight; then, class by class
// of stage and priority, one step at a time in turn, to the ideal. A step that
// does not fit is left out and cheaper ones after it are still tried, so that
// bandwidth is not left unused below one expensive layer.
package allocate

import "mentara/sfu/layer"

const (
	// AudioReserve is what an audio track takes at least, in bits per second.
	AudioReserve = 40_000
	// StageHeight is what the stage gets before others get more than their
	// lowest layer, in pixels.
	StageHeight = 360
	// New is the Current of a track the viewer has only begun to want.
	New = -2
)

// Option is one layer a track could be had in.
type Option struct {
	Layer layer.ID
	// Bitrate in bits per second, layers below included where they are sent
	// along: measured if the layer is live; the last or nominal rate if it is
	// stopped because nobody wanted it; 0 if it cannot be had.
	Bitrate int
	Height  int // in pixels
}

// Want is one track the viewer wants.
type Want struct {
	// Audio is granted before anything else and never paused.
	Audio bool
	// OnStage goes before all that are not; then larger Priority goes first.
	OnStage  bool
	Priority int
	// Height is the tile's in device pixels; 0: not visible, so paused.
	Height int
	// Options by rising Bitrate. Audio may have one, with its measured rate.
	Options []Option
	// Current is the index of the option now granted, -1 while paused, New at
	// first. Only Holdoff looks at it.
	Current int
}

// Grant answers the Want of the same index.
type Grant struct {
	Option int // index into Options; -1 pauses
	// Ideal is the option the viewer would get with unlimited bandwidth, -1 if
	// none (not visible, or nothing to be had).
	Ideal int
	// Limited: bandwidth, not the tile, keeps Option below Ideal.
	Limited bool
}

// Result sums up an allocation, in bits per second.
type Result struct {
	Used    int // by all grants
	Desired int // if every want had its ideal
	// Next is the cheapest budget at which some grant could rise, 0 if all are
	// ideal: what a probe should reach.
	Next int
}

// Allocate fills dst (reused, grown if it must be) with one grant per want. It
// exceeds the budget in two cases only: audio is granted regardless, and the
// first track in order keeps its lowest layer down to half its rate, so that
// the only picture of a call of two is paused last.
func Allocate(budget int, wants []Want, dst []Grant) ([]Grant, Result) {
	a := allocation{wants: wants, grants: dst[:0], left: budget}
	var room [64]int
	order := room[:0] // visible video, first served first
	for i := range wants {
		order = a.admit(i, order)
	}
	for n, i := range order {
		a.lowest(i, n == 0)
	}
	for _, i := range order {
		for wants[i].OnStage && a.height(i) < StageHeight && a.step(i) {
		}
	}
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && a.compare(order[from], order[to]) == 0 {
			to++
		}
		a.improve(order[from:to])
		from = to
	}
	return a.grants, a.result()
}

type allocation struct {
	wants  []Want
	grants []Grant
	used   int
	left   int
}

// admit grants audio, and puts visible video in its place in the order.
func (a *allocation) admit(i int, order []int) []int {
	w := &a.wants[i]
	if w.Audio {
		a.grants = append(a.grants, Grant{})
		a.take(audioRate(w))
		return order
	}
	a.grants = append(a.grants, Grant{Option: -1, Ideal: ideal(w)})
	if a.grants[i].Ideal < 0 {
		return order
	}
	at := len(order)
	order = append(order, i)
	for ; at > 0 && a.compare(order[at-1], i) > 0; at-- {
		order[at] = order[at-1]
	}
	order[at] = i
	return order
}

func audioRate(w *Want) int {
	if len(w.Options) == 0 {
		return AudioReserve
	}
	return max(AudioReserve, w.Options[0].Bitrate)
}

// compare orders two wants; 0 is the same class.
func (a *allocation) compare(i, j int) int {
	x, y := &a.wants[i], &a.wants[j]
	switch {
	case x.OnStage != y.OnStage:
		if x.OnStage {
			return -1
		}
		return 1
	default:
		return y.Priority - x.Priority
	}
}

// ideal is the best option of the smallest height that fills the tile, or the
// best there is.
func ideal(w *Want) int {
	if w.Height <= 0 {
		return -1
	}
	best := -1
	for i, o := range w.Options {
		if o.Bitrate <= 0 {
			continue
		}
		if best >= 0 && w.Options[best].Height >= w.Height && o.Height > w.Options[best].Height {
			break
		}
		best = i
	}
	return best
}

func (a *allocation) take(rate int) {
	a.used += rate
	a.left -= rate
}

// lowest grants the cheapest option.
func (a *allocation) lowest(i int, first bool) {
	next := a.above(i)
	rate := a.wants[i].Options[next].Bitrate
	if rate <= a.left || first && rate/2 <= a.left {
		a.grants[i].Option = next
		a.take(rate)
	}
}

// above is the next option that can be had, up to the ideal; -1 if none.
func (a *allocation) above(i int) int {
	for o := a.grants[i].Option + 1; o <= a.grants[i].Ideal; o++ {
		if a.wants[i].Options[o].Bitrate > 0 {
			return o
		}
	}
	return -1
}

func (a *allocation) rate(i int) int {
	if o := a.grants[i].Option; o >= 0 {
		return a.wants[i].Options[o].Bitrate
	}
	return 0
}

func (a *allocation) height(i int) int {
	if o := a.grants[i].Option; o >= 0 {
		return a.wants[i].Options[o].Height
	}
	return 0
}

// step raises a granted track by one option if that fits.
func (a *allocation) step(i int) bool {
	next := a.above(i)
	if next < 0 || a.grants[i].Option < 0 {
		return false
	}
	more := max(0, a.wants[i].Options[next].Bitrate-a.rate(i))
	if more > 0 && more > a.left {
		return false
	}
	a.grants[i].Option = next
	a.take(more)
	return true
}

// improve raises the tracks of one class in turn until no step fits.
func (a *allocation) improve(class []int) {
	for risen := true; risen; {
		risen = false
		for _, i := range class {
			risen = a.step(i) || risen
		}
	}
}

func (a *allocation) result() Result {
	r := Result{Used: a.used, Desired: a.used}
	for i := range a.grants {
		g := &a.grants[i]
		g.Limited = g.Option < g.Ideal
		if !g.Limited {
			continue
		}
		r.Desired += max(0, a.wants[i].Options[g.Ideal].Bitrate-a.rate(i))
		next := a.used + max(0, a.wants[i].Options[a.above(i)].Bitrate-a.rate(i))
		if r.Next == 0 || next < r.Next {
			r.Next = next
		}
	}
	return r
}
