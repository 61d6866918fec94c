// Package dbtest opens fresh, migrated databases for tests: SQLite always, and
// PostgreSQL when MENTARA_TEST_POSTGRES names a server in which databases may
// be created (postgres.sh beside this file starts a private one).
package dbtest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"mentara/internal/db"
	"mentara/internal/event"
)

// Each runs test on every engine, each time with a database of its own.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachWithBus(t, nil, test)
}

// EachWithBus is Each with subscriptions, made anew for each engine by bus.
func EachWithBus(t *testing.T, bus func() *event.Bus[*db.Tx], test func(t *testing.T, d *db.DB)) {
	t.Helper()
	if bus == nil {
		bus = event.NewBus[*db.Tx]
	}
	t.Run("sqlite", func(t *testing.T) { test(t, WithBus(t, bus())) })
	t.Run("postgres", func(t *testing.T) { test(t, Open(t, PostgresDSN(t), bus())) })
}

// New opens a SQLite database without subscriptions.
func New(t testing.TB) *db.DB {
	t.Helper()
	return WithBus(t, event.NewBus[*db.Tx]())
}

// WithBus opens a SQLite database whose facts go to bus. Facts are dispatched
// by Drain, or by Run if the test starts it.
func WithBus(t testing.TB, bus *event.Bus[*db.Tx]) *db.DB {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "store.db"), bus)
}

// Open opens and migrates the named database, and closes it with the test.
// Several may be open on one name: that is how tests have two nodes.
func Open(t testing.TB, dsn string, bus *event.Bus[*db.Tx]) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dsn, bus, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}
