package retain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
)

// shelf is a practice's recordings as they answer to this package. Keys and
// objects are real.
type shelf struct {
	stored []Stored
	access map[string]map[string]Grant
	held   map[string]bool
	purge  map[string]time.Time
	blobs  blob.Store
	keys   *blob.Keys
	broken error // what Erase fails with before it touches objects
	erased []string
}

func (s *shelf) Access(_ context.Context, p auth.Principal, id string) (Grant, error) {
	g, ok := s.access[id][p.ID]
	if !ok {
		return Grant{}, notFound()
	}
	g.Erased = slices.Contains(s.erased, id)
	return g, nil
}

func (s *shelf) StoredBefore(_ context.Context, before time.Time, kind string, limit int) (out []Stored, _ error) {
	for _, r := range s.stored {
		if r.Kind == kind && r.StoppedAt.Before(before) && !slices.Contains(s.erased, r.ID) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *shelf) Subject(_ context.Context, _ *db.Tx, id string) (event.RecordingSubject, error) {
	return event.RecordingSubject{Recording: id, Hosts: []string{"tess"}, People: []string{"carl"}}, nil
}

func (s *shelf) SetHold(_ context.Context, _ *db.Tx, id string, held bool) error {
	s.held[id] = held
	return nil
}

func (s *shelf) SetPurge(_ context.Context, _ *db.Tx, id string, at time.Time) error {
	s.purge[id] = at
	return nil
}

func (s *shelf) Erase(ctx context.Context, id, _, _ string) error {
	if err := s.keys.Destroy(id); err != nil {
		return err
	}
	if s.broken != nil {
		return s.broken
	}
	for info, err := range s.blobs.List(ctx, "recordings/"+id+"/") {
		if err != nil {
			return err
		}
		if err := s.blobs.Delete(ctx, info.Name); err != nil {
			return err
		}
	}
	s.erased = append(s.erased, id)
	return nil
}

// desk forgets nothing and says so.
type desk struct{ forgot []string }

func (d *desk) Forget(_ context.Context, _ *db.Tx, id string) (map[string]int64, error) {
	d.forgot = append(d.forgot, id)
	return map[string]int64{"marks": 2, "notes": 3}, nil
}

var roles = map[string]auth.Role{
	"tess": auth.Therapist, "olga": auth.Therapist, "sue": auth.Therapist, "mona": auth.Moderator, "adam": auth.Admin, "carl": auth.Client,
}

func principal(id string) auth.Principal {
	return auth.Principal{ID: id, Kind: auth.User, Role: roles[id], Name: strings.ToUpper(id[:1]) + id[1:], SessionID: "s"}
}

var noon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

type house struct {
	*Service
	t      *testing.T
	shelf  *shelf
	desk   *desk
	at     time.Time
	engine *api.Server
	web    http.Handler
	facts  *[]event.Fact
}

func each(t *testing.T, story func(t *testing.T, h *house)) {
	t.Helper()
	facts := &[]event.Fact{}
	dbtest.EachWithBus(t, func() *event.Bus[*db.Tx] {
		*facts = nil
		b := event.NewBus[*db.Tx]()
		b.Forward(func(_ context.Context, e event.Envelope) { *facts = append(*facts, e.Fact) })
		return b
	}, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.facts = facts
		story(t, h)
	})
}

func newHouse(t *testing.T, d *db.DB) *house {
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	keys, err := blob.OpenKeys(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, at: noon, desk: &desk{}, shelf: &shelf{
		blobs: blobs, keys: keys, held: map[string]bool{}, purge: map[string]time.Time{}, access: map[string]map[string]Grant{},
	}}
	h.record("REC1", "individual", noon.Add(-days(100)))
	h.record("REC2", "individual", noon.Add(-days(10)))
	h.record("REC3", "couple", noon.Add(-days(400)))
	h.shelf.access["REC3"] = map[string]Grant{"adam": {Level: "proof"}, "olga": {Level: "full"}}
	log := slog.New(slog.DiscardHandler)
	h.Service = New(Options{
		DB: d, Jobs: job.New(d, log), Recordings: h.shelf, Review: h.desk, Blobs: blobs, Keys: keys,
		BackupsKept: days(30), Log: log, Now: func() time.Time { return h.at },
	})
	h.engine = api.New(api.Options{Log: log, Authenticate: []api.Authenticator{func(r *http.Request) (auth.Principal, bool, error) {
		id := r.Header.Get("X-Test-Who")
		if id == "" {
			return auth.Principal{}, false, nil
		}
		return principal(id), true, nil
	}}})
	h.Routes(h.engine)
	h.web = h.engine.Handler()
	return h
}

// record puts a recording on the shelf: a key, and two objects sealed with it.
func (h *house) record(id, kind string, stopped time.Time) {
	h.t.Helper()
	key, err := h.shelf.keys.Create(id)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, part := range []string{"t1", "timeline"} {
		name := "recordings/" + id + "/" + part
		raw, err := h.shelf.blobs.Create(h.t.Context(), name)
		if err != nil {
			h.t.Fatal(err)
		}
		w, err := blob.SealedWriter(raw, key, name)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := w.Write([]byte("what was said")); err != nil {
			h.t.Fatal(err)
		}
		if err := w.Commit(); err != nil {
			h.t.Fatal(err)
		}
	}
	h.shelf.stored = append(h.shelf.stored, Stored{id, kind, stopped})
	people := []string{"tess", "carl"}
	h.shelf.access[id] = map[string]Grant{
		"tess": {Level: "full", People: people}, "sue": {Level: "comment", People: people}, "adam": {Level: "proof", People: people}, "carl": {Level: "own", People: people},
	}
}

type answer struct {
	status int
	raw    string
	body   map[string]any
}

func (a answer) code() string { s, _ := a.body["code"].(string); return s }

func (h *house) ask(who, method, path, body string) answer {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, "/api/v1"+path, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Test-Who", who)
	w := httptest.NewRecorder()
	h.web.ServeHTTP(w, r)
	a := answer{status: w.Code, raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	if a.status >= 500 {
		h.t.Errorf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a
}

func (h *house) must(status int, who, method, path, body string) answer {
	h.t.Helper()
	a := h.ask(who, method, path, body)
	if a.status != status {
		h.t.Fatalf("%s %s as %s: %d %s, want %d", method, path, who, a.status, a.raw, status)
	}
	return a
}

func (h *house) kinds() []string {
	h.t.Helper()
	if err := h.DB.Drain(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	out := []string{}
	for _, f := range *h.facts {
		out = append(out, f.Kind())
	}
	*h.facts = nil
	return out
}

// sweep is a daily run and the jobs it leaves.
func (h *house) sweep() {
	h.t.Helper()
	if err := h.Sweep(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.work()
}

func (h *house) work() {
	h.t.Helper()
	if err := h.Jobs.Drain(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// live runs a number of days, one sweep each.
func (h *house) live(n int) {
	for range n {
		h.at = h.at.Add(day)
		h.sweep()
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

const rules = `{"version":0,"rules":[{"kind":"individual","keepDays":90}]}`

func TestEveryRouteByEverybody(t *testing.T) {
	routes := []struct{ method, path, body, allowed string }{
		{"GET", "/recordings/REC1/hold", "", "tess adam"},
		{"PUT", "/recordings/REC1/hold", `{"reason":"court"}`, "adam"},
		{"DELETE", "/recordings/REC1/hold", `{"reason":"over"}`, "adam"},
		{"GET", "/recordings/REC1/erasure", "", "tess carl adam"},
		{"DELETE", "/recordings/REC1", `{"reason":"asked"}`, "adam"},
		{"GET", "/retention/policies", "", "adam"},
		{"PUT", "/retention/policies", rules, "adam"},
		{"POST", "/retention/preview", `{"rules":[]}`, "adam"},
		{"GET", "/retention/due", "", "tess olga sue mona adam"},
	}
	each(t, func(t *testing.T, h *house) {
		seen := 0
		for _, r := range h.engine.Engine().Routes() {
			if strings.HasPrefix(r.Path, "/api/v1/re") {
				seen++
			}
		}
		same(t, "routes in the table", len(routes), seen)
		for _, r := range routes {
			for who := range roles {
				a := h.ask(who, r.method, r.path, r.body)
				// An allowed GET may find nothing; strangers find nothing too.
				past := a.status != 403 && (a.status != 404 || strings.Contains(r.allowed, who))
				if want := strings.Contains(" "+r.allowed+" ", " "+who+" "); past != want {
					t.Errorf("%s %s as %s: %d %s", r.method, r.path, who, a.status, a.code())
				}
			}
			if a := h.ask("", r.method, r.path, r.body); a.status != 401 {
				t.Errorf("%s %s as nobody: %d", r.method, r.path, a.status)
			}
			if !strings.Contains(r.path, "REC1") {
				continue
			}
			delete(h.shelf.access["REC2"], "adam")
			foreign := h.ask("adam", r.method, strings.Replace(r.path, "REC1", "REC2", 1), r.body)
			absent := h.ask("adam", r.method, strings.Replace(r.path, "REC1", "REC9", 1), r.body)
			delete(foreign.body, "requestId")
			delete(absent.body, "requestId")
			same(t, r.method+" "+r.path+" foreign and absent", []any{foreign.status, foreign.body}, []any{404, absent.body})
		}
	})
}

func TestPolicies(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const path = "/retention/policies"
		same(t, "at first", h.must(200, "adam", "GET", path, "").body, map[string]any{"version": 0, "noticeDays": 7, "rules": []any{}})
		h.must(428, "adam", "PUT", path, `{"rules":[]}`)
		h.must(412, "adam", "PUT", path, `{"version":3,"rules":[]}`)
		for _, bad := range []string{
			`{"version":0,"rules":[{"kind":"individual","keepDays":0}]}`, `{"version":0,"rules":[{"kind":"individual","keepDays":6}]}`,
			`{"version":0,"rules":[{"kind":"individual","keepDays":36501}]}`, `{"version":0,"rules":[{"kind":"solo","keepDays":60}]}`,
			`{"version":0,"rules":[{"kind":"group","keepDays":60},{"kind":"group","keepDays":90}]}`, `{"version":0,"noticeDays":91,"rules":[]}`, `{"version":0,"noticeDays":7}`,
		} {
			h.must(422, "adam", "PUT", path, bad)
		}
		preview := h.must(200, "adam", "POST", "/retention/preview", `{"rules":[{"kind":"individual","keepDays":90},{"kind":"couple","keepDays":365}]}`)
		same(t, "preview", []any{preview.body["count"], preview.body["items"].([]any)[0].(map[string]any)["recordingId"], preview.body["items"].([]any)[1].(map[string]any)["purgeAt"]}, []any{2, "REC3", "2031-05-13T12:00:00Z"})
		same(t, "a preview does nothing", h.kinds(), "[]")
		same(t, "version", h.must(200, "adam", "PUT", path, rules).body["version"], 1)
		same(t, "facts", h.kinds(), "[retention.policy_changed]")
		same(t, "nothing goes at once", []any{h.shelf.erased, h.shelf.purge}, []any{[]string{}, map[string]time.Time{}})
	})
}

// TestALife: a recording comes due, is announced, seen by whom it concerns, and
// goes with proof.
func TestALife(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(200, "adam", "PUT", "/retention/policies", rules)
		h.kinds()
		h.sweep()
		same(t, "announced", h.kinds(), "[recording.retention_notice]")
		same(t, "dates", h.shelf.purge["REC1"], noon.Add(days(7)))
		for who, want := range map[string]int{"adam": 1, "tess": 1, "olga": 0, "sue": 0, "mona": 0} {
			same(t, "due for "+who, len(h.must(200, who, "GET", "/retention/due", "").body["items"].([]any)), want)
		}
		h.live(6)
		same(t, "a day before", []any{h.kinds(), h.shelf.erased}, []any{[]string{}, []string{}})
		h.live(1)
		same(t, "the day", []any{h.kinds(), h.shelf.erased, h.desk.forgot}, []any{[]string{"recording.erasure_requested", "recording.erasure_proven"}, []string{"REC1"}, []string{"REC1"}})
		if _, err := h.Keys.Get("REC1"); !fault.Is(err, fault.Gone) {
			t.Errorf("its key: %v", err)
		}
		e := h.must(200, "carl", "GET", "/recordings/REC1/erasure", "")
		document := e.body["document"].(string)
		sum := sha256.Sum256([]byte(document))
		same(t, "proof", []any{e.body["state"], e.body["cause"], e.body["hash"]}, []any{"done", "policy", hex.EncodeToString(sum[:])})
		var proof Proof
		if err := json.Unmarshal([]byte(document), &proof); err != nil {
			t.Fatal(err)
		}
		same(t, "what it says", []any{proof.Key, len(proof.Objects), proof.Objects[0].Name, proof.Review["notes"], proof.Backups.KeptDays, proof.Backups.GoneBy.Sub(proof.ErasedAt)},
			[]any{"destroyed", 2, "recordings/REC1/t1", 3, 30, days(30)})
		same(t, "nothing is due any more", h.must(200, "adam", "GET", "/retention/due", "").body["items"], "[]")
		h.live(2)
		same(t, "once", []any{h.kinds(), h.shelf.erased}, []any{[]string{}, []string{"REC1"}})
		for _, q := range []string{"UPDATE retention_erasures SET hash = 'x'", "DELETE FROM retention_erasures"} {
			if err := h.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.ExecContext(ctx, q); return err }); err == nil {
				t.Errorf("%s went through", q)
			}
		}
		h.must(410, "adam", "PUT", "/recordings/REC1/hold", `{"reason":"too late"}`)
		same(t, "asking again answers the proof", h.must(202, "adam", "DELETE", "/recordings/REC1", `{"reason":"again"}`).body["state"], "done")
	})
}

// TestHoldBeatsPurge: ten years pass and what is held stays.
func TestHoldBeatsPurge(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(200, "adam", "PUT", "/retention/policies", rules)
		h.sweep()
		h.kinds()
		h.must(422, "adam", "PUT", "/recordings/REC1/hold", `{"reason":" "}`)
		held := h.must(200, "adam", "PUT", "/recordings/REC1/hold", `{"reason":"Court order 7"}`)
		same(t, "held", []any{held.body["held"], h.shelf.held["REC1"], h.shelf.purge["REC1"].IsZero()}, []any{true, true, true})
		h.must(200, "adam", "PUT", "/recordings/REC1/hold", `{"reason":"Court order 7"}`) // again, after a lost answer
		same(t, "facts", h.kinds(), "[recording.held]")
		same(t, "erase on request", h.must(423, "adam", "DELETE", "/recordings/REC1", `{"reason":"client asks"}`).code(), "legal_hold")
		h.live(20)
		h.at = h.at.AddDate(10, 0, 0)
		h.live(30)
		if slices.Contains(h.shelf.erased, "REC1") {
			t.Fatal("a held recording was erased")
		}
		same(t, "the other one", slices.Contains(h.shelf.erased, "REC2"), true)
		preview := h.must(200, "adam", "POST", "/retention/preview", `{"rules":[{"kind":"individual","keepDays":90}]}`)
		same(t, "preview", []any{preview.body["count"], preview.body["held"]}, []any{0, 1})
		h.kinds()

		released := h.must(200, "adam", "DELETE", "/recordings/REC1/hold", `{"reason":"Case closed"}`)
		same(t, "ledger", len(released.body["items"].([]any)), 2)
		h.must(409, "adam", "DELETE", "/recordings/REC1/hold", `{"reason":"twice"}`)
		same(t, "facts", h.kinds(), "[recording.released]")
		h.live(7)
		same(t, "announced anew", []any{h.kinds(), slices.Contains(h.shelf.erased, "REC1")}, []any{[]string{"recording.retention_notice"}, false})
		h.live(1)
		same(t, "then it goes", slices.Contains(h.shelf.erased, "REC1"), true)
		for _, q := range []string{"UPDATE retention_holds SET reason = 'x'", "DELETE FROM retention_holds"} {
			if err := h.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.ExecContext(ctx, q); return err }); err == nil {
				t.Errorf("%s went through", q)
			}
		}
	})
}

// TestClockJumps: a clock that jumps erases nothing until another day confirms it.
func TestClockJumps(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(200, "adam", "PUT", "/retention/policies", rules)
		h.sweep() // REC1 is announced
		h.at = h.at.AddDate(10, 0, 0)
		h.sweep()
		same(t, "ten years at once", []any{h.shelf.erased, h.shelf.purge["REC2"].IsZero()}, []any{[]string{}, true})
		h.at = h.at.Add(time.Hour)
		h.sweep()
		same(t, "an hour confirms nothing", h.shelf.erased, "[]")
		h.at = h.at.AddDate(-10, 0, 0) // somebody set it right
		h.sweep()
		h.live(1)
		same(t, "set right: REC1 still has its week", h.shelf.erased, "[]")
		h.live(6)
		same(t, "and goes after it", h.shelf.erased, "[REC1]")
	})
	t.Run("table", func(t *testing.T) {
		for _, c := range []struct {
			name    string
			passed  []time.Duration
			believe []bool
		}{
			{"every day", []time.Duration{day, day, day}, []bool{true, true, true}},
			{"a day late", []time.Duration{2 * day}, []bool{true}},
			{"off over a long weekend", []time.Duration{4 * day, day, day}, []bool{false, true, true}},
			{"jumps each day", []time.Duration{3 * day, 3 * day, day}, []bool{false, false, true}},
			{"back by a second", []time.Duration{-time.Second}, []bool{true}},
			{"back by a day", []time.Duration{-day, day}, []bool{false, true}},
			{"hasty runs", []time.Duration{3 * day, time.Hour, 18 * time.Hour, time.Hour}, []bool{false, false, false, true}},
		} {
			row, now := clockRow{}, noon
			row.look(now)
			for i, d := range c.passed {
				now = now.Add(d)
				if got := row.look(now); got != c.believe[i] {
					t.Errorf("%s, run %d: believed %t", c.name, i, got)
				}
			}
		}
	})
}

func TestRulesThatRelent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(200, "adam", "PUT", "/retention/policies", rules)
		h.sweep()
		h.must(200, "adam", "PUT", "/retention/policies", `{"version":1,"rules":[{"kind":"individual","keepDays":108}]}`)
		h.live(1)
		same(t, "a little longer", h.shelf.purge["REC1"], noon.Add(days(8)))
		h.must(200, "adam", "PUT", "/retention/policies", `{"version":2,"rules":[{"kind":"individual","keepDays":400}]}`)
		h.live(1)
		same(t, "taken back", []any{h.shelf.purge["REC1"].IsZero(), h.must(200, "adam", "GET", "/retention/due", "").body["items"]}, []any{true, []any{}})
		h.live(15)
		same(t, "nothing went", h.shelf.erased, "[]")
		h.must(200, "adam", "PUT", "/retention/policies", `{"version":3,"rules":[{"kind":"individual","keepDays":30}]}`)
		h.live(1)
		promised := h.shelf.purge["REC1"]
		h.must(200, "adam", "PUT", "/retention/policies", `{"version":4,"noticeDays":1,"rules":[{"kind":"individual","keepDays":10}]}`)
		h.live(1)
		same(t, "never earlier than said", h.shelf.purge["REC1"], promised)
	})
}

func TestEraseOnRequest(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(404, "adam", "GET", "/recordings/REC1/erasure", "")
		h.must(422, "adam", "DELETE", "/recordings/REC1", `{"reason":"x","for":"olga"}`)
		live := h.shelf.access["REC2"]["adam"]
		live.Live = true
		h.shelf.access["REC2"]["adam"] = live
		h.must(409, "adam", "DELETE", "/recordings/REC2", `{"reason":"x"}`)
		a := h.must(202, "adam", "DELETE", "/recordings/REC1", `{"reason":"Written request","for":"carl"}`)
		same(t, "state", a.body["state"], "pending")
		h.must(202, "adam", "DELETE", "/recordings/REC1", `{"reason":"again"}`)
		same(t, "facts", h.kinds(), "[recording.erasure_requested]")

		// A hold comes before the job does.
		h.must(200, "adam", "PUT", "/recordings/REC1/hold", `{"reason":"subpoena"}`)
		same(t, "facts", h.kinds(), "[recording.erasure_cancelled recording.held]")
		h.work()
		same(t, "held", []any{h.shelf.erased, h.must(200, "tess", "GET", "/recordings/REC1/erasure", "").body["state"]}, []any{[]string{}, "cancelled"})
		h.must(200, "adam", "DELETE", "/recordings/REC1/hold", `{"reason":"over"}`)

		// The store is away after the key is gone: too late to hold, and the
		// next try finishes with the first inventory.
		h.shelf.broken = errors.New("store is away")
		h.at = h.at.Add(time.Minute)
		h.must(202, "adam", "DELETE", "/recordings/REC1", `{"reason":"Written request","for":"carl"}`)
		if err := h.Jobs.Drain(t.Context()); err == nil {
			t.Fatal("the job did not fail")
		}
		same(t, "too late", h.must(409, "adam", "PUT", "/recordings/REC1/hold", `{"reason":"late"}`).code(), "erasing")
		h.shelf.broken = nil
		var id string
		if err := h.DB.Read().NewSelect().Model((*erasureRow)(nil)).Column("id").Where("re.state = ?", destroying).Scan(t.Context(), &id); err != nil {
			t.Fatal(err)
		}
		for range 2 { // twice, as after a lost lease
			if err := h.erase(t.Context(), erasureJob{id}); err != nil {
				t.Fatal(err)
			}
		}
		var e Erasure
		if err := json.Unmarshal([]byte(h.must(200, "carl", "GET", "/recordings/REC1/erasure", "").raw), &e); err != nil {
			t.Fatal(err)
		}
		same(t, "proof", []any{e.State, e.Proof.Key, len(e.Proof.Objects), e.Proof.AskedFor, e.Proof.AskedBy, e.Proof.Reason}, []any{"done", "destroyed", 2, "carl", "adam", "Written request"})
		same(t, "forgotten once", h.desk.forgot, "[REC1]")
	})
}

// TestErasureThatLies: an Erase that leaves an object is not proven.
func TestErasureThatLies(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.must(202, "adam", "DELETE", "/recordings/REC1", `{"reason":"x"}`)
		w, err := h.shelf.blobs.Create(t.Context(), "exports/REC1/e1")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := h.Jobs.Drain(t.Context()); err == nil || !strings.Contains(err.Error(), "1 objects are left") {
			t.Errorf("got %v", err)
		}
		same(t, "state", h.must(200, "tess", "GET", "/recordings/REC1/erasure", "").body["state"], "destroying")
	})
}
