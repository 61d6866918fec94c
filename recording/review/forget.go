package review

import (
	"context"
	"fmt"

	"mentara/internal/db"
)

// Forget removes what goes with the media of an erased recording, and counts
// it. The clinical note is a medical record and stays, as do psychotherapy
// notes, which are their author's to delete.
func (s *Service) Forget(ctx context.Context, tx *db.Tx, recording string) (map[string]int64, error) {
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
