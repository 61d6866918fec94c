package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// retryDue tries failed reactions whose pause is over. A try is counted before
// it begins, which also keeps two nodes from making the same one.
func (d *DB) retryDue(ctx context.Context) error {
	type due struct {
		retryRow `bun:",extend"`

		Kind string
		Data string
		At   time.Time
	}
	var failed []error
	for ctx.Err() == nil {
		var rows []due
		err := d.read.NewSelect().
			TableExpr("outbox_retry AS r").Join("JOIN outbox AS o ON o.id = r.fact_id").
			ColumnExpr("r.fact_id, r.consumer, r.tries, o.kind, o.data, o.at").
			Where("r.dead_at IS NULL AND r.next_at <= ?", d.now()).
			OrderExpr("r.next_at").Limit(outboxBatch).Scan(ctx, &rows)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("read retries: %w", err))...)
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			failed = append(failed, d.retry(ctx, r.retryRow, outboxRow{ID: r.FactID, Kind: r.Kind, Data: r.Data, At: r.At}))
		}
	}
	return errors.Join(failed...)
}

func (d *DB) retry(ctx context.Context, r retryRow, fact outboxRow) error {
	won, err := d.beginRetry(ctx, &r)
	if err != nil || !won {
		return err
	}
	v := d.deliveryOf(fact)
	err = d.retryOnce(ctx, r, v)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	dead := r.Tries >= maxTries || v.unread != nil
	attrs := []any{"fact", r.FactID, "kind", fact.Kind, "consumer", r.Consumer, "tries", r.Tries, "error", err}
	if dead {
		d.log.Error("reaction given up", attrs...)
	} else {
		d.log.Warn("reaction failed again", attrs...)
	}
	noted := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		q := tx.NewUpdate().Model((*retryRow)(nil)).Set("error = ?", short(err)).
			Where("fact_id = ? AND consumer = ? AND tries = ?", r.FactID, r.Consumer, r.Tries)
		if dead {
			q = q.Set("dead_at = ?", d.now())
		}
		_, err := q.Exec(ctx)
		return err
	})
	return errors.Join(fmt.Errorf("fact %d to %s: %w", r.FactID, r.Consumer, err), noted)
}

// beginRetry counts the try that is about to begin. won is false if another
// node was faster.
func (d *DB) beginRetry(ctx context.Context, r *retryRow) (won bool, err error) {
	err = d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		res, err := tx.NewUpdate().Model((*retryRow)(nil)).
			Set("tries = tries + 1, next_at = ?", d.now().Add(pause(r.Tries+1))).
			Where("fact_id = ? AND consumer = ? AND tries = ? AND dead_at IS NULL", r.FactID, r.Consumer, r.Tries).
			Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		won = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("begin retry: %w", err)
	}
	r.Tries++
	return won, nil
}

// retryOnce finds the consumer by its name and lets it react.
func (d *DB) retryOnce(ctx context.Context, r retryRow, v *delivery) error {
	if v.unread != nil {
		return v.unread
	}
	if r.Consumer == unreadable {
		return d.redispatch(ctx, r.FactID)
	}
	for _, c := range v.consumers {
		if key(c) == r.Consumer {
			return d.consume(ctx, c, v.Envelope)
		}
	}
	return errors.New("this program has no such consumer")
}

// redispatch sends a fact that has become readable on its way.
func (d *DB) redispatch(ctx context.Context, fact int64) error {
	err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.NewDelete().Model((*retryRow)(nil)).
			Where("fact_id = ? AND consumer = ?", fact, unreadable).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*outboxRow)(nil)).
			Set("done_at = NULL, owner = ?, leased_until = ?", d.node, d.now()).Where("id = ?", fact).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("dispatch fact %d again: %w", fact, err)
	}
	d.wakeDispatcher()
	return nil
}
