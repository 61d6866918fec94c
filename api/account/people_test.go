package account

import (
	"strings"
	"testing"

	"mentara/internal/event"
	"mentara/internal/fault"
)

func TestPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin, desk, ther := w.as(w.admin), w.as(w.moderator), w.as(w.ther)
		everyone := []string{"Alma Admin", "Ána Costa", "Mo Desk", "Noor Haddad", "Oscar Lind", "Thea Berg", "Tomas Costa"}
		for _, tc := range []struct {
			b     *browser
			query string
			want  []string
		}{
			{admin, "", everyone},
			{desk, "", everyone},
			{ther, "", []string{"Ána Costa", "Tomas Costa"}},
			{ther, "?q=noor", nil},
			{admin, "?q=COSTA", []string{"Ána Costa", "Tomas Costa"}},
			{admin, "?q=ana", []string{"Ána Costa"}}, // found without the accent
			{admin, "?q=%C3%A1na", []string{"Ána Costa"}},
			{admin, "?q=oscar@", []string{"Oscar Lind"}},
			{admin, "?q=%25", nil}, // a % is a %
			{admin, "?q=_", nil},
			{admin, "?q=%27%20OR%201=1--", nil},
			{admin, "?role=therapist", []string{"Oscar Lind", "Thea Berg"}},
			{admin, "?role=client&q=t", []string{"Ána Costa", "Tomas Costa"}},
			{admin, "?active=false", nil},
			{admin, "?active=true&role=admin", []string{"Alma Admin"}},
		} {
			equal(t, tc.query, tc.b.must("GET", "/people"+tc.query, "", 200).names("items", "name"), tc.want)
		}
		for _, bad := range []string{"?role=owner", "?active=1", "?limit=0", "?limit=101", "?limit=x", "?cursor=!", "?order=name", "?q=" + strings.Repeat("a", 101)} {
			admin.must("GET", "/people"+bad, "", 422)
		}
		if r := ther.must("GET", "/people?q=nobody", "", 200); r.raw != "{\"items\":[]}\n" {
			t.Errorf("an empty list is %s", r.raw)
		}

		var all []string
		next := ""
		for {
			r := admin.must("GET", "/people?limit=2&cursor="+next, "", 200)
			all = append(all, r.names("items", "name")...)
			if next, _ = r.at("next").(string); next == "" {
				break
			}
		}
		equal(t, "by pages", all, everyone)

		r := ther.must("GET", "/colleagues", "", 200)
		equal(t, "colleagues", r.names("items", "name"), []string{"Alma Admin", "Mo Desk", "Oscar Lind"})
		if strings.Contains(r.raw, "@") {
			t.Errorf("addresses are nobody's business: %s", r.raw)
		}

		r = ther.must("GET", "/people/"+w.ana.ID, "", 200)
		equal(t, "person", r.body, map[string]any{
			"id": w.ana.ID, "name": "Ána Costa", "email": "ana@example.org", "role": "client", "active": true, "createdAt": "2026-11-23T09:00:00Z",
		})
		foreign, absent := ther.must("GET", "/people/"+w.noor.ID, "", 404), ther.must("GET", "/people/NOSUCH", "", 404)
		delete(foreign.body, "requestId")
		delete(absent.body, "requestId")
		equal(t, "foreign and absent", foreign.body, absent.body)
		w.wantFacts()
	})
}

func TestChangePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin, ther := w.as(w.admin), w.as(w.ther)
		path := "/people/" + w.ther.ID
		equal(t, "name", admin.must("PATCH", path, `{"name":"Thea Bergman"}`, 200).at("name"), "Thea Bergman")
		facts := w.wantFacts("user.changed")
		equal(t, "fact", facts[0], event.Fact(event.UserChanged{User: w.ther.ID, Fields: []string{"name"}, By: w.admin.ID}))
		ther.must("GET", "/me", "", 200)
		admin.must("PATCH", path, `{"name":"Thea Bergman","role":"therapist","active":true}`, 200)
		admin.must("PATCH", path, `{}`, 200)
		w.wantFacts()

		// A new role, and a deactivation, end what was open.
		admin.must("PATCH", path, `{"role":"moderator"}`, 200)
		w.wantFacts("session.revoked", "user.changed")
		ther.must("GET", "/me", "", 401)
		ther = w.as(w.ther)
		equal(t, "active", admin.must("PATCH", path, `{"active":false}`, 200).at("active"), false)
		w.wantFacts("session.revoked", "user.deactivated")
		ther.must("GET", "/me", "", 401)
		equal(t, "filter", admin.must("GET", "/people?active=false", "", 200).names("items", "id"), []string{w.ther.ID})
		admin.must("PATCH", path, `{"active":true}`, 200)
		w.wantFacts("user.reactivated")
		w.browser().must("POST", "/sign-in", signInBody("thea@example.org", goodPassword), 200)
		w.drain()

		for body, status := range map[string]int{
			`{"role":"owner"}`: 422, `{"email":"x@example.org"}`: 422, `{"password":"x"}`: 422, `{"id":"X"}`: 422, `{"createdAt":"2020-01-01T00:00:00Z"}`: 422,
			`{"name":"` + "a\u202eb" + `"}`: 422, `{"name":" "}`: 422, `{"active":"no"}`: 422,
		} {
			admin.must("PATCH", path, body, status)
		}
		admin.must("PATCH", "/people/NOSUCH", `{"name":"x"}`, 404)
		w.wantFacts()
	})
}

func TestLastAdmin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.as(w.admin)
		for _, body := range []string{`{"active":false}`, `{"role":"client"}`} {
			equal(t, body, admin.must("PATCH", "/people/"+w.admin.ID, body, 409).code(), "last_admin")
		}
		admin.must("PATCH", "/people/"+w.moderator.ID, `{"role":"admin"}`, 200)
		admin.must("PATCH", "/people/"+w.admin.ID, `{"role":"moderator"}`, 200)
		second := w.as(w.moderator)
		second.must("PATCH", "/people/"+w.moderator.ID, `{"active":false}`, 409)
	})
}

func TestChangeMe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.as(w.ana)
		r := b.must("PATCH", "/me", `{"name":"Ana C.","locale":"pt-BR","timeZone":"America/Sao_Paulo"}`, 200)
		equal(t, "me", []any{r.at("name"), r.at("locale"), r.at("timeZone")}, []any{"Ana C.", "pt-BR", "America/Sao_Paulo"})
		equal(t, "again", b.must("GET", "/me", "", 200).body, r.body)
		facts := w.wantFacts("user.changed")
		equal(t, "fields", facts[0].(event.UserChanged).Fields, []string{"name", "locale", "timeZone"})
		b.must("PATCH", "/me", `{"name":"Ana C."}`, 200)
		for _, body := range []string{`{"role":"admin"}`, `{"email":"x@example.org"}`, `{"id":"` + w.noor.ID + `"}`, `{"kind":"user"}`, `{"name":""}`, `{"timeZone":"Local"}`, `{"locale":"a b"}`} {
			b.must("PATCH", "/me", body, 422)
		}
		equal(t, "role", b.must("GET", "/me", "", 200).at("role"), "client")
		w.wantFacts()
	})
}

func TestUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got, err := w.s.Users(t.Context(), []string{w.ana.ID, "NOSUCH", w.ther.ID})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "users", []any{len(got), got[w.ana.ID].Name, got[w.ther.ID].Role}, []any{2, "Ána Costa", w.ther.Role})
		none, err := w.s.Users(t.Context(), nil)
		equal(t, "nobody", []any{len(none), err}, []any{0, nil})
		one, err := w.s.UserByEmail(t.Context(), " ANA@example.org")
		equal(t, "by address", []any{one.ID, err}, []any{w.ana.ID, nil})
		if _, err := w.s.UserByEmail(t.Context(), "nobody@example.org"); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
		if _, err := w.s.CreateUser(t.Context(), NewUser{Email: "new@example.org", Name: "New", Role: "owner"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("role: %v", err)
		}
		_, err = w.s.CreateUser(t.Context(), NewUser{Email: "ANA@example.org", Name: "Other", Role: "client"})
		if err == nil || !strings.Contains(err.Error(), "email_taken") {
			t.Errorf("taken: %v", err)
		}
	})
}
