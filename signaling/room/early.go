package room

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/sfu"
)

// Most of what a join waits for is ICE and DTLS, and they need not wait for it.
// A page in the lobby connects ahead: an early leg in the room's media, which
// may neither send nor receive. It is made only for somebody who could come to
// the door now, it belongs to a socket, and whoever holds it is told nothing of
// the room. The next room.join of that socket makes it the seat's leg; being let
// in is what turns media on. It ends with its socket, when its connection fails,
// and by itself after some minutes.
const (
	earlyLasts       = 5 * time.Minute
	earlyPerIdentity = 3  // at once: a page that is reloaded, a second device
	earlyPerAddress  = 30 // at once: a practice behind one address
	earlyEvery       = time.Second
	earlyBurst       = 60
)

// early is one connection made ahead.
type early struct {
	link        Link
	identity    string
	room        string
	participant string // whoever joins with it will be
	leg         Negotiator
	expires     time.Time
	bad         int // guarded by Service.mu

	mu    sync.Mutex
	state string          // of the connection, as last told
	seat  func(sfu.Event) // who hears of it once it is adopted
}

// earlies of this node, by socket. Guarded by Service.mu.
type earlies struct {
	byLink  map[string]*early
	opening map[string]*early // hold the place meanwhile
	tries   tries
}

func newEarlies() earlies {
	return earlies{byLink: map[string]*early{}, opening: map[string]*early{}, tries: newTries(earlyEvery, earlyBurst)}
}

// EarlyOffer negotiates the connection that a socket makes ahead, and begins it
// if there is none for this room.
func (s *Service) EarlyOffer(ctx context.Context, p auth.Principal, link Link, o OfferRequest) (string, error) {
	if err := checkOffer(o.SDP, o.Tracks); err != nil {
		return "", err
	}
	r, err := s.mayPrepare(ctx, p, o.Room)
	if err != nil {
		return "", err
	}
	e, err := s.openEarly(ctx, p, link, r)
	if err != nil {
		return "", err
	}
	answer, err := e.leg.Offer(ctx, o.SDP, o.Tracks)
	s.judgeEarly(e, err)
	return answer, err
}

// EarlyCandidate adds a remote candidate to it.
func (s *Service) EarlyCandidate(link Link, c EarlyCandidate) error {
	s.mu.Lock()
	e := s.earlies.byLink[link.ID()]
	s.mu.Unlock()
	if e == nil {
		return fault.New(fault.Conflict, "no_offer", "Please make an offer first.")
	}
	err := candidateFault(e.leg.Candidate(c.Candidate, c.Mid, c.Mline))
	s.judgeEarly(e, err)
	return err
}

// mayPrepare refuses whom room.join would refuse, in the same words. Who has a
// seat already needs none.
func (s *Service) mayPrepare(ctx context.Context, p auth.Principal, id string) (*row, error) {
	r, _, as, err := s.find(ctx, p, id, join)
	if err == nil {
		err = s.mayCome(p, r, as)
	}
	if err != nil {
		return nil, err
	}
	live, err := s.inLive(ctx, id, func(sess *session) error {
		if sess.byIdentity[p.ID] != nil {
			return fault.New(fault.Conflict, "joined", "You have joined this session already.")
		}
		return sess.mayStand(p, as, s.now())
	})
	if live || err != nil {
		return r, err
	}
	access, err := s.store.access(ctx, id)
	if err != nil {
		return nil, err
	}
	return r, standAt(r, access[p.ID], admittedBy(p, as, access[p.ID]))
}

func (s *Service) openEarly(ctx context.Context, p auth.Principal, link Link, r *row) (*early, error) {
	engine, err := s.engineFor(r.Engine)
	if err != nil {
		return nil, err
	}
	now := s.now()
	e := &early{link: link, identity: p.ID, room: r.ID, participant: rand.Text(), expires: now.Add(earlyLasts)}
	s.mu.Lock()
	have := s.earlies.byLink[link.ID()]
	if have != nil && have.room == r.ID {
		s.mu.Unlock()
		return have, nil
	}
	delete(s.earlies.byLink, link.ID()) // a socket has one
	err = s.mayOpenEarlyLocked(e, now)
	if err == nil {
		s.earlies.opening[link.ID()] = e
	}
	s.mu.Unlock()
	if have != nil {
		have.leg.Close()
	}
	if err != nil {
		return nil, err
	}
	leg, err := engine.Join(ctx, LegOptions{
		Room: r.ID, Participant: e.participant, On: func(ev sfu.Event) { s.earlyEvent(e, ev) },
	})
	if err == nil {
		e.leg, err = negotiator(leg)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.earlies.opening, link.ID())
	if err != nil {
		return nil, err
	}
	s.earlies.byLink[link.ID()] = e
	return e, nil
}

// mayOpenEarlyLocked limits how many there are, on this node, of one person and
// from one address, and how often one person tries.
func (s *Service) mayOpenEarlyLocked(e *early, now time.Time) error {
	all, identity, address := 0, 0, 0
	for _, list := range []map[string]*early{s.earlies.byLink, s.earlies.opening} {
		for _, o := range list {
			all++
			if o.identity == e.identity {
				identity++
			}
			if a := o.link.Address(); a != "" && a == e.link.Address() {
				address++
			}
		}
	}
	switch {
	case all >= s.caps.Early:
		return fault.New(fault.Unavailable, "node_full", "This server carries as many calls as it can. Please try again soon.").After(retrySoon)
	case identity >= earlyPerIdentity, address >= earlyPerAddress:
		return fault.New(fault.RateLimited, "too_many_requests", "You have this session open too many times.").After(retrySoon)
	}
	if wait := s.earlies.tries.next(e.identity, now); wait > 0 {
		return fault.New(fault.RateLimited, "too_many_requests", "Please wait a moment before you try again.").After(wait)
	}
	return nil
}

// earlyEvent is what happens to an early leg. Before it is adopted there is
// nothing to tell but its end.
func (s *Service) earlyEvent(e *early, ev sfu.Event) {
	e.mu.Lock()
	st, isState := ev.(sfu.State)
	if isState {
		e.state = st.State
	}
	tell := e.seat
	e.mu.Unlock()
	switch {
	case tell != nil:
		tell(ev)
	case isState && (st.State == sfu.StateFailed || st.State == sfu.StateClosed):
		s.dropEarly(e, st.State)
	}
}

// adopt gives the leg that a socket made ahead to a seat of its person, and
// takes the seat's id from it. It reports whether there was one.
func (s *session) adopt(st *seat, link Link) bool {
	if link == nil {
		return false
	}
	s.svc.mu.Lock()
	e := s.svc.earlies.byLink[link.ID()]
	if e == nil || e.room != s.id || e.identity != st.p.ID {
		s.svc.mu.Unlock()
		return false
	}
	delete(s.svc.earlies.byLink, link.ID())
	s.svc.mu.Unlock()
	st.id, st.leg, st.bad = e.participant, e.leg, e.bad
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != "" {
		st.connection.State = e.state
	}
	e.seat = s.events(st)
	return true
}

func (s *Service) judgeEarly(e *early, err error) {
	s.mu.Lock()
	switch {
	case err == nil:
		e.bad = 0
	case fault.Is(err, fault.Invalid):
		e.bad++
	}
	cut := e.bad >= maxBad
	s.mu.Unlock()
	if cut {
		e.link.Cut("bad media descriptions")
	}
}

// endEarly ends what a socket made ahead, if it did and nobody adopted it.
func (s *Service) endEarly(linkID string) {
	s.mu.Lock()
	e := s.earlies.byLink[linkID]
	delete(s.earlies.byLink, linkID)
	s.mu.Unlock()
	if e != nil {
		e.leg.Close()
	}
}

// dropEarly ends one from this side, and tells its page.
func (s *Service) dropEarly(e *early, state string) {
	s.mu.Lock()
	mine := s.earlies.byLink[e.link.ID()] == e
	if mine {
		delete(s.earlies.byLink, e.link.ID())
	}
	s.mu.Unlock()
	if mine {
		e.leg.Close()
		e.link.Send("early.state", EarlyState{Room: e.room, State: state})
	}
}

// endEarlies ends those whose minutes are over, and forgets old tries.
func (s *Service) endEarlies(now time.Time) {
	var over []*early
	s.mu.Lock()
	for _, e := range s.earlies.byLink {
		if !now.Before(e.expires) {
			over = append(over, e)
		}
	}
	s.earlies.tries.forget(now)
	s.mu.Unlock()
	for _, e := range over {
		s.dropEarly(e, sfu.StateClosed)
	}
}
