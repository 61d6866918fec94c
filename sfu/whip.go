package sfu

import (
	"net/http"
	"sync"
)

// Access is what a bearer of a WHIP or WHEP request may do.
type Access struct {
	Room      string
	Identity  string
	Publish   bool
	Subscribe bool
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

// WHEP serves playback. ?participant= chooses the publisher, without it the
// room's first publisher is played. Each POST is a viewer of its own. Mount it
// like WHIP at …/whep and …/whep/{session}.
func (e *Engine) WHEP(o WHIPOptions) http.Handler { return &door{engine: e, opts: o, name: "whep"} }

// door is one of the two handlers.
type door struct {
	engine *Engine
	opts   WHIPOptions
	name   string
}

// sessions are the open WHIP and WHEP sessions by the random end of their URL.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

// session is one of them.
type session struct{ peer *Peer }

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "not open", http.StatusServiceUnavailable)
}
