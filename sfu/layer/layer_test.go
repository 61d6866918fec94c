package layer

import (
	"fmt"
	"testing"
	"time"

	"mentara/sfu/codec"

	"pgregory.net/rapid"
)

func keyframe(spatial int8) *codec.Frame {
	return &codec.Frame{Keyframe: true, Start: true, End: true, SwitchUp: true, Spatial: spatial}
}

func delta(temporal int8, enter bool) *codec.Frame {
	return &codec.Frame{Start: true, End: true, Temporal: temporal, SwitchUp: enter}
}

func TestPausedForwardsNothing(t *testing.T) {
	for _, mode := range []Mode{Single, Simulcast, SVC} {
		s := NewSelector(mode)
		if d := s.Select(0, keyframe(0)); d != (Decision{}) {
			t.Errorf("mode %d: %+v", mode, d)
		}
		if _, ok := s.Awaits(); ok {
			t.Errorf("mode %d: a paused viewer awaits nothing", mode)
		}
	}
}

func TestSimulcastStartsWithWhatComesFirst(t *testing.T) {
	s := NewSelector(Simulcast)
	s.SetTarget(ID{2, 2})
	if d := s.Select(2, delta(0, true)); d.Forward || !d.NeedKeyframe {
		t.Errorf("delta before a key frame: %+v", d)
	}
	if d := s.Select(0, keyframe(0)); !d.Forward || !d.Switch {
		t.Errorf("a lower key frame shows a picture sooner: %+v", d)
	}
	if e, ok := s.Awaits(); !ok || e != 2 {
		t.Errorf("awaits %d %v", e, ok)
	}
	if d := s.Select(0, delta(2, true)); !d.Forward || d.NeedKeyframe {
		t.Errorf("while waiting the lower one goes on: %+v", d)
	}
	if d := s.Select(1, keyframe(0)); !d.Switch {
		t.Errorf("a step nearer: %+v", d)
	}
	if d := s.Select(0, keyframe(0)); d.Forward || d.Current {
		t.Errorf("a step back: %+v", d)
	}
	if d := s.Select(2, keyframe(0)); !d.Switch || s.Current() != (ID{2, 2}) {
		t.Errorf("target: %+v %v", d, s.Current())
	}
	if _, ok := s.Awaits(); ok {
		t.Error("still awaits after arriving")
	}
}

func TestSimulcastGoesDownAtAKeyFrame(t *testing.T) {
	s := NewSelector(Simulcast)
	s.SetTarget(ID{2, 2})
	s.Select(2, keyframe(0))
	s.SetTarget(ID{1, 2})
	if d := s.Select(2, delta(0, true)); !d.Forward {
		t.Error("stopped before the lower encoding was ready")
	}
	if d := s.Select(0, keyframe(0)); d.Forward {
		t.Error("went below the target")
	}
	if d := s.Select(1, keyframe(0)); !d.Switch {
		t.Error("did not go down")
	}
}

func TestDeadTargetFallsBack(t *testing.T) {
	s := NewSelector(Simulcast)
	s.SetTarget(ID{2, 1})
	s.Select(2, keyframe(0))
	s.SetLive(0b0011)
	if e, ok := s.Awaits(); !ok || e != 1 {
		t.Fatalf("awaits %d %v, want the best live one", e, ok)
	}
	if d := s.Select(1, keyframe(0)); !d.Switch || s.Current() != (ID{1, 1}) {
		t.Errorf("%+v %v", d, s.Current())
	}
	s.SetLive(0b0111)
	if e, ok := s.Awaits(); !ok || e != 2 {
		t.Errorf("awaits %d %v after it came back", e, ok)
	}
	s.SetTarget(ID{0, 1})
	s.SetLive(0b0100)
	if e, _ := s.Awaits(); e != 2 {
		t.Errorf("awaits %d, want the only live one", e)
	}
	s.SetLive(0)
	if e, _ := s.Awaits(); e != 0 {
		t.Errorf("awaits %d: when all are dead the target stays", e)
	}
}

func TestTemporalLayers(t *testing.T) {
	s := NewSelector(Single)
	s.SetTarget(ID{0, 2})
	s.Select(0, keyframe(0))
	s.SetTarget(ID{0, 0})
	if !s.Select(0, &codec.Frame{Temporal: 2}).Forward {
		t.Error("a frame begun was torn")
	}
	for i, tt := range []struct {
		target  int8
		f       *codec.Frame
		forward bool
	}{
		{0, delta(1, true), false},
		{2, delta(2, true), false}, // one layer at a time
		{2, delta(1, false), false},
		{2, delta(0, true), true},
		{2, delta(1, true), true},
		{2, delta(2, false), false},
		{2, delta(2, true), true},
		{2, delta(2, false), true},
		{1, delta(2, true), false},
		{1, delta(1, false), true},
	} {
		s.SetTarget(ID{0, tt.target})
		if d := s.Select(0, tt.f); d.Forward != tt.forward || !d.Current {
			t.Errorf("step %d: %+v", i, d)
		}
	}
}

func TestPauseEndsTheFrameAndResumesAtAKeyFrame(t *testing.T) {
	for _, mode := range []Mode{Single, Simulcast, SVC} {
		s := NewSelector(mode)
		s.SetTarget(ID{0, 0})
		s.Select(0, keyframe(0))
		s.SetTarget(None())
		if !s.Select(0, &codec.Frame{End: true}).Forward {
			t.Errorf("mode %d: the frame's end was cut off", mode)
		}
		if d := s.Select(0, delta(0, true)); d.Forward || d.NeedKeyframe {
			t.Errorf("mode %d: %+v after the pause", mode, d)
		}
		s.SetTarget(ID{0, 0})
		if d := s.Select(0, delta(0, true)); d.Forward || !d.NeedKeyframe {
			t.Errorf("mode %d: %+v before a key frame", mode, d)
		}
		if d := s.Select(0, keyframe(0)); !d.Forward || !d.Switch {
			t.Errorf("mode %d: %+v at the key frame", mode, d)
		}
	}
}

func TestLiveness(t *testing.T) {
	var l Liveness
	now := time.Unix(5, 0)
	l.Saw(0, now)
	l.Saw(2, now.Add(300*time.Millisecond))
	l.Saw(8, now)
	l.Saw(-1, now)
	if m := l.Mask(now.Add(DeadAfter)); m != 0b101 {
		t.Errorf("%b", m)
	}
	if m := l.Mask(now.Add(DeadAfter + 1)); m != 0b100 {
		t.Errorf("%b", m)
	}
}

// TestWhatIsForwardedCanBeDecoded: with any changes of target, every frame
// forwarded has had all it needs forwarded, in order; the marker ends every
// picture once; and after calm with a key frame the target is reached.
func TestWhatIsForwardedCanBeDecoded(t *testing.T) {
	for _, tt := range []struct {
		name            string
		mode            Mode
		encodings       int
		layers          int
		kSVC, described bool
	}{
		{"single", Single, 1, 1, false, false},
		{"simulcast", Simulcast, 3, 1, false, false},
		{"VP9 full SVC", SVC, 1, 3, false, false},
		{"VP9 k-SVC", SVC, 1, 3, true, false},
		{"AV1 full SVC", SVC, 1, 3, false, true},
		{"AV1 k-SVC", SVC, 1, 3, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := NewSelector(tt.mode)
				top := int8(max(tt.encodings, tt.layers) - 1)
				var encoders []*encoder
				for i := range tt.encodings {
					encoders = append(encoders, newEncoder(i, tt.layers, tt.kSVC, tt.described))
				}
				have := map[int]bool{}
				run := func(key bool, only int) {
					for i, e := range encoders {
						marked, sent := 0, 0
						frames := e.picture(key && (only < 0 || only == i))
						for n, f := range frames {
							d := s.Select(i, &f.Frame)
							if !d.Forward {
								continue
							}
							sent++
							if !d.Current {
								t.Fatal("forwarded but not current")
							}
							if marked > 0 {
								t.Fatalf("frame %+v after the marker", f.Frame)
							}
							if d.Marker || n == len(frames)-1 {
								marked++
							}
							for _, need := range f.needs {
								if !have[need] {
									t.Fatalf("frame %d %+v forwarded without %d; current %v", f.id, f.Frame, need, s.Current())
								}
							}
							have[f.id] = true
						}
						if tt.layers > 1 && sent > 0 && marked == 0 {
							t.Fatalf("a picture without an end at %v → %v", s.Current(), s.Target())
						}
					}
				}
				run(true, -1)
				for range rapid.IntRange(5, 120).Draw(t, "pictures") {
					switch rapid.IntRange(0, 5).Draw(t, "event") {
					case 0:
						s.SetTarget(ID{int8(rapid.IntRange(-1, int(top)).Draw(t, "s")), int8(rapid.IntRange(0, 2).Draw(t, "t"))})
					case 1:
						if tt.mode == Simulcast {
							s.SetLive(uint8(rapid.IntRange(0, 7).Draw(t, "live")))
						}
					}
					run(rapid.IntRange(0, 9).Draw(t, "key") == 0, rapid.IntRange(-1, tt.encodings-1).Draw(t, "which"))
				}
				s.SetLive(0xff)
				goal := ID{top, 2}
				s.SetTarget(goal)
				run(true, -1)
				for range 9 {
					run(false, -1)
				}
				if e, ok := s.Awaits(); s.Current() != goal || ok {
					t.Fatalf("at %v, awaits %d %v", s.Current(), e, ok)
				}
			})
		})
	}
}

func TestInactiveTargetsAreNotChosen(t *testing.T) {
	e := newEncoder(0, 3, false, true)
	s := NewSelector(SVC)
	s.SetTarget(ID{2, 2})
	for _, f := range e.picture(true) {
		f.Active = 0b000_111_111 // the sender has stopped the top spatial layer
		s.Select(0, &f.Frame)
	}
	if s.Current() != (ID{1, 2}) {
		t.Errorf("current %v", s.Current())
	}
}

func TestNoAllocations(t *testing.T) {
	for _, described := range []bool{false, true} {
		e, s := newEncoder(0, 3, false, described), NewSelector(SVC)
		s.SetTarget(ID{2, 2})
		frames := append(e.picture(true), e.picture(false)...)
		if n := testing.AllocsPerRun(100, func() {
			for i := range frames {
				s.Select(0, &frames[i].Frame)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	for _, mode := range []Mode{Simulcast, SVC} {
		b.Run(fmt.Sprint(mode), func(b *testing.B) {
			s, k, f := NewSelector(mode), keyframe(0), delta(0, true)
			s.SetTarget(ID{0, 2})
			s.Select(0, k)
			b.ReportAllocs()
			for b.Loop() {
				s.Select(0, f)
			}
		})
	}
}
