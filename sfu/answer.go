package sfu

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
)

// finishAnswer says in our answer how we want speech encoded: with forward
// error correction, silence left out, in mono. Echo cancellation is switched
// off by browsers that send stereo. The sound of a shared screen is music or
// film as often as not: stereo, and no silence detection.
//
// pion's description is set before; these lines bind only the encoder of the
// client (RFC 7587 §6.1).
func finishAnswer(text string, l *layout, sources map[string]Source) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return "", fmt.Errorf("sfu: own answer: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		s := l.byMid[mid]
		if m.MediaName.Media != "audio" || s == nil || !s.sends {
			continue
		}
		params := "minptime=10;useinbandfec=1;usedtx=1;stereo=0"
		if sources[mid] == ScreenAudio {
			params = "minptime=10;useinbandfec=1;usedtx=0;stereo=1;maxaveragebitrate=128000"
		}
		opus := ""
		for _, a := range m.Attributes {
			if a.Key == "rtpmap" && strings.Contains(strings.ToLower(a.Value), " opus/") {
				opus, _, _ = strings.Cut(a.Value, " ")
			}
		}
		for i, a := range m.Attributes {
			if a.Key == "fmtp" && opus != "" && strings.HasPrefix(a.Value, opus+" ") {
				m.Attributes[i].Value = opus + " " + params
			}
		}
	}
	out, err := d.Marshal()
	if err != nil {
		return "", fmt.Errorf("sfu: own answer: %w", err)
	}
	return string(out), nil
}
