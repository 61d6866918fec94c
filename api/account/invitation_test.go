package account

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mentara/internal/event"
)

const acceptBody = `{"name":"Jonas Ek","password":"` + goodPassword + `","locale":"sv","timeZone":"Europe/Stockholm"}`

// tokenOf takes the token out of an invitation's link.
func tokenOf(r reply) string {
	_, token, _ := strings.Cut(r.at("link").(string), "https://practice.example/invitation#token=")
	return token
}

func TestInviteAClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ther := w.as(w.ther)
		r := ther.must("POST", "/invitations", `{"email":"Jonas@Example.org","name":"Jonas","role":"client"}`, 201)
		token := tokenOf(r)
		equal(t, "invitation", r.body, map[string]any{
			"id": r.at("id"), "email": "jonas@example.org", "name": "Jonas", "role": "client", "therapistId": w.ther.ID, "invitedBy": "Thea Berg",
			"state": "open", "createdAt": "2026-11-23T09:00:00Z", "expiresAt": "2026-11-30T09:00:00Z", "link": w.s.InvitationURL(token),
		})
		w.wantFacts("invitation.sent")
		list := ther.must("GET", "/invitations", "", 200)
		if strings.Contains(list.raw, token) || list.at("items.0.link") != nil {
			t.Error("the list holds the link")
		}

		b := w.browser()
		equal(t, "preview", b.must("GET", "/invitations/"+token+"/preview", "", 200).body, map[string]any{
			"email": "jonas@example.org", "name": "Jonas", "role": "client", "practice": "Test Practice", "invitedBy": "Thea Berg", "expiresAt": "2026-11-30T09:00:00Z",
		})
		equal(t, "code", b.must("POST", "/invitations/"+token+"/accept", strings.Replace(acceptBody, goodPassword, "jonasjonas", 1), 422).code(), "weak_password")
		me := b.must("POST", "/invitations/"+token+"/accept", acceptBody, 201)
		equal(t, "me", []any{me.at("next"), me.at("role"), me.at("email"), me.at("locale")}, []any{"done", "client", "jonas@example.org", "sv"})
		id := me.at("id").(string)
		facts := w.wantFacts("user.created", "care.changed", "invitation.accepted", "session.started")
		equal(t, "care", facts[1], event.Fact(event.CareChanged{Therapist: w.ther.ID, Client: id, Change: "started", By: w.ther.ID}))
		treats, err := w.s.Treats(t.Context(), w.ther.ID, id)
		equal(t, "treats", []any{treats, err}, []any{true, nil})

		w.browser().must("POST", "/invitations/"+token+"/accept", acceptBody, 410)
		w.browser().must("GET", "/invitations/"+token+"/preview", "", 410)
		equal(t, "state", ther.must("GET", "/invitations", "", 200).at("items.0.state"), "accepted")
		equal(t, "code", ther.must("DELETE", "/invitations/"+r.at("id").(string), "", 409).code(), "invitation_accepted")
		equal(t, "taken", ther.must("POST", "/invitations", `{"email":"jonas@example.org","role":"client"}`, 409).code(), "email_taken")
	})
}

func TestInviteRules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin, ther, other := w.as(w.admin), w.as(w.ther), w.as(w.other)
		for _, tc := range []struct {
			b      *browser
			body   string
			status int
		}{
			{ther, `{"email":"a@example.org","role":"therapist"}`, 403},
			{ther, `{"email":"a@example.org","role":"admin"}`, 403},
			{admin, `{"email":"a@example.org","role":"owner"}`, 422},
			{admin, `{"email":"a@example.org","role":"guest"}`, 422},
			{admin, `{"email":"nonsense","role":"client"}`, 422},
			{admin, `{"email":"Ann <a@example.org>","role":"client"}`, 422},
			{admin, `{"email":"a@example.org","role":"client","therapistId":"NOSUCH"}`, 422},
			{admin, `{"email":"a@example.org","role":"client","therapistId":"` + w.ana.ID + `"}`, 422},
			{admin, `{"email":"a@example.org","role":"moderator","therapistId":"` + w.ther.ID + `"}`, 422},
			{admin, `{"email":"a@example.org","role":"client","invitedBy":"x"}`, 422},
			{admin, `{"email":"thea@example.org","role":"client"}`, 409},
		} {
			tc.b.must("POST", "/invitations", tc.body, tc.status)
		}
		w.wantFacts()
		// A therapist invites for themselves, whatever they say.
		r := ther.must("POST", "/invitations", `{"email":"a@example.org","role":"client","therapistId":"`+w.other.ID+`"}`, 201)
		equal(t, "therapist", r.at("therapistId"), w.ther.ID)
		// A second invitation takes the place of the first.
		w.now = w.now.Add(time.Second)
		again := admin.must("POST", "/invitations", `{"email":"A@example.org","role":"therapist"}`, 201)
		w.wantFacts("invitation.sent", "invitation.revoked", "invitation.sent")
		w.browser().must("GET", "/invitations/"+tokenOf(r)+"/preview", "", 410)
		w.browser().must("GET", "/invitations/"+tokenOf(again)+"/preview", "", 200)

		// Whose is whose.
		equal(t, "admin sees", admin.must("GET", "/invitations", "", 200).names("items", "state"), []string{"open", "revoked"})
		equal(t, "sender sees", ther.must("GET", "/invitations", "", 200).names("items", "state"), []string{"revoked"})
		equal(t, "other sees", len(other.must("GET", "/invitations", "", 200).names("items", "state")), 0)
		other.must("DELETE", "/invitations/"+again.at("id").(string), "", 404)
		w.wantFacts()
		for range 2 {
			admin.must("DELETE", "/invitations/"+again.at("id").(string), "", 204)
		}
		w.wantFacts("invitation.revoked")
		w.browser().must("POST", "/invitations/"+tokenOf(again)+"/accept", acceptBody, 410)
		w.browser().must("POST", "/invitations/"+newToken()+"/accept", acceptBody, 404)
	})
}

// TestInvitationEnds: time ends it, and so does the end of the sender's right
// to send it.
func TestInvitationEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.as(w.admin)
		first := tokenOf(w.as(w.ther).must("POST", "/invitations", `{"email":"a@example.org","role":"client"}`, 201))
		admin.must("PATCH", "/people/"+w.ther.ID, `{"active":false}`, 200)
		w.browser().must("POST", "/invitations/"+first+"/accept", acceptBody, 410)
		admin.must("PATCH", "/people/"+w.ther.ID, `{"active":true,"role":"client"}`, 200)
		w.browser().must("GET", "/invitations/"+first+"/preview", "", 410)
		second := tokenOf(admin.must("POST", "/invitations", `{"email":"b@example.org","role":"admin"}`, 201))
		w.now = w.now.Add(7 * 24 * time.Hour)
		w.browser().must("POST", "/invitations/"+second+"/accept", acceptBody, 410)
	})
}

// TestAcceptCannotChoose: who one becomes is the inviter's word.
func TestAcceptCannotChoose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := tokenOf(w.as(w.ther).must("POST", "/invitations", `{"email":"a@example.org","role":"client"}`, 201))
		for _, extra := range []string{`"role":"admin"`, `"email":"x@example.org"`, `"id":"X"`, `"therapistId":"X"`, `"active":true`} {
			w.browser().must("POST", "/invitations/"+token+"/accept", strings.Replace(acceptBody, `{`, `{`+extra+`,`, 1), 422)
		}
		for _, bad := range []string{`"locale":"x"`, `"locale":"en_US"`, `"timeZone":"Mars/Phobos"`, `"timeZone":"Local"`, `"timeZone":"../../etc/passwd"`} {
			w.browser().must("POST", "/invitations/"+token+"/accept", `{"name":"A","password":"`+goodPassword+`",`+bad+`}`, 422)
		}
		w.wantFacts("invitation.sent")
	})
}

func TestAcceptRace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := tokenOf(w.as(w.ther).must("POST", "/invitations", `{"email":"a@example.org","role":"client"}`, 201))
		w.drain()
		var wg sync.WaitGroup
		statuses := make([]int, 6)
		for i := range statuses {
			wg.Go(func() { statuses[i] = w.browser().do("POST", "/invitations/"+token+"/accept", acceptBody).status })
		}
		wg.Wait()
		won := 0
		for _, s := range statuses {
			if s == 201 {
				won++
			} else if s != 410 {
				t.Errorf("one that lost got %d", s)
			}
		}
		equal(t, "accounts", won, 1)
		w.wantFacts("user.created", "care.changed", "invitation.accepted", "session.started")
	})
}

func TestInvitationPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.as(w.admin)
		for i := range 7 {
			if i%2 == 0 { // pairs within one microsecond must not be lost
				w.now = w.now.Add(time.Second)
			}
			admin.must("POST", "/invitations", fmt.Sprintf(`{"email":"p%d@example.org","role":"client"}`, i), 201)
		}
		seen := map[string]bool{}
		next := ""
		for pages := 0; pages == 0 || next != ""; pages++ {
			r := admin.must("GET", "/invitations?limit=3&cursor="+next, "", 200)
			for _, e := range r.names("items", "email") {
				seen[e] = true
			}
			next, _ = r.at("next").(string)
			if pages > 3 {
				t.Fatal("pages without end")
			}
		}
		equal(t, "seen", len(seen), 7)
		equal(t, "code", admin.must("GET", "/invitations?cursor=AAAA", "", 422).code(), "bad_cursor")
	})
}
