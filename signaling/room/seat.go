package room

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/sfu"
)

// Link is a person's socket, as far as a room needs it.
type Link interface {
	ID() string
	// Address is the client's, as it is counted; "" is not.
	Address() string
	Send(frameType string, data any)
	Listen(topics ...string)
	Unlisten(topics ...string)
	// Cut ends a socket whose client sends garbage.
	Cut(reason string)
}

// knockAgain is how long somebody who was sent away waits before the next try.
const knockAgain = 30 * time.Second

// join takes or resumes the seat of p. link is nil when the request did not come
// by a socket: then the seat waits for one as if it had been dropped.
func (s *session) join(ctx context.Context, p auth.Principal, as standing, link Link, byDoor bool) (*seat, error) {
	now := s.svc.now()
	if s.row.State == Ended {
		return nil, errEnded()
	}
	if st := s.byIdentity[p.ID]; st != nil && s.access[p.ID].BannedAt.IsZero() {
		s.resume(st, link, byDoor)
		return st, nil
	}
	if err := s.mayKnock(p, as, now); err != nil {
		return nil, err
	}
	st := &seat{
		id: rand.Text(), p: p, standing: as, state: Waiting, since: now, peers: map[*sfu.Peer]struct{}{},
		connection: MediaConnection{State: "new"}, muted: map[sfu.Source]*muting{}, tracks: []PublishedTrack{},
	}
	if byDoor {
		st.doors = 1
	} else if link == nil {
		st.dropped = now
	}
	st.out.attach(link)
	st.early = s.adopt(st, link)
	if err := s.seatNew(ctx, st); err != nil {
		st.closeMedia()
		s.svc.release(p.ID)
		return nil, err
	}
	return st, nil
}

// seatNew lets a new seat in, or has it wait.
func (s *session) seatNew(ctx context.Context, st *seat) error {
	if !s.row.WaitingRoom || admittedBy(st.p, st.standing, s.access[st.p.ID]) {
		return s.enter(ctx, st)
	}
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Emit(ctx, event.ParticipantWaiting{
			Room: s.id, Participant: st.id, Identity: st.p.ID,
			State: string(s.row.stateAt(st.since)), Hosts: s.hostIDs(), At: st.since,
		})
	})
	if err != nil {
		return err
	}
	s.seats[st.id], s.byIdentity[st.p.ID] = st, st
	s.log.Info("participant waits", "participant", st.id)
	s.show(st)
	return nil
}

// mayKnock refuses those the door or the house has no place for.
func (s *session) mayKnock(p auth.Principal, as standing, now time.Time) error {
	if err := s.mayStand(p, as, now); err != nil {
		return err
	}
	return s.svc.claim(p.ID)
}

// mayStand refuses those who could not take a seat now.
func (s *session) mayStand(p auth.Principal, as standing, now time.Time) error {
	door := s.access[p.ID]
	if until := s.denied[p.ID]; door.BannedAt.IsZero() && now.Before(until) {
		return fault.New(fault.RateLimited, "knock_later", "Please wait a moment before you ask again.").After(until.Sub(now))
	}
	if err := standAt(&s.row, door, admittedBy(p, as, door)); err != nil {
		return err
	}
	if len(s.seats) >= s.svc.caps.Participants {
		return fault.New(fault.Conflict, "room_full", "This room is full.")
	}
	return nil
}

// standAt refuses those whom the door keeps out.
func standAt(r *row, door accessRow, admitted bool) error {
	switch {
	case !door.BannedAt.IsZero():
		return errKicked()
	case r.Locked && !admitted:
		return fault.New(fault.Conflict, "room_locked", "The host has locked this room.")
	}
	return nil
}

// admittedBy reports whether somebody need not wait: they host, they were let
// in before, or their token says so.
func admittedBy(p auth.Principal, as standing, door accessRow) bool {
	return as.hosts() || !door.AdmittedAt.IsZero() || p.Room != nil && p.Room.Admitted
}

// resume gives a seat to the socket that asks for it, or one more holder to it.
// The older socket is told and hears no more of the room.
func (s *session) resume(st *seat, link Link, byDoor bool) {
	if byDoor {
		st.doors++
	}
	if link != nil {
		old := st.out.attach(link)
		if old != nil && old.ID() != link.ID() {
			old.Unlisten(topicOf(s.id), waitingTopicOf(s.id))
			old.Send("room.replaced", RoomReplaced{Room: s.id})
		}
		st.bad = 0
		if st.in() {
			link.Listen(s.topics(st)...)
		}
	}
	if link == nil && !byDoor {
		return
	}
	st.dropped = time.Time{}
	if st.state == Reconnecting {
		st.state = Joined
		s.show(st)
	}
}

// enter lets a seat past the door: attendance begins, the room's state moves,
// and everybody sees it.
func (s *session) enter(ctx context.Context, st *seat, facts ...event.Fact) error {
	now := s.svc.now()
	t := &stay{
		ID: rand.Text(), RoomID: s.id, ParticipantID: st.id, Identity: st.p.ID, Name: st.p.Name, Role: st.role(),
		JoinedAt: now, SeenAt: now, UpWorst: 100, DownWorst: 100,
	}
	door := s.access[st.p.ID]
	if door.AdmittedAt.IsZero() && !st.standing.hosts() {
		door = accessRow{RoomID: s.id, Identity: st.p.ID, Name: st.p.Name, AdmittedAt: now}
	}
	var state State
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if door.RoomID != "" {
			if err := s.svc.store.setAccess(ctx, tx, door); err != nil {
				return err
			}
		}
		if err := s.svc.store.openStay(ctx, tx, t); err != nil {
			return err
		}
		var err error
		if state, err = s.advance(ctx, tx, st, now); err != nil {
			return err
		}
		return tx.Emit(ctx, append(facts, event.ParticipantJoined{
			Room: s.id, Participant: st.id, Identity: st.p.ID, Role: string(t.Role), At: now,
		})...)
	})
	if err != nil {
		return err
	}
	if door.RoomID != "" {
		s.access[st.p.ID] = door
	}
	st.stay, st.since, st.state = t, now, Joined
	if !st.dropped.IsZero() {
		st.state = Reconnecting
	}
	s.seats[st.id], s.byIdentity[st.p.ID] = st, st
	if st.leg != nil {
		st.leg.Permit(st.publishes(), st.subscribes())
	}
	if link := st.out.get(); link != nil {
		link.Listen(s.topics(st)...)
	}
	s.log.Info("participant joined", "participant", st.id, "role", t.Role)
	s.show(st)
	if state != s.row.State {
		if state == Live {
			s.row.StartedAt = now
		}
		s.row.State = state
		s.showRoom()
	}
	return nil
}

// drop notes that a seat's socket is gone. The seat is kept for a while.
func (s *session) drop(linkID string) {
	for _, st := range s.seats {
		if link := st.out.get(); link == nil || link.ID() != linkID {
			continue
		}
		st.out.attach(nil)
		s.unheld(st)
		return
	}
}

// unheld starts the grace of a seat that neither a socket nor a WHIP or WHEP
// session holds any more.
func (s *session) unheld(st *seat) {
	if st.doors > 0 || st.out.get() != nil || !st.dropped.IsZero() {
		return
	}
	st.dropped = s.svc.now()
	if st.state == Joined {
		st.state = Reconnecting
		s.show(st)
	}
}

// leave frees a seat. The media ends first; what the database cannot take now,
// the sweep of lost stays makes good later.
func (s *session) leave(ctx context.Context, st *seat, reason string, facts ...event.Fact) error {
	now := s.svc.now()
	st.closeMedia()
	st.out.attach(nil)
	// Another socket of theirs may have asked to listen by itself.
	s.svc.hub.Evict(topicOf(s.id), st.p.ID)
	s.svc.hub.Evict(waitingTopicOf(s.id), st.p.ID)
	delete(s.seats, st.id)
	delete(s.byIdentity, st.p.ID)
	s.svc.release(st.p.ID)
	s.speakers = slices.DeleteFunc(s.speakers, func(sp Speaker) bool { return sp.Participant == st.id })
	wasIn := st.in()
	st.state = Left
	gone := ParticipantGone{Participant: st.id, Reason: reason}
	s.svc.hub.Publish(waitingTopicOf(s.id), "room.left", gone)
	if wasIn {
		s.svc.hub.Publish(topicOf(s.id), "room.left", gone)
		s.svc.recorder.Gone(s.id, st.id)
	}
	s.log.Info("participant left", "participant", st.id, "reason", reason)
	// Once nobody is in, whoever comes next is let in anew.
	empty := wasIn && !slices.ContainsFunc(slices.Collect(maps.Values(s.seats)), (*seat).in)
	if empty {
		maps.DeleteFunc(s.access, func(_ string, a accessRow) bool { return a.BannedAt.IsZero() })
	}
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if st.stay != nil {
			st.stay.LeftAt, st.stay.SeenAt, st.stay.Reason = now, now, reason
			if !st.dropped.IsZero() {
				st.stay.LeftAt, st.stay.SeenAt = st.dropped, st.dropped
			}
			if err := s.svc.store.saveStay(ctx, tx, st.stay); err != nil {
				return err
			}
			facts = append(facts, event.ParticipantLeft{
				Room: s.id, Participant: st.id, Identity: st.p.ID, Reason: reason, At: st.stay.LeftAt,
			})
		}
		if empty {
			if err := s.svc.store.forgetAdmissions(ctx, tx, s.id); err != nil {
				return err
			}
		}
		return tx.Emit(ctx, facts...)
	})
	if len(s.seats) == 0 && !s.over {
		s.close()
	}
	return err
}

// tick is what time does to a session: seats whose grace ran out are freed, and
// attendance gets its heartbeat.
func (s *session) tick(ctx context.Context, now time.Time) {
	for _, st := range s.seats {
		if !st.dropped.IsZero() && !now.Before(st.dropped.Add(s.svc.caps.SeatGrace)) {
			if err := s.leave(ctx, st, "dropped"); err != nil {
				s.log.Error("seat not freed in the record", "participant", st.id, "error", err)
			}
		}
	}
	if s.over {
		return
	}
	if len(s.seats) == 0 {
		s.close()
		return
	}
	if now.Sub(s.heartbeat) >= heartbeatEvery {
		s.heartbeat = now
		if err := s.beat(ctx, now); err != nil {
			s.log.Error("attendance heartbeat failed", "error", err)
		}
	}
}

// beat writes that everybody with a stay is still here.
func (s *session) beat(ctx context.Context, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, st := range s.seats {
			if st.stay == nil {
				continue
			}
			st.stay.SeenAt = now
			if err := s.svc.store.saveStay(ctx, tx, st.stay); err != nil {
				return err
			}
		}
		return nil
	})
}

func errKicked() error {
	return fault.New(fault.Forbidden, "kicked", "The host has removed you from this session.")
}
