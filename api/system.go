package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const readyTimeout = 2 * time.Second

// system registers what monitors and generators ask.
func (s *Server) system() {
	s.Raw(http.MethodGet, "/healthz", Public, func(c *gin.Context) { c.Status(http.StatusOK) })
	s.Raw(http.MethodGet, "/readyz", Public, s.ready)
	s.Raw(http.MethodGet, "/api/v1/openapi.json", Public, func(c *gin.Context) {
		doc, err := s.OpenAPI()
		if err != nil {
			WriteProblem(c.Writer, c.Request, err)
			return
		}
		c.Data(http.StatusOK, "application/openapi+json", doc)
	})
}

// ready names the checks that fail, not why: reasons go to the log.
func (s *Server) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	failing := []string{}
	for _, check := range s.opt.Ready {
		if err := check.Run(ctx); err != nil {
			s.opt.Log.Warn("not ready", "check", check.Name, "error", err)
			failing = append(failing, check.Name)
		}
	}
	status := http.StatusOK
	if len(failing) > 0 {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", "1")
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{"ready": len(failing) == 0, "failing": failing})
}

// HTTPServer has the timeouts and limits of a server strangers reach. There is
// no write timeout: sockets and media are long, and bodies have their own.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		// Twice our own limit: between the two a client gets a problem, above
		// it net/http's bare 431.
		MaxHeaderBytes: 2 * maxHeaderBytes,
	}
}

// Serve answers on ln until ctx ends, then lets running requests finish for at
// most ten seconds. It returns nil after a clean stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := s.HTTPServer()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, srv.Close())
	}
	<-failed // http.ErrServerClosed
	return err
}
