package account

import (
	"context"
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

// PeopleFilter narrows a list of people.
type PeopleFilter struct {
	Search string
	Role   auth.Role
	Active *bool
}

// People lists whom the caller may see: everyone for admins and the front desk,
// their own clients for therapists.
func (s *Service) People(ctx context.Context, p auth.Principal, f PeopleFilter, page api.Page) (api.List[Person], error) {
	after, err := page.After(2)
	if err != nil {
		return api.List[Person]{}, err
	}
	rows, err := s.selectPeople(ctx, peopleQuery{
		viewer: p, search: f.Search, role: f.Role, active: f.Active, after: after, limit: int64(page.Limit) + 1,
	})
	if err != nil {
		return api.List[Person]{}, err
	}
	return api.Cut(rows, page.Limit, func(u userRow) Person { return viewPerson(u.User) },
		func(u userRow) api.Cursor { return api.Cursor{u.SortName, u.ID} }), nil
}

// Colleague is somebody who works here, as everybody else who does may know them.
type Colleague struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	Role auth.Role `json:"role" enum:"therapist,moderator,admin"`
}

// Colleagues lists who else works here now. Therapists see no accounts but their
// clients', yet have to name a colleague to share something with.
func (s *Service) Colleagues(ctx context.Context, p auth.Principal) (api.List[Colleague], error) {
	list := api.List[Colleague]{Items: []Colleague{}}
	err := s.db.Read().NewSelect().Model((*userRow)(nil)).Column("u.id", "u.name", "u.role").
		Where("u.role <> ? AND u.deactivated_at IS NULL AND u.id <> ?", auth.Client, p.ID).
		OrderExpr("u.sort_name, u.id").Scan(ctx, &list.Items)
	if err != nil {
		return list, fmt.Errorf("list colleagues: %w", err)
	}
	return list, nil
}

// Person reads one person the caller may see.
func (s *Service) Person(ctx context.Context, p auth.Principal, id string) (Person, error) {
	var rows []userRow
	q := s.db.Read().NewSelect().Model(&rows).Where("u.id = ?", id)
	if err := visibleTo(q, p).Scan(ctx); err != nil {
		return Person{}, fmt.Errorf("find person: %w", err)
	}
	if len(rows) == 0 {
		return Person{}, notFound()
	}
	return viewPerson(rows[0].User), nil
}

// PersonChange is what an admin may change of a person. Nil fields stay.
type PersonChange struct {
	Name   *string
	Role   *auth.Role
	Active *bool
}

// ChangePerson applies an admin's change. A new role or a deactivation ends the
// person's sessions; the last active admin keeps both role and account.
func (s *Service) ChangePerson(ctx context.Context, p auth.Principal, id string, c PersonChange) (Person, error) {
	var out Person
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Two admins who demote each other must not leave none.
		if err := tx.Lock(ctx, "mentara admins"); err != nil {
			return err
		}
		u, err := mustUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.keepAnAdmin(ctx, tx, u, c); err != nil {
			return err
		}
		facts, end, err := s.applyChange(u, c, p.ID)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(u).Column("name", "sort_name", "role", "deactivated_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("change person: %w", err)
		}
		if end != "" {
			_, err := s.endSessions(ctx, tx, end, p.ID, func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("user_id = ?", id) })
			if err != nil {
				return err
			}
		}
		out = viewPerson(u.User)
		return tx.Emit(ctx, facts...)
	})
	return out, err
}

func (s *Service) keepAnAdmin(ctx context.Context, tx *db.Tx, u *userRow, c PersonChange) error {
	leaves := (c.Role != nil && *c.Role != auth.Admin) || (c.Active != nil && !*c.Active)
	if u.Role != auth.Admin || !u.Active() || !leaves {
		return nil
	}
	n, err := activeAdmins(ctx, tx, u.ID)
	if err != nil || n > 0 {
		return err
	}
	return fault.New(fault.Conflict, "last_admin", "This is the only admin. Make somebody else an admin first.")
}

// applyChange changes u and says what happened, and why sessions must end.
func (s *Service) applyChange(u *userRow, c PersonChange, by string) (facts []event.Fact, end string, err error) {
	var fields []string
	if c.Name != nil {
		name, err := normalName("body.name", *c.Name)
		if err != nil {
			return nil, "", err
		}
		if name != u.Name {
			u.Name, u.SortName = name, fold(name)
			fields = append(fields, "name")
		}
	}
	if c.Role != nil && *c.Role != u.Role {
		u.Role, end = *c.Role, "role_changed"
		fields = append(fields, "role")
	}
	if len(fields) > 0 {
		facts = append(facts, event.UserChanged{User: u.ID, Fields: fields, By: by})
	}
	switch {
	case c.Active == nil || *c.Active == u.Active():
	case *c.Active:
		u.DeactivatedAt = time.Time{}
		facts = append(facts, event.UserReactivated{User: u.ID, By: by})
	default:
		u.DeactivatedAt, end = s.now(), "deactivated"
		facts = append(facts, event.UserDeactivated{User: u.ID, By: by})
	}
	return facts, end, nil
}

// MeChange is what people change of themselves. Nil fields stay.
type MeChange struct {
	Name, Locale, TimeZone *string
}

// ChangeMe applies a person's change of their own account.
func (s *Service) ChangeMe(ctx context.Context, p auth.Principal, c MeChange) (Me, error) {
	var me Me
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := mustUser(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		before := u.User
		if err := applyMe(u, c); err != nil {
			return err
		}
		fields := slices.Concat(
			changed("name", before.Name, u.Name), changed("locale", before.Locale, u.Locale), changed("timeZone", before.TimeZone, u.TimeZone))
		me = s.me(p, u)
		if len(fields) == 0 {
			return nil
		}
		if _, err := tx.NewUpdate().Model(u).Column("name", "sort_name", "locale", "time_zone").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("change me: %w", err)
		}
		return tx.Emit(ctx, event.UserChanged{User: u.ID, Fields: fields, By: u.ID})
	})
	return me, err
}

func applyMe(u *userRow, c MeChange) error {
	if c.Name != nil {
		name, err := normalName("body.name", *c.Name)
		if err != nil {
			return err
		}
		u.Name, u.SortName = name, fold(name)
	}
	if c.Locale != nil {
		if err := checkLocale("body.locale", *c.Locale); err != nil {
			return err
		}
		u.Locale = *c.Locale
	}
	if c.TimeZone != nil {
		if err := checkZone("body.timeZone", *c.TimeZone); err != nil {
			return err
		}
		u.TimeZone = *c.TimeZone
	}
	return nil
}

func changed(field, before, after string) []string {
	if before == after {
		return nil
	}
	return []string{field}
}

// Me is who the caller is.
func (s *Service) Me(ctx context.Context, p auth.Principal) (Me, error) {
	if p.Kind != auth.User {
		return s.me(p, nil), nil
	}
	u, err := mustUser(ctx, s.db.Read(), p.ID)
	if err != nil {
		return Me{}, err
	}
	return s.me(p, u), nil
}
