package room

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/sfu"
)

// Join takes or resumes p's seat. Doing it again changes nothing but which
// socket holds the seat; link is nil when the request came over HTTP.
func (s *Service) Join(ctx context.Context, p auth.Principal, id string, link Link) (JoinResult, error) {
	if link != nil {
		defer s.endEarly(link.ID()) // what this seat does not take, none will
	}
	r, _, as, err := s.find(ctx, p, id, join)
	if err != nil {
		return JoinResult{}, err
	}
	if err := s.mayCome(p, r, as); err != nil {
		return JoinResult{}, err
	}
	engine, err := s.engineFor(r.Engine)
	if err != nil {
		return JoinResult{}, err
	}
	var res JoinResult
	err = s.in(ctx, id, func(sess *session) error {
		resumed := sess.byIdentity[p.ID]
		st, err := sess.join(ctx, p, as, link, false)
		if err != nil {
			return err
		}
		if link != nil {
			s.linked(link.ID(), id)
		}
		res = JoinResult{
			Room: sess.videoRoom(as), Self: sess.participant(st), Participants: []Participant{},
			ICEServers: engine.ICEServers(p.ID), Early: st.early && st != resumed,
			Limits: RoomLimits{
				Participants: s.caps.Participants, SeatGraceMs: int(s.caps.SeatGrace.Milliseconds()),
				Publish: st.publishes(), Subscribe: st.subscribes(),
			},
		}
		if st.in() {
			res.Participants = sess.others(st)
		}
		return nil
	})
	return res, err
}

// mayCome refuses those who are too early. Hosts may come at any time, and so
// may the tools they or the operator set up.
func (s *Service) mayCome(p auth.Principal, r *row, as standing) error {
	now := s.now()
	if r.stateAt(now) != Scheduled || as.hosts() || p.Room != nil && p.Room.Admitted {
		return nil
	}
	return fault.New(fault.Conflict, "room_not_open", "This session is not open yet.").After(r.joinableFrom().Sub(now))
}

// Leave gives up p's seat. A socket that no longer holds the seat frees
// nothing; whoever has none has left already.
func (s *Service) Leave(ctx context.Context, p auth.Principal, id string, link Link) error {
	if _, _, _, err := s.find(ctx, p, id, leave); err != nil {
		return err
	}
	_, err := s.inLive(ctx, id, func(sess *session) error {
		st := sess.byIdentity[p.ID]
		if st == nil {
			return nil
		}
		if held := st.out.get(); link != nil && held != nil && held.ID() != link.ID() {
			return nil
		}
		return sess.leave(ctx, st, "left")
	})
	return err
}

// Dropped tells the rooms of a socket that it is gone.
func (s *Service) Dropped(linkID string) {
	ctx, cancel := background()
	defer cancel()
	for _, id := range s.unlinked(linkID) {
		// A session that has ended has nobody left to mind.
		_, _ = s.inLive(ctx, id, func(sess *session) error {
			sess.drop(linkID)
			return nil
		})
	}
	s.endPrecall(linkID)
	s.endEarly(linkID)
}

// Revoked takes those out of every room who came by a login that has ended. No
// seat is kept for them.
func (s *Service) Revoked(login string) {
	ctx, cancel := background()
	defer cancel()
	for _, sess := range s.all() {
		_ = sess.do(ctx, func() { // errGone: nobody is left to mind
			for _, st := range sess.seats {
				if st.p.SessionID != login {
					continue
				}
				if err := sess.leave(ctx, st, "left"); err != nil {
					sess.log.Error("seat not freed in the record", "participant", st.id, "error", err)
				}
			}
		})
	}
}

// moderate runs a verb of moderation on the live session.
func (s *Service) moderate(ctx context.Context, p auth.Principal, id string, v verb, f func(*session, standing) error) error {
	_, _, as, err := s.find(ctx, p, id, v)
	if err != nil {
		return err
	}
	return s.in(ctx, id, func(sess *session) error { return f(sess, as) })
}

// Admit lets one person in, or back in after a kick.
func (s *Service) Admit(ctx context.Context, p auth.Principal, id, who string) error {
	return s.moderate(ctx, p, id, admit, func(sess *session, _ standing) error { return sess.admit(ctx, p, who) })
}

// Deny sends one person who waits away.
func (s *Service) Deny(ctx context.Context, p auth.Principal, id, who, reason string) error {
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) > 200 || reason != "" && !validName(reason, 200) {
		return fault.New(fault.Invalid, "invalid", "Some values are not valid.").With("body.reason", "at most 200 printable characters")
	}
	return s.moderate(ctx, p, id, deny, func(sess *session, _ standing) error { return sess.deny(ctx, p, who, reason) })
}

// Kick removes one person, who stays out until admitted again.
func (s *Service) Kick(ctx context.Context, p auth.Principal, id, who string) error {
	return s.moderate(ctx, p, id, kick, func(sess *session, as standing) error { return sess.kick(ctx, p, as, who) })
}

// Mute silences one source of one person.
func (s *Service) Mute(ctx context.Context, p auth.Principal, id, who string, source sfu.Source) error {
	return s.moderate(ctx, p, id, mute, func(sess *session, as standing) error { return sess.mute(ctx, p, as, who, source) })
}

// End closes a room for good. Ending it again is no error.
func (s *Service) End(ctx context.Context, p auth.Principal, id string) error {
	r, _, _, err := s.find(ctx, p, id, end)
	if err != nil || r.State == Ended {
		return err
	}
	err = s.in(ctx, id, func(sess *session) error { return sess.finish(ctx, p.ID, "ended") })
	if fault.Is(err, fault.Gone) {
		return nil // somebody else ended it first
	}
	return err
}

// endRow writes that a room has ended.
func (s *Service) endRow(ctx context.Context, r *row, members []memberRow, by, reason string, now time.Time) error {
	return s.store.db.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		ok, err := s.store.advance(ctx, tx, r.ID, Ended, now, Scheduled, Open, Live)
		if err != nil || !ok {
			return err
		}
		return tx.Emit(ctx, event.RoomEnded{
			Room: r.ID, Meeting: r.MeetingID, Members: memberIDs(members), Reason: reason, By: by, At: now,
		})
	})
}

// Hand raises or lowers p's hand.
func (s *Service) Hand(ctx context.Context, p auth.Principal, link Link, id string, raised bool) (res SelfResult, err error) {
	err = s.onSeat(ctx, p, link, id, func(sess *session, st *seat) error {
		if st.hand != raised {
			st.hand = raised
			sess.show(st)
		}
		res.Self = sess.participant(st)
		return nil
	})
	return res, err
}

// Media shows others which of p's devices are on.
func (s *Service) Media(ctx context.Context, p auth.Principal, link Link, m MediaRequest) (res SelfResult, err error) {
	err = s.onSeat(ctx, p, link, m.Room, func(sess *session, st *seat) error {
		sess.media(st, m.Microphone, m.Camera, m.Screen)
		res.Self = sess.participant(st)
		return nil
	})
	return res, err
}

// MayListen decides who listens to the topics of a room: those who are in it,
// and of those the hosts to its waiting room.
func (s *Service) MayListen(ctx context.Context, p auth.Principal, rest string) error {
	id, waiting := strings.CutSuffix(rest, ":waiting")
	live, err := s.inLive(ctx, id, func(sess *session) error {
		st := sess.byIdentity[p.ID]
		if st == nil || !st.in() || standingOf(p, &sess.row, sess.members) == stranger || waiting && !st.standing.hosts() {
			return errNotFound()
		}
		return nil
	})
	if err == nil && !live {
		return errNotFound()
	}
	return err
}
