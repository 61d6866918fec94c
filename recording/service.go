package recording

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/fault"
	"mentara/internal/job"
	"mentara/sfu"
)

// Rooms is what a recording asks of rooms.
type Rooms interface {
	// ForRecording says who is in a room, to one who may record it.
	ForRecording(ctx context.Context, p auth.Principal, room string) (Room, error)
	// MayRecord refuses those who may not.
	MayRecord(ctx context.Context, p auth.Principal, room string) error
	// InRoom says who is in a room, to one of them.
	InRoom(ctx context.Context, p auth.Principal, room string) (Room, error)
	// MeetingRooms are the rooms of a meeting that p may know of.
	MeetingRooms(ctx context.Context, p auth.Principal, meeting string) ([]string, error)
}

// Room is a room to be recorded.
type Room struct {
	ID, Meeting, Title, Kind string
	Host                     RecordingUser
	Hosts                    []string
	Present                  []Occupant
	Asker                    string // participant id of who asks; empty if they are not in
}

// Occupant is somebody who is in a room.
type Occupant struct {
	Participant string // and the id of their peer in the media plane
	Identity    string
	Name        string
	Role        Role
	Client      bool // of the practice
	Tool        bool // cannot answer
	Microphone  bool
	Camera      bool
	Screen      bool
	Sources     []sfu.Source // that arrive
}

// People is what a recording asks of the practice's accounts.
type People interface {
	// Treats reports whether the therapist treats the client now.
	Treats(ctx context.Context, therapist, client string) (bool, error)
	// Clients are those the therapist treats now.
	Clients(ctx context.Context, therapist string) ([]string, error)
	// Users returns those of the ids that are accounts in good standing.
	Users(ctx context.Context, ids []string) (map[string]User, error)
}

// User is an account, as far as a recording needs it.
type User struct {
	Name string
	Role auth.Role
}

// Reviews is what people write beside recordings, as far as a recording shows it.
type Reviews interface {
	// Mark keeps a private bookmark.
	Mark(ctx context.Context, p auth.Principal, recording string, at time.Duration, label string) (RecordingMark, error)
	// TagsOf returns the codes on each of some recordings.
	TagsOf(ctx context.Context, recordings ...string) (map[string][]string, error)
	// Tagged is the query of the ids of recordings that have a code.
	Tagged(code string) *bun.SelectQuery
}

// RecordingMark is a private bookmark.
type RecordingMark struct {
	ID    string `json:"id"`
	AtMs  int64  `json:"atMs"`
	Label string `json:"label"`
}

// Publisher is the hub, as far as a recording needs it.
type Publisher interface {
	Publish(topic, frameType string, data any)
}

// Policy is what people agree to.
type Policy struct {
	Version string
	Text    string
	Purpose string // unless the host names another
}

// Options are the parts a Service works with.
type Options struct {
	DB      *db.DB
	Jobs    *job.Queue // New registers the jobs of this area on it
	Hub     Publisher
	Rooms   func() Rooms // asked when needed: rooms know the recorder in turn
	Reviews func() Reviews
	People  People
	Media   *sfu.Engine
	Store   blob.Store
	Keys    *blob.Keys
	Live    string // directory of what is being recorded
	Policy  Policy
	// MaxLive is how many are recorded at once on this node.
	MaxLive int
	// Space tells how much room the disk of Live has.
	Space func() (free, total uint64, err error)
	// LowAt is the part of the disk below which hosts are warned; Reserve, in
	// bytes, is kept for what is not a recording.
	LowAt   float64
	Reserve uint64
	Log     *slog.Logger
	Now     func() time.Time
}

// Service is recording on this node.
type Service struct {
	Options
	store store

	// mu guards what follows; nothing is waited for while it is held.
	mu     sync.Mutex
	live   map[string]*session // by room
	closed bool
	plays  map[string]*playing
}

// New makes a service. Run must run while it is used.
func New(o Options) *Service {
	s := &Service{Options: o, store: store{o.DB}, live: map[string]*session{}, plays: map[string]*playing{}}
	s.work(o.Jobs)
	return s
}

// now is the time as recordings keep it: UTC, in the milliseconds that both
// databases and JSON carry.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Run takes up what a crash left, lets time pass, and stops every recording of
// this node with ctx.
func (s *Service) Run(ctx context.Context) error {
	if err := s.Recover(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("unfinished recordings not taken up", "error", err)
	}
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.Recover(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("unfinished recordings not taken up", "error", err)
			}
			s.forgetPlays()
		case <-ctx.Done():
			s.shutdown()
			return nil
		}
	}
}

// shutdown stops what is recorded here; the next start finishes it.
func (s *Service) shutdown() {
	s.mu.Lock()
	s.closed = true
	var list []*session
	for _, sess := range s.live {
		list = append(list, sess)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	var wait sync.WaitGroup
	for _, sess := range list {
		wait.Go(func() {
			if err := sess.do(ctx, func() { sess.end(ctx, "restart", "") }); err != nil && !errors.Is(err, errGone) {
				s.Log.Error("recording not stopped in time", "recording", sess.row.ID, "error", err)
			}
		})
	}
	wait.Wait()
}

// Making counts the recordings that are made, or asked for, on this node.
func (s *Service) Making() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

// peek returns the live recording of a room, or nil.
func (s *Service) peek(room string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[room]
}

// reserve makes sess the recording of its room.
func (s *Service) reserve(sess *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return fault.New(fault.Unavailable, "restarting", "The server restarts. Please try again.").After(5 * time.Second)
	case s.live[sess.row.RoomID] != nil:
		return errRecording()
	case len(s.live) >= s.MaxLive:
		return fault.New(fault.Unavailable, "node_full", "This server records as many calls as it can. Please try again soon.").After(30 * time.Second)
	}
	s.live[sess.row.RoomID] = sess
	return nil
}

func errRecording() error {
	return fault.New(fault.Conflict, "already_recording", "This session is being recorded already, or people are being asked.")
}

func errNotRecording() error {
	return fault.New(fault.Conflict, "not_recording", "This session is not being recorded.")
}

func (s *Service) forget(sess *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[sess.row.RoomID] == sess {
		delete(s.live, sess.row.RoomID)
	}
}

// on runs f on the live recording of a room.
func (s *Service) on(ctx context.Context, room string, f func(*session) error) error {
	sess := s.peek(room)
	if sess == nil {
		return errNotRecording()
	}
	var failed error
	err := sess.do(ctx, func() { failed = f(sess) })
	if errors.Is(err, errGone) {
		return errNotRecording()
	}
	return errors.Join(err, failed)
}

// Start asks everybody in a room for their consent to be recorded. The host who
// asks has agreed by asking.
func (s *Service) Start(ctx context.Context, p auth.Principal, room, purpose string) (RecordingStatus, error) {
	purpose = strings.TrimSpace(purpose)
	if !validText(purpose, 200) {
		return RecordingStatus{}, fault.New(fault.Invalid, "invalid", "Some values are not valid.").With("body.purpose", "at most 200 printable characters")
	}
	if purpose == "" {
		purpose = s.Policy.Purpose
	}
	r, err := s.Rooms().ForRecording(ctx, p, room)
	if err != nil {
		return RecordingStatus{}, err
	}
	if r.Asker == "" {
		return RecordingStatus{}, fault.New(fault.Conflict, "not_joined", "Please join the room first.")
	}
	if disk, err := s.disk(minStart); err != nil {
		return RecordingStatus{}, err
	} else if disk == DiskFull {
		return RecordingStatus{}, fault.New(fault.Full, "storage_full", "The server has no room left for a recording.")
	}
	now := s.now()
	sess := newSession(s, row{
		ID: rand.Text(), RoomID: r.ID, MeetingID: r.Meeting, Title: r.Title, Kind: r.Kind, State: Asking, Purpose: purpose,
		PolicyVersion: s.Policy.Version, PolicyText: s.Policy.Text, AskedAt: now, SeenAt: now,
		StartedBy: p.ID, StartedByName: p.Name, HostID: r.Host.ID, HostName: r.Host.Name,
	})
	if err := s.reserve(sess); err != nil {
		return RecordingStatus{}, err
	}
	// From here on the room tells the session who comes and goes; who is in now
	// is asked for once more, so that nobody slips between.
	if r, err = s.Rooms().ForRecording(ctx, p, room); err == nil && r.Asker == "" {
		err = fault.New(fault.Conflict, "not_joined", "Please join the room first.")
	}
	if err == nil {
		err = sess.ask(ctx, r)
	}
	if err != nil {
		close(sess.done)
		s.forget(sess)
		return RecordingStatus{}, err
	}
	go sess.run()
	var status RecordingStatus
	err = sess.do(ctx, func() { status = sess.status() })
	if errors.Is(err, errGone) { // it ended at once: say how
		r, err := s.store.get(ctx, s.DB.Read(), sess.row.ID)
		if err != nil {
			return RecordingStatus{}, err
		}
		return statusOf(r), nil
	}
	return status, err
}

// Stop ends the recording of a room; before its first byte that is to cancel it.
func (s *Service) Stop(ctx context.Context, p auth.Principal, room string) (RecordingStatus, error) {
	if err := s.Rooms().MayRecord(ctx, p, room); err != nil {
		return RecordingStatus{}, err
	}
	var status RecordingStatus
	err := s.on(ctx, room, func(sess *session) error {
		err := sess.end(ctx, "host", p.ID)
		status = sess.status()
		return err
	})
	return status, err
}

// Decide takes the answer of somebody in the room, or their change of mind. When
// it returns from a withdrawal, nothing of theirs is written any more.
func (s *Service) Decide(ctx context.Context, p auth.Principal, room, recording string, d Consent, policyVersion string) (RecordingStatus, error) {
	if _, err := s.Rooms().InRoom(ctx, p, room); err != nil {
		return RecordingStatus{}, err
	}
	var status RecordingStatus
	err := s.on(ctx, room, func(sess *session) error {
		if sess.row.ID != recording {
			return errNotRecording()
		}
		if d == Agreed && policyVersion != sess.row.PolicyVersion {
			return fault.New(fault.Conflict, "policy_changed", "The policy has changed. Please read it and answer again.")
		}
		err := sess.decide(ctx, p.ID, d)
		status = sess.status()
		return err
	})
	return status, err
}

// Status is the live recording of a room, to those who are in it and, without
// its people, to those who are about to come in; nil if there is none.
func (s *Service) Status(ctx context.Context, p auth.Principal, room string) (*RecordingStatus, error) {
	_, err := s.Rooms().InRoom(ctx, p, room)
	outside := fault.Is(err, fault.Conflict) // may come in, and has not yet
	if err != nil && !outside {
		return nil, err
	}
	var status RecordingStatus
	err = s.on(ctx, room, func(sess *session) error {
		status = sess.status()
		return nil
	})
	if outside {
		// Whoever is about to come in learns that it is recorded, and not of whom.
		status.People = []StatusPerson{}
	}
	if fault.Is(err, fault.Conflict) {
		return nil, nil
	}
	return &status, err
}

// Mark bookmarks this moment of a room's live recording for one who may: staff
// who are in.
func (s *Service) Mark(ctx context.Context, p auth.Principal, room, label string) (RecordingMark, error) {
	if !p.Is(auth.Therapist, auth.Moderator, auth.Admin) {
		return RecordingMark{}, errForbidden()
	}
	if _, err := s.Rooms().InRoom(ctx, p, room); err != nil {
		return RecordingMark{}, err
	}
	var id string
	var at time.Duration
	err := s.on(ctx, room, func(sess *session) error {
		if sess.writer == nil {
			return errNotRecording()
		}
		id, at = sess.row.ID, sess.at()
		return nil
	})
	if err != nil {
		return RecordingMark{}, err
	}
	return s.Reviews().Mark(ctx, p, id, at, label)
}

// Disk. minStart is what must be free beyond the reserve to begin.
const minStart = 64 << 20

// disk judges the room there is. What is recorded now will be needed once more
// to finish it.
func (s *Service) disk(wanted uint64) (Disk, error) {
	free, total, err := s.Space()
	if err != nil {
		return DiskOK, fmt.Errorf("free disk: %w", err)
	}
	need := s.Reserve + wanted
	s.mu.Lock()
	for _, sess := range s.live {
		need += uint64(sess.written.Load())
	}
	s.mu.Unlock()
	switch {
	case free < need:
		return DiskFull, nil
	case float64(free) < s.LowAt*float64(total):
		return DiskLow, nil
	}
	return DiskOK, nil
}

// Present, Measured, Gone and Closed are how rooms tell who is there. They only
// leave a note.

// Present tells that somebody is in a room, or changed.
func (s *Service) Present(room string, who Occupant) {
	if sess := s.peek(room); sess != nil {
		sess.feed.push(news{at: s.Now(), kind: newsPresent, who: who})
	}
}

// Measured tells how well somebody's media arrives.
func (s *Service) Measured(room, participant string, up sfu.Score) {
	if sess := s.peek(room); sess != nil {
		sess.feed.push(news{at: s.Now(), kind: newsMeasured, who: Occupant{Participant: participant}, up: up})
	}
}

// Gone tells that somebody is in no longer.
func (s *Service) Gone(room, participant string) {
	if sess := s.peek(room); sess != nil {
		sess.feed.push(news{at: s.Now(), kind: newsGone, who: Occupant{Participant: participant}})
	}
}

// Closed tells that a room ended for good, or with this server.
func (s *Service) Closed(room string, ended bool) {
	if sess := s.peek(room); sess != nil {
		sess.feed.push(news{at: s.Now(), kind: newsClosed, ended: ended})
	}
}

// validText reports whether text is printable and no longer than most runes.
func validText(text string, most int) bool {
	if utf8.RuneCountInString(text) > most || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
