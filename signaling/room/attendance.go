package room

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

// stay is one interval that somebody was in a room, from admission to leaving.
// A drop within the seat's grace is part of it; when the grace runs out, the
// stay ends at the drop.
type stay struct {
	bun.BaseModel `bun:"table:room_attendance,alias:t"`

	ID            string `bun:",pk"`
	RoomID        string
	ParticipantID string
	Identity      string
	Name          string
	Role          Role
	JoinedAt      time.Time
	SeenAt        time.Time
	LeftAt        time.Time `bun:",nullzero"`
	Reason        string
	Samples       int
	UpTotal       int
	UpWorst       int
	DownTotal     int
	DownWorst     int
}

// Stays that no heartbeat reached for staleAfter belong to a node that died.
// The heartbeat is three times as frequent, so a slow database kills nobody.
const (
	heartbeatEvery = 15 * time.Second
	staleAfter     = 45 * time.Second
)

// measure adds one sample of call quality, 0 to 100 each way.
func (s *stay) measure(up, down int) {
	s.Samples++
	s.UpTotal += up
	s.DownTotal += down
	s.UpWorst = min(s.UpWorst, up)
	s.DownWorst = min(s.DownWorst, down)
}

// QualitySummary is how a stay's connection did; absent when never measured.
type QualitySummary struct {
	UpAverage   int `json:"upAverage" doc:"0–100, what they sent"`
	UpWorst     int `json:"upWorst"`
	DownAverage int `json:"downAverage" doc:"0–100, what they received"`
	DownWorst   int `json:"downWorst"`
}

// Interval is one stay. LeftAt is absent while it lasts.
type Interval struct {
	JoinedAt time.Time  `json:"joinedAt"`
	LeftAt   *time.Time `json:"leftAt,omitempty"`
	Reason   string     `json:"reason" doc:"Why it ended: left, dropped, kicked, ended, lost (the server died), or empty while it lasts"`
}

// Attendance is one person's presence in a room.
type Attendance struct {
	Identity  string          `json:"identity"`
	Name      string          `json:"name"`
	Role      Role            `json:"role" enum:"host,participant,guest,observer"`
	Seconds   int             `json:"seconds" doc:"In all, a moment counted once"`
	Minutes   int             `json:"minutes" doc:"Seconds, rounded to the nearest minute"`
	Present   bool            `json:"present" doc:"In the room now"`
	Intervals []Interval      `json:"intervals"`
	Quality   *QualitySummary `json:"quality,omitempty"`
}

// openStay writes a new stay, and ends any that the same person left open on a
// node that died.
func (s store) openStay(ctx context.Context, tx *db.Tx, t *stay) error {
	_, err := tx.NewUpdate().Model((*stay)(nil)).
		Set("left_at = seen_at").Set("reason = ?", "lost").
		Where("room_id = ?", t.RoomID).Where("identity = ?", t.Identity).Where("left_at IS NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end lost stays: %w", err)
	}
	if _, err := tx.NewInsert().Model(t).Exec(ctx); err != nil {
		return fmt.Errorf("open stay: %w", err)
	}
	return nil
}

// saveStay writes the heartbeat, the quality and the end of a stay.
func (s store) saveStay(ctx context.Context, tx *db.Tx, t *stay) error {
	_, err := tx.NewUpdate().Model(t).WherePK().
		Column("seen_at", "left_at", "reason", "samples", "up_total", "up_worst", "down_total", "down_worst").Exec(ctx)
	if err != nil {
		return fmt.Errorf("save stay: %w", err)
	}
	return nil
}

// endLostStays closes the stays that a dead node left open, at the last moment
// it was seen alive.
func (s store) endLostStays(ctx context.Context, now time.Time) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.NewUpdate().Model((*stay)(nil)).
			Set("left_at = seen_at").Set("reason = ?", "lost").
			Where("left_at IS NULL").Where("seen_at < ?", now.Add(-staleAfter)).Exec(ctx)
		return err
	})
}

// stays lists a room's stays in order, of one person if identity is given.
func (s store) stays(ctx context.Context, room, identity string) ([]stay, error) {
	var rows []stay
	q := s.db.Read().NewSelect().Model(&rows).Where("t.room_id = ?", room).
		OrderBy("t.joined_at", bun.OrderAsc).OrderBy("t.id", bun.OrderAsc)
	if identity != "" {
		q.Where("t.identity = ?", identity)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read attendance of room %s: %w", room, err)
	}
	for i := range rows {
		for _, t := range []*time.Time{&rows[i].JoinedAt, &rows[i].SeenAt, &rows[i].LeftAt} {
			*t = t.UTC()
		}
	}
	return rows, nil
}

// occupied reports whether any node has somebody in the room.
func (s store) occupied(ctx context.Context, room string, now time.Time) (bool, error) {
	return s.db.Read().NewSelect().Model((*stay)(nil)).Where("t.room_id = ?", room).
		Where("t.left_at IS NULL").Where("t.seen_at >= ?", now.Add(-staleAfter)).Exists(ctx)
}

// summarise makes the record of a room from its stays, in order of first
// arrival. A stay that lasts counts up to now. Two stays of one person may
// overlap by what a crash cost; the moment counts once.
func summarise(stays []stay, now time.Time) []Attendance {
	type sum struct {
		Attendance
		until                                 time.Time
		length                                time.Duration
		samples, up, down, upWorst, downWorst int
	}
	byIdentity := map[string]*sum{}
	var order []string
	sort.SliceStable(stays, func(i, j int) bool { return stays[i].JoinedAt.Before(stays[j].JoinedAt) })
	for _, t := range stays {
		a := byIdentity[t.Identity]
		if a == nil {
			a = &sum{upWorst: 100, downWorst: 100}
			byIdentity[t.Identity] = a
			order = append(order, t.Identity)
		}
		a.Identity, a.Name, a.Role = t.Identity, t.Name, t.Role
		end := t.LeftAt
		iv := Interval{JoinedAt: t.JoinedAt, Reason: t.Reason}
		if end.IsZero() {
			end, a.Present = now, true
		} else {
			iv.LeftAt = &end
		}
		a.Intervals = append(a.Intervals, iv)
		start := t.JoinedAt
		if start.Before(a.until) {
			start = a.until
		}
		if end.After(start) {
			a.length += end.Sub(start)
			a.until = end
		}
		a.samples += t.Samples
		a.up += t.UpTotal
		a.down += t.DownTotal
		a.upWorst = min(a.upWorst, t.UpWorst)
		a.downWorst = min(a.downWorst, t.DownWorst)
	}
	out := make([]Attendance, 0, len(order))
	for _, id := range order {
		a := byIdentity[id]
		a.Seconds = int(a.length / time.Second)
		a.Minutes = int(a.length.Round(time.Minute) / time.Minute)
		if n := a.samples; n > 0 {
			a.Quality = &QualitySummary{UpAverage: a.up / n, UpWorst: a.upWorst, DownAverage: a.down / n, DownWorst: a.downWorst}
		}
		out = append(out, a.Attendance)
	}
	return out
}
