package job

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

// A schedule enqueues one job per tick, whichever of the nodes notices the tick
// first. Ticks are multiples of the interval in UTC, so nodes agree on them.
type schedule struct {
	kind     string
	interval time.Duration
}

type scheduleRow struct {
	bun.BaseModel `bun:"table:job_schedule"`

	Kind   string `bun:",pk"`
	NextAt time.Time
}

// scheduled is the unique key of a scheduled job.
const scheduled = "schedule"

// Every enqueues a job of a registered kind at each multiple of interval, with
// the payload {}. Ticks missed while no node ran count as one, and a tick that
// finds the job of the last one unfinished is skipped.
func (q *Queue) Every(kind string, interval time.Duration) {
	if q.kinds[kind] == nil {
		panic("job: schedule for unregistered kind " + kind)
	}
	if interval < time.Second {
		panic("job: schedule of " + kind + " is more often than every second")
	}
	q.every = append(q.every, schedule{kind, interval})
}

func (s schedule) after(t time.Time) time.Time {
	return t.Truncate(s.interval).Add(s.interval)
}

// alignSchedules makes new schedules known, and brings the next tick nearer for
// those whose interval became shorter.
func (q *Queue) alignSchedules(ctx context.Context) error {
	if len(q.every) == 0 {
		return nil
	}
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, s := range q.every {
			next := s.after(q.now())
			if _, err := tx.NewInsert().Model(&scheduleRow{Kind: s.kind, NextAt: next}).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
				return err
			}
			if _, err := tx.NewUpdate().Model((*scheduleRow)(nil)).Set("next_at = ?", next).
				Where("kind = ? AND next_at > ?", s.kind, next).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("align job schedules: %w", err)
	}
	return nil
}

// enqueueDue enqueues the jobs of schedules whose tick has come. The row is
// moved to the next tick first, in the same transaction, and only who moved it
// enqueues.
func (q *Queue) enqueueDue(ctx context.Context) error {
	if len(q.every) == 0 {
		return nil
	}
	now := q.now()
	var due []string
	err := q.db.Read().NewSelect().Model((*scheduleRow)(nil)).Column("kind").Where("next_at <= ?", now).Scan(ctx, &due)
	if err != nil {
		return fmt.Errorf("read job schedules: %w", err)
	}
	for _, kind := range due {
		for _, s := range q.every {
			if s.kind != kind {
				continue
			}
			if err := q.tick(ctx, s, now); err != nil {
				return fmt.Errorf("tick of %s: %w", kind, err)
			}
		}
	}
	return nil
}

func (q *Queue) tick(ctx context.Context, s schedule, now time.Time) error {
	return q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*scheduleRow)(nil)).Set("next_at = ?", s.after(now)).
			Where("kind = ? AND next_at <= ?", s.kind, now).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return q.insert(ctx, tx, s.kind, []byte("{}"), EnqueueOptions{UniqueKey: scheduled})
	})
}
