package room

import (
	"context"
	"maps"
	"slices"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/sfu"
)

// Recorder is told who is in the rooms of this node, by the session's goroutine
// and in order. It must not wait: what it makes of the news is its own matter.
// Who stands at the door is not in the room.
type Recorder interface {
	// Present tells that somebody is in, or that something about them changed:
	// their devices, a mute, what they send.
	Present(room string, who Occupant)
	// Measured tells how well somebody's media arrives here.
	Measured(room, participant string, up sfu.Score)
	// Gone tells that somebody is in no longer.
	Gone(room, participant string)
	// Closed tells that the room ended for good, or with this server.
	Closed(room string, ended bool)
}

// Occupant is somebody who is in a room.
type Occupant struct {
	Participant string // and the id of their peer in the media plane
	Identity    string
	Name        string
	Role        Role
	Client      bool // of the practice
	Tool        bool // holds a token and is nobody who could answer
	Microphone  bool
	Camera      bool
	Screen      bool
	Sources     []sfu.Source // that arrive here
}

// noRecorder is there while nobody records.
type noRecorder struct{}

func (noRecorder) Present(string, Occupant)           {}
func (noRecorder) Measured(string, string, sfu.Score) {}
func (noRecorder) Gone(string, string)                {}
func (noRecorder) Closed(string, bool)                {}

// occupant is a seat as the recorder sees it.
func (s *session) occupant(st *seat) Occupant {
	o := Occupant{
		Participant: st.id, Identity: st.p.ID, Name: st.p.Name, Role: st.role(),
		Client:     st.p.Is(auth.Client) || s.clients[st.p.ID],
		Tool:       st.p.Kind == auth.Token && st.p.SessionID == "",
		Microphone: st.microphone, Camera: st.camera, Screen: st.screen,
	}
	for _, t := range st.tracks {
		o.Sources = append(o.Sources, sfu.Source(t.Source))
	}
	return o
}

// tell passes a seat on to the recorder, if it is past the door.
func (s *session) tell(st *seat) {
	if st.in() {
		s.svc.recorder.Present(s.id, s.occupant(st))
	}
}

// Recordable is a room as the recorder needs it.
type Recordable struct {
	Room    Room
	Hosts   []string   // user ids, the host first
	Present []Occupant // in order of arrival
	Asker   string     // participant id of who asks; empty if they are not in
}

// ForRecording says who is in a room, to one who may record it.
func (s *Service) ForRecording(ctx context.Context, p auth.Principal, id string) (Recordable, error) {
	r, members, _, err := s.find(ctx, p, id, record)
	if err != nil {
		return Recordable{}, err
	}
	if r.State == Ended { // lists of what was recorded outlive it
		return Recordable{}, errEnded()
	}
	if r.Engine != "sfu" {
		return Recordable{}, fault.New(fault.Conflict, "not_recordable", "The media of this room does not pass through this server readably, so it cannot record it.")
	}
	return s.recordable(ctx, p, r, members)
}

// MayRecord refuses those who may not start and stop recordings of a room.
func (s *Service) MayRecord(ctx context.Context, p auth.Principal, id string) error {
	_, _, _, err := s.find(ctx, p, id, record)
	return err
}

// InRoom says who is in a room, to one of them.
func (s *Service) InRoom(ctx context.Context, p auth.Principal, id string) (Recordable, error) {
	r, members, _, err := s.find(ctx, p, id, act)
	if err != nil {
		return Recordable{}, err
	}
	out, err := s.recordable(ctx, p, r, members)
	if err == nil && out.Asker == "" {
		err = fault.New(fault.Conflict, "not_joined", "Please join the room first.")
	}
	return out, err
}

func (s *Service) recordable(ctx context.Context, p auth.Principal, r *row, members []memberRow) (Recordable, error) {
	people, err := s.names(ctx, members)
	if err != nil {
		return Recordable{}, err
	}
	out := Recordable{Room: viewOf(r, people, s.now()), Hosts: []string{r.HostID}}
	for _, m := range members {
		if m.Role == RoleHost && m.UserID != r.HostID {
			out.Hosts = append(out.Hosts, m.UserID)
		}
	}
	_, err = s.inLive(ctx, r.ID, func(sess *session) error {
		seats := slices.SortedFunc(maps.Values(sess.seats), func(a, b *seat) int {
			return byArrival(sess.participant(a), sess.participant(b))
		})
		for _, st := range seats {
			if !st.in() {
				continue
			}
			out.Present = append(out.Present, sess.occupant(st))
			if st.p.ID == p.ID {
				out.Asker = st.id
			}
		}
		return nil
	})
	return out, err
}

// MeetingRooms are the rooms of a meeting that p may know of; a meeting without
// any is not found.
func (s *Service) MeetingRooms(ctx context.Context, p auth.Principal, meeting string) ([]string, error) {
	rooms, err := s.store.meeting(ctx, meeting)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range rooms {
		members, err := s.store.members(ctx, s.store.db.Read(), rooms[i].ID)
		if err != nil {
			return nil, err
		}
		if standingOf(p, &rooms[i], members[rooms[i].ID]) != stranger {
			ids = append(ids, rooms[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil, errNotFound()
	}
	return ids, nil
}
