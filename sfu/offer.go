package sfu

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"

	"mentara/sfu/codec"
)

// section is one media section of a client's offer, reduced to what we need.
type section struct {
	mid      string
	kind     string // audio, video
	sends    bool   // the client sends on it
	receives bool   // the client receives on it: it is a slot
	payloads []payload
	ext      extIDs
	rids     []string // of simulcast, as offered
	ssrcs    []uint32 // media streams, when declared
	repairs  map[uint32]uint32
}

// payload is one payload type of a section.
type payload struct {
	pt, rtx uint8 // rtx 0 is none
	codec   codec.Codec
	profile string
}

// extIDs are the negotiated header extension ids of a section, 0 if absent.
type extIDs struct {
	mid, rid, repaired, twcc, level, absTime, dependency, orientation uint8
}

// layout is what the newest offer says. It is immutable; the packet path reads
// it through an atomic pointer.
type layout struct {
	sections []*section
	byMid    map[string]*section
	bySSRC   map[uint32]stream // declared streams
	codecs   [128]payload      // by payload type, of the sections that send
	primary  [128]uint8        // repair payload type → what it repairs
	ext      extIDs            // of any section that sends: ids are equal within a bundle
}

// stream says what a declared SSRC carries.
type stream struct {
	section *section
	repairs uint32 // the SSRC it repairs, 0 for media
}

// parseOffer checks an offer against our limits and reads its layout. clean is
// the offer without remote candidates we would not probe.
func (c *Config) parseOffer(text string) (clean string, l *layout, fingerprint string, err error) {
	bad := func(format string, args ...any) (string, *layout, string, error) {
		return "", nil, "", fmt.Errorf("%w: %s", ErrBadOffer, fmt.Sprintf(format, args...))
	}
	if len(text) > c.Limits.OfferBytes {
		return bad("larger than %d bytes", c.Limits.OfferBytes)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return bad("%v", err)
	}
	if len(d.MediaDescriptions) == 0 || len(d.MediaDescriptions) > c.Limits.SectionsPerOffer {
		return bad("%d media sections, expected 1 to %d", len(d.MediaDescriptions), c.Limits.SectionsPerOffer)
	}
	if _, lite := d.Attribute("ice-lite"); lite {
		return bad("ice-lite clients are not served")
	}
	fingerprint, _ = d.Attribute("fingerprint")
	l = &layout{byMid: map[string]*section{}, bySSRC: map[uint32]stream{}}
	candidates := 0
	for i, m := range d.MediaDescriptions {
		mid, ok := m.Attribute("mid")
		if !ok || mid == "" || len(mid) > 16 {
			return bad("media section %d has no usable mid", i)
		}
		if l.byMid[mid] != nil {
			return bad("mid %q twice", mid)
		}
		if fingerprint == "" {
			fingerprint, _ = m.Attribute("fingerprint")
		}
		c.dropCandidates(m, &candidates)
		s, err := parseSection(m, mid)
		if err != nil {
			return bad("%v", err)
		}
		l.byMid[mid] = s
		l.sections = append(l.sections, s)
		l.add(s)
	}
	if fingerprint == "" {
		return bad("no DTLS fingerprint")
	}
	out, err := d.Marshal()
	if err != nil {
		return bad("%v", err)
	}
	return string(out), l, fingerprint, nil
}

// dropCandidates removes candidates we would not probe, and any after the 32nd.
func (c *Config) dropCandidates(m *sdp.MediaDescription, seen *int) {
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		if a.Key != "candidate" {
			return false
		}
		*seen++
		return *seen > 32 || !c.candidateAllowed(a.Value)
	})
}

// candidateAllowed checks the address of one candidate attribute.
func (c *Config) candidateAllowed(value string) bool {
	cand, err := ice.UnmarshalCandidate(strings.TrimPrefix(value, "candidate:"))
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(cand.Address())
	return err == nil && c.signaledAllowed(ip)
}

func parseSection(m *sdp.MediaDescription, mid string) (*section, error) {
	s := &section{mid: mid, kind: m.MediaName.Media, repairs: map[uint32]uint32{}}
	if s.kind != "audio" && s.kind != "video" {
		return s, nil // the data channel
	}
	s.sends, s.receives = true, true
	if m.MediaName.Port.Value == 0 {
		if _, bundled := m.Attribute("bundle-only"); !bundled {
			s.sends, s.receives = false, false
		}
	}
	fmtps, apts := map[string]string{}, map[uint8]uint8{}
	type rtpmap struct {
		pt   uint8
		name string
	}
	var maps []rtpmap
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendonly":
			s.receives = false
		case "recvonly":
			s.sends = false
		case "inactive":
			s.sends, s.receives = false, false
		case "rtpmap":
			num, name, _ := strings.Cut(a.Value, " ")
			pt, err := strconv.ParseUint(num, 10, 7)
			if err != nil {
				return nil, fmt.Errorf("rtpmap %q", a.Value)
			}
			name, _, _ = strings.Cut(name, "/")
			maps = append(maps, rtpmap{uint8(pt), name})
		case "fmtp":
			num, params, _ := strings.Cut(a.Value, " ")
			fmtps[num] = params
		case "extmap":
			s.ext.read(a.Value)
		case "rid":
			if f := strings.Fields(a.Value); len(f) >= 2 && f[1] == "send" && len(f[0]) <= 16 && len(s.rids) < 4 {
				s.rids = append(s.rids, f[0])
			}
		case "ssrc-group":
			if f := strings.Fields(a.Value); len(f) == 3 && f[0] == "FID" {
				media, err1 := strconv.ParseUint(f[1], 10, 32)
				repair, err2 := strconv.ParseUint(f[2], 10, 32)
				if err1 == nil && err2 == nil && len(s.repairs) < 8 {
					s.repairs[uint32(repair)] = uint32(media)
				}
			}
		case "ssrc":
			num, _, _ := strings.Cut(a.Value, " ")
			if v, err := strconv.ParseUint(num, 10, 32); err == nil && len(s.ssrcs) < 16 && !slices.Contains(s.ssrcs, uint32(v)) {
				s.ssrcs = append(s.ssrcs, uint32(v))
			}
		}
	}
	for _, r := range maps {
		params := fmtps[strconv.Itoa(int(r.pt))]
		if strings.EqualFold(r.name, "rtx") {
			_, apt, ok := strings.Cut(params, "apt=")
			apt, _, _ = strings.Cut(apt, ";")
			if v, err := strconv.ParseUint(apt, 10, 7); ok && err == nil {
				apts[uint8(v)] = r.pt
			}
			continue
		}
		c := codec.ByMime(s.kind + "/" + r.name)
		if c == codec.Unknown || c.Video() != (s.kind == "video") {
			continue
		}
		p := payload{pt: r.pt, codec: c, profile: profileOf(c, params)}
		if c == codec.VP9 && p.profile != "0" || c == codec.AV1 && p.profile != "0" {
			continue // 10 bit: not negotiated
		}
		s.payloads = append(s.payloads, p)
	}
	for i := range s.payloads {
		s.payloads[i].rtx = apts[s.payloads[i].pt]
	}
	slices.SortStableFunc(s.rids, func(a, b string) int { return ridRank(a) - ridRank(b) })
	return s, nil
}

// ridRank orders the usual names of simulcast layers, smallest picture first.
// Unknown names keep the order of the offer.
func ridRank(rid string) int {
	switch rid {
	case "q", "l", "low", "0":
		return 0
	case "h", "m", "mid", "1":
		return 1
	case "f", "hi", "high", "2":
		return 2
	}
	return 1
}

func (e *extIDs) read(value string) {
	f := strings.Fields(value)
	if len(f) < 2 {
		return
	}
	num, _, _ := strings.Cut(f[0], "/")
	id, err := strconv.ParseUint(num, 10, 8)
	if err != nil || id == 0 || id > 14 {
		return // two-byte ids are not needed by anyone we know
	}
	for uri, p := range map[string]*uint8{
		sdp.SDESMidURI: &e.mid, sdp.SDESRTPStreamIDURI: &e.rid, sdp.SDESRepairRTPStreamIDURI: &e.repaired,
		sdp.TransportCCURI: &e.twcc, sdp.AudioLevelURI: &e.level, sdp.ABSSendTimeURI: &e.absTime,
		uriDependency: &e.dependency, uriOrientation: &e.orientation,
	} {
		if f[1] == uri {
			*p = uint8(id)
		}
	}
}

// add enters a section that sends into the tables of the packet path.
func (l *layout) add(s *section) {
	if !s.sends {
		return
	}
	for _, p := range s.payloads {
		l.codecs[p.pt] = p
		if p.rtx != 0 {
			l.primary[p.rtx] = p.pt
		}
	}
	for _, ssrc := range s.ssrcs {
		l.bySSRC[ssrc] = stream{section: s, repairs: s.repairs[ssrc]}
	}
	merge := func(dst *uint8, v uint8) {
		if *dst == 0 {
			*dst = v
		}
	}
	merge(&l.ext.mid, s.ext.mid)
	merge(&l.ext.rid, s.ext.rid)
	merge(&l.ext.repaired, s.ext.repaired)
	merge(&l.ext.twcc, s.ext.twcc)
	merge(&l.ext.level, s.ext.level)
	merge(&l.ext.dependency, s.ext.dependency)
	merge(&l.ext.orientation, s.ext.orientation)
}

// carries finds the one section that sends with this payload type, for clients
// that use neither SSRC lines nor header extensions. It is nil if two do.
func (l *layout) carries(pt uint8) *section {
	var found *section
	for _, s := range l.sections {
		if s.sends && slices.ContainsFunc(s.payloads, func(p payload) bool { return p.pt == pt || p.rtx == pt && pt != 0 }) {
			if found != nil {
				return nil
			}
			found = s
		}
	}
	return found
}
