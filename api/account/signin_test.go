package account

import (
	"testing"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		r := b.must("POST", "/sign-in", `{"email":" THEA@example.org","password":"`+goodPassword+`"}`, 200)
		equal(t, "next", r.at("next"), "done")
		equal(t, "role", r.at("role"), "therapist")
		w.wantFacts("session.started")
		r = b.must("GET", "/me", "", 200)
		equal(t, "me", r.at("id"), w.ther.ID)
	})
}
