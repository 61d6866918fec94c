// Package presence tells staff who is there: online, away, in a session, or not
// to be disturbed. It lives in memory and is never stored: when somebody was at
// their desk is nobody's business tomorrow.
//
// Every connection of a user is a device with a state of its own, and stays for
// a grace period after it ends, so that a reload or a lift does not blink.
// Changes are collected and announced a few times a second, as signals on
// presence:<user id>. Clients of the practice see their own presence only.
package presence

import (
	"context"
	"sync"
	"time"
)

// State is how a user is, over all devices.
type State string

// The states, the strongest first.
const (
	InSession    State = "inSession" // the server's to say
	DoNotDisturb State = "doNotDisturb"
	Online       State = "online"
	Away         State = "away"
	Offline      State = "offline"
)

// Values lists the states for clients.
func (State) Values() []string {
	return []string{string(InSession), string(DoNotDisturb), string(Online), string(Away), string(Offline)}
}

// stronger says which of two devices speaks for the user.
func stronger(a, b State) State {
	for _, s := range []State{InSession, DoNotDisturb, Online, Away} {
		if a == s || b == s {
			return s
		}
	}
	return Offline
}

const (
	// Grace is how long an ended connection still counts.
	Grace = 15 * time.Second
	// beat is how often changes are announced: often enough to feel live, rare
	// enough that a flapping phone costs four frames a second at most.
	beat = 250 * time.Millisecond
)

// signaler is what presence needs of the hub.
type signaler interface {
	Signal(topic, frameType string, data any)
}

// Service knows who is there on this node.
type Service struct {
	hub signaler

	mu      sync.Mutex
	users   map[string]*user
	changed map[string]struct{} // to be looked at in the next beat
	leaving []leave             // oldest first: the grace is the same for all
}

type user struct {
	devices   map[string]State // by connection
	inSession bool
	announced State
	since     time.Time // of announced
}

// leave is a connection that has ended and still counts until then.
type leave struct {
	user, device string
	until        time.Time
}

// New makes a service that announces through hub.
func New(hub signaler) *Service {
	return &Service{hub: hub, users: map[string]*user{}, changed: map[string]struct{}{}}
}

// Run announces changes until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, change := range s.collect(now) {
				s.hub.Signal("presence:"+change.User, "presence.changed", change)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// InSession says whether a user is in a session, as room facts tell. It beats
// whatever the devices say.
func (s *Service) InSession(userID string, in bool) {
	s.change(userID, func(u *user) { u.inSession = in })
}

// Of is how a user is right now; changes may not have been announced yet.
func (s *Service) Of(userID string) Presence {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[userID]
	if !ok {
		return Presence{User: userID, State: Offline}
	}
	return presenceOf(userID, u)
}

func presenceOf(id string, u *user) Presence {
	p := Presence{User: id, State: u.state()}
	if p.State == u.announced && p.State != Offline {
		p.Since = u.since
	}
	return p
}

func (u *user) state() State {
	state := Offline
	if u.inSession {
		state = InSession
	}
	for _, device := range u.devices {
		state = stronger(state, device)
	}
	return state
}

func (s *Service) change(userID string, do func(u *user)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[userID]
	if !ok {
		u = &user{devices: map[string]State{}, announced: Offline}
		s.users[userID] = u
	}
	do(u)
	s.changed[userID] = struct{}{}
}

// set notes how a device is; a new one is thereby there.
func (s *Service) set(userID, device string, state State) {
	s.change(userID, func(u *user) { u.devices[device] = state })
}

// end lets a device go after the grace period.
func (s *Service) end(userID, device string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = append(s.leaving, leave{userID, device, now.Add(Grace)})
}

// collect ends what has no grace left and returns what has changed since the
// last announcement.
func (s *Service) collect(now time.Time) []Presence {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.leaving) > 0 && !now.Before(s.leaving[0].until) {
		l := s.leaving[0]
		if s.leaving = s.leaving[1:]; len(s.leaving) == 0 {
			s.leaving = nil
		}
		if u, ok := s.users[l.user]; ok {
			delete(u.devices, l.device)
			s.changed[l.user] = struct{}{}
		}
	}
	var out []Presence
	for id := range s.changed {
		u := s.users[id]
		if state := u.state(); state != u.announced {
			u.announced, u.since = state, now.UTC()
			out = append(out, presenceOf(id, u))
		}
		if len(u.devices) == 0 && !u.inSession {
			delete(s.users, id)
		}
	}
	clear(s.changed)
	return out
}
