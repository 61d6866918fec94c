package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// steady is how long a connection must last for the back-off to start over.
const steady = 10 * time.Second

// Backoff is how long to wait before the n-th try (from 0): a random time up to
// 0.5 s doubled n times, at most 30 s.
func Backoff(n int) time.Duration {
	limit := 30 * time.Second
	if n < 6 {
		limit = min(limit, 500*time.Millisecond<<n)
	}
	return rand.N(limit)
}

// Reconnects says whether a client comes back after a close code, and after how
// long at least.
func Reconnects(code int) (again bool, atLeast time.Duration) {
	switch code {
	case 1000, 1002, 1003, 1009:
		return false, 0
	case 4408:
		return true, 0
	case 4429:
		return true, 10 * time.Second
	}
	return code < 4000, 0
}

// refusedError is an upgrade that the server answered with an HTTP status.
type refusedError struct{ status int }

func (e *refusedError) Error() string {
	return "upgrade refused: " + http.StatusText(e.status)
}

// finalError returns err if another try would end no better.
func finalError(err error) error {
	if refused, ok := errors.AsType[*refusedError](err); ok {
		if refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden {
			return err
		}
	}
	if closed, ok := errors.AsType[*CloseError](err); ok {
		if again, _ := Reconnects(closed.Code); !again {
			return err
		}
	}
	return nil
}

// wait reports whether d has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
