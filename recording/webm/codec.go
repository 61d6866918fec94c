package webm

import (
	"encoding/binary"
	"fmt"
	"time"
)

// described is what a key frame tells: the size of the picture, what a decoder
// has to know beforehand, and the codec's name in a media type.
type described struct {
	width, height int
	private       []byte
	mime          string
}

func describe(codec string, key []byte) (described, error) {
	var d described
	var err error
	switch codec {
	case "VP8":
		d, err = describeVP8(key)
	case "VP9":
		d, err = describeVP9(key)
	case "AV1":
		d, err = describeAV1(key)
	case "H264":
		d, err = describeH264(key)
	default:
		err = fmt.Errorf("%q", codec)
	}
	if err == nil && (d.width == 0 || d.height == 0) {
		err = fmt.Errorf("a picture of %dx%d", d.width, d.height)
	}
	if err != nil {
		return described{}, fmt.Errorf("%w: %w", ErrCodec, err)
	}
	return d, nil
}

// opusHead is the identification header of RFC 7845, section 5.1.
func opusHead(channels int) []byte {
	b := append([]byte("OpusHead"), 1, byte(channels))
	b = binary.LittleEndian.AppendUint16(b, opusDelay)
	b = binary.LittleEndian.AppendUint32(b, 48000)
	return append(b, 0, 0, 0) // gain, mapping family
}

// silences are Opus packets of silence, longest first: CELT, full band, mono,
// in a stream of any channels (RFC 6716, section 3.1).
var silences = []struct {
	length time.Duration
	packet [3]byte
}{
	{20 * time.Millisecond, [3]byte{0xF8, 0xFF, 0xFE}},
	{10 * time.Millisecond, [3]byte{0xF0, 0xFF, 0xFE}},
	{5 * time.Millisecond, [3]byte{0xE8, 0xFF, 0xFE}},
	{2500 * time.Microsecond, [3]byte{0xE0, 0xFF, 0xFE}},
}

// opusDuration is how long a packet sounds, RFC 6716, sections 3.1 and 3.2.
func opusDuration(b []byte) time.Duration {
	if len(b) == 0 {
		return 0
	}
	var one time.Duration
	switch config := b[0] >> 3; {
	case config < 12:
		one = []time.Duration{10, 20, 40, 60}[config%4] * time.Millisecond
	case config < 16:
		one = []time.Duration{10, 20}[config%2] * time.Millisecond
	default:
		one = 2500 * time.Microsecond << (config % 4)
	}
	switch b[0] & 3 {
	case 0:
		return one
	case 3:
		if len(b) < 2 {
			return 0
		}
		return min(one*time.Duration(b[1]&0x3F), 120*time.Millisecond)
	default:
		return 2 * one
	}
}

// describeVP8 reads a key frame's header, RFC 6386, section 9.1.
func describeVP8(b []byte) (described, error) {
	if len(b) < 10 || b[0]&1 != 0 || b[3] != 0x9D || b[4] != 0x01 || b[5] != 0x2A {
		return described{}, fmt.Errorf("not a VP8 key frame")
	}
	return described{
		width:  int(binary.LittleEndian.Uint16(b[6:]) & 0x3FFF),
		height: int(binary.LittleEndian.Uint16(b[8:]) & 0x3FFF),
		mime:   "vp8",
	}, nil
}

// bitReader reads a bit stream; past its end it reads zeros and says so.
type bitReader struct {
	b    []byte
	at   int
	over bool
}

func (r *bitReader) u(n int) int {
	v := 0
	for range n {
		v <<= 1
		if i := r.at >> 3; i < len(r.b) {
			v |= int(r.b[i]>>(7-r.at&7)) & 1
		} else {
			r.over = true
		}
		r.at++
	}
	return v
}

func (r *bitReader) flag() bool { return r.u(1) == 1 }

// ue reads an Exp-Golomb number, ITU-T H.264, section 9.1.
func (r *bitReader) ue() int {
	zeros := 0
	for !r.flag() {
		if zeros++; zeros > 31 || r.over {
			r.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.u(zeros)
}

func (r *bitReader) se() int {
	v := r.ue()
	if v%2 == 0 {
		return -v / 2
	}
	return (v + 1) / 2
}

// describeVP9 reads the uncompressed header of a key frame, VP9 bitstream
// specification, section 6.2.
func describeVP9(b []byte) (described, error) {
	bad := fmt.Errorf("not a VP9 key frame")
	r := &bitReader{b: b}
	if r.u(2) != 2 {
		return described{}, bad
	}
	profile := r.u(1) | r.u(1)<<1
	if profile == 3 && r.flag() {
		return described{}, bad
	}
	if r.flag() { // shows an older frame
		return described{}, bad
	}
	if inter := r.flag(); inter {
		return described{}, bad
	}
	r.u(2) // show_frame, error_resilient_mode
	if r.u(24) != 0x498342 {
		return described{}, bad
	}
	depth := 8
	if profile >= 2 {
		depth = 10 + 2*r.u(1)
	}
	if space := r.u(3); space != 7 {
		r.u(1)
		if profile == 1 || profile == 3 {
			r.u(3)
		}
	} else if profile == 1 || profile == 3 {
		r.u(1)
	}
	d := described{width: r.u(16) + 1, height: r.u(16) + 1}
	d.mime = fmt.Sprintf("vp09.%02d.%d.%02d", profile, vp9Level(d.width*d.height), depth)
	if r.over {
		return described{}, bad
	}
	return d, nil
}

// vp9Level is the lowest level whose picture is large enough.
func vp9Level(luma int) int {
	for _, l := range []struct{ luma, level int }{{36864, 10}, {122880, 20}, {245760, 21}, {552960, 30}, {983040, 31}, {2228224, 41}, {8912896, 51}} {
		if luma <= l.luma {
			return l.level
		}
	}
	return 61
}

// describeH264 makes the decoder configuration of ISO/IEC 14496-15 of the
// parameter sets in a key frame, whose units are preceded by 4-byte lengths.
func describeH264(b []byte) (described, error) {
	var sps, pps []byte
	for rest := b; len(rest) >= 4; {
		n := binary.BigEndian.Uint32(rest)
		if rest = rest[4:]; n == 0 || uint64(n) > uint64(len(rest)) {
			return described{}, fmt.Errorf("not H264 units with 4-byte lengths")
		}
		switch unit := rest[:n]; unit[0] & 0x1F {
		case 7:
			if sps == nil {
				sps = unit
			}
		case 8:
			if pps == nil {
				pps = unit
			}
		}
		rest = rest[n:]
	}
	if len(sps) < 4 || len(pps) == 0 || len(sps) > 0xFFFF || len(pps) > 0xFFFF {
		return described{}, fmt.Errorf("an H264 key frame without parameter sets")
	}
	d, err := sizeH264(sps)
	if err != nil {
		return described{}, err
	}
	d.mime = fmt.Sprintf("avc1.%02x%02x%02x", sps[1], sps[2], sps[3])
	d.private = append(d.private, 1, sps[1], sps[2], sps[3], 0xFF, 0xE1)
	d.private = binary.BigEndian.AppendUint16(d.private, uint16(len(sps)))
	d.private = append(d.private, sps...)
	d.private = append(d.private, 1)
	d.private = binary.BigEndian.AppendUint16(d.private, uint16(len(pps)))
	d.private = append(d.private, pps...)
	if high := sps[1] == 100 || sps[1] == 110 || sps[1] == 122 || sps[1] == 144; high {
		d.private = append(d.private, 0xFC|1, 0xF8, 0xF8, 0) // 4:2:0 of 8 bits, which is all WebRTC sends
	}
	return d, nil
}

// sizeH264 reads a sequence parameter set as far as the picture's size, ITU-T
// H.264, section 7.3.2.1.
func sizeH264(sps []byte) (described, error) {
	r := &bitReader{b: unescape(sps)}
	r.u(8)
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
			return described{}, fmt.Errorf("an H264 stream with scaling lists")
		}
	}
	r.ue()
	switch r.ue() {
	case 0:
		r.ue()
	case 1:
		r.u(1)
		r.se()
		r.se()
		for n := r.ue(); n > 0 && !r.over; n-- {
			r.se()
		}
	}
	r.ue()
	r.u(1)
	width := (r.ue() + 1) * 16
	height := (r.ue() + 1) * 16
	unitY := 1
	if frames := r.flag(); !frames {
		height *= 2
		unitY = 2
		r.u(1)
	}
	r.u(1)
	if r.flag() {
		unitX := 1
		if chroma == 1 || chroma == 2 {
			unitX = 2
		}
		if chroma == 1 {
			unitY *= 2
		}
		width -= (r.ue() + r.ue()) * unitX
		height -= (r.ue() + r.ue()) * unitY
	}
	if r.over || width <= 0 || height <= 0 || width > 1<<14 || height > 1<<14 {
		return described{}, fmt.Errorf("not an H264 sequence parameter set")
	}
	return described{width: width, height: height}, nil
}

// unescape takes out the emulation prevention bytes.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i, c := range b {
		if c == 3 && i >= 2 && b[i-1] == 0 && b[i-2] == 0 {
			continue
		}
		out = append(out, c)
	}
	return out
}

// describeAV1 makes the configuration of the AV1 ISOBMFF binding, section 2.3,
// of the sequence header in a temporal unit whose OBUs bear their size.
func describeAV1(b []byte) (described, error) {
	bad := fmt.Errorf("not an AV1 key frame with sized OBUs")
	for rest := b; len(rest) > 0; {
		head := rest[0]
		skip := 1
		if head&4 != 0 {
			skip = 2
		}
		if head&2 == 0 || len(rest) < skip+1 {
			return described{}, bad
		}
		size, n := binary.Uvarint(rest[skip:])
		if n <= 0 || size > uint64(len(rest)-skip-n) {
			return described{}, bad
		}
		whole := rest[:skip+n+int(size)]
		if head>>3&0xF == 1 {
			return sequenceAV1(whole, whole[skip+n:])
		}
		rest = rest[len(whole):]
	}
	return described{}, bad
}

// sequenceAV1 reads a sequence header, AV1 bitstream specification, section
// 5.5. WebRTC senders use neither the reduced header nor timing info; both are
// read all the same.
func sequenceAV1(whole, b []byte) (described, error) {
	r := &bitReader{b: b}
	profile := r.u(3)
	r.u(1)
	level, tier := 0, 0
	if reduced := r.flag(); reduced {
		level = r.u(5)
		return finishAV1(r, whole, profile, level, tier, true)
	}
	decoderModel, delayBits := false, 0
	if r.flag() { // timing_info
		r.u(64)
		if r.flag() {
			r.ue()
		}
		if decoderModel = r.flag(); decoderModel {
			delayBits = r.u(5) + 1
			r.u(32 + 10)
		}
	}
	initialDelay := r.flag()
	points := r.u(5) + 1
	for i := range points {
		r.u(12)
		l, t := r.u(5), 0
		if l > 7 {
			t = r.u(1)
		}
		if i == 0 {
			level, tier = l, t
		}
		if decoderModel && r.flag() {
			r.u(2*delayBits + 1)
		}
		if initialDelay && r.flag() {
			r.u(4)
		}
	}
	return finishAV1(r, whole, profile, level, tier, false)
}

func finishAV1(r *bitReader, whole []byte, profile, level, tier int, reduced bool) (described, error) {
	wide, high := r.u(4)+1, r.u(4)+1
	d := described{width: r.u(wide) + 1, height: r.u(high) + 1}
	if !reduced {
		if r.flag() { // frame ids
			r.u(4 + 3)
		}
	}
	r.u(3) // superblock, filter intra, intra edge
	if !reduced {
		r.u(4) // interintra … dual filter
		order := r.flag()
		if order {
			r.u(2)
		}
		force := 2
		if !r.flag() {
			force = r.u(1)
		}
		if force > 0 && !r.flag() {
			r.u(1)
		}
		if order {
			r.u(3)
		}
	}
	r.u(3) // superres, cdef, restoration
	deep := r.u(1)
	twelve := 0
	if profile == 2 && deep == 1 {
		twelve = r.u(1)
	}
	mono := 0
	if profile != 1 {
		mono = r.u(1)
	}
	depth := 8 + 2*deep + 2*twelve
	subX, subY := 1, 1 // profile 0; the others are not sent by browsers
	if profile == 1 {
		subX, subY = 0, 0
	} else if profile == 2 && depth < 12 {
		subX, subY = 1, 0
	}
	if r.over {
		return described{}, fmt.Errorf("not an AV1 sequence header")
	}
	d.private = append([]byte{
		0x81, byte(profile<<5 | level),
		byte(tier<<7 | deep<<6 | twelve<<5 | mono<<4 | subX<<3 | subY<<2), 0,
	}, whole...)
	tierName := "M"
	if tier == 1 {
		tierName = "H"
	}
	d.mime = fmt.Sprintf("av01.%d.%02d%s.%02d", profile, level, tierName, depth)
	return d, nil
}
