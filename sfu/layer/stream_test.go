package layer

import "mentara/sfu/codec"

// A picture pattern of three temporal layers, with what each refers to:
// 0 ← 2, 0 ← 1, 1 ← 2.
var pattern = [4]struct {
	temporal int8
	enter    bool // depends only on lower temporal layers
}{{0, true}, {2, true}, {1, true}, {2, false}}

// frame is one layer frame of a made-up encoder, and what it needs.
type frame struct {
	codec.Frame
	encoding int
	id       int
	needs    []int
}

// encoder makes pictures of one stream.
type encoder struct {
	encoding, layers int
	kSVC, described  bool
	structure        codec.Structure
	position, nextID int
	newest           [4][3]int // frame id by spatial, temporal layer
}

func newEncoder(encoding, layers int, kSVC, described bool) *encoder {
	e := &encoder{encoding: encoding, layers: layers, kSVC: kSVC, described: described, nextID: 1 + encoding*1_000_000}
	e.structure.Targets = layers * 3
	for s := range layers {
		for t := range 3 {
			e.structure.TargetSpatial[s*3+t], e.structure.TargetTemporal[s*3+t] = int8(s), int8(t)
		}
	}
	return e
}

// picture makes the next picture's frames.
func (e *encoder) picture(key bool) (out []frame) {
	if key {
		e.position = 0
	}
	p := pattern[e.position%4]
	second := e.position%4 == 3
	e.position++
	below := 0
	for s := range e.layers {
		f := frame{encoding: e.encoding, id: e.nextID}
		e.nextID++
		f.Start, f.End, f.Keyframe = true, true, key
		f.Spatial, f.Temporal, f.SwitchUp = int8(s), p.temporal, p.enter
		if below != 0 && (key || !e.kSVC) {
			f.needs, f.InterLayer = append(f.needs, below), true
		}
		f.Discardable = e.kSVC && !key || s == e.layers-1
		if !key {
			f.needs = append(f.needs, e.newest[s][0])
			if second {
				f.needs = append(f.needs, e.newest[s][1])
			}
		}
		if e.described {
			e.describe(&f, key, s)
		}
		e.newest[s][p.temporal] = f.id
		below = f.id
		out = append(out, f)
	}
	return out
}

func (e *encoder) describe(f *frame, key bool, spatial int) {
	f.Described, f.Structure, f.Active = true, &e.structure, 1<<e.structure.Targets-1
	for s := range e.layers {
		for t := range 3 {
			bit := uint32(1) << (s*3 + t)
			inSpatial := spatial <= s
			if e.kSVC && !key {
				inSpatial = spatial == s
			}
			if inSpatial && int(f.Temporal) <= t {
				f.Targets |= bit
				if key || spatial == s && f.Temporal == 0 {
					f.SwitchTargets |= bit
				}
			}
		}
	}
}
