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

// maxMarks of one person on one recording. A key that is stuck makes thirty a
// second.
const maxMarks = 1000

type markRow struct {
	bun.BaseModel `bun:"table:review_marks,alias:m"`

	ID          string `bun:"id,pk"`
	RecordingID string
	AuthorID    string
	AtMs        int64
	Label       string
	CreatedAt   time.Time
}

// Mark is a private bookmark. Only who set it sees it.
type Mark struct {
	ID        string    `json:"id"`
	AtMs      int64     `json:"atMs"`
	Label     string    `json:"label" doc:"May be empty"`
	CreatedAt time.Time `json:"createdAt"`
}

func (r markRow) view() Mark { return Mark{r.ID, r.AtMs, r.Label, r.CreatedAt.UTC()} }

// Mark sets a bookmark of p. The same bookmark again, as from a request that was
// repeated, answers the first; another label for the same moment is a conflict.
func (s *Service) Mark(ctx context.Context, p auth.Principal, recording string, at time.Duration, label string) (Mark, error) {
	g, err := s.permit(ctx, p, recording, mark)
	if err != nil {
		return Mark{}, err
	}
	label, err = line("body.label", label, 0, maxLabel)
	if err != nil {
		return Mark{}, err
	}
	if err := g.within("body.atMs", at.Milliseconds()); err != nil {
		return Mark{}, err
	}
	row := markRow{ID: newID(), RecordingID: recording, AuthorID: p.ID, AtMs: at.Milliseconds(), Label: label, CreatedAt: s.now()}
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		var there []markRow
		err := ownMarks(tx, recording, p).Where("m.at_ms = ?", row.AtMs).Scan(ctx, &there)
		if err != nil {
			return fmt.Errorf("read mark: %w", err)
		}
		if len(there) > 0 {
			if there[0].Label != row.Label {
				return errMarked()
			}
			row = there[0]
			return nil
		}
		n, err := ownMarks(tx, recording, p).Count(ctx)
		if err != nil {
			return fmt.Errorf("count marks: %w", err)
		}
		if n >= maxMarks {
			return fault.Newf(fault.Conflict, "too_many_marks", "A recording takes %d bookmarks of one person.", maxMarks)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert mark: %w", err)
		}
		return nil
	})
	return row.view(), err
}

func ownMarks(q bun.IDB, recording string, p auth.Principal) *bun.SelectQuery {
	return q.NewSelect().Model((*markRow)(nil)).Where("m.recording_id = ? AND m.author_id = ?", recording, p.ID)
}

// Marks lists p's bookmarks in order of time.
func (s *Service) Marks(ctx context.Context, p auth.Principal, recording string) ([]Mark, error) {
	if _, err := s.permit(ctx, p, recording, mark); err != nil {
		return nil, err
	}
	var rows []markRow
	if err := ownMarks(s.db.Read(), recording, p).OrderExpr("m.at_ms").Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list marks: %w", err)
	}
	out := make([]Mark, len(rows))
	for i, r := range rows {
		out[i] = r.view()
	}
	return out, nil
}

// MarkChange is what may change of a bookmark. Nil fields stay.
type MarkChange struct {
	AtMs  *int64
	Label *string
}

// ChangeMark renames or moves a bookmark of p.
func (s *Service) ChangeMark(ctx context.Context, p auth.Principal, recording, id string, c MarkChange) (Mark, error) {
	g, err := s.permit(ctx, p, recording, mark)
	if err != nil {
		return Mark{}, err
	}
	var row markRow
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		if err := ownMarks(tx, recording, p).Where("m.id = ?", id).Scan(ctx, &row); err != nil {
			return orNotFound(err, "find mark")
		}
		if c.Label != nil {
			if row.Label, err = line("body.label", *c.Label, 0, maxLabel); err != nil {
				return err
			}
		}
		if c.AtMs != nil {
			if err := g.within("body.atMs", *c.AtMs); err != nil {
				return err
			}
			row.AtMs = *c.AtMs
		}
		_, err := tx.NewUpdate().Model(&row).Column("label", "at_ms").WherePK().Exec(ctx)
		if db.IsUnique(err) {
			return errMarked()
		}
		if err != nil {
			return fmt.Errorf("change mark: %w", err)
		}
		return nil
	})
	return row.view(), err
}

// Unmark takes a bookmark of p away.
func (s *Service) Unmark(ctx context.Context, p auth.Principal, recording, id string) error {
	if _, err := s.permit(ctx, p, recording, mark); err != nil {
		return err
	}
	return s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*markRow)(nil)).
			Where("id = ? AND recording_id = ? AND author_id = ?", id, recording, p.ID).Exec(ctx)
		return someRow(res, err, "delete mark")
	})
}

func errMarked() error {
	return fault.New(fault.Conflict, "moment_marked", "You have a bookmark at this very moment.")
}
