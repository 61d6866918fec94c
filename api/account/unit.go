package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
)

// UnitKind is what joins the people of a care unit.
type UnitKind string

const (
	Couple UnitKind = "couple" // exactly two
	Family UnitKind = "family"
	Group  UnitKind = "group"
)

const maxMembers = 12

type unitRow struct {
	bun.BaseModel `bun:"table:care_units,alias:cu"`
	ID            string `bun:"id,pk"`
	Name          string
	Kind          UnitKind
	TherapistID   string
	CreatedAt     time.Time
	EndedAt       time.Time `bun:",nullzero"`
}

type memberRow struct {
	bun.BaseModel `bun:"table:care_unit_members,alias:m"`
	UnitID        string   `bun:",pk"`
	UserID        string   `bun:",pk"`
	User          *userRow `bun:"rel:belongs-to,join:user_id=id"`
}

// NewUnit is a couple, family or group to be treated together.
type NewUnit struct {
	Name        string
	Kind        UnitKind
	TherapistID string
	Members     []string
}

// CreateUnit joins clients into a unit. Its therapist must treat each of them.
// A therapist makes units of their own; an admin for anybody.
func (s *Service) CreateUnit(ctx context.Context, p auth.Principal, n NewUnit) (CareUnit, error) {
	if p.Is(auth.Therapist) {
		n.TherapistID = p.ID
	}
	name, err := normalName("body.name", n.Name)
	if err != nil {
		return CareUnit{}, err
	}
	u := &unitRow{ID: newID(), Name: name, Kind: n.Kind, TherapistID: n.TherapistID, CreatedAt: s.now()}
	var out CareUnit
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := hasRole(ctx, tx, "body.therapistId", u.TherapistID, auth.Therapist); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(u).Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("insert unit: %w", err)
		}
		if err := s.setMembers(ctx, tx, u, n.Members); err != nil {
			return err
		}
		out, err = oneUnit(ctx, tx, u)
		if err != nil {
			return err
		}
		return tx.Emit(ctx, event.CareUnitChanged{Unit: u.ID, Therapist: u.TherapistID, Members: memberIDs(out), Change: "started", By: p.ID})
	})
	return out, err
}

// UnitChange is what may change of a unit. Nil fields stay.
type UnitChange struct {
	Name    *string
	Members []string
}

// ChangeUnit renames a unit or changes who is in it.
func (s *Service) ChangeUnit(ctx context.Context, p auth.Principal, id string, c UnitChange) (CareUnit, error) {
	var out CareUnit
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := ownUnit(ctx, tx, p, id)
		if err != nil {
			return err
		}
		before, err := oneUnit(ctx, tx, u)
		if err != nil {
			return err
		}
		if c.Name != nil {
			if u.Name, err = normalName("body.name", *c.Name); err != nil {
				return err
			}
			if _, err := tx.NewUpdate().Model(u).Column("name").WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("rename unit: %w", err)
			}
		}
		if c.Members != nil {
			if err := s.setMembers(ctx, tx, u, c.Members); err != nil {
				return err
			}
		}
		if out, err = oneUnit(ctx, tx, u); err != nil {
			return err
		}
		if out.Name == before.Name && slices.Equal(memberIDs(out), memberIDs(before)) {
			return nil
		}
		return tx.Emit(ctx, event.CareUnitChanged{Unit: u.ID, Therapist: u.TherapistID, Members: memberIDs(out), Change: "changed", By: p.ID})
	})
	return out, err
}

// EndUnit ends a unit. Who treats whom stays as it is.
func (s *Service) EndUnit(ctx context.Context, p auth.Principal, id string) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := ownUnit(ctx, tx, p, id)
		if err != nil {
			return err
		}
		return s.endUnit(ctx, tx, u, p.ID)
	})
}

func (s *Service) endUnit(ctx context.Context, tx *db.Tx, u *unitRow, by string) error {
	view, err := oneUnit(ctx, tx, u)
	if err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(u).Set("ended_at = ?", s.now()).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("end unit: %w", err)
	}
	return tx.Emit(ctx, event.CareUnitChanged{Unit: u.ID, Therapist: u.TherapistID, Members: memberIDs(view), Change: "ended", By: by})
}

// leaveUnits takes a client out of a therapist's units. A unit that is too
// small without them ends.
func (s *Service) leaveUnits(ctx context.Context, tx *db.Tx, therapistID, clientID, by string) error {
	var units []unitRow
	err := tx.NewSelect().Model(&units).Where("cu.therapist_id = ? AND cu.ended_at IS NULL", therapistID).
		Where("cu.id IN (SELECT unit_id FROM care_unit_members WHERE user_id = ?)", clientID).OrderExpr("cu.id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find units: %w", err)
	}
	for _, u := range units {
		view, err := oneUnit(ctx, tx, &u)
		if err != nil {
			return err
		}
		if len(view.Members) <= 2 {
			if err := s.endUnit(ctx, tx, &u, by); err != nil {
				return err
			}
			continue
		}
		if _, err := tx.NewDelete().Model((*memberRow)(nil)).Where("unit_id = ? AND user_id = ?", u.ID, clientID).Exec(ctx); err != nil {
			return fmt.Errorf("leave unit: %w", err)
		}
		rest := slices.DeleteFunc(memberIDs(view), func(id string) bool { return id == clientID })
		if err := tx.Emit(ctx, event.CareUnitChanged{Unit: u.ID, Therapist: u.TherapistID, Members: rest, Change: "changed", By: by}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) setMembers(ctx context.Context, tx *db.Tx, u *unitRow, ids []string) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	switch {
	case u.Kind == Couple && len(ids) != 2:
		return invalid("body.members", "A couple has two members.")
	case len(ids) < 2 || len(ids) > maxMembers:
		return invalid("body.members", fmt.Sprintf("There are 2 to %d members.", maxMembers))
	}
	if _, err := tx.NewDelete().Model((*memberRow)(nil)).Where("unit_id = ?", u.ID).Exec(ctx); err != nil {
		return fmt.Errorf("clear members: %w", err)
	}
	rows := make([]memberRow, len(ids))
	for i, id := range ids {
		// Asking who is treated also keeps a therapist from learning which
		// foreign ids exist.
		ok, err := treats(ctx, tx, u.TherapistID, id)
		if err != nil {
			return fmt.Errorf("check member: %w", err)
		}
		if !ok {
			return invalid(fmt.Sprintf("body.members[%d]", i), "The therapist does not treat this person.")
		}
		rows[i] = memberRow{UnitID: u.ID, UserID: id}
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("insert members: %w", err)
	}
	return nil
}

// ownUnit reads a unit the caller may change: their own, or any for an admin.
func ownUnit(ctx context.Context, tx *db.Tx, p auth.Principal, id string) (*unitRow, error) {
	u := &unitRow{}
	q := tx.NewSelect().Model(u).Where("cu.id = ? AND cu.ended_at IS NULL", id)
	if !p.Is(auth.Admin) {
		q = q.Where("cu.therapist_id = ?", p.ID)
	}
	err := q.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("find unit: %w", err)
	}
	return u, nil
}

// Units lists the units the caller may see: all for admins and the front desk,
// one's own for therapists.
func (s *Service) Units(ctx context.Context, p auth.Principal) ([]CareUnit, error) {
	var rows []unitRow
	q := s.db.Read().NewSelect().Model(&rows).Where("cu.ended_at IS NULL").OrderExpr("cu.created_at, cu.id")
	if !p.Is(auth.Admin, auth.Moderator) {
		q = q.Where("cu.therapist_id = ?", p.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list units: %w", err)
	}
	return withMembers(ctx, s.db.Read(), rows)
}

func oneUnit(ctx context.Context, q bun.IDB, u *unitRow) (CareUnit, error) {
	views, err := withMembers(ctx, q, []unitRow{*u})
	if err != nil {
		return CareUnit{}, err
	}
	return views[0], nil
}

func withMembers(ctx context.Context, q bun.IDB, units []unitRow) ([]CareUnit, error) {
	out := make([]CareUnit, len(units))
	if len(units) == 0 {
		return out, nil
	}
	ids := make([]string, len(units))
	for i, u := range units {
		ids[i] = u.ID
	}
	var members []memberRow
	err := q.NewSelect().Model(&members).Relation("User").Where("m.unit_id IN (?)", bun.List(ids)).OrderExpr(`"user".sort_name, "user".id`).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	for i, u := range units {
		out[i] = CareUnit{ID: u.ID, Name: u.Name, Kind: u.Kind, TherapistID: u.TherapistID, CreatedAt: u.CreatedAt.UTC()}
		for _, m := range members {
			if m.UnitID == u.ID {
				out[i].Members = append(out[i].Members, Named{ID: m.User.ID, Name: m.User.Name})
			}
		}
	}
	return out, nil
}

func memberIDs(u CareUnit) []string {
	ids := make([]string, len(u.Members))
	for i, m := range u.Members {
		ids[i] = m.ID
	}
	return ids
}
