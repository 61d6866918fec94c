// Package review is what a therapist makes of a recording: private marks, notes
// in threads, the practice's codes, the clinical note, a transcript, and figures
// of who spoke when.
//
// It refuses to decide who may see a recording: it asks Recordings at every
// call, so that all of this closes at the moment the recording does. It never
// reads media. When a recording is erased, marks, notes, codes and transcript
// go with it; the clinical note is a medical record and stays, and so do a
// therapist's own psychotherapy notes, which stand apart from all of it.
package review

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/fault"
	"mentara/recording/timeline"
)

// Access is how much of a recording somebody has.
type Access string

const (
	Full    Access = "full"    // treats a client who is in it
	Comment Access = "comment" // was shown it, or a range of it, for comments
	Own     Access = "own"     // is in it: consents and viewers
	Proof   Access = "proof"   // keeps order: holds, erasure, no content
)

// Grant is what a principal may do with one recording at this moment.
type Grant struct {
	Access Access
	// FromMs and ToMs bound what a Comment grant shows.
	FromMs, ToMs int64
	// DurationMs is 0 while the recording is made.
	DurationMs int64
	Host       string
	Erased     bool
}

// Recordings answers for recordings. Access fails with the not-found fault for
// what is absent and what is not the principal's to know of, alike. TimelineFor
// fails with fault.Conflict until the recording is finished.
type Recordings interface {
	Access(ctx context.Context, p auth.Principal, recording string) (Grant, error)
	TimelineFor(ctx context.Context, p auth.Principal, recording string) (timeline.Timeline, error)
}

// Service is the slice.
type Service struct {
	db         *db.DB
	recordings Recordings
	now        func() time.Time
}

// New makes the slice on a migrated database.
func New(d *db.DB, recordings Recordings, now func() time.Time) *Service {
	return &Service{db: d, recordings: recordings, now: func() time.Time { return now().UTC() }}
}

// verb is one thing to be asked of a recording's review.
type verb int

const (
	mark      verb = iota // one's own bookmarks
	readNotes             // and codes, and the transcript, inside what one may watch
	writeNote             // notes and replies, inside what one may watch
	judge                 // resolve and reopen threads; codes; transcript; figures
	chart                 // the clinical note, and one's own psychotherapy note
)

// may says how much access a verb needs. A share is for comments alone.
var may = map[verb][]Access{
	mark:      {Full},
	readNotes: {Full, Comment},
	writeNote: {Full, Comment},
	judge:     {Full},
	chart:     {Full},
}

// permit asks whether p may do v now. What was erased is gone, except for what
// outlives a recording.
func (s *Service) permit(ctx context.Context, p auth.Principal, recording string, v verb) (Grant, error) {
	g, err := s.recordings.Access(ctx, p, recording)
	if err != nil {
		return Grant{}, err
	}
	if !slices.Contains(may[v], g.Access) {
		return Grant{}, fault.New(fault.Forbidden, "not_yours", "You may know of this recording, but not this about it.")
	}
	if g.Erased && v != chart {
		return Grant{}, errErased()
	}
	return g, nil
}

// maxAtMs bounds times of a recording that is still being made: a week.
const maxAtMs = int64(7 * 24 * time.Hour / time.Millisecond)

// within refuses times outside the recording, or outside what a share shows.
func (g Grant) within(location string, ms ...int64) error {
	from, to := int64(0), maxAtMs
	if g.DurationMs > 0 {
		to = g.DurationMs
	}
	if g.Access == Comment {
		from, to = g.FromMs, g.ToMs
	}
	for _, at := range ms {
		if at < from || at > to {
			return invalid(location, fmt.Sprintf("This is outside of %d to %d ms.", from, to))
		}
	}
	return nil
}

// shows reports whether a stretch lies inside what a grant shows.
func (g Grant) shows(from, to int64) bool {
	return g.Access != Comment || from >= g.FromMs && to <= g.ToMs
}

// Analytics computes the figures of a recording.
func (s *Service) Analytics(ctx context.Context, p auth.Principal, recording string) (Analytics, error) {
	if _, err := s.permit(ctx, p, recording, judge); err != nil {
		return Analytics{}, err
	}
	t, err := s.recordings.TimelineFor(ctx, p, recording)
	if err != nil {
		return Analytics{}, fmt.Errorf("analyse: %w", err)
	}
	return Analyse(t), nil
}

func invalid(location, message string) error {
	return fault.New(fault.Invalid, "invalid", "Some values are not valid.").With(location, message)
}

func errErased() error { return fault.New(fault.Gone, "erased", "This recording was erased.") }

func notFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no such thing here.")
}

func newID() string { return rand.Text() }
