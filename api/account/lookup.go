package account

import (
	"context"
	"fmt"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// UserByEmail finds an account by its address, for the command line and the
// demo; fault.NotFound if there is none.
func (s *Service) UserByEmail(ctx context.Context, email string) (User, error) {
	email, err := normalEmail("email", email)
	if err != nil {
		return User{}, err
	}
	u, err := findUser(ctx, s.db.Read(), "email", email)
	if err != nil {
		return User{}, err
	}
	if u == nil {
		return User{}, notFound()
	}
	return u.User, nil
}

// Verify reports whether a principal that was good when its socket opened still
// is: fault.Unauthenticated once its session has ended. Sessions end by
// themselves too, which no fact tells until the sweep.
func (s *Service) Verify(ctx context.Context, p auth.Principal) error {
	if p.SessionID == "" {
		return nil // a token: it was checked when it came, and rooms check its grant
	}
	sess := &sessionRow{}
	n, err := s.db.Read().NewSelect().Model(sess).
		Where("s.id = ? AND s.idle_at > ? AND s.expires_at > ?", p.SessionID, s.now(), s.now()).Count(ctx)
	if err != nil {
		return fmt.Errorf("verify session: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Unauthenticated, "session_ended", "Your session has ended. Please sign in again.")
	}
	return nil
}
