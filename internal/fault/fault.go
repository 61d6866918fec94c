// Package fault names the ways a request can fail. The layer that knows the
// cause makes the fault; the HTTP and socket kits turn it into an RFC 9457
// problem or an error reply. Anything that is not a fault is a bug of ours: it
// is logged once at the door and strangers see "internal error".
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what went wrong, in terms a caller can act on. Its value is the HTTP
// status it maps to.
type Kind int

const (
	Malformed       Kind = 400 // cannot be parsed
	Unauthenticated Kind = 401 // no identity, or one that has ended
	Forbidden       Kind = 403 // the object is known to the caller, the verb is not theirs
	NotFound        Kind = 404 // absent, or not theirs to know of
	Conflict        Kind = 409 // the state of the object does not allow it now
	Gone            Kind = 410 // existed and ended: a used invitation, a closed room
	Precondition    Kind = 412 // If-Match did not match
	TooLarge        Kind = 413
	Unsupported     Kind = 415 // media type
	Invalid         Kind = 422 // parsed, and a value is out of bounds
	Locked          Kind = 423 // under legal hold
	PrecondRequired Kind = 428 // If-Match is missing
	RateLimited     Kind = 429
	Internal        Kind = 500
	NotImplemented  Kind = 501
	Unavailable     Kind = 503 // try again after RetryAfter
	Full            Kind = 507 // disk
)

// Field is one value that was refused.
type Field struct {
	Location string `json:"location"` // "body.email", "query.limit"
	Message  string `json:"message"`
}

// Error is a fault. Code is stable and machine-readable ("slot_taken");
// Message is one plain sentence for the person who asked.
type Error struct {
	Kind       Kind
	Code       string
	Message    string
	Fields     []Field
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// New makes a fault of the given kind.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Newf is New with a formatted message.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// With returns a copy that also names a refused field.
func (e *Error) With(location, message string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{location, message})
	return &c
}

// After returns a copy that tells the caller when to try again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// As finds the fault in an error chain; nil if there is none.
func As(err error) *Error {
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return nil
}

// Is reports whether err is a fault of the given kind.
func Is(err error, kind Kind) bool {
	f := As(err)
	return f != nil && f.Kind == kind
}
