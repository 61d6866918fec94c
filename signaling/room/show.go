package room

import (
	"cmp"
	"slices"
	"time"

	"mentara/sfu"
)

// topics of the room, and of its waiting room for hosts.
func (s *session) topics(st *seat) []string {
	if st.standing.hosts() {
		return []string{topicOf(s.id), waitingTopicOf(s.id)}
	}
	return []string{topicOf(s.id)}
}

func topicOf(room string) string        { return "room:" + room }
func waitingTopicOf(room string) string { return "room:" + room + ":waiting" }

// show tells the room, or its hosts, how somebody is now.
func (s *session) show(st *seat) {
	topic := topicOf(s.id)
	if st.state == Waiting {
		topic = waitingTopicOf(s.id)
	}
	s.svc.hub.Publish(topic, "room.participant", ParticipantChanged{Participant: s.participant(st)})
	s.tell(st)
}

// showRoom tells the room that its plan, its door or its state changed.
func (s *session) showRoom() {
	s.svc.hub.Publish(topicOf(s.id), "room.changed", RoomUpdate{Room: viewOf(&s.row, s.people, s.svc.now())})
}

// participant is how others see a seat.
func (s *session) participant(st *seat) Participant {
	return Participant{
		ID: st.id, Identity: st.p.ID, Name: st.p.Name, Role: st.role(), State: st.state,
		Connection: st.connection, Microphone: st.microphone, Camera: st.camera, Screen: st.screen,
		HandRaised: st.hand, MutedByHost: st.muted[sfu.Microphone] != nil, JoinedAt: st.since,
		Tracks: slices.Clone(st.tracks),
	}
}

// everybody lists who is in, in order of arrival; with all, also who waits.
func (s *session) everybody(all bool) []Participant {
	list := []Participant{}
	for _, st := range s.seats {
		if st.in() || all {
			list = append(list, s.participant(st))
		}
	}
	slices.SortFunc(list, byArrival)
	return list
}

func byArrival(a, b Participant) int {
	return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.ID, b.ID))
}

func (s *session) waiting() (n int) {
	for _, st := range s.seats {
		if st.state == Waiting {
			n++
		}
	}
	return n
}

// kickedOf lists those a room keeps out. After a restart their participant id
// is gone; the identity stands in for it.
func kickedOf(access map[string]accessRow) map[string]Participant {
	out := map[string]Participant{}
	for _, a := range access {
		if !a.BannedAt.IsZero() {
			out[a.Identity] = Participant{
				ID: a.Identity, Identity: a.Identity, Name: a.Name, Role: RoleGuest, State: Left, Kicked: true,
				Connection: MediaConnection{State: "closed"}, JoinedAt: a.BannedAt.UTC(), Tracks: []PublishedTrack{},
			}
		}
	}
	return out
}

// videoRoom is the room as one person in it sees it.
func (s *session) videoRoom(as standing) VideoRoom {
	waiting := 0
	if as.hosts() {
		waiting = s.waiting()
	}
	return videoRoom(&s.row, s.members, s.people, as, waiting, s.svc.now())
}

// videoRoom is a stored room as somebody of that standing sees it. Guests see
// whom they meet, not whom the room was made for.
func videoRoom(r *row, members []memberRow, people map[string]RoomPerson, as standing, waiting int, now time.Time) VideoRoom {
	v := VideoRoom{Room: viewOf(r, people, now), Members: []RoomMember{}, MyRole: as.role(), Waiting: waiting}
	if as == guest {
		return v
	}
	for _, m := range members {
		v.Members = append(v.Members, RoomMember{ID: m.UserID, Name: people[m.UserID].Name, Role: m.Role})
	}
	return v
}

// viewOf is what everybody in a room may know of it.
func viewOf(r *row, people map[string]RoomPerson, now time.Time) Room {
	v := Room{
		ID: r.ID, MeetingID: r.MeetingID, Title: r.Title, Kind: r.Kind, Engine: r.Engine, State: r.stateAt(now),
		StartsAt: r.StartsAt, EndsAt: r.EndsAt, Host: RoomPerson{ID: r.HostID, Name: people[r.HostID].Name},
		WaitingRoom: r.WaitingRoom, Locked: r.Locked, JoinableFrom: r.joinableFrom(),
	}
	if !r.StartedAt.IsZero() {
		at := r.StartedAt
		v.StartedAt = &at
	}
	if !r.EndedAt.IsZero() {
		at := r.EndedAt
		v.EndedAt = &at
	}
	return v
}
