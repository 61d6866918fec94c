package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

const (
	touchEvery = time.Minute          // how exact "last seen" is; each touch is a write
	deviceAge  = 400 * 24 * time.Hour // what browsers keep a cookie at most
	maxDevices = 20                   // known browsers of one person
)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`
	ID            string `bun:"id,pk"`
	TokenHash     string
	Kind          auth.Kind
	Method        string
	UserID        string `bun:",nullzero"`
	GuestID       string
	GuestName     string
	RoomID        string
	Device        string
	Address       string
	CreatedAt     time.Time
	LastSeenAt    time.Time
	IdleAt        time.Time
	ExpiresAt     time.Time
}

func (r *sessionRow) owner() string {
	if r.Kind == auth.Guest {
		return r.GuestID
	}
	return r.UserID
}

func (r *sessionRow) alive(now time.Time) bool {
	return now.Before(r.IdleAt) && now.Before(r.ExpiresAt)
}

type deviceRow struct {
	bun.BaseModel `bun:"table:known_devices,alias:d"`
	TokenHash     string `bun:",pk"`
	UserID        string
	LastUsedAt    time.Time
}

// Authenticate finds the identity behind the session cookie. A request that
// brings an Authorization header is not ours: the cross-site check lets those
// pass, so they must not be able to fall back on a cookie.
func (s *Service) Authenticate(r *http.Request) (auth.Principal, bool, error) {
	if r.Header.Get("Authorization") != "" {
		return auth.Principal{}, false, nil
	}
	token := s.cookies.read(r, s.cookies.session)
	if token == "" {
		return auth.Principal{}, false, nil
	}
	ctx := r.Context()
	sess, user, err := s.findSession(ctx, token)
	if err != nil {
		return auth.Principal{}, false, err
	}
	if sess == nil {
		return auth.Principal{}, false, sessionEnded()
	}
	s.touch(ctx, sess)
	return principalOf(sess, user), true, nil
}

// Verify reports whether a principal of Authenticate still holds, for sockets
// that live longer than one request: fault.Unauthenticated if its session is
// over. It does not count as use of the session: a page left open must not stay
// signed in for ever. Tokens are another's to verify.
func (s *Service) Verify(ctx context.Context, p auth.Principal) error {
	if p.Kind == auth.Token {
		return nil
	}
	sess := &sessionRow{}
	err := s.db.Read().NewSelect().Model(sess).Where("s.id = ?", p.SessionID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && (!sess.alive(s.now()) || sess.owner() != p.ID)) {
		return sessionEnded()
	}
	if err != nil {
		return fmt.Errorf("verify session: %w", err)
	}
	return nil
}

func sessionEnded() error {
	return fault.New(fault.Unauthenticated, "session_ended", "Your session has ended. Please sign in again.")
}

func principalOf(sess *sessionRow, user *userRow) auth.Principal {
	if sess.Kind == auth.Guest {
		return auth.Principal{
			ID: sess.GuestID, Kind: auth.Guest, Name: sess.GuestName, SessionID: sess.ID,
			Room: &auth.RoomGrant{Room: sess.RoomID, Publish: true, Subscribe: true},
		}
	}
	return auth.Principal{ID: user.ID, Kind: auth.User, Role: user.Role, Name: user.Name, SessionID: sess.ID}
}

// findSession reads the living session of a token and, unless a guest's, its
// user. Nil: there is none, or its account may not sign in any more.
func (s *Service) findSession(ctx context.Context, token string) (*sessionRow, *userRow, error) {
	if !isToken(token) {
		return nil, nil, nil
	}
	sess := &sessionRow{}
	err := s.db.Read().NewSelect().Model(sess).Where("s.token_hash = ?", hashToken(token)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && !sess.alive(s.now())) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("find session: %w", err)
	}
	if sess.Kind == auth.Guest {
		return sess, nil, nil
	}
	user, err := findUser(ctx, s.db.Read(), "id", sess.UserID)
	if err != nil || user == nil || !user.Active() {
		return nil, nil, err
	}
	return sess, user, nil
}

// touch notes that a session is in use, at most once a minute. A write that
// fails (a full disk) must not sign people out, so it is only logged.
func (s *Service) touch(ctx context.Context, sess *sessionRow) {
	now := s.now()
	if now.Sub(sess.LastSeenAt) < touchEvery {
		return
	}
	address := api.ClientIP(ctx).String()
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// The old time in the condition lets one of many requests at once write.
		res, err := tx.NewUpdate().Model(sess).Set("last_seen_at = ?", now).Set("idle_at = ?", now.Add(s.life.Idle)).
			Set("address = ?", address).Where("id = ? AND last_seen_at = ?", sess.ID, sess.LastSeenAt).Exec(ctx)
		if err != nil || sess.UserID == "" || affected(res) == 0 {
			return err
		}
		_, err = tx.NewUpdate().Model((*userRow)(nil)).Set("last_seen_at = ?", now).Where("id = ?", sess.UserID).Exec(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("session not touched", "session", sess.ID, "error", err)
	}
}

// begin starts a session of a user in tx. The token the browser had is dead
// from here on, so nobody who planted one shares the new session.
func (s *Service) begin(ctx context.Context, tx *db.Tx, u *userRow, method string, c Client) (Grant, error) {
	if err := s.replace(ctx, tx, c.Session, u.ID); err != nil {
		return Grant{}, err
	}
	token, now := newToken(), s.now()
	sess := &sessionRow{
		ID: newID(), TokenHash: hashToken(token), Kind: auth.User, Method: method, UserID: u.ID,
		Device: describeDevice(c.UserAgent), Address: c.Address.String(),
		CreatedAt: now, LastSeenAt: now, IdleAt: now.Add(s.life.Idle), ExpiresAt: now.Add(s.life.Session),
	}
	if _, err := tx.NewInsert().Model(sess).Exec(ctx); err != nil {
		return Grant{}, fmt.Errorf("insert session: %w", err)
	}
	if _, err := tx.NewUpdate().Model((*userRow)(nil)).Set("last_seen_at = ?", now).Where("id = ?", u.ID).Exec(ctx); err != nil {
		return Grant{}, fmt.Errorf("note last seen: %w", err)
	}
	device, err := s.remember(ctx, tx, u.ID, c.Device)
	if err != nil {
		return Grant{}, err
	}
	fact := event.SignedIn{User: u.ID, Session: sess.ID, Method: method, Device: sess.Device, NewDevice: device != ""}
	if err := tx.Emit(ctx, fact); err != nil {
		return Grant{}, err
	}
	return Grant{Token: token, Device: device, Expires: sess.ExpiresAt, Me: s.meOf(sess, u)}, nil
}

// replace ends the session a browser had before it gets another.
func (s *Service) replace(ctx context.Context, tx *db.Tx, token, by string) error {
	if !isToken(token) {
		return nil
	}
	_, err := s.endSessions(ctx, tx, "replaced", by, func(q *bun.DeleteQuery) *bun.DeleteQuery {
		return q.Where("token_hash = ?", hashToken(token))
	})
	return err
}

// remember makes this browser a known one of the user. It returns a token for
// the device cookie, or "" if the browser has one of this user already.
func (s *Service) remember(ctx context.Context, tx *db.Tx, userID, token string) (string, error) {
	now := s.now()
	if isToken(token) {
		res, err := tx.NewUpdate().Model((*deviceRow)(nil)).Set("last_used_at = ?", now).
			Where("token_hash = ? AND user_id = ?", hashToken(token), userID).Exec(ctx)
		if err != nil {
			return "", fmt.Errorf("touch device: %w", err)
		}
		if affected(res) > 0 {
			return "", nil
		}
	}
	token = newToken()
	if _, err := tx.NewInsert().Model(&deviceRow{TokenHash: hashToken(token), UserID: userID, LastUsedAt: now}).Exec(ctx); err != nil {
		return "", fmt.Errorf("insert device: %w", err)
	}
	_, err := tx.NewDelete().Model((*deviceRow)(nil)).Where("user_id = ?", userID).
		Where("token_hash NOT IN (SELECT token_hash FROM known_devices WHERE user_id = ? ORDER BY last_used_at DESC, token_hash LIMIT ?)", userID, maxDevices).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("prune devices: %w", err)
	}
	return token, nil
}

// endSessions deletes the sessions that where selects and tells of each.
func (s *Service) endSessions(ctx context.Context, tx *db.Tx, reason, by string, where func(*bun.DeleteQuery) *bun.DeleteQuery) (int, error) {
	var ended []sessionRow
	err := where(tx.NewDelete().Model((*sessionRow)(nil))).Returning("id, kind, user_id, guest_id").Scan(ctx, &ended)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	for _, sess := range ended {
		fact := event.SessionRevoked{Session: sess.ID, Owner: sess.owner(), Reason: reason, By: by}
		if err := tx.Emit(ctx, fact); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

// EndSession ends a session by id, whoever's it is. Unknown ids are fine.
func (s *Service) EndSession(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.endSessions(ctx, tx, "revoked", "", func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("id = ?", id) })
		return err
	})
}

// SignOut ends the caller's own session.
func (s *Service) SignOut(ctx context.Context, p auth.Principal) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := s.endSessions(ctx, tx, "signed_out", p.ID, func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("id = ?", p.SessionID) })
		if err != nil || n == 0 {
			return err
		}
		return tx.Emit(ctx, event.SignedOut{Owner: p.ID, Session: p.SessionID})
	})
}

// Sessions lists where a user is signed in, the latest used first.
func (s *Service) Sessions(ctx context.Context, p auth.Principal) ([]Device, error) {
	var rows []sessionRow
	now := s.now()
	err := s.db.Read().NewSelect().Model(&rows).Where("s.user_id = ? AND s.idle_at > ? AND s.expires_at > ?", p.ID, now, now).
		OrderExpr("s.last_seen_at DESC, s.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	devices := make([]Device, len(rows))
	for i, r := range rows {
		devices[i] = Device{
			ID: r.ID, UserAgent: r.Device, Address: r.Address, Current: r.ID == p.SessionID,
			CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: earlier(r.IdleAt, r.ExpiresAt).UTC(),
		}
	}
	return devices, nil
}

// RevokeSession ends one of the caller's own sessions; another's is not found.
func (s *Service) RevokeSession(ctx context.Context, p auth.Principal, id string) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := s.endSessions(ctx, tx, "revoked", p.ID, func(q *bun.DeleteQuery) *bun.DeleteQuery {
			return q.Where("id = ? AND user_id = ?", id, p.ID)
		})
		if err == nil && n == 0 {
			err = notFound()
		}
		return err
	})
}

// RevokeOthers ends all of the caller's sessions but the current one.
func (s *Service) RevokeOthers(ctx context.Context, p auth.Principal) (n int, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err = s.endSessions(ctx, tx, "revoked", p.ID, othersOf(p))
		return err
	})
	return n, err
}

func othersOf(p auth.Principal) func(*bun.DeleteQuery) *bun.DeleteQuery {
	return func(q *bun.DeleteQuery) *bun.DeleteQuery {
		return q.Where("user_id = ? AND id <> ?", p.ID, p.SessionID)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// affected is how many rows a statement changed. Both drivers always know.
func affected(r sql.Result) int64 {
	n, _ := r.RowsAffected()
	return n
}
