package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mentara/internal/db"
	"mentara/internal/fault"
)

// Problem is an RFC 9457 problem. Type and Code are stable; Detail is a
// sentence for the person who asked.
type Problem struct {
	Type      string        `json:"type" doc:"urn:mentara:problem: followed by the code" example:"urn:mentara:problem:not_found"`
	Title     string        `json:"title" doc:"The status in words" example:"Not Found"`
	Status    int           `json:"status" example:"404"`
	Detail    string        `json:"detail" doc:"One plain sentence for the person who asked" example:"There is no such thing here."`
	Code      string        `json:"code" doc:"Stable and machine-readable" example:"not_found"`
	Errors    []fault.Field `json:"errors,omitempty" doc:"Values that were refused"`
	RequestID string        `json:"requestId" doc:"Names this request in the server's log"`

	retryAfter time.Duration
}

// Error, GetStatus, GetHeaders and ContentType let huma send a Problem as is.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json whatever was negotiated.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders are those a status demands: Retry-After (RFC 9110 §10.2.3) and
// WWW-Authenticate (§11.6.1). Bearer makes no browser open a dialog.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	retry := p.retryAfter
	if retry <= 0 && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests) {
		retry = time.Second
	}
	if retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(retry.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="mentara"`)
	}
	return h
}

func newProblem(status int, code, detail string) *Problem {
	title := http.StatusText(status)
	if title == "" {
		title = "Error"
	}
	return &Problem{Type: "urn:mentara:problem:" + code, Title: title, Status: status, Code: code, Detail: detail}
}

// problemOf turns any error into a problem. What is not a fault is our bug: it
// is logged here, once, and strangers learn only the request id.
func problemOf(ctx context.Context, err error) *Problem {
	sc := scopeOf(ctx)
	p := &Problem{}
	f := fault.As(err)
	if f == nil {
		f = db.Fault(err) // a read met a full disk or a database that restarts
	}
	switch {
	case errors.As(err, &p):
	case f != nil && f.Kind != fault.Internal:
		p = newProblem(int(f.Kind), f.Code, f.Message)
		p.Errors = f.Fields
		p.retryAfter = f.RetryAfter
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		p = newProblem(http.StatusServiceUnavailable, "cancelled", "The request was cancelled.")
	case errors.Is(err, context.DeadlineExceeded):
		p = newProblem(http.StatusServiceUnavailable, "timeout", "That took too long. Please try again.")
	default:
		sc.log.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("requestId", sc.id), slog.String("route", sc.route), slog.Any("error", err))
		p = internalProblem()
	}
	p.RequestID = sc.id
	return p
}

func internalProblem() *Problem {
	return newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side.")
}

// WriteProblem answers a request with the problem of err. Use it in Raw
// handlers before anything else was written.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, problemOf(r.Context(), err))
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	h := w.Header()
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Del("Content-Length")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// An error here means the client is gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(p)
}

// fromHuma rewrites huma's own refusals. Values are not echoed: one of them
// may be a password.
func fromHuma(ctx context.Context, e *huma.ErrorModel) *Problem {
	code, detail := "invalid", "Some values are not valid."
	switch e.Status {
	case http.StatusUnprocessableEntity:
	case http.StatusBadRequest:
		code, detail = "malformed", "The request could not be read."
	default:
		code, detail = "refused", e.Detail
	}
	p := newProblem(e.Status, code, detail)
	for _, d := range e.Errors {
		if d == nil {
			continue
		}
		message := d.Message
		if strings.HasPrefix(message, "json: ") { // names our Go types
			message = "This value does not fit."
		}
		p.Errors = append(p.Errors, fault.Field{Location: d.Location, Message: message})
	}
	p.RequestID = RequestID(ctx)
	return p
}
