package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
)

type careRow struct {
	bun.BaseModel `bun:"table:care,alias:c"`
	ID            string `bun:"id,pk"`
	TherapistID   string
	ClientID      string
	Since         time.Time
	EndedAt       time.Time `bun:",nullzero"`

	Therapist *userRow `bun:"rel:belongs-to,join:therapist_id=id"`
	Client    *userRow `bun:"rel:belongs-to,join:client_id=id"`
}

// Treats reports whether a therapist treats a client now.
func (s *Service) Treats(ctx context.Context, therapistID, clientID string) (bool, error) {
	ok, err := treats(ctx, s.db.Read(), therapistID, clientID)
	if err != nil {
		return false, fmt.Errorf("treats: %w", err)
	}
	return ok, nil
}

// Clients lists whom a therapist treats now.
func (s *Service) Clients(ctx context.Context, therapistID string) ([]string, error) {
	ids := []string{}
	err := s.db.Read().NewSelect().Model((*careRow)(nil)).Column("c.client_id").
		Where("c.therapist_id = ? AND c.ended_at IS NULL", therapistID).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("clients: %w", err)
	}
	return ids, nil
}

func treats(ctx context.Context, q bun.IDB, therapistID, clientID string) (bool, error) {
	return q.NewSelect().Model((*careRow)(nil)).
		Where("c.therapist_id = ? AND c.client_id = ? AND c.ended_at IS NULL", therapistID, clientID).Exists(ctx)
}

// SetCare lets a therapist treat a client from now on. Repeating it changes
// nothing. by is who decided; empty from the command line.
func (s *Service) SetCare(ctx context.Context, therapistID, clientID, by string) (Care, error) {
	var out Care
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := errors.Join(
			hasRole(ctx, tx, "body.therapistId", therapistID, auth.Therapist),
			hasRole(ctx, tx, "body.clientId", clientID, auth.Client))
		if err != nil {
			return err
		}
		if err := s.startCare(ctx, tx, therapistID, clientID, by); err != nil {
			return err
		}
		var row careRow
		err = tx.NewSelect().Model(&row).Relation("Therapist").Relation("Client").
			Where("c.therapist_id = ? AND c.client_id = ? AND c.ended_at IS NULL", therapistID, clientID).Scan(ctx)
		if err != nil {
			return fmt.Errorf("read care: %w", err)
		}
		out = viewCare(row)
		return nil
	})
	return out, err
}

func (s *Service) startCare(ctx context.Context, tx *db.Tx, therapistID, clientID, by string) error {
	row := &careRow{ID: newID(), TherapistID: therapistID, ClientID: clientID, Since: s.now()}
	res, err := tx.NewInsert().Model(row).On("CONFLICT (therapist_id, client_id) WHERE ended_at IS NULL DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("start care: %w", err)
	}
	if affected(res) == 0 {
		return nil
	}
	return tx.Emit(ctx, event.CareChanged{Therapist: therapistID, Client: clientID, Change: "started", By: by})
}

// EndCare says that a therapist no longer treats a client; couples and groups
// of that therapist lose the client with it. Not found if they did not.
func (s *Service) EndCare(ctx context.Context, therapistID, clientID, by string) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*careRow)(nil)).Set("ended_at = ?", s.now()).
			Where("therapist_id = ? AND client_id = ? AND ended_at IS NULL", therapistID, clientID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("end care: %w", err)
		}
		if affected(res) == 0 {
			return notFound()
		}
		if err := s.leaveUnits(ctx, tx, therapistID, clientID, by); err != nil {
			return err
		}
		return tx.Emit(ctx, event.CareChanged{Therapist: therapistID, Client: clientID, Change: "ended", By: by})
	})
}

// CareFilter narrows a list of who treats whom.
type CareFilter struct{ TherapistID, ClientID string }

// Care lists who treats whom now: all for admins and the front desk, one's own
// for therapists and clients.
func (s *Service) Care(ctx context.Context, p auth.Principal, f CareFilter, page api.Page) (api.List[Care], error) {
	after, err := page.After(3)
	if err != nil {
		return api.List[Care]{}, err
	}
	var rows []careRow
	q := s.db.Read().NewSelect().Model(&rows).Relation("Therapist").Relation("Client").Where("c.ended_at IS NULL").
		OrderExpr("therapist.sort_name, client.sort_name, c.id").Limit(int64(page.Limit) + 1)
	switch {
	case p.Is(auth.Therapist):
		q = q.Where("c.therapist_id = ?", p.ID)
	case p.Is(auth.Client):
		q = q.Where("c.client_id = ?", p.ID)
	}
	if f.TherapistID != "" {
		q = q.Where("c.therapist_id = ?", f.TherapistID)
	}
	if f.ClientID != "" {
		q = q.Where("c.client_id = ?", f.ClientID)
	}
	if after != nil {
		q = q.Where("(therapist.sort_name, client.sort_name, c.id) > (?, ?, ?)", after[0], after[1], after[2])
	}
	if err := q.Scan(ctx); err != nil {
		return api.List[Care]{}, fmt.Errorf("list care: %w", err)
	}
	return api.Cut(rows, page.Limit, viewCare, func(c careRow) api.Cursor {
		return api.Cursor{c.Therapist.SortName, c.Client.SortName, c.ID}
	}), nil
}
