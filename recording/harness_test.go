package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
	"mentara/recording/capture"
	"mentara/sfu"
)

// practice is the accounts and the care relations around a house.
type practice struct {
	mu   sync.Mutex
	care map[string][]string // clients by therapist
}

var staff = map[string]User{
	"tess": {"Tess", auth.Therapist}, "theo": {"Theo", auth.Therapist}, "thea": {"Thea", auth.Therapist},
	"carl": {"Carl", auth.Client}, "cora": {"Cora", auth.Client}, "cleo": {"Cleo", auth.Client},
	"adam": {"Adam", auth.Admin}, "mona": {"Mona", auth.Moderator},
}

func (p *practice) Treats(ctx context.Context, therapist, client string) (bool, error) {
	list, err := p.Clients(ctx, therapist)
	return slices.Contains(list, client), err
}

func (p *practice) Clients(_ context.Context, therapist string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.care[therapist]), nil
}

func (p *practice) Users(_ context.Context, ids []string) (map[string]User, error) {
	out := map[string]User{}
	for _, id := range ids {
		if u, ok := staff[id]; ok {
			out[id] = u
		}
	}
	return out, nil
}

// rooms is one room of Tess with whoever is in it.
type rooms struct {
	mu   sync.Mutex
	room Room
}

func (r *rooms) now(p auth.Principal, id string) (Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id != r.room.ID {
		return Room{}, errNotFound()
	}
	room := r.room
	room.Present = slices.Clone(room.Present)
	for _, o := range room.Present {
		if o.Identity == p.ID {
			room.Asker = o.Participant
		}
	}
	return room, nil
}

func (r *rooms) ForRecording(_ context.Context, p auth.Principal, id string) (Room, error) {
	room, err := r.now(p, id)
	if err == nil && !slices.Contains(room.Hosts, p.ID) {
		err = errForbidden()
	}
	return room, err
}

func (r *rooms) MayRecord(ctx context.Context, p auth.Principal, id string) error {
	_, err := r.ForRecording(ctx, p, id)
	return err
}

func (r *rooms) InRoom(_ context.Context, p auth.Principal, id string) (Room, error) {
	room, err := r.now(p, id)
	if err == nil && room.Asker == "" {
		err = fault.New(fault.Conflict, "not_joined", "Please join the room first.")
	}
	return room, err
}

func (r *rooms) MeetingRooms(_ context.Context, p auth.Principal, meeting string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if meeting != r.room.Meeting || p.ID == "thea" || p.ID == "cleo" {
		return nil, errNotFound()
	}
	return []string{r.room.ID}, nil
}

// reviews is what nobody wrote beside the recordings of a house.
type reviews struct{ db *db.DB }

func (reviews) Mark(_ context.Context, _ auth.Principal, _ string, at time.Duration, label string) (RecordingMark, error) {
	return RecordingMark{ID: "mark", AtMs: at.Milliseconds(), Label: label}, nil
}

func (reviews) TagsOf(context.Context, ...string) (map[string][]string, error) { return nil, nil }

func (r reviews) Tagged(string) *bun.SelectQuery {
	return r.db.Read().NewSelect().TableExpr("recordings").Column("id").Where("1 = 0")
}

// topics remembers what rooms were told.
type topics struct {
	mu   sync.Mutex
	sent []RecordingPush
}

func (h *topics) Publish(_, _ string, data any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, data.(RecordingPush))
}

func (h *topics) last() RecordingStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sent) == 0 {
		return RecordingStatus{}
	}
	return h.sent[len(h.sent)-1].Recording
}

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

// house is a service with everything around it: real database, jobs, keys and
// store; rooms, hub and disk space that a test moves.
type house struct {
	*Service
	t      *testing.T
	dir    string
	db     *db.DB
	queue  *job.Queue
	clock  *clock
	rooms  *rooms
	care   *practice
	hub    *topics
	facts  *facts
	engine *sfu.Engine
	web    http.Handler
	space  struct {
		sync.Mutex
		free, total uint64
	}
}

type facts struct {
	mu   sync.Mutex
	list []event.Fact
}

func eachHouse(t *testing.T, story func(t *testing.T, h *house)) {
	t.Helper()
	var f *facts
	dbtest.EachWithBus(t, func() *event.Bus[*db.Tx] {
		f = &facts{}
		got, bus := f, event.NewBus[*db.Tx]()
		bus.Forward(func(_ context.Context, e event.Envelope) {
			got.mu.Lock()
			defer got.mu.Unlock()
			got.list = append(got.list, e.Fact)
		})
		return bus
	}, func(t *testing.T, d *db.DB) { story(t, newHouse(t, d, f)) })
}

func newHouse(t *testing.T, d *db.DB, f *facts) *house {
	h := &house{
		t: t, dir: t.TempDir(), db: d, facts: f, hub: &topics{}, clock: &clock{at: time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)},
		care: &practice{care: map[string][]string{"tess": {"carl", "cora"}}},
	}
	h.space.free, h.space.total = 100<<30, 200<<30
	h.rooms = &rooms{room: Room{
		ID: "room-1", Meeting: "meeting-1", Title: "Weekly session", Kind: "couple", Host: RecordingUser{"tess", "Tess"}, Hosts: []string{"tess"},
		Present: []Occupant{seat("tess", Host), seat("carl", Participant)},
	}}
	var err error
	if h.engine, err = sfu.New(sfu.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.engine.Close() })
	h.boot()
	t.Cleanup(func() { h.shutdown() })
	return h
}

// boot starts the service, also anew on what is there.
func (h *house) boot() {
	h.t.Helper()
	keys, err := blob.OpenKeys(filepath.Join(h.dir, "keys"))
	if err != nil {
		h.t.Fatal(err)
	}
	store, err := blob.NewDisk(filepath.Join(h.dir, "store"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { store.Close() })
	h.queue = job.New(h.db, slog.New(slog.DiscardHandler))
	h.Service = New(Options{
		DB: h.db, Jobs: h.queue, Hub: h.hub, Rooms: func() Rooms { return h.rooms }, Reviews: func() Reviews { return reviews{h.db} }, People: h.care, Media: h.engine, Store: store, Keys: keys,
		Live: h.dir, Policy: Policy{Version: "1", Text: "All may be watched.", Purpose: "Review"}, MaxLive: 2, LowAt: 0.1, Reserve: 1 << 30,
		Space: func() (uint64, uint64, error) {
			h.space.Lock()
			defer h.space.Unlock()
			return h.space.free, h.space.total, nil
		},
		Log: slog.New(slog.DiscardHandler), Now: h.clock.now,
	})
	s := api.New(api.Options{Log: slog.New(slog.DiscardHandler), Authenticate: []api.Authenticator{func(r *http.Request) (auth.Principal, bool, error) {
		who := r.Header.Get("X-Test-Who")
		return person(who), who != "", nil
	}}})
	h.Routes(s)
	h.web = s.Handler()
}

func seat(id string, role Role) Occupant {
	return Occupant{Participant: "seat-" + id, Identity: id, Name: person(id).Name, Role: role, Client: staff[id].Role == auth.Client, Microphone: true}
}

// person is somebody of the practice, signed in, or a guest.
func person(id string) auth.Principal {
	if u, ok := staff[id]; ok {
		return auth.Principal{ID: id, Kind: auth.User, Role: u.Role, Name: u.Name, SessionID: "s"}
	}
	return auth.Principal{ID: id, Kind: auth.Guest, Name: "Guest", SessionID: "s", Room: &auth.RoomGrant{Room: "room-1"}}
}

// comes and goes move people.
func (h *house) comes(o Occupant) {
	h.rooms.mu.Lock()
	h.rooms.room.Present = append(h.rooms.room.Present, o)
	h.rooms.mu.Unlock()
	h.Present("room-1", o)
	h.settle()
}

func (h *house) goes(id string) {
	h.rooms.mu.Lock()
	h.rooms.room.Present = slices.DeleteFunc(h.rooms.room.Present, func(o Occupant) bool { return o.Identity == id })
	h.rooms.mu.Unlock()
	h.Gone("room-1", "seat-"+id)
	h.settle()
}

// settle lets the session take in all news.
func (h *house) settle() {
	h.t.Helper()
	sess := h.peek("room-1")
	for range 2 { // the second comes after the news that the first found
		if sess != nil {
			_ = sess.do(h.t.Context(), func() {})
		}
	}
}

// tick lets a second pass.
func (h *house) tick() {
	if sess := h.peek("room-1"); sess != nil {
		_ = sess.do(h.t.Context(), func() { sess.tick(h.t.Context()) })
	}
}

// speaks writes sound of somebody as their tap would.
func (h *house) speaks(id string, from, to time.Duration) {
	h.t.Helper()
	err := h.on(h.t.Context(), "room-1", func(s *session) error {
		if !s.consent.records(id) {
			return errors.New("has no tap")
		}
		k := &sink{writer: s.writer, book: &s.tracks, key: tapKey{"seat-" + id, sfu.Microphone}, identity: id, now: s.since()}
		k.Format("Opus", 0, 0)
		for at := from; at < to; at += 20 * time.Millisecond {
			if err := k.Frame(capture.Frame{PTS: at, Key: true, Data: []byte{0x78, 1, 2, 3}}); err != nil {
				return err
			}
			k.Level(at, 90)
		}
		return s.writer.Sync()
	})
	if err != nil {
		h.t.Fatalf("%s speaks: %v", id, err)
	}
}

// recorded makes a finished recording of Tess and Carl, ten seconds long.
func (h *house) recorded() string {
	h.t.Helper()
	st := h.start()
	h.decides("carl", st, Agreed)
	h.speaks("tess", 0, 10*time.Second)
	h.speaks("carl", time.Second, 9*time.Second)
	h.clock.pass(10 * time.Second)
	if _, err := h.Stop(h.t.Context(), person("tess"), "room-1"); err != nil {
		h.t.Fatal(err)
	}
	h.drain()
	return st.ID
}

func (h *house) start() RecordingStatus {
	h.t.Helper()
	st, err := h.Start(h.t.Context(), person("tess"), "room-1", "")
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

func (h *house) decides(id string, st RecordingStatus, d Consent) RecordingStatus {
	h.t.Helper()
	out, err := h.Decide(h.t.Context(), person(id), "room-1", st.ID, d, st.PolicyVersion)
	if err != nil {
		h.t.Fatalf("%s %s: %v", id, d, err)
	}
	return out
}

func (h *house) drain() {
	h.t.Helper()
	if err := h.queue.Drain(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
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
		kinds = append(kinds, f.Kind()[len("recording."):])
	}
	h.facts.list = nil
	return kinds
}

type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
	Raw    string
}

func (h *house) ask(who, method, path string, body any, headers ...string) answer {
	h.t.Helper()
	var in bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&in).Encode(body); err != nil {
			h.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, &in)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Header.Set("X-Test-Who", who)
	w := httptest.NewRecorder()
	h.web.ServeHTTP(w, r)
	a := answer{Status: w.Code, Header: w.Header(), Raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.Body)
	return a
}

func code(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	if err != nil {
		return "not a fault: " + err.Error()
	}
	return ""
}
