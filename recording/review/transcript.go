package review

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
)

// beyondEnd is how far a transcript may begin a caption after the recording has
// ended. More than that is another session's transcript.
const beyondEnd = int64(5 * time.Second / time.Millisecond)

type transcriptRow struct {
	bun.BaseModel `bun:"table:transcripts,alias:tr"`

	RecordingID string `bun:",pk"`
	Language    string
	Cues        int
	ImportedBy  string
	ImportedAt  time.Time
}

type cueRow struct {
	bun.BaseModel `bun:"table:transcript_cues,alias:c"`

	ID          int64 `bun:"id,pk,autoincrement"`
	RecordingID string
	Seq         int
	Name        string
	StartMs     int64
	EndMs       int64
	Settings    string
	Payload     string // as renderPayload writes it
	Words       string // of the text, folded
}

// TranscriptInfo is what a transcript is.
type TranscriptInfo struct {
	Language   string    `json:"language" doc:"BCP 47; empty if the file did not say"`
	Cues       int       `json:"cues" doc:"How many captions there are"`
	ImportedBy string    `json:"importedBy"`
	ImportedAt time.Time `json:"importedAt"`
}

// Caption is one caption as the page shows it.
type Caption struct {
	Seq     int    `json:"seq"`
	StartMs int64  `json:"startMs"`
	EndMs   int64  `json:"endMs"`
	Spans   []Span `json:"spans"`
}

// Hit is a caption that was searched for.
type Hit struct {
	Seq     int      `json:"seq"`
	StartMs int64    `json:"startMs"`
	EndMs   int64    `json:"endMs"`
	Voices  []string `json:"voices" doc:"Who speaks in it, if the file says"`
	Snippet []Piece  `json:"snippet"`
}

func (r transcriptRow) view() TranscriptInfo {
	return TranscriptInfo{r.Language, r.Cues, r.ImportedBy, r.ImportedAt.UTC()}
}

// ImportTranscript puts a WebVTT file beside a recording, in place of the one
// there was.
func (s *Service) ImportTranscript(ctx context.Context, p auth.Principal, recording string, file []byte) (TranscriptInfo, error) {
	g, err := s.permit(ctx, p, recording, judge)
	if err != nil {
		return TranscriptInfo{}, err
	}
	t, err := ParseVTT(file)
	if err != nil {
		return TranscriptInfo{}, err
	}
	rows := make([]cueRow, len(t.Cues))
	for i, c := range t.Cues {
		if g.DurationMs > 0 && c.StartMs > g.DurationMs+beyondEnd {
			return TranscriptInfo{}, vttFault(c.Line, "the recording has ended by then. Is this another session's transcript?")
		}
		rows[i] = cueRow{
			RecordingID: recording, Seq: i, Name: c.Name, StartMs: c.StartMs, EndMs: c.EndMs,
			Settings: c.Settings, Payload: renderPayload(c.Spans), Words: foldAll(textOf(c.Spans)),
		}
	}
	row := transcriptRow{RecordingID: recording, Language: t.Language, Cues: len(rows), ImportedBy: p.ID, ImportedAt: s.now()}
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		if _, err := dropTranscript(ctx, tx, recording); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert transcript: %w", err)
		}
		for batch := range slices.Chunk(rows, 500) {
			if _, err := tx.NewInsert().Model(&batch).ExcludeColumn("id").Returning("NULL").Exec(ctx); err != nil {
				return fmt.Errorf("insert cues: %w", err)
			}
		}
		if tx.Engine() == db.SQLite {
			_, err := tx.ExecContext(ctx, `INSERT INTO transcript_words (rowid, recording_id, words)
				SELECT id, recording_id, words FROM transcript_cues WHERE recording_id = ?`, recording)
			if err != nil {
				return fmt.Errorf("index cues: %w", err)
			}
		}
		return tx.Emit(ctx, event.TranscriptImported{Recording: recording, Cues: len(rows), By: p.ID, Audience: people(p.ID, g.Host)})
	})
	return row.view(), err
}

func textOf(spans []Span) string {
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = s.Text
	}
	return strings.Join(texts, "\n")
}

// dropTranscript removes a transcript and its words. It reports whether there
// was one.
func dropTranscript(ctx context.Context, tx *db.Tx, recording string) (bool, error) {
	if tx.Engine() == db.SQLite {
		// The index of another table's content is told what it held.
		_, err := tx.ExecContext(ctx, `INSERT INTO transcript_words (transcript_words, rowid, recording_id, words)
			SELECT 'delete', id, recording_id, words FROM transcript_cues WHERE recording_id = ?`, recording)
		if err != nil {
			return false, fmt.Errorf("unindex cues: %w", err)
		}
	}
	if _, err := tx.NewDelete().Model((*cueRow)(nil)).Where("recording_id = ?", recording).Exec(ctx); err != nil {
		return false, fmt.Errorf("delete cues: %w", err)
	}
	res, err := tx.NewDelete().Model((*transcriptRow)(nil)).Where("recording_id = ?", recording).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("delete transcript: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 || tx.Engine() != db.SQLite {
		return n > 0, err
	}
	// An index only notes that words are gone; merging it is what removes them.
	// FTS5's own secure-delete took seconds for a long transcript.
	if _, err := tx.ExecContext(ctx, "INSERT INTO transcript_words (transcript_words) VALUES ('optimize')"); err != nil {
		return true, fmt.Errorf("merge index: %w", err)
	}
	return true, nil
}

// DeleteTranscript forgets a transcript.
func (s *Service) DeleteTranscript(ctx context.Context, p auth.Principal, recording string) error {
	g, err := s.permit(ctx, p, recording, judge)
	if err != nil {
		return err
	}
	return s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		there, err := dropTranscript(ctx, tx, recording)
		if err != nil {
			return err
		}
		if !there {
			return notFound()
		}
		return tx.Emit(ctx, event.TranscriptDeleted{Recording: recording, By: p.ID, Audience: people(p.ID, g.Host)})
	})
}

// Transcript reads what p may see of a transcript.
func (s *Service) Transcript(ctx context.Context, p auth.Principal, recording string) (TranscriptInfo, []Caption, error) {
	row, cues, err := s.readTranscript(ctx, p, recording)
	if err != nil {
		return TranscriptInfo{}, nil, err
	}
	out := make([]Caption, len(cues))
	for i, c := range cues {
		out[i] = Caption{Seq: c.Seq, StartMs: c.StartMs, EndMs: c.EndMs}
		if out[i].Spans, err = c.spans(); err != nil {
			return TranscriptInfo{}, nil, err
		}
	}
	return row.view(), out, nil
}

// ExportTranscript writes what p may see of a transcript as a WebVTT file.
func (s *Service) ExportTranscript(ctx context.Context, p auth.Principal, recording string) ([]byte, error) {
	row, cues, err := s.readTranscript(ctx, p, recording)
	if err != nil {
		return nil, err
	}
	t := Transcript{Language: row.Language, Cues: make([]Cue, len(cues))}
	for i, c := range cues {
		t.Cues[i] = Cue{Name: c.Name, StartMs: c.StartMs, EndMs: c.EndMs, Settings: c.Settings}
		if t.Cues[i].Spans, err = c.spans(); err != nil {
			return nil, err
		}
	}
	return t.VTT(), nil
}

func (c cueRow) spans() ([]Span, error) {
	spans, err := parsePayload(c.Payload)
	if err != nil {
		return nil, fmt.Errorf("read cue %d: %w", c.ID, err)
	}
	return spans, nil
}

func (s *Service) readTranscript(ctx context.Context, p auth.Principal, recording string) (transcriptRow, []cueRow, error) {
	g, err := s.permit(ctx, p, recording, readNotes)
	if err != nil {
		return transcriptRow{}, nil, err
	}
	var row transcriptRow
	if err := s.db.Read().NewSelect().Model(&row).Where("tr.recording_id = ?", recording).Scan(ctx); err != nil {
		return transcriptRow{}, nil, orNotFound(err, "read transcript")
	}
	var cues []cueRow
	q := s.db.Read().NewSelect().Model(&cues).ExcludeColumn("words").Where("c.recording_id = ?", recording).OrderExpr("c.seq")
	if err := g.narrow(q).Scan(ctx); err != nil {
		return transcriptRow{}, nil, fmt.Errorf("read cues: %w", err)
	}
	row.Cues = len(cues) // those one may see
	return row, cues, nil
}

// narrow keeps the cues that a grant shows.
func (g Grant) narrow(q *bun.SelectQuery) *bun.SelectQuery {
	if g.Access == Comment {
		q = q.Where("c.start_ms >= ? AND c.end_ms <= ?", g.FromMs, g.ToMs)
	}
	return q
}

// SearchTranscript finds captions in order of time.
func (s *Service) SearchTranscript(ctx context.Context, p auth.Principal, recording, asked string, page api.Page) (api.List[Hit], error) {
	var none api.List[Hit]
	g, err := s.permit(ctx, p, recording, readNotes)
	if err != nil {
		return none, err
	}
	want, err := parseQuery(asked)
	if err != nil {
		return none, err
	}
	after, err := page.After(1)
	if err != nil {
		return none, err
	}
	var rows []cueRow
	q := s.db.Read().NewSelect().Model(&rows).ExcludeColumn("words").Where("c.recording_id = ?", recording).OrderExpr("c.seq").Limit(int64(page.Limit) + 1)
	if s.db.Dialect() == db.SQLite {
		q = q.Where("c.id IN (SELECT rowid FROM transcript_words WHERE transcript_words MATCH ?)", want.fts5(recording))
	} else {
		q = q.Where("to_tsvector('simple', c.words) @@ to_tsquery('simple', ?)", want.tsquery())
	}
	if after != nil {
		seq, err := strconv.Atoi(after[0])
		if err != nil || seq < 0 || seq > maxCues {
			return none, api.BadCursor()
		}
		q = q.Where("c.seq > ?", seq)
	}
	if err := g.narrow(q).Scan(ctx); err != nil {
		return none, fmt.Errorf("search transcript: %w", err)
	}
	hits := make([]Hit, len(rows))
	for i, r := range rows {
		spans, err := r.spans()
		if err != nil {
			return none, err
		}
		hits[i] = Hit{Seq: r.Seq, StartMs: r.StartMs, EndMs: r.EndMs, Snippet: want.snippet(strings.ReplaceAll(textOf(spans), "\n", " "))}
		for _, span := range spans {
			if span.Voice != "" {
				hits[i].Voices = append(hits[i].Voices, span.Voice)
			}
		}
	}
	return api.Cut(hits, page.Limit, func(h Hit) Hit { return h }, func(h Hit) api.Cursor { return api.Cursor{strconv.Itoa(h.Seq)} }), nil
}
