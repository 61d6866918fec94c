package review

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// maxNotes on one recording, replies included.
const maxNotes = 5000

type noteRow struct {
	bun.BaseModel `bun:"table:review_notes,alias:n"`

	ID          string `bun:"id,pk"`
	RecordingID string
	ParentID    string `bun:",nullzero"`
	AuthorID    string
	AuthorName  string
	AtMs        int64
	ToMs        *int64
	Body        string
	CreatedAt   time.Time
	EditedAt    time.Time `bun:",nullzero"`
	DeletedAt   time.Time `bun:",nullzero"`
	ResolvedAt  time.Time `bun:",nullzero"`
	ResolvedBy  string    `bun:",nullzero"`
}

func (r noteRow) thread() string { return cmp.Or(r.ParentID, r.ID) }

func (r noteRow) until() int64 {
	if r.ToMs != nil {
		return *r.ToMs
	}
	return r.AtMs
}

// Note is a comment on a moment or a stretch of a recording, or a reply to one.
// A deleted note that has replies stays, without its text.
type Note struct {
	ID         string     `json:"id"`
	ParentID   string     `json:"parentId,omitempty" doc:"The note this replies to"`
	AuthorID   string     `json:"authorId"`
	AuthorName string     `json:"authorName"`
	AtMs       int64      `json:"atMs"`
	ToMs       *int64     `json:"toMs,omitempty" doc:"End of a stretch"`
	Text       string     `json:"text" doc:"Empty when deleted"`
	CreatedAt  time.Time  `json:"createdAt"`
	EditedAt   *time.Time `json:"editedAt,omitempty"`
	Deleted    bool       `json:"deleted"`
	ResolvedAt *time.Time `json:"resolvedAt,omitempty" doc:"Of a thread, on its first note"`
	ResolvedBy string     `json:"resolvedBy,omitempty"`
	Mine       bool       `json:"mine" doc:"Whether the caller wrote it and may edit it"`
}

func (r noteRow) view(p auth.Principal) Note {
	return Note{
		ID: r.ID, ParentID: r.ParentID, AuthorID: r.AuthorID, AuthorName: r.AuthorName, AtMs: r.AtMs, ToMs: r.ToMs,
		Text: r.Body, CreatedAt: r.CreatedAt.UTC(), EditedAt: when(r.EditedAt), Deleted: !r.DeletedAt.IsZero(),
		ResolvedAt: when(r.ResolvedAt), ResolvedBy: r.ResolvedBy, Mine: r.AuthorID == p.ID,
	}
}

// NewNote is a comment to be added. A reply has the times of its thread.
type NewNote struct {
	ParentID string
	AtMs     int64
	ToMs     *int64
	Text     string
}

// AddNote adds a comment or a reply.
func (s *Service) AddNote(ctx context.Context, p auth.Principal, recording string, n NewNote) (Note, error) {
	g, err := s.permit(ctx, p, recording, writeNote)
	if err != nil {
		return Note{}, err
	}
	text, err := prose("body.text", n.Text, 1, maxNote)
	if err != nil {
		return Note{}, err
	}
	row := noteRow{
		ID: newID(), RecordingID: recording, ParentID: n.ParentID, AuthorID: p.ID, AuthorName: p.Name,
		AtMs: n.AtMs, ToMs: n.ToMs, Body: text, CreatedAt: s.now(),
	}
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		if row.ParentID != "" {
			root, err := rootNote(ctx, tx, g, recording, row.ParentID)
			if err != nil {
				return err
			}
			row.ParentID, row.AtMs, row.ToMs = root.ID, root.AtMs, root.ToMs
		} else if err := g.stretch(row.AtMs, row.ToMs); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*noteRow)(nil)).Where("n.recording_id = ?", recording).Count(ctx)
		if err != nil {
			return fmt.Errorf("count notes: %w", err)
		}
		if n >= maxNotes {
			return fault.Newf(fault.Conflict, "too_many_notes", "A recording takes %d notes.", maxNotes)
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		if db.IsForeign(err) {
			return notFound() // the thread went meanwhile
		}
		if err != nil {
			return fmt.Errorf("insert note: %w", err)
		}
		return s.noteChanged(ctx, tx, g, row, "added", p)
	})
	return row.view(p), err
}

// stretch checks the times of a new or moved note.
func (g Grant) stretch(at int64, to *int64) error {
	if err := g.within("body.atMs", at); err != nil || to == nil {
		return err
	}
	if *to < at {
		return invalid("body.toMs", "A stretch ends after it begins.")
	}
	return g.within("body.toMs", *to)
}

// Notes lists the threads of a recording: by time of their moment, each first
// note before its replies in the order they came.
func (s *Service) Notes(ctx context.Context, p auth.Principal, recording string) ([]Note, error) {
	g, err := s.permit(ctx, p, recording, readNotes)
	if err != nil {
		return nil, err
	}
	var rows []noteRow
	err = s.db.Read().NewSelect().Model(&rows).Where("n.recording_id = ?", recording).OrderExpr("n.created_at, n.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	rows = slices.DeleteFunc(rows, func(r noteRow) bool { return !g.shows(r.AtMs, r.until()) })
	began := map[string]int{} // rows come in the order they were written
	for i, r := range rows {
		if r.ParentID == "" {
			began[r.ID] = i
		}
	}
	slices.SortStableFunc(rows, func(a, b noteRow) int {
		first := func(r noteRow) int { // replies may share their note's instant
			if r.ParentID == "" {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(began[a.thread()], began[b.thread()]), first(a)-first(b))
	})
	out := make([]Note, len(rows))
	for i, r := range rows {
		out[i] = r.view(p)
	}
	return out, nil
}

// NoteChange is what may change of a note. Nil fields stay.
type NoteChange struct {
	Text *string
	AtMs *int64
	ToMs *int64
}

// ChangeNote rewrites or moves a note of p. A reply moves with its thread only.
func (s *Service) ChangeNote(ctx context.Context, p auth.Principal, recording, id string, c NoteChange) (Note, error) {
	g, err := s.permit(ctx, p, recording, writeNote)
	if err != nil {
		return Note{}, err
	}
	var row noteRow
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		if row, err = ownNote(ctx, tx, g, p, recording, id); err != nil {
			return err
		}
		moves := c.AtMs != nil || c.ToMs != nil
		if moves && row.ParentID != "" {
			return invalid("body.atMs", "A reply has the time of its thread.")
		}
		if c.Text != nil {
			if row.Body, err = prose("body.text", *c.Text, 1, maxNote); err != nil {
				return err
			}
		}
		if moves {
			if c.AtMs != nil {
				row.AtMs, row.ToMs = *c.AtMs, nil
			}
			if c.ToMs != nil {
				row.ToMs = c.ToMs
			}
			if err := g.stretch(row.AtMs, row.ToMs); err != nil {
				return err
			}
		}
		row.EditedAt = s.now()
		if _, err := tx.NewUpdate().Model(&row).Column("body", "at_ms", "to_ms", "edited_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("change note: %w", err)
		}
		if moves { // replies go along
			_, err := tx.NewUpdate().Model((*noteRow)(nil)).Set("at_ms = ?, to_ms = ?", row.AtMs, row.ToMs).Where("parent_id = ?", id).Exec(ctx)
			if err != nil {
				return fmt.Errorf("move replies: %w", err)
			}
		}
		return s.noteChanged(ctx, tx, g, row, "edited", p)
	})
	return row.view(p), err
}

// DeleteNote takes a note of p away: its text at once, its place when nothing
// answers it.
func (s *Service) DeleteNote(ctx context.Context, p auth.Principal, recording, id string) error {
	g, err := s.permit(ctx, p, recording, writeNote)
	if err != nil {
		return err
	}
	return s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		row, err := ownNote(ctx, tx, g, p, recording, id)
		if err != nil {
			return err
		}
		// Before the row goes, for the audience is found by the thread.
		if err := s.noteChanged(ctx, tx, g, row, "deleted", p); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*noteRow)(nil)).Set("body = '', deleted_at = ?", s.now()).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("delete note: %w", err)
		}
		return sweepThread(ctx, tx, row.thread())
	})
}

// sweepThread removes what is deleted and answered by nobody: replies, then the
// first note.
func sweepThread(ctx context.Context, tx *db.Tx, root string) error {
	_, err := tx.NewDelete().Model((*noteRow)(nil)).Where("parent_id = ? AND deleted_at IS NOT NULL", root).Exec(ctx)
	if err == nil {
		_, err = tx.NewDelete().Model((*noteRow)(nil)).Where("id = ? AND deleted_at IS NOT NULL", root).
			Where("NOT EXISTS (SELECT 1 FROM review_notes AS r WHERE r.parent_id = ?)", root).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("sweep thread: %w", err)
	}
	return nil
}

// ResolveNote closes or reopens a thread. Repeating it changes nothing.
func (s *Service) ResolveNote(ctx context.Context, p auth.Principal, recording, id string, resolved bool) (Note, error) {
	g, err := s.permit(ctx, p, recording, judge)
	if err != nil {
		return Note{}, err
	}
	var row noteRow
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		if row, err = findNote(ctx, tx, g, recording, id); err != nil {
			return err
		}
		if row.ParentID != "" {
			return fault.New(fault.Conflict, "not_a_thread", "Only a whole thread is resolved, at its first note.")
		}
		if resolved == !row.ResolvedAt.IsZero() {
			return nil
		}
		row.ResolvedAt, row.ResolvedBy = time.Time{}, ""
		change := "reopened"
		if resolved {
			row.ResolvedAt, row.ResolvedBy, change = s.now(), p.ID, "resolved"
		}
		if _, err := tx.NewUpdate().Model(&row).Column("resolved_at", "resolved_by").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("resolve note: %w", err)
		}
		return s.noteChanged(ctx, tx, g, row, change, p)
	})
	return row.view(p), err
}

// findNote reads a note that g shows.
func findNote(ctx context.Context, tx *db.Tx, g Grant, recording, id string) (noteRow, error) {
	var row noteRow
	err := tx.NewSelect().Model(&row).Where("n.id = ? AND n.recording_id = ?", id, recording).Scan(ctx)
	if err != nil {
		return noteRow{}, orNotFound(err, "find note")
	}
	if !g.shows(row.AtMs, row.until()) {
		return noteRow{}, notFound()
	}
	return row, nil
}

// rootNote reads the first note of a thread that may be answered.
func rootNote(ctx context.Context, tx *db.Tx, g Grant, recording, id string) (noteRow, error) {
	row, err := findNote(ctx, tx, g, recording, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return noteRow{}, invalid("body.parentId", "There is no such note.")
	case err != nil:
		return noteRow{}, err
	case row.ParentID != "":
		return noteRow{}, invalid("body.parentId", "A reply is answered in its thread.")
	}
	return row, nil
}

// ownNote reads a note that p wrote. Others see it, so it is theirs to know of.
func ownNote(ctx context.Context, tx *db.Tx, g Grant, p auth.Principal, recording, id string) (noteRow, error) {
	row, err := findNote(ctx, tx, g, recording, id)
	switch {
	case err != nil:
		return noteRow{}, err
	case !row.DeletedAt.IsZero():
		return noteRow{}, notFound()
	case row.AuthorID != p.ID:
		return noteRow{}, fault.New(fault.Forbidden, "not_author", "Only who wrote a note may change it.")
	}
	return row, nil
}

func (s *Service) noteChanged(ctx context.Context, tx *db.Tx, g Grant, row noteRow, change string, p auth.Principal) error {
	audience := []string{p.ID, g.Host}
	var writers []string
	err := tx.NewSelect().Model((*noteRow)(nil)).ColumnExpr("DISTINCT n.author_id").
		Where("n.id = ? OR n.parent_id = ?", row.thread(), row.thread()).Scan(ctx, &writers)
	if err != nil {
		return fmt.Errorf("find who wrote in thread: %w", err)
	}
	return tx.Emit(ctx, event.ReviewNoteChanged{
		Recording: row.RecordingID, Note: row.ID, Thread: row.thread(), Change: change, By: p.ID,
		Audience: people(append(audience, writers...)...),
	})
}

// people sorts ids and drops doubles and empty ones.
func people(ids ...string) []string {
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// orNotFound is the error of a query for one row.
func orNotFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound()
	}
	return fmt.Errorf("%s: %w", what, err)
}

// someRow is the error of a statement that must meet a row.
func someRow(res sql.Result, err error, what string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, notFound())
	}
	return nil
}
