package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/event"
)

// SetDecode lets tests have facts that the product does not.
func (d *DB) SetDecode(f func(kind string, data []byte) (event.Fact, error)) { d.decode = f }

// SetNow replaces the clock.
func (d *DB) SetNow(f func() time.Time) { d.now = f }

// Parts of Run, for tests that want one round of them.
var (
	Sweep    = (*DB).sweep
	Prune    = (*DB).prune
	Dispatch = func(d *DB, ctx context.Context) (int, error) { return d.dispatch(ctx, false) }
	Lend     = func(d *DB) { d.running.Store(true) } // as if Run were on: facts are leased
)

// Writer is the handle Write uses.
func (d *DB) Writer() *bun.DB { return d.write }

const (
	OutboxLease = outboxLease
	OutboxKept  = outboxKept
	MaxTries    = maxTries
	MaxPause    = maxPause
)
