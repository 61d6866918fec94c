// Package api is the HTTP kit: one gin engine, typed JSON operations through
// huma, and everything each request needs before a feature sees it (request id,
// client address, security headers, CSRF, strict JSON, identity, limits).
//
// It holds no feature. Slices register their routes with Register (typed JSON,
// documented in OpenAPI) or Raw (WebSocket, WHIP, media, webhooks). It refuses
// to guess: an operation says who may call it, and input that is not exactly
// what was declared never reaches a handler.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"mentara/internal/auth"
)

// Limits on what a request may bring. Bodies above defaultMaxBody need
// huma.Operation.MaxBodyBytes on their operation.
const (
	defaultMaxBody  = 64 << 10
	maxHeaderBytes  = 16 << 10
	maxURLBytes     = 8 << 10
	bodyTimeout     = 10 * time.Second
	headerTimeout   = 5 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 10 * time.Second
)

// Authenticator proves one kind of credential. ok is false when the request
// carries none of that kind; err (usually fault.Unauthenticated) when it
// carries one that is no longer good.
type Authenticator func(*http.Request) (p auth.Principal, ok bool, err error)

// Check is one thing /readyz asks before this node takes traffic.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// Options are what a Server needs to know. Only Log is required.
type Options struct {
	Log *slog.Logger
	// Authenticate is tried in order for every request.
	Authenticate []Authenticator
	// TrustedProxies may name the client in X-Forwarded-For. Empty: nobody.
	TrustedProxies []netip.Prefix
	// PublicURL is where browsers reach this server; https turns HSTS on. Nil
	// means plain HTTP on loopback.
	PublicURL *url.URL
	Version   string
	Ready     []Check
	// RequestsPerSecond and Burst limit one client address on /api (an IPv6
	// client counts by its /64). Zero: no limit.
	RequestsPerSecond float64
	Burst             int
}

// Server is the engine with its documentation. Register everything first, then
// serve: registration is not safe while requests run.
type Server struct {
	opt    Options
	engine *gin.Engine
	huma   huma.API
	csrf   *http.CrossOriginProtection
	policy []header
	limit  *Limiter
	web    http.Handler
	// slowBody is how long a body may take; a field so that its test need not.
	slowBody time.Duration
}

// New makes a server that answers /healthz, /readyz and /api/v1/openapi.json.
func New(o Options) *Server {
	strictHuma()
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false // an API never redirects: the body would be lost
	e.RedirectFixedPath = false
	e.ContextWithFallback = true
	if err := e.SetTrustedProxies(nil); err != nil { // addresses come from ClientIP
		panic("api: " + err.Error())
	}
	s := &Server{opt: o, engine: e, csrf: http.NewCrossOriginProtection(), policy: policyHeaders(o.PublicURL), slowBody: bodyTimeout}
	if o.PublicURL != nil {
		// Behind a proxy the Host header may be an inner name; the public
		// origin is ours whatever it says.
		if err := s.csrf.AddTrustedOrigin(o.PublicURL.Scheme + "://" + o.PublicURL.Host); err != nil {
			panic("api: public URL: " + err.Error())
		}
	}
	if o.RequestsPerSecond > 0 {
		s.limit = NewLimiter(o.RequestsPerSecond, o.Burst, 100_000)
	}
	e.Use(s.named)
	e.NoRoute(s.fallback)
	e.NoMethod(s.noMethod)
	s.huma = humagin.New(e, humaConfig(o))
	s.system()
	return s
}

// Engine is the gin engine, for tests that look at its routes.
func (s *Server) Engine() *gin.Engine { return s.engine }

// Raw registers a handler that reads and writes for itself: WebSocket
// upgrades, WHIP, media, webhooks. Path segments are {name}, or {name...} for
// the rest of the path. The principal is in the request's context; refusals go
// out with WriteProblem.
func (s *Server) Raw(method, path string, access Access, h gin.HandlerFunc) {
	path = ginPath(path)
	s.engine.Handle(method, path, func(c *gin.Context) {
		r, err := s.admit(c.Request, access)
		if err != nil {
			WriteProblem(c.Writer, c.Request, err)
			c.Abort()
			return
		}
		c.Request = r
		h(c)
	})
}

// ginPath turns {name} into :name and {name...} into *name.
func ginPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		name, isParam := strings.CutPrefix(p, "{")
		if !isParam {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if rest, all := strings.CutSuffix(name, "..."); all {
			parts[i] = "*" + rest
		} else {
			parts[i] = ":" + name
		}
	}
	return strings.Join(parts, "/")
}
