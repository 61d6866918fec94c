package review

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/recording/timeline"
)

// cabinet is a practice's recordings as they answer to this package: who may do
// what is a table the test changes.
type cabinet struct {
	grants    map[string]map[string]Grant // recording, principal
	timelines map[string]timeline.Timeline
}

func (c *cabinet) Access(_ context.Context, p auth.Principal, recording string) (Grant, error) {
	if g, ok := c.grants[recording][p.ID]; ok {
		return g, nil
	}
	return Grant{}, notFound()
}

func (c *cabinet) TimelineFor(_ context.Context, _ auth.Principal, recording string) (timeline.Timeline, error) {
	if t, ok := c.timelines[recording]; ok {
		return t, nil
	}
	return timeline.Timeline{}, fault.New(fault.Conflict, "recording_not_ready", "This recording cannot be watched yet.")
}

// roles of the practice. Tess recorded Carl with Theo; Sue supervises a part;
// Olga treats others; Carl is the client.
var roles = map[string]auth.Role{
	"tess": auth.Therapist, "theo": auth.Therapist, "sue": auth.Therapist, "olga": auth.Therapist,
	"mona": auth.Moderator, "adam": auth.Admin, "carl": auth.Client,
}

func principal(id string) auth.Principal {
	return auth.Principal{ID: id, Kind: auth.User, Role: roles[id], Name: strings.ToUpper(id[:1]) + id[1:], SessionID: "s-" + id}
}

const hour = int64(time.Hour / time.Millisecond)

var noon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

// desk is the slice with everything around it.
type desk struct {
	*Service
	t       *testing.T
	cabinet *cabinet
	at      time.Time
	web     http.Handler
	engine  *api.Server
	facts   *[]event.Fact
}

func each(t *testing.T, story func(t *testing.T, d *desk)) {
	t.Helper()
	facts := &[]event.Fact{}
	dbtest.EachWithBus(t, func() *event.Bus[*db.Tx] {
		*facts = nil
		b := event.NewBus[*db.Tx]()
		b.Forward(func(_ context.Context, e event.Envelope) { *facts = append(*facts, e.Fact) })
		return b
	}, func(t *testing.T, store *db.DB) {
		d := newDesk(t, store)
		d.facts = facts
		story(t, d)
	})
}

func newDesk(t *testing.T, store *db.DB) *desk {
	full := Grant{Access: Full, DurationMs: hour, Host: "tess"}
	d := &desk{t: t, at: noon, cabinet: &cabinet{
		grants: map[string]map[string]Grant{
			"REC1": {
				"tess": full, "theo": full, "sue": {Access: Comment, FromMs: 60_000, ToMs: 120_000, DurationMs: hour, Host: "tess"},
				"adam": {Access: Proof, DurationMs: hour, Host: "tess"}, "carl": {Access: Own, DurationMs: hour, Host: "tess"},
			},
			"REC2": {"olga": {Access: Full, DurationMs: hour, Host: "olga"}},
		},
		timelines: map[string]timeline.Timeline{},
	}}
	d.Service = New(store, d.cabinet, func() time.Time { return d.at })
	d.engine = api.New(api.Options{
		Log: slog.New(slog.DiscardHandler),
		Authenticate: []api.Authenticator{func(r *http.Request) (auth.Principal, bool, error) {
			id := r.Header.Get("X-Test-Who")
			if id == "" {
				return auth.Principal{}, false, nil
			}
			return principal(id), true, nil
		}},
	})
	d.Routes(d.engine)
	d.web = d.engine.Handler()
	return d
}

type answer struct {
	status int
	raw    string
	header http.Header
	body   map[string]any
}

func (a answer) code() string { s, _ := a.body["code"].(string); return s }

// get reads a member by a dotted path: "items.0.text".
func (a answer) get(path string) any {
	var v any = a.body
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

func (d *desk) ask(who, method, path, body string, header ...string) answer {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, "/api/v1"+path, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Test-Who", who)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.web.ServeHTTP(w, r)
	a := answer{status: w.Code, raw: w.Body.String(), header: w.Header()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	if a.status >= 500 {
		d.t.Errorf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a
}

// must fails the test unless the answer has this status.
func (d *desk) must(status int, who, method, path, body string, header ...string) answer {
	d.t.Helper()
	a := d.ask(who, method, path, body, header...)
	if a.status != status {
		d.t.Fatalf("%s as %s %s: %d %s, want %d", method, who, path, a.status, a.raw, status)
	}
	return a
}

// emitted lists the facts since the last call.
func (d *desk) emitted() []event.Fact {
	d.t.Helper()
	if err := d.db.Drain(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	out := slices.Clone(*d.facts)
	*d.facts = nil
	return out
}

func (d *desk) wantFacts(kinds ...string) []event.Fact {
	d.t.Helper()
	facts := d.emitted()
	got := make([]string, len(facts))
	for i, f := range facts {
		got[i] = f.Kind()
	}
	if !slices.Equal(got, kinds) {
		d.t.Errorf("facts: got %v, want %v", got, kinds)
	}
	return facts
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
