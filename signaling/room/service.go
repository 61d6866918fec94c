package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/fault"
	"mentara/internal/job"
)

// People is what a room asks of the practice's accounts.
type People interface {
	// Treats reports whether the therapist treats the client.
	Treats(ctx context.Context, therapist, client string) (bool, error)
	// Users returns those of the ids that are accounts in good standing.
	Users(ctx context.Context, ids []string) (map[string]User, error)
	// CreateGuestLink makes a one-time link to a room and returns its secret.
	CreateGuestLink(ctx context.Context, roomID, createdBy string, ttl time.Duration) (string, error)
}

// User is an account, as far as a room needs it.
type User struct {
	Name string
	Role auth.Role
}

// Publisher is the hub, as far as a room needs it.
type Publisher interface {
	Publish(topic, frameType string, data any)
	Signal(topic, frameType string, data any)
	// Evict ends the subscriptions of all sockets of a person to a topic.
	Evict(topic, principalID string)
}

// Caps bound what rooms may cost this node. Zero fields take the defaults.
type Caps struct {
	Rooms        int           // live at once, 1,000
	Participants int           // in one room, those who wait included, 50
	PerIdentity  int           // seats one identity holds in all rooms, 4
	Prechecks    int           // loopback calls at once, 50
	Early        int           // connections made ahead of a join at once, 100
	SeatGrace    time.Duration // a dropped seat is kept, 30 s
	EndGrace     time.Duration // after its end an empty room stays open, 15 min
}

func (c Caps) withDefaults() Caps {
	for field, value := range map[*int]int{&c.Rooms: 1000, &c.Participants: 50, &c.PerIdentity: 4, &c.Prechecks: 50, &c.Early: 100} {
		if *field <= 0 {
			*field = value
		}
	}
	if c.SeatGrace <= 0 {
		c.SeatGrace = 30 * time.Second
	}
	if c.EndGrace <= 0 {
		c.EndGrace = 15 * time.Minute
	}
	return c
}

// Options are the parts a Service works with.
type Options struct {
	DB      *db.DB
	Hub     Publisher
	Jobs    *job.Queue // New registers the jobs of this area on it
	People  People
	Tokens  *TokenIssuer
	Engines map[string]Engine // by name; "sfu" must be there
	Caps    Caps
	Log     *slog.Logger
	Now     func() time.Time
	// SocketURL is where clients open their WebSocket.
	SocketURL string
	// Recorder is told who is in; nil tells nobody.
	Recorder Recorder
}

// Service is everything that can be asked of rooms. REST and frames are two
// doors to the same methods.
type Service struct {
	store     store
	hub       Publisher
	jobs      *job.Queue
	people    People
	tokens    *TokenIssuer
	engines   map[string]Engine
	caps      Caps
	log       *slog.Logger
	clock     func() time.Time
	socketURL string
	recorder  Recorder

	// mu guards what follows; nothing is waited for while it is held.
	mu       sync.Mutex
	sessions map[string]*session
	claims   map[string]int      // seats by identity
	links    map[string][]string // rooms by the socket that joined them
	closed   bool
	swept    time.Time // when lost stays were last looked for
	precalls precalls
	earlies  earlies
}

// New makes a service. Run must run while it is used.
func New(o Options) *Service {
	s := &Service{
		store: store{o.DB}, hub: o.Hub, jobs: o.Jobs, people: o.People, tokens: o.Tokens,
		engines: o.Engines, caps: o.Caps.withDefaults(), log: o.Log, clock: o.Now, socketURL: o.SocketURL, recorder: o.Recorder,
		sessions: map[string]*session{}, claims: map[string]int{}, links: map[string][]string{}, precalls: newPrecalls(), earlies: newEarlies(),
	}
	if s.recorder == nil {
		s.recorder = noRecorder{}
	}
	s.work(o.Jobs)
	return s
}

// now is the time as rooms keep it: UTC, in the milliseconds that both
// databases and JSON carry.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Run lets time pass for rooms, and ends every session of this node with ctx.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.Tick(ctx)
		case <-ctx.Done():
			s.shutdown()
			return nil
		}
	}
}

// Tick does what is due: seats whose grace ran out, heartbeats, loopback calls
// and early connections that took their time, stays that a dead node left open.
// Run calls it each second.
func (s *Service) Tick(ctx context.Context) {
	now := s.now()
	var wait sync.WaitGroup
	for _, sess := range s.all() {
		wait.Go(func() {
			// errGone: the session ended by itself meanwhile.
			_ = sess.do(ctx, func() { sess.tick(ctx, now) })
		})
	}
	wait.Wait()
	s.endPrecalls(now)
	s.endEarlies(now)
	if s.sweepDue(now) {
		if err := s.store.endLostStays(ctx, now); err != nil && ctx.Err() == nil {
			s.log.Error("lost stays not ended", "error", err)
		}
	}
}

// sweepDue reports whether it is time to look for lost stays: at start, and
// then once per heartbeat.
func (s *Service) sweepDue(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) < heartbeatEvery {
		return false
	}
	s.swept = now
	return true
}

// shutdown lets everybody's stay end in the record, with their admission kept:
// they will be back on the next start of this server.
func (s *Service) shutdown() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	ctx, cancel := background()
	defer cancel()
	var wait sync.WaitGroup
	for _, sess := range s.all() {
		wait.Go(func() { _ = sess.do(ctx, func() { sess.suspend(ctx) }) })
	}
	wait.Wait()
	s.endPrecalls(s.now().Add(precallLasts))
	s.endEarlies(s.now().Add(earlyLasts))
}

func (s *Service) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*session, 0, len(s.sessions))
	for _, sess := range s.sessions {
		list = append(list, sess)
	}
	return list
}

// peek returns the live session of a room, or nil.
func (s *Service) peek(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

// forget takes a session that has ended off the list.
func (s *Service) forget(sess *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[sess.id] == sess {
		delete(s.sessions, sess.id)
	}
}

// in runs f on the live session of a room, which is begun if there is none.
func (s *Service) in(ctx context.Context, id string, f func(*session) error) error {
	for range 8 { // a session may end while the call waits for it
		sess, err := s.session(id)
		if err != nil {
			return err
		}
		var failed error
		switch err := sess.do(ctx, func() { failed = sess.loaded(f) }); {
		case err == nil:
			return failed
		case !errors.Is(err, errGone):
			return err
		}
	}
	return fault.New(fault.Unavailable, "room_busy", "The room is changing. Please try again.").After(time.Second)
}

// inLive is in for what only makes sense when somebody is there. live is false
// when nobody is.
func (s *Service) inLive(ctx context.Context, id string, f func(*session) error) (live bool, err error) {
	sess := s.peek(id)
	if sess == nil {
		return false, nil
	}
	var failed error
	err = sess.do(ctx, func() { failed = sess.loaded(f) })
	if errors.Is(err, errGone) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, failed
}

// session returns the live session of a room, begun if need be.
func (s *Service) session(id string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.sessions[id]; have != nil {
		return have, nil
	}
	switch {
	case s.closed:
		return nil, fault.New(fault.Unavailable, "restarting", "The server restarts. Please try again.").After(retrySoon)
	case len(s.sessions) >= s.caps.Rooms:
		return nil, fault.New(fault.Unavailable, "node_full", "This server carries as many calls as it can. Please try again soon.").After(retrySoon)
	}
	sess := newSession(s, id)
	s.sessions[id] = sess
	go sess.run()
	return sess, nil
}

const retrySoon = 5 * time.Second

// names finds the names of members.
func (s *Service) names(ctx context.Context, members ...[]memberRow) (map[string]RoomPerson, error) {
	ids := map[string]bool{}
	for _, list := range members {
		for _, m := range list {
			ids[m.UserID] = true
		}
	}
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	users, err := s.people.Users(ctx, list)
	if err != nil {
		return nil, fmt.Errorf("names of members: %w", err)
	}
	out := make(map[string]RoomPerson, len(users))
	for id, u := range users {
		out[id] = RoomPerson{ID: id, Name: u.Name}
	}
	return out, nil
}

// clients are the members who are clients of the practice: whom a token may
// stand for without saying so.
func (s *Service) clients(ctx context.Context, members []memberRow) (map[string]bool, error) {
	users, err := s.people.Users(ctx, memberIDs(members))
	if err != nil {
		return nil, fmt.Errorf("roles of members: %w", err)
	}
	out := map[string]bool{}
	for id, u := range users {
		out[id] = u.Role == auth.Client
	}
	return out, nil
}

// find reads a room and what p is to it, and decides a verb.
func (s *Service) find(ctx context.Context, p auth.Principal, id string, v verb) (*row, []memberRow, standing, error) {
	r, members, err := s.store.room(ctx, s.store.db.Read(), id)
	if err != nil {
		return nil, nil, stranger, err
	}
	as := standingOf(p, r, members)
	return r, members, as, permit(v, as, r.stateAt(s.now()))
}
