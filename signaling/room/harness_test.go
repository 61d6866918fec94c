package room

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
)

// testPeople are the accounts of a small practice.
type testPeople map[string]User

func (p testPeople) Users(_ context.Context, ids []string) (map[string]User, error) {
	out := map[string]User{}
	for _, id := range ids {
		if u, ok := p[id]; ok {
			out[id] = u
		}
	}
	return out, nil
}

func (p testPeople) Treats(_ context.Context, therapist, client string) (bool, error) {
	return therapist == "tess" && (client == "carl" || client == "cora"), nil
}

func (p testPeople) CreateGuestLink(context.Context, string, string, time.Duration) (string, error) {
	return "one-time-secret", nil
}

var practice = testPeople{
	"tess": {"Tess", auth.Therapist}, "theo": {"Theo", auth.Therapist}, "thea": {"Thea", auth.Therapist},
	"carl": {"Carl", auth.Client}, "cora": {"Cora", auth.Client}, "cleo": {"Cleo", auth.Client},
	"adam": {"Adam", auth.Admin}, "mona": {"Mona", auth.Moderator},
}

// user is somebody of the practice, signed in.
func user(id string) auth.Principal {
	return auth.Principal{ID: id, Kind: auth.User, Role: practice[id].Role, Name: practice[id].Name, SessionID: "session of " + id}
}

func guestOf(room, id string) auth.Principal {
	return auth.Principal{ID: id, Kind: auth.Guest, Name: "Guest " + id, SessionID: "session of " + id,
		Room: &auth.RoomGrant{Room: room, Publish: true, Subscribe: true}}
}

func tokenOf(room, id string, g auth.RoomGrant) auth.Principal {
	g.Room = room
	return auth.Principal{ID: id, Kind: auth.Token, Name: id, Room: &g}
}

// clock is the time of a test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var noon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

// house is a service with everything around it recorded.
type house struct {
	*Service
	t      *testing.T
	hub    *hubRecorder
	engine *testEngine
	clock  *clock
	db     *db.DB
	queue  *job.Queue
	facts  *factRecorder
}

type factRecorder struct {
	mu   sync.Mutex
	list []event.Fact
}

func (r *factRecorder) bus() *event.Bus[*db.Tx] {
	bus := event.NewBus[*db.Tx]()
	bus.Forward(func(_ context.Context, e event.Envelope) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.list = append(r.list, e.Fact)
	})
	return bus
}

// each runs a story on every database.
func each(t *testing.T, story func(t *testing.T, h *house)) {
	t.Helper()
	var facts *factRecorder
	dbtest.EachWithBus(t, func() *event.Bus[*db.Tx] {
		facts = &factRecorder{}
		return facts.bus()
	}, func(t *testing.T, d *db.DB) { story(t, newHouse(t, d, facts)) })
}

// newHouse may be called again on the same database: then the server restarted.
func newHouse(t *testing.T, d *db.DB, facts *factRecorder) *house {
	hub := &hubRecorder{}
	h := houseWith(t, d, facts, hub)
	h.hub = hub
	return h
}

func houseWith(t *testing.T, d *db.DB, facts *factRecorder, hub Publisher) *house {
	h := &house{
		t: t, engine: &testEngine{legs: map[string]*testLeg{}},
		clock: &clock{at: noon}, db: d, facts: facts, queue: job.New(d, slog.New(slog.DiscardHandler)),
	}
	h.Service = New(Options{
		DB: d, Hub: hub, Jobs: h.queue, People: practice,
		Tokens:  NewTokenIssuer(make([]byte, TokenSeed), h.clock.now),
		Engines: map[string]Engine{"sfu": h.engine}, Log: slog.New(slog.DiscardHandler), Now: h.clock.now,
		SocketURL: "ws://localhost/api/v1/socket",
	})
	t.Cleanup(h.shutdown)
	return h
}

// emitted lists the kinds of the facts since the last call.
func (h *house) emitted() []string {
	h.t.Helper()
	if err := h.db.Drain(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.facts.mu.Lock()
	defer h.facts.mu.Unlock()
	kinds := []string{}
	for _, f := range h.facts.list {
		kinds = append(kinds, f.Kind())
	}
	h.facts.list = nil
	return kinds
}

// plan is a session of Tess with Carl, an hour from noon.
func (h *house) room(change ...func(*Plan)) string {
	h.t.Helper()
	plan := Plan{Kind: Group, MemberIDs: []string{"carl", "cora"}, WaitingRoom: true, StartsAt: noon, EndsAt: noon.Add(time.Hour)}
	for _, c := range change {
		c(&plan)
	}
	r, err := h.Create(h.t.Context(), user("tess"), plan)
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

// come joins with a socket of its own and fails the test if that is refused.
func (h *house) come(p auth.Principal, room string) (JoinResult, *testLink) {
	h.t.Helper()
	link := newLink("link " + p.ID + time.Now().String())
	res, err := h.Join(h.t.Context(), p, room, link)
	if err != nil {
		h.t.Fatalf("%s cannot join: %v", p.ID, err)
	}
	return res, link
}

func (h *house) stateOf(p auth.Principal, room string) SeatState {
	state := Left
	_, _ = h.inLive(h.t.Context(), room, func(s *session) error {
		if st := s.byIdentity[p.ID]; st != nil {
			state = st.state
		}
		return nil
	})
	return state
}

// code is the code of a fault, "" of success.
func code(err error) string {
	if err == nil {
		return ""
	}
	if f := fault.As(err); f != nil {
		return f.Code
	}
	return "not a fault: " + err.Error()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
