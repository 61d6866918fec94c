// Package frame puts the RTP payloads of one frame together to the bytes a
// container stores: payload descriptors taken off, fragments joined, H264 with
// lengths and AV1 with sizes before its units.
//
// It decodes nothing, and knows no sequence numbers: whoever calls it gives it
// the payloads of a frame in order and whole, or resets it.
package frame

import (
	"errors"

	"mentara/sfu/codec"
)

// Errors of payloads. They are without detail, as refusing rubbish must not
// cost anything.
var (
	ErrMalformed = errors.New("frame: malformed payload")
	ErrStart     = errors.New("frame: does not begin with the frame's first payload")
	ErrTooLarge  = errors.New("frame: too large")
	ErrEmpty     = errors.New("frame: nothing to store")
)

// Builder makes frames of one stream, one after the other, in a buffer that is
// used again. It is not safe for concurrent use.
type Builder struct {
	codec codec.Codec
	limit int
	buf   []byte
	begun bool
	key   bool
	done  bool // nothing can follow

	layers  [maxLayers]int // VP9: where each layer frame ends
	layered int
	h264    h264
	av1     av1
}

// New makes a builder of frames of at most limit bytes.
func New(c codec.Codec, limit int) *Builder {
	b := &Builder{codec: c, limit: limit}
	b.Reset()
	return b
}

// Codec the builder is for.
func (b *Builder) Codec() codec.Codec { return b.codec }

// Reset leaves the frame being built out.
func (b *Builder) Reset() {
	b.buf, b.begun, b.key, b.done, b.layered = b.buf[:0], false, false, false, 0
	b.h264.reset()
	b.av1.reset()
}

// Add takes the next payload of the frame. After an error the frame is of no
// use: the caller resets the builder.
func (b *Builder) Add(payload []byte) error {
	if len(payload) == 0 || b.done {
		return ErrMalformed
	}
	if len(b.buf)+len(b.av1.part)+len(payload) > b.limit-overhead {
		return ErrTooLarge
	}
	switch b.codec {
	case codec.VP8:
		return b.addVP8(payload)
	case codec.VP9:
		return b.addVP9(payload)
	case codec.H264:
		return b.addH264(payload)
	case codec.AV1:
		return b.addAV1(payload)
	case codec.Opus:
		b.buf, b.key, b.done = append(b.buf, payload...), true, true
		return nil
	}
	return ErrMalformed
}

// overhead is more than what a frame grows by when it is finished and what one
// payload grows by when it is added, parameter sets apart.
const overhead = 4 << 10

// Finish ends the frame and returns it. data is valid until the next Add or
// Reset. key tells that no earlier frame is needed.
func (b *Builder) Finish() (data []byte, key bool, err error) {
	switch b.codec {
	case codec.VP9:
		err = b.finishVP9()
	case codec.H264:
		err = b.finishH264()
	case codec.AV1:
		err = b.finishAV1()
	}
	if err == nil && len(b.buf) == 0 {
		err = ErrEmpty
	}
	if err == nil && len(b.buf) > b.limit {
		err = ErrTooLarge
	}
	data, key = b.buf, b.key
	b.Reset()
	if err != nil {
		return nil, false, err
	}
	return data, key, nil
}

// addVP8 takes the descriptor off (RFC 7741, section 4.2).
func (b *Builder) addVP8(payload []byte) error {
	var h codec.VP8Header
	if codec.ParseVP8(payload, &h) != nil {
		return ErrMalformed
	}
	if first := h.Start && h.Partition == 0; !b.begun {
		if !first {
			return ErrStart
		}
		b.begun, b.key = true, h.Keyframe
	} else if first {
		return ErrMalformed // another frame
	}
	b.buf = append(b.buf, payload[h.Size:]...)
	return nil
}
