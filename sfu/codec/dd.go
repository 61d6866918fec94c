package codec

// Limits of the dependency descriptor (AV1 RTP specification A.8).
const (
	MaxTemplates = 64
	MaxTargets   = 32
	MaxChains    = 32
	maxSpatial   = 4
)

// Structure is the template structure a key frame carries and later
// descriptors refer to.
type Structure struct {
	ID        uint8 // template_id_offset
	Templates int
	Targets   int
	Chains    int
	// SpatialLayers and TemporalLayers are one more than the highest id.
	SpatialLayers, TemporalLayers int
	// Width and Height of each spatial layer, 0 if not announced.
	Width, Height [maxSpatial]uint16
	// TargetSpatial and TargetTemporal are the highest layer each decode
	// target contains: what a viewer of it sees.
	TargetSpatial, TargetTemporal [MaxTargets]int8

	template [MaxTemplates]template
}

// template is what frames of one template id have in common.
type template struct {
	spatial, temporal           int8
	targets, switches, discards uint32 // one bit per decode target
	diffs                       uint8  // how many frames it refers to
}

// DependencyDescriptor reads the extension packet by packet. The zero value is
// ready; it remembers the newest structure.
type DependencyDescriptor struct {
	First, Last bool // packet of the frame
	FrameNumber uint16
	Attached    bool   // this packet carries the structure: a key frame starts
	Active      uint32 // decode targets the sender produces now

	structure Structure
	next      Structure // scratch, so that a torn structure does not replace a good one
	known     bool
	current   template
}

// Parse reads one descriptor. ErrStructure says the structure it refers to has
// not been seen: wait for the next key frame. A malformed descriptor leaves the
// remembered structure as it was.
func (d *DependencyDescriptor) Parse(b []byte) error {
	if len(b) < 3 {
		return ErrShort
	}
	r := bits{b: b}
	first, last := r.flag(), r.flag()
	id, number := uint8(r.read(6)), uint16(r.read(16))
	var attached, newActive, ownTargets, ownDiffs, ownChains bool
	if len(b) > 3 {
		attached, newActive = r.flag(), r.flag()
		ownTargets, ownDiffs, ownChains = r.flag(), r.flag(), r.flag()
	}
	s, active := &d.structure, d.Active
	if attached {
		s = &d.next
		if err := s.parse(&r); err != nil {
			return err
		}
		active = uint32(uint64(1)<<s.Targets - 1)
	} else if !d.known {
		return ErrStructure
	}
	if newActive {
		active = r.read(s.Targets)
	}
	index := int(id-s.ID) & 63
	if index >= s.Templates {
		return ErrStructure
	}
	t := s.template[index]
	if ownTargets {
		t.indications(&r, s.Targets)
	}
	if ownDiffs {
		t.diffs = 0
		for size := r.read(2); size != 0 && !r.short; size = r.read(2) {
			r.read(int(4 * size))
			t.diffs++
		}
	}
	if ownChains {
		for range s.Chains {
			r.read(8)
		}
	}
	if r.short {
		return ErrShort
	}
	if attached {
		d.structure, d.known = d.next, true
	}
	d.First, d.Last, d.FrameNumber = first, last, number
	d.Attached, d.Active, d.current = attached, active, t
	return nil
}

// frame translates the descriptor last parsed.
func (d *DependencyDescriptor) frame(f *Frame) {
	t, s := &d.current, &d.structure
	f.Described, f.Structure = true, s
	f.Start, f.End = d.First, d.Last
	f.Spatial, f.Temporal = t.spatial, t.temporal
	f.Keyframe = d.Attached && t.diffs == 0 || d.Attached && t.spatial > 0
	f.InterLayer = t.spatial > 0
	f.PictureBits, f.PictureID = 16, d.FrameNumber
	f.Targets, f.SwitchTargets, f.Active = t.targets, t.switches, d.Active
	f.SwitchUp = t.switches != 0
	f.Discardable = t.targets != 0 && t.discards == t.targets
	if d.Attached {
		f.SpatialLayers, f.TemporalLayers = uint8(s.SpatialLayers), uint8(s.TemporalLayers)
		f.Width, f.Height = s.Width[s.SpatialLayers-1], s.Height[s.SpatialLayers-1]
	}
}

// parse reads a template structure (A.8.2, template_dependency_structure).
func (s *Structure) parse(r *bits) error {
	*s = Structure{ID: uint8(r.read(6)), Targets: int(r.read(5)) + 1}
	if err := s.layers(r); err != nil {
		return err
	}
	for i := range s.Templates {
		s.template[i].indications(r, s.Targets)
	}
	for i := range s.Templates {
		for r.flag() {
			r.read(4)
			s.template[i].diffs++
		}
	}
	if s.Chains = int(r.nonSymmetric(s.Targets + 1)); s.Chains > 0 {
		for range s.Targets { // which chain protects each
			r.nonSymmetric(s.Chains)
		}
		r.skip(4 * s.Chains * s.Templates)
	}
	s.targetLayers()
	if r.flag() {
		for i := range s.SpatialLayers {
			s.Width[i], s.Height[i] = uint16(r.read(16)+1), uint16(r.read(16)+1)
		}
	}
	if r.short {
		return ErrShort
	}
	return nil
}

// layers reads which layer each template is of (template_layers).
func (s *Structure) layers(r *bits) error {
	var spatial, temporal, highest int8
	for {
		if s.Templates == MaxTemplates || spatial >= maxSpatial || temporal >= 8 {
			return ErrMalformed
		}
		s.template[s.Templates] = template{spatial: spatial, temporal: temporal}
		s.Templates++
		next := r.read(2)
		if r.short {
			return ErrShort
		}
		switch next {
		case 1:
			temporal++
			highest = max(highest, temporal)
		case 2:
			spatial, temporal = spatial+1, 0
		case 3:
			s.SpatialLayers, s.TemporalLayers = int(spatial)+1, int(highest)+1
			return nil
		}
	}
}

// targetLayers finds the highest layers of each decode target.
func (s *Structure) targetLayers() {
	for t := range s.Targets {
		for i := range s.Templates {
			if p := &s.template[i]; p.targets>>t&1 != 0 {
				s.TargetSpatial[t] = max(s.TargetSpatial[t], p.spatial)
				s.TargetTemporal[t] = max(s.TargetTemporal[t], p.temporal)
			}
		}
	}
}

// indications reads a decode target indication (two bits: not present,
// discardable, switch, required) for each target.
func (t *template) indications(r *bits, targets int) {
	t.targets, t.switches, t.discards = 0, 0, 0
	for i := range targets {
		bit := uint32(1) << i
		switch r.read(2) {
		case 1:
			t.targets |= bit
			t.discards |= bit
		case 2:
			t.targets |= bit
			t.switches |= bit
		case 3:
			t.targets |= bit
		}
	}
}

// RewriteFrameNumber changes the frame number inside a descriptor, in place.
func RewriteFrameNumber(descriptor []byte, n uint16) error {
	if len(descriptor) < 3 {
		return ErrNumber
	}
	descriptor[1], descriptor[2] = byte(n>>8), byte(n)
	return nil
}
