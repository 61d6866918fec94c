package frame

import "encoding/binary"

// NAL unit types (H.264, table 7-1; RFC 6184, section 5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
	nalPPS   = 8
	nalAUD   = 9
	nalFill  = 12
	nalSTAPA = 24
	nalFUA   = 28
)

// maxSets bounds what is kept of parameter sets.
const maxSets = 1 << 10

// h264 is what is known of a stream, and of the frame being built.
type h264 struct {
	sps, pps       []byte // newest, to be put before key frames that come without
	hasSPS, hasPPS bool   // in this frame
	unit           int    // where the length of the fragmented unit stands, -1 if none is open
	slices         bool
}

func (h *h264) reset() { h.hasSPS, h.hasPPS, h.unit, h.slices = false, false, -1, false }

// addH264 takes single units, STAP-A and FU-A apart (RFC 6184), and puts four
// bytes of length before each unit, as Matroska stores them.
func (b *Builder) addH264(payload []byte) error {
	b.begun = true
	h := &b.h264
	kind := payload[0] & 0x1f
	if h.unit >= 0 && kind != nalFUA {
		return ErrMalformed // the fragments before have no end
	}
	switch {
	case kind >= 1 && kind <= 23:
		b.nal(payload)
		return nil
	case kind == nalSTAPA:
		for rest := payload[1:]; len(rest) > 0; {
			if len(rest) < 2 {
				return ErrMalformed
			}
			n := int(binary.BigEndian.Uint16(rest))
			if rest = rest[2:]; n == 0 || n > len(rest) {
				return ErrMalformed
			}
			b.nal(rest[:n])
			rest = rest[n:]
		}
		return nil
	case kind == nalFUA:
		return b.fragment(payload)
	}
	return ErrMalformed
}

// fragment joins fragments in the buffer itself; the length is written when
// the last has come.
func (b *Builder) fragment(payload []byte) error {
	h := &b.h264
	if len(payload) < 3 {
		return ErrMalformed
	}
	start, end, kind := payload[1]&0x80 != 0, payload[1]&0x40 != 0, payload[1]&0x1f
	if start && end || start == (h.unit >= 0) {
		if start {
			return ErrMalformed
		}
		return ErrStart
	}
	if start {
		h.unit = len(b.buf)
		b.buf = append(b.buf, 0, 0, 0, 0, payload[0]&0xe0|kind)
	}
	b.buf = append(b.buf, payload[2:]...)
	if !end {
		return nil
	}
	at := h.unit
	h.unit = -1
	unit := b.buf[at+4:]
	binary.BigEndian.PutUint32(b.buf[at:], uint32(len(unit)))
	if !b.note(unit) {
		b.buf = b.buf[:at]
	}
	return nil
}

func (b *Builder) nal(unit []byte) {
	if b.note(unit) {
		b.buf = binary.BigEndian.AppendUint32(b.buf, uint32(len(unit)))
		b.buf = append(b.buf, unit...)
	}
}

// note remembers what a unit tells, and whether it is to be stored.
func (b *Builder) note(unit []byte) bool {
	h := &b.h264
	switch unit[0] & 0x1f {
	case nalIDR:
		b.key, h.slices = true, true
	case nalSPS:
		h.hasSPS = true
		if len(unit) <= maxSets {
			h.sps = append(h.sps[:0], unit...)
		}
	case nalPPS:
		h.hasPPS = true
		if len(unit) <= maxSets {
			h.pps = append(h.pps[:0], unit...)
		}
	case nalAUD, nalFill:
		return false
	case nalSlice:
		h.slices = true
	}
	return true
}

// finishH264 puts the parameter sets before a key frame that came without
// them: a player that seeks there has seen no earlier ones.
func (b *Builder) finishH264() error {
	h := &b.h264
	if h.unit >= 0 {
		return ErrMalformed // cut short
	}
	if !h.slices {
		return ErrEmpty // parameter sets alone are no frame; they are remembered
	}
	if !b.key || h.hasSPS && h.hasPPS {
		return nil
	}
	if len(h.sps) == 0 || len(h.pps) == 0 {
		return ErrMalformed // nobody can decode it
	}
	var sets []byte
	for _, s := range [][]byte{h.sps, h.pps} {
		sets = binary.BigEndian.AppendUint32(sets, uint32(len(s)))
		sets = append(sets, s...)
	}
	n := len(b.buf)
	b.buf = append(b.buf, sets...)
	copy(b.buf[len(sets):], b.buf[:n])
	copy(b.buf, sets)
	return nil
}
