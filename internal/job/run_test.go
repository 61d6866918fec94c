package job_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/job"
)

// run starts a queue in real time and returns what stops it.
func run(t *testing.T, q *job.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("waited too long for %s", what)
		panic("unreachable")
	}
}

func TestCommitWakesTheWorker(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := job.New(d, slog.New(slog.DiscardHandler))
		ran := make(chan time.Time, 1)
		job.Register(q, "now", job.Options{}, func(context.Context, int) error { ran <- time.Now(); return nil })
		stop := run(t, q)
		defer stop()
		var sum time.Duration
		for i := range 10 {
			start := time.Now()
			enqueue(t, d, q, "now", i, job.EnqueueOptions{})
			sum += receive(t, ran, "the job").Sub(start)
		}
		if sum > 5*time.Second { // ten polls would take about that
			t.Fatalf("ten jobs started after %v in all: they waited for the poll", sum)
		}
	})
}

func TestStopWaitsForRunningJobs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := job.New(d, slog.New(slog.DiscardHandler))
		begun, finish := make(chan struct{}), make(chan struct{})
		job.Register(q, "slow", job.Options{}, func(ctx context.Context, _ int) error {
			close(begun)
			<-finish
			return ctx.Err()
		})
		enqueue(t, d, q, "slow", 1, job.EnqueueOptions{})
		stop := run(t, q)
		receive(t, begun, "the job to begin")
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		select {
		case <-stopped:
			t.Fatal("Run returned while a job ran")
		case <-time.After(50 * time.Millisecond):
		}
		close(finish)
		receive(t, stopped, "Run to return")
		wantStats(t, q) // done, and noted although Run was stopping
	})
}

func TestJobCutOffByTheStopRunsAgain(t *testing.T) {
	d := dbtest.New(t)
	q := job.New(d, slog.New(slog.DiscardHandler))
	q.SetGrace(50 * time.Millisecond)
	begun := make(chan struct{})
	job.Register(q, "endless", job.Options{MaxTries: 1}, func(ctx context.Context, _ int) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	enqueue(t, d, q, "endless", 1, job.EnqueueOptions{})
	stop := run(t, q)
	receive(t, begun, "the job to begin")
	stop()
	// Its only try does not count, and no lease keeps it from the next process.
	wantStats(t, q, job.Stats{Kind: "endless", Waiting: 1})
}

func TestTimeout(t *testing.T) {
	d := dbtest.New(t)
	q, _ := queue(d)
	job.Register(q, "slow", job.Options{Timeout: 10 * time.Millisecond}, func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	})
	enqueue(t, d, q, "slow", 1, job.EnqueueOptions{})
	if err := q.Drain(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	wantStats(t, q, job.Stats{Kind: "slow", Waiting: 1})
}

func TestLongJobKeepsItsLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := job.New(d, slog.New(slog.DiscardHandler))
		q.SetLease(600 * time.Millisecond)
		begun, finish := make(chan struct{}, 10), make(chan struct{})
		job.Register(q, "long", job.Options{Workers: 4}, func(ctx context.Context, _ int) error {
			begun <- struct{}{}
			<-finish
			return ctx.Err()
		})
		enqueue(t, d, q, "long", 1, job.EnqueueOptions{})
		stop := run(t, q)
		receive(t, begun, "the job to begin")
		select {
		case <-begun:
			t.Fatal("the job was taken over while it ran")
		case <-time.After(2500 * time.Millisecond): // four leases, two polls
		}
		close(finish)
		stop()
		wantStats(t, q)
	})
}

func TestLostLeaseEndsTheJob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := job.New(d, slog.New(slog.DiscardHandler))
		q.SetLease(300 * time.Millisecond)
		begun, cause := make(chan struct{}, 1), make(chan error, 1)
		job.Register(q, "long", job.Options{Workers: 1}, func(ctx context.Context, _ int) error {
			begun <- struct{}{}
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return ctx.Err()
		})
		enqueue(t, d, q, "long", 1, job.EnqueueOptions{})
		stop := run(t, q)
		defer stop()
		receive(t, begun, "the job to begin")
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM job")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := receive(t, cause, "the job's end"); !errors.Is(err, job.ErrLost) {
			t.Fatalf("ended because of %v", err)
		}
	})
}
