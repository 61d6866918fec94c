package room

import (
	"context"
	"crypto/rand"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/sfu"
)

// The check before a call is a call with oneself: a loopback leg in a room of
// its own, through the same sockets and codecs as the real one. It ends with
// its socket, and by itself after a minute.
const (
	precallLasts = time.Minute
	precallEvery = 10 * time.Second // per identity, after a burst
	precallBurst = 5
)

// precall is one loopback call; it belongs to a socket.
type precall struct {
	link    Link
	leg     Negotiator
	room    string
	expires time.Time
	bad     int
}

// precalls of this node, by socket. Guarded by Service.mu.
type precalls struct {
	byLink  map[string]*precall
	opening map[string]bool
	tries   tries
}

func newPrecalls() precalls {
	return precalls{byLink: map[string]*precall{}, opening: map[string]bool{}, tries: newTries(precallEvery, precallBurst)}
}

// PrecallOffer negotiates the loopback of a socket, and opens it first if there
// is none.
func (s *Service) PrecallOffer(ctx context.Context, p auth.Principal, link Link, o PrecallOffer) (string, error) {
	if err := checkOffer(o.SDP, o.Tracks); err != nil {
		return "", err
	}
	call, err := s.openPrecall(ctx, p, link)
	if err != nil {
		return "", err
	}
	answer, err := call.leg.Offer(ctx, o.SDP, o.Tracks)
	s.judgePrecall(call, err)
	return answer, err
}

// PrecallCandidate adds a remote candidate to the loopback of a socket.
func (s *Service) PrecallCandidate(link Link, c PrecallCandidate) error {
	s.mu.Lock()
	call := s.precalls.byLink[link.ID()]
	s.mu.Unlock()
	if call == nil {
		return fault.New(fault.Conflict, "no_offer", "Please make an offer first.")
	}
	err := candidateFault(call.leg.Candidate(c.Candidate, c.Mid, c.Mline))
	s.judgePrecall(call, err)
	return err
}

func (s *Service) openPrecall(ctx context.Context, p auth.Principal, link Link) (*precall, error) {
	engine, err := s.engineFor("sfu")
	if err != nil {
		return nil, err
	}
	now := s.now()
	s.mu.Lock()
	call := s.precalls.byLink[link.ID()]
	if call == nil {
		err = s.mayPrecallLocked(p.ID, now)
	}
	if call == nil && err == nil {
		s.precalls.opening[link.ID()] = true // holds the place
	}
	s.mu.Unlock()
	if call != nil || err != nil {
		return call, err
	}
	room := "precall:" + rand.Text()
	leg, err := engine.Join(ctx, LegOptions{
		Room: room, Participant: "self", Publish: true, Subscribe: true, Loopback: true,
		On: func(ev sfu.Event) { tellPrecall(link, ev) },
	})
	var n Negotiator
	if err == nil {
		n, err = negotiator(leg)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.precalls.opening, link.ID())
	if err != nil {
		return nil, err
	}
	call = &precall{link: link, leg: n, room: room, expires: now.Add(precallLasts)}
	s.precalls.byLink[link.ID()] = call
	return call, nil
}

// mayPrecallLocked limits how many there are and how often one person tries.
func (s *Service) mayPrecallLocked(identity string, now time.Time) error {
	if len(s.precalls.byLink)+len(s.precalls.opening) >= s.caps.Prechecks {
		return fault.New(fault.Unavailable, "node_full", "Too many checks run right now. Please try again soon.").After(retrySoon)
	}
	if wait := s.precalls.tries.next(identity, now); wait > 0 {
		return fault.New(fault.RateLimited, "too_many_requests", "Please wait a moment before the next check.").After(wait)
	}
	return nil
}

func tellPrecall(link Link, ev sfu.Event) {
	switch v := ev.(type) {
	case sfu.Slots:
		link.Send("precall.slots", PrecallSlots{Slots: notNil(v.Slots)})
	case sfu.State:
		link.Send("precall.state", PrecallState{State: v.State})
	case sfu.Quality:
		link.Send("precall.quality", PrecallQuality{Up: v.Up, Down: v.Down})
	}
}

func (s *Service) judgePrecall(call *precall, err error) {
	s.mu.Lock()
	switch {
	case err == nil:
		call.bad = 0
	case fault.Is(err, fault.Invalid):
		call.bad++
	}
	cut := call.bad >= maxBad
	s.mu.Unlock()
	if cut {
		call.link.Cut("bad media descriptions")
	}
}

// endPrecall ends the loopback of a socket, if it has one.
func (s *Service) endPrecall(linkID string) {
	s.mu.Lock()
	call := s.precalls.byLink[linkID]
	delete(s.precalls.byLink, linkID)
	s.mu.Unlock()
	if call != nil {
		call.leg.Close()
	}
}

// endPrecalls ends those whose minute is over, and forgets old tries.
func (s *Service) endPrecalls(now time.Time) {
	var over []*precall
	s.mu.Lock()
	for id, call := range s.precalls.byLink {
		if !now.Before(call.expires) {
			over = append(over, call)
			delete(s.precalls.byLink, id)
		}
	}
	s.precalls.tries.forget(now)
	s.mu.Unlock()
	for _, call := range over {
		call.leg.Close()
		call.link.Send("precall.state", PrecallState{State: "closed"})
	}
}
