package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/fault"
)

// hold occupies the writer until the returned function is called.
func hold(t *testing.T, d *db.DB) (release func()) {
	t.Helper()
	entered, leave, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		if err := d.Write(context.Background(), func(context.Context, *db.Tx) error {
			close(entered)
			<-leave
			return nil
		}); err != nil {
			t.Errorf("holding write: %v", err)
		}
	}()
	<-entered
	return func() { close(leave); <-left }
}

func TestPanicStaysWithItsWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		caught := func() (p any) {
			defer func() { p = recover() }()
			_ = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := add("lost")(ctx, tx); err != nil {
					t.Error(err)
				}
				panic("mine")
			})
			return nil
		}()
		if caught != "mine" {
			t.Fatalf("recovered %v, want the closure's own panic", caught)
		}
		ended := make(chan struct{})
		go func() { // what t.FailNow in a closure does
			defer close(ended)
			_ = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := add("lost")(ctx, tx); err != nil {
					t.Error(err)
				}
				runtime.Goexit()
				return nil
			})
		}()
		<-ended
		write(t, d, add("kept"))
		wantTexts(t, d, "kept")
	})
}

func TestContextOfAWaitingWrite(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	release := hold(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- d.Write(ctx, add("never")) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	release()
	write(t, d, add("next"))
	wantTexts(t, d, "next")
}

func TestContextThatEndsInsideAWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := add("never")(ctx, tx); err != nil {
				return err
			}
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		write(t, d, add("next"))
		wantTexts(t, d, "next")
	})
}

// SQLite answers the interruption of a statement that writes by rolling back the
// whole transaction, neighbours included; so a statement is not interrupted.
func TestContextThatEndsInsideAStatement(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	release := hold(t, d)
	var neighbour, own error
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	queued := make(chan struct{})
	wg.Go(func() {
		neighbour = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			<-queued // the other one is behind us, in the same group
			return add("neighbour")(ctx, tx)
		})
	})
	wg.Go(func() {
		close(queued)
		own = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			time.AfterFunc(5*time.Millisecond, cancel)
			_, err := tx.ExecContext(ctx, `INSERT INTO note (text, at)
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT 'own' || i, '' FROM n`)
			return err
		})
	})
	release()
	wg.Wait()
	if neighbour != nil || !errors.Is(own, context.Canceled) {
		t.Fatalf("neighbour %v, own %v", neighbour, own)
	}
	wantTexts(t, d, "neighbour")
}

func TestAbandonedWritesDoNotHarmTheirGroup(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	release := hold(t, d)
	var wg sync.WaitGroup
	var kept atomic.Int64
	for i := range 60 {
		ctx, cancel := context.WithCancel(t.Context())
		if i%3 == 0 {
			cancel()
		}
		wg.Go(func() {
			defer cancel()
			if d.Write(ctx, add(fmt.Sprint(i))) == nil {
				kept.Add(1)
			}
		})
	}
	release()
	wg.Wait()
	if got := int64(len(texts(t, d))); got != kept.Load() || got != 40 {
		t.Fatalf("%d rows, %d successes, want 40 of each", got, kept.Load())
	}
}

func TestClose(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		if d.Dialect() == db.SQLite {
			release := hold(t, d)
			accepted := make(chan error)
			go func() { accepted <- d.Write(context.Background(), add("accepted")) }()
			closed := make(chan error)
			go func() { closed <- d.Close() }()
			release()
			if err := <-closed; err != nil {
				t.Fatal(err)
			}
			if err := <-accepted; err != nil && !errors.Is(err, db.ErrClosed) {
				t.Fatalf("a write that met Close got %v", err)
			}
		} else if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(t.Context(), add("late")); !errors.Is(err, db.ErrClosed) {
			t.Fatalf("write after close: %v", err)
		}
		if d.Ready(t.Context()) == nil {
			t.Fatal("ready after close")
		}
	})
}

func TestCloseWhileManyWrite(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 20 {
				if err := d.Write(context.Background(), add(fmt.Sprint(i, j))); err != nil {
					if !errors.Is(err, db.ErrClosed) {
						t.Errorf("got %v", err)
					}
					return
				}
			}
		})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait() // nobody waits for an answer forever
}

func TestFullDisk(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	write(t, d, add("before"))
	limit := func(pages int) {
		t.Helper()
		if _, err := d.Writer().Exec("PRAGMA max_page_count = ?", pages); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // never less than the file has
	big := add(strings.Repeat("x", 1<<20))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			fn := big
			if i%2 == 0 { // neighbours with little to say fail or succeed as a whole
				fn = add(fmt.Sprint("small", i))
			}
			if err := d.Write(t.Context(), fn); err != nil && !fault.Is(err, fault.Full) {
				t.Errorf("write %d: %v, want a Full fault", i, err)
			}
		})
	}
	wg.Wait()
	if err := d.Write(t.Context(), big); !fault.Is(err, fault.Full) {
		t.Fatalf("got %v", err)
	}
	if got := texts(t, d); len(got) == 0 || got[0] != "before" {
		t.Fatalf("reads fail on a full disk: %v", got)
	}
	limit(1 << 30)
	write(t, d, big)
	var check string
	if err := d.Read().NewRaw("PRAGMA integrity_check").Scan(t.Context(), &check); err != nil || check != "ok" {
		t.Fatalf("integrity: %s %v", check, err)
	}
}

func TestTransactionIsWritesOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			if tx.Commit() == nil || tx.Rollback() == nil {
				t.Error("a closure could end the transaction")
			}
			if err := tx.Lock(ctx, "key"); err != nil {
				return err
			}
			return add("x")(ctx, tx)
		})
		wantTexts(t, d, "x")
	})
}

func TestLockSerialises(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if err := tx.Lock(ctx, "seats"); err != nil {
						return err
					}
					n, err := tx.NewSelect().Model((*note)(nil)).Count(ctx)
					if err != nil || n >= 5 {
						return err
					}
					return add(fmt.Sprint(i))(ctx, tx)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(texts(t, d)); n != 5 {
			t.Fatalf("%d seats taken of 5", n)
		}
	})
}

func TestReadersCannotWrite(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	if _, err := d.Read().NewInsert().Model(&note{Text: "x", At: time.Now()}).Exec(t.Context()); err == nil {
		t.Fatal("a reader wrote")
	}
}
