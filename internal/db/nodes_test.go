package db_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
)

// pair opens two nodes on one PostgreSQL database.
func pair(t *testing.T) (a, b *db.DB, wa, wb *world) {
	dsn := dbtest.PostgresDSN(t)
	wa, wb = newWorld("c", "d"), newWorld("c", "d")
	a, b = dbtest.Open(t, dsn, wa.bus), dbtest.Open(t, dsn, wb.bus)
	a.SetDecode(decode)
	b.SetDecode(decode)
	notes(t, a)
	return a, b, wa, wb
}

func TestAnotherNodeTakesOverAfterTheLease(t *testing.T) {
	a, b, _, wb := pair(t)
	now := time.Now().UTC()
	a.SetNow(func() time.Time { return now })
	b.SetNow(func() time.Time { return now })
	db.Lend(a)
	write(t, a, say("1", "2"))

	now = now.Add(db.OutboxLease - time.Second)
	round := func() {
		t.Helper()
		if err := db.Sweep(b, t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Dispatch(b, t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	round()
	wantTexts(t, b)
	now = now.Add(2 * time.Second)
	round()
	wantTexts(t, b, "c:1", "c:2", "d:1", "d:2")
	if got := wb.forwarded(); !slices.Equal(got, []string{"1", "2"}) {
		t.Fatalf("forwarded %v", got)
	}
	// The first owner wakes up late: nothing happens twice.
	if _, err := db.Dispatch(a, t.Context()); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, b, "c:1", "c:2", "d:1", "d:2")
}

func TestNodesTogetherConsumeOnce(t *testing.T) {
	a, b, _, _ := pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	var nodes, writers sync.WaitGroup
	for _, d := range []*db.DB{a, b} {
		nodes.Go(func() {
			if err := d.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		for w := range 4 {
			writers.Go(func() {
				for i := range 25 {
					if err := d.Write(ctx, say(fmt.Sprintf("%p-%d-%d", d, w, i))); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	// Drain takes everyone's facts, and so races with both owners.
	writers.Go(func() {
		for range 20 {
			if err := a.Drain(ctx); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	within(t, 20*time.Second, "all dispatched", func() bool {
		s, err := a.Stats(ctx)
		return err == nil && s.Pending == 0
	})
	cancel()
	nodes.Wait()
	// note.text is unique, so a second reaction would have failed and be here.
	if s, err := a.Stats(t.Context()); err != nil || s != (db.Stats{}) {
		t.Fatalf("stats %+v, %v", s, err)
	}
	if n := len(texts(t, a)); n != 2*2*4*25 {
		t.Fatalf("%d reactions, want 400", n)
	}
}

// IDs must grow in the order of commits, or a reader that remembers the last
// one it saw would miss a fact.
func TestFactIDsGrowByCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for range 8 {
			wg.Go(func() {
				for range 25 {
					if err := d.Write(t.Context(), say("x")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		go func() { wg.Wait(); close(stop) }()
		var last, seen int64
		for done := false; !done; {
			select {
			case <-stop:
				done = true
			default:
			}
			var ids []int64
			if err := d.Read().NewRaw("SELECT id FROM outbox WHERE id > ? ORDER BY id", last).Scan(t.Context(), &ids); err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				last, seen = id, seen+1
			}
		}
		if seen != 200 {
			t.Fatalf("a reader following IDs saw %d of 200 facts", seen)
		}
	})
}
