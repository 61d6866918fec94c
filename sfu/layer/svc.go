package layer

import "mentara/sfu/codec"

// svc chooses by the layer indices of VP9. A viewer of one spatial layer gets
// all below it, except frames the encoder says no upper layer needs (k-SVC
// between key pictures): those are left out, and going down to their layer
// then takes a key picture.
func (s *Selector) svc(f *codec.Frame) Decision {
	d := Decision{Current: !s.current.Paused()}
	picture := s.begins(f)
	if picture {
		s.key = f.Keyframe && f.Spatial == 0
		switch {
		case s.target.Paused():
			s.Reset()
		case s.key:
			d.Switch = s.current.Paused()
			s.current, s.skipped = ID{0, s.target.Temporal}, 0
		case !s.current.Paused():
			s.temporal(f, s.target.Temporal)
			if to := s.target.Spatial; to < s.current.Spatial && s.skipped>>to&1 == 0 {
				s.current.Spatial = to
			}
		}
	}
	if s.current.Paused() {
		return Decision{}
	}
	// A layer frame that needs no earlier picture lets the viewer in.
	if f.Start && f.Keyframe && f.Spatial == s.current.Spatial+1 && f.Spatial <= s.target.Spatial {
		s.current.Spatial = f.Spatial
	}
	d.Current = true
	top := s.current.Spatial
	if s.key {
		top = s.target.Spatial
	}
	unneeded := f.Spatial < s.current.Spatial && f.Discardable && !s.key
	d.Forward = f.Spatial <= s.current.Spatial && f.Temporal <= s.current.Temporal && !unneeded
	if unneeded && f.Temporal <= s.current.Temporal || f.Spatial > s.current.Spatial {
		s.skipped |= 1 << f.Spatial
	}
	d.Marker = d.Forward && f.End && f.Spatial == top
	return d
}

// begins tells whether the packet starts a picture: a frame of a spatial layer
// no higher than that of the frame begun before.
func (s *Selector) begins(f *codec.Frame) bool {
	if !f.Start {
		return false
	}
	first := f.Spatial <= s.started || f.Spatial == 0
	s.started = f.Spatial
	return first
}

// described chooses by the decode targets of a dependency descriptor: a frame
// is forwarded if the current decode target contains it, and another target is
// entered at a frame that is being forwarded (or a key frame) and marked as a
// switching point for it.
func (s *Selector) described(f *codec.Frame) Decision {
	d := Decision{Current: !s.current.Paused()}
	if s.begins(f) {
		s.key = f.Keyframe && f.Spatial == 0
		if s.target.Paused() {
			s.Reset()
			return Decision{}
		}
	}
	if f.Start {
		if t := s.wanted(f); t >= 0 && (s.key || t != s.decode) && f.SwitchTargets>>t&1 != 0 &&
			(s.key || s.decode >= 0 && f.Targets>>s.decode&1 != 0) {
			d.Switch = s.current.Paused()
			s.decode = t
			s.current = ID{f.Structure.TargetSpatial[t], f.Structure.TargetTemporal[t]}
		}
	}
	if s.decode < 0 {
		return Decision{}
	}
	d.Current = true
	d.Forward = f.Targets>>s.decode&1 != 0
	d.Marker = d.Forward && f.End && f.Spatial == s.current.Spatial
	return d
}

// wanted is the best decode target the sender produces that is within the
// viewer's target, or the least one if none is; -1 if there are none.
func (s *Selector) wanted(f *codec.Frame) int8 {
	best, least := int8(-1), int8(-1)
	spatial, temporal := &f.Structure.TargetSpatial, &f.Structure.TargetTemporal
	above := func(a, b int8) bool { // a is a better layer than b
		return spatial[a] > spatial[b] || spatial[a] == spatial[b] && temporal[a] > temporal[b]
	}
	for i := range int8(f.Structure.Targets) {
		if f.Active>>i&1 == 0 {
			continue
		}
		if least < 0 || above(least, i) {
			least = i
		}
		within := spatial[i] <= s.target.Spatial && temporal[i] <= s.target.Temporal
		if within && (best < 0 || above(i, best)) {
			best = i
		}
	}
	if best < 0 {
		return least
	}
	return best
}
