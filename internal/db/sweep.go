package db

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// Run dispatches facts as they are committed and finishes what a crash left,
// here or on another node, until ctx ends. It returns when all it started has.
func (d *DB) Run(ctx context.Context) error {
	if d.dialect == SQLite {
		// Nobody else dispatches from this file: what is pending was left by an
		// earlier process, and there is no lease to wait for.
		if err := d.claim(ctx, d.now().Add(outboxLease*2)); err != nil {
			return err
		}
	}
	d.running.Store(true)
	defer d.release(context.WithoutCancel(ctx))
	defer d.running.Store(false)

	var parts sync.WaitGroup
	parts.Go(func() { d.dispatchLoop(ctx) })
	parts.Go(func() { d.sweepLoop(ctx) })
	d.wakeDispatcher()
	parts.Wait()
	return nil
}

func (d *DB) dispatchLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		for ctx.Err() == nil {
			n, _ := d.dispatch(ctx, false) // failed reactions are logged and noted where they fail
			if n == 0 {
				break // nothing left, or nothing works: the sweeper wakes us again
			}
		}
	}
}

func (d *DB) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var pruned time.Time
	for {
		if err := d.sweep(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("outbox sweep failed", "error", err)
		}
		if now := d.now(); now.Sub(pruned) > time.Hour {
			pruned = now
			if err := d.prune(ctx); err != nil && ctx.Err() == nil {
				d.log.Error("outbox prune failed", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep keeps this node's leases, takes over rows whose owner fell silent, and
// tries failed reactions that are due.
func (d *DB) sweep(ctx context.Context) error {
	now := d.now()
	var mine, orphans int
	err := d.read.NewRaw(`SELECT
		count(*) FILTER (WHERE owner = ?), count(*) FILTER (WHERE owner <> ? AND leased_until < ?)
		FROM outbox WHERE done_at IS NULL`, d.node, d.node, now).Scan(ctx, &mine, &orphans)
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	var errs []error
	if orphans > 0 {
		errs = append(errs, d.claim(ctx, now))
	}
	if mine > 0 {
		errs = append(errs, d.renew(ctx, now))
	}
	if mine+orphans > 0 {
		d.wakeDispatcher()
	}
	// Failed reactions are logged where they fail.
	if err := d.retryDue(ctx); err != nil && ctx.Err() == nil {
		d.log.Debug("retries failed", "error", err)
	}
	return errors.Join(errs...)
}

// claim makes this node the owner of pending rows whose lease ends before t.
// Nodes that do so at once take different rows.
func (d *DB) claim(ctx context.Context, t time.Time) error {
	skip := ""
	if d.dialect == Postgres {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE outbox SET owner = ?, leased_until = ? WHERE id IN (
			SELECT id FROM outbox WHERE done_at IS NULL AND owner <> ? AND leased_until < ? ORDER BY id `+skip+`)`,
			d.node, d.now().Add(outboxLease), d.node, t)
		return err
	})
	if err != nil {
		return fmt.Errorf("claim facts: %w", err)
	}
	return nil
}

func (d *DB) renew(ctx context.Context, now time.Time) error {
	err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE outbox SET leased_until = ?
			WHERE done_at IS NULL AND owner = ? AND leased_until < ?`,
			now.Add(outboxLease), d.node, now.Add(outboxLease/2))
		return err
	})
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// release lets other nodes take at once what this one leaves undone.
func (d *DB) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE outbox SET leased_until = ? WHERE done_at IS NULL AND owner = ?", d.now(), d.node)
		return err
	})
	if err != nil {
		d.log.Warn("leases not released; other nodes wait for their end", "error", err)
	}
}

// prune removes facts dispatched long ago that nobody still fails on, a few at
// a time so that others can write in between.
func (d *DB) prune(ctx context.Context) error {
	const chunk = 500
	for {
		var removed int64
		err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
			var ids []int64
			err := tx.NewSelect().Model((*outboxRow)(nil)).Column("id").
				Where("done_at < ?", d.now().Add(-outboxKept)).
				Where("NOT EXISTS (SELECT 1 FROM outbox_retry AS r WHERE r.fact_id = outbox_row.id)").
				Limit(chunk).Scan(ctx, &ids)
			if err != nil || len(ids) == 0 {
				return err
			}
			removed = int64(len(ids))
			if _, err := tx.NewDelete().Table("consumed").Where("fact_id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
				return err
			}
			_, err = tx.NewDelete().Model((*outboxRow)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
			return err
		})
		if err != nil {
			return fmt.Errorf("prune outbox: %w", err)
		}
		if removed < chunk {
			return nil
		}
	}
}
