package review

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
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

// The clinical note of a session. Its author is whoever treats and writes it
// first; nobody else writes in it, ever. A draft is saved as it is typed, each
// save on the version before it. Signing locks it: what was signed is kept as
// the bytes that were hashed, and later words are amendments, signed each, whose
// hash covers the one before. Others read it once it is signed and opened to
// them.

// Format is how a note is divided.
type Format string

const (
	SOAP Format = "soap"
	DAP  Format = "dap"
)

// sectionKeys are the sections of each format, in order.
var sectionKeys = map[Format][]string{
	SOAP: {"subjective", "objective", "assessment", "plan"},
	DAP:  {"data", "assessment", "plan"},
}

// Readers is who reads a signed note besides its author.
type Readers string

const (
	AuthorOnly Readers = "author"
	Team       Readers = "team" // those who may watch the recording as they treat
)

const (
	maxLines      = 200     // of a section or an amendment
	maxChart      = 100_000 // characters of a note
	maxAmendments = 200
	// draftStep is how much typing is one step of a draft's history.
	draftStep = time.Minute
)

// Line is one line of a note. AtMs links it to a moment of the recording.
type Line struct {
	Text string `json:"text" maxLength:"4000"`
	AtMs *int64 `json:"atMs,omitempty" minimum:"0"`
}

// Section is one part of a note.
type Section struct {
	Key   string `json:"key" enum:"subjective,objective,assessment,plan,data"`
	Lines []Line `json:"lines" maxItems:"200"`
}

// Signature is who signed what, and when. Hash is the SHA-256, in hexadecimal,
// of the content and of the signature before it.
type Signature struct {
	By   string    `json:"by"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash" doc:"SHA-256 of content"`
}

// Amendment is what was added to a signed note.
type Amendment struct {
	Seq       int       `json:"seq"`
	Lines     []Line    `json:"lines"`
	Signature Signature `json:"signature"`
}

// ClinicalNote is the note of a session.
type ClinicalNote struct {
	Format     Format      `json:"format" enum:"soap,dap"`
	Sections   []Section   `json:"sections"`
	Version    int         `json:"version" doc:"Of the draft; what a save or a signature must name"`
	AuthorID   string      `json:"authorId"`
	AuthorName string      `json:"authorName"`
	CreatedAt  time.Time   `json:"createdAt"`
	UpdatedAt  time.Time   `json:"updatedAt"`
	Readers    Readers     `json:"readers" enum:"author,team" doc:"Who reads it once it is signed"`
	Mine       bool        `json:"mine" doc:"Whether the caller is its author"`
	Signature  *Signature  `json:"signature,omitempty" doc:"Absent while it is a draft"`
	Amendments []Amendment `json:"amendments"`
}

type chartRow struct {
	bun.BaseModel `bun:"table:clinical_notes,alias:cn"`

	RecordingID string `bun:",pk"`
	AuthorID    string
	AuthorName  string
	Format      Format
	Sections    string // JSON
	Version     int
	Readers     Readers
	CreatedAt   time.Time
	UpdatedAt   time.Time
	SignedAt    time.Time `bun:",nullzero"`
}

type chartDraftRow struct {
	bun.BaseModel `bun:"table:clinical_note_drafts,alias:cd"`

	RecordingID string `bun:",pk"`
	Version     int    `bun:",pk"`
	Format      Format
	Sections    string
	BeganAt     time.Time
	SavedAt     time.Time
}

type chartSignedRow struct {
	bun.BaseModel `bun:"table:clinical_note_signed,alias:cs"`

	RecordingID string `bun:",pk"`
	Seq         int    `bun:",pk"`
	Content     string
	SignedBy    string
	SignedName  string
	SignedAt    time.Time
	Hash        string
}

// signedContent is what a signature covers. Its JSON, as written once, is what
// is hashed and kept. Members are only ever added, at the end.
type signedContent struct {
	Recording string    `json:"recording"`
	Seq       int       `json:"seq"`
	Format    Format    `json:"format"`
	Sections  []Section `json:"sections,omitempty"`
	Lines     []Line    `json:"lines,omitempty"`
	By        string    `json:"by"`
	Name      string    `json:"name"`
	At        time.Time `json:"at"`
	Previous  string    `json:"previous,omitempty"`
}

func (r chartSignedRow) signature() Signature {
	return Signature{r.SignedBy, r.SignedName, r.SignedAt.UTC(), r.Hash}
}

// ClinicalNote reads a note. A draft, and a signed note that was not opened, is
// absent for everybody but its author. That another read it is a fact.
func (s *Service) ClinicalNote(ctx context.Context, p auth.Principal, recording string) (ClinicalNote, error) {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return ClinicalNote{}, err
	}
	row, err := readChart(ctx, s.db.Read(), recording)
	if err != nil {
		return ClinicalNote{}, err
	}
	if row.AuthorID == p.ID {
		return viewChart(ctx, s.db.Read(), row, p)
	}
	var note ClinicalNote
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Again, with the fact: its author may close it at this moment.
		if row, err = readChart(ctx, tx, recording); err != nil {
			return err
		}
		if row.SignedAt.IsZero() || row.Readers != Team {
			return notFound()
		}
		if note, err = viewChart(ctx, tx, row, p); err != nil {
			return err
		}
		return tx.Emit(ctx, event.ClinicalNoteViewed{Recording: recording, By: p.ID})
	})
	return note, err
}

func readChart(ctx context.Context, q bun.IDB, recording string) (chartRow, error) {
	var row chartRow
	if err := q.NewSelect().Model(&row).Where("cn.recording_id = ?", recording).Scan(ctx); err != nil {
		return chartRow{}, orNotFound(err, "read clinical note")
	}
	return row, nil
}

func viewChart(ctx context.Context, q bun.IDB, row chartRow, p auth.Principal) (ClinicalNote, error) {
	n := ClinicalNote{
		Format: row.Format, Version: row.Version, AuthorID: row.AuthorID, AuthorName: row.AuthorName,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(), Readers: row.Readers, Mine: row.AuthorID == p.ID,
	}
	if err := json.Unmarshal([]byte(row.Sections), &n.Sections); err != nil {
		return ClinicalNote{}, fmt.Errorf("read clinical note: %w", err)
	}
	signed, err := readSigned(ctx, q, row.RecordingID)
	if err != nil {
		return ClinicalNote{}, err
	}
	for _, r := range signed {
		var c signedContent
		if err := json.Unmarshal([]byte(r.Content), &c); err != nil {
			return ClinicalNote{}, fmt.Errorf("read signed content: %w", err)
		}
		sig := r.signature()
		if r.Seq == 0 {
			n.Signature = &sig
			n.Sections = c.Sections // what was signed, not what stands beside it
			continue
		}
		n.Amendments = append(n.Amendments, Amendment{r.Seq, c.Lines, sig})
	}
	return n, nil
}

// readSigned reads what was signed, in order, and refuses a chain that does not
// hold: somebody changed the database.
func readSigned(ctx context.Context, q bun.IDB, recording string) ([]chartSignedRow, error) {
	var rows []chartSignedRow
	err := q.NewSelect().Model(&rows).Where("cs.recording_id = ?", recording).OrderExpr("cs.seq").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what was signed: %w", err)
	}
	previous := ""
	for i, r := range rows {
		var c signedContent
		if err := json.Unmarshal([]byte(r.Content), &c); err != nil || r.Hash != hashOf(r.Content) ||
			c.Previous != previous || c.Seq != i || r.Seq != i || c.Recording != recording ||
			c.By != r.SignedBy || c.Name != r.SignedName || !c.At.Equal(r.SignedAt) {
			return nil, fault.New(fault.Conflict, "signature_broken", "This note is not what was signed: its record was altered.")
		}
		previous = r.Hash
	}
	return rows, nil
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// SaveClinicalNote saves a draft on the version the author last saw; 0 begins
// one. The same content again is no new version.
func (s *Service) SaveClinicalNote(ctx context.Context, p auth.Principal, recording string, version int, format Format, sections []Section) (ClinicalNote, error) {
	g, err := s.permit(ctx, p, recording, chart)
	if err != nil {
		return ClinicalNote{}, err
	}
	sections, err = tidySections(g, format, sections)
	if err != nil {
		return ClinicalNote{}, err
	}
	text, err := json.Marshal(sections)
	if err != nil {
		return ClinicalNote{}, fmt.Errorf("save clinical note: %w", err)
	}
	var note ClinicalNote
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lockChart(ctx, tx, recording); err != nil {
			return err
		}
		now := s.now()
		row, err := readChart(ctx, tx, recording)
		begins := fault.Is(err, fault.NotFound)
		switch {
		case begins && version == 0:
			row = chartRow{RecordingID: recording, AuthorID: p.ID, AuthorName: p.Name, Readers: AuthorOnly, CreatedAt: now}
		case begins:
			return stale()
		case err != nil:
			return err
		default:
			if err := mayWrite(row, p, version); err != nil {
				return err
			}
			if row.Format == format && row.Sections == string(text) {
				note, err = viewChart(ctx, tx, row, p)
				return err
			}
		}
		row.Format, row.Sections, row.UpdatedAt = format, string(text), now
		row.Version++
		if begins {
			_, err = tx.NewInsert().Model(&row).Exec(ctx)
		} else {
			_, err = tx.NewUpdate().Model(&row).Column("format", "sections", "version", "updated_at").WherePK().Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("save clinical note: %w", err)
		}
		if err := keepDraft(ctx, tx, row, now); err != nil {
			return err
		}
		note, err = viewChart(ctx, tx, row, p)
		return err
	})
	return note, err
}

func lockChart(ctx context.Context, tx *db.Tx, recording string) error {
	return tx.Lock(ctx, "clinical note "+recording)
}

// mayWrite says whether p may save or sign this version of a draft.
func mayWrite(row chartRow, p auth.Principal, version int) error {
	switch {
	case row.AuthorID != p.ID:
		return fault.New(fault.Forbidden, "not_author", "Another therapist writes the note of this session.")
	case !row.SignedAt.IsZero():
		return fault.New(fault.Conflict, "signed", "This note is signed. Later words are amendments.")
	case row.Version != version:
		return stale()
	}
	return nil
}

// keepDraft writes the history. Saves within a minute of its beginning are one
// step: an hour of typing is sixty of them, not a thousand.
func keepDraft(ctx context.Context, tx *db.Tx, row chartRow, now time.Time) error {
	var last chartDraftRow
	err := tx.NewSelect().Model(&last).Where("cd.recording_id = ?", row.RecordingID).OrderExpr("cd.version DESC").Limit(1).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read draft: %w", err)
	}
	step := chartDraftRow{RecordingID: row.RecordingID, Version: row.Version, Format: row.Format, Sections: row.Sections, BeganAt: now, SavedAt: now}
	if since := now.Sub(last.BeganAt); err == nil && since >= 0 && since < draftStep {
		step.BeganAt = last.BeganAt
		if _, err := tx.NewDelete().Model(&last).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("replace draft: %w", err)
		}
	}
	if _, err := tx.NewInsert().Model(&step).Exec(ctx); err != nil {
		return fmt.Errorf("keep draft: %w", err)
	}
	return nil
}

// tidySections checks a draft and returns all sections of its format in order.
func tidySections(g Grant, format Format, in []Section) ([]Section, error) {
	keys, ok := sectionKeys[format]
	if !ok {
		return nil, invalid("body.format", "A note is soap or dap.")
	}
	out := make([]Section, len(keys))
	for i, key := range keys {
		out[i] = Section{Key: key, Lines: []Line{}}
	}
	total := 0
	seen := map[string]bool{}
	for i, sec := range in {
		at := fmt.Sprintf("body.sections[%d]", i)
		place := slices.Index(keys, sec.Key)
		if place < 0 || seen[sec.Key] {
			return nil, invalid(at+".key", "Each section of the format is there once.")
		}
		seen[sec.Key] = true
		lines, n, err := tidyLines(g, at+".lines", sec.Lines, 0)
		if err != nil {
			return nil, err
		}
		out[place].Lines = lines
		total += n
	}
	if total > maxChart {
		return nil, invalid("body.sections", fmt.Sprintf("A note has %d characters at most.", maxChart))
	}
	return out, nil
}

// tidyLines checks lines and counts their characters.
func tidyLines(g Grant, location string, in []Line, min int) ([]Line, int, error) {
	if len(in) > maxLines || len(in) < min {
		return nil, 0, invalid(location, fmt.Sprintf("There are %d to %d lines.", min, maxLines))
	}
	out := make([]Line, len(in))
	total := 0
	for i, l := range in {
		at := fmt.Sprintf("%s[%d]", location, i)
		text, err := prose(at+".text", l.Text, min, maxLine)
		if err != nil {
			return nil, 0, err
		}
		if l.AtMs != nil {
			if err := g.within(at+".atMs", *l.AtMs); err != nil {
				return nil, 0, err
			}
		}
		out[i] = Line{text, l.AtMs}
		total += len([]rune(text))
	}
	return out, total, nil
}

// SignClinicalNote signs the version the author has before them, and locks it.
// An empty note is not signed.
func (s *Service) SignClinicalNote(ctx context.Context, p auth.Principal, recording string, version int, readers Readers) (ClinicalNote, error) {
	return s.sign(ctx, p, recording, func(ctx context.Context, tx *db.Tx, row *chartRow, c *signedContent) error {
		if err := mayWrite(*row, p, version); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(row.Sections), &c.Sections); err != nil {
			return fmt.Errorf("sign clinical note: %w", err)
		}
		if !slices.ContainsFunc(c.Sections, func(s Section) bool {
			return slices.ContainsFunc(s.Lines, func(l Line) bool { return l.Text != "" })
		}) {
			return fault.New(fault.Conflict, "empty_note", "There is nothing in this note to sign.")
		}
		row.SignedAt = c.At
		if readers != "" {
			row.Readers = readers
		}
		_, err := tx.NewUpdate().Model(row).Column("signed_at", "readers").WherePK().Exec(ctx)
		if err != nil {
			return fmt.Errorf("lock clinical note: %w", err)
		}
		return nil
	})
}

// AmendClinicalNote adds signed lines to a signed note.
func (s *Service) AmendClinicalNote(ctx context.Context, p auth.Principal, recording string, in []Line) (ClinicalNote, error) {
	g, err := s.permit(ctx, p, recording, chart)
	if err != nil {
		return ClinicalNote{}, err
	}
	lines, total, err := tidyLines(g, "body.lines", in, 1)
	if err != nil {
		return ClinicalNote{}, err
	}
	if total > maxChart {
		return ClinicalNote{}, invalid("body.lines", fmt.Sprintf("An amendment has %d characters at most.", maxChart))
	}
	return s.sign(ctx, p, recording, func(_ context.Context, _ *db.Tx, row *chartRow, c *signedContent) error {
		switch {
		case row.AuthorID != p.ID && row.Readers == Team && !row.SignedAt.IsZero():
			return fault.New(fault.Forbidden, "not_author", "Only its author amends a note.")
		case row.AuthorID != p.ID:
			return notFound()
		case row.SignedAt.IsZero():
			return fault.New(fault.Conflict, "not_signed", "A draft is changed, not amended.")
		case c.Seq > maxAmendments:
			return fault.Newf(fault.Conflict, "too_many_amendments", "A note takes %d amendments.", maxAmendments)
		}
		c.Lines = lines
		return nil
	})
}

// sign appends one signed content, which fill completes, to the chain.
func (s *Service) sign(ctx context.Context, p auth.Principal, recording string,
	fill func(context.Context, *db.Tx, *chartRow, *signedContent) error) (ClinicalNote, error) {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return ClinicalNote{}, err
	}
	var note ClinicalNote
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lockChart(ctx, tx, recording); err != nil {
			return err
		}
		row, err := readChart(ctx, tx, recording)
		if err != nil {
			return err
		}
		before, err := readSigned(ctx, tx, recording)
		if err != nil {
			return err
		}
		// PostgreSQL keeps microseconds; the hash must not know more.
		c := signedContent{Recording: recording, Seq: len(before), Format: row.Format, By: p.ID, Name: p.Name, At: s.now().Truncate(time.Millisecond)}
		if len(before) > 0 {
			c.Previous = before[len(before)-1].Hash
		}
		if err := fill(ctx, tx, &row, &c); err != nil {
			return err
		}
		content, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("sign clinical note: %w", err)
		}
		signed := chartSignedRow{RecordingID: recording, Seq: c.Seq, Content: string(content), SignedBy: c.By, SignedName: c.Name, SignedAt: c.At, Hash: hashOf(string(content))}
		if _, err := tx.NewInsert().Model(&signed).Exec(ctx); err != nil {
			return fmt.Errorf("keep what was signed: %w", err)
		}
		if note, err = viewChart(ctx, tx, row, p); err != nil {
			return err
		}
		if c.Seq == 0 {
			return tx.Emit(ctx, event.ClinicalNoteSigned{Recording: recording, Hash: signed.Hash, By: p.ID})
		}
		return tx.Emit(ctx, event.ClinicalNoteAmended{Recording: recording, Seq: c.Seq, Hash: signed.Hash, By: p.ID})
	})
	return note, err
}

// OpenClinicalNote says who reads a note of p once it is signed.
func (s *Service) OpenClinicalNote(ctx context.Context, p auth.Principal, recording string, readers Readers) (ClinicalNote, error) {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return ClinicalNote{}, err
	}
	var note ClinicalNote
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lockChart(ctx, tx, recording); err != nil {
			return err
		}
		row, err := readChart(ctx, tx, recording)
		if err != nil {
			return err
		}
		if row.AuthorID != p.ID {
			if row.Readers == Team && !row.SignedAt.IsZero() {
				return fault.New(fault.Forbidden, "not_author", "Only its author opens or closes a note.")
			}
			return notFound()
		}
		changed := row.Readers != readers
		row.Readers = readers
		if note, err = viewChart(ctx, tx, row, p); err != nil || !changed {
			return err
		}
		if _, err := tx.NewUpdate().Model(&row).Column("readers").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("open clinical note: %w", err)
		}
		return tx.Emit(ctx, event.ClinicalNoteShared{Recording: recording, Readers: string(readers), By: p.ID})
	})
	return note, err
}

// NoteVersion is one step of a draft's history.
type NoteVersion struct {
	Version  int       `json:"version"`
	Format   Format    `json:"format" enum:"soap,dap"`
	Sections []Section `json:"sections"`
	SavedAt  time.Time `json:"savedAt"`
	Signed   bool      `json:"signed" doc:"Whether this version is the one that was signed"`
}

// ClinicalNoteVersions is the history of p's own draft, newest first.
func (s *Service) ClinicalNoteVersions(ctx context.Context, p auth.Principal, recording string) ([]NoteVersion, error) {
	if _, err := s.permit(ctx, p, recording, chart); err != nil {
		return nil, err
	}
	row, err := readChart(ctx, s.db.Read(), recording)
	if err != nil {
		return nil, err
	}
	if row.AuthorID != p.ID {
		if row.Readers == Team && !row.SignedAt.IsZero() {
			return nil, fault.New(fault.Forbidden, "not_author", "Drafts are their author's.")
		}
		return nil, notFound()
	}
	var rows []chartDraftRow
	err = s.db.Read().NewSelect().Model(&rows).Where("cd.recording_id = ?", recording).OrderExpr("cd.version DESC").Limit(1000).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	out := make([]NoteVersion, len(rows))
	for i, r := range rows {
		out[i] = NoteVersion{Version: r.Version, Format: r.Format, SavedAt: r.SavedAt.UTC(), Signed: !row.SignedAt.IsZero() && r.Version == row.Version}
		if err := json.Unmarshal([]byte(r.Sections), &out[i].Sections); err != nil {
			return nil, fmt.Errorf("read draft: %w", err)
		}
	}
	return out, nil
}
