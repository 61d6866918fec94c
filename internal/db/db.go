// Package db is the one way to the database: SQLite in a file (the default) or
// PostgreSQL, through the same bun queries. It owns how writes are grouped and
// made durable, the migrations, and the outbox that brings committed facts to
// those who react to them.
//
// It holds no query of a feature, and hands out no handle to write through
// outside Write. On SQLite there is a single writer: a closure given to Write
// that reaches for the DB instead of its Tx waits for itself forever.
package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/event"
)

// Dialect is the engine behind a DB, for the few queries that differ.
type Dialect int

const (
	SQLite Dialect = iota + 1
	Postgres
)

func (d Dialect) String() string {
	if d == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// ErrClosed is returned by Write after Close.
var ErrClosed = errors.New("database is closed")

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect Dialect
	bus     *event.Bus[*Tx]
	log     *slog.Logger
	now     func() time.Time
	dir     string // SQLite: where the file is
	node    string // who claims outbox rows; new at every start
	decode  func(kind string, data []byte) (event.Fact, error)

	write *bun.DB // SQLite: exactly one connection, used by the committer alone
	read  *bun.DB
	group *committer // nil on PostgreSQL

	wake       chan struct{} // a commit left facts to dispatch
	running    atomic.Bool   // Run is on: this node dispatches its own facts
	dispatchMu sync.Mutex    // one dispatch at a time keeps facts in order
	closed     atomic.Bool
	closeOnce  sync.Once
	closeErr   error
}

// Open opens the database named by dsn: "sqlite:/path/store.db" or
// "postgres://user@host/name". The bus may be nil in programs that only emit
// facts and leave their dispatch to the server.
func Open(ctx context.Context, dsn string, bus *event.Bus[*Tx], log *slog.Logger) (*DB, error) {
	if bus == nil {
		bus = event.NewBus[*Tx]()
	}
	d := &DB{
		bus:    bus,
		log:    log,
		now:    func() time.Time { return time.Now().UTC() },
		node:   rand.Text(),
		decode: event.Decode,
		wake:   make(chan struct{}, 1),
	}
	scheme, rest, _ := strings.Cut(dsn, ":")
	var err error
	switch scheme {
	case "sqlite":
		d.dialect = SQLite
		d.dir = filepath.Dir(rest)
		d.write, d.read, err = openSQLite(ctx, rest)
	case "postgres", "postgresql":
		d.dialect = Postgres
		d.write, err = openPostgres(ctx, dsn)
		d.read = d.write
	default:
		// The DSN may carry a password, so the error does not repeat it.
		return nil, errors.New(`open database: expected "sqlite:/path/store.db" or "postgres://user@host/name"`)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s database: %w", d.dialect, err)
	}
	if d.dialect == SQLite {
		d.group = newCommitter(d.write, log)
	}
	return d, nil
}

// Dialect says which engine this is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Read returns the handle for queries outside a transaction. On SQLite it is a
// pool of read-only connections, each seeing what was last committed.
func (d *DB) Read() bun.IDB { return d.read }

// Ready reports whether the database answers.
func (d *DB) Ready(ctx context.Context) error {
	var one int
	if err := d.read.NewRaw("SELECT 1").Scan(ctx, &one); err != nil {
		return fmt.Errorf("database is not ready: %w", err)
	}
	return nil
}

// Close lets the writes already accepted commit, then closes. Stop Run first.
func (d *DB) Close() error {
	d.closeOnce.Do(func() {
		d.closed.Store(true)
		if d.group != nil {
			d.group.close()
		}
		if d.read != d.write {
			d.closeErr = d.read.Close()
		}
		// Last, for the last to leave a SQLite file folds its WAL into it.
		d.closeErr = errors.Join(d.closeErr, d.write.Close())
	})
	return d.closeErr
}

// Write runs fn in one transaction and returns after its commit is on disk. An
// error, a panic or the end of ctx before fn returns rolls all of it back.
//
// On SQLite concurrent calls share a transaction, each in a savepoint of its
// own, so that they share one fsync; nobody else writes while fn runs, so it
// must not wait for anything but tx. The context fn gets never ends there: an
// interrupted SQLite statement rolls back its neighbours too.
//
// On PostgreSQL fn runs at READ COMMITTED beside others: what must hold is a
// constraint, a row lock or Tx.Lock. Nothing is retried here, because fn may
// have had effects outside the database; an abort by the engine (deadlock,
// serialization) is fault.Unavailable, and whoever called may try again.
func (d *DB) Write(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	tx := &Tx{db: d}
	body := func(ctx context.Context, inner bun.Tx) error {
		tx.Tx = inner
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return tx.flush(ctx)
	}
	var err error
	if d.group != nil {
		err = d.group.write(ctx, body)
	} else {
		err = d.writePostgres(ctx, body)
	}
	if err != nil {
		return withFault(err)
	}
	if len(tx.facts) > 0 {
		d.wakeDispatcher()
	}
	for _, fn := range tx.onCommit {
		fn()
	}
	return nil
}

func (d *DB) wakeDispatcher() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *DB) writePostgres(ctx context.Context, body func(context.Context, bun.Tx) error) error {
	if d.closed.Load() {
		return ErrClosed
	}
	return d.write.RunInTx(ctx, nil, body)
}
