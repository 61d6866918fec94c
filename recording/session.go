package recording

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/recording/capture"
	"mentara/recording/final"
	"mentara/recording/journal"
	"mentara/recording/timeline"
)

// Timing of a live recording.
const (
	tickEvery  = time.Second
	seenEvery  = 5 * time.Second // the sign of life a crash leaves behind
	emptyAfter = time.Minute     // with nobody in
)

// session is one recording while people are asked or recorded, owned by one
// goroutine. Everything below "owned" is touched only by functions given to do
// and by what run calls. A handler may wait for the database in the middle:
// nobody sees the half of it, and no call waits for it.
type session struct {
	svc     *Service
	log     *slog.Logger
	box     chan func()
	done    chan struct{} // closed when the goroutine has ended
	feed    feed
	written atomic.Int64 // bytes of the journal

	// owned
	row     row
	hosts   []string
	consent *consent
	seats   map[string]*Occupant // by participant
	ledger  []consentRow         // everything decided so far
	unsaved int                  // of its newest entries, how many are not in the database yet
	disk    Disk
	empty   time.Time // since when nobody is in
	ended   string    // why, once it is over and that is not written yet
	endedBy string
	over    bool

	// The file, once it exists.
	writer  *journal.Writer
	start   time.Time       // moment 0, with a monotonic part
	known   map[string]bool // identities the journal has been told of
	inside  map[string]bool // participants the journal says are in
	quality map[string]timeline.Quality
	taps    map[tapKey]*tap
	clocks  map[string]*capture.Clock // by participant
	tracks  trackBook
}

var errGone = errors.New("the recording has ended")

func newSession(svc *Service, r row) *session {
	s := &session{
		svc: svc, log: svc.Log.With("recording", r.ID, "room", r.RoomID), row: r, box: make(chan func(), 64), done: make(chan struct{}),
		consent: newConsent(r.StartedBy), seats: map[string]*Occupant{}, disk: DiskOK,
		known: map[string]bool{}, inside: map[string]bool{}, quality: map[string]timeline.Quality{}, taps: map[tapKey]*tap{},
		clocks: map[string]*capture.Clock{},
	}
	s.feed.ready = make(chan struct{}, 1)
	s.tracks.byKey = map[trackKey]*trackEntry{}
	return s
}

// do runs f on the session's goroutine and waits for it.
func (s *session) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case s.box <- func() { f(); close(ran) }:
	case <-s.done:
		return errGone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-ran:
		return nil
	case <-s.done:
		select { // f may have been the one that ended the session
		case <-ran:
			return nil
		default:
			return errGone
		}
	}
}

// run is the session's goroutine.
func (s *session) run() {
	defer close(s.done)
	defer s.svc.forget(s)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	ctx := context.Background() // what a live recording does has no asker
	s.advance(ctx)
	s.push()
	for !s.over {
		var failed <-chan error
		if s.writer != nil {
			failed = s.writer.Failed()
		}
		select {
		case f := <-s.box:
			f()
		case <-s.feed.ready:
		case <-tick.C:
			s.tick(ctx)
		case err := <-failed:
			s.broken(ctx, err)
		}
		for _, n := range s.feed.take() {
			if !s.over {
				s.hear(ctx, n)
			}
		}
		if !s.over {
			s.sync()
		}
	}
}

// at is now in the recording.
func (s *session) at() time.Duration { return max(s.svc.Now().Sub(s.start), 0) }

func (s *session) subject() event.RecordingSubject {
	var people []string
	for _, p := range s.consent.people {
		if p.role != Guest {
			people = append(people, p.identity)
		}
	}
	return event.RecordingSubject{Recording: s.row.ID, Room: s.row.RoomID, Meeting: s.row.MeetingID, Hosts: s.hosts, People: people}
}

// ask writes that people are asked. It runs before the goroutine does.
func (s *session) ask(ctx context.Context, r Room) error {
	s.hosts = r.Hosts
	var list []subject
	for _, o := range r.Present {
		s.seats[o.Participant] = &o
		if !o.Tool {
			list = append(list, subjectOf(o))
		}
	}
	s.note(s.consent.arrive(list...))
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.svc.store.insert(ctx, tx, &s.row, r.Hosts); err != nil {
			return err
		}
		if err := s.saveDecisions(ctx, tx); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingAsked{
			RecordingSubject: s.subject(), Purpose: s.row.Purpose, PolicyVersion: s.row.PolicyVersion,
			By: s.row.StartedBy, At: s.row.AskedAt,
		})
	})
	if db.IsUnique(err) {
		return errRecording() // on another node
	}
	if err == nil {
		s.unsaved = 0
		s.log.Info("recording asked for", "people", len(list))
	}
	return err
}

func subjectOf(o Occupant) subject {
	return subject{identity: o.Identity, name: o.Name, role: o.Role, client: o.Client}
}

// write commits a change and its facts. The caller may have gone meanwhile: what
// was begun is finished.
func (s *session) write(ctx context.Context, f func(ctx context.Context, tx *db.Tx) error) error {
	return s.svc.DB.Write(context.WithoutCancel(ctx), f)
}

// note appends changes to the ledger in memory.
func (s *session) note(changes []change) {
	now := s.svc.now()
	for _, c := range changes {
		s.ledger = append(s.ledger, consentRow{
			RecordingID: s.row.ID, Identity: c.who.identity, Name: c.who.name, Role: c.who.role, Scope: ScopeRecording,
			State: c.state, Purpose: s.row.Purpose, PolicyVersion: s.row.PolicyVersion, At: now,
		})
	}
	s.unsaved += len(changes)
}

// saveDecisions writes what is not in the ledger of the database yet.
func (s *session) saveDecisions(ctx context.Context, tx *db.Tx) error {
	entries := s.ledger[len(s.ledger)-s.unsaved:]
	if err := s.svc.store.decided(ctx, tx, entries...); err != nil {
		return err
	}
	for _, e := range entries {
		who := s.consent.find(e.Identity)
		err := s.svc.store.putPerson(ctx, tx, personRow{
			RecordingID: s.row.ID, Identity: e.Identity, Name: e.Name, Role: e.Role, Client: who.client, Consent: e.State, Review: true,
		})
		if err != nil {
			return err
		}
		if e.State == Wait {
			continue
		}
		err = tx.Emit(ctx, event.RecordingConsentGiven{
			RecordingSubject: s.subject(), Identity: e.Identity, Scope: string(e.Scope), State: string(e.State),
			PolicyVersion: e.PolicyVersion, At: e.At,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decide is an answer. A withdrawal holds whether or not it can be written: it
// is written as soon as the database is back. An agreement counts once it is.
func (s *session) decide(ctx context.Context, identity string, d Consent) error {
	was := s.consent.snapshot()
	changes, err := s.consent.decide(identity, d)
	if err != nil {
		return err
	}
	suspended := was.state == Live && s.consent.state == Asking
	before, unsaved := len(s.ledger), s.unsaved
	s.note(changes)
	if suspended {
		s.hush(identity)
		s.row.State = Asking
	}
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.saveDecisions(ctx, tx); err != nil || !suspended {
			return err
		}
		if err := s.svc.store.save(ctx, tx, &s.row, "state"); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingSuspended{RecordingSubject: s.subject(), Identity: identity, At: s.svc.now()})
	})
	if err != nil && !suspended {
		s.consent, s.ledger, s.unsaved = was, s.ledger[:before], unsaved
		return err
	}
	if err == nil {
		s.unsaved = 0
	}
	s.journalConsents(s.ledger[before:])
	if suspended && s.writer != nil {
		s.told(s.writer.Event(timeline.Event{AtMs: s.at().Milliseconds(), Type: timeline.Suspended, Person: identity}))
	}
	s.log.Info("consent", "decision", d, "state", s.consent.state)
	s.advance(ctx)
	s.push()
	return err
}

// hush ends all that is written, first of the one who withdrew.
func (s *session) hush(identity string) {
	for _, own := range []bool{true, false} {
		var wait sync.WaitGroup
		for key, t := range s.taps {
			if (t.identity == identity) == own {
				delete(s.taps, key)
				wait.Go(func() { t.end(timeline.Withdrawn) })
			}
		}
		wait.Wait()
	}
}

// advance brings what is written in line with what is agreed.
func (s *session) advance(ctx context.Context) {
	switch {
	case s.ended != "":
		s.told(s.end(ctx, s.ended, s.endedBy))
	case s.consent.over():
		s.told(s.end(ctx, "nobody_agrees", ""))
	case s.consent.state == Live && s.row.State == Asking:
		if err := s.begin(ctx); err != nil {
			s.broken(ctx, err)
			return
		}
		s.sync()
	case s.consent.state == Live:
		s.sync()
	}
}

// begin allows the first byte, or the next one after a suspension. The ledger is
// in the database already.
func (s *session) begin(ctx context.Context) error {
	if s.unsaved > 0 {
		return nil // a withdrawal comes first; tick tries again
	}
	resumed := s.writer != nil
	if !resumed {
		key, err := s.svc.Keys.Create(s.row.ID)
		if err != nil {
			return err
		}
		s.start = s.svc.Now()
		s.row.StartedAt = s.start.UTC().Truncate(time.Millisecond)
		s.writer, err = journal.Create(final.JournalPath(s.svc.Live, s.row.ID), key, journal.Header{
			Recording: s.row.ID, Room: s.row.RoomID, Meeting: s.row.MeetingID, StartedAt: s.row.StartedAt,
		})
		if err != nil {
			return errors.Join(err, s.svc.Keys.Destroy(s.row.ID))
		}
	}
	s.row.State = Live
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.svc.store.save(ctx, tx, &s.row, "state", "started_at"); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingStarted{RecordingSubject: s.subject(), Resumed: resumed, At: s.svc.now()})
	})
	if err != nil {
		return err
	}
	if resumed {
		s.told(s.writer.Event(timeline.Event{AtMs: s.at().Milliseconds(), Type: timeline.Resumed}))
	} else {
		s.journalConsents(s.ledger)
	}
	s.log.Info("recording", "resumed", resumed)
	return nil
}

// journalConsents keeps decisions with the media they are about.
func (s *session) journalConsents(entries []consentRow) {
	if s.writer == nil {
		return
	}
	for _, e := range entries {
		if e.State == Wait {
			continue
		}
		at := e.At.Sub(s.row.StartedAt).Milliseconds()
		s.told(s.writer.Consent(timeline.Consent{
			AtMs: at, Person: e.Identity, State: timeline.ConsentState(e.State), PolicyVersion: e.PolicyVersion,
		}))
	}
}

// told notes an error of the journal that has no asker. What breaks it comes by
// Failed too.
func (s *session) told(err error) {
	if err != nil && !errors.Is(err, journal.ErrBehind) {
		s.log.Warn("not recorded", "error", err)
	}
}

// hear takes in what the room told.
func (s *session) hear(ctx context.Context, n news) {
	switch n.kind {
	case newsPresent:
		s.present(ctx, n)
	case newsMeasured:
		s.measured(n)
	case newsGone:
		s.gone(ctx, n.who.Participant, n.at)
	case newsClosed:
		reason := "restart"
		if n.ended {
			reason = "room_ended"
		}
		s.told(s.end(ctx, reason, ""))
	}
}

func (s *session) present(ctx context.Context, n news) {
	o, known := n.who, s.seats[n.who.Participant]
	s.seats[o.Participant] = &o
	s.empty = time.Time{}
	if known == nil && !o.Tool {
		was := s.consent.snapshot()
		before, unsaved := len(s.ledger), s.unsaved
		s.note(s.consent.arrive(subjectOf(o)))
		if len(s.ledger) > before {
			err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error { return s.saveDecisions(ctx, tx) })
			if err != nil {
				// Asked again when they are next heard of.
				s.consent, s.ledger, s.unsaved = was, s.ledger[:before], unsaved
				delete(s.seats, o.Participant)
				s.log.Error("newcomer not asked", "participant", o.Participant, "error", err)
				return
			}
			s.unsaved = 0
		}
		s.log.Info("newcomer asked", "participant", o.Participant)
	}
	if known != nil && s.consent.records(o.Identity) {
		s.devices(known, &o, n.at)
	}
	recorded := len(s.taps)
	s.advance(ctx)
	if known == nil || recorded != len(s.taps) {
		s.push()
	}
}

// devices marks what somebody switched.
func (s *session) devices(was, is *Occupant, at time.Time) {
	for _, d := range []struct {
		was, is bool
		on, off timeline.EventType
	}{
		{was.Microphone, is.Microphone, timeline.Unmuted, timeline.Muted},
		{was.Camera, is.Camera, timeline.CameraOn, timeline.CameraOff},
		{was.Screen, is.Screen, timeline.ScreenOn, timeline.ScreenOff},
	} {
		if d.was == d.is {
			continue
		}
		kind := d.off
		if d.is {
			kind = d.on
		}
		s.told(s.writer.Event(timeline.Event{AtMs: s.moment(at), Type: kind, Person: is.Identity}))
	}
}

// moment is when something was told, in milliseconds of the recording.
func (s *session) moment(at time.Time) int64 { return max(at.Sub(s.start), 0).Milliseconds() }

// measured marks how well somebody's media arrives, when that changes.
func (s *session) measured(n news) {
	o := s.seats[n.who.Participant]
	if o == nil || !s.consent.records(o.Identity) || s.writer == nil {
		return
	}
	q := timeline.Quality{AtMs: s.moment(n.at), Person: o.Identity, Up: min(max(n.up.Value, 0), 100), Reason: n.up.Reason}
	last, known := s.quality[o.Identity]
	if known && last.Reason == q.Reason && last.Up-q.Up < 5 && q.Up-last.Up < 5 {
		return
	}
	s.quality[o.Identity] = q
	s.told(s.writer.Quality(q))
}

func (s *session) gone(ctx context.Context, participant string, at time.Time) {
	o := s.seats[participant]
	if o == nil {
		return
	}
	delete(s.seats, participant)
	if !s.stillIn(o.Identity) {
		s.consent.depart(o.Identity)
	}
	s.advance(ctx)
	if s.over {
		return
	}
	// Those who left while nothing was written are marked when it goes on.
	if s.consent.state == Live {
		s.leave(participant, o.Identity, at)
	}
	if len(s.seats) == 0 {
		s.empty = s.svc.Now()
	}
	s.push()
}

func (s *session) stillIn(identity string) bool {
	for _, o := range s.seats {
		if o.Identity == identity {
			return true
		}
	}
	return false
}

func (s *session) leave(participant, identity string, at time.Time) {
	if s.inside[participant] {
		delete(s.inside, participant)
		s.told(s.writer.Event(timeline.Event{AtMs: s.moment(at), Type: timeline.Left, Person: identity}))
	}
}

// sync puts taps on what is to be recorded and ends those on what is not.
func (s *session) sync() {
	if s.writer == nil || s.row.State != Live {
		return
	}
	for participant := range s.inside {
		if s.seats[participant] == nil { // left while nothing was written
			s.leave(participant, s.tracks.owner(participant), s.svc.Now())
		}
	}
	wanted := map[tapKey]string{}
	for _, o := range s.seats {
		if o.Tool || !s.consent.records(o.Identity) {
			continue
		}
		s.introduce(o)
		for _, source := range o.Sources {
			wanted[tapKey{o.Participant, source}] = o.Identity
		}
	}
	for key, t := range s.taps {
		if _, ok := wanted[key]; !ok || t.over.Load() {
			delete(s.taps, key)
			t.end(timeline.Mute)
		}
	}
	for key, identity := range wanted {
		if s.taps[key] == nil {
			if t := s.tap(key, identity); t != nil {
				s.taps[key] = t
			}
		}
	}
}

// introduce tells the journal of somebody who agreed.
func (s *session) introduce(o *Occupant) {
	if !s.known[o.Identity] {
		s.known[o.Identity] = true
		s.told(s.writer.Person(timeline.Person{ID: o.Identity, Name: o.Name, Role: timeline.Role(o.Role)}))
	}
	if s.inside[o.Participant] {
		return
	}
	s.inside[o.Participant] = true
	s.tracks.owned(o.Participant, o.Identity)
	at := s.at().Milliseconds()
	events := []timeline.Event{{AtMs: at, Type: timeline.Joined, Person: o.Identity}}
	if !o.Microphone {
		events = append(events, timeline.Event{AtMs: at, Type: timeline.Muted, Person: o.Identity})
	}
	if o.Camera {
		events = append(events, timeline.Event{AtMs: at, Type: timeline.CameraOn, Person: o.Identity})
	}
	if o.Screen {
		events = append(events, timeline.Event{AtMs: at, Type: timeline.ScreenOn, Person: o.Identity})
	}
	for _, e := range events {
		s.told(s.writer.Event(e))
	}
}

// tick is what time does to a recording.
func (s *session) tick(ctx context.Context) {
	now := s.svc.Now()
	if s.unsaved > 0 {
		err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := s.saveDecisions(ctx, tx); err != nil {
				return err
			}
			return s.svc.store.save(ctx, tx, &s.row, "state")
		})
		if err != nil {
			s.log.Error("decisions not written yet", "error", err)
			return
		}
		s.unsaved = 0
	}
	if s.writer != nil {
		s.written.Store(s.writer.Written())
	}
	s.look(ctx)
	if s.over {
		return
	}
	if !s.empty.IsZero() && now.Sub(s.empty) >= emptyAfter {
		s.told(s.end(ctx, "empty", ""))
		return
	}
	taps := len(s.taps)
	s.advance(ctx)
	if s.over {
		return
	}
	if taps != len(s.taps) {
		s.push()
	}
	if now.Sub(s.row.SeenAt) >= seenEvery {
		s.row.SeenAt = s.svc.now()
		if err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.svc.store.save(ctx, tx, &s.row, "seen_at")
		}); err != nil {
			s.log.Warn("sign of life not written", "error", err)
		}
	}
}

// look watches the disk. The recording ends before what is needed to finish it
// is gone; the call does not notice.
func (s *session) look(ctx context.Context) {
	disk, err := s.svc.disk(0)
	if err != nil {
		s.log.Warn("disk not looked at", "error", err)
		return
	}
	was := s.disk
	s.disk = disk
	switch {
	case disk == DiskFull && s.writer != nil:
		s.told(s.end(ctx, "full", ""))
	case disk != was:
		if disk == DiskLow && s.writer != nil && s.row.State == Live {
			s.told(s.writer.Event(timeline.Event{AtMs: s.at().Milliseconds(), Type: timeline.DiskLow}))
		}
		s.push()
	}
}

// broken ends a recording that cannot be written any more.
func (s *session) broken(ctx context.Context, err error) {
	s.log.Error("recording broke", "error", err)
	reason := "failed"
	if fault.Is(err, fault.Full) {
		reason, s.disk = "full", DiskFull
	}
	s.told(s.end(ctx, reason, ""))
}

// end stops the recording, or cancels it if nothing was written. All media ends
// first; if the end cannot be written, it is tried again each second.
func (s *session) end(ctx context.Context, reason, by string) error {
	if s.over {
		return nil
	}
	s.ended, s.endedBy = reason, by
	var wait sync.WaitGroup
	for _, t := range s.taps {
		wait.Go(func() { t.end("") })
	}
	wait.Wait()
	clear(s.taps)
	now := s.svc.now()
	if s.row.StoppedAt.IsZero() {
		s.row.StoppedAt, s.row.StopReason = now, reason
		if s.writer != nil {
			s.row.DurationMs = s.at().Milliseconds()
			s.told(s.writer.Event(timeline.Event{AtMs: s.row.DurationMs, Type: timeline.Stopped, Value: reason}))
			if err := s.writer.Close(); err != nil {
				s.log.Error("journal not closed", "error", err)
			}
		}
	}
	s.row.SeenAt = now
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.saveDecisions(ctx, tx); err != nil {
			return err
		}
		if s.writer == nil {
			s.row.State = Cancelled
			if _, err := s.svc.store.move(ctx, tx, &s.row, []State{Asking, Live}, "stopped_at", "stop_reason"); err != nil {
				return err
			}
			return tx.Emit(ctx, event.RecordingCancelled{RecordingSubject: s.subject(), Reason: reason, By: by, At: now})
		}
		s.row.State = Finalising
		if _, err := s.svc.store.move(ctx, tx, &s.row, []State{Asking, Live}, "stopped_at", "stop_reason", "duration_ms", "seen_at", "started_at"); err != nil {
			return err
		}
		if err := s.svc.enqueueFinal(ctx, tx, s.row.ID); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RecordingStopped{RecordingSubject: s.subject(), Reason: reason, By: by, At: now})
	})
	if err != nil {
		return err
	}
	s.unsaved = 0
	s.over = true
	s.log.Info("recording stopped", "reason", reason, "state", s.row.State)
	s.svc.forget(s)
	s.push()
	return nil
}

// status is the recording as everybody in the room sees it.
func (s *session) status() RecordingStatus {
	st := statusOf(&s.row)
	st.Disk = s.disk
	if s.writer != nil && !s.over {
		st.ElapsedMs = s.at().Milliseconds()
	}
	recorded := map[string]bool{}
	for key := range s.taps {
		recorded[key.participant] = true
	}
	for _, o := range s.seats {
		p := StatusPerson{
			Participant: o.Participant, Identity: o.Identity, Name: o.Name, Role: o.Role, Consent: Declined,
			Recorded: recorded[o.Participant] || s.row.State == Live && s.consent.records(o.Identity),
		}
		if who := s.consent.find(o.Identity); who != nil && !o.Tool {
			p.Consent = who.consent
		}
		st.People = append(st.People, p)
	}
	slices.SortFunc(st.People, func(a, b StatusPerson) int {
		return cmp.Or(cmp.Compare(s.consent.place(a.Identity), s.consent.place(b.Identity)), cmp.Compare(a.Participant, b.Participant))
	})
	return st
}

func statusOf(r *row) RecordingStatus {
	st := RecordingStatus{
		ID: r.ID, State: r.State, Purpose: r.Purpose, PolicyVersion: r.PolicyVersion, PolicyText: r.PolicyText,
		StartedBy: RecordingUser{ID: r.StartedBy, Name: r.StartedByName}, AskedAt: r.AskedAt, StartedAt: timeOf(r.StartedAt),
		ElapsedMs: r.DurationMs, Disk: DiskOK, Reason: r.StopReason, People: []StatusPerson{},
	}
	if r.StopReason == "full" {
		st.Disk = DiskFull
	}
	return st
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// push tells the room how the recording is now.
func (s *session) push() {
	s.svc.Hub.Publish("room:"+s.row.RoomID, "recording.status", RecordingPush{Room: s.row.RoomID, Recording: s.status()})
}
