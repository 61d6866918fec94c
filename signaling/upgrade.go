package signaling

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// ServeHTTP upgrades a request to a socket. The principal of its context, if it
// has one, is who speaks unless hello brings a token. It returns at once; the
// socket lives on.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.mayUpgrade(r); err != nil {
		h.refuse(w, err)
		return
	}
	upgrader := websocket.Upgrader{
		HandshakeTimeout: 5 * time.Second,
		ReadBufferSize:   1024, // an idle socket is mostly its buffers
		WriteBufferSize:  4096,
		WriteBufferPool:  &h.buffers,
		Subprotocols:     []string{Subprotocol},
		CheckOrigin:      func(*http.Request) bool { return true }, // done above
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			h.refuse(w, fault.New(fault.Kind(status), "bad_handshake", reason.Error()))
		},
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by Error
	}
	var principal *auth.Principal
	if p, ok := auth.From(r.Context()); ok {
		principal = &p
	}
	c := newConn(h, ws, principal, time.Now())
	c.address = h.address(r)
	if err := h.registry.add(c, h.limits); err != nil {
		// Another took the last place between the check and here.
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(CloseOverload, "overloaded"), time.Now().Add(time.Second))
		_ = ws.Close()
		return
	}
	h.stats.opened.Add(1)
	go c.run()
}

func (h *Hub) mayUpgrade(r *http.Request) error {
	if !h.sameOrigin(r) {
		return fault.New(fault.Forbidden, "foreign_origin", "This page may not open a connection here.")
	}
	if !slices.Contains(websocket.Subprotocols(r), Subprotocol) {
		return fault.New(fault.Malformed, "subprotocol", "The WebSocket subprotocol must be "+Subprotocol+".")
	}
	return h.registry.room(h.address(r), h.limits)
}

// sameOrigin keeps other sites' pages from speaking with the visitor's cookie:
// browsers send Origin on every upgrade, and no CORS rule guards a WebSocket.
// Clients that are no browser send none and are let in.
func (h *Hub) sameOrigin(r *http.Request) bool {
	header, present := r.Header["Origin"]
	if !present {
		return true
	}
	if len(header) != 1 {
		return false
	}
	origin := canonicalOrigin(header[0])
	if h.origins[origin] {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	if r.TLS != nil && u.Scheme != "https" {
		return false
	}
	return u.Host == strings.ToLower(r.Host)
}

// canonicalOrigin writes an origin as browsers do: lower case, no default port,
// no path.
func canonicalOrigin(origin string) string {
	origin = strings.TrimSuffix(strings.ToLower(origin), "/")
	if rest, ok := strings.CutPrefix(origin, "https://"); ok {
		return "https://" + strings.TrimSuffix(rest, ":443")
	}
	if rest, ok := strings.CutPrefix(origin, "http://"); ok {
		return "http://" + strings.TrimSuffix(rest, ":80")
	}
	return origin
}

// refuse answers an upgrade that does not happen, as RFC 9457 problem.
func (h *Hub) refuse(w http.ResponseWriter, err error) {
	e, _ := toError(err)
	h.stats.refused.Add(1)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "urn:mentara:problem:" + e.Code, "title": e.Message, "status": e.Status,
	})
}
