// Package dbtest opens fresh, migrated databases for tests: SQLite always, and
// PostgreSQL when MENTARA_TEST_POSTGRES names a server in which databases may
// be created (postgres.sh beside this file starts a private one).
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

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

// PostgresDSN creates an empty PostgreSQL database that is dropped with the
// test. Without a server the test is skipped, or fails when
// MENTARA_TEST_REQUIRE_POSTGRES is 1.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	admin := os.Getenv("MENTARA_TEST_POSTGRES")
	if admin == "" {
		if os.Getenv("MENTARA_TEST_REQUIRE_POSTGRES") == "1" {
			t.Fatal("MENTARA_TEST_POSTGRES is not set, and MENTARA_TEST_REQUIRE_POSTGRES=1 demands it")
		}
		t.Skip("no PostgreSQL: set MENTARA_TEST_POSTGRES to a server in which databases may be created (internal/db/dbtest/postgres.sh start prints one)")
	}
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal("MENTARA_TEST_POSTGRES is not a postgres:// URL")
	}
	name := "mentara_" + strings.ToLower(rand.Text())
	exec(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { exec(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	return u.String()
}

func exec(t testing.TB, dsn, query string) {
	t.Helper()
	server, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	// The test's own context has ended by the time clean-up runs.
	if _, err := server.ExecContext(context.Background(), query); err != nil {
		t.Fatal(err)
	}
}
