package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/uptrace/bun"

	"mentara/internal/event"
)

// Tx is the transaction of one Write. It is a bun.IDB: queries start with
// tx.NewSelect() and its siblings. It ends with the closure it was given to.
type Tx struct {
	bun.Tx
	db       *DB
	facts    []outboxRow
	onCommit []func()
}

// errOwnedByWrite answers those who try to end a transaction themselves.
var errOwnedByWrite = errors.New("the transaction is ended by Write")

// Commit refuses: Write commits when its closure returns nil.
func (tx *Tx) Commit() error { return errOwnedByWrite }

// Rollback refuses: return an error from the closure instead.
func (tx *Tx) Rollback() error { return errOwnedByWrite }

// Engine says which engine this transaction runs on.
func (tx *Tx) Engine() Dialect { return tx.db.dialect }

// Emit publishes facts with this transaction: they are stored when it commits
// and reach their consumers after it, or never. It takes effect at the end of
// the closure; the error is about facts that cannot be written as JSON.
func (tx *Tx) Emit(_ context.Context, facts ...event.Fact) error {
	for _, f := range facts {
		data, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("emit %s: %w", f.Kind(), err)
		}
		tx.facts = append(tx.facts, outboxRow{Kind: f.Kind(), Data: string(data)})
	}
	return nil
}

// OnCommit calls fn after this transaction has committed, on the goroutine of
// its Write and before that returns. It is for hints that may get lost, such as
// waking a worker; a crash right after the commit means it is never called.
func (tx *Tx) OnCommit(fn func()) { tx.onCommit = append(tx.onCommit, fn) }

// Lock waits until no other transaction holds the same key, and holds it until
// this one ends. On SQLite every write is alone already.
func (tx *Tx) Lock(ctx context.Context, key string) error {
	if tx.db.dialect == SQLite {
		return nil
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", int64(h.Sum64())); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// flush writes the emitted facts as the last thing before commit. PostgreSQL
// numbers rows when they are inserted, not when they commit, so transactions
// that emit take turns from here to their commit: only then does a greater ID
// mean a later commit.
func (tx *Tx) flush(ctx context.Context) error {
	if len(tx.facts) == 0 {
		return nil
	}
	if err := tx.Lock(ctx, "mentara outbox"); err != nil {
		return err
	}
	now := tx.db.now()
	lease := now
	if tx.db.running.Load() {
		lease = now.Add(outboxLease)
	}
	for i := range tx.facts {
		tx.facts[i].At = now
		tx.facts[i].Owner = tx.db.node
		tx.facts[i].LeasedUntil = lease
	}
	if _, err := tx.NewInsert().Model(&tx.facts).ExcludeColumn("id").Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("write outbox: %w", err)
	}
	return nil
}
