package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// What makes an acknowledged write survive a power cut.
func TestSQLiteSettings(t *testing.T) {
	d := dbtest.New(t)
	reader, ok := d.Read().(*bun.DB)
	if !ok {
		t.Fatalf("Read gives a %T", d.Read())
	}
	for name, handle := range map[string]*bun.DB{"writer": d.Writer(), "reader": reader} {
		for pragma, want := range map[string]string{
			"journal_mode": "wal",
			"synchronous":  "2", // FULL
			"foreign_keys": "1",
			"mmap_size":    "0",
			"busy_timeout": "5000",
		} {
			var got string
			if err := handle.NewRaw("PRAGMA "+pragma).Scan(t.Context(), &got); err != nil || got != want {
				t.Errorf("%s: %s is %q (%v), want %q", name, pragma, got, err, want)
			}
		}
	}
	if n := d.Writer().Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writer connections", n)
	}
}

// A reader's transaction is a snapshot, and must not take the writer's lock.
func TestReadTransaction(t *testing.T) {
	d := dbtest.New(t)
	notes(t, d)
	write(t, d, add("before"))
	err := d.Read().RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		count := func() int64 {
			n, err := tx.NewSelect().Model((*note)(nil)).Count(ctx)
			if err != nil {
				t.Error(err)
			}
			return n
		}
		first := count()
		write(t, d, add("meanwhile"))
		if second := count(); first != 1 || second != 1 {
			t.Errorf("counted %d, then %d", first, second)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, d, "before", "meanwhile")
}

func TestCloseFoldsTheWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	d := dbtest.Open(t, "sqlite:"+path, event.NewBus[*db.Tx]())
	notes(t, d)
	write(t, d, add("x"))
	texts(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a WAL was left: %v", err)
	}
}

func TestConstraintErrors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		schema := []string{
			"CREATE TABLE parent (id bigint PRIMARY KEY)",
			"CREATE TABLE child (parent_id bigint NOT NULL REFERENCES parent (id), start bigint NOT NULL, stop bigint NOT NULL CHECK (stop > start))",
		}
		if d.Dialect() == db.Postgres {
			schema = append(schema, "ALTER TABLE child ADD EXCLUDE USING gist (int8range(start, stop) WITH &&)")
		} else {
			schema = append(schema, `CREATE TRIGGER no_overlap BEFORE INSERT ON child
				WHEN EXISTS (SELECT 1 FROM child WHERE start < NEW.stop AND stop > NEW.start)
				BEGIN SELECT RAISE(ABORT, 'overlap'); END`)
		}
		exec := func(queries ...string) error {
			return d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				for _, q := range queries {
					if _, err := tx.ExecContext(ctx, q); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := exec(append(schema, "INSERT INTO parent VALUES (1)", "INSERT INTO child VALUES (1, 10, 20)")...); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, query     string
			unique, foreign bool
		}{
			{"primary key", "INSERT INTO parent VALUES (1)", true, false},
			{"overlap", "INSERT INTO child VALUES (1, 15, 25)", true, false},
			{"touching is fine, but for the parent", "INSERT INTO child VALUES (2, 20, 25)", false, true},
			{"still referred to", "DELETE FROM parent", false, true},
			{"check", "INSERT INTO child VALUES (1, 40, 30)", false, false},
			{"not null", "INSERT INTO child VALUES (NULL, 40, 50)", false, false},
			{"syntax", "INSERT INTO", false, false},
		} {
			err := exec(c.query)
			if err == nil {
				t.Errorf("%s: accepted", c.name)
				continue
			}
			if db.IsUnique(err) != c.unique || db.IsForeign(err) != c.foreign || fault.As(err) != nil {
				t.Errorf("%s: unique %v, foreign %v, fault %v: %v", c.name, db.IsUnique(err), db.IsForeign(err), fault.As(err), err)
			}
		}
		if db.IsUnique(nil) || db.IsForeign(nil) || db.Fault(nil) != nil {
			t.Error("no error is an error")
		}
	})
}

func TestNestedTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes(t, d)
		write(t, d, add("taken"))
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			if err := add("outer")(ctx, tx); err != nil {
				return err
			}
			err := tx.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, inner bun.Tx) error {
				_, err := inner.NewInsert().Model(&note{Text: "taken", At: time.Now()}).Exec(ctx)
				return err
			})
			if !db.IsUnique(err) {
				t.Errorf("inner insert: %v", err)
			}
			return nil
		})
		wantTexts(t, d, "outer", "taken")
	})
}
