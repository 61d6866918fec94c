package recording

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/recording/final"
	"mentara/recording/timeline"
)

// Grant is what somebody may do with a recording now. It is decided anew at
// every request: care, consent and shares end while a page is open.
type Grant struct {
	Recording Recording
	Level     Level
	Share     string // by which, if Level is Comment
	FromMs    int64  // what may be watched
	ToMs      int64
	Hidden    []string // identities who took back that they may be watched
}

// Watches reports whether the grant is one to see media.
func (g Grant) Watches() bool { return g.Level == Full || g.Level == Comment }

// watchable refuses those who may not watch, and what cannot be.
func (g Grant) watchable() error {
	switch {
	case !g.Watches():
		return errForbidden()
	case g.Recording.State == Erased:
		return errErased()
	case g.Recording.State != Ready:
		return errNotReady()
	}
	return nil
}

// Access decides what p may do with a recording. To whoever has no business
// with it, it does not exist.
func (s *Service) Access(ctx context.Context, p auth.Principal, id string) (Grant, error) {
	r, err := s.store.get(ctx, s.DB.Read(), id)
	if err != nil {
		return Grant{}, err
	}
	grants, err := s.judge(ctx, p, []row{*r})
	if err != nil {
		return Grant{}, err
	}
	if len(grants) == 0 {
		return Grant{}, errNotFound()
	}
	return grants[0], nil
}

// judge decides for several recordings, and leaves out those p may not know of.
//
// A host watches while they treat a client who is in the recording and lets it
// be watched; a recording without clients, of colleagues or guests, is its
// hosts'. A colleague watches what was shared with them, until its time. Who was
// in it sees what they decided and who watched. An admin sees that it is there.
func (s *Service) judge(ctx context.Context, p auth.Principal, rows []row) ([]Grant, error) {
	if p.Kind != auth.User && p.Kind != auth.Guest || len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	people, err := s.store.people(ctx, s.DB.Read(), ids...)
	if err != nil {
		return nil, err
	}
	hosts, err := s.store.hosts(ctx, s.DB.Read(), ids...)
	if err != nil {
		return nil, err
	}
	shares, err := s.store.sharesWith(ctx, p.ID, s.now(), ids...)
	if err != nil {
		return nil, err
	}
	var treated []string
	staff := p.Is(auth.Therapist, auth.Moderator, auth.Admin)
	if staff {
		if treated, err = s.People.Clients(ctx, p.ID); err != nil {
			return nil, err
		}
	}
	tags, err := s.Reviews().TagsOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var out []Grant
	for i := range rows {
		r := &rows[i]
		g := Grant{ToMs: r.DurationMs, Recording: view(r, people[r.ID])}
		share, shared := shares[r.ID]
		switch {
		case staff && slices.Contains(hosts[r.ID], p.ID) && watched(people[r.ID], treated):
			g.Level = Full
		case staff && shared:
			g.Level, g.Share, g.FromMs = Comment, share.ID, share.FromMs
			if share.ToMs > 0 {
				g.ToMs = min(share.ToMs, g.ToMs)
			}
			g.Recording.Share = &RecordingShareRef{ID: share.ID, FromMs: g.FromMs, ToMs: g.ToMs, ExpiresAt: share.ExpiresAt}
		case slices.ContainsFunc(people[r.ID], func(o personRow) bool { return o.Identity == p.ID && o.Role != Host }):
			g.Level = Own
		case p.Is(auth.Admin):
			g.Level = Proof
		default:
			continue
		}
		for _, o := range people[r.ID] {
			if !o.Review {
				g.Hidden = append(g.Hidden, o.Identity)
			}
		}
		g.Recording.Access = g.Level
		if g.Watches() { // what was seen in a session is its staff's to know
			g.Recording.Tags = tags[r.ID]
		}
		out = append(out, g)
	}
	return out, nil
}

// watched reports whether one who treats these clients may watch.
func watched(people []personRow, treated []string) bool {
	clients := 0
	for _, o := range people {
		if !o.Client {
			continue
		}
		if clients++; o.Review && slices.Contains(treated, o.Identity) {
			return true
		}
	}
	return clients == 0
}

func view(r *row, people []personRow) Recording {
	v := Recording{
		ID: r.ID, RoomID: r.RoomID, MeetingID: r.MeetingID, Title: r.Title, Kind: r.Kind, State: r.State, Purpose: r.Purpose,
		PolicyVersion: r.PolicyVersion, AskedAt: r.AskedAt, StartedAt: timeOf(r.StartedAt), StoppedAt: timeOf(r.StoppedAt),
		StopReason: r.StopReason, DurationMs: r.DurationMs, Bytes: r.Bytes,
		StartedBy: RecordingUser{ID: r.StartedBy, Name: r.StartedByName}, Host: RecordingUser{ID: r.HostID, Name: r.HostName},
		People: []RecordingPerson{}, Recovered: r.Recovered, LostMs: r.LostMs, Failure: r.Failure, LegalHold: r.LegalHold,
		PurgeAt: timeOf(r.PurgeAt), ErasedAt: timeOf(r.ErasedAt),
	}
	for _, p := range people {
		v.People = append(v.People, RecordingPerson{Identity: p.Identity, Name: p.Name, Role: p.Role, Consent: p.Consent, Review: p.Review})
	}
	return v
}

// Query narrows a list of recordings.
type Query struct {
	From, To time.Time // of asking
	Person   string    // who was in it
	Text     string    // in the title or a name
	Tag      string    // a code on it
	States   []State
	Meeting  string
	Rooms    []string
	After    *mark
	Limit    int
}

// mark is a place in the order of a list.
type mark struct {
	AskedAt time.Time
	ID      string
}

// List returns what p may know of, newest first. next is set when there is more.
func (s *Service) List(ctx context.Context, p auth.Principal, q Query) (items []Recording, next *mark, err error) {
	var treated []string
	if p.Is(auth.Therapist, auth.Moderator, auth.Admin) {
		if treated, err = s.People.Clients(ctx, p.ID); err != nil {
			return nil, nil, err
		}
	}
	var tagged *bun.SelectQuery
	if q.Tag != "" && p.Is(auth.Therapist, auth.Moderator) {
		tagged = s.Reviews().Tagged(q.Tag)
	}
	rows, err := s.store.list(ctx, p, treated, tagged, q, s.now())
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		next = &mark{rows[q.Limit-1].AskedAt, rows[q.Limit-1].ID}
	}
	grants, err := s.judge(ctx, p, rows)
	items = []Recording{}
	for _, g := range grants {
		items = append(items, g.Recording)
	}
	return items, next, err
}

// list is judge in SQL: which recordings somebody may know of.
func (s store) list(ctx context.Context, p auth.Principal, treated []string, tagged *bun.SelectQuery, f Query, now time.Time) ([]row, error) {
	var rows []row
	q := s.db.Read().NewSelect().Model(&rows).OrderExpr("r.asked_at DESC, r.id DESC").Limit(int64(f.Limit) + 1)
	if !p.Is(auth.Admin) {
		q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			q.Where(`EXISTS (SELECT 1 FROM recording_people p WHERE p.recording_id = r.id AND p.identity = ? AND p.role <> 'host')`, p.ID)
			if p.Is(auth.Therapist, auth.Moderator) {
				q.WhereOr(`EXISTS (SELECT 1 FROM recording_shares s WHERE s.recording_id = r.id AND s.user_id = ? AND s.revoked_at IS NULL AND s.expires_at > ?)`, p.ID, now)
				q.WhereOr(`EXISTS (SELECT 1 FROM recording_hosts h WHERE h.recording_id = r.id AND h.user_id = ?) AND (
					NOT EXISTS (SELECT 1 FROM recording_people p WHERE p.recording_id = r.id AND p.client) OR
					EXISTS (SELECT 1 FROM recording_people p WHERE p.recording_id = r.id AND p.client AND p.review AND p.identity IN (?)))`,
					p.ID, bun.List(append([]string{""}, treated...)))
			}
			return q
		})
	}
	if !f.From.IsZero() {
		q.Where("r.asked_at >= ?", f.From.UTC())
	}
	if !f.To.IsZero() {
		q.Where("r.asked_at < ?", f.To.UTC())
	}
	if f.Person != "" {
		q.Where("EXISTS (SELECT 1 FROM recording_people p WHERE p.recording_id = r.id AND p.identity = ?)", f.Person)
	}
	if f.Text != "" {
		like := "%" + likeEscaper.Replace(strings.ToLower(f.Text)) + "%"
		q.Where(`(LOWER(r.title) LIKE ? ESCAPE '\' OR EXISTS (SELECT 1 FROM recording_people p WHERE p.recording_id = r.id AND LOWER(p.name) LIKE ? ESCAPE '\'))`, like, like)
	}
	if tagged != nil {
		q.Where("r.id IN (?)", tagged)
	}
	if len(f.States) > 0 {
		q.Where("r.state IN (?)", bun.List(f.States))
	}
	if len(f.Rooms) > 0 {
		q.Where("r.room_id IN (?)", bun.List(f.Rooms))
	}
	if a := f.After; a != nil {
		q.Where("(r.asked_at < ? OR (r.asked_at = ? AND r.id < ?))", a.AskedAt, a.AskedAt, a.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].utc()
	}
	return rows, nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// All yields every recording p may know of, newest first.
func (s *Service) All(ctx context.Context, p auth.Principal) iter.Seq2[Recording, error] {
	return func(yield func(Recording, error) bool) {
		q := Query{Limit: 100}
		for {
			items, next, err := s.List(ctx, p, q)
			if err != nil {
				yield(Recording{}, err)
				return
			}
			for _, r := range items {
				if !yield(r, nil) {
					return
				}
			}
			if q.After = next; next == nil {
				return
			}
		}
	}
}

// OfMeeting lists the recordings of a meeting.
func (s *Service) OfMeeting(ctx context.Context, p auth.Principal, meeting string) ([]Recording, error) {
	rooms, err := s.Rooms().MeetingRooms(ctx, p, meeting)
	if err != nil {
		return nil, err
	}
	items, _, err := s.List(ctx, p, Query{Rooms: rooms, Limit: 100})
	return items, err
}

// Timeline reads the whole timeline of a finished recording.
func (s *Service) Timeline(ctx context.Context, id string) (timeline.Timeline, error) {
	key, err := s.Keys.Get(id)
	if err != nil {
		return timeline.Timeline{}, err
	}
	return final.LoadTimeline(ctx, s.Store, key, id)
}

// TimelineFor is the timeline as p may see it: cut to what was shared, without
// the media of who took back their consent.
func (s *Service) TimelineFor(ctx context.Context, p auth.Principal, id string) (timeline.Timeline, error) {
	g, err := s.Access(ctx, p, id)
	if err == nil {
		err = g.watchable()
	}
	if err != nil {
		return timeline.Timeline{}, err
	}
	tl, err := s.Timeline(ctx, id)
	if err != nil {
		return timeline.Timeline{}, err
	}
	tracks, err := s.visibleTracks(ctx, g)
	if err != nil {
		return timeline.Timeline{}, err
	}
	return g.cut(tl, tracks), nil
}

// cut leaves of a timeline what the grant covers. Times stay those of the whole
// recording.
func (g Grant) cut(tl timeline.Timeline, tracks []trackRow) timeline.Timeline {
	in := func(from, to int64) bool { return to >= g.FromMs && from <= g.ToMs }
	visible := map[string]bool{"": true}
	list := []timeline.Track{}
	for _, t := range tracks {
		visible[t.ID] = true
		i := slices.IndexFunc(tl.Tracks, func(o timeline.Track) bool { return o.ID == t.ID })
		if i < 0 {
			continue
		}
		o := tl.Tracks[i]
		if t.ShareID != "" {
			o.SHA256 = "" // of another file
		}
		o.StartMs, o.DurationMs, o.Bytes, o.MIME = t.StartMs, t.DurationMs, t.Bytes, t.MIME
		list = append(list, o)
	}
	tl.Tracks = list
	hidden := func(person string) bool { return slices.Contains(g.Hidden, person) }
	levels := []timeline.Levels{}
	for _, l := range tl.Levels {
		if hidden(l.Person) {
			continue
		}
		from := max(0, (g.FromMs-l.StartMs)/l.StepMs)
		to := min(int64(len(l.Data)), (g.ToMs-l.StartMs)/l.StepMs+1)
		if from >= to {
			continue
		}
		levels = append(levels, timeline.Levels{Person: l.Person, StepMs: l.StepMs, StartMs: l.StartMs + from*l.StepMs, Data: l.Data[from:to]})
	}
	tl.Levels = levels
	tl.Events = slices.DeleteFunc(tl.Events, func(e timeline.Event) bool { return !in(e.AtMs, e.AtMs) || !visible[e.Track] })
	tl.Gaps = slices.DeleteFunc(tl.Gaps, func(e timeline.Gap) bool { return !in(e.FromMs, e.ToMs) || !visible[e.Track] })
	tl.Quality = slices.DeleteFunc(tl.Quality, func(e timeline.Quality) bool { return !in(e.AtMs, e.AtMs) || hidden(e.Person) })
	return tl
}

// Consents is the ledger of a recording: all of it to who may watch and to
// admins, one's own to who was in it.
func (s *Service) Consents(ctx context.Context, p auth.Principal, id string) ([]ConsentEntry, error) {
	g, err := s.Access(ctx, p, id)
	if err != nil {
		return nil, err
	}
	identity := ""
	switch g.Level {
	case Own:
		identity = p.ID
	case Comment:
		return nil, errForbidden()
	}
	rows, err := s.store.ledger(ctx, id, identity)
	out := make([]ConsentEntry, len(rows))
	for i, c := range rows {
		out[i] = ConsentEntry{
			Seq: c.Seq, Identity: c.Identity, Name: c.Name, Role: c.Role, Scope: c.Scope, State: c.State,
			Purpose: c.Purpose, PolicyVersion: c.PolicyVersion, At: c.At,
		}
	}
	return out, err
}

// Review takes a decision of somebody who was in a recording about it being
// watched from now on.
func (s *Service) Review(ctx context.Context, p auth.Principal, id string, d Consent) error {
	g, err := s.Access(ctx, p, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(g.Recording.People, func(o RecordingPerson) bool { return o.Identity == p.ID })
	if i < 0 || g.Level != Own {
		return errForbidden()
	}
	if g.Recording.State == Erased {
		return errErased()
	}
	who := g.Recording.People[i]
	if who.Review == (d == Agreed) {
		return nil
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := s.now()
		r, err := s.store.get(ctx, tx, id)
		if err != nil {
			return err
		}
		err = s.store.decided(ctx, tx, consentRow{
			RecordingID: id, Identity: p.ID, Name: who.Name, Role: who.Role, Scope: ScopeReview, State: d,
			Purpose: r.Purpose, PolicyVersion: r.PolicyVersion, At: now,
		})
		if err != nil {
			return err
		}
		if err := s.store.setReview(ctx, tx, id, p.ID, d == Agreed); err != nil {
			return err
		}
		subject, err := s.subjectOf(ctx, tx, r)
		if err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingConsentGiven{
			RecordingSubject: subject, Identity: p.ID, Scope: string(ScopeReview), State: string(d), PolicyVersion: r.PolicyVersion, At: now,
		})
	})
}

// ConsentEntry is one line of the ledger.
type ConsentEntry struct {
	Seq           int64     `json:"seq"`
	Identity      string    `json:"identity"`
	Name          string    `json:"name"`
	Role          Role      `json:"role" enum:"host,participant,guest"`
	Scope         Scope     `json:"scope" enum:"recording,review" doc:"What it is about: being recorded, or being watched later"`
	State         Consent   `json:"state" enum:"wait,agreed,declined,withdrawn"`
	Purpose       string    `json:"purpose"`
	PolicyVersion string    `json:"policyVersion"`
	At            time.Time `json:"at"`
}

// Held, due and erased: what retention asks for.

// Subject is what a fact about a recording says of it, for those who emit one.
func (s *Service) Subject(ctx context.Context, tx *db.Tx, id string) (event.RecordingSubject, error) {
	r, err := s.store.get(ctx, tx, id)
	if err != nil {
		return event.RecordingSubject{}, err
	}
	return s.subjectOf(ctx, tx, r)
}

// SetHold sets or lifts the legal hold, in the transaction of whoever decides.
func (s *Service) SetHold(ctx context.Context, tx *db.Tx, id string, held bool) error {
	return s.store.save(ctx, tx, &row{ID: id, LegalHold: held}, "legal_hold")
}

// SetPurge says when a recording will be erased; zero is never.
func (s *Service) SetPurge(ctx context.Context, tx *db.Tx, id string, at time.Time) error {
	return s.store.save(ctx, tx, &row{ID: id, PurgeAt: at}, "purge_at")
}

// Stored is a finished recording, as retention counts it.
type Stored struct {
	ID, Kind  string
	StoppedAt time.Time
	LegalHold bool
	PurgeAt   time.Time
	Clients   []string // who were in it
}

// StoredBefore lists finished recordings that stopped before a time, oldest
// first; of one kind of session if kind is given.
func (s *Service) StoredBefore(ctx context.Context, before time.Time, kind string, limit int) ([]Stored, error) {
	var rows []row
	q := s.DB.Read().NewSelect().Model(&rows).Where("r.state IN (?)", bun.List([]State{Ready, Failed})).
		Where("r.stopped_at < ?", before.UTC()).OrderExpr("r.stopped_at, r.id").Limit(int64(limit))
	if kind != "" {
		q.Where("r.kind = ?", kind)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	people, err := s.store.people(ctx, s.DB.Read(), ids...)
	if err != nil {
		return nil, err
	}
	out := make([]Stored, len(rows))
	for i, r := range rows {
		r.utc()
		out[i] = Stored{ID: r.ID, Kind: r.Kind, StoppedAt: r.StoppedAt, LegalHold: r.LegalHold, PurgeAt: r.PurgeAt}
		for _, p := range people[r.ID] {
			if p.Client {
				out[i].Clients = append(out[i].Clients, p.Identity)
			}
		}
	}
	return out, nil
}

// Erase removes a recording for good: its key first, after which nothing of it
// can be opened. A legal hold beats it; a live recording is stopped beforehand by
// whoever asks. What stays is that it was, and its ledger. Erasing it again is no
// error, and finishes what a crash cut short.
func (s *Service) Erase(ctx context.Context, id, by, reason string) error {
	r, err := s.store.get(ctx, s.DB.Read(), id)
	if err != nil {
		return err
	}
	switch {
	case r.LegalHold:
		return fault.New(fault.Locked, "legal_hold", "A legal hold keeps this recording.")
	case r.State == Asking || r.State == Live:
		return fault.New(fault.Conflict, "recording_live", "This recording is being made. Please stop it first.")
	}
	if err := final.Erase(ctx, s.Store, s.Keys, s.Live, id); err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// A hold that came meanwhile is too late: the key is gone, and said so.
		r.State, r.ErasedAt, r.Bytes, r.PurgeAt = Erased, s.now(), 0, time.Time{}
		ok, err := s.store.move(ctx, tx, r, []State{Finalising, Ready, Failed, Cancelled}, "erased_at", "bytes", "purge_at")
		if err != nil || !ok {
			return err
		}
		if err := s.store.strip(ctx, tx, id); err != nil {
			return err
		}
		subject, err := s.subjectOf(ctx, tx, r)
		if err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingErased{RecordingSubject: subject, Reason: reason, By: by, At: r.ErasedAt})
	})
	if err == nil {
		s.Log.Info("recording erased", "recording", id)
	}
	return err
}

// strip removes what an erased recording's rows still lead to.
func (s store) strip(ctx context.Context, tx *db.Tx, id string) error {
	for _, model := range []any{(*trackRow)(nil), (*exportRow)(nil), (*playRow)(nil)} {
		if _, err := tx.NewDelete().Model(model).Where("recording_id = ?", id).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
