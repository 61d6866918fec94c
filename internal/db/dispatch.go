package db

import (
	"context"

	"mentara/internal/event"
)

// Drain dispatches every pending fact and returns when none is left.
func (d *DB) Drain(ctx context.Context) error {
	d.dispatchMu.Lock()
	defer d.dispatchMu.Unlock()
	for {
		var rows []outboxRow
		if err := d.read.NewSelect().Model(&rows).Where("done_at IS NULL").Order("id").Limit(64).Scan(ctx); err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		for _, r := range rows {
			f, err := d.decode(r.Kind, []byte(r.Data))
			if err != nil {
				return err
			}
			e := event.Envelope{ID: r.ID, At: r.At.UTC(), Fact: f}
			for _, c := range d.bus.ConsumersOf(r.Kind) {
				if err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
					if _, err := tx.ExecContext(ctx, "INSERT INTO consumed (fact_id, consumer) VALUES (?, ?)", r.ID, c.Name); err != nil {
						return err
					}
					return c.Handle(ctx, tx, e)
				}); err != nil && !IsUnique(err) {
					return err
				}
			}
			for _, fn := range d.bus.Forwarders() {
				fn(ctx, e)
			}
			if err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
				_, err := tx.ExecContext(ctx, "UPDATE outbox SET done_at = ? WHERE id = ?", d.now(), r.ID)
				return err
			}); err != nil {
				return err
			}
		}
	}
}
