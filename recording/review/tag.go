package review

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

const maxTags = 200 // codes of a practice

type tagRow struct {
	bun.BaseModel `bun:"table:review_tags,alias:t"`

	Code     string `bun:",pk"`
	Label    string
	Colour   string
	Archived bool
	Place    int
}

type recordingTagRow struct {
	bun.BaseModel `bun:"table:review_recording_tags,alias:rt"`

	RecordingID string `bun:",pk"`
	Code        string `bun:",pk"`
	AddedBy     string
	AddedAt     time.Time
}

// Tag is one code of the practice.
type Tag struct {
	Code     string `json:"code" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" maxLength:"40" doc:"Stable, lower case" example:"rupture"`
	Label    string `json:"label" minLength:"1" maxLength:"120" example:"Alliance rupture"`
	Colour   string `json:"colour" pattern:"^#[0-9a-f]{6}$" example:"#2f9e44"`
	Archived bool   `json:"archived,omitempty" doc:"Kept on old recordings, not offered for new ones"`
}

// TagSet is the practice's codes, in the order an admin gave them.
type TagSet struct {
	Version int   `json:"version"`
	Items   []Tag `json:"items"`
}

var (
	codeShape   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	colourShape = regexp.MustCompile(`^#[0-9a-f]{6}$`)
)

// TagSet returns the practice's codes.
func (s *Service) TagSet(ctx context.Context) (TagSet, error) { return readTagSet(ctx, s.db.Read()) }

func readTagSet(ctx context.Context, q bun.IDB) (TagSet, error) {
	var rows []tagRow
	set := TagSet{}
	// The version first: a set that changes between the two reads is then
	// newer than its version says, and a write on it is refused.
	err := q.NewRaw("SELECT version FROM review_tag_set").Scan(ctx, &set.Version)
	if err == nil {
		err = q.NewSelect().Model(&rows).OrderExpr("t.place, t.code").Scan(ctx)
	}
	if err != nil {
		return TagSet{}, fmt.Errorf("read tag set: %w", err)
	}
	for _, r := range rows {
		set.Items = append(set.Items, Tag{r.Code, r.Label, r.Colour, r.Archived})
	}
	return set, nil
}

// SetTagSet replaces the practice's codes if version is still theirs. A code
// that is on a recording cannot be left out, only archived.
func (s *Service) SetTagSet(ctx context.Context, p auth.Principal, version int, tags []Tag) (TagSet, error) {
	rows, err := tagRows(tags)
	if err != nil {
		return TagSet{}, err
	}
	var out TagSet
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE review_tag_set SET version = version + 1 WHERE version = ?", version)
		if err != nil {
			return fmt.Errorf("next version of tag set: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return stale()
		}
		codes := []string{""} // never empty: NOT IN () is no SQL
		for _, r := range rows {
			codes = append(codes, r.Code)
		}
		_, err = tx.NewDelete().Model((*tagRow)(nil)).Where("code NOT IN (?)", bun.List(codes)).Exec(ctx)
		if db.IsForeign(err) {
			return fault.New(fault.Conflict, "tag_in_use", "A code that is on a recording can be archived, not left out.")
		}
		if err == nil && len(rows) > 0 {
			_, err = tx.NewInsert().Model(&rows).On("CONFLICT (code) DO UPDATE").Set("label = EXCLUDED.label").
				Set("colour = EXCLUDED.colour").Set("archived = EXCLUDED.archived").Set("place = EXCLUDED.place").Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("write tag set: %w", err)
		}
		if out, err = readTagSet(ctx, tx); err != nil {
			return err
		}
		return tx.Emit(ctx, event.TagSetChanged{Version: out.Version, By: p.ID})
	})
	return out, err
}

func tagRows(tags []Tag) ([]tagRow, error) {
	if len(tags) > maxTags {
		return nil, invalid("body.items", fmt.Sprintf("There are %d codes at most.", maxTags))
	}
	rows := make([]tagRow, len(tags))
	seen := map[string]bool{}
	for i, t := range tags {
		at := fmt.Sprintf("body.items[%d].", i)
		label, err := line(at+"label", t.Label, 1, maxLabel)
		switch {
		case err != nil:
			return nil, err
		case !codeShape.MatchString(t.Code):
			return nil, invalid(at+"code", "A code is of a-z, 0-9 and -.")
		case seen[t.Code]:
			return nil, invalid(at+"code", "This code is there twice.")
		case !colourShape.MatchString(t.Colour):
			return nil, invalid(at+"colour", "A colour is written #rrggbb.")
		}
		seen[t.Code] = true
		rows[i] = tagRow{Code: t.Code, Label: label, Colour: t.Colour, Archived: t.Archived, Place: i}
	}
	return rows, nil
}

// Tags returns the codes on a recording, in the set's order.
func (s *Service) Tags(ctx context.Context, p auth.Principal, recording string) ([]string, error) {
	if _, err := s.permit(ctx, p, recording, readNotes); err != nil {
		return nil, err
	}
	tags, err := tagsOf(ctx, s.db.Read(), recording)
	return tags[recording], err
}

// TagsOf returns the codes on each of some recordings that the caller may list.
func (s *Service) TagsOf(ctx context.Context, recordings ...string) (map[string][]string, error) {
	return tagsOf(ctx, s.db.Read(), recordings...)
}

// Tagged is the query of the ids of recordings that have a code, for whoever
// lists recordings to narrow a list by.
func (s *Service) Tagged(code string) *bun.SelectQuery {
	return s.db.Read().NewSelect().Model((*recordingTagRow)(nil)).Column("recording_id").Where("rt.code = ?", code)
}

func tagsOf(ctx context.Context, q bun.IDB, recordings ...string) (map[string][]string, error) {
	out := make(map[string][]string, len(recordings))
	if len(recordings) == 0 {
		return out, nil
	}
	var rows []recordingTagRow
	err := q.NewSelect().Model(&rows).Join("JOIN review_tags AS t ON t.code = rt.code").
		Where("rt.recording_id IN (?)", bun.List(recordings)).OrderExpr("t.place, t.code").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	for _, r := range rows {
		out[r.RecordingID] = append(out[r.RecordingID], r.Code)
	}
	return out, nil
}

// SetTags replaces the codes on a recording. Archived codes may stay and not
// come new.
func (s *Service) SetTags(ctx context.Context, p auth.Principal, recording string, codes []string) ([]string, error) {
	g, err := s.permit(ctx, p, recording, judge)
	if err != nil {
		return nil, err
	}
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	var out []string
	err = s.write(ctx, recording, func(ctx context.Context, tx *db.Tx) error {
		set, err := readTagSet(ctx, tx)
		if err != nil {
			return err
		}
		before, err := tagsOf(ctx, tx, recording)
		if err != nil {
			return err
		}
		had := before[recording]
		added := slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return slices.Contains(had, c) })
		removed := slices.DeleteFunc(slices.Clone(had), func(c string) bool { return slices.Contains(codes, c) })
		var rows []recordingTagRow
		for _, c := range added {
			if !slices.ContainsFunc(set.Items, func(t Tag) bool { return t.Code == c && !t.Archived }) {
				return invalid("body.codes", "The practice has no such code to give.")
			}
			rows = append(rows, recordingTagRow{RecordingID: recording, Code: c, AddedBy: p.ID, AddedAt: s.now()})
		}
		if len(added)+len(removed) == 0 {
			out = had
			return nil
		}
		if len(rows) > 0 {
			_, err := tx.NewInsert().Model(&rows).Exec(ctx)
			if db.IsForeign(err) { // an admin left the code out just now
				return invalid("body.codes", "The practice has no such code to give.")
			}
			if err != nil {
				return fmt.Errorf("add tags: %w", err)
			}
		}
		if len(removed) > 0 {
			_, err := tx.NewDelete().Model((*recordingTagRow)(nil)).
				Where("recording_id = ? AND code IN (?)", recording, bun.List(removed)).Exec(ctx)
			if err != nil {
				return fmt.Errorf("remove tags: %w", err)
			}
		}
		after, err := tagsOf(ctx, tx, recording)
		if err != nil {
			return err
		}
		out = after[recording]
		return tx.Emit(ctx, event.RecordingTagged{Recording: recording, Added: added, Removed: removed, By: p.ID, Audience: people(p.ID, g.Host)})
	})
	return out, err
}

func stale() error {
	return fault.New(fault.Precondition, "stale", "This was changed elsewhere meanwhile. Please look at the newest version first.")
}
