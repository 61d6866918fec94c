package db

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/fault"
)

// The outbox. A fact is a row written with the change that caused it. The node
// that committed it owns the row under a lease, dispatches it at once and marks
// it done. A node that dies leaves rows whose lease runs out, and whichever node
// sees that first takes them over. A reaction that fails is not the fact's
// problem: it gets a row in outbox_retry and the fact goes on.

const (
	// outboxLease is how long a node may be silent before another one takes
	// over what it committed. The sweeper renews at half of it.
	outboxLease = 12 * time.Second
	sweepEvery  = time.Second
	// outboxBatch is how many facts are read and marked done together.
	outboxBatch = 64
	// A reaction is tried for a bit over an hour, then given up.
	maxTries   = 16
	firstPause = time.Second
	maxPause   = 10 * time.Minute
	// outboxKept is how long dispatched facts stay, to look at after trouble.
	outboxKept = 72 * time.Hour
)

// outboxRow is a fact in the outbox table.
type outboxRow struct {
	bun.BaseModel `bun:"table:outbox"`

	ID          int64 `bun:",pk,autoincrement"`
	At          time.Time
	Kind        string
	Data        string
	Owner       string
	LeasedUntil time.Time
	DoneAt      time.Time `bun:",nullzero"`
}

// retryRow is a consumer's unfinished business with one fact.
type retryRow struct {
	bun.BaseModel `bun:"table:outbox_retry"`

	FactID   int64  `bun:",pk"`
	Consumer string `bun:",pk"`
	Tries    int    // begun so far, the first one included
	NextAt   time.Time
	DeadAt   time.Time `bun:",nullzero"`
	Error    string
}

// Dead is a reaction that was given up.
type Dead struct {
	FactID   int64
	Kind     string
	Consumer string
	Tries    int
	At       time.Time // of the fact
	DeadAt   time.Time
	Error    string
}

// DeadReactions lists reactions that were given up, oldest first, 1,000 at most.
func (d *DB) DeadReactions(ctx context.Context) ([]Dead, error) {
	out := []Dead{}
	err := d.read.NewSelect().
		TableExpr("outbox_retry AS r").Join("JOIN outbox AS o ON o.id = r.fact_id").
		ColumnExpr("r.fact_id, o.kind, r.consumer, r.tries, o.at, r.dead_at, r.error").
		Where("r.dead_at IS NOT NULL").OrderExpr("r.fact_id, r.consumer").Limit(1000).
		Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list dead reactions: %w", err)
	}
	return out, nil
}

// Revive gives a dead reaction a full new set of tries, beginning now.
func (d *DB) Revive(ctx context.Context, factID int64, consumer string) error {
	return d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		res, err := tx.NewUpdate().Model((*retryRow)(nil)).
			Set("dead_at = NULL, tries = 0, next_at = ?", d.now()).
			Where("fact_id = ? AND consumer = ? AND dead_at IS NOT NULL", factID, consumer).
			Exec(ctx)
		if err != nil {
			return fmt.Errorf("revive reaction: %w", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return fault.New(fault.NotFound, "reaction_not_found", "There is no such given-up reaction.")
		}
		return nil
	})
}

// Stats is the state of the outbox.
type Stats struct {
	Pending  int           // facts not dispatched yet
	Oldest   time.Duration // age of the oldest of them
	Retrying int           // reactions that failed and will be tried again
	Dead     int           // reactions given up
}

// Stats counts what the outbox still has to do.
func (d *DB) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	var oldest bun.NullTime
	err := d.read.NewRaw("SELECT count(*), min(at) FROM outbox WHERE done_at IS NULL").Scan(ctx, &s.Pending, &oldest)
	if err == nil {
		err = d.read.NewRaw(`SELECT count(*) FILTER (WHERE dead_at IS NULL), count(*) FILTER (WHERE dead_at IS NOT NULL)
			FROM outbox_retry`).Scan(ctx, &s.Retrying, &s.Dead)
	}
	if err != nil {
		return Stats{}, fmt.Errorf("outbox stats: %w", err)
	}
	if !oldest.IsZero() {
		s.Oldest = d.now().Sub(oldest.Time)
	}
	return s, nil
}

// pause is how long to wait after the given number of tries: doubling from one
// second to ten minutes, a fifth more or less so that failures spread out.
func pause(tries int) time.Duration {
	p := maxPause
	if tries < 20 {
		p = min(firstPause<<max(tries-1, 0), maxPause)
	}
	return time.Duration(float64(p) * (0.8 + 0.4*rand.Float64()))
}
