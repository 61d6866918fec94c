package room

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// Plan is what a new room is to be.
type Plan struct {
	MeetingID   string // made if empty
	Title       string
	Kind        Kind
	Engine      string
	HostID      string   // the asker if empty
	CoHostIDs   []string // staff
	MemberIDs   []string // clients
	StartsAt    time.Time
	EndsAt      time.Time
	WaitingRoom bool
}

// Create makes a room: a session in the calendar, or one that begins now if the
// plan has no start. Therapists host what they create, with clients they treat.
func (s *Service) Create(ctx context.Context, p auth.Principal, plan Plan) (VideoRoom, error) {
	if !p.Is(auth.Therapist, auth.Moderator, auth.Admin) {
		return VideoRoom{}, fault.New(fault.Forbidden, "not_allowed", "Your account may not create sessions.")
	}
	if plan.HostID == "" {
		plan.HostID = p.ID
	}
	if p.Role == auth.Therapist && plan.HostID != p.ID {
		return VideoRoom{}, fault.New(fault.Forbidden, "not_host", "You can only create sessions that you host.")
	}
	now := s.now()
	r, members, err := plan.rows(p, now)
	if err != nil {
		return VideoRoom{}, err
	}
	if _, err := s.engineFor(r.Engine); err != nil {
		return VideoRoom{}, err
	}
	if err := s.checkPeople(ctx, p, plan); err != nil {
		return VideoRoom{}, err
	}
	err = s.store.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.store.insert(ctx, tx, r, members); err != nil {
			return err
		}
		if err := s.schedule(ctx, tx, r); err != nil {
			return err
		}
		return tx.Emit(ctx, event.RoomCreated{
			Room: r.ID, Meeting: r.MeetingID, RoomKind: string(r.Kind), Engine: r.Engine, State: string(r.State),
			Host: r.HostID, Members: memberIDs(members), StartsAt: r.StartsAt, EndsAt: r.EndsAt, By: p.ID,
		})
	})
	if db.IsUnique(err) {
		return VideoRoom{}, fault.New(fault.Conflict, "meeting_has_room", "This meeting has a room already.")
	}
	if err != nil {
		return VideoRoom{}, err
	}
	s.log.Info("room created", "room", r.ID, "kind", r.Kind, "engine", r.Engine)
	return s.show(ctx, p, r, members)
}

// rows checks a plan and turns it into what is stored.
func (plan Plan) rows(p auth.Principal, now time.Time) (*row, []memberRow, error) {
	bad := fault.New(fault.Invalid, "invalid", "Some values are not valid.")
	if plan.StartsAt.IsZero() {
		plan.StartsAt = now
	}
	if plan.EndsAt.IsZero() {
		plan.EndsAt = plan.StartsAt.Add(defaultDuration)
	}
	if plan.MeetingID == "" {
		plan.MeetingID = rand.Text()
	}
	if plan.Engine == "" {
		plan.Engine = "sfu"
	}
	plan.Title = strings.TrimSpace(plan.Title)
	switch {
	case plan.Kind.clients() == 0:
		return nil, nil, bad.With("body.kind", "individual, couple or group")
	case !validName(plan.MeetingID, 64):
		return nil, nil, bad.With("body.meetingId", "1 to 64 printable characters")
	case plan.Title != "" && !validName(plan.Title, 120):
		return nil, nil, bad.With("body.title", "at most 120 printable characters")
	}
	if err := checkTimes(plan.StartsAt, plan.EndsAt, now); err != nil {
		return nil, nil, err
	}
	r := &row{
		ID: rand.Text(), MeetingID: plan.MeetingID, Title: plan.Title, Kind: plan.Kind, Engine: plan.Engine,
		State: Scheduled, HostID: plan.HostID, WaitingRoom: plan.WaitingRoom,
		StartsAt: utcMilli(plan.StartsAt), EndsAt: utcMilli(plan.EndsAt), CreatedBy: p.ID, CreatedAt: now,
	}
	r.State = r.stateAt(now)
	members := []memberRow{{RoomID: r.ID, UserID: plan.HostID, Role: RoleHost}}
	for _, id := range plan.CoHostIDs {
		members = append(members, memberRow{RoomID: r.ID, UserID: id, Role: RoleHost})
	}
	for _, id := range plan.MemberIDs {
		members = append(members, memberRow{RoomID: r.ID, UserID: id, Role: RoleParticipant})
	}
	if len(plan.MemberIDs) > plan.Kind.clients() {
		return nil, nil, bad.With("body.memberIds", "too many people for this kind of session")
	}
	ids := memberIDs(members)
	slices.Sort(ids)
	if len(slices.Compact(ids)) != len(members) {
		return nil, nil, bad.With("body.memberIds", "somebody is named twice")
	}
	return r, members, nil
}

func utcMilli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// checkTimes bounds when a session may be.
func checkTimes(starts, ends, now time.Time) error {
	bad := fault.New(fault.Invalid, "bad_time", "The session cannot be at that time.")
	switch {
	case !utcMilli(starts).Before(utcMilli(ends)):
		return bad.With("body.endsAt", "must be after the start")
	case ends.Sub(starts) > maxDuration:
		return bad.With("body.endsAt", "a session takes a day at most")
	case ends.Before(now):
		return bad.With("body.endsAt", "is in the past")
	case starts.After(now.Add(planAhead)):
		return bad.With("body.startsAt", "is more than two years ahead")
	}
	return nil
}

// checkPeople sees that a plan names people who are what it takes them for. Of
// somebody's client it says no more than that the asker may not pick them.
func (s *Service) checkPeople(ctx context.Context, p auth.Principal, plan Plan) error {
	ids := slices.Concat([]string{plan.HostID}, plan.CoHostIDs, plan.MemberIDs)
	users, err := s.people.Users(ctx, ids)
	if err != nil {
		return err
	}
	bad := fault.New(fault.Invalid, "bad_member", "Some of these people cannot be in this session.")
	for _, id := range ids[:1+len(plan.CoHostIDs)] {
		u, ok := users[id]
		if !ok || u.Role == auth.Client {
			where := "body.coHostIds"
			if id == plan.HostID {
				where = "body.hostId"
			}
			return bad.With(where, "must be a member of staff")
		}
	}
	for _, id := range plan.MemberIDs {
		u, ok := users[id]
		if ok && p.Role == auth.Therapist && u.Role == auth.Client {
			if ok, err = s.people.Treats(ctx, p.ID, id); err != nil {
				return err
			}
		}
		if !ok {
			return bad.With("body.memberIds", "must be people you may invite")
		}
	}
	return nil
}

// Changes are what may change of a room. Nil fields stay.
type Changes struct {
	Title       *string
	StartsAt    *time.Time // only while scheduled
	EndsAt      *time.Time
	WaitingRoom *bool
	Locked      *bool
}

// Update changes a room's plan or its door. Those at the door when the waiting
// room is switched off stay there: nobody is let in but by a person.
func (s *Service) Update(ctx context.Context, p auth.Principal, id string, c Changes) (VideoRoom, error) {
	r, members, as, err := s.find(ctx, p, id, see)
	if err != nil {
		return VideoRoom{}, err
	}
	state := r.stateAt(s.now())
	if c.Title != nil || c.StartsAt != nil || c.EndsAt != nil {
		if err := permit(edit, as, state); err != nil {
			return VideoRoom{}, err
		}
	}
	if c.WaitingRoom != nil || c.Locked != nil {
		if err := permit(lock, as, state); err != nil {
			return VideoRoom{}, err
		}
	}
	err = s.in(ctx, id, func(sess *session) error {
		changed, fields, err := sess.row.with(c, s.now())
		if err != nil {
			return err
		}
		*r = changed
		if len(fields) == 0 {
			return nil
		}
		err = sess.write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := s.store.update(ctx, tx, &changed); err != nil {
				return err
			}
			if err := s.schedule(ctx, tx, &changed); err != nil {
				return err
			}
			return tx.Emit(ctx, event.RoomChanged{
				Room: id, State: string(changed.stateAt(s.now())), Members: sess.memberIDs(), Fields: fields,
				StartsAt: changed.StartsAt, EndsAt: changed.EndsAt, Locked: changed.Locked, By: p.ID,
			})
		})
		if err != nil {
			return err
		}
		sess.row = changed
		sess.showRoom()
		return nil
	})
	if err != nil {
		return VideoRoom{}, err
	}
	return s.show(ctx, p, r, members)
}

// with returns the room with changes made, and the names of what differs.
func (r row) with(c Changes, now time.Time) (row, []string, error) {
	was := r
	if c.Title != nil {
		r.Title = strings.TrimSpace(*c.Title)
		if r.Title != "" && !validName(r.Title, 120) {
			return was, nil, fault.New(fault.Invalid, "invalid", "Some values are not valid.").With("body.title", "at most 120 printable characters")
		}
	}
	if c.StartsAt != nil {
		r.StartsAt = utcMilli(*c.StartsAt)
	}
	if c.EndsAt != nil {
		r.EndsAt = utcMilli(*c.EndsAt)
	}
	if c.WaitingRoom != nil {
		r.WaitingRoom = *c.WaitingRoom
	}
	if c.Locked != nil {
		r.Locked = *c.Locked
	}
	moved := !r.StartsAt.Equal(was.StartsAt)
	if moved && was.stateAt(now) != Scheduled {
		return was, nil, fault.New(fault.Conflict, "has_begun", "The start cannot be moved once the room is open.")
	}
	if moved || !r.EndsAt.Equal(was.EndsAt) {
		if err := checkTimes(r.StartsAt, r.EndsAt, now); err != nil {
			return was, nil, err
		}
	}
	var fields []string
	for name, differs := range map[string]bool{
		"title": r.Title != was.Title, "startsAt": moved, "endsAt": !r.EndsAt.Equal(was.EndsAt),
		"waitingRoom": r.WaitingRoom != was.WaitingRoom, "locked": r.Locked != was.Locked,
	} {
		if differs {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return r, fields, nil
}

func memberIDs(members []memberRow) []string {
	ids := make([]string, 0, len(members))
	for _, m := range members {
		ids = append(ids, m.UserID)
	}
	return ids
}
