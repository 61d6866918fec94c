// Package layer chooses, packet by packet, what one viewer gets of a track
// that comes in several layers: simulcast encodings, or spatial and temporal
// layers inside one (SVC). It decides only; rates and wishes come from
// allocate, numbers are rewritten by rtpmap.
package layer

import "mentara/sfu/codec"

// ID names a layer. Spatial counts simulcast encodings or spatial layers,
// both from the smallest up.
type ID struct{ Spatial, Temporal int8 }

// None returns the layer that stands for "nothing".
func None() ID { return ID{-1, -1} }

// Paused tells whether the layer is None.
func (l ID) Paused() bool { return l.Spatial < 0 }

// Mode is how the track's layers come.
type Mode uint8

// The kinds of track.
const (
	Single    Mode = iota // one encoding, at most temporal layers
	Simulcast             // one stream per spatial layer, each perhaps with temporal ones
	SVC                   // spatial layers inside one stream
)

// Decision is what to do with one packet.
type Decision struct {
	// Forward the packet. When false, and Current, tell rtpmap to Drop it, so
	// that its number is closed.
	Forward bool
	// Switch: this packet is the first of another encoding, or the first after
	// a pause; rtpmap must Switch before it maps.
	Switch bool
	// Current: the packet is of the encoding being forwarded.
	Current bool
	// Marker: set the RTP marker, as the frames that carried it are left out.
	Marker bool
	// NeedKeyframe: the packet's encoding must send a key frame before the
	// viewer gets what it should.
	NeedKeyframe bool
}

// Selector is the state of one viewer of one track. Not safe for concurrent
// use.
type Selector struct {
	mode            Mode
	current, target ID
	live            uint8 // encodings that get packets, one bit each

	started int8  // spatial layer of the last frame begun, to see where pictures begin
	key     bool  // the picture being forwarded is a key picture
	skipped uint8 // spatial layers of which frames were left out since the last key picture
	decode  int8  // decode target being forwarded, -1 without descriptor
}

// NewSelector starts paused.
func NewSelector(mode Mode) *Selector {
	return &Selector{mode: mode, current: None(), target: None(), live: 0xff, decode: -1}
}

// SetTarget asks for a layer; None pauses. It takes effect with the first
// packet that allows it: a key frame for another encoding or a higher spatial
// layer, the next picture for a pause or fewer layers, a switching point for a
// higher temporal layer.
func (s *Selector) SetTarget(id ID) {
	if id.Paused() {
		id = None()
	}
	s.target = id
}

// Target is the layer asked for.
func (s *Selector) Target() ID { return s.target }

// Current is the layer being forwarded.
func (s *Selector) Current() ID { return s.current }

// SetLive tells which encodings get packets now (bit 0 = encoding 0; see
// Liveness), so that a target that has died is replaced by the best live one
// below it, or else the lowest above.
func (s *Selector) SetLive(mask uint8) { s.live = mask }

// Reset forgets what was forwarded, so that the viewer starts again at a key
// frame: after a publisher restart or packets lost for good.
func (s *Selector) Reset() { s.current, s.decode, s.key = None(), -1, false }

// goal is the target, or the live encoding that stands in for it.
func (s *Selector) goal() ID {
	t := s.target
	if s.mode != Simulcast || t.Paused() || s.live == 0 || s.live>>t.Spatial&1 != 0 {
		return t
	}
	for e := t.Spatial - 1; e >= 0; e-- {
		if s.live>>e&1 != 0 {
			t.Spatial = e
			return t
		}
	}
	for e := t.Spatial + 1; e < 8; e++ {
		if s.live>>e&1 != 0 {
			t.Spatial = e
			return t
		}
	}
	return t
}

// Awaits says which encoding must send a key frame for the viewer to get what
// it should: the caller asks the publisher, throttled. ok is false when
// nothing is awaited.
func (s *Selector) Awaits() (encoding int, ok bool) {
	g := s.goal()
	switch {
	case g.Paused():
		return 0, false
	case s.mode == Simulcast:
		return int(g.Spatial), g.Spatial != s.current.Spatial
	case s.mode == Single, s.current.Paused():
		return 0, s.current.Paused()
	case s.decode >= 0:
		return 0, g.Spatial != s.current.Spatial
	}
	up := g.Spatial > s.current.Spatial
	down := g.Spatial < s.current.Spatial && s.skipped>>g.Spatial&1 != 0
	return 0, up || down
}

// Select decides on a packet of the given encoding (0 unless Simulcast).
func (s *Selector) Select(encoding int, f *codec.Frame) Decision {
	var d Decision
	switch {
	case s.mode == Simulcast:
		d = s.simulcast(int8(encoding), f)
	case s.mode == Single:
		d = s.simulcast(0, f)
	case f.Described:
		d = s.described(f)
	default:
		d = s.svc(f)
	}
	if e, ok := s.Awaits(); ok && (e == encoding || s.mode != Simulcast) {
		d.NeedKeyframe = !f.Keyframe
	}
	return d
}

// simulcast moves between streams at key frames, and between temporal layers
// within one.
func (s *Selector) simulcast(e int8, f *codec.Frame) Decision {
	g := s.goal()
	if s.mode == Single && !g.Paused() {
		g.Spatial = 0
	}
	if f.Keyframe && f.Start && e != s.current.Spatial && s.towards(e, g) {
		s.current = ID{e, g.Temporal}
		return Decision{Forward: true, Current: true, Switch: true}
	}
	if e != s.current.Spatial {
		return Decision{}
	}
	if f.Start {
		if g.Paused() {
			s.Reset()
			return Decision{}
		}
		s.temporal(f, g.Temporal)
	}
	return Decision{Forward: f.Temporal <= s.current.Temporal, Current: true}
}

// towards tells whether encoding e is nearer to the goal than the current one,
// without passing it.
func (s *Selector) towards(e int8, g ID) bool {
	switch c := s.current.Spatial; {
	case g.Paused():
		return false
	case c < g.Spatial: // c is -1 while paused
		return e > c && e <= g.Spatial
	default:
		return e < c && e >= g.Spatial
	}
}

// temporal moves the temporal layer at the start of a frame: down at once, up
// one layer at a time where the frame allows it, all at a key frame.
func (s *Selector) temporal(f *codec.Frame, goal int8) {
	switch c := s.current.Temporal; {
	case goal <= c, f.Keyframe:
		s.current.Temporal = goal
	case f.Temporal == c+1 && f.SwitchUp:
		s.current.Temporal = f.Temporal
	}
}
