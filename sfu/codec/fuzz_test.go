package codec

import (
	"bytes"
	"testing"
)

func seeds(f *testing.F, in ...string) {
	for _, s := range in {
		f.Add(b(s))
	}
}

func FuzzVP8(f *testing.F) {
	seeds(f, "10 10 02 00 9d 01 2a 80 02 68 01", "90 f0 81 02 07 ba 01", "90 80 7f 01", "90")
	f.Fuzz(func(t *testing.T, in []byte) {
		var h, again VP8Header
		if ParseVP8(in, &h) != nil {
			return
		}
		if h.Size >= len(in) || h.PictureID>>h.PictureBits != 0 {
			t.Fatalf("%+v of %d bytes", h, len(in))
		}
		out := make([]byte, len(in))
		n, err := RewriteVP8(out, in, 0x7fff, 9)
		if err != nil || n != len(in) || !bytes.Equal(out[h.Size:], in[h.Size:]) {
			t.Fatal("rewriting touched the media", err)
		}
		if ParseVP8(out, &again) != nil || again.Size != h.Size || again.PictureBits != h.PictureBits || again.Keyframe != h.Keyframe ||
			h.HasTL0 && again.TL0 != 9 || h.PictureBits > 0 && again.PictureID != 0x7fff&(1<<h.PictureBits-1) {
			t.Fatalf("%+v became %+v", h, again)
		}
	})
}

func FuzzVP9(f *testing.F) {
	seeds(f, "0c aa", "ec 81 02 b5 2a aa", "fc 81 02 40 03 04 aa", "0a 38 0140 00b4 0280 0168 02 04 01 48 02 03 aa", "0a ff")
	f.Fuzz(func(t *testing.T, in []byte) {
		var h, again VP9Header
		if ParseVP9(in, &h) != nil {
			return
		}
		if h.Size >= len(in) || h.Spatial > 7 || h.SpatialLayers > 8 || h.TemporalLayers > 8 {
			t.Fatalf("%+v", h)
		}
		out := bytes.Clone(in)
		if n, err := RewriteVP9Header(out, in, 0x1234, 7); err != nil || n != h.Size {
			t.Fatal(n, err)
		}
		if ParseVP9(out, &again) != nil || again.Size != h.Size || h.HasTL0 && again.TL0 != 7 {
			t.Fatalf("%+v became %+v", h, again)
		}
	})
}

func FuzzH264(f *testing.F) {
	seeds(f, "65 88 84", "78 0003 674200 0002 68ce", "7c 85 88", "78 0000", "7c")
	f.Fuzz(func(t *testing.T, in []byte) {
		var fr Frame
		p := Parser{Codec: H264}
		if p.Parse(in, false, nil, &fr) == nil && fr.Keyframe != IsKeyframe(H264, in) {
			t.Fatalf("%+v", fr)
		}
	})
}

func FuzzAV1(f *testing.F) {
	for _, s := range []string{"18 0a 0b 00", "00 02 1200 03 0a0b00", "a0 02 aabb 0a0b", "00 ff ff"} {
		f.Add(b(s), []byte(nil))
		f.Add(b(s), l1t2().bytes())
	}
	f.Fuzz(func(t *testing.T, in, descriptor []byte) {
		var fr Frame
		p := Parser{Codec: AV1}
		_ = p.Parse(in, true, descriptor, &fr)
	})
}

// FuzzDependencyDescriptor parses two descriptors in a row, as the second
// depends on what the first left.
func FuzzDependencyDescriptor(f *testing.F) {
	f.Add(l1t2().bytes(), later(12, 7))
	f.Add(l1t2().bytes(), b("c0 00 01 ff ff ff ff ff"))
	f.Add(b("80 00 01 87 c0 00 00"), b("bf ff ff"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var d DependencyDescriptor
		for _, in := range [][]byte{first, second} {
			if d.Parse(in) != nil {
				continue
			}
			var fr Frame
			d.frame(&fr)
			s := fr.Structure
			if s.Targets < 1 || s.Targets > MaxTargets || s.Templates > MaxTemplates || s.SpatialLayers > maxSpatial ||
				uint64(fr.Targets)>>s.Targets != 0 || uint64(fr.Active)>>s.Targets != 0 || fr.SwitchTargets&^fr.Targets != 0 {
				t.Fatalf("%+v %+v", fr, s)
			}
			for i := range s.Targets {
				if int(s.TargetSpatial[i]) >= s.SpatialLayers || int(s.TargetTemporal[i]) >= s.TemporalLayers {
					t.Fatalf("%+v", s)
				}
			}
		}
	})
}

func FuzzRED(f *testing.F) {
	seeds(f, "ef 1e0003 ef 0f0002 6f 010203 0405 0607", "6f 09", "ef 0003ff 6f 01", "ef")
	f.Fuzz(func(t *testing.T, in []byte) {
		var blocks [MaxBlocks]Block
		n, err := ParseRED(in, &blocks)
		if err != nil {
			return
		}
		total := 4*(n-1) + 1
		for _, bl := range blocks[:n] {
			total += len(bl.Payload)
		}
		if total != len(in) || blocks[n-1].Offset != 0 {
			t.Fatalf("%d bytes of %d", total, len(in))
		}
	})
}
