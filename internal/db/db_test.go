package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

type note struct {
	bun.BaseModel `bun:"table:note"`

	ID   int64 `bun:",pk,autoincrement"`
	Text string
	At   time.Time
}

// notes creates a table to write to; the product's own belong to others.
func notes(t *testing.T, d *db.DB) {
	t.Helper()
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.NewCreateTable().Model((*note)(nil)).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "CREATE UNIQUE INDEX note_text ON note (text)")
		return err
	})
}

func write(t *testing.T, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func add(text string) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.NewInsert().Model(&note{Text: text, At: time.Now()}).Exec(ctx)
		return err
	}
}

func texts(t *testing.T, d *db.DB) []string {
	t.Helper()
	out := []string{}
	if err := d.Read().NewSelect().Model((*note)(nil)).Column("text").Order("text").Scan(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		write(t, d, add("a"))
		boom := errors.New("boom")
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := add("b")(ctx, tx); err != nil {
				t.Error(err)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("got %v, want the closure's error", err)
		}
		if err := d.Write(t.Context(), add("a")); !db.IsUnique(err) {
			t.Fatalf("second a: %v, want a unique violation", err)
		}
		if got := texts(t, d); len(got) != 1 || got[0] != "a" {
			t.Fatalf("stored %v, want [a]", got)
		}
		var n note
		if err := d.Read().NewSelect().Model(&n).Limit(1).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n.At.Location() != time.UTC || time.Since(n.At) > time.Minute {
			t.Fatalf("time came back as %v", n.At)
		}
	})
}

func TestWriteTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if err := add(string(rune('A'+i)))(ctx, tx); err != nil {
						return err
					}
					if i%4 == 3 {
						return errors.New("not this one")
					}
					return nil
				})
				if (err != nil) != (i%4 == 3) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if got := len(texts(t, d)); got != 48 {
			t.Fatalf("%d rows, want 48", got)
		}
	})
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dbtest.Open(t, "sqlite:"+path, event.NewBus[*db.Tx]())
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}
