package frame

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pion/rtp/codecs"

	"mentara/sfu/codec"
)

const limit = 1 << 20

// build makes one frame of payloads.
func build(b *Builder, payloads ...[]byte) (data []byte, key bool, err error) {
	for _, p := range payloads {
		if err := b.Add(p); err != nil {
			b.Reset()
			return nil, false, err
		}
	}
	return b.Finish()
}

var (
	sps    = []byte{0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe9, 0xb8, 0x08, 0x08, 0x0a, 0, 0, 3, 0, 2} // 1280x720, with an escape
	pps    = []byte{0x68, 0xce, 0x3c, 0x80}
	idr    = []byte{0x65, 0x88, 1, 2, 3, 4, 5}
	av1Seq = []byte{0x0a, 0x0b, 0, 0, 0, 0x24, 0xcf, 0x7f, 0x0d, 0xbf, 0xff, 0x38, 0x18} // a sequence header with its size
)

func TestFrames(t *testing.T) {
	seq := append([]byte{0x08}, av1Seq[2:]...) // the same without
	for _, c := range []struct {
		name  string
		codec codec.Codec
		in    [][]byte
		want  []byte
		key   bool
		err   error
	}{
		{name: "VP8 key frame", codec: codec.VP8, key: true,
			in:   [][]byte{{0x90, 0x80, 0x05, 0x10, 0, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2}, {0x80, 0x80, 0x05, 7, 8}},
			want: []byte{0x10, 0, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2, 7, 8}},
		{name: "VP8 later partitions start too", codec: codec.VP8, in: [][]byte{{0x10, 1, 2}, {0x11, 3}}, want: []byte{1, 2, 3}},
		{name: "VP8 in the middle", codec: codec.VP8, in: [][]byte{{0, 1, 2}}, err: ErrStart},
		{name: "VP8 two frames", codec: codec.VP8, in: [][]byte{{0x10, 1}, {0x10, 1}}, err: ErrMalformed},
		{name: "VP8 cut", codec: codec.VP8, in: [][]byte{{0x90, 0x80}}, err: ErrMalformed},
		{name: "VP9", codec: codec.VP9, in: [][]byte{{0x48, 1, 2}, {0x44, 3}}, want: []byte{1, 2, 3}},
		{name: "VP9 in two layers", codec: codec.VP9, key: true,
			in:   [][]byte{{0x2c, 0, 0, 1, 2}, {0x28, 3, 0, 3}, {0x24, 3, 0, 4}},
			want: []byte{1, 2, 3, 4, 0xd9, 2, 0, 0, 0, 2, 0, 0, 0, 0xd9}},
		{name: "VP9 without its base", codec: codec.VP9, in: [][]byte{{0x28, 3, 0, 3}}, err: ErrStart},
		{name: "VP9 without an end", codec: codec.VP9, in: [][]byte{{0x2c, 0, 0, 1}, {0x28, 3, 0, 3}}, err: ErrMalformed},
		{name: "VP9 layer without a start", codec: codec.VP9, in: [][]byte{{0x2c, 0, 0, 1}, {0x20, 3, 0, 3}}, err: ErrMalformed},
		{name: "H264 single unit", codec: codec.H264, in: [][]byte{{0x41, 0x80, 9}}, want: []byte{0, 0, 0, 3, 0x41, 0x80, 9}},
		{name: "H264 parameter sets in STAP-A, slice in FU-A", codec: codec.H264, key: true,
			in: [][]byte{
				join([]byte{24, 0, byte(len(sps))}, sps, []byte{0, byte(len(pps))}, pps),
				{0x7c, 0x85, 0x88, 1}, {0x7c, 0x05, 2, 3}, {0x7c, 0x45, 4, 5},
			},
			want: join([]byte{0, 0, 0, byte(len(sps))}, sps, []byte{0, 0, 0, 4}, pps, []byte{0, 0, 0, 7}, idr)},
		{name: "H264 delimiters are left out", codec: codec.H264, in: [][]byte{{9, 0x10}, {0x41, 0x80}}, want: []byte{0, 0, 0, 2, 0x41, 0x80}},
		{name: "H264 key frame nobody can decode", codec: codec.H264, in: [][]byte{idr}, err: ErrMalformed},
		{name: "H264 parameter sets alone", codec: codec.H264, in: [][]byte{sps, pps}, err: ErrEmpty},
		{name: "H264 fragment without a start", codec: codec.H264, in: [][]byte{{0x7c, 0x05, 2, 3}}, err: ErrStart},
		{name: "H264 fragment without an end", codec: codec.H264, in: [][]byte{{0x7c, 0x81, 2, 3}}, err: ErrMalformed},
		{name: "H264 fragment within another", codec: codec.H264, in: [][]byte{{0x7c, 0x81, 2, 3}, {0x41, 1}}, err: ErrMalformed},
		{name: "H264 STAP-A beyond its end", codec: codec.H264, in: [][]byte{{24, 0, 9, 1}}, err: ErrMalformed},
		{name: "H264 interleaved", codec: codec.H264, in: [][]byte{{25, 0, 0, 1}}, err: ErrMalformed},
		{name: "AV1 key frame", codec: codec.AV1, key: true,
			in:   [][]byte{join([]byte{0x28, byte(len(seq))}, seq, []byte{0x30, 0x10, 1})},
			want: join(av1Seq, []byte{0x32, 2, 0x10, 1})},
		{name: "AV1 over two payloads, with a delimiter", codec: codec.AV1,
			in: [][]byte{{0x60, 2, 0x12, 0, 0x30, 0x20}, {0x90, 7, 8}}, want: []byte{0x32, 3, 0x20, 7, 8}},
		{name: "AV1 with sizes of its own", codec: codec.AV1, in: [][]byte{{0x10, 0x32, 1, 0x20}}, want: []byte{0x32, 1, 0x20}},
		{name: "AV1 with layers", codec: codec.AV1, in: [][]byte{{0x10, 0x34, 0x08, 0x20}}, want: []byte{0x36, 0x08, 1, 0x20}},
		{name: "AV1 in the middle", codec: codec.AV1, in: [][]byte{{0x90, 7, 8}}, err: ErrStart},
		{name: "AV1 without the rest", codec: codec.AV1, in: [][]byte{{0x50, 0x30, 7}}, err: ErrMalformed},
		{name: "AV1 beyond its end", codec: codec.AV1, in: [][]byte{{0x20, 9, 0x30}}, err: ErrMalformed},
		{name: "Opus", codec: codec.Opus, key: true, in: [][]byte{{0x78, 1, 2}}, want: []byte{0x78, 1, 2}},
		{name: "two of Opus", codec: codec.Opus, in: [][]byte{{0x78}, {0x78}}, err: ErrMalformed},
		{name: "nothing", codec: codec.VP8, in: [][]byte{{}}, err: ErrMalformed},
		{name: "no payload", codec: codec.VP8, err: ErrEmpty},
		{name: "too large", codec: codec.VP8, in: [][]byte{{0x10, 1}, make([]byte, limit)}, err: ErrTooLarge},
		{name: "another codec", codec: codec.RED, in: [][]byte{{1}}, err: ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := New(c.codec, limit)
			for range 2 { // a builder is used again, also after an error
				got, key, err := build(b, c.in...)
				if !errors.Is(err, c.err) || !bytes.Equal(got, c.want) || key != c.key {
					t.Fatalf("got % x, key %v, %v\nwant % x, %v, %v", got, key, err, c.want, c.key, c.err)
				}
			}
		})
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// A player that seeks to a key frame has seen no parameter sets before it.
func TestParameterSetsAreRemembered(t *testing.T) {
	b := New(codec.H264, limit)
	_, _, _ = build(b, sps, pps)
	got, key, err := build(b, idr)
	want := join([]byte{0, 0, 0, byte(len(sps))}, sps, []byte{0, 0, 0, 4}, pps, []byte{0, 0, 0, 7}, idr)
	if err != nil || !key || !bytes.Equal(got, want) {
		t.Errorf("got % x, %v, %v", got, key, err)
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec codec.Codec
		key   []byte
		w, h  int
	}{
		{"VP8", codec.VP8, []byte{0x10, 0, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2}, 1280, 720},
		{"VP8 delta", codec.VP8, []byte{0x11, 0, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2}, 0, 0},
		{"VP9", codec.VP9, []byte{0x82, 0x49, 0x83, 0x42, 0, 0x4f, 0xf0, 0x2c, 0xf0}, 1280, 720},
		{"H264", codec.H264, join([]byte{0, 0, 0, byte(len(sps))}, sps), 1280, 720},
		{"AV1", codec.AV1, av1Seq, 960, 540},
		{"cut", codec.AV1, []byte{0x0a, 2, 0, 0}, 0, 0},
	} {
		w, h, ok := Size(c.codec, c.key)
		if w != c.w || h != c.h || ok != (c.w > 0) {
			t.Errorf("%s: %dx%d %v", c.name, w, h, ok)
		}
	}
}

func TestSplitRED(t *testing.T) {
	var got [codec.MaxBlocks]Sound
	n, err := SplitRED([]byte{0x80 | 111, 960 >> 6, 960 << 2 & 0xff, 2, 0x80 | 111, 0, 0, 0, 111, 7, 7, 8}, 5000, &got)
	if err != nil || n != 2 || got[0].Timestamp != 4040 || !got[0].Copy || len(got[0].Payload) != 2 ||
		got[1].Timestamp != 5000 || got[1].Copy || got[1].Payload[0] != 8 {
		t.Errorf("%+v, %d, %v", got[:2], n, err)
	}
	if _, err := SplitRED([]byte{0x80, 0, 0}, 0, &got); err == nil {
		t.Error("rubbish was taken")
	}
}

// What pion makes of a frame is put together to the same again.
func TestAgainstPion(t *testing.T) {
	body := make([]byte, 5000)
	for i := range body {
		body[i] = byte(i*7 + 1)
	}
	h264 := append([]byte{0x41}, body...)
	tu := join([]byte{0x12, 0}, av1Seq, []byte{0x32, 0x89, 0x27}, append([]byte{0x10}, body...)[:5001])
	for _, c := range []struct {
		name     string
		codec    codec.Codec
		payloads [][]byte
		want     []byte
	}{
		{"VP8", codec.VP8, (&codecs.VP8Payloader{EnablePictureID: true}).Payload(1100, body), body},
		{"H264", codec.H264, (&codecs.H264Payloader{}).Payload(1100, join([]byte{0, 0, 0, 1}, h264)),
			join([]byte{0, 0, 0x13, 0x89}, h264)},
		{"AV1", codec.AV1, (&codecs.AV1Payloader{}).Payload(1100, tu), tu[2:]},
	} {
		got, _, err := build(New(c.codec, limit), c.payloads...)
		if err != nil || len(c.payloads) < 4 || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d payloads, %v, %d bytes, want %d", c.name, len(c.payloads), err, len(got), len(c.want))
		}
	}
}

// FuzzBuilder cuts bytes into payloads, and these into frames. The frames are
// of the size they say and, in H264 and AV1, of units that fill them.
func FuzzBuilder(f *testing.F) {
	f.Add(uint8(0), []byte{8, 0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 0, 3, 0, 7, 8, 0})
	f.Add(uint8(1), []byte{5, 0x2c, 0, 0, 1, 2, 4, 0x28, 3, 0, 3, 4, 0x24, 3, 0, 4, 0})
	f.Add(uint8(2), join([]byte{byte(len(sps))}, sps, []byte{4}, pps, []byte{4, 0x7c, 0x85, 0x88, 1, 4, 0x7c, 0x45, 4, 5, 0}))
	f.Add(uint8(3), join([]byte{byte(len(av1Seq) + 5), 0x28, byte(len(av1Seq))}, av1Seq, []byte{0x30, 0x10, 1, 0}))
	f.Add(uint8(3), []byte{6, 0x60, 2, 0x12, 0, 0x30, 0x20, 3, 0x90, 7, 8, 0})
	f.Add(uint8(4), []byte{3, 0x78, 1, 2, 0})
	f.Fuzz(func(t *testing.T, kind uint8, script []byte) {
		b := New(codec.Codec(kind%6+1), 8<<10)
		var sounds [codec.MaxBlocks]Sound
		_, _ = SplitRED(script, 0, &sounds)
		for len(script) > 0 {
			n := min(int(script[0]), len(script)-1)
			payload := script[1 : 1+n]
			script = script[1+n:]
			if n > 0 {
				if b.Add(payload) != nil {
					b.Reset()
				}
				continue
			}
			data, key, err := b.Finish()
			if err != nil {
				continue
			}
			if len(data) == 0 || len(data) > 8<<10 {
				t.Fatalf("a frame of %d bytes", len(data))
			}
			if w, h, ok := Size(b.Codec(), data); ok && (w <= 0 || h <= 0 || w > 1<<16 || h > 1<<16) {
				t.Fatalf("%dx%d", w, h)
			}
			switch b.Codec() {
			case codec.H264:
				if key && (find264(data, nalSPS) == nil || find264(data, nalPPS) == nil) {
					t.Fatalf("a key frame without parameter sets: % x", data)
				}
				for rest := data; len(rest) > 0; {
					n := int(rest[0])<<24 | int(rest[1])<<16 | int(rest[2])<<8 | int(rest[3])
					rest = rest[4+n:]
				}
			case codec.AV1:
				for rest := data; len(rest) > 0; {
					head := 1 + int(rest[0]>>2&1)
					n, used := leb128(rest[head:])
					if used == 0 || rest[0]&0x82 != 2 {
						t.Fatalf("a unit without its size: % x", rest)
					}
					rest = rest[head+used+int(n):]
				}
			}
		}
	})
}

func TestBuilderAllocatesNothing(t *testing.T) {
	part := bytes.Repeat([]byte{1}, 1100)
	for c, heads := range map[codec.Codec][2]byte{codec.VP8: {0x10, 0}, codec.VP9: {0x48, 0x44}, codec.H264: {0x41, 0x41}, codec.Opus: {0x78}} {
		b := New(c, limit)
		if n := testing.AllocsPerRun(100, func() {
			for _, head := range heads {
				if part[0] = head; c != codec.Opus || head != 0 {
					_ = b.Add(part)
				}
			}
			if _, _, err := b.Finish(); err != nil {
				t.Fatal(c, err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations per frame", c, n)
		}
	}
}
