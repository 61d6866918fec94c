package frame

import "mentara/sfu/codec"

// Size reads the size of the picture from a key frame made by a Builder. ok is
// false where the frame does not tell it. Of a VP9 picture in several layers it
// is the smallest one's.
func Size(c codec.Codec, key []byte) (width, height int, ok bool) {
	r := &bits{b: key}
	switch c {
	case codec.VP8:
		if len(key) < 10 || key[0]&1 != 0 || key[3] != 0x9d || key[4] != 0x01 || key[5] != 0x2a {
			return 0, 0, false
		}
		width, height = int(key[6])|int(key[7]&0x3f)<<8, int(key[8])|int(key[9]&0x3f)<<8
	case codec.VP9:
		width, height = r.vp9()
	case codec.H264:
		if u := find264(key, nalSPS); u != nil {
			r.b = unescape(u[1:])
			width, height = r.sps()
		}
	case codec.AV1:
		if u := findAV1(key); u != nil {
			r.b = u
			width, height = r.sequence()
		}
	}
	if r.short || width <= 0 || height <= 0 {
		return 0, 0, false
	}
	return width, height, true
}

// bits reads a bit stream; past the end it gives zeros and notes it.
type bits struct {
	b     []byte
	at    int
	short bool
}

func (r *bits) u(n int) (v int) {
	for range n {
		v <<= 1
		if i := r.at >> 3; i < len(r.b) {
			v |= int(r.b[i]>>(7-r.at&7)) & 1
		} else {
			r.short = true
		}
		r.at++
	}
	return v
}

func (r *bits) flag() bool { return r.u(1) == 1 }

// ue is an unsigned Exp-Golomb code (H.264, section 9.1).
func (r *bits) ue() int {
	n := 0
	for !r.flag() {
		if n++; n > 31 || r.short {
			r.short = true
			return 0
		}
	}
	return 1<<n - 1 + r.u(n)
}

// vp9 reads the uncompressed header of a key frame (VP9 bitstream
// specification, section 6.2).
func (r *bits) vp9() (width, height int) {
	if r.u(2) != 2 {
		return 0, 0
	}
	profile := r.u(1) | r.u(1)<<1
	if profile == 3 && r.flag() {
		return 0, 0
	}
	if r.u(2) != 0 { // shows an older one; needs an older one
		return 0, 0
	}
	r.u(2)
	if r.u(24) != 0x498342 {
		return 0, 0
	}
	if profile >= 2 {
		r.u(1)
	}
	if r.u(3) != 7 {
		r.u(1)
		if profile&1 != 0 {
			r.u(3)
		}
	} else if profile&1 != 0 {
		r.u(1)
	}
	return r.u(16) + 1, r.u(16) + 1
}

// find264 finds a unit among those with lengths before them.
func find264(b []byte, kind byte) []byte {
	for len(b) > 4 {
		n := int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		if b = b[4:]; n == 0 || n > len(b) {
			return nil
		}
		if b[0]&0x1f == kind {
			return b[:n]
		}
		b = b[n:]
	}
	return nil
}

// unescape takes the emulation prevention bytes out (H.264, section 7.4.1).
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// sps reads a sequence parameter set without its NAL header as far as the
// size (H.264, section 7.3.2.1.1).
func (r *bits) sps() (width, height int) {
	profile := r.u(8)
	r.u(16)
	r.ue()
	chroma := 1
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128:
		if chroma = r.ue(); chroma == 3 {
			r.u(1)
		}
		r.ue()
		r.ue()
		r.u(1)
		if r.flag() {
			lists := 8
			if chroma == 3 {
				lists = 12
			}
			for i := range lists {
				if r.flag() {
					r.scaling(16 + 48*min(1, i/6))
				}
			}
		}
	}
	r.ue()
	switch r.ue() { // pic_order_cnt_type
	case 0:
		r.ue()
	case 1:
		r.u(1)
		r.ue()
		r.ue()
		for range min(r.ue(), 255) {
			r.ue()
		}
	}
	r.ue()
	r.u(1)
	w, h := 16*(r.ue()+1), 16*(r.ue()+1)
	frames := r.u(1) // frame_mbs_only_flag
	h *= 2 - frames
	if frames == 0 {
		r.u(1)
	}
	r.u(1)
	if r.flag() {
		unitX, unitY := 1, 2-frames
		if chroma == 1 || chroma == 2 {
			unitX = 2
		}
		if chroma == 1 {
			unitY *= 2
		}
		w -= unitX * (r.ue() + r.ue())
		h -= unitY * (r.ue() + r.ue())
	}
	if w > 1<<14 || h > 1<<14 {
		return 0, 0
	}
	return w, h
}

// scaling skips a scaling list (H.264, section 7.3.2.1.1.1).
func (r *bits) scaling(n int) {
	last, next := 8, 8
	for range n {
		if next != 0 {
			code := r.ue()
			delta := (code + 1) / 2
			if code%2 == 0 {
				delta = -delta
			}
			next = (last + delta + 256) % 256
		}
		if next != 0 {
			last = next
		}
	}
}

// findAV1 finds the sequence header among units that bear their size, and
// returns what follows its header.
func findAV1(b []byte) []byte {
	for len(b) > 1 {
		kind, head := b[0]>>3&0x0f, 1+int(b[0]>>2&1)
		if len(b) < head {
			return nil
		}
		n, used := leb128(b[head:])
		if used == 0 || n > uint64(len(b)-head-used) {
			return nil
		}
		body := b[head+used:]
		if kind == obuSequence {
			return body[:n]
		}
		b = body[n:]
	}
	return nil
}

// sequence reads a sequence header as far as the largest size (AV1
// specification, section 5.5.1).
func (r *bits) sequence() (width, height int) {
	r.u(4)        // seq_profile, still_picture
	if r.flag() { // reduced_still_picture_header
		r.u(5)
		return r.av1Size()
	}
	model, delay := false, 0
	if r.flag() { // timing_info_present_flag
		r.u(64)
		if r.flag() {
			r.ue()
		}
		if model = r.flag(); model {
			delay = r.u(5) + 1
			r.u(42)
		}
	}
	display := r.flag()
	for range r.u(5) + 1 { // operating points
		r.u(12)
		if r.u(5) > 7 {
			r.u(1)
		}
		if model && r.flag() {
			r.u(2*delay + 1)
		}
		if display && r.flag() {
			r.u(4)
		}
	}
	return r.av1Size()
}

func (r *bits) av1Size() (width, height int) {
	w, h := r.u(4)+1, r.u(4)+1
	return r.u(w) + 1, r.u(h) + 1
}
