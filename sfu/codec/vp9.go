package codec

import "encoding/binary"

// VP9Header is the payload descriptor of RFC 9628 section 4.2.
type VP9Header struct {
	Size        int   // of the descriptor, in bytes
	PictureBits uint8 // 0, 7 or 15
	PictureID   uint16
	InterPic    bool // P: needs an earlier picture
	Flexible    bool // F: references are listed in the packet
	Start, End  bool // B, E: of a layer frame
	NoUpper     bool // Z: not a reference for upper spatial layers

	HasLayers bool
	Temporal  uint8 // TID
	SwitchUp  bool  // U
	Spatial   uint8 // SID
	InterLay  bool  // D: needs the next lower spatial layer
	HasTL0    bool
	TL0       uint8
	Refs      uint8    // number of P_DIFF, flexible mode
	Diffs     [3]uint8 // P_DIFF

	HasStructure   bool // V: scalability structure
	SpatialLayers  uint8
	TemporalLayers uint8 // highest TID in the picture group + 1, 0 if not given
	Width, Height  [8]uint16

	pictureAt, tl0At int
}

// Keyframe tells whether the picture needs no earlier one. An upper layer of
// a key picture has it too.
func (h *VP9Header) Keyframe() bool { return !h.InterPic }

// ParseVP9 reads the descriptor that begins payload, in flexible and
// non-flexible mode.
func ParseVP9(payload []byte, h *VP9Header) error {
	*h = VP9Header{}
	r := reader{b: payload}
	first := r.u8()
	h.InterPic, h.Flexible = first&0x40 != 0, first&0x10 != 0
	h.Start, h.End, h.NoUpper = first&0x08 != 0, first&0x04 != 0, first&0x01 != 0
	if first&0x80 != 0 {
		h.pictureAt = r.at
		id := r.u8()
		h.PictureBits, h.PictureID = 7, uint16(id&0x7f)
		if id&0x80 != 0 {
			h.PictureBits, h.PictureID = 15, uint16(id&0x7f)<<8|uint16(r.u8())
		}
	}
	if first&0x20 != 0 {
		l := r.u8()
		h.HasLayers, h.Temporal, h.SwitchUp = true, l>>5, l&0x10 != 0
		h.Spatial, h.InterLay = l>>1&0x07, l&0x01 != 0
		if !h.Flexible {
			h.HasTL0, h.tl0At = true, r.at
			h.TL0 = r.u8()
		}
	}
	if h.Flexible && h.InterPic {
		for more := true; more; {
			if h.Refs == 3 {
				return ErrMalformed // RFC 9628: at most three references
			}
			d := r.u8()
			h.Diffs[h.Refs], more = d>>1, d&0x01 != 0
			h.Refs++
		}
	}
	if first&0x02 != 0 {
		h.structure(&r)
	}
	if r.short || r.at >= len(payload) {
		return ErrShort
	}
	if h.Spatial == 0 && h.InterLay {
		return ErrMalformed // the base layer has nothing below it
	}
	h.Size = r.at
	return nil
}

// structure reads the scalability structure (RFC 9628 section 4.2.1).
func (h *VP9Header) structure(r *reader) {
	s := r.u8()
	h.HasStructure, h.SpatialLayers = true, s>>5+1
	if s&0x10 != 0 {
		for i := range h.SpatialLayers {
			h.Width[i], h.Height[i] = r.u16(), r.u16()
		}
	}
	if s&0x08 == 0 {
		return
	}
	for n := r.u8(); n > 0 && !r.short; n-- {
		g := r.u8()
		h.TemporalLayers = max(h.TemporalLayers, g>>5+1)
		r.skip(int(g >> 2 & 0x03))
	}
}

func (h *VP9Header) frame(marker bool, f *Frame) {
	f.Keyframe, f.Start, f.End = h.Keyframe(), h.Start, h.End
	f.Spatial, f.Temporal = int8(h.Spatial), int8(h.Temporal)
	f.SwitchUp = h.SwitchUp || h.Temporal == 0 || !h.InterPic
	f.InterLayer, f.Discardable = h.InterLay, h.NoUpper
	f.PictureBits, f.PictureID = h.PictureBits, h.PictureID
	f.HasTL0, f.TL0 = h.HasTL0, h.TL0
	f.SpatialLayers, f.TemporalLayers = h.SpatialLayers, h.TemporalLayers
	if h.HasStructure {
		f.Width, f.Height = h.Width[h.SpatialLayers-1], h.Height[h.SpatialLayers-1]
	}
	if !h.HasLayers {
		f.Start, f.End = h.Start, h.End || marker
	}
}

// RewriteVP9Header writes the descriptor of src to dst with another picture
// id and TL0PICIDX (each in the width src has it in, absent stays absent), and
// returns its length: dst[:n] followed by src[n:] is the new payload.
func RewriteVP9Header(dst, src []byte, pictureID uint16, tl0 uint8) (int, error) {
	var h VP9Header
	if err := ParseVP9(src, &h); err != nil {
		return 0, err
	}
	if len(dst) < h.Size {
		return 0, ErrShort
	}
	n := copy(dst, src[:h.Size])
	putPicture(dst, h.pictureAt, h.PictureBits, pictureID)
	if h.HasTL0 {
		dst[h.tl0At] = tl0
	}
	return n, nil
}

// reader reads big-endian bytes; past the end it gives zeros and notes it.
type reader struct {
	b     []byte
	at    int
	short bool
}

func (r *reader) u8() byte {
	if r.at >= len(r.b) {
		r.short = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) u16() uint16 {
	if r.at+2 > len(r.b) {
		r.short, r.at = true, len(r.b)
		return 0
	}
	r.at += 2
	return binary.BigEndian.Uint16(r.b[r.at-2:])
}

func (r *reader) skip(n int) {
	if r.at+n > len(r.b) {
		r.short, r.at = true, len(r.b)
		return
	}
	r.at += n
}
