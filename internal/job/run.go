package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

const (
	// leaseTime is how long a silent worker keeps its job. It is renewed after
	// each third of it.
	leaseTime = 30 * time.Second
	// pollEvery bounds how late a job starts that another node enqueued, or
	// that was enqueued for later.
	pollEvery = time.Second
	// graceTime is how long running jobs go on after Run was asked to stop.
	graceTime = 5 * time.Second
)

// Run works until ctx ends, then lets running jobs finish. Those still running
// after five seconds see their context end; what they leave undone runs again
// elsewhere, without losing a try.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.alignSchedules(ctx); err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var jobs sync.WaitGroup
	defer func() {
		timer := time.AfterFunc(q.grace, stop)
		jobs.Wait()
		timer.Stop()
	}()

	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := q.enqueueDue(ctx); err != nil && ctx.Err() == nil {
			q.log.Error("job schedule failed", "error", err)
		}
		if err := q.start(ctx, work, &jobs); err != nil && ctx.Err() == nil {
			q.log.Error("jobs not fetched", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		case <-tick.C:
		}
	}
}

// Drain runs what is due now, one job after the other, until nothing is, and
// joins the errors of those that failed. It is for tests and commands.
func (q *Queue) Drain(ctx context.Context) error {
	var failed []error
	for {
		ran := false
		for _, name := range slices.Sorted(maps.Keys(q.kinds)) {
			rows, err := q.claim(ctx, q.kinds[name], 1)
			if err != nil {
				return errors.Join(append(failed, err)...)
			}
			for _, r := range rows {
				ran = true
				if err := q.work(ctx, q.kinds[name], r); err != nil {
					failed = append(failed, fmt.Errorf("job %s: %w", r.Kind, err))
				}
			}
		}
		if !ran {
			return errors.Join(failed...)
		}
	}
}

// start takes as many due jobs as there are idle workers.
func (q *Queue) start(ctx, work context.Context, jobs *sync.WaitGroup) error {
	due, err := q.due(ctx)
	if err != nil {
		return err
	}
	for _, k := range due {
		q.mu.Lock()
		n := q.free[k.name]
		q.free[k.name] = 0
		q.mu.Unlock()
		rows, err := q.claim(ctx, k, n)
		q.release(k, n-len(rows))
		if err != nil {
			return err
		}
		for _, r := range rows {
			jobs.Go(func() {
				_ = q.work(work, k, r) // logged and noted where it fails
				q.release(k, 1)
				q.wakeUp()
			})
		}
	}
	return nil
}

func (q *Queue) release(k *kind, n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free[k.name] += n
}

// due lists kinds that have a due job and an idle worker. It only reads, so an
// idle queue writes nothing.
func (q *Queue) due(ctx context.Context) ([]*kind, error) {
	q.mu.Lock()
	var idle []string
	for name, n := range q.free {
		if n > 0 {
			idle = append(idle, name)
		}
	}
	q.mu.Unlock()
	if len(idle) == 0 {
		return nil, nil
	}
	var names []string
	err := q.db.Read().NewSelect().Model((*jobRow)(nil)).ColumnExpr("DISTINCT kind").
		Where("kind IN (?) AND dead_at IS NULL AND run_at <= ?", bun.List(idle), q.now()).Scan(ctx, &names)
	if err != nil {
		return nil, fmt.Errorf("look for jobs: %w", err)
	}
	out := make([]*kind, len(names))
	for i, name := range names {
		out[i] = q.kinds[name]
	}
	return out, nil
}

// claim leases up to n due jobs of a kind and counts the try that begins.
func (q *Queue) claim(ctx context.Context, k *kind, n int) ([]jobRow, error) {
	if n == 0 {
		return nil, nil
	}
	skip := ""
	if q.db.Dialect() == db.Postgres {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	var rows []jobRow
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := q.now()
		return tx.NewRaw(`UPDATE job SET lease = ?, run_at = ?, tries = tries + 1 WHERE id IN (
				SELECT id FROM job WHERE kind = ? AND dead_at IS NULL AND run_at <= ?
				ORDER BY run_at LIMIT ? `+skip+`) RETURNING *`,
			rand.Text(), now.Add(q.lease), k.name, now, n).Scan(ctx, &rows)
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	return rows, nil
}
