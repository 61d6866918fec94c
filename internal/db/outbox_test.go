package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

// said is a fact only these tests know.
type said struct {
	Text string `json:"text"`
	By   int    `json:"by"`
	Seq  int    `json:"seq"`
}

func (said) Kind() string         { return "test.said" }
func (said) Live() []event.Notice { return nil }

func decode(kind string, data []byte) (event.Fact, error) {
	if kind != (said{}).Kind() {
		return event.Decode(kind, data)
	}
	var f said
	err := json.Unmarshal(data, &f)
	return f, err
}

// world is a bus whose consumers write notes "<consumer>:<text>".
type world struct {
	bus *event.Bus[*db.Tx]

	mu   sync.Mutex
	fail func(consumer, text string) error // may panic
	live []string                          // forwarded texts
}

func newWorld(consumers ...string) *world {
	w := &world{bus: event.NewBus[*db.Tx](), fail: func(string, string) error { return nil }}
	for _, name := range consumers {
		event.On(w.bus, name, func(ctx context.Context, tx *db.Tx, f said) error {
			if err := add(name+":"+f.Text)(ctx, tx); err != nil {
				return err
			}
			w.mu.Lock()
			fail := w.fail
			w.mu.Unlock()
			return fail(name, f.Text)
		})
	}
	w.bus.Forward(func(_ context.Context, e event.Envelope) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.live = append(w.live, e.Fact.(said).Text)
	})
	return w
}

func (w *world) failing(f func(consumer, text string) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = f
}

func (w *world) forwarded() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.live)
}

// eachWorld runs test with a database per engine and the given consumers.
func eachWorld(t *testing.T, consumers []string, test func(t *testing.T, d *db.DB, w *world)) {
	t.Helper()
	var w *world
	dbtest.EachWithBus(t, func() *event.Bus[*db.Tx] {
		w = newWorld(consumers...)
		return w.bus
	}, func(t *testing.T, d *db.DB) {
		d.SetDecode(decode)
		notes(t, d)
		test(t, d, w)
	})
}

func say(texts ...string) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		for _, s := range texts {
			if err := tx.Emit(ctx, said{Text: s}); err != nil {
				return err
			}
		}
		return nil
	}
}

func wantTexts(t *testing.T, d *db.DB, want ...string) {
	t.Helper()
	if got := texts(t, d); !slices.Equal(got, want) {
		t.Fatalf("consumers stored %v, want %v", got, want)
	}
}

// within waits for something another goroutine does.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func TestFactsReachEveryConsumerInOrder(t *testing.T) {
	eachWorld(t, []string{"a", "b"}, func(t *testing.T, d *db.DB, w *world) {
		write(t, d, say("1", "2"))
		write(t, d, say("3"))
		if got := w.forwarded(); len(got) != 0 {
			t.Fatalf("forwarded %v before dispatch", got)
		}
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, d, "a:1", "a:2", "a:3", "b:1", "b:2", "b:3")
		if got := w.forwarded(); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Fatalf("forwarded %v", got)
		}
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.forwarded(); len(got) != 3 {
			t.Fatalf("a second drain forwarded again: %v", got)
		}
	})
}

func TestRolledBackFactIsNeverTold(t *testing.T) {
	eachWorld(t, []string{"a"}, func(t *testing.T, d *db.DB, w *world) {
		boom := errors.New("boom")
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(say("lie")(ctx, tx), boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, d)
	})
}

func TestRunDispatchesAtOnce(t *testing.T) {
	eachWorld(t, []string{"a"}, func(t *testing.T, d *db.DB, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		var slowest time.Duration
		for i := range 20 {
			start := time.Now()
			write(t, d, say(fmt.Sprint(i)))
			within(t, 5*time.Second, "fact forwarded", func() bool { return len(w.forwarded()) == i+1 })
			slowest = max(slowest, time.Since(start))
		}
		t.Logf("commit to socket, slowest of 20: %v", slowest)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if n := len(texts(t, d)); n != 20 {
			t.Fatalf("%d reactions stored, want 20", n)
		}
	})
}

func TestFailingConsumerHoldsNobodyUp(t *testing.T) {
	eachWorld(t, []string{"bad", "good"}, func(t *testing.T, d *db.DB, w *world) {
		now := time.Now().UTC()
		d.SetNow(func() time.Time { return now })
		w.failing(func(consumer, text string) error {
			if consumer == "bad" && text == "1" {
				return errors.New("no")
			}
			if consumer == "bad" && text == "2" {
				panic("argh")
			}
			return nil
		})
		write(t, d, say("1", "2", "3"))
		err := d.Drain(t.Context())
		if err == nil || !strings.Contains(err.Error(), "no") || !strings.Contains(err.Error(), "argh") {
			t.Fatalf("drain reported %v, want both failures", err)
		}
		wantTexts(t, d, "bad:3", "good:1", "good:2", "good:3")
		if got := w.forwarded(); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Fatalf("forwarded %v", got)
		}
		if s, err := d.Stats(t.Context()); err != nil || s.Pending != 0 || s.Retrying != 2 || s.Dead != 0 {
			t.Fatalf("stats %+v, %v", s, err)
		}

		w.failing(func(string, string) error { return nil })
		if err := d.Drain(t.Context()); err != nil { // not due yet
			t.Fatal(err)
		}
		wantTexts(t, d, "bad:3", "good:1", "good:2", "good:3")
		now = now.Add(2 * time.Second)
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, d, "bad:1", "bad:2", "bad:3", "good:1", "good:2", "good:3")
		if s, err := d.Stats(t.Context()); err != nil || s != (db.Stats{}) {
			t.Fatalf("stats %+v, %v", s, err)
		}
	})
}

func TestReactionIsGivenUpAndRevived(t *testing.T) {
	eachWorld(t, []string{"bad"}, func(t *testing.T, d *db.DB, w *world) {
		now := time.Now().UTC()
		d.SetNow(func() time.Time { return now })
		tries := 0
		w.failing(func(string, string) error { tries++; return errors.New("never") })
		write(t, d, say("1"))
		for range 3 * db.MaxTries {
			if err := d.Drain(t.Context()); err == nil && tries < db.MaxTries {
				t.Fatal("a failed try went unreported")
			}
			now = now.Add(2 * db.MaxPause)
		}
		if tries != db.MaxTries {
			t.Fatalf("tried %d times, want %d", tries, db.MaxTries)
		}
		dead, err := d.DeadReactions(t.Context())
		if err != nil || len(dead) != 1 || dead[0].Consumer != "bad" || dead[0].Error != "never" || dead[0].Kind != "test.said" {
			t.Fatalf("dead: %+v, %v", dead, err)
		}
		w.failing(func(string, string) error { return nil })
		if err := d.Revive(t.Context(), dead[0].FactID, dead[0].Consumer); err != nil {
			t.Fatal(err)
		}
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, d, "bad:1")
		if err := d.Revive(t.Context(), dead[0].FactID, dead[0].Consumer); err == nil {
			t.Fatal("revived what is not dead")
		}
	})
}

// A fact written by a newer program must not stop those behind it.
func TestUnreadableFactIsSetAside(t *testing.T) {
	eachWorld(t, []string{"a"}, func(t *testing.T, d *db.DB, w *world) {
		d.SetDecode(event.Decode)
		write(t, d, say("future"))
		if err := d.Drain(t.Context()); err == nil {
			t.Fatal("an unreadable fact went unreported")
		}
		dead, err := d.DeadReactions(t.Context())
		if err != nil || len(dead) != 1 {
			t.Fatalf("dead: %+v, %v", dead, err)
		}
		if s, _ := d.Stats(t.Context()); s.Pending != 0 {
			t.Fatalf("still pending: %+v", s)
		}
		d.SetDecode(decode)
		if err := d.Revive(t.Context(), dead[0].FactID, dead[0].Consumer); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first makes it pending again
			if err := d.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wantTexts(t, d, "a:future")
	})
}

func TestConsumersMayEmit(t *testing.T) {
	bus := func() *event.Bus[*db.Tx] {
		b := event.NewBus[*db.Tx]()
		event.On(b, "echo", func(ctx context.Context, tx *db.Tx, f said) error {
			if err := add(f.Text)(ctx, tx); err != nil {
				return err
			}
			if len(f.Text) < 4 {
				return tx.Emit(ctx, said{Text: f.Text + "!"})
			}
			return nil
		})
		return b
	}
	dbtest.EachWithBus(t, bus, func(t *testing.T, d *db.DB) {
		d.SetDecode(decode)
		notes(t, d)
		write(t, d, say("h"))
		if err := d.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, d, "h", "h!", "h!!", "h!!!")
	})
}

func TestPrune(t *testing.T) {
	eachWorld(t, []string{"a"}, func(t *testing.T, d *db.DB, w *world) {
		now := time.Now().UTC()
		d.SetNow(func() time.Time { return now })
		w.failing(func(_, text string) error {
			if text == "bad" {
				return errors.New("no")
			}
			return nil
		})
		write(t, d, say("old", "bad"))
		_ = d.Drain(t.Context())
		now = now.Add(db.OutboxKept + time.Minute)
		write(t, d, say("new"))
		if _, err := db.Dispatch(d, t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Prune(d, t.Context()); err != nil {
			t.Fatal(err)
		}
		var left []string
		if err := d.Read().NewRaw("SELECT data FROM outbox ORDER BY id").Scan(t.Context(), &left); err != nil {
			t.Fatal(err)
		}
		if len(left) != 2 || !strings.Contains(left[0], "bad") || !strings.Contains(left[1], "new") {
			t.Fatalf("left %v, want the failing and the new one", left)
		}
		var consumed int
		if err := d.Read().NewRaw("SELECT count(*) FROM consumed").Scan(t.Context(), &consumed); err != nil || consumed != 1 {
			t.Fatalf("%d consumed rows left, want 1 (%v)", consumed, err)
		}
	})
}
