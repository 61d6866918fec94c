package room

import (
	"context"
	"maps"
	"slices"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// Query narrows a list of rooms.
type Query struct {
	From   time.Time // rooms that end after
	To     time.Time // rooms that start before
	States []State
	After  *mark
	Limit  int
}

// List returns rooms in order of their start: the principal's own, or all for
// admins and the front desk. next is set when there are more.
func (s *Service) List(ctx context.Context, p auth.Principal, q Query) (rooms []VideoRoom, next *mark, err error) {
	f := filter{From: q.From.UTC(), To: q.To.UTC(), States: q.States, Now: s.now(), After: q.After, Limit: int64(q.Limit) + 1}
	switch {
	case p.Room != nil:
		f.Room = p.Room.Room
	case p.Is(auth.Admin, auth.Moderator):
	case p.Kind == auth.User:
		f.Member = p.ID
	default:
		return []VideoRoom{}, nil, nil
	}
	if q.From.IsZero() {
		f.From = time.Time{}
	}
	if q.To.IsZero() {
		f.To = time.Time{}
	}
	rows, err := s.store.list(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		next = &mark{last.StartsAt, last.ID}
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	members := map[string][]memberRow{}
	if len(ids) > 0 {
		if members, err = s.store.members(ctx, s.store.db.Read(), ids...); err != nil {
			return nil, nil, err
		}
	}
	lists := make([][]memberRow, 0, len(members))
	for _, m := range members {
		lists = append(lists, m)
	}
	people, err := s.names(ctx, lists...)
	if err != nil {
		return nil, nil, err
	}
	rooms = make([]VideoRoom, 0, len(rows))
	for i := range rows {
		r, m := &rows[i], members[rows[i].ID]
		as := standingOf(p, r, m)
		if permit(see, as, r.State) != nil {
			continue
		}
		rooms = append(rooms, videoRoom(r, m, people, as, s.waitingIn(ctx, r.ID, as), f.Now))
	}
	return rooms, next, nil
}

// Get returns one room.
func (s *Service) Get(ctx context.Context, p auth.Principal, id string) (VideoRoom, error) {
	r, members, _, err := s.find(ctx, p, id, see)
	if err != nil {
		return VideoRoom{}, err
	}
	return s.show(ctx, p, r, members)
}

// show is a stored room as p sees it.
func (s *Service) show(ctx context.Context, p auth.Principal, r *row, members []memberRow) (VideoRoom, error) {
	people, err := s.names(ctx, members)
	if err != nil {
		return VideoRoom{}, err
	}
	as := standingOf(p, r, members)
	return videoRoom(r, members, people, as, s.waitingIn(ctx, r.ID, as), s.now()), nil
}

// waitingIn counts who stands at the door, for those who may know.
func (s *Service) waitingIn(ctx context.Context, id string, as standing) (n int) {
	if permit(listAll, as, Open) != nil {
		return 0
	}
	// What is not live has nobody waiting; a list is worth more than the count.
	_, _ = s.inLive(ctx, id, func(sess *session) error {
		n = sess.waiting()
		return nil
	})
	return n
}

// Participants lists who is in a room, and for hosts and staff who waits and,
// last, who was kicked. Members see it only while they are in.
func (s *Service) Participants(ctx context.Context, p auth.Principal, id string) ([]Participant, error) {
	r, _, as, err := s.find(ctx, p, id, list)
	if err != nil {
		return nil, err
	}
	all := permit(listAll, as, r.State) == nil
	people := []Participant{}
	live, err := s.inLive(ctx, id, func(sess *session) error {
		if st := sess.byIdentity[p.ID]; !all && (st == nil || !st.in()) {
			return errNotIn()
		}
		people = sess.everybody(all)
		if all {
			people = append(people, slices.SortedFunc(maps.Values(sess.kicked), byArrival)...)
		}
		return nil
	})
	if err != nil || live {
		return people, err
	}
	if !all {
		return nil, errNotIn()
	}
	access, err := s.store.access(ctx, id)
	if err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(kickedOf(access)), byArrival), nil
}

func errNotIn() error {
	return fault.New(fault.Forbidden, "not_joined", "Only those in the room see who is there.")
}

// Attendance is who was in a room and for how long: everybody's for hosts and
// admins, one's own for others.
func (s *Service) Attendance(ctx context.Context, p auth.Principal, id string) ([]Attendance, error) {
	r, _, as, err := s.find(ctx, p, id, ownRecord)
	if err != nil {
		return nil, err
	}
	identity := p.ID
	if permit(attendance, as, r.State) == nil {
		identity = ""
	}
	stays, err := s.store.stays(ctx, id, identity)
	if err != nil {
		return nil, err
	}
	return summarise(stays, s.now()), nil
}
