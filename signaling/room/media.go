package room

import (
	"context"
	"slices"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/sfu"
)

// maxBad is how many offers or candidates in a row may be refused before the
// socket is cut: a client that sends garbage and does not stop is no client.
const maxBad = 8

// maxViews bounds what one client says it shows.
const maxViews = 100

// mine finds the seat that a socket holds, and that no newer socket took over.
// It is past the door; while it is not, it may only negotiate a connection that
// was made ahead, which carries nothing.
func (s *session) mine(p auth.Principal, link Link, negotiates bool) (*seat, error) {
	st := s.byIdentity[p.ID]
	if st == nil {
		return nil, fault.New(fault.Conflict, "not_joined", "Please join the room first.")
	}
	if held := st.out.get(); held == nil || held.ID() != link.ID() {
		return nil, fault.New(fault.Conflict, "replaced", "You continued this session on another page.")
	}
	if !st.in() && (!negotiates || st.leg == nil) {
		return nil, fault.New(fault.Conflict, "waiting", "The host has not let you in yet.")
	}
	return st, nil
}

// leg returns the seat's media, made at its first use by somebody who is in.
// Who waits has at most one made ahead, which neither sends nor receives.
func (s *session) leg(ctx context.Context, st *seat) (Negotiator, error) {
	if st.leg == nil {
		engine, err := s.svc.engineFor(s.row.Engine)
		if err != nil {
			return nil, err
		}
		events := s.events(st)
		leg, err := engine.Join(ctx, LegOptions{
			Room: s.id, Participant: st.id, Publish: st.publishes(), Subscribe: st.subscribes(), On: events,
		})
		if err != nil {
			return nil, err
		}
		for source := range st.muted {
			leg.Mute(source, true)
		}
		st.leg = leg
	}
	return negotiator(st.leg)
}

// events passes what the engine tells of a seat on: what is for this client
// alone goes straight to its socket, the rest through the session.
func (s *session) events(st *seat) func(sfu.Event) {
	return func(ev sfu.Event) {
		switch v := ev.(type) {
		case sfu.Slots:
			st.out.send("rtc.slots", RTCSlots{Room: s.id, Slots: notNil(v.Slots)})
			return
		case sfu.Demand:
			for i := range v.Demand {
				v.Demand[i].Rids = notNil(v.Demand[i].Rids)
			}
			st.out.send("rtc.demand", RTCDemand{Room: s.id, Demand: notNil(v.Demand)})
			return
		case sfu.Data:
			return
		case sfu.State:
			st.out.send("rtc.state", RTCState{Room: s.id, State: v.State})
		case sfu.Quality:
			st.out.send("rtc.quality", RTCQuality{Room: s.id, Up: v.Up, Down: v.Down, Tracks: notNil(v.Tracks)})
		}
		s.post(func() {
			if s.seats[st.id] == st {
				s.happened(st, ev)
			}
		})
	}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// happened is what an event of a seat's media means to the room.
func (s *session) happened(st *seat, ev sfu.Event) {
	switch v := ev.(type) {
	case sfu.Published:
		i := slices.IndexFunc(st.tracks, func(t PublishedTrack) bool { return t.Source == string(v.Source) })
		if i < 0 {
			st.tracks = append(st.tracks, PublishedTrack{})
			i = len(st.tracks) - 1
		}
		st.tracks[i] = PublishedTrack{Source: string(v.Source), Kind: v.Kind, Codec: v.Codec}
		s.shine(st, v.Source, true)
		s.show(st)
	case sfu.Unpublished:
		st.tracks = slices.DeleteFunc(st.tracks, func(t PublishedTrack) bool { return t.Source == string(v.Source) })
		s.shine(st, v.Source, false)
		s.show(st)
	case sfu.State:
		st.connection.State = v.State
		s.show(st)
	case sfu.Quality:
		if !st.in() {
			return // nothing flows, and it is nobody's to know
		}
		st.connection.Up, st.connection.Down = v.Up.Level, v.Down.Level
		if st.stay != nil {
			st.stay.measure(v.Up.Value, v.Down.Value)
		}
		s.svc.hub.Signal(topicOf(s.id), "room.quality", RoomQuality{Participant: st.id, Up: v.Up, Down: v.Down})
		s.svc.recorder.Measured(s.id, st.id, v.Up)
	case sfu.Speakers:
		s.speak(v.Speakers)
	}
}

// shine keeps the device flags of somebody who has no client of ours to tell
// them: what a WHIP tool publishes is on.
func (s *session) shine(st *seat, source sfu.Source, on bool) {
	if st.out.get() != nil {
		return
	}
	if flag := st.device(source); flag != nil && st.muted[source] == nil {
		*flag = on
	}
}

// speak signals who speaks. The engine tells every peer; the room says it once.
func (s *session) speak(list []sfu.Speaker) {
	speakers := make([]Speaker, 0, len(list))
	for _, sp := range list {
		if s.seats[sp.Participant] != nil {
			speakers = append(speakers, Speaker{Participant: sp.Participant, Level: sp.Level})
		}
	}
	if slices.Equal(speakers, s.speakers) {
		return
	}
	s.speakers = speakers
	s.svc.hub.Signal(topicOf(s.id), "room.speakers", RoomSpeakers{Speakers: speakers})
}

// Offer negotiates the media of the socket's seat.
func (s *Service) Offer(ctx context.Context, p auth.Principal, link Link, o OfferRequest) (string, error) {
	if err := checkOffer(o.SDP, o.Tracks); err != nil {
		return "", err
	}
	var st *seat
	var leg Negotiator
	err := s.onSeatOf(ctx, p, link, o.Room, true, func(sess *session, mine *seat) (err error) {
		st = mine
		leg, err = sess.leg(ctx, st)
		return err
	})
	if err != nil {
		return "", err
	}
	answer, err := leg.Offer(ctx, o.SDP, o.Tracks)
	return answer, s.judge(ctx, o.Room, st, link, err)
}

// Candidate adds a remote candidate to the socket's seat.
func (s *Service) Candidate(ctx context.Context, p auth.Principal, link Link, c CandidateRequest) error {
	st, leg, err := s.negotiating(ctx, p, link, c.Room)
	if err != nil {
		return err
	}
	return s.judge(ctx, c.Room, st, link, candidateFault(leg.Candidate(c.Candidate, c.Mid, c.Mline)))
}

// candidateFault is what a client is told of a candidate that was refused. Why
// it does not parse is the client's to find out.
func candidateFault(err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	return fault.New(fault.Invalid, "bad_candidate", "The candidate was refused.").With("data.candidate", "cannot be read")
}

// View tells what the socket's client shows. It may come before the offer: a
// page knows its tiles as soon as it is in.
func (s *Service) View(ctx context.Context, p auth.Principal, link Link, v ViewRequest) error {
	if err := checkViews(v.Views); err != nil {
		return err
	}
	var leg Negotiator
	err := s.onSeat(ctx, p, link, v.Room, func(sess *session, mine *seat) (err error) {
		leg, err = sess.leg(ctx, mine)
		return err
	})
	if err != nil {
		return err
	}
	leg.View(v.Views)
	return nil
}

// negotiating finds the leg of a seat that has made an offer.
func (s *Service) negotiating(ctx context.Context, p auth.Principal, link Link, room string) (st *seat, leg Negotiator, err error) {
	err = s.onSeatOf(ctx, p, link, room, true, func(_ *session, mine *seat) (err error) {
		st = mine
		if mine.leg == nil {
			return fault.New(fault.Conflict, "no_offer", "Please make an offer first.")
		}
		leg, err = negotiator(mine.leg)
		return err
	})
	return st, leg, err
}

// onSeat runs f on the session with the seat that a socket holds and that is in.
func (s *Service) onSeat(ctx context.Context, p auth.Principal, link Link, room string, f func(*session, *seat) error) error {
	return s.onSeatOf(ctx, p, link, room, false, f)
}

// onSeatOf is onSeat, also for a seat that waits if it only negotiates.
func (s *Service) onSeatOf(ctx context.Context, p auth.Principal, link Link, room string, negotiates bool, f func(*session, *seat) error) error {
	live, err := s.inLive(ctx, room, func(sess *session) error {
		// Before anything is said of the room: may they know of it?
		if err := permit(act, standingOf(p, &sess.row, sess.members), sess.row.State); err != nil {
			return err
		}
		st, err := sess.mine(p, link, negotiates)
		if err != nil {
			return err
		}
		return f(sess, st)
	})
	if !live && err == nil {
		_, _, _, err = s.find(ctx, p, room, act)
		if err == nil {
			err = fault.New(fault.Conflict, "not_joined", "Please join the room first.")
		}
	}
	return err
}

// judge counts refused media descriptions and cuts off who does not stop. Only
// faults of the client count.
func (s *Service) judge(ctx context.Context, room string, st *seat, link Link, err error) error {
	bad := fault.Is(err, fault.Invalid)
	if err != nil && !bad {
		return err
	}
	cut := false
	_, gone := s.inLive(ctx, room, func(*session) error {
		if !bad {
			st.bad = 0
			return nil
		}
		st.bad++
		cut = st.bad >= maxBad
		return nil
	})
	if cut {
		link.Cut("bad media descriptions")
	}
	if err == nil && gone != nil {
		return gone
	}
	return err
}

// checkOffer bounds what the engine is given.
func checkOffer(sdp string, tracks []sfu.TrackInfo) error {
	if sdp == "" {
		return fault.New(fault.Invalid, "bad_sdp", "An offer needs a description.").With("data.sdp", "empty")
	}
	if len(tracks) > 64 {
		return fault.New(fault.Invalid, "bad_tracks", "An offer names at most 64 tracks.").With("data.tracks", "too many")
	}
	for _, t := range tracks {
		if !t.Source.Valid() || t.Mid == "" || len(t.Mid) > 16 {
			return fault.New(fault.Invalid, "bad_tracks", "A track has a mid and a source.").With("data.tracks", "camera, microphone, screen or screen-audio, with a mid of 1 to 16 characters")
		}
	}
	return nil
}

func checkViews(views []sfu.View) error {
	bad := fault.New(fault.Invalid, "bad_view", "Some views are not right.")
	if len(views) > maxViews {
		return bad.With("data.views", "too many")
	}
	for _, v := range views {
		switch {
		case !v.Source.Valid():
			return bad.With("data.views", "a source is camera, microphone, screen or screen-audio")
		case v.Participant == "" || len(v.Participant) > 64:
			return bad.With("data.views", "a participant is 1 to 64 characters")
		case v.Width < 0 || v.Height < 0 || v.Width > 16384 || v.Height > 16384:
			return bad.With("data.views", "a size is 0 to 16384")
		case v.Priority < -100 || v.Priority > 100:
			return bad.With("data.views", "a priority is -100 to 100")
		}
	}
	return nil
}
