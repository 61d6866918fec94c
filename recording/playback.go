package recording

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/recording/final"
)

// Watching. Somebody opens a play, which names its tracks; each request for
// their bytes is judged anew and must belong to a play whose player reports what
// it shows. A play that takes bytes and does not report is refused.
const (
	playLasts    = 12 * time.Hour
	reportWithin = 30 * time.Second
)

type playRow struct {
	bun.BaseModel `bun:"table:recording_plays,alias:y"`

	ID          string `bun:",pk"`
	RecordingID string
	Identity    string
	Name        string
	Role        string
	ShareID     string
	FromMs      int64
	ToMs        int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

type watchedRow struct {
	bun.BaseModel `bun:"table:recording_watched,alias:w"`

	ID          int64 `bun:",pk,autoincrement"`
	RecordingID string
	PlayID      string
	Identity    string
	FromMs      int64
	ToMs        int64
	FirstAt     time.Time
	LastAt      time.Time
}

// playing is a play that is being watched, in memory.
type playing struct {
	row    playRow
	served time.Time // first bytes since the last report
}

// Play is a recording opened to be watched.
type Play struct {
	ID        string      `json:"id"`
	ExpiresAt time.Time   `json:"expiresAt"`
	FromMs    int64       `json:"fromMs"`
	ToMs      int64       `json:"toMs"`
	Tracks    []PlayTrack `json:"tracks"`
}

// PlayTrack is one track of a play. Its own time begins at 0; StartMs places it.
type PlayTrack struct {
	ID         string `json:"id"`
	Person     string `json:"person"`
	Source     string `json:"source" enum:"camera,microphone,screen,screen-audio"`
	Kind       string `json:"kind" enum:"audio,video"`
	MIME       string `json:"mime"`
	StartMs    int64  `json:"startMs"`
	DurationMs int64  `json:"durationMs"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	URL        string `json:"url"`
}

// visibleTracks are the tracks a grant covers: those cut for a share that has a
// range, without those of who took back their consent.
func (s *Service) visibleTracks(ctx context.Context, g Grant) ([]trackRow, error) {
	tracks, err := s.store.tracks(ctx, g.Recording.ID, s.cutOf(g))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(tracks, func(t trackRow) bool { return slices.Contains(g.Hidden, t.Person) }), nil
}

// cutOf names the share whose own files a grant watches; none if it watches the
// whole.
func (s *Service) cutOf(g Grant) string {
	if g.Level == Comment && (g.FromMs > 0 || g.ToMs < g.Recording.DurationMs) {
		return g.Share
	}
	return ""
}

// OpenPlay opens a recording to be watched by p.
func (s *Service) OpenPlay(ctx context.Context, p auth.Principal, id string) (Play, error) {
	g, err := s.Access(ctx, p, id)
	if err == nil {
		err = g.watchable()
	}
	if err != nil {
		return Play{}, err
	}
	tracks, err := s.visibleTracks(ctx, g)
	if err != nil {
		return Play{}, err
	}
	if share := s.cutOf(g); share != "" {
		if ready, err := s.store.shareCut(ctx, share); err != nil || !ready {
			return Play{}, errors.Join(err, errSharePreparing())
		}
	}
	now := s.now()
	y := playRow{
		ID: rand.Text(), RecordingID: id, Identity: p.ID, Name: p.Name, Role: string(p.Role), ShareID: g.Share,
		FromMs: g.FromMs, ToMs: g.ToMs, CreatedAt: now, ExpiresAt: now.Add(playLasts),
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.NewInsert().Model(&y).Exec(ctx); err != nil {
			return fmt.Errorf("write play: %w", err)
		}
		return tx.Emit(ctx, event.RecordingViewed{
			Recording: id, Play: y.ID, Identity: p.ID, Share: g.Share, Ranges: []event.WatchedRange{}, At: now,
		})
	})
	if err != nil {
		return Play{}, err
	}
	play := Play{ID: y.ID, ExpiresAt: y.ExpiresAt, FromMs: g.FromMs, ToMs: g.ToMs, Tracks: []PlayTrack{}}
	for _, t := range tracks {
		play.Tracks = append(play.Tracks, PlayTrack{
			ID: t.ID, Person: t.Person, Source: t.Source, Kind: t.Kind, MIME: t.MIME, StartMs: t.StartMs, DurationMs: t.DurationMs,
			Width: t.Width, Height: t.Height, URL: "/api/v1/recordings/" + id + "/tracks/" + t.ID + "/media?play=" + y.ID,
		})
	}
	return play, nil
}

func errSharePreparing() error {
	return fault.New(fault.Conflict, "share_preparing", "What was shared with you is being prepared. Please try again.").After(time.Second)
}

// playOf finds a play of somebody, remembered while it is watched.
func (s *Service) playOf(ctx context.Context, p auth.Principal, recording, id string) (*playing, error) {
	s.mu.Lock()
	y := s.plays[id]
	s.mu.Unlock()
	if y == nil {
		y = &playing{}
		err := s.DB.Read().NewSelect().Model(&y.row).Where("y.id = ?", id).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, errNotFound()
		}
		if err != nil {
			return nil, fmt.Errorf("read play: %w", err)
		}
	}
	if y.row.RecordingID != recording || y.row.Identity != p.ID {
		return nil, errNotFound()
	}
	if !s.now().Before(y.row.ExpiresAt) {
		return nil, fault.New(fault.Gone, "play_expired", "Please open the recording again.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.plays[id]; have != nil {
		return have, nil
	}
	s.plays[id] = y
	return y, nil
}

// forgetPlays drops plays whose time is over.
func (s *Service) forgetPlays() {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, y := range s.plays {
		if !now.Before(y.row.ExpiresAt) {
			delete(s.plays, id)
		}
	}
}

// serving notes that a play takes bytes, and refuses one that does not report.
func (s *Service) serving(y *playing) error {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if y.served.IsZero() {
		y.served = now
	}
	if now.Sub(y.served) > reportWithin {
		return fault.New(fault.Conflict, "report_watching", "The player has to report what is watched.")
	}
	return nil
}

// maxRanges is how many stretches one report may have: a player sends one every
// five seconds.
const maxRanges = 100

// Watched notes what a play showed. Who paused reports nothing, and has reported.
func (s *Service) Watched(ctx context.Context, p auth.Principal, recording, play string, ranges []event.WatchedRange) error {
	g, err := s.Access(ctx, p, recording)
	if err == nil {
		err = g.watchable()
	}
	if err != nil {
		return err
	}
	y, err := s.playOf(ctx, p, recording, play)
	if err != nil {
		return err
	}
	bad := fault.New(fault.Invalid, "invalid", "Some values are not valid.")
	if len(ranges) > maxRanges {
		return bad.With("body.ranges", "too many")
	}
	const slack = 1000 // players round
	for i, w := range ranges {
		if w.FromMs < y.row.FromMs-slack || w.ToMs < w.FromMs || w.ToMs > y.row.ToMs+slack {
			return bad.With(fmt.Sprintf("body.ranges[%d]", i), "is outside of what may be watched")
		}
	}
	now := s.now()
	if len(ranges) > 0 {
		err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, w := range ranges {
				if err := s.store.watched(ctx, tx, y.row, w, now); err != nil {
					return err
				}
			}
			return tx.Emit(ctx, event.RecordingViewed{
				Recording: recording, Play: play, Identity: p.ID, Share: y.row.ShareID, Ranges: ranges, At: now,
			})
		})
		if err != nil {
			return err
		}
	}
	s.mu.Lock()
	y.served = time.Time{}
	s.mu.Unlock()
	return nil
}

// watched appends a stretch, or lengthens the newest one of the play by it.
func (s store) watched(ctx context.Context, tx *db.Tx, y playRow, w event.WatchedRange, now time.Time) error {
	const joint = 500 // ms between reports that follow each other
	res, err := tx.NewUpdate().Model((*watchedRow)(nil)).Set("to_ms = ?, last_at = ?", w.ToMs, now).
		Where("id = (SELECT MAX(id) FROM recording_watched WHERE play_id = ?)", y.ID).
		Where("to_ms BETWEEN ? AND ?", w.FromMs-joint, w.FromMs+joint).Where("to_ms <= ?", w.ToMs).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write what was watched: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	row := &watchedRow{
		RecordingID: y.RecordingID, PlayID: y.ID, Identity: y.Identity, FromMs: w.FromMs, ToMs: w.ToMs, FirstAt: now, LastAt: now,
	}
	if _, err := tx.NewInsert().Model(row).ExcludeColumn("id").Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("write what was watched: %w", err)
	}
	return nil
}

// Viewer is somebody who watched, and what.
type Viewer struct {
	Identity string               `json:"identity"`
	Name     string               `json:"name"`
	Role     string               `json:"role" enum:"client,therapist,moderator,admin"`
	FirstAt  time.Time            `json:"firstAt"`
	LastAt   time.Time            `json:"lastAt"`
	Seconds  int64                `json:"seconds" doc:"Of the recording that were seen at least once"`
	Ranges   []event.WatchedRange `json:"ranges"`
}

// Viewers lists who watched a recording: to whom it belongs, to who was in it,
// and to admins.
func (s *Service) Viewers(ctx context.Context, p auth.Principal, id string) ([]Viewer, error) {
	g, err := s.Access(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if g.Level == Comment {
		return nil, errForbidden()
	}
	var plays []playRow
	if err := s.DB.Read().NewSelect().Model(&plays).Where("y.recording_id = ?", id).OrderExpr("y.created_at, y.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read plays: %w", err)
	}
	var rows []watchedRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("w.recording_id = ?", id).OrderExpr("w.from_ms, w.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read what was watched: %w", err)
	}
	out := []Viewer{}
	find := func(identity string) *Viewer {
		i := slices.IndexFunc(out, func(v Viewer) bool { return v.Identity == identity })
		if i < 0 {
			out = append(out, Viewer{Identity: identity, Ranges: []event.WatchedRange{}})
			i = len(out) - 1
		}
		return &out[i]
	}
	seen := func(v *Viewer, first, last time.Time) {
		if v.FirstAt.IsZero() || first.Before(v.FirstAt) {
			v.FirstAt = first.UTC()
		}
		if last.After(v.LastAt) {
			v.LastAt = last.UTC()
		}
	}
	for _, y := range plays {
		v := find(y.Identity)
		v.Name, v.Role = y.Name, y.Role
		seen(v, y.CreatedAt, y.CreatedAt)
	}
	for _, w := range rows {
		v := find(w.Identity)
		seen(v, w.FirstAt, w.LastAt)
		v.Ranges = merge(v.Ranges, event.WatchedRange{FromMs: w.FromMs, ToMs: w.ToMs})
	}
	for i := range out {
		total := int64(0)
		for _, w := range out[i].Ranges {
			total += w.ToMs - w.FromMs
		}
		out[i].Seconds = (total + 500) / 1000
	}
	return out, nil
}

// merge adds a stretch to those before it, which begin no later.
func merge(list []event.WatchedRange, w event.WatchedRange) []event.WatchedRange {
	if n := len(list); n > 0 && w.FromMs <= list[n-1].ToMs {
		list[n-1].ToMs = max(list[n-1].ToMs, w.ToMs)
		return list
	}
	return append(list, w)
}

// media answers ranges of a track (RFC 9110 §14), for GET and HEAD.
func (s *Service) media(c *gin.Context) {
	w, r := c.Writer, c.Request
	p, _ := auth.From(r.Context())
	o, mime, err := s.openMedia(r.Context(), p, c.Param("recording"), c.Param("track"), r.URL.Query().Get("play"))
	if err != nil {
		api.WriteProblem(w, r, err)
		return
	}
	defer o.Close()
	bound(r.Header)
	serve(w, r, o, mime, "")
}

// stretch is the most one answer holds of a track. A browser has six
// connections to an HTTP/1 server and keeps one open for each file it has
// buffered enough of: three people with camera and microphone would take them
// all, and leave none for the player's reports. Ended answers free theirs, and
// each next one is judged anew.
const stretch = 1 << 20

// bound shortens a single range to a stretch. RFC 9110 (15.3.7) lets a server
// send less than was asked for; players ask for what follows.
func bound(h http.Header) {
	first, last, ok := strings.Cut(strings.TrimPrefix(h.Get("Range"), "bytes="), "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if !ok || err != nil || from < 0 || from > math.MaxInt64-stretch {
		return // none, several, or a suffix
	}
	end := from + stretch - 1
	if to, err := strconv.ParseInt(last, 10, 64); last != "" && (err != nil || to < end) {
		return // short already, or for ServeContent to refuse
	}
	h.Set("Range", fmt.Sprintf("bytes=%d-%d", from, end))
}

// openMedia finds the bytes of a track for one who may see them now.
func (s *Service) openMedia(ctx context.Context, p auth.Principal, recording, track, play string) (blob.Object, string, error) {
	g, err := s.Access(ctx, p, recording)
	if err == nil {
		err = g.watchable()
	}
	if err != nil {
		return nil, "", err
	}
	y, err := s.playOf(ctx, p, recording, play)
	if err != nil {
		return nil, "", err
	}
	cut := s.cutOf(g)
	t, err := s.store.track(ctx, recording, cut, track)
	if err != nil {
		return nil, "", err
	}
	if slices.Contains(g.Hidden, t.Person) || y.row.ShareID != g.Share {
		return nil, "", errNotFound()
	}
	if err := s.serving(y); err != nil {
		return nil, "", err
	}
	key, err := s.Keys.Get(recording)
	if err != nil {
		return nil, "", err
	}
	var o blob.Object
	if cut != "" {
		o, err = final.OpenExport(ctx, s.Store, key, recording, cutName(cut, track))
	} else {
		o, err = final.OpenTrack(ctx, s.Store, key, recording, track)
	}
	if err != nil {
		return nil, "", s.storeFault(err)
	}
	return o, container(t.MIME), nil
}

// storeFault says in a caller's words what a store refused. Media that does not
// authenticate is never handed out.
func (s *Service) storeFault(err error) error {
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return errNotFound()
	case errors.Is(err, blob.ErrDamaged):
		s.Log.Error("stored media is damaged", "error", err)
		return fault.New(fault.Gone, "recording_damaged", "This file was damaged or altered on disk, and is not shown.")
	}
	return err
}

// container is a media type without its codecs: what a file is served as.
func container(mime string) string {
	for i, c := range mime {
		if c == ';' {
			return mime[:i]
		}
	}
	return mime
}

// serve answers with the bytes of an object, never to be kept.
func serve(w http.ResponseWriter, r *http.Request, o blob.Object, mime, file string) {
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	if file != "" {
		h.Set("Content-Disposition", `attachment; filename="`+file+`"`)
	}
	api.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(o, 0, o.Size()))
}
