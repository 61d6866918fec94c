// Package layer chooses, packet by packet, what one viewer gets of a track
// that comes in several layers: simulcast encodings, or spatial and temporal
// layers inside one (SVC). It decides only; rates and wishes come from
// allocate, numbers are rewritten by rtpmap.
package layer

import "mentara/sfu/codec"

// ID names a layer. Spatial counts simulcast encodings or spatial layers,
// both from the smallest up.
type ID struct{ Spatial, Temporal int8 }

const maxSpatial = 8

// None returns the layer that stands for "nothing".
func None() ID { return ID{-1, -1} }

// Paused tells whether the layer is None.
func (l ID) Paused() bool { return l.Spatial < 0 }

// Mode is how the track's layers come.
type Mode uint8

// The kinds of track.
const (
	Single    Mode = iota // one encoding, at most temporal layers
	Simulcast             // one stream per spatial layer
	SVC                   // spatial layers inside one stream
)

// Decision is what to do with one packet.
type Decision struct {
	// Forward the packet. When false, and the packet is of the encoding that
	// is being forwarded, tell rtpmap to close its number.
	Forward bool
	// Switch: this packet is the first of another encoding, or the first after
	// a pause; rtpmap must switch before it maps.
	Switch bool
	// Current: the packet is of the encoding being forwarded (always true in
	// Single and SVC while not paused).
	Current bool
	// Marker: set the RTP marker, as the frames that carried it were dropped.
	Marker bool
	// NeedKeyframe: the encoding with this packet's number must send a key
	// frame before the target can be reached.
	NeedKeyframe bool
}

// Selector is the state of one viewer of one track. Not safe for concurrent
// use.
type Selector struct {
	mode            Mode
	current, target ID
}

// NewSelector starts paused.
func NewSelector(mode Mode) *Selector {
	return &Selector{mode: mode, current: None(), target: None()}
}

// SetTarget asks for a layer; None pauses. It takes effect with the first
// packet that allows it.
func (s *Selector) SetTarget(id ID) { s.target = id }

// Target is the layer asked for, Current the one being forwarded.
func (s *Selector) Target() ID  { return s.target }
func (s *Selector) Current() ID { return s.current }

// SetLive tells which encodings get packets now (bit 0 = encoding 0), so that
// a target that has died is replaced by the best live one below it, or else
// the lowest above.
func (s *Selector) SetLive(mask uint8) {}

// Awaits says which encoding must send a key frame for the viewer to get what
// it should: the caller asks the publisher, throttled. ok is false when
// nothing is awaited.
func (s *Selector) Awaits() (encoding int, ok bool) { return 0, false }

// Select decides on a packet of the given encoding (0 unless Simulcast).
func (s *Selector) Select(encoding int, f *codec.Frame) Decision {
	return Decision{Forward: true, Current: true}
}

// Reset forgets what was forwarded, so that the viewer starts again at a key
// frame: after a publisher restart or packets lost for good.
func (s *Selector) Reset() { s.current = None() }
