package review

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

type forgottenRow struct {
	bun.BaseModel `bun:"table:review_forgotten,alias:rf"`

	RecordingID string `bun:",pk"`
	At          time.Time
}

// write is a transaction that adds to or changes the review of one recording.
// Such writes take turns, and none comes after Forget: somebody who was let in
// just before the recording was erased finds it gone.
func (s *Service) write(ctx context.Context, recording string, fn func(ctx context.Context, tx *db.Tx) error) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lock(ctx, tx, recording); err != nil {
			return err
		}
		forgotten, err := tx.NewSelect().Model((*forgottenRow)(nil)).Where("rf.recording_id = ?", recording).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look for review: %w", err)
		}
		if forgotten {
			return errErased()
		}
		return fn(ctx, tx)
	})
}

func lock(ctx context.Context, tx *db.Tx, recording string) error {
	return tx.Lock(ctx, "review "+recording)
}

// Forget removes what goes with the media of an erased recording, and counts
// it. The clinical note is a medical record and stays, as do psychotherapy
// notes, which are their author's to delete.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, recording string) (map[string]int64, error) {
	if err := lock(ctx, tx, recording); err != nil {
		return nil, err
	}
	row := forgottenRow{RecordingID: recording, At: s.now()}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return nil, fmt.Errorf("forget review: %w", err)
	}
	gone := map[string]int64{}
	if n, err := tx.NewSelect().Model((*transcriptRow)(nil)).Where("tr.recording_id = ?", recording).Count(ctx); err != nil {
		return nil, fmt.Errorf("count transcripts: %w", err)
	} else if gone["transcripts"] = n; n > 0 {
		if _, err := dropTranscript(ctx, tx, recording); err != nil {
			return nil, err
		}
	}
	for _, m := range []struct {
		what string
		rows any
	}{
		{"marks", (*markRow)(nil)}, {"notes", (*noteRow)(nil)}, {"tags", (*recordingTagRow)(nil)},
	} {
		n, err := tx.NewSelect().Model(m.rows).Where("recording_id = ?", recording).Count(ctx)
		if err == nil {
			_, err = tx.NewDelete().Model(m.rows).Where("recording_id = ?", recording).Exec(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("forget %s: %w", m.what, err)
		}
		gone[m.what] = n
	}
	return gone, nil
}
