package recording

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
	"mentara/recording/final"
)

// Exports are standard files that leave this server: made by a job, sealed until
// they are fetched, gone after a day.
const (
	exportLasts = 24 * time.Hour
	maxExports  = 5 // of one recording at a time
)

type exportRow struct {
	bun.BaseModel `bun:"table:recording_exports,alias:e"`

	ID          string `bun:",pk"`
	RecordingID string
	Kind        string
	State       string
	Progress    int
	Bytes       int64
	MIME        string `bun:"mime"`
	File        string
	Failure     string
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// RecordingExport is a copy in the making, or ready to be fetched.
type RecordingExport struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"tracks,combined" doc:"A ZIP of the tracks, or one video of all"`
	State     string    `json:"state" enum:"waiting,running,ready,failed"`
	Progress  int       `json:"progress" doc:"Percent"`
	Bytes     int64     `json:"bytes"`
	File      string    `json:"file" doc:"Suggested name"`
	Failure   string    `json:"failure,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func viewExport(r exportRow) RecordingExport {
	return RecordingExport{
		ID: r.ID, Kind: r.Kind, State: r.State, Progress: r.Progress, Bytes: r.Bytes, File: r.File, Failure: r.Failure,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
}

// exportable is a recording p may make copies of.
func (s *Service) exportable(ctx context.Context, p auth.Principal, id string) error {
	g, err := s.owned(ctx, p, id)
	if err == nil {
		err = g.watchable()
	}
	if err == nil && len(g.Hidden) > 0 {
		err = fault.New(fault.Conflict, "review_withdrawn", "Somebody in this recording has taken back that it may be watched, so it cannot be copied.")
	}
	return err
}

// Export begins a copy.
func (s *Service) Export(ctx context.Context, p auth.Principal, id, kind string) (RecordingExport, error) {
	if err := s.exportable(ctx, p, id); err != nil {
		return RecordingExport{}, err
	}
	if kind == "combined" {
		if _, err := exec.LookPath("ffmpeg"); err != nil {
			return RecordingExport{}, fault.New(fault.NotImplemented, "no_ffmpeg", "One video of all needs ffmpeg on the server. The tracks can be exported without it.")
		}
	}
	if disk, err := s.disk(minStart); err != nil {
		return RecordingExport{}, err
	} else if disk == DiskFull {
		return RecordingExport{}, fault.New(fault.Full, "storage_full", "The server has no room left for a copy.")
	}
	now := s.now()
	r := exportRow{
		ID: rand.Text(), RecordingID: id, Kind: kind, State: "waiting", CreatedBy: p.ID, CreatedAt: now, ExpiresAt: now.Add(exportLasts),
		MIME: "application/zip", File: "recording-" + now.Format("2006-01-02") + ".zip",
	}
	if kind == "combined" {
		r.MIME, r.File = "video/webm", "recording-"+now.Format("2006-01-02")+".webm"
	}
	err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Lock(ctx, "exports of "+id); err != nil {
			return err
		}
		count, err := tx.NewSelect().Model((*exportRow)(nil)).Where("e.recording_id = ?", id).Count(ctx)
		if err != nil {
			return fmt.Errorf("count exports: %w", err)
		}
		if count >= maxExports {
			return fault.New(fault.Conflict, "too_many_exports", "Please remove one of the copies first.")
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		if err := s.Jobs.Enqueue(ctx, tx, JobExport, Due{Recording: id, Part: r.ID}, job.EnqueueOptions{}); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingExported{Recording: id, Export: r.ID, Format: kind, By: p.ID, At: now})
	})
	return viewExport(r), err
}

// ExportDue makes a copy. A failure is told to who asked for it.
func (s *Service) ExportDue(ctx context.Context, d Due) error {
	r, err := s.store.export(ctx, d.Recording, d.Part)
	if err != nil || r.State == "ready" {
		return notIfAbsent(err)
	}
	key, err := s.Keys.Get(d.Recording)
	if err != nil {
		return s.exported(ctx, r, "failed", "the recording has been erased")
	}
	r.State = "running"
	if err := s.saveExport(ctx, r, "state"); err != nil {
		return err
	}
	w, err := final.CreateExport(ctx, s.Store, key, d.Recording, r.ID)
	if err != nil {
		return err
	}
	out := &counter{w: w}
	told := time.Time{}
	progress := func(part float64) {
		now := s.Now()
		if percent := int(part * 99); percent > r.Progress && now.Sub(told) >= time.Second {
			r.Progress, told = percent, now
			// Progress is a courtesy: the next one may be written.
			_ = s.saveExport(ctx, r, "progress")
		}
	}
	if r.Kind == "combined" {
		err = final.ExportCombined(ctx, final.CombinedOptions{
			Store: s.Store, Key: key, Recording: d.Recording, Scratch: s.Live, Progress: progress,
		}, out)
	} else {
		err = final.ExportTracks(ctx, s.Store, key, d.Recording, out, progress)
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		if ctx.Err() != nil { // stopped: it is made again
			return errors.Join(err, w.Abort())
		}
		s.Log.Error("export failed", "recording", d.Recording, "export", r.ID, "error", err)
		failure := "the copy could not be made"
		if errors.Is(err, final.ErrNoFFmpeg) {
			failure = "ffmpeg is not installed"
		}
		return errors.Join(s.exported(ctx, r, "failed", failure), w.Abort())
	}
	r.Progress, r.Bytes = 100, out.n
	return s.exported(ctx, r, "ready", "")
}

func (s *Service) exported(ctx context.Context, r *exportRow, state, failure string) error {
	r.State, r.Failure = state, failure
	return s.saveExport(ctx, r, "state", "failure", "progress", "bytes")
}

func (s *Service) saveExport(ctx context.Context, r *exportRow, columns ...string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.NewUpdate().Model(r).WherePK().Column(columns...).Exec(ctx)
		return err
	})
}

// export returns an export of a recording that has not expired, or the
// not-found fault.
func (s store) export(ctx context.Context, recording, id string) (*exportRow, error) {
	r := new(exportRow)
	err := s.db.Read().NewSelect().Model(r).Where("e.id = ? AND e.recording_id = ?", id, recording).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read export: %w", err)
	}
	return r, nil
}

// Exports lists the copies of a recording.
func (s *Service) Exports(ctx context.Context, p auth.Principal, id string) ([]RecordingExport, error) {
	if _, err := s.owned(ctx, p, id); err != nil {
		return nil, err
	}
	var rows []exportRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("e.recording_id = ?", id).OrderExpr("e.created_at, e.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read exports: %w", err)
	}
	out := make([]RecordingExport, len(rows))
	for i, r := range rows {
		out[i] = viewExport(r)
	}
	return out, nil
}

// ExportOf is one copy of a recording.
func (s *Service) ExportOf(ctx context.Context, p auth.Principal, id, export string) (RecordingExport, error) {
	if _, err := s.owned(ctx, p, id); err != nil {
		return RecordingExport{}, err
	}
	r, err := s.store.export(ctx, id, export)
	if err != nil {
		return RecordingExport{}, err
	}
	return viewExport(*r), nil
}

// Unexport removes a copy.
func (s *Service) Unexport(ctx context.Context, p auth.Principal, id, export string) error {
	if _, err := s.owned(ctx, p, id); err != nil {
		return err
	}
	r, err := s.store.export(ctx, id, export)
	if err != nil {
		return err
	}
	return s.dropExport(ctx, r)
}

func (s *Service) dropExport(ctx context.Context, r *exportRow) error {
	if err := s.Store.Delete(ctx, final.ExportName(r.RecordingID, r.ID)); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.NewDelete().Model(r).WherePK().Exec(ctx)
		return err
	})
}

// file answers with a copy, for GET and HEAD.
func (s *Service) file(c *gin.Context) {
	w, r := c.Writer, c.Request
	ctx := r.Context()
	p, _ := auth.From(ctx)
	id := c.Param("recording")
	err := s.exportable(ctx, p, id)
	var e *exportRow
	if err == nil {
		e, err = s.store.export(ctx, id, c.Param("export"))
	}
	if err == nil && e.State != "ready" {
		err = fault.New(fault.Conflict, "export_not_ready", "This copy is not ready.").After(time.Second)
	}
	if err != nil {
		api.WriteProblem(w, r, err)
		return
	}
	key, err := s.Keys.Get(id)
	if err != nil {
		api.WriteProblem(w, r, err)
		return
	}
	o, err := final.OpenExport(ctx, s.Store, key, id, e.ID)
	if err != nil {
		api.WriteProblem(w, r, s.storeFault(err))
		return
	}
	defer o.Close()
	if r.Method == "GET" && r.Header.Get("Range") == "" {
		err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			return tx.Emit(ctx, event.RecordingExported{Recording: id, Export: e.ID, Format: e.Kind, Taken: true, By: p.ID, At: s.now()})
		})
		if err != nil {
			api.WriteProblem(w, r, err)
			return
		}
	}
	serve(w, r, o, e.MIME, e.File)
}

// Taken notes a copy that an operator made on this machine.
func (s *Service) Taken(ctx context.Context, id, format, by string) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Emit(ctx, event.RecordingExported{Recording: id, Format: format, Taken: true, By: by, At: s.now()})
	})
}

// Tidy removes what has expired: copies, and the files of shares that are over.
func (s *Service) Tidy(ctx context.Context) error {
	now := s.now()
	var exports []exportRow
	if err := s.DB.Read().NewSelect().Model(&exports).Where("e.expires_at <= ?", now).Limit(100).Scan(ctx); err != nil {
		return fmt.Errorf("read expired exports: %w", err)
	}
	for i := range exports {
		if err := s.dropExport(ctx, &exports[i]); err != nil {
			return err
		}
	}
	var shares []shareRow
	err := s.DB.Read().NewSelect().Model(&shares).Where("s.cut_at IS NOT NULL").
		Where("s.expires_at <= ? OR s.revoked_at IS NOT NULL", now).
		Where("EXISTS (SELECT 1 FROM recording_tracks t WHERE t.recording_id = s.recording_id AND t.share_id = s.id)").Limit(100).Scan(ctx)
	if err != nil {
		return fmt.Errorf("read shares that are over: %w", err)
	}
	for _, r := range shares {
		if err := s.dropCut(ctx, r.RecordingID, r.ID); err != nil {
			return err
		}
	}
	return final.SweepScratch(s.Live)
}
