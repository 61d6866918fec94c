package retain

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

const maxReason = 500

type holdRow struct {
	bun.BaseModel `bun:"table:retention_holds,alias:rh"`

	Seq         int64 `bun:",pk,autoincrement"`
	RecordingID string
	Held        bool
	Reason      string
	ByID        string
	ByName      string
	At          time.Time
}

// HoldEntry is one line of the ledger of holds.
type HoldEntry struct {
	Held   bool      `json:"held" doc:"false: released"`
	Reason string    `json:"reason"`
	ByID   string    `json:"byId"`
	ByName string    `json:"byName"`
	At     time.Time `json:"at"`
}

// Hold is whether a legal hold keeps a recording, and how it came to that.
type Hold struct {
	Held  bool        `json:"held"`
	Items []HoldEntry `json:"items" doc:"The ledger, oldest first"`
}

// Hold keeps a recording from being erased. An erasure that has not begun is
// cancelled by it; one that has begun cannot be.
func (s *Service) Hold(ctx context.Context, p auth.Principal, recording, reason string) (Hold, error) {
	return s.setHold(ctx, p, recording, reason, true)
}

// Release ends a hold. What is due by then is announced anew.
func (s *Service) Release(ctx context.Context, p auth.Principal, recording, reason string) (Hold, error) {
	return s.setHold(ctx, p, recording, reason, false)
}

func (s *Service) setHold(ctx context.Context, p auth.Principal, recording, reason string, held bool) (Hold, error) {
	g, err := s.keeper(ctx, p, recording)
	if err != nil {
		return Hold{}, err
	}
	if g.Erased {
		return Hold{}, errErased()
	}
	if reason, err = tidy("body.reason", reason); err != nil {
		return Hold{}, err
	}
	var out Hold
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lock(ctx, tx, recording); err != nil {
			return err
		}
		before, err := readHold(ctx, tx, recording)
		if err != nil {
			return err
		}
		last := len(before.Items) - 1
		switch {
		case !held && !before.Held:
			return fault.New(fault.Conflict, "not_held", "No legal hold keeps this recording.")
		case held && before.Held && before.Items[last].Reason == reason:
			out = before // the same request again
			return nil
		}
		subject, err := s.Recordings.Subject(ctx, tx, recording)
		if err != nil {
			return wrap("hold recording", err)
		}
		if held {
			if err := s.cancelErasure(ctx, tx, p, recording, subject); err != nil {
				return err
			}
			if err := s.withdrawNotice(ctx, tx, recording); err != nil {
				return err
			}
		}
		row := holdRow{RecordingID: recording, Held: held, Reason: reason, ByID: p.ID, ByName: p.Name, At: s.now()}
		if _, err := tx.NewInsert().Model(&row).ExcludeColumn("seq").Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("write hold: %w", err)
		}
		if err := s.Recordings.SetHold(ctx, tx, recording, held); err != nil {
			return wrap("hold recording", err)
		}
		if out, err = readHold(ctx, tx, recording); err != nil {
			return err
		}
		if held {
			return tx.Emit(ctx, event.RecordingHeld{RecordingSubject: subject, Reason: reason, By: p.ID, At: row.At})
		}
		return tx.Emit(ctx, event.RecordingReleased{RecordingSubject: subject, By: p.ID, At: row.At})
	})
	return out, err
}

// HoldOf reads a recording's holds.
func (s *Service) HoldOf(ctx context.Context, p auth.Principal, recording string) (Hold, error) {
	if _, err := s.reader(ctx, p, recording, "full"); err != nil {
		return Hold{}, err
	}
	return readHold(ctx, s.DB.Read(), recording)
}

func readHold(ctx context.Context, q bun.IDB, recording string) (Hold, error) {
	var rows []holdRow
	if err := q.NewSelect().Model(&rows).Where("rh.recording_id = ?", recording).OrderExpr("rh.seq").Scan(ctx); err != nil {
		return Hold{}, fmt.Errorf("read holds: %w", err)
	}
	var out Hold
	for _, r := range rows {
		out.Held = r.Held
		out.Items = append(out.Items, HoldEntry{r.Held, r.Reason, r.ByID, r.ByName, r.At.UTC()})
	}
	return out, nil
}

// heldOf tells which of some recordings are held.
func heldOf(ctx context.Context, q bun.IDB, stored []Stored) (map[string]bool, error) {
	ids := make([]string, len(stored))
	for i, r := range stored {
		ids[i] = r.ID
	}
	held := map[string]bool{}
	if len(ids) == 0 {
		return held, nil
	}
	var rows []holdRow
	err := q.NewSelect().Model(&rows).Where("rh.recording_id IN (?)", bun.List(ids)).OrderExpr("rh.seq").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read holds: %w", err)
	}
	for _, r := range rows {
		held[r.RecordingID] = r.Held
	}
	return held, nil
}

// tidy returns a reason as it is stored: one line.
func tidy(location, s string) (string, error) {
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	bad := func(r rune) bool {
		return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
	}
	if n := utf8.RuneCountInString(s); n < 1 || n > maxReason || strings.ContainsFunc(s, bad) {
		return "", invalid(location, fmt.Sprintf("A reason has 1 to %d characters.", maxReason))
	}
	return s, nil
}

func errErased() error { return fault.New(fault.Gone, "erased", "This recording was erased.") }
