package recording

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
	"mentara/recording/final"
	"mentara/recording/journal"
	"mentara/recording/timeline"
)

// Jobs of this area.
const (
	JobFinalise = "recording.finalise"
	JobExport   = "recording.export"
	JobTidy     = "recording.tidy" // what has expired
)

// Due is the payload of a job about one recording.
type Due struct {
	Recording string `json:"recording"`
	Part      string `json:"part,omitempty"` // an export, or a share
}

func (s *Service) work(q *job.Queue) {
	job.Register(q, JobFinalise, job.Options{Workers: 1, Timeout: 2 * time.Hour}, s.FinaliseDue)
	job.Register(q, JobExport, job.Options{Workers: 1, MaxTries: 3, Timeout: 6 * time.Hour}, s.ExportDue)
	job.Register(q, JobCut, job.Options{Workers: 1, Timeout: time.Hour}, s.CutDue)
	job.Register(q, JobTidy, job.Options{}, func(ctx context.Context, _ struct{}) error { return s.Tidy(ctx) })
	q.Every(JobTidy, 10*time.Minute)
}

func (s *Service) enqueueFinal(ctx context.Context, tx *db.Tx, id string) error {
	return s.Jobs.Enqueue(ctx, tx, JobFinalise, Due{Recording: id}, job.EnqueueOptions{UniqueKey: id})
}

// staleAfter is how long a recording may give no sign of life before it counts
// as cut by a crash.
const staleAfter = 30 * time.Second

// Recover takes up what nobody holds any more: journals that a crash left on
// this machine, and questions that nobody asks any longer.
func (s *Service) Recover(ctx context.Context) error {
	rows, err := s.store.unfinished(ctx)
	if err != nil {
		return err
	}
	journals, err := final.Journals(s.Live)
	if err != nil {
		return err
	}
	now := s.now()
	for i := range rows {
		r := &rows[i]
		if sess := s.peek(r.RoomID); sess != nil && sess.row.ID == r.ID || r.State == Finalising {
			continue
		}
		// A journal of this machine that no session here holds was left by a
		// crash; a question has only its sign of life.
		here := slices.Contains(journals, r.ID)
		if !here && now.Sub(r.SeenAt) < staleAfter {
			continue
		}
		if err := s.takeUp(ctx, r, here, now); err != nil {
			return err
		}
	}
	return nil
}

// takeUp ends a recording that a crash cut.
func (s *Service) takeUp(ctx context.Context, r *row, here bool, now time.Time) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		subject, err := s.subjectOf(ctx, tx, r)
		if err != nil {
			return err
		}
		r.StopReason, r.StoppedAt = "crash", r.SeenAt
		if !here && r.State == Asking && r.StartedAt.IsZero() {
			r.State = Cancelled
			ok, err := s.store.move(ctx, tx, r, []State{Asking}, "stopped_at", "stop_reason")
			if err != nil || !ok {
				return err
			}
			return tx.Emit(ctx, event.RecordingCancelled{RecordingSubject: subject, Reason: "crash", At: now})
		}
		r.State = Finalising
		ok, err := s.store.move(ctx, tx, r, []State{Asking, Live}, "stopped_at", "stop_reason")
		if err != nil || !ok {
			return err
		}
		s.Log.Warn("recording cut by a crash", "recording", r.ID)
		if err := s.enqueueFinal(ctx, tx, r.ID); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingStopped{RecordingSubject: subject, Reason: "crash", At: now})
	})
}

// FinaliseDue makes a finished recording of a journal. It may run again after a
// crash of its own.
func (s *Service) FinaliseDue(ctx context.Context, d Due) error {
	r, err := s.store.get(ctx, s.DB.Read(), d.Recording)
	if err != nil || r.State != Finalising {
		return notIfAbsent(err)
	}
	tl, err := s.finish(ctx, r)
	switch {
	case errors.Is(err, final.ErrNothing):
		if err := s.Keys.Destroy(r.ID); err != nil {
			return err
		}
		return s.finished(ctx, r, Cancelled, "nothing was recorded", timeline.Timeline{})
	case fault.Is(err, fault.Gone):
		return s.finished(ctx, r, Failed, "its key is gone", timeline.Timeline{})
	case errors.Is(err, blob.ErrNotFound):
		return s.finished(ctx, r, Failed, "its file is gone", timeline.Timeline{})
	case errors.Is(err, journal.ErrForeign):
		return s.finished(ctx, r, Failed, "its file is damaged", timeline.Timeline{})
	case err != nil:
		return fmt.Errorf("finalise recording %s: %w", r.ID, err)
	}
	return s.finished(ctx, r, Ready, "", tl)
}

// finish makes the objects, or finds them made by a try that could not say so.
func (s *Service) finish(ctx context.Context, r *row) (timeline.Timeline, error) {
	key, err := s.Keys.Get(r.ID)
	if err != nil {
		return timeline.Timeline{}, err
	}
	path := final.JournalPath(s.Live, r.ID)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return final.LoadTimeline(ctx, s.Store, key, r.ID)
	}
	res, err := final.Make(ctx, final.Options{Store: s.Store, Key: key, Journal: path, LastSeen: r.SeenAt})
	for _, d := range res.Damage {
		s.Log.Error("part of a journal was damaged and left out", "recording", r.ID, "offset", d.Offset, "bytes", d.Bytes)
	}
	return res.Timeline, err
}

// finished writes how it went.
func (s *Service) finished(ctx context.Context, r *row, state State, failure string, tl timeline.Timeline) error {
	now := s.now()
	r.State, r.Failure = state, failure
	r.DurationMs, r.Recovered, r.LostMs, r.Bytes = tl.DurationMs, tl.Recovered, tl.LostMs, 0
	tracks := make([]trackRow, len(tl.Tracks))
	for i, t := range tl.Tracks {
		r.Bytes += t.Bytes
		tracks[i] = trackRow{
			RecordingID: r.ID, ID: t.ID, Person: t.Person, Source: string(t.Source), Kind: string(t.Kind), Codec: t.Codec,
			MIME: t.MIME, StartMs: t.StartMs, DurationMs: t.DurationMs, Bytes: t.Bytes, Width: t.Width, Height: t.Height,
		}
	}
	err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := s.store.move(ctx, tx, r, []State{Finalising}, "failure", "duration_ms", "recovered", "lost_ms", "bytes")
		if err != nil || !ok {
			return err
		}
		if err := s.store.setTracks(ctx, tx, r.ID, "", tracks); err != nil {
			return err
		}
		subject, err := s.subjectOf(ctx, tx, r)
		if err != nil {
			return err
		}
		switch state {
		case Ready:
			return tx.Emit(ctx, event.RecordingReady{
				RecordingSubject: subject, DurationMs: r.DurationMs, Bytes: r.Bytes, Recovered: r.Recovered, LostMs: r.LostMs, At: now,
			})
		case Cancelled:
			return tx.Emit(ctx, event.RecordingCancelled{RecordingSubject: subject, Reason: r.StopReason, At: now})
		}
		return tx.Emit(ctx, event.RecordingFailed{RecordingSubject: subject, Failure: failure, At: now})
	})
	if err == nil {
		s.Log.Info("recording finished", "state", state, "recording", r.ID, "tracks", len(tracks), "bytes", r.Bytes, "recovered", r.Recovered)
	}
	return err
}

func (s *Service) subjectOf(ctx context.Context, tx *db.Tx, r *row) (event.RecordingSubject, error) {
	out := event.RecordingSubject{Recording: r.ID, Room: r.RoomID, Meeting: r.MeetingID}
	hosts, err := s.store.hosts(ctx, tx, r.ID)
	if err != nil {
		return out, err
	}
	people, err := s.store.people(ctx, tx, r.ID)
	if err != nil {
		return out, err
	}
	out.Hosts = hosts[r.ID]
	for _, p := range people[r.ID] {
		if p.Role != Guest {
			out.People = append(out.People, p.Identity)
		}
	}
	return out, nil
}

func notIfAbsent(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
