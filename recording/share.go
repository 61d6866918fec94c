package recording

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
	"mentara/recording/final"
	"mentara/recording/webm"
)

// Shares. A host lets a colleague watch a recording, or a stretch of it, until a
// time. A stretch has files of its own, cut once and sealed like the rest: to
// hand out ranges of the whole file would be to trust the player.

// JobCut is the job that cuts the files of a share.
const JobCut = "recording.cut"

const (
	shareLasts = 90 * 24 * time.Hour
	maxShares  = 50 // in force, of one recording
)

type shareRow struct {
	bun.BaseModel `bun:"table:recording_shares,alias:s"`

	ID          string `bun:",pk"`
	RecordingID string
	UserID      string
	UserName    string
	FromMs      int64
	ToMs        int64 // 0 is the end
	Note        string
	CutAt       time.Time `bun:",nullzero"` // when its files were there
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	RevokedAt   time.Time `bun:",nullzero"`
}

// RecordingShare is a recording shown to a colleague.
type RecordingShare struct {
	ID        string        `json:"id"`
	User      RecordingUser `json:"user"`
	FromMs    int64         `json:"fromMs"`
	ToMs      int64         `json:"toMs" doc:"0 is the end"`
	Note      string        `json:"note"`
	CreatedBy string        `json:"createdBy"`
	CreatedAt time.Time     `json:"createdAt"`
	ExpiresAt time.Time     `json:"expiresAt"`
	RevokedAt *time.Time    `json:"revokedAt,omitempty"`
}

// NewShare is the body of POST /recordings/{recording}/shares.
type NewShare struct {
	UserID    string    `json:"userId" minLength:"1" maxLength:"64" doc:"A member of staff"`
	FromMs    int64     `json:"fromMs,omitempty" minimum:"0"`
	ToMs      int64     `json:"toMs,omitempty" minimum:"0" doc:"The end if absent"`
	ExpiresAt time.Time `json:"expiresAt" doc:"At most 90 days from now"`
	Note      string    `json:"note,omitempty" maxLength:"500"`
}

func viewShare(r shareRow) RecordingShare {
	return RecordingShare{
		ID: r.ID, User: RecordingUser{ID: r.UserID, Name: r.UserName}, FromMs: r.FromMs, ToMs: r.ToMs, Note: r.Note,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), RevokedAt: timeOf(r.RevokedAt.UTC()),
	}
}

// ranged reports whether the share is of a stretch.
func (r shareRow) ranged() bool { return r.FromMs > 0 || r.ToMs > 0 }

// owned is the grant of one to whom a recording belongs.
func (s *Service) owned(ctx context.Context, p auth.Principal, id string) (Grant, error) {
	g, err := s.Access(ctx, p, id)
	if err == nil && g.Level != Full {
		err = errForbidden()
	}
	return g, err
}

// Share lets a colleague watch.
func (s *Service) Share(ctx context.Context, p auth.Principal, id string, n NewShare) (RecordingShare, error) {
	g, err := s.owned(ctx, p, id)
	if err == nil {
		err = g.watchable()
	}
	if err != nil {
		return RecordingShare{}, err
	}
	now := s.now()
	bad := fault.New(fault.Invalid, "invalid", "Some values are not valid.")
	n.Note, n.ExpiresAt = strings.TrimSpace(n.Note), n.ExpiresAt.UTC().Truncate(time.Millisecond)
	if n.ToMs >= g.Recording.DurationMs {
		n.ToMs = 0
	}
	switch {
	case !n.ExpiresAt.After(now):
		return RecordingShare{}, bad.With("body.expiresAt", "is in the past")
	case n.ExpiresAt.After(now.Add(shareLasts)):
		return RecordingShare{}, bad.With("body.expiresAt", "at most 90 days from now")
	case n.FromMs >= g.Recording.DurationMs && n.FromMs > 0:
		return RecordingShare{}, bad.With("body.fromMs", "is after the end")
	case n.ToMs > 0 && n.ToMs <= n.FromMs:
		return RecordingShare{}, bad.With("body.toMs", "must be after the beginning")
	case !validText(n.Note, 500):
		return RecordingShare{}, bad.With("body.note", "at most 500 printable characters")
	case n.UserID == p.ID:
		return RecordingShare{}, bad.With("body.userId", "must be somebody else")
	}
	users, err := s.People.Users(ctx, []string{n.UserID})
	if err != nil {
		return RecordingShare{}, err
	}
	user, ok := users[n.UserID]
	if !ok || user.Role == auth.Client {
		return RecordingShare{}, bad.With("body.userId", "must be a member of staff")
	}
	r := shareRow{
		ID: rand.Text(), RecordingID: id, UserID: n.UserID, UserName: user.Name, FromMs: n.FromMs, ToMs: n.ToMs,
		Note: n.Note, CreatedBy: p.ID, CreatedAt: now, ExpiresAt: n.ExpiresAt,
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Lock(ctx, "shares of "+id); err != nil {
			return err
		}
		count, err := tx.NewSelect().Model((*shareRow)(nil)).Where("s.recording_id = ?", id).
			Where("s.revoked_at IS NULL").Where("s.expires_at > ?", now).Count(ctx)
		if err != nil {
			return fmt.Errorf("count shares: %w", err)
		}
		if count >= maxShares {
			return fault.New(fault.Conflict, "too_many_shares", "This recording is shared with as many as it can be.")
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return fmt.Errorf("write share: %w", err)
		}
		if r.ranged() {
			if err := s.Jobs.Enqueue(ctx, tx, JobCut, Due{Recording: id, Part: r.ID}, job.EnqueueOptions{}); err != nil {
				return err
			}
		}
		return tx.Emit(ctx, event.RecordingShared{
			Recording: id, Share: r.ID, User: r.UserID, FromMs: r.FromMs, ToMs: r.ToMs, ExpiresAt: r.ExpiresAt, By: p.ID, At: now,
		})
	})
	return viewShare(r), err
}

// Shares lists with whom a recording is, or was, shared.
func (s *Service) Shares(ctx context.Context, p auth.Principal, id string) ([]RecordingShare, error) {
	if _, err := s.owned(ctx, p, id); err != nil {
		return nil, err
	}
	var rows []shareRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("s.recording_id = ?", id).OrderExpr("s.created_at, s.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	out := make([]RecordingShare, len(rows))
	for i, r := range rows {
		out[i] = viewShare(r)
	}
	return out, nil
}

// Unshare ends a share. Ending it again is no error.
func (s *Service) Unshare(ctx context.Context, p auth.Principal, id, share string) error {
	if _, err := s.owned(ctx, p, id); err != nil {
		return err
	}
	err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var r shareRow
		err := tx.NewSelect().Model(&r).Where("s.id = ? AND s.recording_id = ?", share, id).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return errNotFound()
		}
		if err != nil || !r.RevokedAt.IsZero() {
			return err
		}
		r.RevokedAt = s.now()
		if _, err := tx.NewUpdate().Model(&r).WherePK().Column("revoked_at").Exec(ctx); err != nil {
			return fmt.Errorf("end share: %w", err)
		}
		return tx.Emit(ctx, event.RecordingShareRevoked{Recording: id, Share: share, User: r.UserID, By: p.ID, At: r.RevokedAt})
	})
	if err != nil {
		return err
	}
	return s.dropCut(ctx, id, share)
}

// sharesWith are the shares in force of somebody, by recording: the widest of
// several.
func (s store) sharesWith(ctx context.Context, user string, now time.Time, recordings ...string) (map[string]shareRow, error) {
	var rows []shareRow
	err := s.db.Read().NewSelect().Model(&rows).Where("s.user_id = ?", user).Where("s.recording_id IN (?)", bun.List(recordings)).
		Where("s.revoked_at IS NULL").Where("s.expires_at > ?", now).OrderExpr("s.created_at, s.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	out := map[string]shareRow{}
	for _, r := range rows {
		r.ExpiresAt = r.ExpiresAt.UTC()
		have, ok := out[r.RecordingID]
		if !ok || have.ranged() && (!r.ranged() || r.CreatedAt.After(have.CreatedAt)) {
			out[r.RecordingID] = r
		}
	}
	return out, nil
}

// shareCut reports whether the files of a share are there.
func (s store) shareCut(ctx context.Context, id string) (bool, error) {
	return s.db.Read().NewSelect().Model((*shareRow)(nil)).Where("s.id = ?", id).Where("s.cut_at IS NOT NULL").Exists(ctx)
}

func cutName(share, track string) string { return "share-" + share + "-" + track }

// CutDue makes the files of a share that has a range. A video begins with its
// first key frame in the range, never before it.
func (s *Service) CutDue(ctx context.Context, d Due) error {
	var r shareRow
	err := s.DB.Read().NewSelect().Model(&r).Where("s.id = ? AND s.recording_id = ?", d.Part, d.Recording).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !r.RevokedAt.IsZero() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read share: %w", err)
	}
	rec, err := s.store.get(ctx, s.DB.Read(), d.Recording)
	if err != nil || rec.State != Ready {
		return notIfAbsent(err)
	}
	key, err := s.Keys.Get(d.Recording)
	if err != nil {
		return err
	}
	tracks, err := s.store.tracks(ctx, d.Recording, "")
	if err != nil {
		return err
	}
	to := r.ToMs
	if to == 0 {
		to = rec.DurationMs
	}
	var made []trackRow
	for _, t := range tracks {
		from, until := r.FromMs-t.StartMs, to-t.StartMs
		cut, err := s.cutTrack(ctx, key, t, cutName(r.ID, t.ID), ms(from), ms(until))
		if err != nil {
			return fmt.Errorf("cut track %s for a share: %w", t.ID, err)
		}
		if cut != nil {
			cut.ShareID = r.ID
			made = append(made, *cut)
		}
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.store.setTracks(ctx, tx, d.Recording, r.ID, made); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*shareRow)(nil)).Set("cut_at = ?", s.now()).Where("id = ?", r.ID).Exec(ctx)
		return err
	})
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// cutTrack writes the frames of a track in a range as a file of their own, in
// two passes and bounded memory. It returns nil if there are none.
func (s *Service) cutTrack(ctx context.Context, key blob.Key, t trackRow, name string, from, to time.Duration) (_ *trackRow, err error) {
	o, err := final.OpenTrack(ctx, s.Store, key, t.RecordingID, t.ID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	first := time.Duration(-1)
	each := func(do func(at time.Duration, b webm.Block) error) error {
		begun := false
		for b, err := range webm.Blocks(io.NewSectionReader(o, 0, o.Size())) {
			if err != nil {
				return err
			}
			if b.At < from || !begun && t.Kind == "video" && !b.Key {
				continue
			}
			if b.At > to {
				return nil
			}
			if !begun {
				begun, first = true, b.At
			}
			if err := do(b.At-first, b); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	}
	plan := webm.NewPlan(webm.Track{Codec: t.Codec, Width: t.Width, Height: t.Height})
	err = each(func(at time.Duration, b webm.Block) error { plan.Add(0, at, b.Key, b.Payload); return nil })
	if err != nil || first < 0 {
		return nil, err
	}
	if err := plan.Err(); err != nil {
		return nil, err
	}
	w, err := final.CreateExport(ctx, s.Store, key, t.RecordingID, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Abort()) }() // nothing after Commit
	counted := &counter{w: w}
	file, err := webm.NewWriter(counted, plan)
	if err != nil {
		return nil, err
	}
	if err := each(func(at time.Duration, b webm.Block) error { return file.Frame(0, at, b.Key, b.Payload) }); err != nil {
		return nil, err
	}
	if err := errors.Join(file.Close(), w.Commit()); err != nil {
		return nil, err
	}
	cut := t
	cut.MIME, cut.Bytes = plan.MIME(), counted.n
	cut.StartMs, cut.DurationMs = t.StartMs+first.Milliseconds(), plan.Duration().Milliseconds()
	cut.Width, cut.Height = plan.Dimensions(0)
	return &cut, nil
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// dropCut removes the files of a share.
func (s *Service) dropCut(ctx context.Context, recording, share string) error {
	tracks, err := s.store.tracks(ctx, recording, share)
	if err != nil {
		return err
	}
	for _, t := range tracks {
		if err := s.Store.Delete(ctx, final.ExportName(recording, cutName(share, t.ID))); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.store.setTracks(ctx, tx, recording, share, nil)
	})
}
