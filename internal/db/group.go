package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// Group commit. SQLite has one writer and every durable commit costs an fsync,
// so the committer opens a transaction, gives each waiting Write its turn in a
// savepoint, commits once and answers all of them. A closure runs on its
// caller's goroutine: its panic, its Goexit and its stack stay where they
// belong, and only its own savepoint is rolled back.

const (
	queueLength = 1024                  // Writes waiting; more wait to enter, within their context
	groupSize   = 128                   // Writes sharing a commit at most
	groupTime   = 20 * time.Millisecond // after this no further Write joins
	slowWrite   = time.Second           // a closure that held the writer this long is logged
)

type committer struct {
	db    *bun.DB
	log   *slog.Logger
	queue chan *request
	stop  chan struct{} // closed by close: no new requests
	ended chan struct{} // closed by run
	once  sync.Once
}

// request is one Write. turn and answered are unbuffered, so that a caller who
// left is never mistaken for one who took its turn.
type request struct {
	ctx    context.Context
	turn   chan bun.Tx   // the committer lends its transaction
	ran    chan error    // the closure's result
	result chan error    // after commit; buffered
	gone   chan struct{} // the caller gave up waiting for its turn
}

// errNotFinished stands for a closure that panicked or ended its goroutine.
var errNotFinished = errors.New("write did not finish")

func newCommitter(db *bun.DB, log *slog.Logger) *committer {
	c := &committer{
		db: db, log: log,
		queue: make(chan *request, queueLength),
		stop:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	go c.run()
	return c
}

func (c *committer) close() {
	c.once.Do(func() { close(c.stop) })
	<-c.ended
}

func (c *committer) write(ctx context.Context, body func(context.Context, bun.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{
		ctx:    ctx,
		turn:   make(chan bun.Tx),
		ran:    make(chan error),
		result: make(chan error, 1),
		gone:   make(chan struct{}),
	}
	select {
	case <-c.stop:
		return ErrClosed
	default:
	}
	select {
	case c.queue <- r:
	case <-c.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case tx := <-r.turn:
		c.runBody(r, tx, body)
	case err := <-r.result: // the transaction could not be opened
		return err
	case <-ctx.Done():
		close(r.gone)
		return ctx.Err()
	case <-c.ended:
		return ErrClosed
	}
	// The turn is over and the commit is a matter of milliseconds: wait for it
	// whatever ctx says, so that the answer is never "perhaps".
	return <-r.result
}

// runBody tells the committer how the closure ended, also when it does not
// return. What left by panic then goes on up the caller's own stack.
func (c *committer) runBody(r *request, tx bun.Tx, body func(context.Context, bun.Tx) error) {
	err := errNotFinished
	defer func() { r.ran <- err }()
	err = body(context.WithoutCancel(r.ctx), tx)
	if err == nil {
		err = r.ctx.Err()
	}
}

func (c *committer) run() {
	defer close(c.ended)
	for {
		select {
		case r := <-c.queue:
			c.commitGroup(r)
		case <-c.stop:
			for { // those already in the queue were accepted
				select {
				case r := <-c.queue:
					c.commitGroup(r)
				default:
					return
				}
			}
		}
	}
}

// commitGroup runs first and whoever waits behind it in one transaction.
func (c *committer) commitGroup(first *request) {
	ctx := context.Background()
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		first.result <- fmt.Errorf("begin: %w", err)
		return
	}
	began := time.Now()
	var done []*request
	for r := first; r != nil; r = c.next(len(done), began) {
		ok, err := c.serve(ctx, tx, r)
		if err != nil {
			// The engine gave up the whole transaction (disk full, I/O error):
			// nobody in it has written anything.
			tx.Rollback()
			for _, d := range append(done, r) {
				d.result <- fmt.Errorf("transaction lost: %w", err)
			}
			return
		}
		if ok {
			done = append(done, r)
		}
	}
	if len(done) == 0 {
		tx.Rollback()
		return
	}
	if err = tx.Commit(); err != nil {
		tx.Rollback()
		err = fmt.Errorf("commit: %w", err)
	}
	for _, r := range done {
		r.result <- err
	}
}

func (c *committer) next(done int, began time.Time) *request {
	if done >= groupSize || time.Since(began) > groupTime {
		return nil
	}
	select {
	case r := <-c.queue:
		return r
	default:
		return nil
	}
}

// serve gives one request its turn. ok means it waits for the commit; an error
// means the transaction as a whole is lost.
func (c *committer) serve(ctx context.Context, tx bun.Tx, r *request) (ok bool, err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT w"); err != nil {
		return false, err
	}
	start := time.Now()
	select {
	case r.turn <- tx:
	case <-r.gone:
		_, err := tx.ExecContext(ctx, "RELEASE w")
		return false, err
	}
	ran := <-r.ran
	if took := time.Since(start); took > slowWrite {
		c.log.Warn("slow write held the database", "took", took)
	}
	if ran == nil {
		_, err := tx.ExecContext(ctx, "RELEASE w")
		return err == nil, err
	}
	if _, err := tx.ExecContext(ctx, "ROLLBACK TO w"); err != nil {
		return false, errors.Join(ran, err)
	}
	if _, err := tx.ExecContext(ctx, "RELEASE w"); err != nil {
		return false, errors.Join(ran, err)
	}
	r.result <- ran
	return false, nil
}
