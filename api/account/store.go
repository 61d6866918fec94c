package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
)

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`
	User
	SortName string
	Password string
}

// findUser reads one user by a column; nil if there is none.
func findUser(ctx context.Context, q bun.IDB, column, value string) (*userRow, error) {
	u := &userRow{}
	err := q.NewSelect().Model(u).Where("u.? = ?", bun.Ident(column), value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	return u, nil
}

// mustUser is findUser by id, with fault.NotFound for none.
func mustUser(ctx context.Context, q bun.IDB, id string) (*userRow, error) {
	u, err := findUser(ctx, q, "id", id)
	if err == nil && u == nil {
		err = notFound()
	}
	return u, err
}

// UserByEmail reads the account of an address; fault.NotFound if there is none.
func (s *Service) UserByEmail(ctx context.Context, email string) (User, error) {
	u, err := findUser(ctx, s.db.Read(), "email", strings.ToLower(strings.TrimSpace(email)))
	if err != nil {
		return User{}, err
	}
	if u == nil {
		return User{}, notFound()
	}
	return u.User, nil
}

// Users reads the accounts with these ids. Unknown ids are absent from the map.
func (s *Service) Users(ctx context.Context, ids []string) (map[string]User, error) {
	out := make(map[string]User, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []userRow
	if err := s.db.Read().NewSelect().Model(&rows).Where("u.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	for _, u := range rows {
		out[u.ID] = u.User
	}
	return out, nil
}

// peopleQuery selects whom viewer may see, ordered for paging.
type peopleQuery struct {
	viewer auth.Principal
	search string
	role   auth.Role
	active *bool
	after  []string // sort name, id
	limit  int64
}

func (s *Service) selectPeople(ctx context.Context, p peopleQuery) ([]userRow, error) {
	var rows []userRow
	q := s.db.Read().NewSelect().Model(&rows).OrderExpr("u.sort_name, u.id").Limit(p.limit)
	q = visibleTo(q, p.viewer)
	if p.search != "" {
		like := "%" + escapeLike(fold(p.search)) + "%"
		q = q.Where(`(u.sort_name LIKE ? ESCAPE '\' OR u.email LIKE ? ESCAPE '\')`, like, like)
	}
	if p.role != "" {
		q = q.Where("u.role = ?", p.role)
	}
	if p.active != nil && *p.active {
		q = q.Where("u.deactivated_at IS NULL")
	} else if p.active != nil {
		q = q.Where("u.deactivated_at IS NOT NULL")
	}
	if p.after != nil {
		q = q.Where("(u.sort_name, u.id) > (?, ?)", p.after[0], p.after[1])
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("select people: %w", err)
	}
	return rows, nil
}

// visibleTo keeps the rule of who sees whom in the query itself: everyone for
// admins and the front desk, their clients for therapists.
func visibleTo(q *bun.SelectQuery, viewer auth.Principal) *bun.SelectQuery {
	if viewer.Is(auth.Admin, auth.Moderator) {
		return q
	}
	return q.Where("u.id IN (SELECT client_id FROM care WHERE therapist_id = ? AND ended_at IS NULL)", viewer.ID)
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// activeAdmins counts admins who can still sign in, other than one.
func activeAdmins(ctx context.Context, tx *db.Tx, except string) (int64, error) {
	n, err := tx.NewSelect().Model((*userRow)(nil)).
		Where("u.role = ? AND u.deactivated_at IS NULL AND u.id <> ?", auth.Admin, except).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count admins: %w", err)
	}
	return n, nil
}

// Sweep deletes what has expired and tells of the sessions that did. Run it
// every few minutes.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		over := func(q *bun.DeleteQuery) *bun.DeleteQuery {
			return q.WhereGroup(" AND ", func(q *bun.DeleteQuery) *bun.DeleteQuery {
				return q.Where("idle_at <= ?", now).WhereOr("expires_at <= ?", now)
			})
		}
		if _, err := s.endSessions(ctx, tx, "expired", "", over); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*linkRow)(nil)).Where("expires_at <= ?", now.Add(-7*24*time.Hour)).Exec(ctx); err != nil {
			return fmt.Errorf("sweep links: %w", err)
		}
		if _, err := tx.NewDelete().Model((*deviceRow)(nil)).Where("last_used_at <= ?", now.Add(-deviceAge)).Exec(ctx); err != nil {
			return fmt.Errorf("sweep devices: %w", err)
		}
		return nil
	})
}
