package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"
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

// Run dispatches facts until ctx ends.
func (d *DB) Run(ctx context.Context) error {
	d.running.Store(true)
	defer d.running.Store(false)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		}
		if err := d.Drain(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("dispatch failed", "error", err)
		}
	}
}
