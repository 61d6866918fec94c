// Package job is the durable queue: work that must happen although the request
// that asked for it is over and the process may die. A job is a row written in
// the transaction of whoever enqueues it; workers on any node take due rows
// under a lease, run them and delete them.
//
// A job runs at least once. It runs twice only if its process dies, or loses
// the database for longer than the lease, between its effect and the note that
// it is done; a handler whose effects are in the database closes even that gap
// with Finish. Work that fails is tried again with growing pauses, then kept as
// a dead letter. The package refuses to be a bus: those who react to what
// happened subscribe to facts.
package job

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

// Options say how the jobs of one kind run.
type Options struct {
	Workers  int           // at once on this node; 0 means 2
	MaxTries int           // then the job is a dead letter; 0 means 12, about two hours
	Timeout  time.Duration // of one try, after which its context ends; 0 means a minute
}

// EnqueueOptions say when one job runs.
type EnqueueOptions struct {
	// RunAt is the earliest time to run; zero means now.
	RunAt time.Time
	// UniqueKey makes Enqueue do nothing while a job of the same kind and key
	// waits or runs.
	UniqueKey string
}

// Queue holds the kinds of jobs this program can do and works on them while Run
// is on. Several queues, in one process or many, may share a database.
type Queue struct {
	db    *db.DB
	log   *slog.Logger
	now   func() time.Time
	lease time.Duration // leaseTime, shorter in tests
	grace time.Duration // graceTime, shorter in tests
	kinds map[string]*kind
	every []schedule
	wake  chan struct{}

	mu   sync.Mutex // guards free
	free map[string]int
}

type kind struct {
	name    string
	options Options
	payload reflect.Type
	run     func(ctx context.Context, payload []byte) error
}

// jobRow is a job in its table.
type jobRow struct {
	bun.BaseModel `bun:"table:job,alias:job"`

	ID        string `bun:",pk"`
	Kind      string
	Payload   string
	UniqueKey string `bun:",nullzero"`
	CreatedAt time.Time
	RunAt     time.Time // while running: the end of the lease
	Tries     int       // begun so far
	Lease     string    `bun:",nullzero"`
	DeadAt    time.Time `bun:",nullzero"`
	Error     string
}

// New makes a queue without kinds. Register and Every come before Run.
func New(d *db.DB, log *slog.Logger) *Queue {
	return &Queue{
		db:    d,
		log:   log,
		now:   func() time.Time { return time.Now().UTC() },
		lease: leaseTime,
		grace: graceTime,
		kinds: map[string]*kind{},
		wake:  make(chan struct{}, 1),
		free:  map[string]int{},
	}
}

// Register names a kind of job and what does it. P travels as JSON. The handler
// returns an error to be tried again, or Permanent if that is pointless; its
// context ends with the try's timeout, with the lease, or some seconds after
// Run was asked to stop.
func Register[P any](q *Queue, name string, o Options, handle func(ctx context.Context, payload P) error) {
	if q.kinds[name] != nil {
		panic("job: kind " + name + " registered twice")
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.MaxTries == 0 {
		o.MaxTries = 12
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	q.kinds[name] = &kind{
		name: name, options: o, payload: reflect.TypeFor[P](),
		run: func(ctx context.Context, data []byte) error {
			var payload P
			if err := json.Unmarshal(data, &payload); err != nil {
				return Permanent(fmt.Errorf("read payload: %w", err))
			}
			return handle(ctx, payload)
		},
	}
	q.free[name] = o.Workers
}

// Enqueue adds a job that runs after tx has committed. The kind must be
// registered with the payload's type.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, name string, payload any, o EnqueueOptions) error {
	k := q.kinds[name]
	if k == nil {
		return fmt.Errorf("enqueue job: no kind %q is registered", name)
	}
	if got := reflect.TypeOf(payload); got != k.payload {
		return fmt.Errorf("enqueue job: kind %q takes %v, got %v", name, k.payload, got)
	}
	data, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("enqueue job %s: %w", name, err)
	}
	return q.insert(ctx, tx, name, data, o)
}

func (q *Queue) insert(ctx context.Context, tx *db.Tx, name string, data []byte, o EnqueueOptions) error {
	now := q.now()
	if o.RunAt.IsZero() {
		o.RunAt = now
	}
	row := &jobRow{
		ID: rand.Text(), Kind: name, Payload: string(data), UniqueKey: o.UniqueKey,
		CreatedAt: now, RunAt: o.RunAt.UTC(),
	}
	insert := tx.NewInsert().Model(row)
	if o.UniqueKey != "" {
		insert = insert.On("CONFLICT DO NOTHING")
	}
	if _, err := insert.Exec(ctx); err != nil {
		return fmt.Errorf("enqueue job %s: %w", name, err)
	}
	if !row.RunAt.After(now) {
		tx.OnCommit(q.wakeUp)
	}
	return nil
}

func (q *Queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// permanent is a failure that another try will not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error of a handler as final: the job becomes a dead letter
// without further tries.
func Permanent(err error) error { return permanent{err} }

// ErrLost is returned by Finish, and is the cause of an ended context, when
// another worker may have the job.
var ErrLost = errors.New("the job's lease is lost")

// running is the job a handler's context belongs to.
type running struct{ id, lease string }

type runningKey struct{}

// Finish marks the job done in a transaction of its handler, so that its effect
// and its end are one. It fails with ErrLost, and the transaction must be rolled
// back, if the job may have begun elsewhere. After it commits, what the handler
// returns is ignored.
func Finish(ctx context.Context, tx *db.Tx) error {
	r, ok := ctx.Value(runningKey{}).(running)
	if !ok {
		return errors.New("finish job: this is not a job's context")
	}
	res, err := tx.NewDelete().Model((*jobRow)(nil)).Where("id = ? AND lease = ?", r.id, r.lease).Exec(ctx)
	if err != nil {
		return fmt.Errorf("finish job: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrLost, err)
	}
	return nil
}
