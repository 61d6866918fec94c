package room

import (
	"context"

	"mentara/internal/auth"
	"mentara/internal/event"
	"mentara/signaling"
)

// socket is a Link over the hub.
type socket struct {
	conn *signaling.Conn
	hub  *signaling.Hub
}

func (s socket) ID() string                      { return s.conn.ID() }
func (s socket) Address() string                 { return s.conn.Address() }
func (s socket) Send(frameType string, data any) { s.conn.Send(frameType, data) }
func (s socket) Cut(reason string)               { s.conn.Close(signaling.CloseBadMessage, reason) }

func (s socket) Listen(topics ...string) {
	for _, t := range topics {
		s.hub.Subscribe(s.conn, t)
	}
}

func (s socket) Unlisten(topics ...string) {
	for _, t := range topics {
		s.hub.Unsubscribe(s.conn, t)
	}
}

// Frames registers everything this area says over the socket. The hub is
// asked for when a frame comes, since it is made from the finished mux.
func (s *Service) Frames(m *signaling.Mux, hub func() *signaling.Hub) {
	link := func(c *signaling.Conn) Link { return socket{c, hub()} }
	f := frames{s, link}

	signaling.Handle(m, "room.join", f.join)
	signaling.Handle(m, "room.leave", f.leave)
	signaling.Handle(m, "room.admit", f.admit)
	signaling.Handle(m, "room.deny", f.deny)
	signaling.Handle(m, "room.kick", f.kick)
	signaling.Handle(m, "room.mute", f.mute)
	signaling.Handle(m, "room.lock", f.lock)
	signaling.Handle(m, "room.end", f.end)
	signaling.Handle(m, "room.hand", f.hand)
	signaling.Handle(m, "room.media", f.media)
	signaling.Handle(m, "rtc.offer", f.offer)
	signaling.Handle(m, "rtc.candidate", f.candidate)
	signaling.Handle(m, "rtc.view", f.view)
	signaling.Handle(m, "early.offer", f.earlyOffer)
	signaling.Handle(m, "early.candidate", f.earlyCandidate)
	signaling.Handle(m, "early.end", f.earlyEnd)
	signaling.Handle(m, "precall.offer", f.precallOffer)
	signaling.Handle(m, "precall.candidate", f.precallCandidate)
	signaling.Handle(m, "precall.end", f.precallEnd)

	signaling.Push[event.RoomsChanged](m, "rooms.changed")
	signaling.Push[RoomUpdate](m, "room.changed")
	signaling.Push[ParticipantChanged](m, "room.participant")
	signaling.Push[ParticipantGone](m, "room.left")
	signaling.Push[RoomEndedPush](m, "room.ended")
	signaling.Push[RoomSpeakers](m, "room.speakers")
	signaling.Push[RoomQuality](m, "room.quality")
	signaling.Push[RoomAdmitted](m, "room.admitted")
	signaling.Push[RoomDenied](m, "room.denied")
	signaling.Push[RoomKicked](m, "room.kicked")
	signaling.Push[RoomMuted](m, "room.muted")
	signaling.Push[RoomReplaced](m, "room.replaced")
	signaling.Push[RTCSlots](m, "rtc.slots")
	signaling.Push[RTCDemand](m, "rtc.demand")
	signaling.Push[RTCState](m, "rtc.state")
	signaling.Push[RTCQuality](m, "rtc.quality")
	signaling.Push[EarlyState](m, "early.state")
	signaling.Push[PrecallSlots](m, "precall.slots")
	signaling.Push[PrecallState](m, "precall.state")
	signaling.Push[PrecallQuality](m, "precall.quality")

	m.Topic("room:", s.MayListen)
	m.OnClose(func(c *signaling.Conn) { s.Dropped(c.ID()) })
}

// OwnTopic lets a person listen to what concerns them alone: "user:" and their
// own id. Guests and tokens have no pages of their own.
func OwnTopic(_ context.Context, p auth.Principal, rest string) error {
	if p.Kind != auth.User || rest != p.ID {
		return errNotFound()
	}
	return nil
}

// frames are the handlers: each is one call of the service.
type frames struct {
	s    *Service
	link func(*signaling.Conn) Link
}

func (f frames) join(ctx context.Context, c *signaling.Conn, r JoinRequest) (JoinResult, error) {
	return f.s.Join(ctx, c.Principal(), r.Room, f.link(c))
}

func (f frames) leave(ctx context.Context, c *signaling.Conn, r RoomRequest) (Done, error) {
	return Done{}, f.s.Leave(ctx, c.Principal(), r.Room, f.link(c))
}

func (f frames) admit(ctx context.Context, c *signaling.Conn, r ParticipantRequest) (Done, error) {
	return Done{}, f.s.Admit(ctx, c.Principal(), r.Room, r.Participant)
}

func (f frames) deny(ctx context.Context, c *signaling.Conn, r DenyRequest) (Done, error) {
	return Done{}, f.s.Deny(ctx, c.Principal(), r.Room, r.Participant, r.Reason)
}

func (f frames) kick(ctx context.Context, c *signaling.Conn, r ParticipantRequest) (Done, error) {
	return Done{}, f.s.Kick(ctx, c.Principal(), r.Room, r.Participant)
}

func (f frames) mute(ctx context.Context, c *signaling.Conn, r MuteRequest) (Done, error) {
	return Done{}, f.s.Mute(ctx, c.Principal(), r.Room, r.Participant, r.Source)
}

func (f frames) lock(ctx context.Context, c *signaling.Conn, r LockRequest) (RoomResult, error) {
	room, err := f.s.Update(ctx, c.Principal(), r.Room, Changes{Locked: &r.Locked})
	return RoomResult{Room: room}, err
}

func (f frames) end(ctx context.Context, c *signaling.Conn, r RoomRequest) (Done, error) {
	return Done{}, f.s.End(ctx, c.Principal(), r.Room)
}

func (f frames) hand(ctx context.Context, c *signaling.Conn, r HandRequest) (SelfResult, error) {
	return f.s.Hand(ctx, c.Principal(), f.link(c), r.Room, r.Raised)
}

func (f frames) media(ctx context.Context, c *signaling.Conn, r MediaRequest) (SelfResult, error) {
	return f.s.Media(ctx, c.Principal(), f.link(c), r)
}

func (f frames) offer(ctx context.Context, c *signaling.Conn, r OfferRequest) (OfferResult, error) {
	sdp, err := f.s.Offer(ctx, c.Principal(), f.link(c), r)
	return OfferResult{SDP: sdp}, err
}

func (f frames) candidate(ctx context.Context, c *signaling.Conn, r CandidateRequest) (Done, error) {
	return Done{}, f.s.Candidate(ctx, c.Principal(), f.link(c), r)
}

func (f frames) view(ctx context.Context, c *signaling.Conn, r ViewRequest) (Done, error) {
	return Done{}, f.s.View(ctx, c.Principal(), f.link(c), r)
}

func (f frames) earlyOffer(ctx context.Context, c *signaling.Conn, r OfferRequest) (OfferResult, error) {
	sdp, err := f.s.EarlyOffer(ctx, c.Principal(), f.link(c), r)
	return OfferResult{SDP: sdp}, err
}

func (f frames) earlyCandidate(_ context.Context, c *signaling.Conn, r EarlyCandidate) (Done, error) {
	return Done{}, f.s.EarlyCandidate(f.link(c), r)
}

func (f frames) earlyEnd(_ context.Context, c *signaling.Conn, _ EarlyEnd) (Done, error) {
	f.s.endEarly(c.ID())
	return Done{}, nil
}

func (f frames) precallOffer(ctx context.Context, c *signaling.Conn, r PrecallOffer) (OfferResult, error) {
	sdp, err := f.s.PrecallOffer(ctx, c.Principal(), f.link(c), r)
	return OfferResult{SDP: sdp}, err
}

func (f frames) precallCandidate(_ context.Context, c *signaling.Conn, r PrecallCandidate) (Done, error) {
	return Done{}, f.s.PrecallCandidate(f.link(c), r)
}

func (f frames) precallEnd(_ context.Context, c *signaling.Conn, _ PrecallEnd) (Done, error) {
	f.s.endPrecall(c.ID())
	return Done{}, nil
}
