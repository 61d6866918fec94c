// Package codec reads what a forwarding unit must know of a media packet
// without decoding it: where frames start and end, whether a frame stands
// alone, which layer it belongs to, and the numbers that have to stay
// continuous when layers are switched.
//
// It refuses to decode media, to allocate, and to keep state beyond the AV1
// template structure of one stream. Every function bounds-checks what it
// reads and returns an error for a malformed packet; none panics.
package codec

import (
	"errors"
	"strings"
)

// Codec names a payload format.
type Codec uint8

// The payload formats the unit forwards.
const (
	Unknown Codec = iota
	VP8           // RFC 7741
	VP9           // RFC 9628
	H264          // RFC 6184
	AV1           // AV1 RTP specification, with or without dependency descriptor
	Opus          // RFC 7587
	RED           // RFC 2198 around Opus
)

// Errors of malformed packets. They are sentinels without detail, because the
// packet path must not allocate to refuse rubbish.
var (
	ErrShort     = errors.New("codec: packet too short")
	ErrMalformed = errors.New("codec: malformed payload")
	ErrStructure = errors.New("codec: dependency descriptor without its template structure")
	ErrNumber    = errors.New("codec: payload has no such field to rewrite")
)

// ByMime finds the codec of a MIME type such as "video/VP8", in any case.
func ByMime(mime string) Codec {
	_, name, _ := strings.Cut(mime, "/")
	for c := VP8; c <= RED; c++ {
		if strings.EqualFold(name, c.String()) {
			return c
		}
	}
	return Unknown
}

// String is the codec's name as SDP writes it.
func (c Codec) String() string {
	switch c {
	case VP8:
		return "VP8"
	case VP9:
		return "VP9"
	case H264:
		return "H264"
	case AV1:
		return "AV1"
	case Opus:
		return "opus"
	case RED:
		return "red"
	}
	return "unknown"
}

// Video tells whether the codec carries pictures.
func (c Codec) Video() bool { return c >= VP8 && c <= AV1 }

// Frame is what one packet tells about the frame it carries a part of.
type Frame struct {
	// Keyframe: the packet belongs to a frame that needs no earlier picture.
	// VP8 and H264 know it only in the packet that starts the frame. In SVC an
	// upper spatial layer of a key picture is a Keyframe too (it needs only
	// lower layers of the same picture, see InterLayer).
	Keyframe bool
	// Start and End bound a frame; in SVC a layer frame, which one picture has
	// several of. For codecs without an end mark End is the RTP marker.
	Start, End bool
	// Spatial and Temporal are the layer, 0 when the stream has only one.
	Spatial, Temporal int8
	// SwitchUp: a viewer that got all lower temporal layers may enter this
	// frame's temporal layer here.
	SwitchUp bool
	// InterLayer: the frame needs the next lower spatial layer of its picture.
	InterLayer bool
	// Discardable: nothing depends on this frame within its own layer.
	Discardable bool

	// PictureBits is the width of PictureID: 0 (none), 7, 15 (VP8, VP9) or 16
	// (AV1 frame number of the dependency descriptor).
	PictureBits uint8
	PictureID   uint16
	// TL0 is TL0PICIDX, the count of base-layer pictures (VP8, VP9).
	HasTL0 bool
	TL0    uint8

	// SpatialLayers and TemporalLayers are how many the stream announces in
	// this packet, 0 when it does not say.
	SpatialLayers, TemporalLayers uint8
	// Width and Height in pixels of the highest layer announced here, or 0.
	Width, Height uint16

	// Described: the fields below come from a dependency descriptor, whose
	// decode targets Structure explains; it stays valid until the next packet
	// of the stream is parsed.
	Described bool
	Structure *Structure
	// Targets has a bit for each decode target that contains this frame,
	// SwitchTargets for each that can be entered at it, Active for each the
	// sender currently produces (AV1 RTP specification, A.8).
	Targets, SwitchTargets, Active uint32
}

// Parser reads the packets of one encoding (one SSRC). The zero value with a
// Codec is ready. It is not safe for concurrent use.
type Parser struct {
	Codec Codec

	dd  DependencyDescriptor
	vp8 VP8Header
	vp9 VP9Header
}

// Parse reads one RTP payload into f, which it overwrites. marker is the RTP
// marker bit; descriptor is the dependency descriptor extension, nil if the
// packet has none. A payload of an audio codec is a whole keyframe. An empty
// payload (padding) is an ErrShort.
func (p *Parser) Parse(payload []byte, marker bool, descriptor []byte, f *Frame) error {
	*f = Frame{}
	if len(payload) == 0 {
		return ErrShort
	}
	switch p.Codec {
	case VP8:
		if err := ParseVP8(payload, &p.vp8); err != nil {
			return err
		}
		p.vp8.frame(marker, f)
	case VP9:
		if err := ParseVP9(payload, &p.vp9); err != nil {
			return err
		}
		p.vp9.frame(marker, f)
	case H264:
		return parseH264(payload, marker, f)
	case AV1:
		return p.parseAV1(payload, marker, descriptor, f)
	default:
		f.Keyframe, f.Start, f.End, f.SwitchUp = true, true, true, true
	}
	return nil
}

// Structure gives the decode targets of the last dependency descriptor
// structure, to choose layers from; ok is false before the first one came.
func (p *Parser) Structure() (s *Structure, ok bool) {
	return &p.dd.structure, p.dd.known
}

// IsKeyframe tells whether payload starts a frame that needs no earlier
// picture. Rubbish is no keyframe. Audio always is one.
func IsKeyframe(c Codec, payload []byte) bool {
	switch c {
	case VP8:
		var h VP8Header
		return ParseVP8(payload, &h) == nil && h.Keyframe
	case VP9:
		var h VP9Header
		return ParseVP9(payload, &h) == nil && h.Keyframe() && h.Start && h.Spatial == 0
	case H264:
		var f Frame
		return parseH264(payload, false, &f) == nil && f.Keyframe
	case AV1:
		key, _, err := inspectAV1(payload)
		return err == nil && key
	case Opus, RED:
		return len(payload) > 0
	}
	return false
}
