package db

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mentara/internal/fault"
)

// IsUnique reports whether the database refused a row because another one is in
// its place: a unique key, or an exclusion constraint. On SQLite exclusions are
// triggers that call RAISE(ABORT, ...), and count too.
func IsUnique(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
			sqlite3.SQLITE_CONSTRAINT_ROWID, sqlite3.SQLITE_CONSTRAINT_TRIGGER:
			return true
		}
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505" || e.Code == "23P01" // unique_violation, exclusion_violation
	}
	return false
}

// IsForeign reports whether the database refused a row because what it refers
// to does not exist, or is still referred to.
func IsForeign(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23503"
}

// withFault puts the fault of an engine error before it, so that a door answers
// 503 or 507 instead of "internal error".
func withFault(err error) error {
	if f := Fault(err); f != nil && fault.As(err) == nil {
		return fmt.Errorf("%w: %w", f, err)
	}
	return err
}

// Fault tells what an engine's error means to a caller who can wait it out or
// free some room; nil for errors that are neither. Write has done so for what it
// returns; doors ask for errors of reads.
func Fault(err error) *fault.Error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return fault.New(fault.Full, "storage_full", "The server has no room left to store this.")
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fault.New(fault.Unavailable, "storage_busy", "The server is busy. Please try again.").After(time.Second)
		}
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "53100": // disk_full
			return fault.New(fault.Full, "storage_full", "The server has no room left to store this.")
		case "40001", "40P01", "53300", "57P01", "57P03": // serialization, deadlock, connections, shutdown, start-up
			return fault.New(fault.Unavailable, "storage_busy", "The server is busy. Please try again.").After(time.Second)
		}
	}
	// The server went away: while connecting, before it got the query, or
	// after, when it may have committed all the same.
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	if connecting || network || pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Unavailable, "storage_away", "The server cannot reach its storage. Please try again.").After(2 * time.Second)
	}
	return nil
}
