package account

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

func setupBody(token string) string {
	return fmt.Sprintf(`{"token":%q,"email":"first@example.org","name":"First Admin","password":%q,"timeZone":"Europe/Berlin"}`, token, goodPassword)
}

func TestSetup(t *testing.T) {
	dbtest.EachWithBus(t, nil, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.facts = &[]event.Fact{}
		b := w.browser()
		equal(t, "needed", b.must("GET", "/setup", "", 200).at("needed"), true)
		old, err := w.s.CreateSetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		late, err := w.s.CreateSetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{"", "x", newToken(), old} {
			b.must("POST", "/setup", setupBody(wrong), 404)
		}
		w.now = w.now.Add(30 * time.Minute)
		b.must("POST", "/setup", setupBody(late), 410)
		token, err := w.s.CreateSetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.must("POST", "/setup", strings.Replace(setupBody(token), goodPassword, "first@example", 1), 422)

		// Two claims at one moment make one admin.
		var wg sync.WaitGroup
		statuses := make([]int, 8)
		for i := range statuses {
			wg.Go(func() { statuses[i] = w.browser().do("POST", "/setup", setupBody(token)).status })
		}
		wg.Wait()
		won := 0
		for _, s := range statuses {
			if s == 201 {
				won++
			} else if s != 410 && s != 503 {
				t.Errorf("a claim that lost got %d", s)
			}
		}
		equal(t, "claims that won", won, 1)
		b.must("POST", "/setup", setupBody(token), 410)
		equal(t, "needed", b.must("GET", "/setup", "", 200).at("needed"), false)
		if _, err := w.s.CreateSetupToken(t.Context()); err == nil {
			t.Error("another setup token")
		}
		b.must("POST", "/sign-in", signInBody("first@example.org", goodPassword), 200)
		equal(t, "zone", b.must("GET", "/me", "", 200).at("timeZone"), "Europe/Berlin")
	})
}

func TestSignInLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, err := w.s.CreateSignInLink(t.Context(), w.ther.ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "url", w.s.SignInURL(token), "https://practice.example/link#token="+token)
		for _, wrong := range []string{newToken(), "x"} {
			w.browser().must("POST", "/sign-in-links/"+wrong, "", 404)
		}
		// A link of one kind is no link of another.
		w.browser().must("POST", "/guest-links/"+token, `{"name":"Guest"}`, 404)
		r := w.browser().must("POST", "/sign-in-links/"+token, "", 200)
		equal(t, "id", r.at("id"), w.ther.ID)
		facts := w.wantFacts("session.started")
		equal(t, "method", facts[0].(event.SignedIn).Method, "link")
		w.browser().must("POST", "/sign-in-links/"+token, "", 410)
		w.wantFacts()

		late, err := w.s.CreateSignInLink(t.Context(), w.ther.ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Minute)
		w.browser().must("POST", "/sign-in-links/"+late, "", 410)
		off, err := w.s.CreateSignInLink(t.Context(), w.ana.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.as(w.admin).must("PATCH", "/people/"+w.ana.ID, `{"active":false}`, 200)
		w.browser().must("POST", "/sign-in-links/"+off, "", 410)
		if _, err := w.s.CreateSignInLink(t.Context(), "NOSUCH", time.Hour); err == nil {
			t.Error("a link for nobody")
		}
	})
}

func TestGuestLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, err := w.s.CreateGuestLink(t.Context(), "ROOM1", w.ther.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		path := "/guest-links/" + token
		guest, second := w.browser(), w.browser()
		guest.must("POST", path, `{"name":"  "}`, 422)
		guest.must("POST", path, "{\"name\":\"Ann\u202E\"}", 422)
		r := guest.must("POST", path, `{"name":" Aunt  Mary "}`, 200)
		equal(t, "body", r.body, map[string]any{
			"next": "done", "id": r.at("id"), "kind": "guest", "name": "Aunt Mary", "room": "ROOM1",
			"locale": "en", "timeZone": "UTC", "practice": "Test Practice", "sessionId": r.at("sessionId"),
		})
		facts := w.wantFacts("session.guest_started")
		equal(t, "fact", facts[0], event.Fact(event.GuestSignedIn{Guest: r.at("id").(string), Session: r.at("sessionId").(string), Room: "ROOM1", By: w.ther.ID}))

		equal(t, "another device", second.must("POST", path, `{"name":"Eve"}`, 410).code(), "link_used")
		equal(t, "cookies", len(second.cookies), 0)
		before := guest.cookies["__Host-mentara"].Value
		again := guest.must("POST", path, `{"name":"Other Name"}`, 200)
		equal(t, "the same device is who it was", again.body, r.body)
		equal(t, "cookie", guest.cookies["__Host-mentara"].Value, before)
		w.wantFacts()

		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://practice.example/", nil)
		req.AddCookie(guest.cookies["__Host-mentara"])
		p, ok, err := w.s.Authenticate(req)
		if err != nil || !ok || p.Kind != "guest" || p.Role != "" || p.Room == nil || p.Room.Room != "ROOM1" || !p.Room.Publish || !p.Room.Subscribe || p.Room.Moderator {
			t.Errorf("%+v %v %v", p, ok, err)
		}
		guest.must("GET", "/me", "", 200)
		for _, forbidden := range []string{"/people", "/sessions", "/care", "/care-units", "/invitations"} {
			guest.must("GET", forbidden, "", 403)
		}
		guest.must("PATCH", "/me", `{"name":"Thea Berg"}`, 403)

		w.now = w.now.Add(12 * time.Hour)
		guest.must("POST", path, `{"name":"Mary"}`, 410)
		guest.must("GET", "/me", "", 401)
	})
}

// TestGuestLinkWhileSignedIn: nobody loses their own session by opening one.
func TestGuestLinkWhileSignedIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, err := w.s.CreateGuestLink(t.Context(), "ROOM1", w.ther.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		b := w.as(w.ther)
		equal(t, "code", b.must("POST", "/guest-links/"+token, `{"name":"Me"}`, 409).code(), "signed_in")
		w.browser().must("POST", "/guest-links/"+token, `{"name":"Mary"}`, 200)
	})
}

// TestGuestLinkRace: of many devices at one moment one gets in.
func TestGuestLinkRace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token, err := w.s.CreateGuestLink(t.Context(), "ROOM1", w.ther.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		statuses := make([]int, 10)
		for i := range statuses {
			wg.Go(func() { statuses[i] = w.browser().do("POST", "/guest-links/"+token, `{"name":"Mary"}`).status })
		}
		wg.Wait()
		count := map[int]int{}
		for _, s := range statuses {
			count[s]++
		}
		equal(t, "statuses", count, map[int]int{200: 1, 410: 9})
		w.wantFacts("session.guest_started")
	})
}

// TestTokensAtRest: what a thief of the database reads opens nothing.
func TestTokensAtRest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		guest, _ := w.s.CreateGuestLink(t.Context(), "ROOM1", w.ther.ID, time.Hour)
		for _, table := range []string{"sessions", "links", "known_devices"} {
			var hashes []string
			if err := w.db.Read().NewSelect().Table(table).Column("token_hash").Scan(t.Context(), &hashes); err != nil {
				t.Fatal(err)
			}
			for _, h := range hashes {
				for _, secret := range []string{b.cookies["__Host-mentara"].Value, b.cookies["__Host-mentara-device"].Value, guest} {
					if h == secret || len(h) != 43 {
						t.Errorf("%s holds %q", table, h)
					}
				}
				w.browser().must("POST", "/sign-in-links/"+h, "", 404)
			}
		}
	})
}
