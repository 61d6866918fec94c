package room

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

// row is a room as it is stored.
type row struct {
	bun.BaseModel `bun:"table:rooms,alias:r"`

	ID          string `bun:",pk"`
	MeetingID   string
	Title       string
	Kind        Kind
	Engine      string
	State       State
	HostID      string
	WaitingRoom bool
	Locked      bool
	StartsAt    time.Time
	EndsAt      time.Time
	StartedAt   time.Time `bun:",nullzero"`
	EndedAt     time.Time `bun:",nullzero"`
	CreatedBy   string
	CreatedAt   time.Time
}

type memberRow struct {
	bun.BaseModel `bun:"table:room_members,alias:m"`

	RoomID string `bun:",pk"`
	UserID string `bun:",pk"`
	Role   Role
}

// accessRow is what the door knows of a person.
type accessRow struct {
	bun.BaseModel `bun:"table:room_access,alias:a"`

	RoomID     string `bun:",pk"`
	Identity   string `bun:",pk"`
	Name       string
	AdmittedAt time.Time `bun:",nullzero"`
	AdmittedBy string    `bun:",nullzero"`
	BannedAt   time.Time `bun:",nullzero"`
	BannedBy   string    `bun:",nullzero"`
}

// store holds the SQL of rooms. Methods that take a bun.IDB work in or out of a
// transaction.
type store struct{ db *db.DB }

// room returns a room with its members, or the not-found fault.
func (s store) room(ctx context.Context, q bun.IDB, id string) (*row, []memberRow, error) {
	r := new(row)
	err := q.NewSelect().Model(r).Where("r.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, errNotFound()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read room %s: %w", id, err)
	}
	members, err := s.members(ctx, q, id)
	if err != nil {
		return nil, nil, err
	}
	r.utc()
	return r, members[id], nil
}

// utc makes up for drivers that return times in the zone of the machine.
func (r *row) utc() {
	for _, t := range []*time.Time{&r.StartsAt, &r.EndsAt, &r.StartedAt, &r.EndedAt, &r.CreatedAt} {
		*t = t.UTC()
	}
}

// members returns the members of some rooms, hosts first.
func (s store) members(ctx context.Context, q bun.IDB, rooms ...string) (map[string][]memberRow, error) {
	var rows []memberRow
	err := q.NewSelect().Model(&rows).Where("m.room_id IN (?)", bun.List(rooms)).
		OrderBy("m.role", bun.OrderAsc).OrderBy("m.user_id", bun.OrderAsc).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read room members: %w", err)
	}
	out := make(map[string][]memberRow, len(rooms))
	for _, m := range rows {
		out[m.RoomID] = append(out[m.RoomID], m)
	}
	return out, nil
}

// filter narrows a list of rooms. Zero fields do not narrow.
type filter struct {
	Member string // only rooms of this user
	Room   string // only this one
	States []State
	From   time.Time // ends after
	To     time.Time // starts before
	Now    time.Time // decides which scheduled rooms count as open
	After  *mark
	Limit  int64
}

// mark is a place in the order of a list.
type mark struct {
	StartsAt time.Time
	ID       string
}

// list returns rooms in order of their start.
func (s store) list(ctx context.Context, f filter) ([]row, error) {
	q := s.db.Read().NewSelect().Model((*row)(nil)).
		OrderBy("r.starts_at", bun.OrderAsc).OrderBy("r.id", bun.OrderAsc).Limit(f.Limit)
	if f.Member != "" {
		q.Where("EXISTS (SELECT 1 FROM room_members AS m WHERE m.room_id = r.id AND m.user_id = ?)", f.Member)
	}
	if f.Room != "" {
		q.Where("r.id = ?", f.Room)
	}
	if !f.From.IsZero() {
		q.Where("r.ends_at > ?", f.From)
	}
	if !f.To.IsZero() {
		q.Where("r.starts_at < ?", f.To)
	}
	if a := f.After; a != nil {
		q.Where("(r.starts_at > ? OR (r.starts_at = ? AND r.id > ?))", a.StartsAt, a.StartsAt, a.ID)
	}
	if len(f.States) > 0 {
		q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, state := range f.States {
				whereState(q, state, f.Now)
			}
			return q
		})
	}
	var rows []row
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list rooms: %w", err)
	}
	for i := range rows {
		rows[i].utc()
	}
	return rows, nil
}

// whereState is stateAt in SQL.
func whereState(q *bun.SelectQuery, state State, now time.Time) {
	due := now.Add(joinableBefore)
	switch state {
	case Scheduled:
		q.WhereOr("(r.state = ? AND r.starts_at > ?)", Scheduled, due)
	case Open:
		q.WhereOr("(r.state = ? OR (r.state = ? AND r.starts_at <= ?))", Open, Scheduled, due)
	default:
		q.WhereOr("r.state = ?", state)
	}
}

// insert writes a new room. A second room for a meeting fails with an error
// that db.IsUnique knows.
func (s store) insert(ctx context.Context, tx *db.Tx, r *row, members []memberRow) error {
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return fmt.Errorf("insert room: %w", err)
	}
	if _, err := tx.NewInsert().Model(&members).Exec(ctx); err != nil {
		return fmt.Errorf("insert room members: %w", err)
	}
	return nil
}

// meeting returns the rooms of a meeting, ended ones too.
func (s store) meeting(ctx context.Context, meeting string) ([]row, error) {
	var rows []row
	if err := s.db.Read().NewSelect().Model(&rows).Where("r.meeting_id = ?", meeting).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read rooms of meeting: %w", err)
	}
	return rows, nil
}

// update writes what may change of a room.
func (s store) update(ctx context.Context, tx *db.Tx, r *row) error {
	_, err := tx.NewUpdate().Model(r).WherePK().
		Column("title", "starts_at", "ends_at", "waiting_room", "locked").Exec(ctx)
	if err != nil {
		return fmt.Errorf("update room %s: %w", r.ID, err)
	}
	return nil
}

// advance moves a room to a later state, if it is in one of those given. It
// reports whether this call did it: of several, one does.
func (s store) advance(ctx context.Context, tx *db.Tx, id string, to State, at time.Time, from ...State) (bool, error) {
	q := tx.NewUpdate().Model((*row)(nil)).Set("state = ?", to).
		Where("id = ?", id).Where("state IN (?)", bun.List(from))
	switch to {
	case Live:
		q.Set("started_at = ?", at)
	case Ended:
		q.Set("ended_at = ?", at)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("room %s to %s: %w", id, to, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// access reads what the door of a room knows of everybody.
func (s store) access(ctx context.Context, id string) (map[string]accessRow, error) {
	var rows []accessRow
	if err := s.db.Read().NewSelect().Model(&rows).Where("a.room_id = ?", id).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read access of room %s: %w", id, err)
	}
	out := make(map[string]accessRow, len(rows))
	for _, a := range rows {
		out[a.Identity] = a
	}
	return out, nil
}

// setAccess writes what the door knows of one person.
func (s store) setAccess(ctx context.Context, tx *db.Tx, a accessRow) error {
	_, err := tx.NewInsert().Model(&a).On("CONFLICT (room_id, identity) DO UPDATE").
		Set("name = EXCLUDED.name").Set("admitted_at = EXCLUDED.admitted_at").Set("admitted_by = EXCLUDED.admitted_by").
		Set("banned_at = EXCLUDED.banned_at").Set("banned_by = EXCLUDED.banned_by").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write access to room %s: %w", a.RoomID, err)
	}
	return nil
}

// forgetAdmissions makes everybody wait again; bans stay.
func (s store) forgetAdmissions(ctx context.Context, tx *db.Tx, room string) error {
	_, err := tx.NewDelete().Model((*accessRow)(nil)).
		Where("room_id = ?", room).Where("banned_at IS NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget admissions of room %s: %w", room, err)
	}
	return nil
}
