package room

import (
	"context"

	"mentara/internal/fault"
	"mentara/sfu"
)

// Engine carries the media of rooms. Which one is chosen per room, so that a
// practice can move, or fail over, room by room. What it is not asked is who
// may come in: a Leg that carries anything is made for somebody who is in.
type Engine interface {
	// Join makes the media leg of one person. It costs little until used.
	Join(ctx context.Context, o LegOptions) (Leg, error)
	// ICEServers are what this person's browser needs to reach the engine.
	ICEServers(identity string) []ICEServer
	// End removes everybody's media from a room at once.
	End(room string)
}

// LegOptions describe one person's media.
type LegOptions struct {
	Room        string
	Participant string
	Publish     bool
	Subscribe   bool
	Loopback    bool // hears and sees itself, for the check before a call
	// On is told what happens to the leg, in order, until Close is called.
	On func(sfu.Event)
}

// Leg is one person's media in one room.
type Leg interface {
	// Permit says whether it may send and receive from now on.
	Permit(publish, subscribe bool)
	// Mute drops a source's media at the server, whatever the client does.
	Mute(source sfu.Source, muted bool)
	// Close ends the media at once. It is safe to call twice.
	Close()
}

// Negotiator is a Leg whose client negotiates with us. An engine with a client
// of its own (Jitsi) has none.
type Negotiator interface {
	Leg
	Offer(ctx context.Context, sdp string, tracks []sfu.TrackInfo) (answer string, err error)
	Candidate(candidate, mid string, mline int) error
	View(views []sfu.View)
}

// engineFor finds the engine of a room.
func (s *Service) engineFor(name string) (Engine, error) {
	e, ok := s.engines[name]
	if !ok {
		return nil, fault.Newf(fault.NotImplemented, "engine_not_available", "Rooms on %s are not available on this server yet.", name)
	}
	return e, nil
}

// negotiator finds the part of a leg that speaks SDP.
func negotiator(l Leg) (Negotiator, error) {
	n, ok := l.(Negotiator)
	if !ok {
		return nil, fault.New(fault.Conflict, "not_negotiable", "The media of this room does not go through this socket.")
	}
	return n, nil
}
