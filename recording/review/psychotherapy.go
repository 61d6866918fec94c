package review

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/fault"
)

// Psychotherapy notes are a therapist's own working of a session, kept apart
// from the record (45 CFR 164.501): a table of their own, one reader, no
// sharing, no facts, no part in any list, search or export. They do not go with
// the recording; their author deletes them.

const maxPsychotherapy = 50_000 // characters

type psychotherapyRow struct {
	bun.BaseModel `bun:"table:psychotherapy_notes,alias:pn"`

	RecordingID string `bun:",pk"`
	AuthorID    string `bun:",pk"`
	Body        string
	Version     int
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// PsychotherapyNote is what only its author reads.
type PsychotherapyNote struct {
	Text      string    `json:"text"`
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

func (r psychotherapyRow) view() PsychotherapyNote {
	return PsychotherapyNote{r.Body, r.Version, r.CreatedAt.UTC(), r.UpdatedAt.UTC()}
}

// PsychotherapyNote reads p's own note on a session.
func (s *Service) PsychotherapyNote(ctx context.Context, p auth.Principal, recording string) (PsychotherapyNote, error) {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return PsychotherapyNote{}, err
	}
	row, err := readPsychotherapy(ctx, s.db.Read(), p, recording)
	return row.view(), err
}

func readPsychotherapy(ctx context.Context, q bun.IDB, p auth.Principal, recording string) (psychotherapyRow, error) {
	var row psychotherapyRow
	err := q.NewSelect().Model(&row).Where("pn.recording_id = ? AND pn.author_id = ?", recording, p.ID).Scan(ctx)
	if err != nil {
		return psychotherapyRow{}, orNotFound(err, "read psychotherapy note")
	}
	return row, nil
}

// SavePsychotherapyNote saves p's own note on the version last seen; 0 begins one.
func (s *Service) SavePsychotherapyNote(ctx context.Context, p auth.Principal, recording string, version int, text string) (PsychotherapyNote, error) {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return PsychotherapyNote{}, err
	}
	text, err := prose("body.text", text, 0, maxPsychotherapy)
	if err != nil {
		return PsychotherapyNote{}, err
	}
	var row psychotherapyRow
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Lock(ctx, "psychotherapy note "+recording+" "+p.ID); err != nil {
			return err
		}
		row, err = readPsychotherapy(ctx, tx, p, recording)
		begins := fault.Is(err, fault.NotFound)
		switch {
		case err != nil && !begins:
			return err
		case row.Version != version:
			return stale()
		case begins:
			row = psychotherapyRow{RecordingID: recording, AuthorID: p.ID, CreatedAt: s.now()}
		case row.Body == text:
			return nil
		}
		row.Body, row.UpdatedAt = text, s.now()
		row.Version++
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (recording_id, author_id) DO UPDATE").
			Set("body = EXCLUDED.body").Set("version = EXCLUDED.version").Set("updated_at = EXCLUDED.updated_at").Exec(ctx)
		if err != nil {
			return fmt.Errorf("save psychotherapy note: %w", err)
		}
		return nil
	})
	return row.view(), err
}

// DeletePsychotherapyNote forgets p's own note.
func (s *Service) DeletePsychotherapyNote(ctx context.Context, p auth.Principal, recording string) error {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*psychotherapyRow)(nil)).Where("recording_id = ? AND author_id = ?", recording, p.ID).Exec(ctx)
		return someRow(res, err, "delete psychotherapy note")
	})
}
