package retain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

const (
	maxKeepDays   = 36_500
	maxNoticeDays = 90
	// maxRun is how many recordings of a kind one day may announce. The rest
	// come the next day.
	maxRun = 10_000
	// maxShown is how many a preview lists; it counts them all up to maxRun.
	maxShown = 50
)

var kinds = []string{"individual", "couple", "group"}

// Rule says how long recordings of one kind of session stay.
type Rule struct {
	Kind     string `json:"kind" enum:"individual,couple,group"`
	KeepDays int    `json:"keepDays" minimum:"1" maximum:"36500" example:"90"`
}

// Policies are all rules. Recordings of a kind without a rule stay until
// somebody erases them.
type Policies struct {
	Version    int    `json:"version"`
	NoticeDays int    `json:"noticeDays" minimum:"1" maximum:"90" doc:"How long before it goes a recording is announced"`
	Rules      []Rule `json:"rules"`
}

type policyRow struct {
	bun.BaseModel `bun:"table:retention_policy,alias:rp"`

	ID         int `bun:"id,pk"`
	Version    int
	NoticeDays int
}

type ruleRow struct {
	bun.BaseModel `bun:"table:retention_rules,alias:rr"`

	Kind     string `bun:",pk"`
	KeepDays int
}

// keep is how long a kind stays; false for as long as nobody erases it.
func (p Policies) keep(kind string) (time.Duration, bool) {
	for _, r := range p.Rules {
		if r.Kind == kind {
			return days(r.KeepDays), true
		}
	}
	return 0, false
}

func (p Policies) notice() time.Duration { return days(p.NoticeDays) }

func (p Policies) check() error {
	if p.NoticeDays < 1 || p.NoticeDays > maxNoticeDays {
		return invalid("body.noticeDays", fmt.Sprintf("Notice is given 1 to %d days before.", maxNoticeDays))
	}
	seen := map[string]bool{}
	for i, r := range p.Rules {
		at := fmt.Sprintf("body.rules[%d].", i)
		switch {
		case !slices.Contains(kinds, r.Kind) || seen[r.Kind]:
			return invalid(at+"kind", "There is one rule for a kind of session.")
		case r.KeepDays < p.NoticeDays || r.KeepDays > maxKeepDays:
			return invalid(at+"keepDays", fmt.Sprintf("A recording is kept for as long as its notice, %d days, at least, and for %d at most.", p.NoticeDays, maxKeepDays))
		}
		seen[r.Kind] = true
	}
	return nil
}

// Policies returns the rules.
func (s *Service) Policies(ctx context.Context) (Policies, error) {
	return readPolicies(ctx, s.DB.Read())
}

func readPolicies(ctx context.Context, q bun.IDB) (Policies, error) {
	var row policyRow
	var rules []ruleRow
	err := q.NewSelect().Model(&row).Where("rp.id = 1").Scan(ctx)
	if err == nil {
		err = q.NewSelect().Model(&rules).OrderExpr("rr.kind").Scan(ctx)
	}
	if err != nil {
		return Policies{}, fmt.Errorf("read retention policies: %w", err)
	}
	p := Policies{Version: row.Version, NoticeDays: row.NoticeDays, Rules: make([]Rule, len(rules))}
	for i, r := range rules {
		p.Rules[i] = Rule{r.Kind, r.KeepDays}
	}
	return p, nil
}

// SetPolicies replaces the rules if p.Version is still theirs. Nothing goes at
// once: what they make due is announced first.
func (s *Service) SetPolicies(ctx context.Context, by auth.Principal, p Policies) (Policies, error) {
	if err := p.check(); err != nil {
		return Policies{}, err
	}
	var out Policies
	err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*policyRow)(nil)).Set("version = version + 1, notice_days = ?", p.NoticeDays).
			Where("version = ?", p.Version).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write retention policies: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return stale()
		}
		if _, err := tx.NewDelete().Model((*ruleRow)(nil)).Where("TRUE").Exec(ctx); err != nil {
			return fmt.Errorf("clear retention rules: %w", err)
		}
		rows := make([]ruleRow, len(p.Rules))
		for i, r := range p.Rules {
			rows[i] = ruleRow{Kind: r.Kind, KeepDays: r.KeepDays}
		}
		if len(rows) > 0 {
			if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
				return fmt.Errorf("write retention rules: %w", err)
			}
		}
		if out, err = readPolicies(ctx, tx); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RetentionPolicyChanged{Version: out.Version, By: by.ID})
	})
	return out, err
}

func stale() error {
	return fault.New(fault.Precondition, "stale", "This was changed elsewhere meanwhile. Please look at the newest version first.")
}

// Preview is what rules would do now.
type Preview struct {
	Count int          `json:"count" doc:"Recordings that would be announced at the next daily run"`
	Held  int          `json:"held" doc:"More of them that a legal hold keeps"`
	Items []PreviewRow `json:"items" doc:"The oldest of them, 50 at most"`
}

// PreviewRow is one recording that would go.
type PreviewRow struct {
	RecordingID string    `json:"recordingId"`
	Kind        string    `json:"kind"`
	StoppedAt   time.Time `json:"stoppedAt"`
	PurgeAt     time.Time `json:"purgeAt" doc:"When it would be erased"`
}

// Preview tells what rules would do, without doing it.
func (s *Service) Preview(ctx context.Context, p Policies) (Preview, error) {
	if err := p.check(); err != nil {
		return Preview{}, err
	}
	now := s.now()
	out := Preview{}
	for _, r := range p.Rules {
		stored, err := s.Recordings.StoredBefore(ctx, now.Add(p.notice()-days(r.KeepDays)), r.Kind, maxRun)
		if err != nil {
			return Preview{}, wrap("preview retention", err)
		}
		held, err := heldOf(ctx, s.DB.Read(), stored)
		if err != nil {
			return Preview{}, err
		}
		for _, rec := range stored {
			if held[rec.ID] {
				out.Held++
				continue
			}
			out.Count++
			out.Items = append(out.Items, PreviewRow{rec.ID, rec.Kind, rec.StoppedAt.UTC(), later(rec.StoppedAt.Add(days(r.KeepDays)), now.Add(p.notice()))})
		}
	}
	slices.SortFunc(out.Items, func(a, b PreviewRow) int { return a.StoppedAt.Compare(b.StoppedAt) })
	out.Items = out.Items[:min(len(out.Items), maxShown)]
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a.UTC()
	}
	return b.UTC()
}
