package account

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

const goodPassword = "violet kettle ninety"

// world is a practice with its HTTP server, on one engine, at a time the test
// sets.
type world struct {
	t     *testing.T
	db    *db.DB
	s     *Service
	api   *api.Server
	now   time.Time
	facts *[]event.Fact

	admin, moderator, ther, other User // other: a second therapist
	ana, tomas, noor              User // ana and tomas are ther's, noor is other's
}

// each runs a test in a fresh, furnished practice on both engines.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	facts := &[]event.Fact{}
	bus := func() *event.Bus[*db.Tx] {
		b := event.NewBus[*db.Tx]()
		b.Forward(func(_ context.Context, e event.Envelope) { *facts = append(*facts, e.Fact) })
		return b
	}
	dbtest.EachWithBus(t, bus, func(t *testing.T, d *db.DB) {
		*facts = nil
		w := newWorld(t, d)
		w.facts = facts
		w.furnish()
		test(t, w)
	})
}

func newWorld(t *testing.T, d *db.DB) *world {
	w := &world{t: t, db: d, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	public := &url.URL{Scheme: "https", Host: "practice.example"}
	w.s = New(d, Options{Log: slog.New(slog.DiscardHandler), PublicURL: public, Practice: "Test Practice", Now: func() time.Time { return w.now }})
	// A real hash takes 64 MiB; what is tested here is what is made of it.
	w.s.hasher.params.Memory, w.s.hasher.params.Iterations = 64, 1
	w.s.hasher.dummy = w.s.hasher.dummyHash()
	w.api = api.New(api.Options{Log: slog.New(slog.DiscardHandler), PublicURL: public, Authenticate: []api.Authenticator{w.s.Authenticate}})
	w.s.Routes(w.api)
	return w
}

func (w *world) furnish() {
	for _, p := range []struct {
		to   *User
		name string
		role auth.Role
	}{
		{&w.admin, "Alma Admin", auth.Admin}, {&w.moderator, "Mo Desk", auth.Moderator},
		{&w.ther, "Thea Berg", auth.Therapist}, {&w.other, "Oscar Lind", auth.Therapist},
		{&w.ana, "Ána Costa", auth.Client}, {&w.tomas, "Tomas Costa", auth.Client}, {&w.noor, "Noor Haddad", auth.Client},
	} {
		email := strings.ToLower(strings.Fields(fold(p.name))[0]) + "@example.org"
		u, err := w.s.CreateUser(w.t.Context(), NewUser{Email: email, Name: p.name, Role: p.role, Password: goodPassword})
		if err != nil {
			w.t.Fatal(err)
		}
		*p.to = u
	}
	for _, c := range [][2]string{{w.ther.ID, w.ana.ID}, {w.ther.ID, w.tomas.ID}, {w.other.ID, w.noor.ID}} {
		if _, err := w.s.SetCare(w.t.Context(), c[0], c[1], ""); err != nil {
			w.t.Fatal(err)
		}
	}
	w.drain()
}

// drain dispatches what was emitted and returns it.
func (w *world) drain() []event.Fact {
	w.t.Helper()
	if err := w.db.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	facts := *w.facts
	*w.facts = nil
	return facts
}

// wantFacts checks which kinds of facts were emitted since the last look.
func (w *world) wantFacts(kinds ...string) []event.Fact {
	w.t.Helper()
	facts := w.drain()
	got := make([]string, len(facts))
	for i, f := range facts {
		got[i] = f.Kind()
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		w.t.Errorf("facts: got %v, want %v", got, kinds)
	}
	return facts
}

// browser keeps cookies like one.
type browser struct {
	w       *world
	cookies map[string]*http.Cookie
	addr    string
	agent   string
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]*http.Cookie{}, addr: "203.0.113.7:4000", agent: "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"}
}

// as is a browser signed in as u, by a link, without facts left over.
func (w *world) as(u User) *browser {
	w.t.Helper()
	token, err := w.s.CreateSignInLink(w.t.Context(), u.ID, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	b := w.browser()
	b.must("POST", "/sign-in-links/"+token, "", 200)
	w.drain()
	return b
}

// reply is a response with its body decoded.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (r reply) code() string { s, _ := r.body["code"].(string); return s }

// at reads a member by a dotted path: "items.0.name".
func (r reply) at(path string) any {
	var v any = r.body
	for key := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(node) {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

func (r reply) names(list, key string) (out []string) {
	items, _ := r.body[list].([]any)
	for _, it := range items {
		s, _ := it.(map[string]any)[key].(string)
		out = append(out, s)
	}
	return out
}

func (b *browser) do(method, path, body string) reply {
	b.w.t.Helper()
	r := httptest.NewRequest(method, "https://practice.example/api/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body = http.NoBody
	}
	r.RemoteAddr = b.addr
	r.Header.Set("User-Agent", b.agent)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	b.w.api.Handler().ServeHTTP(rec, r.WithContext(b.w.t.Context()))
	res := rec.Result()
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	out := reply{status: res.StatusCode, header: res.Header, raw: rec.Body.String(), body: map[string]any{}}
	if out.raw != "" {
		if err := json.Unmarshal(rec.Body.Bytes(), &out.body); err != nil {
			b.w.t.Fatalf("%s %s: %d is not JSON: %s", method, path, out.status, out.raw)
		}
	}
	if out.status >= 500 && out.status != 503 {
		b.w.t.Errorf("%s %s: %d %s", method, path, out.status, out.raw)
	}
	return out
}

func (b *browser) must(method, path, body string, status int) reply {
	b.w.t.Helper()
	r := b.do(method, path, body)
	if r.status != status {
		b.w.t.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.raw, status)
	}
	return r
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
