package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"mentara/internal/db"
)

// PostgresDSN creates a migrated PostgreSQL database that is dropped with the
// test. Without a server the test is skipped, or fails when
// MENTARA_TEST_REQUIRE_POSTGRES is 1.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	admin := os.Getenv("MENTARA_TEST_POSTGRES")
	if admin == "" {
		if os.Getenv("MENTARA_TEST_REQUIRE_POSTGRES") == "1" {
			t.Fatal("MENTARA_TEST_POSTGRES is not set, and MENTARA_TEST_REQUIRE_POSTGRES=1 demands it")
		}
		t.Skip("no PostgreSQL: set MENTARA_TEST_POSTGRES to a server in which databases may be created (internal/db/dbtest/postgres.sh start DIR prints one)")
	}
	server, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	template, err := template(t.Context(), server, admin)
	if err != nil {
		t.Fatal(err)
	}
	name := "mentara_" + strings.ToLower(rand.Text())
	if _, err := server.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if _, err := server.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	dsn, err := withDatabase(admin, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// template names a database that has this program's schema, and migrates it the
// first time. Copying it is several times faster than migrating for every test.
func template(ctx context.Context, server *sql.DB, admin string) (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	conn, err := server.Conn(ctx)
	if err != nil {
		return "", fmt.Errorf("reach test PostgreSQL: %w", err)
	}
	defer conn.Close()
	// Test programs of several packages run at once.
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(0, 1)"); err != nil {
		return "", err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(0, 1)")
	var have bool
	row := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name)
	if err := row.Scan(&have); err != nil || have {
		return name, err
	}
	unfinished := name + "_new"
	for _, q := range []string{"DROP DATABASE IF EXISTS " + unfinished, "CREATE DATABASE " + unfinished} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return "", err
		}
	}
	dsn, err := withDatabase(admin, unfinished)
	if err != nil {
		return "", err
	}
	d, err := db.Open(ctx, dsn, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	if err := d.Migrate(ctx); err != nil {
		d.Close()
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
	return name, err
}

// templateName changes with every change of a migration.
func templateName() (string, error) {
	files, err := db.Migrations(db.Postgres)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(data), data)
		return err
	})
	return "mentara_schema_" + hex.EncodeToString(sum.Sum(nil)[:8]), err
}

func withDatabase(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return "", fmt.Errorf("MENTARA_TEST_POSTGRES is not a postgres:// URL")
	}
	u.Path = "/" + name
	return u.String(), nil
}
