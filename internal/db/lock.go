package db

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lockSchema keeps other processes from migrating the same database. SQLite has
// no lock that outlives a transaction, so there it is the data directory's.
func (d *DB) lockSchema(ctx context.Context) (unlock func(), err error) {
	if d.dialect == SQLite {
		return lockDir(ctx, d.dir)
	}
	conn, err := d.write.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtextextended('mentara schema', 0))"); err != nil {
		conn.Close()
		return nil, err
	}
	return func() {
		// The lock must not stay with a pooled connection.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock_all()")
		conn.Close()
	}, nil
}

// lockDir takes an exclusive lock on a directory, which ends with the process
// at the latest and leaves no file behind.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
