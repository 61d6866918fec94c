package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/event"
)

// consumeTimeout bounds one reaction where the engine can interrupt it.
const consumeTimeout = 30 * time.Second

type consumer = event.Consumer[*Tx]

// key names a consumer in the tables. A consumer of every fact may share its
// name with one of a single kind.
func key(c consumer) string {
	if c.Kind == "" {
		return c.Name + "*"
	}
	return c.Name
}

// Drain dispatches every pending fact, also those of other nodes, and every
// retry that is due, and returns when none is left. Its error joins those of
// failed reactions, which stay in the database to be tried again.
func (d *DB) Drain(ctx context.Context) error {
	var failed []error
	for {
		n, err := d.dispatch(ctx, true)
		if err != nil {
			failed = append(failed, err)
		}
		if n == 0 || ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() == nil {
		failed = append(failed, d.retryDue(ctx))
	}
	return errors.Join(failed...)
}

// dispatch delivers the oldest batch of this node's facts, or of everyone's,
// and reports how many of them are done now.
func (d *DB) dispatch(ctx context.Context, everyone bool) (int, error) {
	d.dispatchMu.Lock()
	defer d.dispatchMu.Unlock()

	var rows []outboxRow
	q := d.read.NewSelect().Model(&rows).Where("done_at IS NULL").Order("id").Limit(outboxBatch)
	if !everyone {
		q = q.Where("owner = ?", d.node)
	}
	if err := q.Scan(ctx); err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	b := &batch{db: d, facts: make([]*delivery, len(rows))}
	for i, r := range rows {
		b.facts[i] = d.deliveryOf(r)
	}
	settled := b.deliver(ctx)
	if len(settled) > 0 {
		err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
			_, err := tx.NewUpdate().Model((*outboxRow)(nil)).Set("done_at = ?", d.now()).
				Where("id IN (?)", bun.List(settled)).Exec(ctx)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("mark facts dispatched: %w", err)
		}
	}
	return len(settled), errors.Join(b.errs...)
}

// delivery is one fact on its way.
type delivery struct {
	event.Envelope

	kind      string
	unread    error          // why the fact cannot be decoded
	consumers []consumer     // who reacts
	reacting  sync.WaitGroup // those of them not finished
	unsettled bool           // guarded by batch.mu: something is neither done nor noted
}

func (d *DB) deliveryOf(r outboxRow) *delivery {
	v := &delivery{kind: r.Kind}
	fact, err := d.decode(r.Kind, []byte(r.Data))
	v.Envelope = event.Envelope{ID: r.ID, At: r.At.UTC(), Fact: fact}
	if err != nil {
		v.unread = err
		return v
	}
	v.consumers = d.bus.ConsumersOf(r.Kind)
	v.reacting.Add(len(v.consumers))
	return v
}

// batch delivers facts in order. Every consumer has a lane of its own, so that
// a slow one delays the others by at most this batch, and so that on SQLite
// their transactions share commits.
type batch struct {
	db    *DB
	facts []*delivery

	mu   sync.Mutex // guards errs and delivery.unsettled
	errs []error
}

// deliver returns the IDs of the facts that need no more dispatching.
func (b *batch) deliver(ctx context.Context) []int64 {
	type stop struct {
		consumer consumer
		fact     *delivery
	}
	lanes := map[string][]stop{}
	for _, f := range b.facts {
		if f.unread != nil {
			b.giveUpUnread(ctx, f)
			continue
		}
		for _, c := range f.consumers {
			lanes[c.Name] = append(lanes[c.Name], stop{c, f})
		}
	}
	var running sync.WaitGroup
	for _, lane := range lanes {
		running.Go(func() {
			for _, s := range lane {
				b.react(ctx, s.consumer, s.fact)
				s.fact.reacting.Done()
			}
		})
	}
	for _, f := range b.facts {
		f.reacting.Wait()
		if f.unread == nil && ctx.Err() == nil {
			b.db.forward(ctx, f.Envelope)
		}
	}
	running.Wait()

	var settled []int64
	for _, f := range b.facts {
		if !f.unsettled && ctx.Err() == nil {
			settled = append(settled, f.ID)
		}
	}
	return settled
}

func (b *batch) react(ctx context.Context, c consumer, f *delivery) {
	err := b.db.consume(ctx, c, f.Envelope)
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil {
		f.unsettled = true // we are stopping; nobody has failed
		return
	}
	b.errs = append(b.errs, fmt.Errorf("fact %d (%s) to %s: %w", f.ID, f.kind, key(c), err))
	b.db.log.Warn("reaction failed", "fact", f.ID, "kind", f.kind, "consumer", key(c), "error", err)
	if err := b.db.noteFailure(ctx, f.ID, key(c), err); err != nil {
		b.errs = append(b.errs, err)
		f.unsettled = true
	}
}

// giveUpUnread sets aside a fact this program cannot read, such as one left by
// a newer version, so that it can be revived when a program can.
func (b *batch) giveUpUnread(ctx context.Context, f *delivery) {
	d := b.db
	d.log.Error("fact cannot be read and is set aside", "fact", f.ID, "kind", f.kind, "error", f.unread)
	b.errs = append(b.errs, fmt.Errorf("fact %d: %w", f.ID, f.unread))
	row := &retryRow{FactID: f.ID, Consumer: unreadable, Tries: 1, NextAt: d.now(), DeadAt: d.now(), Error: short(f.unread)}
	err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		f.unsettled = true
		b.errs = append(b.errs, fmt.Errorf("set fact %d aside: %w", f.ID, err))
	}
}

// unreadable takes the place of a consumer's name for a fact no consumer saw.
const unreadable = "(decode)"

// errSeen ends a reaction that has happened before.
var errSeen = errors.New("fact was consumed before")

// consume lets one consumer react to one fact, unless it has already: the note
// that it did is in the same transaction as what it does.
func (d *DB) consume(ctx context.Context, c consumer, e event.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, consumeTimeout)
	defer cancel()
	err := contain(func() error {
		return d.Write(ctx, func(ctx context.Context, tx *Tx) error {
			res, err := tx.ExecContext(ctx,
				"INSERT INTO consumed (fact_id, consumer) VALUES (?, ?) ON CONFLICT DO NOTHING", e.ID, key(c))
			if err != nil {
				return fmt.Errorf("note fact consumed: %w", err)
			}
			if n, _ := res.RowsAffected(); n == 0 {
				return errSeen
			}
			if _, err := tx.NewDelete().Model((*retryRow)(nil)).
				Where("fact_id = ? AND consumer = ?", e.ID, key(c)).Exec(ctx); err != nil {
				return fmt.Errorf("forget failures: %w", err)
			}
			return c.Handle(ctx, tx, e)
		})
	})
	if errors.Is(err, errSeen) {
		return nil
	}
	return err
}

// noteFailure records a first failure. A row that is there already is another
// node's, which saw the same.
func (d *DB) noteFailure(ctx context.Context, fact int64, consumer string, cause error) error {
	row := &retryRow{FactID: fact, Consumer: consumer, Tries: 1, NextAt: d.now().Add(pause(1)), Error: short(cause)}
	err := d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("note failed reaction: %w", err)
	}
	return nil
}

// forward hands a fact to the sockets' side. There is nobody to retry for: who
// listens there asks again for what it missed.
func (d *DB) forward(ctx context.Context, e event.Envelope) {
	for _, fn := range d.bus.Forwarders() {
		if err := contain(func() error { fn(ctx, e); return nil }); err != nil {
			d.log.Error("forwarder failed", "fact", e.ID, "kind", e.Fact.Kind(), "error", err)
		}
	}
}

// contain turns a panic into an error with its stack.
func contain(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}

// short keeps an error small enough for a table row.
func short(err error) string {
	const most = 500
	s := err.Error()
	if len(s) > most {
		s = s[:most]
	}
	return s
}
