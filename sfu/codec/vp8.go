package codec

import "encoding/binary"

// VP8Header is the payload descriptor of RFC 7741 section 4.2, and of a
// keyframe's first packet the size from the payload header (RFC 6386 9.1).
type VP8Header struct {
	Size        int   // of the descriptor, in bytes
	NonRef      bool  // N: no other frame needs this one
	Start       bool  // S: a partition starts here
	Partition   uint8 // PID
	PictureBits uint8 // 0, 7 or 15
	PictureID   uint16
	HasTL0      bool
	TL0         uint8
	HasTID      bool
	TID         uint8
	Sync        bool // Y: depends only on base-layer frames
	HasKeyIndex bool
	KeyIndex    uint8

	Keyframe      bool // known only in the packet that starts the frame
	Width, Height uint16

	pictureAt, tl0At int // offsets for rewriting
}

// ParseVP8 reads the descriptor that begins payload.
func ParseVP8(payload []byte, h *VP8Header) error {
	*h = VP8Header{}
	if len(payload) < 1 {
		return ErrShort
	}
	first := payload[0]
	h.NonRef, h.Start, h.Partition = first&0x20 != 0, first&0x10 != 0, first&0x07
	at := 1
	if first&0x80 != 0 {
		if len(payload) < 2 {
			return ErrShort
		}
		var err error
		if at, err = h.extended(payload, payload[1]); err != nil {
			return err
		}
	}
	if len(payload) <= at {
		return ErrShort
	}
	h.Size = at
	if h.Start && h.Partition == 0 && payload[at]&0x01 == 0 {
		return h.keyframe(payload[at:])
	}
	return nil
}

// extended reads the optional fields I, L, T and K and returns where they end.
func (h *VP8Header) extended(payload []byte, flags byte) (int, error) {
	at := 2
	if flags&0x80 != 0 {
		if len(payload) <= at {
			return 0, ErrShort
		}
		h.pictureAt, h.PictureBits, h.PictureID = at, 7, uint16(payload[at]&0x7f)
		if payload[at]&0x80 != 0 {
			if len(payload) <= at+1 {
				return 0, ErrShort
			}
			h.PictureBits, h.PictureID = 15, binary.BigEndian.Uint16(payload[at:])&0x7fff
			at++
		}
		at++
	}
	if flags&0x40 != 0 {
		if len(payload) <= at {
			return 0, ErrShort
		}
		h.HasTL0, h.tl0At, h.TL0 = true, at, payload[at]
		at++
	}
	if flags&0x30 != 0 {
		if len(payload) <= at {
			return 0, ErrShort
		}
		if flags&0x20 != 0 {
			h.HasTID, h.TID, h.Sync = true, payload[at]>>6, payload[at]&0x20 != 0
		}
		if flags&0x10 != 0 {
			h.HasKeyIndex, h.KeyIndex = true, payload[at]&0x1f
		}
		at++
	}
	return at, nil
}

// keyframe reads the uncompressed start of a key picture: frame tag, start
// code, dimensions. A first packet too short to hold them is still accepted.
func (h *VP8Header) keyframe(p []byte) error {
	h.Keyframe = true
	if len(p) < 10 {
		return nil
	}
	if p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a {
		return ErrMalformed
	}
	h.Width = binary.LittleEndian.Uint16(p[6:]) & 0x3fff
	h.Height = binary.LittleEndian.Uint16(p[8:]) & 0x3fff
	return nil
}

func (h *VP8Header) frame(marker bool, f *Frame) {
	f.Keyframe, f.Start, f.End = h.Keyframe, h.Start && h.Partition == 0, marker
	f.Temporal = int8(h.TID)
	f.SwitchUp = h.Keyframe || h.Sync || h.TID == 0
	f.Discardable = h.NonRef
	f.PictureBits, f.PictureID = h.PictureBits, h.PictureID
	f.HasTL0, f.TL0 = h.HasTL0, h.TL0
	f.Width, f.Height = h.Width, h.Height
}

// RewriteVP8 copies src to dst with another picture id and TL0PICIDX, both in
// the width src has them in; fields src does not have stay absent. It returns
// the length written, and ErrShort if dst cannot hold src. dst and src may be
// the same slice.
func RewriteVP8(dst, src []byte, pictureID uint16, tl0 uint8) (int, error) {
	var h VP8Header
	if err := ParseVP8(src, &h); err != nil {
		return 0, err
	}
	if len(dst) < len(src) {
		return 0, ErrShort
	}
	n := copy(dst, src)
	h.patch(dst, pictureID, tl0)
	return n, nil
}

// RewriteVP8Header writes only the descriptor of src to dst, renumbered, and
// returns its length: dst[:n] followed by src[n:] is the new payload, so that
// the media bytes shared by all viewers are not copied.
func RewriteVP8Header(dst, src []byte, pictureID uint16, tl0 uint8) (int, error) {
	var h VP8Header
	if err := ParseVP8(src, &h); err != nil {
		return 0, err
	}
	if len(dst) < h.Size {
		return 0, ErrShort
	}
	n := copy(dst, src[:h.Size])
	h.patch(dst, pictureID, tl0)
	return n, nil
}

func (h *VP8Header) patch(dst []byte, pictureID uint16, tl0 uint8) {
	putPicture(dst, h.pictureAt, h.PictureBits, pictureID)
	if h.HasTL0 {
		dst[h.tl0At] = tl0
	}
}

// putPicture writes a 7 or 15 bit picture id with its M bit (RFC 7741, 9628).
func putPicture(dst []byte, at int, bits uint8, id uint16) {
	switch bits {
	case 7:
		dst[at] = byte(id & 0x7f)
	case 15:
		binary.BigEndian.PutUint16(dst[at:], id|0x8000)
	}
}
