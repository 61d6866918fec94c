package job

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"mentara/internal/db"
)

// work runs one leased job and notes how it ended. It returns the handler's
// error.
func (q *Queue) work(ctx context.Context, k *kind, r jobRow) error {
	if r.Tries > k.options.MaxTries {
		// The last try never came back, most likely because it took its process
		// with it.
		err := fmt.Errorf("ended without a trace %d times", r.Tries-1)
		q.bury(ctx, r, err)
		return err
	}
	try, cancel := context.WithTimeoutCause(ctx, k.options.Timeout, errors.New("the try took too long"))
	defer cancel()
	try, lose := context.WithCancelCause(try)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		q.keep(try, r, lose)
	}()
	began := time.Now()
	err := contain(func() error {
		return k.run(context.WithValue(try, runningKey{}, running{r.ID, r.Lease}), []byte(r.Payload))
	})
	lost := errors.Is(context.Cause(try), ErrLost)
	lose(nil)
	<-kept

	switch {
	case err == nil:
		q.note(ctx, r, "done", func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.NewDelete().Model((*jobRow)(nil)).Where("id = ? AND lease = ?", r.ID, r.Lease).Exec(ctx)
			return err
		})
	case lost:
		q.log.Warn("job lease lost", "kind", r.Kind, "job", r.ID, "try", r.Tries)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		q.note(ctx, r, "handed back", func(ctx context.Context, tx *db.Tx) error {
			return q.update(ctx, tx, r, "lease = NULL, run_at = ?, tries = tries - 1", q.now())
		})
	case isPermanent(err) || r.Tries >= k.options.MaxTries:
		q.bury(ctx, r, err)
	default:
		next := q.now().Add(pause(r.Tries))
		q.log.Warn("job failed", "kind", r.Kind, "job", r.ID, "try", r.Tries, "took", time.Since(began), "next", next, "error", err)
		q.note(ctx, r, "to be tried again", func(ctx context.Context, tx *db.Tx) error {
			return q.update(ctx, tx, r, "lease = NULL, run_at = ?, error = ?", next, short(err))
		})
	}
	return err
}

func isPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}

func (q *Queue) bury(ctx context.Context, r jobRow, err error) {
	q.log.Error("job given up", "kind", r.Kind, "job", r.ID, "tries", r.Tries, "error", err)
	q.note(ctx, r, "dead", func(ctx context.Context, tx *db.Tx) error {
		return q.update(ctx, tx, r, "lease = NULL, dead_at = ?, error = ?", q.now(), short(err))
	})
}

// update changes a job this worker still holds; one it lost is another's.
func (q *Queue) update(ctx context.Context, tx *db.Tx, r jobRow, set string, args ...any) error {
	_, err := tx.NewUpdate().Model((*jobRow)(nil)).Set(set, args...).
		Where("id = ? AND lease = ?", r.ID, r.Lease).Exec(ctx)
	return err
}

// note records how a try ended, also while stopping. If the database is away it
// insists until the lease would end: a job that is done and not noted runs again.
func (q *Queue) note(ctx context.Context, r jobRow, end string, fn func(ctx context.Context, tx *db.Tx) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.lease)
	defer cancel()
	for {
		err := q.db.Write(ctx, fn)
		if err == nil {
			return
		}
		if errors.Is(err, db.ErrClosed) || !wait(ctx, time.Second) {
			q.log.Error("end of job not noted; it will run again", "kind", r.Kind, "job", r.ID, "end", end, "error", err)
			return
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// keep renews the lease until ctx ends, and ends the try when it cannot.
func (q *Queue) keep(ctx context.Context, r jobRow, lose context.CancelCauseFunc) {
	held := time.Now()
	for wait(ctx, q.lease/3) {
		var mine bool
		renew, cancel := context.WithTimeout(ctx, q.lease/3)
		err := q.db.Write(renew, func(ctx context.Context, tx *db.Tx) error {
			res, err := tx.NewUpdate().Model((*jobRow)(nil)).Set("run_at = ?", q.now().Add(q.lease)).
				Where("id = ? AND lease = ?", r.ID, r.Lease).Exec(ctx)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			mine = n == 1
			return err
		})
		cancel()
		switch {
		case err == nil && mine:
			held = time.Now()
		case err == nil, time.Since(held) > q.lease*9/10-q.lease/3: // the next try would come too late
			lose(ErrLost)
			return
		}
	}
}

// contain turns a handler's panic into an error with its stack.
func contain(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}

// pause is how long to wait after the given number of tries: doubling from two
// seconds to half an hour, a fifth more or less so that failures spread out.
func pause(tries int) time.Duration {
	p := 30 * time.Minute
	if tries < 20 {
		p = min(2*time.Second<<max(tries-1, 0), p)
	}
	return time.Duration(float64(p) * (0.8 + 0.4*rand.Float64()))
}

// short keeps an error small enough for a table row.
func short(err error) string {
	const most = 500
	s := err.Error()
	if len(s) > most {
		s = s[:most]
	}
	return s
}
