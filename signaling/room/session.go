package room

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
)

// session is the live state of one room on this node, owned by one goroutine.
// Everything below "owned" is touched only by functions given to do or post,
// which run one at a time, in order. That is why a handler may wait for the
// database in the middle: nobody sees the half of it, and no other room waits.
//
// It begins with the first to come and ends when nobody is in or waits, or when
// the room does.
type session struct {
	svc  *Service
	id   string
	log  *slog.Logger
	box  chan func()
	done chan struct{} // closed when the goroutine has ended

	// owned
	over       bool
	row        row
	members    []memberRow
	people     map[string]RoomPerson // names of the members
	seats      map[string]*seat      // by participant id
	byIdentity map[string]*seat
	access     map[string]accessRow
	kicked     map[string]Participant // by identity
	denied     map[string]time.Time   // until when not to knock again, by identity
	speakers   []Speaker
	heartbeat  time.Time // of the last one written
}

// seat is somebody's place in the room or at its door.
type seat struct {
	id       string
	p        auth.Principal
	standing standing
	state    SeatState
	out      outlet
	held     bool // by a WHIP or WHEP session and not by a socket
	dropped  time.Time
	leg      Leg // nil until the first offer
	stay     *stay
	muted    map[string]bool // sources, by a host
	bad      int             // offers and candidates refused in a row

	since                      time.Time
	microphone, camera, screen bool
	hand                       bool
	connection                 MediaConnection
	tracks                     []PublishedTrack
}

// publishes and subscribes are what the seat's media may do.
func (s *seat) publishes() bool  { return s.p.Room == nil || s.p.Room.Publish }
func (s *seat) subscribes() bool { return s.p.Room == nil || s.p.Room.Subscribe }

// in reports whether the seat is past the door.
func (s *seat) in() bool { return s.state == Joined || s.state == Reconnecting }

func (s *seat) role() Role {
	if s.standing == guest && !s.publishes() {
		return RoleObserver
	}
	return s.standing.role()
}

// mailbox is how many calls may wait for one room. A room of 24 that all
// connect at once brings a few hundred.
const mailbox = 512

// errGone says that the session ended while the call waited: ask for another.
var errGone = errors.New("the session has ended")

// run is the session's goroutine.
func (s *session) run() {
	defer close(s.done)
	for f := range s.box {
		f()
		if s.over {
			return
		}
	}
}

// do runs f on the session's goroutine and waits for it.
func (s *session) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case s.box <- func() { f(); close(ran) }:
	case <-s.done:
		return errGone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-ran:
		return nil
	case <-s.done:
		// f may have been the one that ended the session.
		select {
		case <-ran:
			return nil
		default:
			return errGone
		}
	}
}

// post runs f later. It waits only while the mailbox is full, and not for a
// session or a leg that has ended.
func (s *session) post(stop <-chan struct{}, f func()) {
	select {
	case s.box <- f:
	case <-s.done:
	case <-stop:
	}
}

// background is the context of what no caller waits for.
func background() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 10*time.Second)
}

// outlet is where a seat's pushes go: the socket that holds it now. The newest
// slots and demand are kept, because a socket that comes back must learn them
// and the engine tells only changes. It has a lock of its own, as the engine's
// goroutines push through it too.
type outlet struct {
	mu     sync.Mutex
	link   Link
	slots  *RTCSlots
	demand *RTCDemand
}

func (o *outlet) get() Link {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.link
}

// attach gives the seat to a socket and returns the one that had it.
func (o *outlet) attach(l Link) (old Link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	old, o.link = o.link, l
	if l != nil && o.slots != nil {
		l.Send("rtc.slots", *o.slots)
	}
	if l != nil && o.demand != nil {
		l.Send("rtc.demand", *o.demand)
	}
	return old
}

func (o *outlet) send(frameType string, data any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch v := data.(type) {
	case RTCSlots:
		o.slots = &v
	case RTCDemand:
		o.demand = &v
	}
	if o.link != nil {
		o.link.Send(frameType, data)
	}
}

// close ends the session's goroutine after the function that runs now.
func (s *session) close() {
	s.over = true
	s.svc.forget(s)
}

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
}

// showRoom tells the room that its plan, its door or its state changed.
func (s *session) showRoom() {
	s.svc.hub.Publish(topicOf(s.id), "room.changed", RoomUpdate{Room: s.view(participant)})
}

// participant is how others see a seat.
func (s *session) participant(st *seat) Participant {
	return Participant{
		ID: st.id, Identity: st.p.ID, Name: st.p.Name, Role: st.role(), State: st.state,
		Connection: st.connection, Microphone: st.microphone, Camera: st.camera, Screen: st.screen,
		HandRaised: st.hand, MutedByHost: st.muted["microphone"], JoinedAt: st.since,
		Tracks: slices.Clone(st.tracks),
	}
}

// everybody lists who is in, in order of arrival; with all, also who waits and
// who was kicked.
func (s *session) everybody(all bool) []Participant {
	list := []Participant{}
	for _, st := range s.seats {
		if st.in() || all {
			list = append(list, s.participant(st))
		}
	}
	if all {
		for _, k := range s.kicked {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b Participant) int {
		if c := a.JoinedAt.Compare(b.JoinedAt); c != 0 {
			return c
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}

func (s *session) waiting() (n int) {
	for _, st := range s.seats {
		if st.state == Waiting {
			n++
		}
	}
	return n
}

// view is the room as somebody of that standing may see it.
func (s *session) view(as standing) Room {
	return viewOf(&s.row, s.members, s.people, as, s.svc.now())
}

// write commits a change and its facts. The caller may have gone meanwhile:
// what was begun is finished.
func (s *session) write(ctx context.Context, f func(ctx context.Context, tx *db.Tx) error) error {
	return s.svc.store.db.Write(context.WithoutCancel(ctx), f)
}

func (s *session) memberIDs() []string { return memberIDs(s.members) }

func (s *session) hostIDs() []string {
	var ids []string
	for _, m := range s.members {
		if m.Role == RoleHost {
			ids = append(ids, m.UserID)
		}
	}
	return ids
}

// advance moves the room's state forward if who is in now calls for it, in the
// transaction that lets somebody in.
func (s *session) advance(ctx context.Context, tx *db.Tx, coming *seat, now time.Time) (State, error) {
	hosts, others := 0, 0
	for _, st := range s.seats {
		if st.in() && st != coming {
			if st.standing.hosts() {
				hosts++
			} else {
				others++
			}
		}
	}
	if coming.standing.hosts() {
		hosts++
	} else {
		others++
	}
	state := s.row.State
	if state == Scheduled && (hosts > 0 || !now.Before(s.row.joinableFrom())) {
		if ok, err := s.svc.store.advance(ctx, tx, s.id, Open, now, Scheduled); err != nil {
			return state, err
		} else if ok {
			if err := tx.Emit(ctx, event.RoomOpened{Room: s.id, Members: s.memberIDs(), At: now}); err != nil {
				return state, err
			}
		}
		state = Open
	}
	// Two hosts, a therapist and a supervisor say, are a meeting too.
	if state == Open && hosts > 0 && hosts+others > 1 {
		if ok, err := s.svc.store.advance(ctx, tx, s.id, Live, now, Scheduled, Open); err != nil {
			return state, err
		} else if ok {
			err := tx.Emit(ctx, event.RoomStarted{
				Room: s.id, Meeting: s.row.MeetingID, Host: s.row.HostID, Members: s.memberIDs(), At: now,
			})
			if err != nil {
				return state, err
			}
		}
		state = Live
	}
	return state, nil
}
