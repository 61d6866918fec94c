package codec

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// b reads hexadecimal with spaces.
func b(s string) []byte {
	v, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return v
}

func TestByMime(t *testing.T) {
	for mime, want := range map[string]Codec{
		"video/VP8": VP8, "video/vp9": VP9, "video/H264": H264, "video/AV1": AV1,
		"audio/opus": Opus, "audio/red": RED, "video/rtx": Unknown, "": Unknown, "VP8": Unknown,
	} {
		if got := ByMime(mime); got != want {
			t.Errorf("%q = %v, want %v", mime, got, want)
		}
	}
	if Opus.Video() || !AV1.Video() || Unknown.String() != "unknown" {
		t.Error("kinds")
	}
}

func TestParseVP8(t *testing.T) {
	key := "10 02 00 9d 01 2a 80 02 68 01" // 640 × 360
	for _, tt := range []struct {
		name, in string
		want     VP8Header
		err      error
	}{
		{"bare, key frame", "10" + key, VP8Header{Size: 1, Start: true, Keyframe: true, Width: 640, Height: 360}, nil},
		{"bare, delta", "10 01", VP8Header{Size: 1, Start: true}, nil},
		{"continuation looks like a key frame but is none", "00 00", VP8Header{Size: 1}, nil},
		{"second partition", "11 00", VP8Header{Size: 1, Start: true, Partition: 1}, nil},
		{"not a reference", "30 01", VP8Header{Size: 1, Start: true, NonRef: true}, nil},
		{"X without fields", "90 00 01", VP8Header{Size: 2, Start: true}, nil},
		{"7 bit id", "90 80 7f 01", VP8Header{Size: 3, Start: true, PictureBits: 7, PictureID: 127, pictureAt: 2}, nil},
		{"15 bit id", "90 80 ff fe 01", VP8Header{Size: 4, Start: true, PictureBits: 15, PictureID: 32766, pictureAt: 2}, nil},
		{"everything", "90 f0 81 02 07 ba 01", VP8Header{Size: 6, Start: true, PictureBits: 15, PictureID: 258, HasTL0: true, TL0: 7,
			HasTID: true, TID: 2, Sync: true, HasKeyIndex: true, KeyIndex: 26, pictureAt: 2, tl0At: 4}, nil},
		{"key index alone", "90 10 df 01", VP8Header{Size: 3, Start: true, HasKeyIndex: true, KeyIndex: 31}, nil},
		{"TL0 and layer without id", "90 60 05 40 01", VP8Header{Size: 4, Start: true, HasTL0: true, TL0: 5, HasTID: true, TID: 1, tl0At: 2}, nil},
		{"short key frame", "10 00 00", VP8Header{Size: 1, Start: true, Keyframe: true}, nil},
		{"wrong start code", "10 10 02 00 9d 01 2b 80 02 68 01", VP8Header{}, ErrMalformed},
		{"empty", "", VP8Header{}, ErrShort},
		{"descriptor only", "10", VP8Header{}, ErrShort},
		{"cut after X", "90", VP8Header{}, ErrShort},
		{"cut in the id", "90 80 81", VP8Header{}, ErrShort},
		{"cut before TL0", "90 c0 01", VP8Header{}, ErrShort},
		{"cut before T", "90 e0 01 02", VP8Header{}, ErrShort},
		{"no media", "90 80 01", VP8Header{}, ErrShort},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h VP8Header
			err := ParseVP8(b(tt.in), &h)
			if !errors.Is(err, tt.err) || err == nil && h != tt.want {
				t.Errorf("%+v %v, want %+v %v", h, err, tt.want, tt.err)
			}
		})
	}
}

func TestRewriteVP8(t *testing.T) {
	for _, tt := range []struct{ name, in, out string }{
		{"15 bits", "90 e0 81 02 07 80 01 aa", "90 e0 d2 34 99 80 01 aa"},
		{"7 bits", "90 80 7f 01 aa", "90 80 34 01 aa"},
		{"no id", "90 40 07 01 aa", "90 40 99 01 aa"},
		{"nothing to rewrite", "10 01 aa", "10 01 aa"},
	} {
		src, dst := b(tt.in), make([]byte, 20)
		n, err := RewriteVP8(dst, src, 0x5234, 0x99)
		if err != nil || hex.EncodeToString(dst[:n]) != hex.EncodeToString(b(tt.out)) {
			t.Errorf("%s: %x %v", tt.name, dst[:n], err)
		}
		head := make([]byte, 20)
		m, err := RewriteVP8Header(head, src, 0x5234, 0x99)
		if err != nil || string(append(head[:m:m], src[m:]...)) != string(dst[:n]) {
			t.Errorf("%s: header alone gives %x %v", tt.name, head[:m], err)
		}
		if _, err := RewriteVP8(dst[:1], src, 1, 1); !errors.Is(err, ErrShort) {
			t.Errorf("%s: into one byte: %v", tt.name, err)
		}
	}
	if _, err := RewriteVP8(make([]byte, 9), b("90 80"), 1, 1); err == nil {
		t.Error("rewrote rubbish")
	}
}

func TestParseVP9(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     VP9Header
		err      error
	}{
		{"bare key frame", "0c aa", VP9Header{Size: 1, Start: true, End: true}, nil},
		{"7 bit id, delta", "cc 05 aa", VP9Header{Size: 2, PictureBits: 7, PictureID: 5, InterPic: true, Start: true, End: true, pictureAt: 1}, nil},
		{"layers, not flexible", "ec 81 02 b5 2a aa", VP9Header{Size: 5, PictureBits: 15, PictureID: 258, InterPic: true, Start: true, End: true,
			HasLayers: true, Temporal: 5, SwitchUp: true, Spatial: 2, InterLay: true, HasTL0: true, TL0: 42, pictureAt: 1, tl0At: 4}, nil},
		{"layers, flexible, two references", "fc 81 02 40 03 04 aa", VP9Header{Size: 6, PictureBits: 15, PictureID: 258, InterPic: true, Flexible: true,
			Start: true, End: true, HasLayers: true, Temporal: 2, Refs: 2, Diffs: [3]uint8{1, 2}, pictureAt: 1}, nil},
		{"not needed above", "89 05 aa", VP9Header{Size: 2, PictureBits: 7, PictureID: 5, Start: true, NoUpper: true, pictureAt: 1}, nil},
		{"structure with sizes and groups", "0a 38 0140 00b4 0280 0168 02 04 01 48 02 03 aa", VP9Header{Size: 16, Start: true, HasStructure: true,
			SpatialLayers: 2, TemporalLayers: 3, Width: [8]uint16{320, 640}, Height: [8]uint16{180, 360}}, nil},
		{"four references", "5c 03 03 03 02 aa", VP9Header{}, ErrMalformed},
		{"base layer on nothing", "2c 01 00 aa", VP9Header{}, ErrMalformed},
		{"empty", "", VP9Header{}, ErrShort},
		{"no media", "0c", VP9Header{}, ErrShort},
		{"cut id", "8c 81", VP9Header{}, ErrShort},
		{"cut layers", "2c", VP9Header{}, ErrShort},
		{"cut references", "5c 03 03", VP9Header{}, ErrShort},
		{"cut structure", "0a 38 0140 00b4", VP9Header{}, ErrShort},
		{"cut groups", "0a 08 ff 00", VP9Header{}, ErrShort},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h VP9Header
			err := ParseVP9(b(tt.in), &h)
			if !errors.Is(err, tt.err) || err == nil && h != tt.want {
				t.Errorf("%+v %v, want %+v %v", h, err, tt.want, tt.err)
			}
		})
	}
}

func TestRewriteVP9(t *testing.T) {
	src, dst := b("ec 81 02 b5 2a aa"), make([]byte, 8)
	n, err := RewriteVP9Header(dst, src, 0x5234, 9)
	if err != nil || hex.EncodeToString(dst[:n]) != "ecd234b509" {
		t.Errorf("%x %v", dst[:n], err)
	}
	if _, err := RewriteVP9Header(dst[:2], src, 1, 1); !errors.Is(err, ErrShort) {
		t.Error(err)
	}
	if _, err := RewriteVP9Header(dst, src[:2], 1, 1); err == nil {
		t.Error("rewrote rubbish")
	}
}

func TestH264(t *testing.T) {
	for _, tt := range []struct {
		name, in            string
		key, start, discard bool
		err                 error
	}{
		{"IDR", "65 88 84", true, true, false, nil},
		{"SPS", "67 42 c0 1f", true, true, false, nil},
		{"PPS alone", "68 ce", false, false, false, nil},
		{"slice at macroblock 0", "41 9a", false, true, false, nil},
		{"slice further on", "41 1a", false, false, false, nil},
		{"not a reference", "01 9a", false, true, true, nil},
		{"STAP-A with SPS, PPS", "78 0003 674200 0002 68ce", true, true, false, nil},
		{"STAP-A of slices", "58 0002 419a 0002 411a", false, true, false, nil},
		{"FU-A start of IDR", "7c 85 88", true, true, false, nil},
		{"FU-A middle of IDR", "7c 05 88", false, false, false, nil},
		{"FU-A end", "7c 45 88", false, false, false, nil},
		{"FU-A start of a slice", "5c 81 9a", false, true, false, nil},
		{"FU-A of start and end", "7c c5 88", false, false, false, ErrMalformed},
		{"forbidden bit", "e5 88", false, false, false, ErrMalformed},
		{"type 0", "60 00", false, false, false, ErrMalformed},
		{"interleaved", "79 00 00", false, false, false, ErrMalformed},
		{"empty", "", false, false, false, ErrShort},
		{"short FU-A", "7c 85", false, false, false, ErrShort},
		{"empty STAP-A", "78", false, false, false, ErrShort},
		{"STAP-A beyond the end", "78 0009 67", false, false, false, ErrShort},
		{"STAP-A half a length", "78 0001 67 00", false, false, false, ErrShort},
		{"STAP-A of nothing", "78 0000", false, false, false, ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, f := Parser{Codec: H264}, Frame{}
			err := p.Parse(b(tt.in), true, nil, &f)
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			if err == nil && (f.Keyframe != tt.key || f.Start != tt.start || f.Discardable != tt.discard || !f.End) {
				t.Errorf("%+v", f)
			}
			if IsKeyframe(H264, b(tt.in)) != tt.key {
				t.Error("IsKeyframe disagrees")
			}
		})
	}
}

func TestAV1WithoutDescriptor(t *testing.T) {
	for _, tt := range []struct {
		name, in        string
		key, start, end bool
		err             error
	}{
		{"sequence header first", "18 0a 0b 00", true, true, true, nil},
		{"N bit", "18 30 00", true, true, true, nil},
		{"delta frame", "10 30 00", false, true, true, nil},
		{"continued", "90 0a 00", false, false, true, nil}, // the byte is data, not a header
		{"lengths, W=0: delimiter, then sequence header", "00 02 1200 03 0a0b00", true, true, true, nil},
		{"lengths, W=2", "20 02 1200 0a0b", true, true, true, nil},
		{"lengths, W=2, no sequence header", "20 02 1200 3200", false, true, true, nil},
		{"continued, W=2, sequence header second", "a0 02 aabb 0a0b", true, false, true, nil},
		{"Z and N", "98 0a 00", false, false, false, ErrMalformed},
		{"length beyond the end", "00 09 12", false, false, false, ErrShort},
		{"length without end", "00 ff ff ff ff ff ff ff ff ff", false, false, false, ErrMalformed},
		{"forbidden bit", "10 8a 00", false, false, false, ErrMalformed},
		{"aggregation header only", "10", false, false, false, ErrShort},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, f := Parser{Codec: AV1}, Frame{}
			err := p.Parse(b(tt.in), true, nil, &f)
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			if err == nil && (f.Keyframe != tt.key || f.Start != tt.start || f.End != tt.end) {
				t.Errorf("%+v", f)
			}
			if IsKeyframe(AV1, b(tt.in)) != tt.key {
				t.Error("IsKeyframe disagrees")
			}
		})
	}
}

func TestRED(t *testing.T) {
	var blocks [MaxBlocks]Block
	// Two older payloads 960 and 1920 units back, then the primary.
	in := b("ef 1e0003 ef 0f0002 6f 010203 0405 0607")
	n, err := ParseRED(in, &blocks)
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	for i, want := range []Block{{111, 1920, []byte{1, 2, 3}}, {111, 960, []byte{4, 5}}, {111, 0, []byte{6, 7}}} {
		if got := blocks[i]; got.Type != want.Type || got.Offset != want.Offset || string(got.Payload) != string(want.Payload) {
			t.Errorf("block %d: %+v, want %+v", i, got, want)
		}
	}
	p, err := PrimaryRED(in)
	if err != nil || string(p.Payload) != "\x06\x07" {
		t.Errorf("%+v %v", p, err)
	}
	if p, err := PrimaryRED(b("6f 09")); err != nil || string(p.Payload) != "\x09" {
		t.Errorf("primary alone: %+v %v", p, err)
	}
	for name, in := range map[string]string{
		"empty": "", "no primary": "ef 000001", "cut header": "ef 00", "block beyond the end": "ef 0003ff 6f 01",
		"too many blocks": strings.Repeat("ef 000000", 9) + "6f",
	} {
		if _, err := ParseRED(b(in), &blocks); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestVideoFrames(t *testing.T) {
	var f Frame
	p := Parser{Codec: VP8}
	if err := p.Parse(b("90 e0 81 02 07 a0 01 aa"), true, nil, &f); err != nil || f.Temporal != 2 || !f.SwitchUp || !f.End ||
		f.PictureBits != 15 || f.PictureID != 258 || f.TL0 != 7 || !f.HasTL0 || f.Keyframe {
		t.Errorf("VP8: %+v %v", f, err)
	}
	p = Parser{Codec: VP9}
	if err := p.Parse(b("ac 81 02 05 2a aa"), true, nil, &f); err != nil || f.Spatial != 2 || !f.InterLayer || !f.Keyframe || !f.End {
		t.Errorf("VP9: %+v %v", f, err)
	}
	p = Parser{Codec: Opus}
	if err := p.Parse([]byte{1}, false, nil, &f); err != nil || !f.Keyframe || !f.Start || !f.End {
		t.Errorf("Opus: %+v %v", f, err)
	}
	if p.Parse(nil, false, nil, &f) == nil {
		t.Error("padding has no frame")
	}
}

func TestNoAllocations(t *testing.T) {
	var f Frame
	for _, tt := range []struct {
		p  Parser
		in string
		dd []byte
	}{
		{Parser{Codec: VP8}, "90 e0 81 02 07 a0 01 aa", nil}, {Parser{Codec: VP9}, "ac 81 02 05 2a aa", nil},
		{Parser{Codec: H264}, "78 0003 674200 0002 68ce", nil}, {Parser{Codec: AV1}, "00 02 1200 03 0a0b00", l1t2().bytes()},
		{Parser{Codec: VP8}, "90", nil},
	} {
		in := b(tt.in)
		if n := testing.AllocsPerRun(100, func() { _ = tt.p.Parse(in, true, tt.dd, &f) }); n != 0 {
			t.Errorf("%v: %v allocations", tt.p.Codec, n)
		}
	}
}

func BenchmarkParse(b0 *testing.B) {
	for name, in := range map[Codec]string{VP8: "90 e0 81 02 07 a0 01 aa", VP9: "ac 81 02 05 2a aa", H264: "7c 85 88", AV1: "10 30 00"} {
		b0.Run(name.String(), func(b0 *testing.B) {
			p, f, in := Parser{Codec: name}, Frame{}, b(in)
			b0.ReportAllocs()
			for b0.Loop() {
				_ = p.Parse(in, true, nil, &f)
			}
		})
	}
}
