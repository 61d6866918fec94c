package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// linkGrace is how long after a sign-in by link a password may be set without
// the old one: that is how somebody who forgot it gets a new one.
const linkGrace = 15 * time.Minute

// errWrongCredentials is one answer for an unknown address, a wrong password,
// an account without a password and one that was deactivated.
func errWrongCredentials() error {
	return fault.New(fault.Unauthenticated, "wrong_credentials", "That address and password do not match an account here.")
}

// SignIn trades an address and a password for a session.
func (s *Service) SignIn(ctx context.Context, email, password string, c Client) (Grant, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	user, device, err := s.candidate(ctx, email, c.Device)
	if err != nil {
		return Grant{}, err
	}
	try, err := s.beginTry(email, device, c)
	if err != nil {
		return Grant{}, err
	}
	hash := ""
	if user != nil {
		hash = user.Password
	}
	ok, err := s.hasher.Matches(ctx, password, hash)
	if err != nil {
		try.Cancelled()
		return Grant{}, err
	}
	if !ok || !user.Active() {
		return Grant{}, errWrongCredentials()
	}
	try.Succeeded()
	var g Grant
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// The account may have changed while the password was compared.
		now, err := mustUser(ctx, tx, user.ID)
		if err != nil {
			return err
		}
		if !now.Active() || now.Password != user.Password {
			return errWrongCredentials()
		}
		g, err = s.begin(ctx, tx, now, "password", c)
		return err
	})
	return g, err
}

// candidate reads the account of an address, if any, and whether the browser
// is known as one of its owner. Both queries run for every address.
func (s *Service) candidate(ctx context.Context, email, deviceToken string) (user *userRow, device string, err error) {
	user, err = findUser(ctx, s.db.Read(), "email", email)
	if err != nil {
		return nil, "", err
	}
	owner := ""
	if user != nil {
		owner = user.ID
	}
	hash := hashToken(deviceToken)
	known, err := s.db.Read().NewSelect().Model((*deviceRow)(nil)).
		Where("d.token_hash = ? AND d.user_id = ?", hash, owner).Exists(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("find device: %w", err)
	}
	if known {
		device = hash
	}
	return user, device, nil
}

func (s *Service) beginTry(email, device string, c Client) (*try, error) {
	now, address := s.now(), api.AddressKey(c.Address)
	if device == "" {
		if err := s.addresses.Allow(address, now); err != nil {
			return nil, err
		}
	}
	return s.throttle.begin(now, email, address, device)
}

// ChangePassword sets a new password of the caller and ends their other
// sessions. Who came by a link within the last quarter of an hour, or has no
// password yet, need not know the old one.
func (s *Service) ChangePassword(ctx context.Context, p auth.Principal, current, next string, c Client) error {
	user, err := mustUser(ctx, s.db.Read(), p.ID)
	if err != nil {
		return err
	}
	trusted, err := s.cameByLink(ctx, p.SessionID)
	if err != nil {
		return err
	}
	if !trusted && user.Password != "" {
		if err := s.prove(ctx, user, current, c); err != nil {
			return err
		}
	}
	if err := checkPassword("body.next", next, user.Email, user.Name); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, next)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*userRow)(nil)).Set("password = ?", hash).
			Where("id = ? AND password = ?", user.ID, user.Password).Exec(ctx)
		if err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		if affected(res) == 0 {
			return fault.New(fault.Conflict, "password_changed", "The password was changed elsewhere at the same time.")
		}
		if _, err := s.endSessions(ctx, tx, "password_changed", p.ID, othersOf(p)); err != nil {
			return err
		}
		return tx.Emit(ctx, event.PasswordChanged{User: user.ID})
	})
}

// prove compares the caller's current password, under the same limits as a
// sign-in: a session left open must not be a way to guess it.
func (s *Service) prove(ctx context.Context, user *userRow, current string, c Client) error {
	try, err := s.throttle.begin(s.now(), user.Email, api.AddressKey(c.Address), "change "+user.ID)
	if err != nil {
		return err
	}
	ok, err := s.hasher.Matches(ctx, current, user.Password)
	if err != nil {
		try.Cancelled()
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "wrong_password", "The current password is not right.").With("body.current", "This is not your current password.")
	}
	try.Succeeded()
	return nil
}

func (s *Service) cameByLink(ctx context.Context, sessionID string) (bool, error) {
	sess := &sessionRow{}
	err := s.db.Read().NewSelect().Model(sess).Where("s.id = ?", sessionID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find session: %w", err)
	}
	return sess.Method == "link" && s.now().Before(sess.CreatedAt.Add(linkGrace)), nil
}
