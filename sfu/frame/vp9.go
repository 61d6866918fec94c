package frame

import (
	"encoding/binary"

	"mentara/sfu/codec"
)

// maxLayers is how many layer frames one picture may have; a superframe's
// index counts to eight.
const maxLayers = 8

// addVP9 takes the descriptor off (RFC 9628, section 4.2). The layer frames of
// a picture are put one after the other, as they come.
func (b *Builder) addVP9(payload []byte) error {
	var h codec.VP9Header
	if codec.ParseVP9(payload, &h) != nil {
		return ErrMalformed
	}
	open := b.begun && b.layered == 0 || b.layered > 0 && len(b.buf) > b.layers[b.layered-1]
	switch {
	case !b.begun && !(h.Start && h.Spatial == 0):
		return ErrStart
	case !b.begun:
		b.begun, b.key = true, h.Keyframe()
	case h.Start == open: // a layer frame begins where the last has ended
		return ErrMalformed
	}
	b.buf = append(b.buf, payload[h.Size:]...)
	if h.End {
		if b.layered == maxLayers {
			return ErrMalformed
		}
		b.layers[b.layered] = len(b.buf)
		b.layered++
	}
	return nil
}

// finishVP9 makes a superframe of several layer frames (VP9 bitstream
// specification, annex B): decoders find the parts by the index at its end.
func (b *Builder) finishVP9() error {
	if b.layered > 0 && b.layers[b.layered-1] != len(b.buf) {
		return ErrMalformed // cut short
	}
	if b.layered < 2 {
		return nil
	}
	marker := byte(0xc0 | 3<<3 | b.layered - 1) // sizes of four bytes
	b.buf = append(b.buf, marker)
	from := 0
	for _, end := range b.layers[:b.layered] {
		b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(end-from))
		from = end
	}
	b.buf = append(b.buf, marker)
	return nil
}
