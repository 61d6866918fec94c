package room

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mentara/api"
	"mentara/internal/auth"
)

// web serves a house over HTTP; "X-Test-Who" stands in for a cookie.
func web(t *testing.T, h *house, who map[string]auth.Principal) http.Handler {
	t.Helper()
	s := api.New(api.Options{
		Log: slog.New(slog.DiscardHandler),
		Authenticate: []api.Authenticator{h.tokens.Authenticate, func(r *http.Request) (auth.Principal, bool, error) {
			p, ok := who[r.Header.Get("X-Test-Who")]
			return p, ok, nil
		}},
	})
	h.Routes(s)
	return s.Handler()
}

type answer struct {
	Status int
	Body   map[string]any
	Raw    string
}

func ask(t *testing.T, h http.Handler, who, method, path string, body any) answer {
	t.Helper()
	var in bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&in).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, &in)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token, ok := strings.CutPrefix(who, "Bearer "); ok {
		r.Header.Set("Authorization", "Bearer "+token)
	} else {
		r.Header.Set("X-Test-Who", who)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{Status: w.Code, Raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.Body)
	return a
}

func everyone() map[string]auth.Principal {
	who := map[string]auth.Principal{}
	for id := range practice {
		who[id] = user(id)
	}
	return who
}

func TestRoutesStory(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		srv := web(t, h, everyone())
		made := ask(t, srv, "tess", "POST", "/api/v1/rooms", map[string]any{
			"kind": "individual", "memberIds": []string{"carl"}, "title": "Weekly", "meetingId": "m-1",
		})
		if made.Status != 201 || made.Body["state"] != "open" || made.Body["myRole"] != "host" || made.Body["meetingId"] != "m-1" {
			t.Fatalf("create: %d %s", made.Status, made.Raw)
		}
		id := made.Body["id"].(string)
		path := "/api/v1/rooms/" + id
		again := ask(t, srv, "tess", "POST", "/api/v1/rooms", map[string]any{"meetingId": "m-1"})
		if again.Status != 409 || again.Body["code"] != "meeting_has_room" {
			t.Fatalf("two rooms for a meeting: %d %s", again.Status, again.Raw)
		}

		joined := ask(t, srv, "carl", "POST", path+"/join", nil)
		if joined.Status != 200 || joined.Body["self"].(map[string]any)["state"] != "waiting" || joined.Body["token"] == "" {
			t.Fatalf("join: %d %s", joined.Status, joined.Raw)
		}
		pid := joined.Body["self"].(map[string]any)["id"].(string)
		token := joined.Body["token"].(string)
		if got := ask(t, srv, "Bearer "+token, "POST", path+"/join", nil); got.Body["self"].(map[string]any)["id"] != pid {
			t.Fatalf("a join token should be its person: %d %s", got.Status, got.Raw)
		}
		if got := ask(t, srv, "Bearer "+token, "POST", path+"/participants/"+pid+"/admit", nil); got.Status != 403 {
			t.Fatalf("who waits admits themselves: %d %s", got.Status, got.Raw)
		}
		if got := ask(t, srv, "carl", "GET", path+"/participants", nil); got.Status != 403 {
			t.Fatalf("who waits sees who is in: %d %s", got.Status, got.Raw)
		}
		for _, step := range []struct {
			who, method, path string
			body              any
			want              int
		}{
			{"tess", "POST", path + "/join", nil, 200},
			{"tess", "POST", path + "/participants/" + pid + "/admit", nil, 204},
			{"carl", "GET", path + "/participants", nil, 200},
			{"tess", "POST", path + "/participants/" + pid + "/mute", map[string]any{"source": "camera"}, 204},
			{"tess", "POST", path + "/participants/" + pid + "/mute", map[string]any{"source": "nose"}, 422},
			{"tess", "POST", path + "/participants/nobody/kick", nil, 404},
			{"tess", "PATCH", path, map[string]any{"title": "Renamed"}, 200},
			{"carl", "PATCH", path, map[string]any{"title": "Mine"}, 403},
			{"tess", "POST", path + "/guest-links", map[string]any{}, 201},
			{"tess", "POST", path + "/tokens", map[string]any{"identity": "camera 2", "publish": true}, 201},
			{"tess", "POST", path + "/tokens", map[string]any{"identity": "carl", "publish": true}, 422},
			{"tess", "POST", path + "/tokens", map[string]any{"identity": strings.Repeat("A", 26), "publish": true}, 422},
			{"carl", "POST", path + "/leave", nil, 204},
			{"carl", "GET", path + "/attendance", nil, 200},
			{"tess", "POST", path + "/end", nil, 204},
			{"tess", "POST", path + "/end", nil, 204},
			{"carl", "POST", path + "/join", nil, 410},
			{"tess", "POST", "/api/v1/rooms", map[string]any{"meetingId": "m-1"}, 201},
		} {
			if got := ask(t, srv, step.who, step.method, step.path, step.body); got.Status != step.want {
				t.Errorf("%s %s %s: %d, want %d: %s", step.who, step.method, strings.TrimPrefix(step.path, path), got.Status, step.want, got.Raw)
			}
		}
	})
}

func TestForeignRoomAnswersAsAbsent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		srv := web(t, h, everyone())
		id := h.room()
		for _, v := range []struct{ method, path string }{
			{"GET", ""}, {"PATCH", ""}, {"POST", "/join"}, {"POST", "/leave"}, {"POST", "/end"}, {"GET", "/participants"},
			{"POST", "/participants/x/admit"}, {"POST", "/participants/x/kick"}, {"GET", "/attendance"},
		} {
			var body any
			if v.method == "PATCH" {
				body = map[string]any{"title": "x"}
			}
			foreign := ask(t, srv, "theo", v.method, "/api/v1/rooms/"+id+v.path, body)
			absent := ask(t, srv, "theo", v.method, "/api/v1/rooms/"+strings.Repeat("Z", 26)+v.path, body)
			delete(foreign.Body, "requestId")
			delete(absent.Body, "requestId")
			a, _ := json.Marshal(foreign.Body)
			b, _ := json.Marshal(absent.Body)
			if foreign.Status != 404 || absent.Status != 404 || !bytes.Equal(a, b) {
				t.Errorf("%s %s: foreign %d %s, absent %d %s", v.method, v.path, foreign.Status, a, absent.Status, b)
			}
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		srv := web(t, h, everyone())
		day := func(d int) string { return noon.AddDate(0, 0, d).Format(time.RFC3339) }
		for _, c := range []struct {
			name string
			who  string
			body map[string]any
			want int
		}{
			{"a client", "carl", map[string]any{}, 403},
			{"somebody else's client", "tess", map[string]any{"memberIds": []string{"cleo"}}, 422},
			{"nobody's client", "tess", map[string]any{"memberIds": []string{"nobody"}}, 422},
			{"the front desk for any therapist", "mona", map[string]any{"hostId": "theo", "memberIds": []string{"cleo"}}, 201},
			{"a client as host", "mona", map[string]any{"hostId": "carl"}, 422},
			{"another therapist as host", "tess", map[string]any{"hostId": "theo"}, 403},
			{"a colleague as co-host", "tess", map[string]any{"coHostIds": []string{"theo"}, "memberIds": []string{"carl"}}, 201},
			{"two in an individual session", "tess", map[string]any{"memberIds": []string{"carl", "cora"}}, 422},
			{"a couple", "tess", map[string]any{"kind": "couple", "memberIds": []string{"carl", "cora"}}, 201},
			{"somebody twice", "tess", map[string]any{"kind": "couple", "memberIds": []string{"carl", "carl"}}, 422},
			{"the host as member", "mona", map[string]any{"kind": "couple", "hostId": "tess", "memberIds": []string{"tess"}}, 422},
			{"unknown kind", "tess", map[string]any{"kind": "party"}, 422},
			{"jitsi", "tess", map[string]any{"engine": "jitsi"}, 501},
			{"end before start", "tess", map[string]any{"startsAt": day(2), "endsAt": day(1)}, 422},
			{"zero length", "tess", map[string]any{"startsAt": day(1), "endsAt": day(1)}, 422},
			{"two days", "tess", map[string]any{"startsAt": day(1), "endsAt": day(3)}, 422},
			{"in the past", "tess", map[string]any{"startsAt": day(-1)}, 422},
			{"year 10000", "tess", map[string]any{"startsAt": "9999-12-31T23:30:00Z"}, 422},
			{"a hidden character", "tess", map[string]any{"title": "a\u202eb"}, 422},
			{"a field of ours", "tess", map[string]any{"state": "live"}, 422},
		} {
			if got := ask(t, srv, c.who, "POST", "/api/v1/rooms", c.body); got.Status != c.want {
				t.Errorf("%s: %d, want %d: %s", c.name, got.Status, c.want, got.Raw)
			}
		}
	})
}

func TestListPagesInOrder(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		srv := web(t, h, everyone())
		for i := range 7 {
			h.room(func(p *Plan) {
				at := noon.Add(time.Duration(7-i) * time.Hour)
				p.StartsAt, p.EndsAt = at, at.Add(time.Hour)
				if i == 3 {
					p.MemberIDs = []string{"cora"}
				}
			})
		}
		var starts []string
		cursor := ""
		for range 10 {
			page := ask(t, srv, "carl", "GET", "/api/v1/rooms?limit=4&cursor="+cursor, nil)
			if page.Status != 200 {
				t.Fatal(page.Raw)
			}
			for _, r := range page.Body["items"].([]any) {
				starts = append(starts, r.(map[string]any)["startsAt"].(string))
			}
			if cursor = page.Body["next"].(string); cursor == "" {
				break
			}
		}
		if len(starts) != 6 {
			t.Fatalf("Carl has six sessions, got %v", starts)
		}
		for i := 1; i < len(starts); i++ {
			if starts[i-1] >= starts[i] {
				t.Fatalf("out of order: %v", starts)
			}
		}
		count := func(who, query string) int {
			got := ask(t, srv, who, "GET", "/api/v1/rooms?"+query, nil)
			if got.Status != 200 {
				t.Fatal(got.Raw)
			}
			return len(got.Body["items"].([]any))
		}
		h.clock.pass(55 * time.Minute) // the first is at one: its door is open
		for query, want := range map[string]int{
			"": 7, "state=open": 1, "state=scheduled": 6, "state=open,scheduled": 7, "state=ended": 0,
			"from=2031-05-06T15:30:00Z": 5, "to=2031-05-06T13:00:01Z": 1,
		} {
			if got := count("tess", query); got != want {
				t.Errorf("%q: %d rooms, want %d", query, got, want)
			}
		}
		if count("adam", "") != 7 || count("mona", "") != 7 || count("theo", "") != 0 || count("cora", "") != 7 {
			t.Error("everybody sees their own, the front desk and admins all")
		}
		for _, query := range []string{"cursor=%21", "cursor=YQ", "state=party", "limit=0", "limit=1000", "from=yesterday", "who=me"} {
			if got := ask(t, srv, "tess", "GET", "/api/v1/rooms?"+query, nil); got.Status != 422 {
				t.Errorf("%s: %d %s", query, got.Status, got.Raw)
			}
		}
	})
}
