package room

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db/dbtest"
	"mentara/internal/fault"
	"mentara/signaling"
	"mentara/signaling/client"
)

// The whole table of who may ask what in which state, as the status that both
// doors answer. It is written out by hand, from the product and not from
// rules.go. Columns:
//
//	own  the room's host            co   a colleague who hosts too
//	mem  a member                   gst  a guest by link
//	adm  an admin, no member        desk the front desk, no member
//	for  a therapist of others      out  a client of others
//	tok  a tool's token, admitted   mod  an operator's moderator token
//	oth  a token for another room   no   nobody
//
// Verbs on somebody are on a member: one who waits for admit and deny, one who
// is in for mute and kick. Members, guests and tools who ask are in too, but to
// join. In "open" no host is in, in "live" one is.
var columns = strings.Fields("own co mem gst adm desk for out tok mod oth no")

const scheduledTable = `
see          200 200 200 200 200 200 404 404 200 200 404 401
join         200 200 409 409 403 403 404 404 200 200 404 401
leave        200 200 200 200 403 403 404 404 200 200 404 401
participants 200 200 403 403 200 200 404 404 403 200 404 401
attendance   200 200 200 200 200 200 404 404 200 200 404 401
title        200 200 403 403 200 200 404 404 403 200 404 401
lock         200 200 403 403 200 403 404 404 403 200 404 401
end          200 200 403 403 200 403 404 404 403 200 404 401
`

const openTable = `
see          200 200 200 200 200 200 404 404 200 200 404 401
join         200 200 200 200 403 403 404 404 200 200 404 401
leave        200 200 200 200 403 403 404 404 200 200 404 401
participants 200 200 200 200 200 200 404 404 200 200 404 401
attendance   200 200 200 200 200 200 404 404 200 200 404 401
title        200 200 403 403 200 200 404 404 403 200 404 401
lock         200 200 403 403 200 403 404 404 403 200 404 401
admit        200 200 403 403 403 403 404 404 403 200 404 401
deny         200 200 403 403 200 403 404 404 403 200 404 401
mute         200 200 403 403 200 403 404 404 403 200 404 401
kick         200 200 403 403 200 403 404 404 403 200 404 401
end          200 200 403 403 200 403 404 404 403 200 404 401
`

const endedTable = `
see          200 200 200 200 200 200 404 404 200 200 404 401
join         410 410 410 410 403 403 404 404 410 410 404 401
leave        200 200 200 200 403 403 404 404 200 200 404 401
participants 200 200 403 403 200 200 404 404 403 200 404 401
attendance   200 200 200 200 200 200 404 404 200 200 404 401
title        410 410 403 403 410 410 404 404 403 410 404 401
lock         410 410 403 403 410 403 404 404 403 410 404 401
admit        410 410 403 403 403 403 404 404 403 410 404 401
deny         410 410 403 403 410 403 404 404 403 410 404 401
mute         410 410 403 403 410 403 404 404 403 410 404 401
kick         410 410 403 403 410 403 404 404 403 410 404 401
end          200 200 403 403 200 403 404 404 403 200 404 401
`

// Connecting ahead of a join is a frame alone, by somebody who is not in: the
// host of a live room is.
const earlyTable = `
scheduled    200 200 409 409 403 403 404 404 200 200 404
open         200 200 200 200 403 403 404 404 200 200 404
live         409 200 200 200 403 403 404 404 200 200 404
ended        410 410 410 410 403 403 404 404 410 410 404
`

// The verbs that a room's host uses on somebody, by where that somebody is.
const targetTable = `
        waiting joined reconnecting kicked absent self owner
admit   200     200    200          200    404    200  200
deny    200     409    409          404    404    409  409
mute    409     200    200          404    404    200  403
kick    200     200    200          200    404    409  403
`

// What the recorder is told, by who asks and in which state: "record" is to
// start, "stop" to stop and list, "consent" to answer and to see the status.
// The host and the co-host are not in where others are asked.
const recorderTable = `
                   own co  mem gst adm desk for out tok mod oth no
record  scheduled  200 200 403 403 403 403  404 404 403 200 404 404
record  open       200 200 403 403 403 403  404 404 403 200 404 404
record  live       200 200 403 403 403 403  404 404 403 200 404 404
record  ended      410 410 403 403 403 403  404 404 403 410 404 404
stop    scheduled  200 200 403 403 403 403  404 404 403 200 404 404
stop    live       200 200 403 403 403 403  404 404 403 200 404 404
stop    ended      200 200 403 403 403 403  404 404 403 200 404 404
consent scheduled  409 409 409 409 403 403  404 404 409 409 404 404
consent open       409 409 200 200 403 403  404 404 200 409 404 404
consent live       200 409 200 200 403 403  404 404 200 409 404 404
consent ended      410 410 410 410 403 403  404 404 410 410 404 404
`

func TestRecorderRoleState(t *testing.T) {
	m := newMatrix(t)
	lines := strings.Split(strings.TrimSpace(recorderTable), "\n")
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		verb, state := f[0], State(f[1])
		for i, column := range columns {
			want, err := strconv.Atoi(f[2+i])
			must(t, err)
			room, _ := m.prepare(t, state, column, verb)
			p := m.who[column]
			switch verb {
			case "record":
				_, err = m.ForRecording(t.Context(), p, room)
			case "stop":
				err = m.MayRecord(t.Context(), p, room)
			case "consent":
				_, err = m.InRoom(t.Context(), p, room)
			}
			got := 200
			if err != nil {
				got = int(fault.As(err).Kind)
			}
			if got != want {
				t.Errorf("%s/%s/%s: %d, want %d", state, verb, column, got, want)
			}
		}
	}
}

// matrix is a server with both doors and a socket per column.
type matrix struct {
	*house
	web     http.Handler
	url     string
	who     map[string]auth.Principal // by column, set per room
	sockets map[string]*client.Client
}

func newMatrix(t *testing.T) *matrix {
	facts := &factRecorder{}
	m := &matrix{who: map[string]auth.Principal{}, sockets: map[string]*client.Client{}}
	mux := signaling.NewMux()
	hub := signaling.NewHub(mux, signaling.NewMemoryBroker(signaling.HistoryLimits{}), signaling.Options{
		Limits: signaling.Limits{Rate: 1e6, Burst: 1e6, SocketsPerUser: 1e6},
	})
	m.house = houseWith(t, dbtest.WithBus(t, facts.bus()), facts, hub)
	m.caps.PerIdentity = 1e6
	m.Frames(mux, func() *signaling.Hub { return hub })
	s := api.New(api.Options{Log: slog.New(slog.DiscardHandler), Authenticate: []api.Authenticator{
		func(r *http.Request) (auth.Principal, bool, error) {
			p, ok := m.who[r.Header.Get("X-Test-Who")]
			return p, ok, nil
		},
	}})
	m.Routes(s)
	s.Raw(http.MethodGet, "/api/v1/socket", api.Public, gin.WrapH(hub))
	m.web = s.Handler()
	srv := httptest.NewServer(m.web)
	t.Cleanup(srv.Close)
	m.url = "ws" + strings.TrimPrefix(srv.URL, "http") + "/api/v1/socket"
	return m
}

// people sets who the columns are in a room.
func (m *matrix) people(room string) {
	m.who = map[string]auth.Principal{
		"own": user("tess"), "co": user("theo"), "mem": user("carl"), "gst": guestOf(room, "gina"),
		"adm": user("adam"), "desk": user("mona"), "for": user("thea"), "out": user("cleo"),
		"tok": tokenOf(room, "tool", auth.RoomGrant{Publish: true, Admitted: true}),
		"mod": tokenOf(room, "operator", auth.RoomGrant{Publish: true, Subscribe: true, Moderator: true, Admitted: true}),
		"oth": tokenOf("another", "tool", auth.RoomGrant{Publish: true, Subscribe: true, Moderator: true, Admitted: true}),
	}
}

// socket connects a column, with the identity it has in the current room.
func (m *matrix) socket(t *testing.T, column string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), m.url, client.Options{Header: http.Header{"X-Test-Who": {column}}, Once: true})
	if err != nil {
		t.Fatalf("%s cannot connect: %v", column, err)
	}
	go func() {
		for range c.Frames() { // a client that does not read is cut off
		}
	}()
	return c
}

// rest asks by HTTP, socketed by frame; both give a status, 200 for any yes.
func (m *matrix) rest(t *testing.T, column, verb, room, target string) int {
	path := "/api/v1/rooms/" + room
	person := path + "/participants/" + target + "/" + verb
	method, body := http.MethodPost, any(nil)
	switch verb {
	case "see":
		method = http.MethodGet
	case "participants", "attendance":
		method, path = http.MethodGet, path+"/"+verb
	case "title":
		method, body = http.MethodPatch, map[string]any{"title": "New"}
	case "lock":
		method, body = http.MethodPatch, map[string]any{"locked": true}
	case "admit", "deny", "kick":
		path = person
	case "mute":
		path, body = person, map[string]any{"source": "camera"}
	default:
		path += "/" + verb
	}
	a := ask(t, m.web, column, method, path, body)
	if a.Status == http.StatusNoContent {
		return 200
	}
	return a.Status
}

func (m *matrix) frame(t *testing.T, c *client.Client, verb, room, target string) int {
	data := map[string]any{"room": room}
	kind := "room." + verb
	switch verb {
	case "early":
		kind, data["sdp"], data["tracks"] = "early.offer", "v=0", []any{}
	case "lock":
		data["locked"] = true
	case "admit", "deny", "kick", "mute":
		data["participant"] = target
	}
	if verb == "mute" {
		data["source"] = "camera"
	}
	_, err := client.Call[map[string]any](t.Context(), c, kind, data)
	var refused *client.Error
	switch {
	case err == nil:
		return 200
	case errors.As(err, &refused):
		return refused.Status
	}
	t.Fatalf("%s: %v", kind, err)
	return 0
}

// prepare makes a room in a state, with somebody to be asked on and whoever asks
// where they should be. It returns the id of whom a verb is asked on.
func (m *matrix) prepare(t *testing.T, state State, column, verb string) (room, target string) {
	t.Helper()
	target = strings.Repeat("Z", 26)
	onWaiting := verb == "admit" || verb == "deny"
	room = m.room(func(p *Plan) {
		p.CoHostIDs = []string{"theo"}
		p.WaitingRoom = state != Open || onWaiting
		if state == Scheduled {
			p.StartsAt, p.EndsAt = noon.Add(3*time.Hour), noon.Add(4*time.Hour)
		}
	})
	m.people(room)
	come := func(p auth.Principal, admitted bool) string {
		res, _ := m.come(p, room)
		if admitted && state != Open {
			must(t, m.Admit(t.Context(), user("tess"), room, res.Self.ID))
		}
		return res.Self.ID
	}
	if state == Live || state == Ended {
		m.come(user("tess"), room)
		come(user("cora"), true)
	}
	switch verb {
	case "admit", "deny":
		if state != Scheduled {
			m.who["waits"] = guestOf(room, "gwen")
			target = come(m.who["waits"], false)
		}
	case "mute", "kick":
		if state != Scheduled {
			target = come(user("cora"), true)
		}
	}
	if state != Scheduled && verb != "join" && verb != "early" && (column == "mem" || column == "gst" || column == "tok") {
		come(m.who[column], true)
	}
	if state == Ended {
		must(t, m.End(t.Context(), user("tess"), room))
	}
	r, err := m.Get(t.Context(), user("tess"), room)
	must(t, err)
	if r.State != state {
		t.Fatalf("%s by %s: the room is %s, not %s", verb, column, r.State, state)
	}
	return room, target
}

func TestVerbRoleState(t *testing.T) {
	m := newMatrix(t)
	onlyREST := map[string]bool{"see": true, "participants": true, "attendance": true, "title": true}
	cells := 0
	for state, table := range map[State]string{Scheduled: scheduledTable, Open: openTable, Live: openTable, Ended: endedTable} {
		for line := range strings.Lines(strings.TrimSpace(table)) {
			fields := strings.Fields(line)
			verb, wants := fields[0], fields[1:]
			for i, column := range columns {
				want, err := strconv.Atoi(wants[i])
				must(t, err)
				name := fmt.Sprintf("%s/%s/%s", state, verb, column)
				room, target := m.prepare(t, state, column, verb)
				if got := m.rest(t, column, verb, room, target); got != want {
					t.Errorf("%s over HTTP: %d, want %d", name, got, want)
				}
				cells++
				if onlyREST[verb] || column == "no" { // nobody gets no further than hello
					continue
				}
				room, target = m.prepare(t, state, column, verb)
				c := m.socket(t, column)
				if got := m.frame(t, c, verb, room, target); got != want {
					t.Errorf("%s over the socket: %d, want %d", name, got, want)
				}
				c.Close()
				cells++
			}
		}
	}
	if cells != 12*(8+12+12+12)+11*(4+8+8+8) {
		t.Errorf("%d cells were tried", cells)
	}
}

func TestEarlyRoleState(t *testing.T) {
	m := newMatrix(t)
	for line := range strings.Lines(strings.TrimSpace(earlyTable)) {
		fields := strings.Fields(line)
		for i, column := range columns[:len(columns)-1] { // nobody gets no further than hello
			want, err := strconv.Atoi(fields[1+i])
			must(t, err)
			room, _ := m.prepare(t, State(fields[0]), column, "early")
			c := m.socket(t, column)
			if got := m.frame(t, c, "early", room, ""); got != want {
				t.Errorf("%s/%s: %d, want %d", fields[0], column, got, want)
			}
			c.Close()
		}
	}
}

func TestVerbTarget(t *testing.T) {
	m := newMatrix(t)
	lines := strings.Split(strings.TrimSpace(targetTable), "\n")
	targets := strings.Fields(lines[0])
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		verb := fields[0]
		for i, where := range targets {
			want, err := strconv.Atoi(fields[1+i])
			must(t, err)
			for _, door := range []string{"HTTP", "socket"} {
				room, target := m.target(t, where)
				column := "own"
				if where == "owner" {
					column = "co"
				}
				got := 0
				if door == "HTTP" {
					got = m.rest(t, column, verb, room, target)
				} else {
					c := m.socket(t, column)
					got = m.frame(t, c, verb, room, target)
					c.Close()
				}
				if got != want {
					t.Errorf("%s one who is %s over %s: %d, want %d", verb, where, door, got, want)
				}
			}
		}
	}
}

// target makes a room with its host in, and somebody at a certain place.
func (m *matrix) target(t *testing.T, where string) (room, target string) {
	t.Helper()
	room = m.room(func(p *Plan) { p.CoHostIDs = []string{"theo"} })
	m.people(room)
	host, _ := m.come(user("tess"), room)
	switch where {
	case "absent":
		return room, strings.Repeat("Z", 26)
	case "self", "owner":
		return room, host.Self.ID
	}
	res, link := m.come(user("cora"), room)
	if where == "waiting" {
		return room, res.Self.ID
	}
	must(t, m.Admit(t.Context(), user("tess"), room, res.Self.ID))
	switch where {
	case "reconnecting":
		m.Dropped(link.ID())
	case "kicked":
		must(t, m.Kick(t.Context(), user("tess"), room, res.Self.ID))
	}
	return room, res.Self.ID
}
