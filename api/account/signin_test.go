package account

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"mentara/internal/event"
)

func signInBody(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		r := b.must("POST", "/sign-in", signInBody(" THEA@example.org", goodPassword), 200)
		equal(t, "body", r.body, map[string]any{
			"next": "done", "id": w.ther.ID, "kind": "user", "name": "Thea Berg", "email": "thea@example.org", "role": "therapist",
			"locale": "en", "timeZone": "UTC", "practice": "Test Practice", "sessionId": r.at("sessionId"),
		})
		facts := w.wantFacts("session.started")
		equal(t, "fact", facts[0], event.Fact(event.SignedIn{
			User: w.ther.ID, Session: r.at("sessionId").(string), Method: "password", Device: "Firefox on Windows", NewDevice: true,
		}))
		c := b.cookies["__Host-mentara"]
		if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie: %+v", c)
		}
		delete(r.body, "next")
		equal(t, "me", b.must("GET", "/me", "", 200).body, r.body)
		w.wantFacts()
	})
}

// TestSignInRefused: an unknown address, a wrong password, an account without
// one and a deactivated one cannot be told apart, and each costs one hash.
func TestSignInRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if _, err := w.s.CreateUser(t.Context(), NewUser{Email: "nopw@example.org", Name: "No Password", Role: "client"}); err != nil {
			t.Fatal(err)
		}
		w.as(w.admin).must("PATCH", "/people/"+w.noor.ID, `{"active":false}`, 200)
		w.drain()
		var hashes atomic.Int64
		w.s.hasher.check = func(password, hash string) (bool, *argon2id.Params, error) {
			hashes.Add(1)
			return argon2id.CheckHash(password, hash)
		}
		var first reply
		for i, body := range []string{
			signInBody("thea@example.org", "wrong password here"),
			signInBody("nobody@example.org", goodPassword),
			signInBody("not an address", goodPassword),
			signInBody("nopw@example.org", goodPassword),
			signInBody("noor@example.org", goodPassword),
		} {
			b := w.browser()
			r := b.must("POST", "/sign-in", body, 401)
			equal(t, "code", r.code(), "wrong_credentials")
			delete(r.body, "requestId")
			if i == 0 {
				first = r
			}
			equal(t, body, r.body, first.body)
			equal(t, "hashes after "+body, hashes.Load(), int64(i+1))
			equal(t, "cookies", len(b.cookies), 0)
		}
		w.wantFacts()
	})
}

// TestFixation: a session id planted before sign-in is dead after it.
func TestFixation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		attacker, victim := w.as(w.noor), w.browser()
		planted := *attacker.cookies["__Host-mentara"]
		victim.cookies["__Host-mentara"] = &planted
		victim.must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 200)
		facts := w.wantFacts("session.revoked", "session.started")
		equal(t, "reason", facts[0].(event.SessionRevoked).Reason, "replaced")
		if victim.cookies["__Host-mentara"].Value == planted.Value {
			t.Error("the session kept its token")
		}
		attacker.must("GET", "/me", "", 401)
	})
}

func TestSignOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		stolen := *b.cookies["__Host-mentara"]
		r := b.must("POST", "/sign-out", "", 204)
		equal(t, "Clear-Site-Data", r.header.Get("Clear-Site-Data"), `"storage"`)
		w.wantFacts("session.revoked", "session.signed_out")
		if _, still := b.cookies["__Host-mentara"]; still || b.cookies["__Host-mentara-device"] == nil {
			t.Errorf("cookies after signing out: %v", b.cookies)
		}
		b.cookies["__Host-mentara"] = &stolen
		equal(t, "code", b.must("GET", "/me", "", 401).code(), "session_ended")
		// Again, and without a session: as good.
		b.must("POST", "/sign-out", "", 204)
		w.browser().must("POST", "/sign-out", "", 204)
		w.wantFacts()
	})
}

// TestGuessing: tries at one account slow down per address, stop at 100 an hour
// over all addresses, and never keep the owner's own browser out.
func TestGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		owner := w.browser()
		owner.must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 200)
		owner.must("POST", "/sign-out", "", 204)
		var checked int
		w.s.hasher.check = func(string, string) (bool, *argon2id.Params, error) { checked++; return false, nil, nil }
		bad, unknown := signInBody("ana@example.org", "wrong password"), signInBody("nobody@example.org", "wrong password")

		attacker := w.browser()
		for i := range 4 {
			attacker.must("POST", "/sign-in", bad, 401)
			attacker.must("POST", "/sign-in", unknown, 401)
			if i < 2 {
				continue
			}
			// After the third failure waiting begins, and doubles.
			for _, body := range []string{bad, unknown} {
				r := attacker.must("POST", "/sign-in", body, 429)
				equal(t, "Retry-After", r.header.Get("Retry-After"), fmt.Sprint(1<<(i-2)))
				equal(t, "code", r.code(), "too_many_tries")
			}
			w.now = w.now.Add(time.Second << (i - 2))
		}

		// A spray from many addresses.
		checked = 0
		for i := range 1000 {
			attacker.addr = fmt.Sprintf("198.%d.%d.%d:1", 18+i>>16, i>>8&255, i&255)
			if r := attacker.do("POST", "/sign-in", bad); r.status != 401 && r.status != 429 {
				t.Fatalf("try %d: %d %s", i, r.status, r.raw)
			}
		}
		if checked > triesPerHour {
			t.Errorf("%d passwords were compared", checked)
		}
		attacker.must("POST", "/sign-in", bad, 429)

		w.s.hasher.check = argon2id.CheckHash
		owner.must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 200)
		w.browser().must("POST", "/sign-in", signInBody("thea@example.org", goodPassword), 200)
		w.now = w.now.Add(time.Hour)
		w.browser().must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 200)
	})
}

// TestSprayFromOneAddress: one address over many accounts runs dry too.
func TestSprayFromOneAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.s.hasher.check = func(string, string) (bool, *argon2id.Params, error) { return false, nil, nil }
		refused := 0
		for i := range 300 {
			if w.browser().do("POST", "/sign-in", signInBody(fmt.Sprintf("user%d@example.org", i), "Summer2026!!")).status == 429 {
				refused++
			}
		}
		equal(t, "refused", refused, 200)
	})
}

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		here, there := w.browser(), w.browser()
		for _, b := range []*browser{here, there} {
			b.must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 200)
		}
		w.drain()
		change := func(current, next string) string { return fmt.Sprintf(`{"current":%q,"next":%q}`, current, next) }
		const next = "paper lantern orbit"
		r := here.must("POST", "/password", change("not this one", next), 422)
		equal(t, "code", r.code(), "wrong_password")
		equal(t, "location", r.at("errors.0.location"), "body.current")
		r = here.must("POST", "/password", change(goodPassword, "Password123!"), 422)
		equal(t, "code", r.code(), "weak_password")
		equal(t, "location", r.at("errors.0.location"), "body.next")
		w.wantFacts()
		here.must("POST", "/password", change(goodPassword, next), 204)
		w.wantFacts("session.revoked", "user.password_changed")
		here.must("GET", "/me", "", 200)
		there.must("GET", "/me", "", 401)
		w.browser().must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 401)
		w.browser().must("POST", "/sign-in", signInBody("ana@example.org", next), 200)
	})
}

// TestForgottenPassword: who came by a link sets a new one without the old, for
// a quarter of an hour.
func TestForgottenPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		const change = `{"current":"","next":"paper lantern orbit"}`
		w.now = w.now.Add(16 * time.Minute)
		b.must("POST", "/password", change, 422)
		b = w.as(w.ana)
		b.must("POST", "/password", change, 204)
		w.browser().must("POST", "/sign-in", signInBody("ana@example.org", "paper lantern orbit"), 200)
	})
}

// TestGuessingThePasswordFromInside: a session left open is no way to guess.
func TestGuessingThePasswordFromInside(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		b.must("POST", "/sign-in", signInBody("ana@example.org", goodPassword), 200)
		for range 3 {
			b.must("POST", "/password", `{"current":"guess guess","next":"paper lantern orbit"}`, 422)
		}
		b.must("POST", "/password", `{"current":"guess guess","next":"paper lantern orbit"}`, 429)
	})
}

func TestCookieNames(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		good := b.cookies["__Host-mentara"]
		req := func(headers ...string) *http.Request {
			r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://practice.example/", nil)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Add(headers[i], headers[i+1])
			}
			return r
		}
		cookie := "__Host-mentara=" + good.Value
		if p, ok, err := w.s.Authenticate(req("Cookie", cookie)); err != nil || !ok || p.ID != w.ana.ID || p.SessionID == "" {
			t.Errorf("%+v %v %v", p, ok, err)
		}
		// A bearer passes the cross-site check, so the cookie beside it is no identity.
		if _, ok, err := w.s.Authenticate(req("Cookie", cookie, "Authorization", "Bearer x")); ok || err != nil {
			t.Errorf("with a bearer: %v %v", ok, err)
		}
		for _, c := range []string{"", "mentara=" + good.Value, cookie + "; __Host-mentara=x"} {
			if _, ok, err := w.s.Authenticate(req("Cookie", c)); ok || err != nil {
				t.Errorf("%q: %v %v", c, ok, err)
			}
		}
		for _, v := range []string{"x", strings.ToLower(good.Value), good.Value[1:], good.Value + "A", newToken()} {
			if _, ok, err := w.s.Authenticate(req("Cookie", "__Host-mentara="+v)); ok || err == nil {
				t.Errorf("%q: %v %v", v, ok, err)
			}
		}
	})
}
