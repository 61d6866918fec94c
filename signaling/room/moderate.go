package room

import (
	"context"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/sfu"
)

// target finds somebody by participant id.
func (s *session) target(id string) (*seat, error) {
	if st := s.seats[id]; st != nil {
		return st, nil
	}
	return nil, errNoParticipant()
}

func errNoParticipant() error {
	return fault.New(fault.NotFound, "participant_not_found", "There is no such person in this room.")
}

// admit lets one person in. Of somebody who was kicked it lifts the ban, and
// they may come when they like. Somebody who is in already stays so.
func (s *session) admit(ctx context.Context, by auth.Principal, id string) error {
	if k, ok := s.kickedByID(id); ok {
		return s.pardon(ctx, by, k)
	}
	st, err := s.target(id)
	if err != nil || st.in() {
		return err
	}
	now := s.svc.now()
	s.access[st.p.ID] = accessRow{
		RoomID: s.id, Identity: st.p.ID, Name: st.p.Name, AdmittedAt: now, AdmittedBy: by.ID,
	}
	if err := s.enterAdmitted(ctx, st, by, now); err != nil {
		delete(s.access, st.p.ID)
		return err
	}
	if link := st.out.get(); link != nil {
		link.Send("room.admitted", RoomAdmitted{
			Room: s.videoRoom(st.standing), Self: s.participant(st), Participants: s.others(st),
		})
	}
	return nil
}

func (s *session) enterAdmitted(ctx context.Context, st *seat, by auth.Principal, now time.Time) error {
	return s.enter(ctx, st, event.ParticipantAdmitted{
		Room: s.id, Participant: st.id, Identity: st.p.ID, By: by.ID, At: now,
	})
}

// others lists who a newcomer sees besides themselves.
func (s *session) others(self *seat) []Participant {
	list := s.everybody(self.standing.hosts())
	for i, p := range list {
		if p.ID == self.id {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

func (s *session) kickedByID(id string) (Participant, bool) {
	for _, k := range s.kicked {
		if k.ID == id {
			return k, true
		}
	}
	return Participant{}, false
}

// pardon lets somebody back who was kicked.
func (s *session) pardon(ctx context.Context, by auth.Principal, k Participant) error {
	now := s.svc.now()
	door := accessRow{RoomID: s.id, Identity: k.Identity, Name: k.Name, AdmittedAt: now, AdmittedBy: by.ID}
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.svc.store.setAccess(ctx, tx, door); err != nil {
			return err
		}
		return tx.Emit(ctx, event.ParticipantAdmitted{
			Room: s.id, Participant: k.ID, Identity: k.Identity, Pardoned: true, By: by.ID, At: now,
		})
	})
	if err != nil {
		return err
	}
	s.access[k.Identity] = door
	delete(s.kicked, k.Identity)
	delete(s.denied, k.Identity)
	s.svc.hub.Publish(waitingTopicOf(s.id), "room.left", ParticipantGone{Participant: k.ID, Reason: "pardoned"})
	return nil
}

// deny sends somebody who waits away. They may knock again a little later.
func (s *session) deny(ctx context.Context, by auth.Principal, id, reason string) error {
	st, err := s.target(id)
	if err != nil {
		return err
	}
	if st.in() {
		return fault.New(fault.Conflict, "already_in", "This person is in the room already.")
	}
	now := s.svc.now()
	s.denied[st.p.ID] = now.Add(knockAgain)
	if link := st.out.get(); link != nil {
		link.Send("room.denied", RoomDenied{Room: s.id, Reason: reason, RetryAfter: int(knockAgain / time.Second)})
	}
	return s.leave(ctx, st, "denied", event.ParticipantDenied{
		Room: s.id, Participant: st.id, Identity: st.p.ID, By: by.ID, At: now,
	})
}

// kick removes a person at once and keeps them out. Media ends before anything
// is written; if the ban cannot be written, it still holds on this node, and
// the caller is told.
func (s *session) kick(ctx context.Context, by auth.Principal, as standing, id string) error {
	if k, ok := s.kickedByID(id); ok && k.Kicked {
		return nil
	}
	st, err := s.target(id)
	if err != nil {
		return err
	}
	if st.p.ID == by.ID {
		return fault.New(fault.Conflict, "is_self", "You cannot remove yourself. Leave instead.")
	}
	if err := permitOn(kick, as, st.standing); err != nil {
		return err
	}
	now := s.svc.now()
	st.closeMedia()
	door := accessRow{RoomID: s.id, Identity: st.p.ID, Name: st.p.Name, BannedAt: now, BannedBy: by.ID}
	s.access[st.p.ID] = door
	gone := s.participant(st)
	gone.State, gone.Kicked = Left, true
	gone.Microphone, gone.Camera, gone.Screen, gone.HandRaised = false, false, false, false
	gone.Tracks = []PublishedTrack{}
	s.kicked[st.p.ID] = gone
	if link := st.out.get(); link != nil {
		link.Send("room.kicked", RoomKicked{Room: s.id})
	}
	banned := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.svc.store.setAccess(ctx, tx, door); err != nil {
			return err
		}
		return tx.Emit(ctx, event.ParticipantKicked{
			Room: s.id, Participant: st.id, Identity: st.p.ID, By: by.ID, At: now,
		})
	})
	left := s.leave(ctx, st, "kicked")
	if banned != nil {
		return banned
	}
	return left
}

// mute drops a source of somebody at the server and tells them. There is no
// way for a host to undo it: a microphone is opened by the person it belongs
// to. Muting the screen stops its sound too.
func (s *session) mute(ctx context.Context, by auth.Principal, as standing, id string, source sfu.Source) error {
	if !source.Valid() {
		return fault.New(fault.Invalid, "bad_source", "There is no such source.").With("body.source", "camera, microphone, screen or screen-audio")
	}
	st, err := s.target(id)
	if err != nil {
		return err
	}
	if err := permitOn(mute, as, st.standing); err != nil {
		return err
	}
	if !st.in() {
		return fault.New(fault.Conflict, "not_in", "This person is not in the room.")
	}
	s.silence(st, source, by.Name)
	if source == sfu.Screen {
		s.silence(st, sfu.ScreenAudio, by.Name)
	}
	if link := st.out.get(); link != nil {
		link.Send("room.muted", RoomMuted{Room: s.id, Source: source, By: by.Name})
	}
	s.show(st)
	return s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Emit(ctx, event.ParticipantMuted{
			Room: s.id, Participant: st.id, Identity: st.p.ID, Source: string(source), By: by.ID, At: s.svc.now(),
		})
	})
}

// silence mutes a source of a seat.
func (s *session) silence(st *seat, source sfu.Source, by string) {
	on := st.device(source)
	st.muted[source] = &muting{by: by, seenOff: on == nil || !*on}
	if on != nil {
		*on = false
	}
	st.mute(source, true)
}

// device is the flag that shows a source to others; the screen's sound has none.
func (s *seat) device(source sfu.Source) *bool {
	switch source {
	case sfu.Microphone:
		return &s.microphone
	case sfu.Camera:
		return &s.camera
	case sfu.Screen:
		return &s.screen
	}
	return nil
}

// mute passes a mute to all media of the seat.
func (s *seat) mute(source sfu.Source, muted bool) {
	if s.leg != nil {
		s.leg.Mute(source, muted)
	}
	for peer := range s.peers {
		peer.SetMuted(source, muted)
	}
}

// media shows others which devices are on. Turning one on again undoes a host's
// mute of it: that comes from the person alone. An "on" that has not been off
// since is answered with the mute once more.
func (s *session) media(st *seat, microphone, camera, screen bool) {
	for source, on := range map[sfu.Source]bool{sfu.Microphone: microphone, sfu.Camera: camera, sfu.Screen: screen} {
		m := st.muted[source]
		switch {
		case m == nil:
		case !on:
			m.seenOff = true
		case m.seenOff:
			st.unmute(source)
			if source == sfu.Screen {
				st.unmute(sfu.ScreenAudio)
			}
		default:
			on = false
			if link := st.out.get(); link != nil {
				link.Send("room.muted", RoomMuted{Room: s.id, Source: source, By: m.by})
			}
		}
		*st.device(source) = on
	}
	s.show(st)
}

func (s *seat) unmute(source sfu.Source) {
	delete(s.muted, source)
	s.mute(source, false)
}

// finish closes the room for good: everybody's media ends at once, and who was
// in or waited is told.
func (s *session) finish(ctx context.Context, by, reason string) error {
	now := s.svc.now()
	if s.row.State != Ended {
		// The record first: a room that is said to have ended must not come back.
		if err := s.svc.endRow(ctx, &s.row, s.members, by, reason, now); err != nil {
			return err
		}
	}
	s.row.State, s.row.EndedAt = Ended, now
	s.over = true // leave must not close the session under this loop
	told := RoomEndedPush{Room: s.id, Reason: reason}
	s.showRoom()
	s.svc.hub.Publish(topicOf(s.id), "room.ended", told)
	for _, st := range s.seats {
		if link := st.out.get(); link != nil && !st.in() {
			link.Send("room.ended", told)
		}
		if err := s.leave(ctx, st, "ended"); err != nil {
			s.log.Error("seat not freed in the record", "participant", st.id, "error", err)
		}
	}
	s.svc.recorder.Closed(s.id, true)
	if e, err := s.svc.engineFor(s.row.Engine); err == nil {
		e.End(s.id)
	}
	s.close()
	return nil
}
