package codec

import (
	"errors"
	"testing"
)

// writer writes bits, most significant first.
type writer struct {
	b []byte
	n int
}

func (w *writer) put(v uint32, bits int) *writer {
	for i := bits - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
	return w
}

func (w *writer) puts(bits int, vs ...uint32) *writer {
	for _, v := range vs {
		w.put(v, bits)
	}
	return w
}

func (w *writer) bytes() []byte { return w.b }

// l1t2 is the first descriptor of a stream with two temporal layers: decode
// target 0 is temporal layer 0, target 1 both; one chain.
func l1t2() *writer {
	w := &writer{}
	w.puts(1, 1, 1).put(10, 6).put(0x1234, 16) // whole frame, template 10
	w.puts(1, 1, 0, 0, 0, 0)                   // structure attached
	w.put(10, 6).put(1, 5)                     // offset 10, two targets
	w.puts(2, 0, 1, 3)                         // templates: T0 T0 T1
	w.puts(2, 2, 2)                            // key: switch, switch
	w.puts(2, 2, 2)                            // T0: switch, switch
	w.puts(2, 0, 1)                            // T1: absent, discardable
	w.put(0, 1)                                // key refers to nothing
	w.put(1, 1).put(1, 4).put(0, 1)            // T0 to two before
	w.put(1, 1).put(0, 4).put(0, 1)            // T1 to the one before
	w.puts(1, 1, 0)                            // one chain: ns(3) of 1
	w.puts(4, 0, 2, 1)                         // chain differences (protected-by: ns(1) takes no bits)
	w.put(1, 1).put(639, 16).put(359, 16)
	return w
}

// later is a descriptor that refers to the structure.
func later(template, number uint32) []byte {
	w := &writer{}
	return w.puts(1, 1, 0).put(template, 6).put(number, 16).bytes()
}

func TestDependencyDescriptor(t *testing.T) {
	var d DependencyDescriptor
	if err := d.Parse(later(11, 1)); !errors.Is(err, ErrStructure) {
		t.Fatalf("before the structure: %v", err)
	}
	if err := d.Parse(l1t2().bytes()); err != nil {
		t.Fatal(err)
	}
	s := &d.structure
	if s.Templates != 3 || s.Targets != 2 || s.Chains != 1 || s.SpatialLayers != 1 || s.TemporalLayers != 2 ||
		s.Width[0] != 640 || s.Height[0] != 360 || s.TargetTemporal != [MaxTargets]int8{0, 1} {
		t.Fatalf("%+v", s)
	}
	var f Frame
	d.frame(&f)
	if !f.Keyframe || !f.Start || !f.End || f.PictureID != 0x1234 || f.PictureBits != 16 || f.Targets != 3 ||
		f.SwitchTargets != 3 || f.Active != 3 || f.Width != 640 || f.TemporalLayers != 2 || f.Structure != s {
		t.Errorf("key: %+v", f)
	}
	if err := d.Parse(later(12, 0x1235)); err != nil {
		t.Fatal(err)
	}
	f = Frame{}
	d.frame(&f)
	if f.Keyframe || f.Temporal != 1 || f.Targets != 2 || f.SwitchTargets != 0 || !f.Discardable || f.End || f.PictureID != 0x1235 {
		t.Errorf("T1: %+v", f)
	}
	if err := d.Parse(later(13, 1)); !errors.Is(err, ErrStructure) {
		t.Errorf("a template that is not there: %v", err)
	}
	// The sender stops the upper layer.
	w := &writer{}
	w.puts(1, 1, 1).put(11, 6).put(7, 16).puts(1, 0, 1, 0, 0, 0).put(1, 2)
	if err := d.Parse(w.bytes()); err != nil || d.Active != 1 {
		t.Errorf("active %b %v", d.Active, err)
	}
	// Own indications, references and chains.
	w = &writer{}
	w.puts(1, 1, 1).put(11, 6).put(8, 16).puts(1, 0, 0, 1, 1, 1)
	w.puts(2, 0, 3).put(1, 2).put(3, 4).put(2, 2).put(200, 8).put(0, 2).put(9, 8)
	if err := d.Parse(w.bytes()); err != nil || d.current.targets != 2 || d.current.switches != 0 || d.current.diffs != 2 {
		t.Errorf("%+v %v", d.current, err)
	}
}

func TestTornStructureKeepsTheGoodOne(t *testing.T) {
	var d DependencyDescriptor
	whole := l1t2().bytes()
	if err := d.Parse(whole); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if n == 3 {
			continue // three bytes are a whole descriptor, without structure
		}
		if err := d.Parse(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes were taken", n, len(whole))
		}
	}
	if err := d.Parse(later(12, 5)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestRewriteFrameNumber(t *testing.T) {
	d := l1t2().bytes()
	if err := RewriteFrameNumber(d, 0xfffe); err != nil {
		t.Fatal(err)
	}
	var dd DependencyDescriptor
	if err := dd.Parse(d); err != nil || dd.FrameNumber != 0xfffe {
		t.Error(dd.FrameNumber, err)
	}
	if err := RewriteFrameNumber(d[:2], 1); !errors.Is(err, ErrNumber) {
		t.Error(err)
	}
}

func TestAV1WithDescriptor(t *testing.T) {
	p, f := Parser{Codec: AV1}, Frame{}
	if _, ok := p.Structure(); ok {
		t.Error("a structure before the first packet")
	}
	if err := p.Parse(b("18 0a 0b 00"), true, l1t2().bytes(), &f); err != nil || !f.Keyframe || !f.Described {
		t.Errorf("%+v %v", f, err)
	}
	if s, ok := p.Structure(); !ok || s.Targets != 2 {
		t.Error("no structure")
	}
	if err := p.Parse(b("10 30 00"), true, []byte{1}, &f); err == nil {
		t.Error("took a torn descriptor")
	}
}
