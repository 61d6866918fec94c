package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"mentara/internal/fault"
)

// Handler is the whole server: what every request passes, from the outside in,
// before gin routes it. A request gets its id and headers first, so that even
// the earliest refusal carries them.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sc := &scope{id: newRequestID(), ip: clientIP(r, s.opt.TrustedProxies), log: s.opt.Log, w: w}
		sc.r = r.WithContext(context.WithValue(r.Context(), scopeKey{}, sc))
		rec := &recorder{ResponseWriter: w}
		sc.w = rec
		setPolicy(w.Header(), s.policy)
		w.Header().Set("X-Request-Id", sc.id)
		if isAPI(r.URL.Path) {
			w.Header().Set("Cache-Control", "no-store")
		}
		start := time.Now()
		defer s.finish(sc, rec, start)
		if err := s.screen(sc.r); err != nil {
			WriteProblem(rec, sc.r, err)
			return
		}
		s.engine.ServeHTTP(rec, asGet(sc.r))
	})
}

// screen refuses what no route should have to think about.
func (s *Server) screen(r *http.Request) error {
	switch {
	case len(r.RequestURI) > maxURLBytes:
		return newProblem(http.StatusRequestURITooLong, "url_too_long", "The address is too long.")
	case headerSize(r) > maxHeaderBytes:
		return newProblem(http.StatusRequestHeaderFieldsTooLarge, "headers_too_large", "The request headers are too large.")
	case !validText(r.URL.Path):
		return malformed("bad_url", "The address is not valid.")
	case !isAPI(r.URL.Path):
		return nil
	case !validQuery(r):
		return malformed("bad_url", "The query is not valid.")
	}
	if s.limit != nil {
		if err := s.limit.Allow(AddressKey(ClientIP(r.Context())), time.Now()); err != nil {
			return err
		}
	}
	if bearer(r) {
		// A foreign page cannot send Authorization without a preflight, which
		// is never granted; WHIP and WHEP clients live on other origins.
		return nil
	}
	if err := s.csrf.Check(r); err != nil {
		return fault.New(fault.Forbidden, "cross_origin", "This request came from another site.")
	}
	return nil
}

// finish recovers a panic and writes the access log: pattern, status and time,
// never the path or the query, which may hold tokens, nor who asked.
func (s *Server) finish(sc *scope, rec *recorder, start time.Time) {
	if v := recover(); v != nil {
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		s.opt.Log.Error("panic", "requestId", sc.id, "route", sc.route, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		if rec.status == 0 {
			p := internalProblem()
			p.RequestID = sc.id
			writeProblem(rec, p)
		}
	}
	if sc.route == "/healthz" || sc.route == "/readyz" {
		return
	}
	s.opt.Log.LogAttrs(context.WithoutCancel(sc.r.Context()), slog.LevelInfo, "request",
		slog.String("requestId", sc.id), slog.String("method", method(sc.r)), slog.String("route", sc.route),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", time.Since(start)))
}

// named notes the pattern gin matched.
func (s *Server) named(c *gin.Context) { scopeOf(c.Request.Context()).route = c.FullPath() }

// fallback answers what no route takes: the web app, or 404 under /api.
func (s *Server) fallback(c *gin.Context) {
	sc := scopeOf(c.Request.Context())
	if s.web != nil && !isAPI(c.Request.URL.Path) {
		sc.route = "web"
		c.Status(http.StatusOK)
		s.web.ServeHTTP(c.Writer, c.Request)
		return
	}
	sc.route = "none"
	WriteProblem(c.Writer, c.Request, notFound())
}

// noMethod answers 405; gin has set Allow (RFC 9110 §15.5.6).
func (s *Server) noMethod(c *gin.Context) {
	scopeOf(c.Request.Context()).route = "none"
	WriteProblem(c.Writer, c.Request, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This method is not allowed here."))
}

func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

func bearer(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer")
}

// asGet lets every GET route answer HEAD (RFC 9110 §9.3.2): net/http drops the
// body by the original request.
func asGet(r *http.Request) *http.Request {
	if r.Method != http.MethodHead {
		return r
	}
	get := r.Clone(r.Context())
	get.Method = http.MethodGet
	return get
}

// method is safe to log: unknown methods are bytes a stranger chose.
func method(r *http.Request) string {
	switch r.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return r.Method
	}
	return "other"
}

func headerSize(r *http.Request) (n int) {
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + 4 // ": " and CRLF
		}
	}
	return n
}
