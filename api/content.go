package api

import (
	"io"
	"net/http"
	"time"

	"mentara/internal/fault"
)

// ServeContent is http.ServeContent (ranges, conditions) whose refusals are
// problems like all others.
func ServeContent(w http.ResponseWriter, r *http.Request, name string, modified time.Time, content io.ReadSeeker) {
	http.ServeContent(&rangeWriter{ResponseWriter: w, r: r}, r, name, modified, content)
}

type rangeWriter struct {
	http.ResponseWriter
	r       *http.Request
	refused bool
}

func (w *rangeWriter) WriteHeader(status int) {
	var err error
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		err = newProblem(status, "bad_range", "The range is outside of the file.")
	case http.StatusPreconditionFailed:
		err = fault.New(fault.Precondition, "changed", "The file is no longer what you asked for.")
	default:
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	for _, h := range []string{"Content-Encoding", "Last-Modified", "Accept-Ranges"} {
		w.Header().Del(h)
	}
	WriteProblem(w.ResponseWriter, w.r, err)
}

// Write swallows the plain text that follows a refusal.
func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController the connection.
func (w *rangeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
