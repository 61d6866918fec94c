package room

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
)

// tool is a WHIP or WHEP client that knows nothing of us.
type tool struct {
	*tab
	session string // its URL
	token   string
}

// post opens a session and returns the status; the tool is nil unless 201.
func (h *liveHouse) post(door, token, query string) (int, *tool) {
	h.t.Helper()
	b := &tab{t: h.t, h: h, failed: make(chan struct{})}
	offer := b.offer()
	h.t.Cleanup(func() { _ = b.pc.Close() })
	status, head, answer := h.send(http.MethodPost, door+query, token, offer.SDP)
	if status != http.StatusCreated {
		return status, nil
	}
	b.answer(answer)
	return status, &tool{tab: b, session: head.Get("Location"), token: token}
}

func (h *liveHouse) send(method, path, token, body string) (int, http.Header, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	must(h.t, err)
	if who, ok := strings.CutPrefix(token, "cookie of "); ok {
		r.Header.Set("X-Test-Who", who)
	} else if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/sdp")
	}
	res, err := http.DefaultClient.Do(r)
	must(h.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(h.t, err)
	return res.StatusCode, res.Header, string(text)
}

func (h *liveHouse) issue(g Grant) string {
	h.t.Helper()
	if g.Room == "" {
		g.Room = h.room
	}
	token, err := h.tokens.Issue(g, time.Hour)
	must(h.t, err)
	return token.Token
}

// seen finds an identity among those in the room.
func (h *liveHouse) seen(identity string) func() bool {
	return func() bool {
		list, err := h.Participants(context.WithoutCancel(h.t.Context()), user("tess"), h.room)
		must(h.t, err)
		return slices.ContainsFunc(list, func(p Participant) bool { return p.Identity == identity && p.State == Joined })
	}
}

func not(f func() bool) func() bool { return func() bool { return !f() } }

func TestToolsHaveSeats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newLiveHouse(t, d)
		whip, whep := "/api/v1/rooms/"+h.room+"/whip", "/api/v1/rooms/"+h.room+"/whep"
		tess := h.tab(user("tess"))
		call[JoinResult](tess, "room.join", map[string]any{"room": h.room})
		tess.media()

		made, err := h.IssueToken(t.Context(), user("tess"), h.room, TokenOrder{Identity: "camera-2", Publish: true, Subscribe: true})
		must(t, err)
		status, camera := h.post(whip, made.Token, "")
		if status != 201 {
			t.Fatalf("WHIP: %d", status)
		}
		eventually(t, "the tool is seen", h.seen("camera-2"))
		eventually(t, "the tool is heard", func() bool { return tess.heard.Load() > 20 })
		if got := len(must2(h.Attendance(t.Context(), user("tess"), h.room))); got != 2 {
			t.Fatalf("%d in the attendance", got)
		}

		// One token, two viewers, one seat; a refused session costs no other its seat.
		_, one := h.post(whep, made.Token, "?participant=camera-2")
		_, two := h.post(whep, made.Token, "")
		if one == nil || two == nil {
			t.Fatal("WHEP is refused")
		}
		if status, _ := h.post(whep, made.Token, "?participant=nobody"); status != 404 {
			t.Fatalf("WHEP of nobody: %d", status)
		}
		if status, _, _ := h.send(http.MethodPost, whep, made.Token, "garbage"); status != 422 && status != 400 {
			t.Fatalf("a garbage offer: %d", status)
		}
		if status, _ := h.post(whip, made.Token, ""); status != 409 {
			t.Fatalf("it publishes twice: %d", status)
		}
		eventually(t, "both viewers hear the camera", func() bool { return one.heard.Load() > 20 && two.heard.Load() > 20 })
		if status, _, _ := h.send(http.MethodDelete, one.session, one.token, ""); status != 200 {
			t.Fatalf("DELETE: %d", status)
		}
		if !h.seen("camera-2")() {
			t.Fatal("the seat went with one of three sessions")
		}

		// Kicked: all of its sessions end at once, and there is no way back in.
		list := must2(h.Participants(t.Context(), user("tess"), h.room))
		i := slices.IndexFunc(list, func(p Participant) bool { return p.Identity == "camera-2" })
		call[Done](tess, "room.kick", map[string]any{"room": h.room, "participant": list[i].ID})
		eventually(t, "its peers are closed", func() bool { return h.sfu.Stats().Peers == 1 })
		if status, _ := h.post(whip, made.Token, ""); status != 403 {
			t.Fatalf("WHIP after a kick: %d", status)
		}
		if status, _, _ := h.send(http.MethodDelete, camera.session, camera.token, ""); status != 401 && status != 404 {
			t.Fatalf("its session is still there: %d", status)
		}
	})
}

func TestToolThatEndsLeaves(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	token := h.issue(Grant{Identity: "encoder", Publish: true, Admitted: true})
	_, encoder := h.post("/api/v1/rooms/"+h.room+"/whip", token, "")
	if encoder == nil {
		t.Fatal("WHIP is refused")
	}
	eventually(t, "it is seen", h.seen("encoder"))
	if status, _, _ := h.send(http.MethodDelete, encoder.session, token, ""); status != 200 {
		t.Fatalf("DELETE: %d", status)
	}
	eventually(t, "it has left", not(h.seen("encoder")))
}

func TestDoorsRefuse(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	h.who["tess"] = user("tess")
	whip, whep := "/api/v1/rooms/"+h.room+"/whip", "/api/v1/rooms/"+h.room+"/whep"
	join, err := h.JoinToken(user("carl"), h.room, RoleParticipant)
	must(t, err)
	for _, c := range []struct {
		name, door, token string
		want              int
	}{
		{"nobody", whip, "", 401},
		{"a cookie", whip, "cookie of tess", 401},
		{"a bad token", whip, "x.y.z", 401},
		{"a token for another room", whip, h.issue(Grant{Room: "other", Identity: "a", Publish: true, Admitted: true}), 401},
		{"a viewer publishes", whip, h.issue(Grant{Identity: "b", Subscribe: true, Admitted: true}), 403},
		{"a publisher views", whep, h.issue(Grant{Identity: "c", Publish: true, Admitted: true}), 403},
		{"who was not admitted", whip, h.issue(Grant{Identity: "d", Publish: true}), 403},
		{"a member who did not wait", whip, join.Token, 403},
		{"no such room, not the operator's", "/api/v1/rooms/none/whip", h.issue(Grant{Room: "none", Identity: "e", Publish: true}), 404},
	} {
		if status, _ := h.post(c.door, c.token, ""); status != c.want {
			t.Errorf("%s: %d, want %d", c.name, status, c.want)
		}
	}
	if list := must2(h.Participants(t.Context(), user("tess"), h.room)); len(list) != 0 {
		t.Errorf("the refused left traces: %+v", list)
	}
	must(t, h.End(t.Context(), user("tess"), h.room))
	if status, _ := h.post(whip, h.issue(Grant{Identity: "f", Publish: true, Admitted: true}), ""); status != 410 {
		t.Errorf("a room that has ended: %d", status)
	}
	if status, _, _ := h.send(http.MethodOptions, whip, "", ""); status != 204 {
		t.Errorf("preflight: %d", status)
	}
}

// The operator's token makes a room of the SFU alone, if there is none of that
// name: plain WHIP and WHEP clients need nothing but the token.
func TestOperatorsOwnRoom(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	out := h.issue(Grant{Room: "stage", Identity: "band", Publish: true, Admitted: true})
	in := h.issue(Grant{Room: "stage", Identity: "hall", Subscribe: true, Admitted: true})
	_, band := h.post("/api/v1/rooms/stage/whip", out, "")
	if band == nil {
		t.Fatal("WHIP is refused")
	}
	var hall *tool
	eventually(t, "the band is on", func() bool {
		_, hall = h.post("/api/v1/rooms/stage/whep", in, "?participant=band")
		return hall != nil
	})
	eventually(t, "the hall hears the band", func() bool { return hall.heard.Load() > 20 })
	if _, err := h.Get(t.Context(), tokenOf("stage", "band", auth.RoomGrant{Publish: true, Admitted: true}), "stage"); code(err) != "not_found" {
		t.Fatalf("the practice knows of it: %v", err)
	}
	if hall.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		t.Fatal(hall.pc.ConnectionState())
	}
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
