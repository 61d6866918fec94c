package sfu

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
)

// fragment is the body of a PATCH (RFC 8840 §9, RFC 9725 §4.3).
type fragment struct {
	ufrag, pwd string
	candidates []candidate
}

var errFragment = errors.New("sfu: malformed ICE fragment")

// parseFragment reads application/trickle-ice-sdpfrag. Lines it does not know
// are skipped, as RFC 8840 wants.
func parseFragment(text string) (f fragment, err error) {
	mid, mline := "", -1
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return f, errFragment
		}
		key, value, _ := strings.Cut(line[2:], ":")
		switch {
		case line[0] == 'm':
			mline++
			mid = ""
		case line[0] != 'a':
		case key == "mid":
			mid = value
		case key == "ice-ufrag" && f.ufrag == "":
			f.ufrag = value
		case key == "ice-pwd" && f.pwd == "":
			f.pwd = value
		case key == "candidate":
			if len(f.candidates) == 64 {
				return f, errFragment
			}
			f.candidates = append(f.candidates, candidate{text: "candidate:" + value, mid: mid, mline: max(0, mline)})
		}
	}
	if len(f.ufrag) > 256 || len(f.pwd) > 256 || (f.ufrag == "") != (f.pwd == "") && f.pwd != "" {
		return f, errFragment
	}
	return f, nil
}

// patch adds candidates or restarts ICE. If-Match must name the present ICE
// session to trickle, and may be "*" to restart.
func (d *door) patch(w http.ResponseWriter, r *http.Request, s *session) {
	match := r.Header.Get("If-Match")
	if match == "" {
		d.refuse(w, http.StatusPreconditionRequired, "")
		return
	}
	text, ok := d.body(w, r, typeFragment)
	if !ok {
		return
	}
	f, err := parseFragment(text)
	if err != nil {
		d.refuse(w, http.StatusBadRequest, "")
		return
	}
	if match != "*" && match != *s.etag.Load() {
		d.refuse(w, http.StatusPreconditionFailed, "")
		return
	}
	ufrag, offer := s.peer.remoteICE()
	if f.ufrag != "" && f.pwd != "" && f.ufrag != ufrag {
		d.restart(w, r, s, f, offer)
		return
	}
	if match == "*" {
		d.refuse(w, http.StatusPreconditionFailed, "")
		return
	}
	for _, c := range f.candidates {
		if err := s.peer.AddCandidate(c.text, c.mid, c.mline); err != nil && !errors.Is(err, ErrBadOffer) {
			d.refuse(w, http.StatusConflict, "")
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// restart repeats the session's offer with new ICE credentials and answers with
// ours, in a fragment, under a new ETag.
func (d *door) restart(w http.ResponseWriter, r *http.Request, s *session, f fragment, offer string) {
	fresh, err := withCredentials(offer, f)
	if err != nil {
		d.refuse(w, http.StatusBadRequest, "")
		return
	}
	answer, err := s.peer.Offer(r.Context(), fresh, nil)
	if err != nil {
		d.fail(w, err)
		return
	}
	out, err := fragmentOf(answer)
	if err != nil {
		d.fail(w, err)
		return
	}
	s.newETag()
	w.Header().Set("Content-Type", typeFragment)
	w.Header().Set("ETag", *s.etag.Load())
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, out)
}

// withCredentials replaces the ICE part of an offer.
func withCredentials(offer string, f fragment) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(offer); err != nil {
		return "", err
	}
	set := func(list []sdp.Attribute) []sdp.Attribute {
		kept := list[:0]
		for _, a := range list {
			switch a.Key {
			case "ice-ufrag":
				a.Value = f.ufrag
			case "ice-pwd":
				a.Value = f.pwd
			case "candidate", "end-of-candidates":
				continue
			}
			kept = append(kept, a)
		}
		return kept
	}
	d.Attributes = set(d.Attributes)
	for i, m := range d.MediaDescriptions {
		m.Attributes = set(m.Attributes)
		if i == 0 {
			for _, c := range f.candidates {
				m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: strings.TrimPrefix(c.text, "candidate:")})
			}
		}
	}
	d.Origin.SessionVersion = uint64(time.Now().UnixNano()) & (1<<62 - 1)
	out, err := d.Marshal()
	return string(out), err
}

// fragmentOf is the ICE part of an answer.
func fragmentOf(answer string) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return "", err
	}
	var b strings.Builder
	find := func(key string) string {
		if v, ok := d.Attribute(key); ok {
			return v
		}
		for _, m := range d.MediaDescriptions {
			if v, ok := m.Attribute(key); ok {
				return v
			}
		}
		return ""
	}
	b.WriteString("a=ice-ufrag:" + find("ice-ufrag") + "\r\na=ice-pwd:" + find("ice-pwd") + "\r\n")
	for _, m := range d.MediaDescriptions[:min(1, len(d.MediaDescriptions))] {
		mid, _ := m.Attribute("mid")
		b.WriteString("m=" + m.MediaName.Media + " 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:" + mid + "\r\n")
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				b.WriteString("a=candidate:" + a.Value + "\r\n")
			}
		}
		b.WriteString("a=end-of-candidates\r\n")
	}
	return b.String(), nil
}

// remoteICE is the client's present ICE name and the offer it came with.
func (p *Peer) remoteICE() (ufrag, offer string) {
	p.mu.Lock()
	c := p.conn
	p.mu.Unlock()
	if c == nil {
		return "", ""
	}
	remote := c.pc.RemoteDescription()
	if remote == nil {
		return "", ""
	}
	for line := range strings.Lines(remote.SDP) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "a=ice-ufrag:"); ok {
			return v, remote.SDP
		}
	}
	return "", remote.SDP
}
