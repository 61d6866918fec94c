package db_test

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

func TestMigrateTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, ?)", true)
			return err
		})
		err := d.Migrate(t.Context())
		if err == nil || !strings.Contains(err.Error(), "99999") || !strings.Contains(err.Error(), "newer") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestNodesMigrateTogether(t *testing.T) {
	dsns := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") },
		"postgres": func(t *testing.T) string { return emptied(t, dbtest.PostgresDSN(t)) },
	}
	for name, dsn := range dsns {
		t.Run(name, func(t *testing.T) {
			dsn := dsn(t)
			var wg sync.WaitGroup
			opened, start := sync.WaitGroup{}, make(chan struct{})
			for range 3 {
				opened.Add(1)
				wg.Go(func() {
					d, err := db.Open(t.Context(), dsn, nil, slog.New(slog.DiscardHandler))
					opened.Done()
					if err != nil {
						t.Error(err)
						return
					}
					defer d.Close()
					<-start
					if err := d.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			opened.Wait()
			close(start)
			wg.Wait()
		})
	}
}

func TestBothEnginesHaveTheSameMigrations(t *testing.T) {
	list := func(dialect db.Dialect) []string {
		files, err := db.Migrations(dialect)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	sqlite, postgres := list(db.SQLite), list(db.Postgres)
	if len(sqlite) == 0 || !slices.Equal(sqlite, postgres) {
		t.Fatalf("sqlite has %v, postgres has %v", sqlite, postgres)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, dsn := range []string{"", "store.db", "mysql://x", "sqlite:", "sqlite:/dev/null/x/store.db", "postgres://nobody:hunter2@127.0.0.1:1/x"} {
		d, err := db.Open(t.Context(), dsn, event.NewBus[*db.Tx](), slog.New(slog.DiscardHandler))
		if err == nil {
			d.Close()
			t.Errorf("%q opened", dsn)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error shows the password: %v", err)
		}
	}
}

// emptied takes the schema out of a PostgreSQL database.
func emptied(t *testing.T, dsn string) string {
	t.Helper()
	d := dbtest.Open(t, dsn, event.NewBus[*db.Tx]())
	if _, err := d.Writer().ExecContext(t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	return dsn
}
