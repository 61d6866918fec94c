package retain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/job"
)

const (
	// A day's run later than this after the last one says that the clock
	// jumped, or that the server was off: neither may erase anything.
	clockJump = 2 * day
	// confirmAfter is how long after a doubtful run another one confirms the
	// clock. Runs are a day apart.
	confirmAfter = 20 * time.Hour
	// clockBack is how far back a clock is set by those who keep it right.
	clockBack = time.Hour
)

type clockRow struct {
	bun.BaseModel `bun:"table:retention_clock,alias:rk"`

	ID        int       `bun:"id,pk"`
	LastAt    time.Time `bun:",nullzero"`
	DoubtedAt time.Time `bun:",nullzero"`
}

// look takes note of the time and says whether it can be believed.
func (c *clockRow) look(now time.Time) bool {
	passed := now.Sub(c.LastAt)
	first := c.LastAt.IsZero()
	c.LastAt = now
	switch {
	case first:
		return true
	case passed > clockJump || passed < -clockBack:
		c.DoubtedAt = now
		return false
	case c.DoubtedAt.IsZero():
		return true
	case now.Sub(c.DoubtedAt) >= confirmAfter:
		c.DoubtedAt = time.Time{}
		return true
	}
	return false
}

type dueRow struct {
	bun.BaseModel `bun:"table:retention_due,alias:rd"`

	RecordingID string `bun:",pk"`
	Kind        string
	StoppedAt   time.Time
	NoticedAt   time.Time
	PurgeAt     time.Time
}

// Sweep is the daily run: it announces what the rules make due, takes back what
// they do not any more, and begins to erase what was announced and has come due.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	if ok, err := s.lookAtClock(ctx, now); err != nil || !ok {
		return err
	}
	p, err := s.Policies(ctx)
	if err != nil {
		return err
	}
	// What fails for one recording does not keep the others.
	return errors.Join(s.announce(ctx, p, now), s.review(ctx, p, now), s.resume(ctx))
}

func (s *Service) lookAtClock(ctx context.Context, now time.Time) (ok bool, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Lock(ctx, "retain clock"); err != nil {
			return err
		}
		var c clockRow
		if err := tx.NewSelect().Model(&c).Where("rk.id = 1").Scan(ctx); err != nil {
			return fmt.Errorf("read retention clock: %w", err)
		}
		ok = c.look(now)
		if _, err := tx.NewUpdate().Model(&c).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write retention clock: %w", err)
		}
		return nil
	})
	if err == nil && !ok {
		s.Log.Warn("retention paused: the clock jumped or the server was off; a second daily run confirms the time")
	}
	return ok, err
}

// announce gives notice of what has become due.
func (s *Service) announce(ctx context.Context, p Policies, now time.Time) error {
	var failed []error
	for _, r := range p.Rules {
		stored, err := s.Recordings.StoredBefore(ctx, now.Add(p.notice()-days(r.KeepDays)), r.Kind, maxRun)
		if err != nil {
			return wrap("look for due recordings", err)
		}
		for _, rec := range stored {
			if err := s.notice(ctx, p, rec, days(r.KeepDays), now); err != nil {
				failed = append(failed, fmt.Errorf("announce %s: %w", rec.ID, err))
			}
		}
	}
	return errors.Join(failed...)
}

// notice announces one recording, unless it was, or is held, or goes already.
func (s *Service) notice(ctx context.Context, p Policies, rec Stored, keep time.Duration, now time.Time) error {
	known, err := s.DB.Read().NewSelect().Model((*dueRow)(nil)).Where("rd.recording_id = ?", rec.ID).Exists(ctx)
	if err != nil || known {
		return wrap("look for notice", err)
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lock(ctx, tx, rec.ID); err != nil {
			return err
		}
		hold, err := readHold(ctx, tx, rec.ID)
		if err != nil || hold.Held {
			return err
		}
		if _, ok, err := openErasure(ctx, tx, rec.ID); err != nil || ok {
			return err
		}
		row := dueRow{RecordingID: rec.ID, Kind: rec.Kind, StoppedAt: rec.StoppedAt.UTC(), NoticedAt: now, PurgeAt: later(rec.StoppedAt.Add(keep), now.Add(p.notice()))}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return fmt.Errorf("write notice: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := s.Recordings.SetPurge(ctx, tx, rec.ID, row.PurgeAt); err != nil {
			return wrap("date erasure", err)
		}
		subject, err := s.Recordings.Subject(ctx, tx, rec.ID)
		if err != nil {
			return wrap("date erasure", err)
		}
		return tx.Emit(ctx, event.RetentionNotice{RecordingSubject: subject, PurgeAt: row.PurgeAt, Policy: rec.Kind})
	})
}

// review goes through what was announced.
func (s *Service) review(ctx context.Context, p Policies, now time.Time) error {
	var rows []dueRow
	if err := s.DB.Read().NewSelect().Model(&rows).OrderExpr("rd.purge_at, rd.recording_id").Scan(ctx); err != nil {
		return fmt.Errorf("read notices: %w", err)
	}
	var failed []error
	for _, row := range rows {
		if err := s.settle(ctx, p, row, now); err != nil {
			failed = append(failed, fmt.Errorf("settle %s: %w", row.RecordingID, err))
		}
	}
	return errors.Join(failed...)
}

// settle takes a notice back when the rules no longer ask for it, and begins the
// erasure when its time has come.
func (s *Service) settle(ctx context.Context, p Policies, row dueRow, now time.Time) error {
	keep, ruled := p.keep(row.Kind)
	goes := row.StoppedAt.Add(keep)
	stays := !ruled || goes.After(now.Add(p.notice()))
	if !stays && row.PurgeAt.After(now) && !goes.After(row.PurgeAt) {
		return nil
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lock(ctx, tx, row.RecordingID); err != nil {
			return err
		}
		// A hold took the notice back in the meantime.
		there, err := tx.NewSelect().Model((*dueRow)(nil)).Where("rd.recording_id = ?", row.RecordingID).Exists(ctx)
		if err != nil || !there {
			return wrap("look for notice", err)
		}
		switch {
		case stays:
			return s.withdrawNotice(ctx, tx, row.RecordingID)
		case goes.After(row.PurgeAt): // rules that keep it a little longer
			_, err := tx.NewUpdate().Model((*dueRow)(nil)).Set("purge_at = ?", goes.UTC()).Where("recording_id = ?", row.RecordingID).Exec(ctx)
			if err != nil {
				return fmt.Errorf("move notice: %w", err)
			}
			return wrap("date erasure", s.Recordings.SetPurge(ctx, tx, row.RecordingID, goes))
		}
		return s.request(ctx, tx, erasureRow{RecordingID: row.RecordingID, Cause: "policy", Reason: fmt.Sprintf("Recordings of this kind (%s) are kept for %d days.", row.Kind, int(keep/day))})
	})
}

// withdrawNotice takes back what was announced.
func (s *Service) withdrawNotice(ctx context.Context, tx *db.Tx, recording string) error {
	if _, err := tx.NewDelete().Model((*dueRow)(nil)).Where("recording_id = ?", recording).Exec(ctx); err != nil {
		return fmt.Errorf("withdraw notice: %w", err)
	}
	return wrap("undate erasure", s.Recordings.SetPurge(ctx, tx, recording, time.Time{}))
}

// resume enqueues erasures again whose job was given up, so that a store that
// was away for a day does not leave one half done.
func (s *Service) resume(ctx context.Context) error {
	var rows []erasureRow
	err := s.DB.Read().NewSelect().Model(&rows).Where("re.state IN ('pending', 'destroying')").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read erasures: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, r := range rows {
			if err := s.Jobs.Enqueue(ctx, tx, eraseJob, erasureJob{r.ID}, job.EnqueueOptions{UniqueKey: r.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}
