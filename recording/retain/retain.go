// Package retain decides how long recordings stay: rules by kind of session and
// age, legal holds, notice before anything goes, erasure, and the proof of it.
//
// The story. Once a day it looks at what has stopped longer ago than the rules
// allow, and announces each: for a week at least everybody concerned can see the
// date, and an admin can hold it. What comes due becomes an erasure, a durable
// job that has the key destroyed and the objects deleted, looks again, and
// writes down what it found before and after. An erasure somebody asks for goes
// the same way without the notice.
//
// It refuses to erase what is held, whoever asks; to erase earlier than it has
// said; and to erase by a clock that jumped, until another day has confirmed it.
// What a session leaves in the record (the ledger of consent, the clinical note,
// who watched) is not its to erase.
package retain

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
)

// Grant is what somebody may do with a recording.
type Grant struct {
	Level  string // full, comment, own, proof
	Live   bool   // it is being made or finished
	Erased bool
	People []string // identities of who is in it
}

// Stored is a finished recording.
type Stored struct {
	ID        string
	Kind      string // individual, couple, group
	StoppedAt time.Time
}

// Recordings answers for recordings. Access fails alike for what is absent and
// what is not the principal's to know of. Erase destroys the key, then the
// objects, then marks the recording; it may be run again.
type Recordings interface {
	Access(ctx context.Context, p auth.Principal, recording string) (Grant, error)
	StoredBefore(ctx context.Context, before time.Time, kind string, limit int) ([]Stored, error)
	Subject(ctx context.Context, tx *db.Tx, recording string) (event.RecordingSubject, error)
	SetHold(ctx context.Context, tx *db.Tx, recording string, held bool) error
	SetPurge(ctx context.Context, tx *db.Tx, recording string, at time.Time) error
	Erase(ctx context.Context, recording, by, reason string) error
}

// Review forgets what was written beside a recording, and counts it.
type Review interface {
	Forget(ctx context.Context, tx *db.Tx, recording string) (map[string]int64, error)
}

// Options are what the slice is made of.
type Options struct {
	DB         *db.DB
	Jobs       *job.Queue
	Recordings Recordings
	Review     Review
	Blobs      blob.Store
	Keys       *blob.Keys
	// BackupsKept is how long the operator keeps backups: what a proof promises.
	BackupsKept time.Duration
	Log         *slog.Logger
	Now         func() time.Time
}

// Service is the slice.
type Service struct {
	Options
}

// New makes the slice on a migrated database and registers its jobs.
func New(o Options) *Service {
	s := &Service{o}
	job.Register(o.Jobs, eraseJob, job.Options{Workers: 1, Timeout: 10 * time.Minute}, s.erase)
	job.Register(o.Jobs, sweepJob, job.Options{Workers: 1, Timeout: 10 * time.Minute},
		func(ctx context.Context, _ struct{}) error { return s.Sweep(ctx) })
	o.Jobs.Every(sweepJob, day)
	return s
}

const (
	eraseJob = "retain.erase"
	sweepJob = "retain.sweep"
	day      = 24 * time.Hour
)

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// keeper asks for what only an admin may do with a recording they know of.
func (s *Service) keeper(ctx context.Context, p auth.Principal, recording string) (Grant, error) {
	g, err := s.Recordings.Access(ctx, p, recording)
	if err == nil && !p.Is(auth.Admin) {
		err = fault.New(fault.Forbidden, "not_yours", "An admin decides what is kept and what goes.")
	}
	return g, err
}

// reader asks for what those who may watch, and admins, may know.
func (s *Service) reader(ctx context.Context, p auth.Principal, recording string, levels ...string) (Grant, error) {
	g, err := s.Recordings.Access(ctx, p, recording)
	if err == nil && !p.Is(auth.Admin) && !slices.Contains(levels, g.Level) {
		err = fault.New(fault.Forbidden, "not_yours", "You may know of this recording, but not this about it.")
	}
	return g, err
}

// lock makes decisions about one recording take turns.
func lock(ctx context.Context, tx *db.Tx, recording string) error {
	return tx.Lock(ctx, "retain "+recording)
}

func invalid(location, message string) error {
	return fault.New(fault.Invalid, "invalid", "Some values are not valid.").With(location, message)
}

func notFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no such thing here.")
}

func newID() string { return rand.Text() }

// days is a length of time in whole days.
func days(n int) time.Duration { return time.Duration(n) * day }

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
