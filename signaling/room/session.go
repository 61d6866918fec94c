package room

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/sfu"
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
	broken     error // why the room could not be loaded
	row        row
	members    []memberRow
	people     map[string]RoomPerson // names of the members
	clients    map[string]bool       // members who are clients of the practice
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
	dropped  time.Time              // when its last holder went, unless it is held
	leg      Leg                    // of the socket; nil until the first offer
	early    bool                   // the leg was made ahead of the seat
	doors    int                    // WHIP and WHEP sessions that hold it
	peers    map[*sfu.Peer]struct{} // theirs, once they are connecting
	stay     *stay
	muted    map[sfu.Source]*muting
	bad      int // offers and candidates refused in a row

	since                      time.Time
	microphone, camera, screen bool
	hand                       bool
	connection                 MediaConnection
	tracks                     []PublishedTrack
}

// muting is a host's mute of one source. The person undoes it by turning the
// source on again, which can only be told from an old "on" still under way, or
// repeated by a client that was away, once the source has been seen off.
type muting struct {
	by      string // name
	seenOff bool
}

// publishes and subscribes are what the seat's media may do.
func (s *seat) publishes() bool  { return s.p.Room == nil || s.p.Room.Publish }
func (s *seat) subscribes() bool { return s.p.Room == nil || s.p.Room.Subscribe }

// in reports whether the seat is past the door.
func (s *seat) in() bool { return s.state == Joined || s.state == Reconnecting }

func (s *seat) role() Role { return s.standing.role() }

// closeMedia ends everything the seat sends and receives, at once.
func (s *seat) closeMedia() {
	if s.leg != nil {
		s.leg.Close()
		s.leg = nil
	}
	for peer := range s.peers {
		peer.Close()
	}
	clear(s.peers)
}

// mailbox is how many calls may wait for one room. A room of 24 that all
// connect at once brings a few hundred.
const mailbox = 512

// errGone says that the session ended while the call waited: ask for another.
var errGone = errors.New("the session has ended")

func newSession(svc *Service, id string) *session {
	return &session{
		svc: svc, id: id, log: svc.log.With("room", id),
		box: make(chan func(), mailbox), done: make(chan struct{}),
		seats: map[string]*seat{}, byIdentity: map[string]*seat{},
		denied: map[string]time.Time{}, heartbeat: svc.now(),
	}
}

// run is the session's goroutine. It reads the room after the session can be
// found: whatever changes the room from then on comes through here.
func (s *session) run() {
	defer close(s.done)
	if s.broken = s.load(); s.broken != nil {
		s.svc.forget(s)
	}
	for f := range s.box {
		f()
		if s.over || s.broken != nil {
			return
		}
	}
}

// load reads what the session begins with.
func (s *session) load() error {
	ctx, cancel := background()
	defer cancel()
	r, members, err := s.svc.store.room(ctx, s.svc.store.db.Read(), s.id)
	if err != nil {
		return err
	}
	if r.State == Ended {
		return errEnded()
	}
	s.row, s.members = *r, members
	if s.people, err = s.svc.names(ctx, members); err != nil {
		return err
	}
	if s.clients, err = s.svc.clients(ctx, members); err != nil {
		return err
	}
	s.access, err = s.svc.store.access(ctx, s.id)
	s.kicked = kickedOf(s.access)
	return err
}

// loaded runs f unless the room could not be read.
func (s *session) loaded(f func(*session) error) error {
	if s.broken != nil {
		return s.broken
	}
	return f(s)
}

// suspend ends everybody's stay because this server stops. They keep their
// admission, and no one is told that they left: they will be back.
func (s *session) suspend(ctx context.Context) {
	if s.broken != nil {
		return
	}
	now := s.svc.now()
	err := s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, st := range s.seats {
			if st.stay == nil {
				continue
			}
			st.stay.LeftAt, st.stay.SeenAt, st.stay.Reason = now, now, "restart"
			if err := s.svc.store.saveStay(ctx, tx, st.stay); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.log.Error("attendance not saved at stop", "error", err)
	}
	for _, st := range s.seats {
		st.closeMedia()
	}
	s.svc.recorder.Closed(s.id, false)
	s.close()
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

// post runs f later. It waits while the mailbox is full, which slows the engine
// goroutine it is called from, and not for a session that has ended. The
// session must not wait for that goroutine in turn: Leg.Close does not.
func (s *session) post(f func()) {
	select {
	case s.box <- f:
	case <-s.done:
	}
}

// background is the context of what no caller waits for.
func background() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 10*time.Second)
}

// close ends the session's goroutine after the function that runs now.
func (s *session) close() {
	s.over = true
	s.svc.forget(s)
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
