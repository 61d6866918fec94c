package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
)

// scope is what the kit knows of one request. One goroutine, the request's,
// writes it.
type scope struct {
	id    string
	ip    netip.Addr
	route string // pattern, never the path: paths may hold tokens
	log   *slog.Logger
	w     http.ResponseWriter // the server's own, for deadlines
	r     *http.Request
}

type scopeKey struct{}

func scopeOf(ctx context.Context) *scope {
	if sc, ok := ctx.Value(scopeKey{}).(*scope); ok {
		return sc
	}
	return &scope{log: slog.New(slog.DiscardHandler)}
}

// RequestID names the request in logs and problems. It is made here; one sent
// by the client is not believed.
func RequestID(ctx context.Context) string { return scopeOf(ctx).id }

// ClientIP is who connected, seen through trusted proxies only. It is the zero
// Addr outside a request.
func ClientIP(ctx context.Context) netip.Addr { return scopeOf(ctx).ip }

// Request is the HTTP request behind a typed handler, for what huma does not
// carry: cookies and the User-Agent. Nil outside a request.
func Request(ctx context.Context) *http.Request { return scopeOf(ctx).r }

// SetCookie adds a cookie to the response of a typed handler.
func SetCookie(ctx context.Context, c *http.Cookie) {
	if w := scopeOf(ctx).w; w != nil {
		http.SetCookie(w, c)
	}
}

// SetHeader sets a header on the response of a typed handler.
func SetHeader(ctx context.Context, name, value string) {
	if w := scopeOf(ctx).w; w != nil {
		w.Header().Set(name, value)
	}
}

func newRequestID() string { return rand.Text() }

// clientIP walks X-Forwarded-For from the right while the hop that reported is
// trusted; the first address not of a trusted proxy is the client. A broken
// entry ends the walk: whoever wrote it is the client we know.
func clientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = next.Unmap().WithZone("")
	}
	return ip
}

func contains(prefixes []netip.Prefix, ip netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
