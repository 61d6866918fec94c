package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
)

type letter struct {
	To string `json:"to"`
	N  int    `json:"n"`
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func queue(d *db.DB) (*job.Queue, *clock) {
	c := &clock{t: time.Date(2026, 3, 29, 0, 59, 30, 0, time.UTC)}
	q := job.New(d, slog.New(slog.DiscardHandler))
	q.SetNow(c.now)
	return q, c
}

// outbox collects what the "mail" kind did; fail decides on errors.
type outbox struct {
	mu   sync.Mutex
	sent []string
	fail func(try int) error // may panic
	runs int
}

func (o *outbox) send(_ context.Context, l letter) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.runs++
	if o.fail != nil {
		if err := o.fail(o.runs); err != nil {
			return err
		}
	}
	o.sent = append(o.sent, fmt.Sprintf("%s %d", l.To, l.N))
	return nil
}

func enqueue(t *testing.T, d *db.DB, q *job.Queue, kind string, payload any, o job.EnqueueOptions) {
	t.Helper()
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return q.Enqueue(ctx, tx, kind, payload, o)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, q *job.Queue) {
	t.Helper()
	if err := q.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func wantStats(t *testing.T, q *job.Queue, want ...job.Stats) {
	t.Helper()
	got, err := q.Stats(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("stats %+v (%v), want %+v", got, err, want)
	}
}

func TestJobRunsOnceAfterCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, _ := queue(d)
		var o outbox
		job.Register(q, "mail", job.Options{}, o.send)
		boom := errors.New("boom")
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(q.Enqueue(ctx, tx, "mail", letter{"lost", 1}, job.EnqueueOptions{}), boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		enqueue(t, d, q, "mail", letter{"kept", 2}, job.EnqueueOptions{})
		drain(t, q)
		drain(t, q)
		if !slices.Equal(o.sent, []string{"kept 2"}) {
			t.Fatalf("sent %v", o.sent)
		}
		wantStats(t, q)
	})
}

func TestEnqueueRefuses(t *testing.T) {
	d := dbtest.New(t)
	q, _ := queue(d)
	var o outbox
	job.Register(q, "mail", job.Options{}, o.send)
	for name, try := range map[string]func(ctx context.Context, tx *db.Tx) error{
		"unknown kind": func(ctx context.Context, tx *db.Tx) error {
			return q.Enqueue(ctx, tx, "male", letter{}, job.EnqueueOptions{})
		},
		"other payload": func(ctx context.Context, tx *db.Tx) error {
			return q.Enqueue(ctx, tx, "mail", &letter{}, job.EnqueueOptions{})
		},
	} {
		if err := d.Write(t.Context(), try); err == nil {
			t.Errorf("%s: enqueued", name)
		}
	}
}

func TestRunAt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, c := queue(d)
		var o outbox
		job.Register(q, "mail", job.Options{}, o.send)
		berlin := time.FixedZone("", 3600)
		enqueue(t, d, q, "mail", letter{"later", 1}, job.EnqueueOptions{RunAt: c.now().Add(time.Hour).In(berlin)})
		drain(t, q)
		c.add(time.Hour - time.Second)
		drain(t, q)
		if len(o.sent) != 0 {
			t.Fatal("ran early")
		}
		c.add(time.Second)
		drain(t, q)
		if len(o.sent) != 1 {
			t.Fatal("did not run in time")
		}
	})
}

func TestUniqueKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, _ := queue(d)
		var o outbox
		job.Register(q, "mail", job.Options{}, o.send)
		job.Register(q, "other", job.Options{}, o.send)
		once := job.EnqueueOptions{UniqueKey: "session 7"}
		enqueue(t, d, q, "mail", letter{"a", 1}, once)
		enqueue(t, d, q, "mail", letter{"a", 2}, once)
		enqueue(t, d, q, "other", letter{"b", 3}, once)
		drain(t, q)
		if !slices.Equal(o.sent, []string{"a 1", "b 3"}) {
			t.Fatalf("sent %v", o.sent)
		}
		enqueue(t, d, q, "mail", letter{"a", 4}, once) // free again
		drain(t, q)
		if len(o.sent) != 3 {
			t.Fatalf("sent %v", o.sent)
		}
	})
}

func TestFailuresAreRetriedWithGrowingPauses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, c := queue(d)
		o := outbox{fail: func(try int) error {
			switch {
			case try == 2:
				panic("argh")
			case try < 5:
				return errors.New("no")
			}
			return nil
		}}
		job.Register(q, "mail", job.Options{MaxTries: 6}, o.send)
		enqueue(t, d, q, "mail", letter{"a", 1}, job.EnqueueOptions{})
		start := c.now()
		var at []time.Duration
		for len(o.sent) == 0 && c.now().Sub(start) < time.Hour {
			runs := o.runs
			if err := q.Drain(t.Context()); err == nil && o.runs > runs && len(o.sent) == 0 {
				t.Fatal("a failure went unreported")
			}
			if o.runs > runs {
				at = append(at, c.now().Sub(start))
			}
			c.add(100 * time.Millisecond)
		}
		if len(at) != 5 {
			t.Fatalf("tries at %v, want 5", at)
		}
		for i := 1; i < len(at); i++ {
			want := 2 * time.Second << (i - 1)
			if p := at[i] - at[i-1]; p < want*8/10 || p > want*12/10+100*time.Millisecond {
				t.Errorf("pause %d is %v, want about %v", i, p, want)
			}
		}
		wantStats(t, q)
	})
}

func TestDeadLetters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, c := queue(d)
		o := outbox{fail: func(int) error { return errors.New("never") }}
		job.Register(q, "mail", job.Options{MaxTries: 3}, o.send)
		once := job.EnqueueOptions{UniqueKey: "k"}
		enqueue(t, d, q, "mail", letter{"a", 1}, once)
		for range 10 {
			_ = q.Drain(t.Context())
			c.add(time.Hour)
		}
		if o.runs != 3 {
			t.Fatalf("%d tries, want 3", o.runs)
		}
		dead, err := q.DeadLetters(t.Context())
		if err != nil || len(dead) != 1 || dead[0].Error != "never" || dead[0].Tries != 3 || dead[0].Kind != "mail" {
			t.Fatalf("dead %+v, %v", dead, err)
		}
		wantStats(t, q, job.Stats{Kind: "mail", Dead: 1})

		// A dead job's key is free; then it cannot come back beside its successor.
		o.fail = nil
		enqueue(t, d, q, "mail", letter{"a", 2}, once)
		if err := q.Requeue(t.Context(), dead[0].ID); !fault.Is(err, fault.Conflict) {
			t.Fatalf("requeue beside a successor: %v", err)
		}
		drain(t, q)
		if err := q.Requeue(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		drain(t, q)
		if !slices.Equal(o.sent, []string{"a 2", "a 1"}) {
			t.Fatalf("sent %v", o.sent)
		}
		if err := q.Requeue(t.Context(), dead[0].ID); !fault.Is(err, fault.NotFound) {
			t.Fatalf("requeue of a job that is done: %v", err)
		}

		o.fail = func(int) error { return job.Permanent(errors.New("pointless")) }
		runs := o.runs
		enqueue(t, d, q, "mail", letter{"a", 3}, once)
		_ = q.Drain(t.Context())
		dead, err = q.DeadLetters(t.Context())
		if err != nil || len(dead) != 1 || o.runs != runs+1 {
			t.Fatalf("a permanent failure ran %d times: %+v %v", o.runs-runs, dead, err)
		}
		if err := q.Discard(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := q.Discard(t.Context(), dead[0].ID); !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		wantStats(t, q)
	})
}

// A payload written by another version must not be retried for hours.
func TestUnreadablePayloadIsDead(t *testing.T) {
	d := dbtest.New(t)
	q, _ := queue(d)
	job.Register(q, "mail", job.Options{}, func(context.Context, string) error { return nil })
	enqueue(t, d, q, "mail", "text", job.EnqueueOptions{})
	later, _ := queue(d)
	var o outbox
	job.Register(later, "mail", job.Options{}, o.send)
	if err := later.Drain(t.Context()); err == nil {
		t.Fatal("read a string as a letter")
	}
	wantStats(t, later, job.Stats{Kind: "mail", Dead: 1})
}

func TestSilentWorkersJobIsTakenOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, c := queue(d)
		var o outbox
		job.Register(q, "mail", job.Options{MaxTries: 2}, o.send)
		enqueue(t, d, q, "mail", letter{"a", 1}, job.EnqueueOptions{})
		if n, err := q.Claim(t.Context(), "mail"); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		wantStats(t, q, job.Stats{Kind: "mail", Running: 1})
		c.add(29 * time.Second)
		drain(t, q)
		if o.runs != 0 {
			t.Fatal("a leased job was taken")
		}
		c.add(2 * time.Second)
		drain(t, q)
		if len(o.sent) != 1 {
			t.Fatal("the job was not taken over")
		}

		// One that kills its process each time is given up, not run forever.
		enqueue(t, d, q, "mail", letter{"killer", 2}, job.EnqueueOptions{})
		for range 2 {
			if n, err := q.Claim(t.Context(), "mail"); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			c.add(31 * time.Second)
		}
		if err := q.Drain(t.Context()); err == nil || !strings.Contains(err.Error(), "without a trace") {
			t.Fatalf("got %v", err)
		}
		wantStats(t, q, job.Stats{Kind: "mail", Dead: 1})
	})
}

func TestFinishIsOneWithTheEffect(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, c := queue(d)
		var effects atomic.Int64
		job.Register(q, "move", job.Options{}, func(ctx context.Context, l letter) error {
			if l.N == 2 { // its lease ran out and another worker has it
				c.add(time.Minute)
				if n, err := q.Claim(ctx, "move"); n != 1 || err != nil {
					t.Error(n, err)
				}
			}
			err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return job.Finish(ctx, tx) })
			if err != nil {
				return err
			}
			effects.Add(1)
			return errors.New("too late to matter")
		})
		enqueue(t, d, q, "move", letter{"a", 1}, job.EnqueueOptions{})
		_ = q.Drain(t.Context())
		if effects.Load() != 1 {
			t.Fatal("not finished")
		}
		wantStats(t, q)
		enqueue(t, d, q, "move", letter{"a", 2}, job.EnqueueOptions{})
		if err := q.Drain(t.Context()); !errors.Is(err, job.ErrLost) {
			t.Fatalf("finished a job that is another's: %v", err)
		}
		wantStats(t, q, job.Stats{Kind: "move", Running: 1})
		if err := d.Write(t.Context(), job.Finish); err == nil {
			t.Fatal("finished outside of a job")
		}
	})
}

// twoNodes gives the handles two nodes have on one database: on SQLite there is
// one process, so both queues share it.
func twoNodes(t *testing.T, test func(t *testing.T, nodes [2]*db.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		d := dbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), event.NewBus[*db.Tx]())
		test(t, [2]*db.DB{d, d})
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := dbtest.PostgresDSN(t)
		test(t, [2]*db.DB{dbtest.Open(t, dsn, event.NewBus[*db.Tx]()), dbtest.Open(t, dsn, event.NewBus[*db.Tx]())})
	})
}

func TestThousandJobsRunOnceEach(t *testing.T) {
	twoNodes(t, func(t *testing.T, nodes [2]*db.DB) {
		const jobs, workers = 1000, 8
		var mu sync.Mutex
		runs := map[int]int{}
		var atOnce, most atomic.Int64
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		var queues [2]*job.Queue
		for i := range queues {
			q := job.New(nodes[i], slog.New(slog.DiscardHandler))
			var here atomic.Int64
			job.Register(q, "count", job.Options{Workers: workers}, func(_ context.Context, n int) error {
				if here.Add(1) > workers {
					t.Error("more jobs at once than workers")
				}
				defer here.Add(-1)
				most.Store(max(most.Load(), atOnce.Add(1)))
				defer atOnce.Add(-1)
				mu.Lock()
				defer mu.Unlock()
				runs[n]++
				if len(runs) == jobs {
					close(done)
				}
				return nil
			})
			queues[i] = q
		}
		for n := range jobs / 10 {
			err := nodes[n%2].Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				for i := range 10 {
					if err := queues[n%2].Enqueue(ctx, tx, "count", n*10+i, job.EnqueueOptions{}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		var running sync.WaitGroup
		for _, q := range queues {
			running.Go(func() {
				if err := q.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		select {
		case <-done:
		case <-time.After(60 * time.Second):
			t.Errorf("only %d jobs ran", len(runs))
		}
		t.Logf("%d jobs in %v, at most %d at once", jobs, time.Since(start).Round(time.Millisecond), most.Load())
		stop()
		running.Wait()
		for n, times := range runs {
			if times != 1 {
				t.Errorf("job %d ran %d times", n, times)
			}
		}
		wantStats(t, queues[0])
	})
}

func TestScheduleEnqueuesOncePerTick(t *testing.T) {
	twoNodes(t, func(t *testing.T, nodes [2]*db.DB) {
		var runs atomic.Int64
		var queues [2]*job.Queue
		var clocks [2]*clock
		for i := range queues {
			queues[i], clocks[i] = queue(nodes[i])
			job.Register(queues[i], "sweep", job.Options{}, func(context.Context, struct{}) error {
				runs.Add(1)
				return nil
			})
			queues[i].Every("sweep", time.Minute)
		}
		look := func() { // both nodes at once
			t.Helper()
			var wg sync.WaitGroup
			for _, q := range queues {
				wg.Go(func() {
					if err := errors.Join(q.Tick(t.Context()), q.Drain(t.Context())); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			drain(t, queues[0])
		}
		want := func(n int64) {
			t.Helper()
			if runs.Load() != n {
				t.Fatalf("%d runs, want %d", runs.Load(), n)
			}
		}
		pass := func(d time.Duration) {
			for _, c := range clocks {
				c.add(d)
			}
		}
		look() // 00:59:30: the schedule becomes known
		want(0)
		pass(29 * time.Second)
		look()
		want(0)
		pass(time.Second) // 01:00:00
		look()
		look()
		want(1)
		for i := range int64(20) {
			pass(time.Minute)
			look()
			want(2 + i)
		}
		pass(time.Hour) // nobody ran for an hour
		look()
		look()
		want(22)
		pass(time.Minute)
		look()
		want(23)
	})
}

func TestShorterIntervalCountsAtOnce(t *testing.T) {
	d := dbtest.New(t)
	every := func(interval time.Duration) (*job.Queue, *clock) {
		q, c := queue(d)
		job.Register(q, "sweep", job.Options{}, func(context.Context, struct{}) error { return nil })
		q.Every("sweep", interval)
		return q, c
	}
	q, _ := every(24 * time.Hour)
	if err := q.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	q, c := every(time.Minute)
	for range 2 {
		if err := q.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.add(time.Minute)
	}
	wantStats(t, q, job.Stats{Kind: "sweep", Waiting: 1})
}
