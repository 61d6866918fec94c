package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"mentara/internal/fault"
)

// readJSONBody reads the whole body, with a cap and a deadline, checks that it
// is strict JSON, and puts it back. w is the server's own writer, which holds
// the connection's deadline. An absent body is fine unless required.
func readJSONBody(r *http.Request, w http.ResponseWriter, limit int64, timeout time.Duration, required bool) error {
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	data, err := readBody(r, w, limit, timeout)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	if len(data) == 0 {
		if required {
			return malformed("body_missing", "The request needs a JSON body.")
		}
		return nil
	}
	if err := isJSON(r.Header); err != nil {
		return err
	}
	return CheckJSON(data)
}

func readBody(r *http.Request, w http.ResponseWriter, limit int64, timeout time.Duration) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	conn := http.NewResponseController(w)
	// Not every writer has a connection (tests use recorders); one without
	// cannot be slow either.
	_ = conn.SetReadDeadline(time.Now().Add(timeout))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooBig *http.MaxBytesError
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &tooBig):
		return nil, tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close") // the rest of the body may still come
		return nil, newProblem(http.StatusRequestTimeout, "slow_body", "The request body came too slowly.")
	default:
		return nil, malformed("body_cut", "The request body ended early.")
	}
}

func tooLarge(limit int64) error {
	return fault.Newf(fault.TooLarge, "too_large", "The request body may have %d bytes at most.", limit)
}

// isJSON wants application/json, uncompressed. A form, the only thing a foreign
// page can post without asking first, is refused by this too.
func isJSON(h http.Header) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return fault.New(fault.Unsupported, "unsupported_media_type", "Send application/json.")
	}
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return fault.New(fault.Unsupported, "unsupported_encoding", "Send the body uncompressed.")
	}
	return nil
}

// acceptsJSON refuses before anything is done what could not be answered after:
// the most specific media range decides (RFC 9110 §12.5.1).
func acceptsJSON(r *http.Request) error {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return nil
	}
	best, quality := -1, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		rank := -1
		switch kind {
		case "application/json":
			rank = 2
		case "application/*":
			rank = 1
		case "*/*":
			rank = 0
		}
		if rank > best {
			best, quality = rank, 1
			if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
				quality = q
			}
		}
	}
	if quality > 0 {
		return nil
	}
	return newProblem(http.StatusNotAcceptable, "not_acceptable", "This answers in application/json.")
}
