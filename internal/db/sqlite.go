package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the "sqlite" driver
)

// readers is how many queries may read a SQLite file at once.
const readers = 4

// openSQLite opens the file for one writer and a pool of readers. WAL lets them
// work side by side; synchronous FULL makes a commit survive a power cut, which
// NORMAL does not in WAL mode. Deleted rows are overwritten, for they may hold
// what a person asked us to forget.
func openSQLite(ctx context.Context, path string) (write, read *bun.DB, err error) {
	if path == "" {
		return nil, nil, fmt.Errorf("no file name given")
	}
	if err := privateFile(path); err != nil {
		return nil, nil, err
	}
	// Turning WAL on fails at once, whatever busy_timeout says, when another
	// process is doing the same.
	unlock, err := lockDir(ctx, filepath.Dir(path))
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	common := []string{
		"busy_timeout(5000)", "foreign_keys(1)", "mmap_size(0)",
		"synchronous(FULL)", "secure_delete(1)", "trusted_schema(0)",
	}
	writer, err := sql.Open("sqlite", sqliteDSN(path, "immediate", append(common, "journal_mode(WAL)")))
	if err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	// The writer opens first: it creates the file's WAL, readers only find it.
	if err := writer.PingContext(ctx); err != nil {
		writer.Close()
		return nil, nil, err
	}
	reader, err := sql.Open("sqlite", sqliteDSN(path, "deferred", append(common, "query_only(1)")))
	if err != nil {
		writer.Close()
		return nil, nil, err
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	if err := reader.PingContext(ctx); err != nil {
		writer.Close()
		reader.Close()
		return nil, nil, err
	}
	return bun.NewDB(writer, sqlitedialect.New()), bun.NewDB(reader, sqlitedialect.New()), nil
}

// sqliteDSN says how transactions begin: the writer takes its lock at once, so
// that it never finds it taken half-way; a reader's must not take it at all.
func sqliteDSN(path, txlock string, pragmas []string) string {
	q := url.Values{"_pragma": pragmas, "_txlock": {txlock}, "_timezone": {"UTC"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// privateFile makes sure the file exists and only its owner can read it. SQLite
// gives the WAL beside it the same mode. A file that exists is not opened here:
// closing it would drop the locks this process may hold on it already (POSIX
// locks belong to the process, not to the descriptor).
func privateFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(path, 0o600)
	}
	return nil
}
