package account

import (
	"net/http"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/event"
	"mentara/internal/fault"
)

func TestDevices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone := w.as(w.ana)
		w.now = w.now.Add(time.Minute)
		laptop, stranger := w.as(w.ana), w.as(w.noor)
		r := laptop.must("GET", "/sessions", "", 200)
		equal(t, "current", []any{r.at("items.0.current"), r.at("items.1.current"), r.at("items.2")}, []any{true, false, nil})
		equal(t, "userAgent", r.at("items.0.userAgent"), "Firefox on Windows")
		equal(t, "address", r.at("items.0.address"), "203.0.113.7")
		equal(t, "createdAt", r.at("items.1.createdAt"), "2026-11-23T09:00:00Z")
		equal(t, "expiresAt", r.at("items.1.expiresAt"), "2026-11-23T21:00:00Z")
		phoneID := r.at("items.1.id").(string)

		foreign := stranger.must("DELETE", "/sessions/"+phoneID, "", 404)
		absent := stranger.must("DELETE", "/sessions/NOSUCH", "", 404)
		delete(foreign.body, "requestId")
		delete(absent.body, "requestId")
		equal(t, "foreign and absent", foreign.body, absent.body)
		w.wantFacts()
		phone.must("GET", "/me", "", 200)

		laptop.must("DELETE", "/sessions/"+phoneID, "", 204)
		facts := w.wantFacts("session.revoked")
		equal(t, "fact", facts[0], event.Fact(event.SessionRevoked{Session: phoneID, Owner: w.ana.ID, Reason: "revoked", By: w.ana.ID}))
		phone.must("GET", "/me", "", 401)
		laptop.must("DELETE", "/sessions/"+phoneID, "", 404)

		second, third := w.as(w.ana), w.as(w.ana)
		equal(t, "ended", laptop.must("DELETE", "/sessions", "", 200).at("ended"), 2.0)
		w.wantFacts("session.revoked", "session.revoked")
		second.must("GET", "/me", "", 401)
		third.must("GET", "/me", "", 401)
		laptop.must("GET", "/me", "", 200)
		stranger.must("GET", "/me", "", 200)
	})
}

// TestExpiry: a session ends when nobody uses it, and in any case.
func TestExpiry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		idle, busy := w.as(w.ana), w.as(w.tomas)
		for range 23 { // every eleven hours, ten and a half days
			w.now = w.now.Add(11 * time.Hour)
			busy.must("GET", "/me", "", 200)
		}
		idle.must("GET", "/me", "", 401)
		w.wantFacts()
		if err := w.s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		facts := w.wantFacts("session.revoked")
		equal(t, "reason", facts[0].(event.SessionRevoked).Reason, "expired")
		for range 8 { // and on, past fourteen days
			w.now = w.now.Add(11 * time.Hour)
			busy.do("GET", "/me", "")
		}
		busy.must("GET", "/me", "", 401)
		if err := w.s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantFacts("session.revoked")
	})
}

// TestTouch: "last seen" moves at most once a minute, so that reading is not
// writing.
func TestTouch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		seen := func() any { return b.must("GET", "/sessions", "", 200).at("items.0.lastSeenAt") }
		w.now = w.now.Add(59 * time.Second)
		equal(t, "after 59 s", seen(), "2026-11-23T09:00:00Z")
		w.now = w.now.Add(time.Second)
		b.addr = "198.51.100.4:1"
		equal(t, "after 60 s", seen(), "2026-11-23T09:01:00Z")
		equal(t, "address", b.must("GET", "/sessions", "", 200).at("items.0.address"), "198.51.100.4")
		equal(t, "person", w.as(w.admin).must("GET", "/people/"+w.ana.ID, "", 200).at("lastSeenAt"), "2026-11-23T09:01:00Z")
	})
}

// TestVerify: a socket learns that its session is over, and does not keep it
// alive.
func TestVerify(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
		req.AddCookie(b.cookies["__Host-mentara"])
		p, _, err := w.s.Authenticate(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.s.Verify(t.Context(), p); err != nil {
			t.Error(err)
		}
		if err := w.s.Verify(t.Context(), auth.Principal{ID: "x", Kind: auth.Token}); err != nil {
			t.Error(err)
		}
		other := p
		other.ID = w.tomas.ID
		for _, step := range []func() auth.Principal{
			func() auth.Principal { return other },
			func() auth.Principal { return auth.Principal{ID: p.ID, Kind: auth.User} },
			func() auth.Principal { w.now = w.now.Add(12 * time.Hour); return p },
		} {
			if err := w.s.Verify(t.Context(), step()); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestEndSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		id := b.must("GET", "/me", "", 200).at("sessionId").(string)
		for range 2 {
			if err := w.s.EndSession(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		w.wantFacts("session.revoked")
		b.must("GET", "/me", "", 401)
	})
}

// TestKnownDevices: a person's browsers are remembered, not without end.
func TestKnownDevices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range maxDevices + 5 {
			w.now = w.now.Add(time.Duration(i+1) * time.Second)
			w.as(w.ana)
		}
		n, err := w.db.Read().NewSelect().Model((*deviceRow)(nil)).Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "devices", n, int64(maxDevices))
		// A device of one person is none of another's on the same browser.
		b := w.as(w.ana)
		first := b.cookies["__Host-mentara-device"].Value
		b.must("POST", "/sign-in", signInBody("tomas@example.org", goodPassword), 200)
		if b.cookies["__Host-mentara-device"].Value == first {
			t.Error("the browser is still known as somebody else's")
		}
	})
}
