package room

import (
	"context"
	"time"

	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
)

// Jobs of this area: what a room does because time passes, whoever runs then.
const (
	JobOpen   = "room.open"   // a scheduled room's door opens
	JobExpire = "room.expire" // a room nobody came back to is closed
)

// occupiedAgain is when an expiry that found somebody in is tried again.
const occupiedAgain = time.Minute

// Due is the payload of both jobs.
type Due struct {
	Room string `json:"room"`
}

// work registers the jobs of this area.
func (s *Service) work(q *job.Queue) {
	job.Register(q, JobOpen, job.Options{}, s.OpenDue)
	job.Register(q, JobExpire, job.Options{}, s.ExpireDue)
}

// schedule enqueues what time will do to a room. After a change of plan the old
// jobs still run, see that it is not time, and do nothing.
func (s *Service) schedule(ctx context.Context, tx *db.Tx, r *row) error {
	if r.State == Scheduled {
		if err := s.enqueue(ctx, tx, JobOpen, r.ID, r.joinableFrom()); err != nil {
			return err
		}
	}
	return s.enqueue(ctx, tx, JobExpire, r.ID, r.EndsAt.Add(s.caps.EndGrace))
}

func (s *Service) enqueue(ctx context.Context, tx *db.Tx, kind, room string, at time.Time) error {
	return s.jobs.Enqueue(ctx, tx, kind, Due{Room: room}, job.EnqueueOptions{
		RunAt: at, UniqueKey: room + "@" + at.UTC().Format(time.RFC3339),
	})
}

// OpenDue opens a room whose time has come, and tells its members' pages.
func (s *Service) OpenDue(ctx context.Context, d Due) error {
	now := s.now()
	opened := func(ctx context.Context, r *row, members []memberRow) error {
		if r.State != Scheduled || now.Before(r.joinableFrom()) {
			return nil
		}
		return s.store.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			ok, err := s.store.advance(ctx, tx, r.ID, Open, now, Scheduled)
			if err != nil || !ok {
				return err
			}
			return tx.Emit(ctx, event.RoomOpened{Room: r.ID, Members: memberIDs(members), At: now})
		})
	}
	live, err := s.inLive(ctx, d.Room, func(sess *session) error {
		if err := opened(ctx, &sess.row, sess.members); err != nil {
			return err
		}
		if state := sess.row.stateAt(now); state != sess.row.State {
			sess.row.State = state
			sess.showRoom()
		}
		return nil
	})
	if live || err != nil {
		return notIfGone(err)
	}
	r, members, err := s.store.room(ctx, s.store.db.Read(), d.Room)
	if err != nil {
		return notIfGone(err)
	}
	return opened(ctx, r, members)
}

// ExpireDue ends a room whose time and grace have passed, unless somebody is
// still in it: nobody is put out of a session by the clock. Those who only wait
// at the door of such a room are sent home.
func (s *Service) ExpireDue(ctx context.Context, d Due) error {
	err := s.in(ctx, d.Room, func(sess *session) error {
		now := s.now()
		if now.Before(sess.row.EndsAt.Add(s.caps.EndGrace)) {
			return nil
		}
		busy := false
		for _, st := range sess.seats {
			busy = busy || st.in()
		}
		if !busy {
			var err error
			if busy, err = s.store.occupied(ctx, d.Room, now); err != nil {
				return err
			}
		}
		if busy {
			return sess.write(ctx, func(ctx context.Context, tx *db.Tx) error {
				return s.enqueue(ctx, tx, JobExpire, d.Room, now.Add(occupiedAgain))
			})
		}
		return sess.finish(ctx, "", "expired")
	})
	return notIfGone(err)
}

// notIfGone drops what a late job may well find: a room that has ended.
func notIfGone(err error) error {
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
