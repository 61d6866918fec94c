package sfu

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Access is what a bearer of a WHIP or WHEP request may do.
type Access struct {
	Room      string
	Identity  string
	Publish   bool
	Subscribe bool
	// Tag is the owner's: it comes back with every event of the session that
	// this access opened.
	Tag any
}

// ICEServer is told to WHIP and WHEP clients in a Link header (RFC 9725 §4.6).
type ICEServer struct {
	URL        string
	Username   string
	Credential string
}

// WHIPOptions bind the standard doors to whoever knows the tokens.
type WHIPOptions struct {
	// Authorize finds the access of a request. An error is answered 401;
	// access without the needed permission is answered 403.
	Authorize func(*http.Request) (Access, error)
	// ICEServers are offered to the client; may be nil.
	ICEServers func(Access) []ICEServer
	// On is told the events of a session's peer, ending with State closed; may
	// be nil. It is called for WHEP viewers too, whom the owner of a room must
	// be able to show to others and to remove (Peer.Close).
	On func(Access, *Peer, Event)
}

// WHIP serves ingest by RFC 9725. Mount it so that both …/whip and
// …/whip/{session} reach it with the whole path; the session's URL is made
// from the path of the POST.
func (e *Engine) WHIP(o WHIPOptions) http.Handler { return &door{engine: e, opts: o, name: "whip"} }

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
	// sessionGrace is how long a session whose connection failed keeps its
	// URL, so that the client can restart ICE (RFC 9725 §4.3.3).
	sessionGrace = 30 * time.Second
)

// door is one of the two handlers.
type door struct {
	engine *Engine
	opts   WHIPOptions
	name   string
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	id := d.sessionID(r.URL.Path)
	switch {
	case r.Method == http.MethodOptions:
		d.options(w, id)
		return
	case id == "" && r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST, OPTIONS")
		d.refuse(w, http.StatusMethodNotAllowed, "")
		return
	case id != "" && r.Method != http.MethodPatch && r.Method != http.MethodDelete:
		w.Header().Set("Allow", "PATCH, DELETE, OPTIONS")
		d.refuse(w, http.StatusMethodNotAllowed, "")
		return
	}
	access, err := d.opts.Authorize(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+d.name+`"`)
		d.refuse(w, http.StatusUnauthorized, "")
		return
	}
	if d.name == "whip" && !access.Publish || d.name == "whep" && !access.Subscribe {
		d.refuse(w, http.StatusForbidden, "")
		return
	}
	if id == "" {
		d.post(w, r, access)
		return
	}
	s := d.engine.doors.find(id)
	if s == nil || s.door != d.name || s.access.Room != access.Room || s.access.Identity != access.Identity {
		d.refuse(w, http.StatusNotFound, "")
		return
	}
	if r.Method == http.MethodDelete {
		s.peer.Close()
		d.engine.doors.remove(s)
		w.WriteHeader(http.StatusOK)
		return
	}
	d.patch(w, r, s)
}

// sessionID is what follows the door's name in the path, "" for the door
// itself.
func (d *door) sessionID(path string) string {
	i := strings.LastIndex(path, "/"+d.name)
	if i < 0 {
		return ""
	}
	return strings.Trim(path[i+len(d.name)+1:], "/")
}

func (d *door) options(w http.ResponseWriter, id string) {
	if id == "" {
		w.Header().Set("Accept-Post", typeSDP)
		w.Header().Set("Allow", "POST, OPTIONS")
	} else {
		w.Header().Set("Accept-Patch", typeFragment)
		w.Header().Set("Allow", "PATCH, DELETE, OPTIONS")
	}
	w.WriteHeader(http.StatusNoContent)
}

func (d *door) refuse(w http.ResponseWriter, status int, why string) {
	if why == "" {
		why = http.StatusText(status)
	}
	http.Error(w, why, status)
}

// body reads a request body of the given type.
func (d *door) body(w http.ResponseWriter, r *http.Request, want string) (string, bool) {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != want {
		w.Header().Set(map[string]string{typeSDP: "Accept-Post", typeFragment: "Accept-Patch"}[want], want)
		d.refuse(w, http.StatusUnsupportedMediaType, "expected "+want)
		return "", false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(d.engine.cfg.Limits.OfferBytes)))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			d.refuse(w, http.StatusRequestEntityTooLarge, "")
		} else {
			d.refuse(w, http.StatusBadRequest, "")
		}
		return "", false
	}
	return string(b), true
}

func (d *door) post(w http.ResponseWriter, r *http.Request, access Access) {
	offer, ok := d.body(w, r, typeSDP)
	if !ok {
		return
	}
	s := &session{id: rand.Text(), door: d.name, access: access}
	if err := d.join(r, s); err != nil {
		d.fail(w, err)
		return
	}
	answer, err := s.peer.Offer(r.Context(), offer, nil)
	if err != nil {
		s.peer.Close()
		d.fail(w, err)
		return
	}
	s.newETag()
	d.engine.doors.add(s)
	if s.peer.State() == StateClosed { // it ended while we answered
		d.engine.doors.remove(s)
	}
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Location", strings.TrimSuffix((&url.URL{Path: r.URL.Path}).EscapedPath(), "/")+"/"+s.id)
	h.Set("ETag", *s.etag.Load())
	h.Set("Accept-Patch", typeFragment)
	if d.opts.ICEServers != nil {
		for _, srv := range d.opts.ICEServers(access) {
			h.Add("Link", srv.link())
		}
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

func (i ICEServer) link() string {
	s := "<" + i.URL + `>; rel="ice-server"`
	if i.Username != "" {
		s += fmt.Sprintf("; username=%q; credential=%q; credential-type=\"password\"", i.Username, i.Credential)
	}
	return s
}

func (d *door) fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrBadOffer):
		// RFC 9725 §4.2: an offer that cannot be used is a 400 (malformed) or
		// 422; clients treat both as final.
		d.refuse(w, http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, ErrDuplicate):
		d.refuse(w, http.StatusConflict, "this identity is publishing already")
	case errors.Is(err, ErrNotFound):
		d.refuse(w, http.StatusNotFound, "")
	case errors.Is(err, ErrRoomFull), errors.Is(err, ErrExhausted), errors.Is(err, ErrClosed):
		w.Header().Set("Retry-After", "5")
		d.refuse(w, http.StatusServiceUnavailable, "")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		d.refuse(w, http.StatusServiceUnavailable, "")
	default:
		d.engine.log.Error("negotiation failed", "door", d.name, "err", err)
		d.refuse(w, http.StatusInternalServerError, "")
	}
}

// join makes the peer of a session.
func (d *door) join(r *http.Request, s *session) error {
	only := ""
	if d.name == "whep" {
		var err error
		if only, err = d.played(s.access.Room, r.URL.Query().Get("participant")); err != nil {
			return err
		}
	}
	room, err := d.engine.Room(s.access.Room)
	if err != nil {
		return err
	}
	o := JoinOptions{ID: s.access.Identity, Publish: true}
	if d.name == "whep" {
		o = JoinOptions{ID: "whep/" + s.id, Subscribe: true}
	}
	var peer atomic.Pointer[Peer]
	o.On = func(e Event) {
		if st, ok := e.(State); ok {
			d.follow(s, st.State)
		}
		if d.opts.On != nil {
			d.opts.On(s.access, peer.Load(), e)
		}
	}
	p, err := room.join(o, d.name == "whep", only)
	if err != nil {
		return err
	}
	peer.Store(p)
	s.peer = p
	return nil
}
