package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

type invitationRow struct {
	bun.BaseModel `bun:"table:invitations,alias:i"`
	ID            string `bun:"id,pk"`
	TokenHash     string
	Email         string
	Name          string
	Role          auth.Role
	TherapistID   string `bun:",nullzero"`
	InvitedBy     string
	CreatedAt     time.Time
	ExpiresAt     time.Time
	AcceptedAt    time.Time `bun:",nullzero"`
	AcceptedBy    string    `bun:",nullzero"`
	RevokedAt     time.Time `bun:",nullzero"`

	Inviter *userRow `bun:"rel:belongs-to,join:invited_by=id"`
}

func (i *invitationRow) state(now time.Time) string {
	switch {
	case !i.AcceptedAt.IsZero():
		return "accepted"
	case !i.RevokedAt.IsZero():
		return "revoked"
	case !now.Before(i.ExpiresAt):
		return "expired"
	}
	return "open"
}

// mayInvite is who may bring whom: an admin anybody, a therapist clients.
func mayInvite(inviter, role auth.Role) bool {
	return inviter == auth.Admin || (inviter == auth.Therapist && role == auth.Client)
}

// NewInvitation asks somebody to make an account. TherapistID is who will treat
// a new client; a therapist always invites for themselves.
type NewInvitation struct {
	Email, Name string
	Role        auth.Role
	TherapistID string
}

// Invite makes an invitation and returns it with its link, which is shown this
// once. Earlier open ones to the same address end.
func (s *Service) Invite(ctx context.Context, p auth.Principal, n NewInvitation) (Invitation, error) {
	if !mayInvite(p.Role, n.Role) {
		return Invitation{}, fault.New(fault.Forbidden, "not_allowed", "You may invite clients only.").With("body.role", "must be client")
	}
	email, err := normalEmail("body.email", n.Email)
	if err != nil {
		return Invitation{}, err
	}
	name := ""
	if n.Name != "" {
		if name, err = normalName("body.name", n.Name); err != nil {
			return Invitation{}, err
		}
	}
	if p.Role == auth.Therapist {
		n.TherapistID = p.ID
	}
	token, now := newToken(), s.now()
	inv := &invitationRow{
		ID: newID(), TokenHash: hashToken(token), Email: email, Name: name, Role: n.Role, TherapistID: n.TherapistID,
		InvitedBy: p.ID, CreatedAt: now, ExpiresAt: now.Add(s.life.Invitation),
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return s.insertInvitation(ctx, tx, inv) })
	if err != nil {
		return Invitation{}, err
	}
	v := s.viewInvitation(inv, p.Name)
	v.Link = s.InvitationURL(token)
	return v, nil
}

func (s *Service) insertInvitation(ctx context.Context, tx *db.Tx, inv *invitationRow) error {
	taken, err := findUser(ctx, tx, "email", inv.Email)
	if err != nil {
		return err
	}
	if taken != nil {
		return fault.New(fault.Conflict, "email_taken", "There is an account with this address already.")
	}
	if inv.TherapistID != "" {
		if inv.Role != auth.Client {
			return invalid("body.therapistId", "Only clients have a therapist.")
		}
		if err := hasRole(ctx, tx, "body.therapistId", inv.TherapistID, auth.Therapist); err != nil {
			return err
		}
	}
	if err := s.revokeOpen(ctx, tx, inv.InvitedBy, "email = ?", inv.Email); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(inv).Exec(ctx); err != nil {
		return fmt.Errorf("insert invitation: %w", err)
	}
	return tx.Emit(ctx, event.InvitationSent{Invitation: inv.ID, Role: string(inv.Role), By: inv.InvitedBy})
}

// revokeOpen ends the open invitations a condition selects.
func (s *Service) revokeOpen(ctx context.Context, tx *db.Tx, by, where string, args ...any) error {
	var open []invitationRow
	err := tx.NewUpdate().Model(&open).Set("revoked_at = ?", s.now()).
		Where("accepted_at IS NULL AND revoked_at IS NULL").Where(where, args...).Returning("id").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("revoke invitations: %w", err)
	}
	for _, i := range open {
		if err := tx.Emit(ctx, event.InvitationRevoked{Invitation: i.ID, By: by}); err != nil {
			return err
		}
	}
	return nil
}

// Invitations lists those an admin or the inviting therapist may see, newest
// first.
func (s *Service) Invitations(ctx context.Context, p auth.Principal, page api.Page) (api.List[Invitation], error) {
	var rows []invitationRow
	q := s.db.Read().NewSelect().Model(&rows).Relation("Inviter").OrderExpr("i.created_at DESC, i.id DESC").Limit(int64(page.Limit) + 1)
	if !p.Is(auth.Admin) {
		q = q.Where("i.invited_by = ?", p.ID)
	}
	after, err := page.After(2)
	if err != nil {
		return api.List[Invitation]{}, err
	}
	if after != nil {
		at, err := time.Parse(time.RFC3339Nano, after[0])
		if err != nil {
			return api.List[Invitation]{}, api.BadCursor()
		}
		q = q.Where("(i.created_at, i.id) < (?, ?)", at.UTC(), after[1])
	}
	if err := q.Scan(ctx); err != nil {
		return api.List[Invitation]{}, fmt.Errorf("list invitations: %w", err)
	}
	return api.Cut(rows, page.Limit, func(i invitationRow) Invitation { return s.viewInvitation(&i, inviterName(&i)) },
		func(i invitationRow) api.Cursor { return api.Cursor{i.CreatedAt.UTC().Format(time.RFC3339Nano), i.ID} }), nil
}

// RevokeInvitation ends an open invitation. It may be repeated; an accepted one
// is fault.Conflict, another's is not found.
func (s *Service) RevokeInvitation(ctx context.Context, p auth.Principal, id string) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		inv := &invitationRow{}
		q := tx.NewSelect().Model(inv).Where("i.id = ?", id)
		if !p.Is(auth.Admin) {
			q = q.Where("i.invited_by = ?", p.ID)
		}
		if err := q.Scan(ctx); errors.Is(err, sql.ErrNoRows) {
			return notFound()
		} else if err != nil {
			return fmt.Errorf("find invitation: %w", err)
		}
		if !inv.AcceptedAt.IsZero() {
			return fault.New(fault.Conflict, "invitation_accepted", "This invitation was accepted already.")
		}
		return s.revokeOpen(ctx, tx, p.ID, "id = ?", id)
	})
}

// openInvitation reads an invitation by its token; fault.Gone unless it is open
// and whoever sent it may still send it.
func (s *Service) openInvitation(ctx context.Context, q bun.IDB, token string) (*invitationRow, error) {
	if !isToken(token) {
		return nil, notFound()
	}
	inv := &invitationRow{}
	err := q.NewSelect().Model(inv).Relation("Inviter").Where("i.token_hash = ?", hashToken(token)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("find invitation: %w", err)
	}
	if inv.state(s.now()) != "open" || inv.Inviter == nil || !inv.Inviter.Active() || !mayInvite(inv.Inviter.Role, inv.Role) {
		return nil, fault.New(fault.Gone, "invitation_ended", "This invitation has expired or was used already. Please ask for a new one.")
	}
	return inv, nil
}

// PreviewInvitation is what the invited person sees before they accept.
func (s *Service) PreviewInvitation(ctx context.Context, token string) (InvitationPreview, error) {
	inv, err := s.openInvitation(ctx, s.db.Read(), token)
	if err != nil {
		return InvitationPreview{}, err
	}
	return InvitationPreview{
		Email: inv.Email, Name: inv.Name, Role: inv.Role, Practice: s.practice,
		InvitedBy: inviterName(inv), ExpiresAt: inv.ExpiresAt.UTC(),
	}, nil
}

// Accept makes the account of an invitation and signs it in. Address and role
// are the invitation's; only name, password, locale and zone come from the
// person.
func (s *Service) Accept(ctx context.Context, token string, n NewUser, c Client) (Grant, error) {
	inv, err := s.openInvitation(ctx, s.db.Read(), token)
	if err != nil {
		return Grant{}, err
	}
	n.Email, n.Role = inv.Email, inv.Role
	u, err := s.prepare(ctx, n, "body.")
	if err != nil {
		return Grant{}, err
	}
	var g Grant
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		g, err = s.accept(ctx, tx, token, u, c)
		return err
	})
	return g, err
}

func (s *Service) accept(ctx context.Context, tx *db.Tx, token string, u *userRow, c Client) (Grant, error) {
	if err := tx.Lock(ctx, "invitation "+hashToken(token)); err != nil {
		return Grant{}, err
	}
	inv, err := s.openInvitation(ctx, tx, token)
	if err != nil {
		return Grant{}, err
	}
	if err := s.insertUser(ctx, tx, u, inv.InvitedBy); err != nil {
		return Grant{}, err
	}
	_, err = tx.NewUpdate().Model((*invitationRow)(nil)).Set("accepted_at = ?", s.now()).Set("accepted_by = ?", u.ID).Where("id = ?", inv.ID).Exec(ctx)
	if err != nil {
		return Grant{}, fmt.Errorf("mark invitation: %w", err)
	}
	if inv.TherapistID != "" {
		if err := s.startCare(ctx, tx, inv.TherapistID, u.ID, inv.InvitedBy); err != nil {
			return Grant{}, err
		}
	}
	fact := event.InvitationAccepted{Invitation: inv.ID, User: u.ID, Role: string(u.Role), InvitedBy: inv.InvitedBy}
	if err := tx.Emit(ctx, fact); err != nil {
		return Grant{}, err
	}
	return s.begin(ctx, tx, u, "invitation", c)
}

func inviterName(i *invitationRow) string {
	if i.Inviter == nil {
		return ""
	}
	return i.Inviter.Name
}

// hasRole checks that an id in a request is an active person in a role.
func hasRole(ctx context.Context, q bun.IDB, location, id string, roles ...auth.Role) error {
	u, err := findUser(ctx, q, "id", id)
	if err != nil {
		return err
	}
	if u == nil || !u.Active() || !slices.Contains(roles, u.Role) {
		return invalid(location, fmt.Sprintf("This is not an active %s.", roles[0]))
	}
	return nil
}
