package job

import (
	"context"
	"time"
)

// SetNow replaces the clock.
func (q *Queue) SetNow(f func() time.Time) { q.now = f }

// SetLease replaces the time a silent worker keeps its job.
func (q *Queue) SetLease(d time.Duration) { q.lease = d }

// Claim leases a job as a worker does that then falls silent.
func (q *Queue) Claim(ctx context.Context, kind string) (int, error) {
	rows, err := q.claim(ctx, q.kinds[kind], 1)
	return len(rows), err
}

// Tick is one look at the schedules.
func (q *Queue) Tick(ctx context.Context) error {
	if err := q.alignSchedules(ctx); err != nil {
		return err
	}
	return q.enqueueDue(ctx)
}

// SetGrace replaces how long running jobs go on after Run was asked to stop.
func (q *Queue) SetGrace(d time.Duration) { q.grace = d }
