package recording

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mentara/api"
	"mentara/internal/db"
)

// doors are the routes about one recording, with a body that is right and what
// each of these answers when it is finished:
//
//	own  its host, who treats a client in it   cli  a client in it
//	shr  a colleague it is shared with         adm  an admin
//	gst  a guest who was in it                 for  a therapist of others
//	out  a client of others                    dsk  the front desk     no  nobody
const doors = `
GET    /                           200 200 200 200 200 404 404 404 401
GET    /timeline                   200 403 200 403 403 404 404 404 401
POST   /plays                      201 403 201 403 403 404 404 404 401
POST   /plays/PLAY/watched         204 403 404 403 403 404 404 404 401
GET    /consents                   200 200 403 200 200 404 404 404 401
POST   /consents                   403 204 403 403 204 404 404 404 401
GET    /viewers                    200 200 403 200 200 404 404 404 401
GET    /shares                     200 403 403 403 403 404 404 404 401
POST   /shares                     201 403 403 403 403 404 404 404 401
DELETE /shares/SHARE               204 403 403 403 403 404 404 404 401
GET    /exports                    200 403 403 403 403 404 404 404 401
POST   /exports                    202 403 403 403 403 404 404 404 401
GET    /exports/EXPORT             200 403 403 403 403 404 404 404 401
GET    /exports/EXPORT/file        200 403 403 403 403 404 404 404 401
HEAD   /exports/EXPORT/file        200 403 403 403 403 404 404 404 401
DELETE /exports/EXPORT             204 403 403 403 403 404 404 404 401
GET    /tracks/t1/media?play=PLAY  200 403 404 403 403 404 404 404 401
HEAD   /tracks/t1/media?play=PLAY  200 403 404 403 403 404 404 404 401
`

var askers = []string{"tess", "carl", "theo", "adam", "gina", "thea", "cleo", "mona", ""}

type door struct {
	method, path string
	want         []int
}

func doorList() (list []door) {
	for line := range strings.Lines(strings.TrimSpace(doors)) {
		f := strings.Fields(line)
		d := door{method: f[0], path: strings.TrimSuffix(f[1], "/")}
		for _, s := range f[2:] {
			n := 0
			fmt.Sscan(s, &n)
			d.want = append(d.want, n)
		}
		list = append(list, d)
	}
	return list
}

func (d door) body(h *house) any {
	switch d.method + d.path[strings.LastIndex(d.path, "/")+1:] {
	case "POSTwatched":
		return map[string]any{"ranges": []any{}}
	case "POSTconsents":
		return map[string]any{"decision": "agreed"}
	case "POSTshares":
		return map[string]any{"userId": "thea", "expiresAt": h.clock.now().Add(time.Hour)}
	case "POSTexports":
		return map[string]any{"kind": "tracks"}
	}
	return nil
}

// finished makes a recording with everything the routes are about.
func (h *house) finished() (id string, fill *strings.Replacer) {
	h.t.Helper()
	h.rooms.room.Present = append(h.rooms.room.Present, seat("gina", Guest))
	st := h.start()
	h.decides("gina", st, Agreed)
	h.decides("carl", st, Agreed)
	h.speaks("tess", 0, 10*time.Second)
	h.clock.pass(10 * time.Second)
	if _, err := h.Stop(h.t.Context(), person("tess"), "room-1"); err != nil {
		h.t.Fatal(err)
	}
	h.drain()
	path := "/api/v1/recordings/" + st.ID
	made := func(path string, body any) string {
		h.t.Helper()
		a := h.ask("tess", "POST", path, body)
		if a.Status >= 300 {
			h.t.Fatalf("%s: %d %s", path, a.Status, a.Raw)
		}
		return a.Body["id"].(string)
	}
	share := made(path+"/shares", map[string]any{"userId": "theo", "expiresAt": h.clock.now().Add(time.Hour)})
	export := made(path+"/exports", map[string]any{"kind": "tracks"})
	play := made(path+"/plays", nil)
	h.drain()
	// The share to be ended is another than the one by which Theo watches.
	other := made(path+"/shares", map[string]any{"userId": "thea", "expiresAt": h.clock.now().Add(time.Second)})
	h.clock.pass(2 * time.Second)
	_ = share
	return st.ID, strings.NewReplacer("PLAY", play, "SHARE", other, "EXPORT", export)
}

func TestEveryRouteByRole(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for i, who := range askers {
			for _, d := range doorList() {
				// A door that changes something gets a recording of its own.
				h.rooms.room.Present = []Occupant{seat("tess", Host), seat("carl", Participant)}
				id, fill := h.finished()
				got := h.ask(who, d.method, "/api/v1/recordings/"+id+fill.Replace(d.path), d.body(h))
				if got.Status != d.want[i] {
					t.Errorf("%s %s by %q: %d, want %d: %s", d.method, d.path, who, got.Status, d.want[i], got.Raw)
				}
			}
		}
	})
}

func TestForeignRecordingAnswersAsAbsent(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id, fill := h.finished()
		listed := map[string]bool{}
		for _, d := range doorList() {
			listed[d.method+" "+strings.SplitN(fill.Replace(d.path), "?", 2)[0]] = true
			for _, who := range []string{"thea", "cleo", "mona"} {
				foreign := h.ask(who, d.method, "/api/v1/recordings/"+id+fill.Replace(d.path), d.body(h))
				absent := h.ask(who, d.method, "/api/v1/recordings/"+strings.Repeat("Z", 26)+fill.Replace(d.path), d.body(h))
				delete(foreign.Body, "requestId")
				delete(absent.Body, "requestId")
				a, _ := json.Marshal(foreign.Body)
				b, _ := json.Marshal(absent.Body)
				if foreign.Status != 404 || absent.Status != 404 || string(a) != string(b) {
					t.Errorf("%s %s: foreign %d %s, absent %d %s", d.method, d.path, foreign.Status, a, absent.Status, b)
				}
			}
		}
		// None may be forgotten here.
		s := api.New(api.Options{})
		h.Routes(s)
		count := 0
		for _, r := range s.Engine().Routes() {
			if strings.HasPrefix(r.Path, "/api/v1/recordings/:recording") {
				count++
			}
		}
		if count != len(listed) {
			t.Errorf("%d routes, %d in the table", count, len(listed))
		}
		// Parts of one recording are not found under another.
		other, _ := h.finished()
		for _, d := range doorList() {
			if !strings.Contains(d.path, "PLAY") && !strings.Contains(d.path, "SHARE") && !strings.Contains(d.path, "EXPORT") {
				continue
			}
			if got := h.ask("tess", d.method, "/api/v1/recordings/"+other+fill.Replace(d.path), d.body(h)); got.Status != 404 {
				t.Errorf("%s %s of another recording: %d %s", d.method, d.path, got.Status, got.Raw)
			}
		}
	})
}

func TestCareAndConsentDecideAtPlayTime(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.recorded()
		path := "/api/v1/recordings/" + id
		play := h.ask("tess", "POST", path+"/plays", nil)
		url := play.Body["tracks"].([]any)[0].(map[string]any)["url"].(string)
		person := play.Body["tracks"].([]any)[0].(map[string]any)["person"].(string)
		get := func() int { return h.ask("tess", "GET", url, nil, "Range", "bytes=0-99").Status }
		if got := get(); got != 206 || person != "tess" {
			t.Fatalf("%d %s", got, person)
		}
		h.care.care["tess"] = []string{"cora"}
		if got := get(); got != 404 {
			t.Errorf("after care has ended: %d", got)
		}
		if got := h.ask("tess", "GET", "/api/v1/recordings", nil); len(got.Body["items"].([]any)) != 0 {
			t.Errorf("it is still listed: %s", got.Raw)
		}
		h.care.care["tess"] = []string{"carl"}
		if got := get(); got != 206 {
			t.Errorf("when it begins anew: %d", got)
		}
		// Carl takes back that he may be watched: he is the only client in it.
		if got := h.ask("carl", "POST", path+"/consents", map[string]any{"decision": "withdrawn"}); got.Status != 204 {
			t.Fatal(got.Raw)
		}
		if got := get(); got != 404 {
			t.Errorf("after consent for review has ended: %d", got)
		}
		ledger := h.ask("carl", "GET", path+"/consents", nil).Body["items"].([]any)
		if last := ledger[len(ledger)-1].(map[string]any); last["scope"] != "review" || last["state"] != "withdrawn" {
			t.Errorf("%v", last)
		}
		h.ask("carl", "POST", path+"/consents", map[string]any{"decision": "agreed"})
		if got := get(); got != 206 {
			t.Errorf("when he allows it again: %d", got)
		}
	})
}

// Of a couple, one takes consent back: the other's part can still be watched,
// theirs cannot, and nothing can be copied.
func TestOneOfACoupleTakesConsentBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.rooms.room.Present = append(h.rooms.room.Present, seat("cora", Participant))
		st := h.start()
		h.decides("carl", st, Agreed)
		h.decides("cora", st, Agreed)
		h.speaks("carl", 0, 2*time.Second)
		h.speaks("cora", 0, 2*time.Second)
		h.clock.pass(2 * time.Second)
		if _, err := h.Stop(t.Context(), person("tess"), "room-1"); err != nil {
			t.Fatal(err)
		}
		h.drain()
		path := "/api/v1/recordings/" + st.ID
		before := h.ask("tess", "POST", path+"/plays", nil)
		var coras string
		for _, tr := range before.Body["tracks"].([]any) {
			if tr := tr.(map[string]any); tr["person"] == "cora" {
				coras = tr["url"].(string)
			}
		}
		h.ask("cora", "POST", path+"/consents", map[string]any{"decision": "withdrawn"})
		if got := h.ask("tess", "GET", coras, nil); got.Status != 404 {
			t.Errorf("her media: %d", got.Status)
		}
		after := h.ask("tess", "POST", path+"/plays", nil).Body["tracks"].([]any)
		if len(after) != 1 || after[0].(map[string]any)["person"] != "carl" {
			t.Errorf("%v", after)
		}
		tl := h.ask("tess", "GET", path+"/timeline", nil)
		if levels := tl.Body["levels"].([]any); len(levels) != 1 || len(tl.Body["tracks"].([]any)) != 1 {
			t.Errorf("timeline: %s", tl.Raw)
		}
		if got := h.ask("tess", "POST", path+"/exports", map[string]any{"kind": "tracks"}); got.Status != 409 || got.Body["code"] != "review_withdrawn" {
			t.Errorf("a copy: %d %s", got.Status, got.Raw)
		}
	})
}

func TestWhoWatchesReports(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.recorded()
		path := "/api/v1/recordings/" + id
		play := h.ask("tess", "POST", path+"/plays", nil)
		y := play.Body["id"].(string)
		url := play.Body["tracks"].([]any)[0].(map[string]any)["url"].(string)
		report := func(body string) answer {
			var v any
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Fatal(err)
			}
			return h.ask("tess", "POST", path+"/plays/"+y+"/watched", v)
		}
		get := func() answer { return h.ask("tess", "GET", url, nil, "Range", "bytes=0-9") }
		for range 4 {
			if got := get(); got.Status != 206 {
				t.Fatal(got.Raw)
			}
			h.clock.pass(10 * time.Second)
		}
		if got := get(); got.Status != 409 || got.Body["code"] != "report_watching" {
			t.Errorf("40 s without a report: %d %s", got.Status, got.Raw)
		}
		if got := report(`{"ranges":[]}`); got.Status != 204 {
			t.Fatal(got.Raw)
		}
		if got := get(); got.Status != 206 {
			t.Errorf("after a report: %d", got.Status)
		}
		for body, want := range map[string]int{
			`{"ranges":[{"fromMs":0,"toMs":5000},{"fromMs":5000,"toMs":6000},{"fromMs":2000,"toMs":3000}]}`: 204,
			`{"ranges":[{"fromMs":5,"toMs":4}]}`: 422, `{"ranges":[{"fromMs":0,"toMs":60000}]}`: 422,
			`{"ranges":[{"fromMs":-5000,"toMs":4}]}`: 422, `{}`: 422, `{"ranges":[{"fromMs":0}]}`: 422,
		} {
			if got := report(body); got.Status != want {
				t.Errorf("%s: %d %s", body, got.Status, got.Raw)
			}
		}
		if got := h.emitted(); got[len(got)-1] != "viewed" || len(got) < 2 {
			t.Errorf("%v", got)
		}
		viewers := h.ask("carl", "GET", path+"/viewers", nil).Body["items"].([]any)
		if len(viewers) != 1 || viewers[0].(map[string]any)["seconds"] != 6.0 || len(viewers[0].(map[string]any)["ranges"].([]any)) != 1 {
			t.Errorf("%v", viewers)
		}
		// The same play after a restart, and after its time.
		h.boot()
		if got := get(); got.Status != 206 {
			t.Errorf("after a restart: %d", got.Status)
		}
		h.clock.pass(playLasts)
		if got := get(); got.Status != 410 {
			t.Errorf("after its time: %d", got.Status)
		}
	})
}

func TestRanges(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.recorded()
		play := h.ask("tess", "POST", "/api/v1/recordings/"+id+"/plays", nil)
		url := play.Body["tracks"].([]any)[0].(map[string]any)["url"].(string)
		whole := h.ask("tess", "GET", url, nil)
		size := len(whole.Raw)
		if whole.Status != 200 || whole.Header.Get("Content-Type") != "audio/webm" && whole.Header.Get("Content-Type") != "video/webm" ||
			whole.Header.Get("Cache-Control") != "no-store" || whole.Header.Get("Accept-Ranges") != "bytes" {
			t.Fatalf("%d %v", whole.Status, whole.Header)
		}
		for _, c := range []struct {
			span string
			want int
			body string
		}{
			{"bytes=0-0", 206, whole.Raw[:1]},
			{"bytes=100-", 206, whole.Raw[100:]},
			{"bytes=-5", 206, whole.Raw[size-5:]},
			{fmt.Sprintf("bytes=%d-", size-1), 206, whole.Raw[size-1:]},
			{fmt.Sprintf("bytes=%d-", size), 416, ""},
			{"bytes=5-4", 416, ""}, {"bytes=x", 416, ""}, {"bytes=99999999999999999999-", 416, ""},
		} {
			got := h.ask("tess", "GET", url, nil, "Range", c.span)
			if got.Status != c.want || c.want == 206 && got.Raw != c.body {
				t.Errorf("%s: %d, %d bytes", c.span, got.Status, len(got.Raw))
			}
			if c.want == 416 && (got.Body["code"] != "bad_range" || got.Header.Get("Content-Type") != "application/problem+json") {
				t.Errorf("%s: %s", c.span, got.Raw)
			}
		}
		if got := h.ask("tess", "POST", url, nil); got.Status != 405 {
			t.Errorf("POST: %d", got.Status)
		}
		// What was altered on disk is said, never played.
		var object string
		err := filepath.WalkDir(h.dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && filepath.Base(path) == "t1" {
				object = path
			}
			return err
		})
		if err != nil || object == "" {
			t.Fatal(object, err)
		}
		data, err := os.ReadFile(object)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(object, data[:len(data)-20], 0o600); err != nil {
			t.Fatal(err)
		}
		t1 := "/api/v1/recordings/" + id + "/tracks/t1/media?play=" + play.Body["id"].(string)
		if got := h.ask("tess", "GET", t1, nil); got.Status != 410 || got.Body["code"] != "recording_damaged" {
			t.Errorf("a cut file: %d %s", got.Status, got.Raw)
		}
	})
}

func TestShareOfAStretch(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.recorded()
		path := "/api/v1/recordings/" + id
		share := func(body map[string]any) answer { return h.ask("tess", "POST", path+"/shares", body) }
		hour := h.clock.now().Add(time.Hour)
		for name, body := range map[string]map[string]any{
			"a client":        {"userId": "cora", "expiresAt": hour},
			"nobody":          {"userId": "nobody", "expiresAt": hour},
			"oneself":         {"userId": "tess", "expiresAt": hour},
			"the past":        {"userId": "theo", "expiresAt": h.clock.now()},
			"a year":          {"userId": "theo", "expiresAt": hour.AddDate(1, 0, 0)},
			"after the end":   {"userId": "theo", "expiresAt": hour, "fromMs": 10_000},
			"backwards":       {"userId": "theo", "expiresAt": hour, "fromMs": 5000, "toMs": 4000},
			"before the time": {"userId": "theo", "expiresAt": hour, "fromMs": -1},
			"without an end":  {"userId": "theo"},
		} {
			if got := share(body); got.Status != 422 {
				t.Errorf("%s: %d %s", name, got.Status, got.Raw)
			}
		}
		made := share(map[string]any{"userId": "theo", "fromMs": 2000, "toMs": 4000, "expiresAt": hour, "note": "The opening"})
		if made.Status != 201 {
			t.Fatal(made.Raw)
		}
		if got := h.ask("theo", "POST", path+"/plays", nil); got.Status != 409 || got.Body["code"] != "share_preparing" {
			t.Errorf("before it is cut: %d %s", got.Status, got.Raw)
		}
		h.drain()
		play := h.ask("theo", "POST", path+"/plays", nil)
		if play.Status != 201 || play.Body["fromMs"] != 2000.0 || play.Body["toMs"] != 4000.0 || len(play.Body["tracks"].([]any)) != 2 {
			t.Fatal(play.Raw)
		}
		whole := h.ask("tess", "POST", path+"/plays", nil).Body["tracks"].([]any)[0].(map[string]any)["url"].(string)
		for _, v := range play.Body["tracks"].([]any) {
			tr := v.(map[string]any)
			if tr["startMs"] != 2000.0 || tr["durationMs"].(float64) > 2040 {
				t.Errorf("%v", tr)
			}
			part, all := h.ask("theo", "GET", tr["url"].(string), nil), h.ask("tess", "GET", whole, nil)
			if part.Status != 200 || len(part.Raw) > len(all.Raw)/3 {
				t.Errorf("%d, %d of %d bytes", part.Status, len(part.Raw), len(all.Raw))
			}
		}
		tl := h.ask("theo", "GET", path+"/timeline", nil)
		for _, v := range tl.Body["levels"].([]any) {
			if l := v.(map[string]any); l["startMs"].(float64) < 1900 || len(l["data"].(string)) > 4*21/3+4 {
				t.Errorf("levels outside of what was shared: %v", l)
			}
		}
		for _, v := range tl.Body["events"].([]any) {
			if at := v.(map[string]any)["atMs"].(float64); at < 2000 || at > 4000 {
				t.Errorf("an event outside of what was shared: %v", v)
			}
		}
		got := h.ask("theo", "GET", path, nil)
		if got.Body["access"] != "comment" || got.Body["share"].(map[string]any)["fromMs"] != 2000.0 {
			t.Errorf("%s", got.Raw)
		}
		url := play.Body["tracks"].([]any)[0].(map[string]any)["url"].(string)
		h.clock.pass(time.Hour)
		if got := h.ask("theo", "GET", url, nil); got.Status != 404 {
			t.Errorf("after its time: %d", got.Status)
		}
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		for info, err := range h.Store.List(t.Context(), "exports/") {
			t.Errorf("%v %v is left", info, err)
		}
	})
}

func TestListAndFilter(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var ids []string
		for range 3 {
			h.rooms.room.Present = []Occupant{seat("tess", Host), seat("carl", Participant)}
			ids = append(ids, h.recorded())
			h.clock.pass(time.Hour)
		}
		h.rooms.room.Present = []Occupant{seat("tess", Host), seat("cora", Participant)}
		h.rooms.room.Title = "Café 100%"
		st := h.start()
		list := func(who, query string) []string {
			t.Helper()
			got := h.ask(who, "GET", "/api/v1/recordings?"+query, nil)
			if got.Status != 200 {
				t.Fatalf("%s: %d %s", query, got.Status, got.Raw)
			}
			var out []string
			for _, v := range got.Body["items"].([]any) {
				out = append(out, v.(map[string]any)["id"].(string))
			}
			return out
		}
		for who, want := range map[string]int{"tess": 4, "carl": 3, "cora": 1, "adam": 4, "mona": 0, "theo": 0, "cleo": 0, "gina": 0} {
			if got := list(who, ""); len(got) != want {
				t.Errorf("%s sees %d", who, len(got))
			}
		}
		for query, want := range map[string]int{
			"state=ready": 3, "state=asking": 1, "state=ready,asking": 4, "person=cora": 1, "person=nobody": 0, "q=100%25": 1, "q=WEEKLY": 3, "q=_": 0,
			"q=carl": 3, "from=2031-05-06T13:00:00Z": 3, "to=2031-05-06T13:00:00Z": 1,
		} {
			if got := list("tess", query); len(got) != want {
				t.Errorf("%s: %d", query, len(got))
			}
		}
		var paged []string
		cursor := ""
		for range 10 {
			got := h.ask("tess", "GET", "/api/v1/recordings?limit=2&cursor="+cursor, nil)
			for _, v := range got.Body["items"].([]any) {
				paged = append(paged, v.(map[string]any)["id"].(string))
			}
			next, more := got.Body["next"].(string)
			if cursor = next; !more {
				break
			}
		}
		want := append([]string{st.ID}, ids[2], ids[1], ids[0])
		if !slices.Equal(paged, want) {
			t.Errorf("%v, want %v", paged, want)
		}
		for _, query := range []string{"cursor=YQ", "limit=0", "state=party", "from=yesterday", "who=me", "q=" + strings.Repeat("x", 101)} {
			if got := h.ask("tess", "GET", "/api/v1/recordings?"+query, nil); got.Status != 422 {
				t.Errorf("%s: %d", query, got.Status)
			}
		}
		if got := h.ask("tess", "GET", "/api/v1/meetings/meeting-1/recordings", nil); got.Status != 200 || len(got.Body["items"].([]any)) != 4 {
			t.Errorf("of the meeting: %d %s", got.Status, got.Raw)
		}
		for _, who := range []string{"thea", "cleo"} {
			if got := h.ask(who, "GET", "/api/v1/meetings/meeting-1/recordings", nil); got.Status != 404 {
				t.Errorf("of a foreign meeting: %d", got.Status)
			}
		}
	})
}

func TestEraseAndHold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		id := h.recorded()
		hold := func(held bool) {
			if err := h.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return h.SetHold(ctx, tx, id, held) }); err != nil {
				t.Fatal(err)
			}
		}
		hold(true)
		if err := h.Erase(ctx, id, "adam", "asked for"); code(err) != "legal_hold" {
			t.Errorf("under hold: %v", err)
		}
		hold(false)
		stored, err := h.StoredBefore(ctx, h.clock.now().Add(time.Second), "couple", 10)
		if err != nil || len(stored) != 1 || stored[0].ID != id || !slices.Equal(stored[0].Clients, []string{"carl"}) {
			t.Errorf("%+v %v", stored, err)
		}
		url := h.ask("tess", "POST", "/api/v1/recordings/"+id+"/plays", nil).Body["tracks"].([]any)[0].(map[string]any)["url"].(string)
		h.emitted()
		for range 2 { // again is no error
			if err := h.Erase(ctx, id, "adam", "asked for"); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.emitted(); !slices.Equal(got, []string{"erased"}) {
			t.Errorf("%v", got)
		}
		if got := h.ask("tess", "GET", url, nil); got.Status != http.StatusGone {
			t.Errorf("erased media: %d", got.Status)
		}
		got := h.ask("carl", "GET", "/api/v1/recordings/"+id, nil)
		if got.Body["state"] != "erased" || got.Body["erasedAt"] == nil {
			t.Errorf("%s", got.Raw)
		}
		if ledger := h.ask("carl", "GET", "/api/v1/recordings/"+id+"/consents", nil).Body["items"].([]any); len(ledger) == 0 {
			t.Error("the ledger is gone")
		}
	})
}
