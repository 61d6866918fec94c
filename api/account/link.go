package account

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

const (
	setupLink  = "setup"
	signInLink = "sign_in"
	guestLink  = "guest"
)

type linkRow struct {
	bun.BaseModel `bun:"table:links,alias:l"`
	ID            string `bun:"id,pk"`
	TokenHash     string
	Kind          string
	UserID        string `bun:",nullzero"`
	RoomID        string
	CreatedBy     string
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        time.Time `bun:",nullzero"`
	SessionID     string
}

func (s *Service) newLink(kind string, ttl time.Duration) (string, *linkRow) {
	token, now := newToken(), s.now()
	return token, &linkRow{ID: newID(), TokenHash: hashToken(token), Kind: kind, CreatedAt: now, ExpiresAt: now.Add(ttl)}
}

func insertLink(ctx context.Context, tx *db.Tx, l *linkRow) error {
	if _, err := tx.NewInsert().Model(l).Exec(ctx); err != nil {
		return fmt.Errorf("insert link: %w", err)
	}
	return nil
}

// findLink reads a link of one kind by its token. The comparison after the
// lookup takes the same time for every hash.
func findLink(ctx context.Context, q bun.IDB, kind, token string) (*linkRow, error) {
	if !isToken(token) {
		return nil, notFound()
	}
	l, hash := &linkRow{}, hashToken(token)
	err := q.NewSelect().Model(l).Where("l.token_hash = ? AND l.kind = ?", hash, kind).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && subtle.ConstantTimeCompare([]byte(l.TokenHash), []byte(hash)) != 1) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("find link: %w", err)
	}
	return l, nil
}

// use marks a link used. Of two at the same moment one gets it.
func (s *Service) use(ctx context.Context, tx *db.Tx, l *linkRow, sessionID string) error {
	now := s.now()
	res, err := tx.NewUpdate().Model(l).Set("used_at = ?", now).Set("session_id = ?", sessionID).
		Where("id = ? AND used_at IS NULL AND expires_at > ?", l.ID, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use link: %w", err)
	}
	if affected(res) == 0 {
		return linkGone()
	}
	return nil
}

func linkGone() error {
	return fault.New(fault.Gone, "link_used", "This link has expired or was used already. Please ask for a new one.")
}

// CreateSetupToken makes the one-time token with which the first admin is made,
// good for half an hour. Earlier ones end. It is fault.Conflict when there is
// an admin.
func (s *Service) CreateSetupToken(ctx context.Context) (string, error) {
	token, l := s.newLink(setupLink, s.life.Setup)
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if n, err := activeAdmins(ctx, tx, ""); err != nil || n > 0 {
			return errors.Join(err, fault.New(fault.Conflict, "set_up", "This practice has an admin already."))
		}
		if _, err := tx.NewDelete().Model((*linkRow)(nil)).Where("kind = ? AND used_at IS NULL", setupLink).Exec(ctx); err != nil {
			return fmt.Errorf("end setup tokens: %w", err)
		}
		return insertLink(ctx, tx, l)
	})
	return token, err
}

// NeedsSetup reports whether there is no admin yet.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	some, err := s.db.Read().NewSelect().Model((*userRow)(nil)).Where("u.role = ? AND u.deactivated_at IS NULL", auth.Admin).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for an admin: %w", err)
	}
	return !some, nil
}

// Setup makes the first admin and signs them in. It is fault.Gone once there is
// one, whatever the token.
func (s *Service) Setup(ctx context.Context, token string, n NewUser, c Client) (Grant, error) {
	if needed, err := s.NeedsSetup(ctx); err != nil || !needed {
		return Grant{}, errors.Join(err, setupDone())
	}
	// A wrong token must not cost a hash.
	if _, err := findLink(ctx, s.db.Read(), setupLink, token); err != nil {
		return Grant{}, err
	}
	n.Role = auth.Admin
	u, err := s.prepare(ctx, n, "body.")
	if err != nil {
		return Grant{}, err
	}
	var g Grant
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Lock(ctx, "mentara setup"); err != nil {
			return err
		}
		if n, err := activeAdmins(ctx, tx, ""); err != nil || n > 0 {
			return errors.Join(err, setupDone())
		}
		l, err := findLink(ctx, tx, setupLink, token)
		if err != nil {
			return err
		}
		if err := s.insertUser(ctx, tx, u, ""); err != nil {
			return err
		}
		if g, err = s.begin(ctx, tx, u, "setup", c); err != nil {
			return err
		}
		return s.use(ctx, tx, l, g.Me.SessionID)
	})
	return g, err
}

func setupDone() error {
	return fault.New(fault.Gone, "set_up", "This practice is set up already. Please sign in.")
}

// CreateSignInLink makes a token that signs one person in once, for the demo
// and for those who lost their password.
func (s *Service) CreateSignInLink(ctx context.Context, userID string, ttl time.Duration) (string, error) {
	token, l := s.newLink(signInLink, ttl)
	l.UserID = userID
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := mustUser(ctx, tx, userID); err != nil {
			return err
		}
		return insertLink(ctx, tx, l)
	})
	return token, err
}

// SignInByLink trades a sign-in link for a session.
func (s *Service) SignInByLink(ctx context.Context, token string, c Client) (Grant, error) {
	var g Grant
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, err := findLink(ctx, tx, signInLink, token)
		if err != nil {
			return err
		}
		u, err := mustUser(ctx, tx, l.UserID)
		if err != nil {
			return err
		}
		if !u.Active() {
			return linkGone()
		}
		if g, err = s.begin(ctx, tx, u, "link", c); err != nil {
			return err
		}
		return s.use(ctx, tx, l, g.Me.SessionID)
	})
	return g, err
}

// CreateGuestLink makes a token that lets one guest into one room, from one
// browser. Whether createdBy may invite there is the room's decision.
func (s *Service) CreateGuestLink(ctx context.Context, roomID, createdBy string, ttl time.Duration) (string, error) {
	token, l := s.newLink(guestLink, ttl)
	l.RoomID, l.CreatedBy = roomID, createdBy
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return insertLink(ctx, tx, l) })
	return token, err
}

// SignInAsGuest trades a guest link for a guest's session. The browser that
// used the link may come back with it while its session lives; to any other the
// link is gone. Somebody signed in is refused: they would stop being
// themselves.
func (s *Service) SignInAsGuest(ctx context.Context, token, name string, c Client) (Grant, error) {
	name, err := normalName("body.name", name)
	if err != nil {
		return Grant{}, err
	}
	have, user, err := s.findSession(ctx, c.Session)
	if err != nil {
		return Grant{}, err
	}
	if user != nil {
		return Grant{}, fault.New(fault.Conflict, "signed_in", "You are signed in here. Sign out first, or open the link in a private window.")
	}
	var g Grant
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, err := findLink(ctx, tx, guestLink, token)
		if err != nil {
			return err
		}
		if have != nil && l.SessionID == have.ID {
			g = Grant{Expires: have.ExpiresAt, Me: s.meOf(have, nil)}
			return nil
		}
		g, err = s.beginGuest(ctx, tx, l, name, c)
		return err
	})
	return g, err
}

func (s *Service) beginGuest(ctx context.Context, tx *db.Tx, l *linkRow, name string, c Client) (Grant, error) {
	token, now := newToken(), s.now()
	sess := &sessionRow{
		ID: newID(), TokenHash: hashToken(token), Kind: auth.Guest, Method: "guest_link",
		GuestID: newID(), GuestName: name, RoomID: l.RoomID, Device: describeDevice(c.UserAgent), Address: c.Address.String(),
		CreatedAt: now, LastSeenAt: now, IdleAt: now.Add(s.life.Idle), ExpiresAt: now.Add(s.life.Guest),
	}
	if err := s.use(ctx, tx, l, sess.ID); err != nil {
		return Grant{}, err
	}
	if err := s.replace(ctx, tx, c.Session, sess.GuestID); err != nil {
		return Grant{}, err
	}
	if _, err := tx.NewInsert().Model(sess).Exec(ctx); err != nil {
		return Grant{}, fmt.Errorf("insert guest session: %w", err)
	}
	fact := event.GuestSignedIn{Guest: sess.GuestID, Session: sess.ID, Room: l.RoomID, By: l.CreatedBy}
	if err := tx.Emit(ctx, fact); err != nil {
		return Grant{}, err
	}
	return Grant{Token: token, Expires: sess.ExpiresAt, Me: s.meOf(sess, nil)}, nil
}
