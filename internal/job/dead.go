package job

import (
	"context"
	"fmt"
	"time"

	"mentara/internal/db"
	"mentara/internal/fault"
)

// Dead is a job that was given up.
type Dead struct {
	ID        string
	Kind      string
	Tries     int
	CreatedAt time.Time
	DeadAt    time.Time
	Error     string
}

// DeadLetters lists jobs that were given up, oldest first, 1,000 at most.
// Payloads stay out: they are for handlers, not for eyes.
func (q *Queue) DeadLetters(ctx context.Context) ([]Dead, error) {
	out := []Dead{}
	err := q.db.Read().NewSelect().Model((*jobRow)(nil)).
		Column("id", "kind", "tries", "created_at", "dead_at", "error").
		Where("dead_at IS NOT NULL").Order("dead_at", "id").Limit(1000).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list dead jobs: %w", err)
	}
	return out, nil
}

var errNotDead = fault.New(fault.NotFound, "job_not_found", "There is no such given-up job.")

// Requeue gives a dead job a full new set of tries, beginning now. It fails with
// fault.Conflict if another job has taken its unique key since.
func (q *Queue) Requeue(ctx context.Context, id string) error {
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*jobRow)(nil)).
			Set("dead_at = NULL, tries = 0, run_at = ?", q.now()).
			Where("id = ? AND dead_at IS NOT NULL", id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errNotDead
		}
		tx.OnCommit(q.wakeUp)
		return nil
	})
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "job_superseded", "A newer job does the same work already.")
	}
	if err != nil {
		return fmt.Errorf("requeue job: %w", err)
	}
	return nil
}

// Discard deletes a dead job.
func (q *Queue) Discard(ctx context.Context, id string) error {
	return q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*jobRow)(nil)).Where("id = ? AND dead_at IS NOT NULL", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("discard job: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errNotDead
		}
		return nil
	})
}

// Stats counts the jobs of one kind.
type Stats struct {
	Kind    string
	Waiting int // due or for later
	Running int // leased now, on any node
	Dead    int
}

// Stats counts the jobs of every kind that has some.
func (q *Queue) Stats(ctx context.Context) ([]Stats, error) {
	out := []Stats{}
	now := q.now()
	err := q.db.Read().NewRaw(`SELECT kind,
			count(*) FILTER (WHERE dead_at IS NULL AND (lease IS NULL OR run_at <= ?)) AS waiting,
			count(*) FILTER (WHERE dead_at IS NULL AND lease IS NOT NULL AND run_at > ?) AS running,
			count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead
		FROM job GROUP BY kind ORDER BY kind`, now, now).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("job stats: %w", err)
	}
	return out, nil
}
