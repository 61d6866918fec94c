package room

import (
	"context"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// JoinToken makes a token by which a client without a cookie opens its socket:
// good for one room and five minutes, and for no more than its bearer may. It
// does not pass the waiting room.
func (s *Service) JoinToken(p auth.Principal, room string, as Role) (Token, error) {
	g := Grant{
		Room: room, Identity: p.ID, Name: p.Name, Session: p.SessionID,
		Publish: true, Subscribe: true, Moderator: as == RoleHost,
	}
	if g.Name == "" || !validName(g.Name, 80) {
		g.Name = "Guest"
	}
	if p.Room != nil {
		g.Publish, g.Subscribe, g.Admitted = p.Room.Publish, p.Room.Subscribe, p.Room.Admitted
	}
	return s.tokens.Issue(g, joinTTL)
}

// TokenOrder is what a host wants a token to say.
type TokenOrder struct {
	Identity  string
	Name      string
	Publish   bool
	Subscribe bool
	TTL       time.Duration
}

// IssueToken makes a token for a tool of the host's: a camera, an encoder, a
// player. Its bearer comes in without waiting, as the host who made it has let
// it in. It can never be taken for a person: identities that are, or look like,
// ids of ours are refused.
func (s *Service) IssueToken(ctx context.Context, p auth.Principal, id string, o TokenOrder) (Token, error) {
	r, members, _, err := s.find(ctx, p, id, grant)
	if err != nil {
		return Token{}, err
	}
	taken := looksLikeID(o.Identity) || o.Identity == r.HostID
	for _, m := range members {
		taken = taken || m.UserID == o.Identity
	}
	if taken {
		return Token{}, fault.New(fault.Invalid, "bad_identity", "Please choose another identity.").With("body.identity", "must not be that of a person")
	}
	if o.TTL == 0 {
		o.TTL = DefaultTokenTTL
	}
	t, err := s.tokens.Issue(Grant{
		Room: id, Identity: o.Identity, Name: o.Name, Publish: o.Publish, Subscribe: o.Subscribe, Admitted: true,
	}, o.TTL)
	if err != nil {
		return Token{}, err
	}
	err = s.store.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Emit(ctx, event.RoomTokenIssued{
			Room: id, Identity: o.Identity, JTI: t.JTI, Publish: o.Publish, Subscribe: o.Subscribe, ExpiresAt: t.ExpiresAt, By: p.ID,
		})
	})
	return t, err
}

// looksLikeID reports whether s could be one of the ids this program makes: 26
// characters of base32.
func looksLikeID(s string) bool {
	if len(s) != 26 {
		return false
	}
	for _, c := range s {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// Guest links last from a minute to a week, a day unless told.
const (
	guestTTL    = 24 * time.Hour
	maxGuestTTL = 7 * 24 * time.Hour
)

// InviteGuest makes a one-time link by which somebody without an account comes
// to the door of this room.
func (s *Service) InviteGuest(ctx context.Context, p auth.Principal, id string, ttl time.Duration) (secret string, expires time.Time, err error) {
	if _, _, _, err := s.find(ctx, p, id, invite); err != nil {
		return "", time.Time{}, err
	}
	if ttl == 0 {
		ttl = guestTTL
	}
	if ttl < time.Minute || ttl > maxGuestTTL {
		return "", time.Time{}, fault.New(fault.Invalid, "bad_ttl", "A guest link lasts from a minute to a week.").With("body.ttlSeconds", "60 to 604800")
	}
	expires = s.now().Add(ttl)
	secret, err = s.people.CreateGuestLink(ctx, id, p.ID, ttl)
	if err != nil {
		return "", time.Time{}, err
	}
	err = s.store.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Emit(ctx, event.GuestInvited{Room: id, ExpiresAt: expires, By: p.ID})
	})
	return secret, expires, err
}
