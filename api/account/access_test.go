package account

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mentara/internal/auth"
)

// TestAccess is the table of routes and roles: who gets past the door. "Past"
// is any answer but 401 and 403.
func TestAccess(t *testing.T) {
	all := []string{"none", "guest", "client", "therapist", "moderator", "admin"}
	users, staff, clinicians, admins := all[2:], all[3:], []string{"therapist", "admin"}, []string{"admin"}
	routes := []struct {
		method, path, body string
		allowed            []string
	}{
		{"GET", "/setup", "", all},
		{"POST", "/setup", setupBody("x"), all},
		{"POST", "/sign-out", "", all},
		{"POST", "/sign-in-links/x", "", all},
		{"GET", "/invitations/x/preview", "", all},
		{"POST", "/invitations/x/accept", acceptBody, all},
		{"GET", "/me", "", all[1:]},
		{"PATCH", "/me", `{}`, users},
		{"POST", "/password", `{"current":"","next":"short"}`, users},
		{"GET", "/sessions", "", users},
		{"DELETE", "/sessions/x", "", users},
		{"DELETE", "/sessions", "", users},
		{"GET", "/people", "", staff},
		{"GET", "/colleagues", "", staff},
		{"GET", "/people/x", "", staff},
		{"PATCH", "/people/x", `{}`, admins},
		{"GET", "/invitations", "", clinicians},
		{"POST", "/invitations", `{"email":"new@example.org","role":"client"}`, clinicians},
		{"DELETE", "/invitations/x", "", clinicians},
		{"GET", "/care", "", users},
		{"PUT", "/care", `{"therapistId":"x","clientId":"y"}`, admins},
		{"DELETE", "/care?therapistId=x&clientId=y", "", admins},
		{"GET", "/care-units", "", staff},
		{"POST", "/care-units", unitBody("n", "couple", "x", User{ID: "a"}, User{ID: "b"}), clinicians},
		{"PATCH", "/care-units/x", `{}`, clinicians},
		{"DELETE", "/care-units/x", "", clinicians},
	}
	each(t, func(t *testing.T, w *world) {
		people := map[string]User{"client": w.ana, "therapist": w.ther, "moderator": w.moderator, "admin": w.admin}
		enter := func(who string) *browser {
			if u, ok := people[who]; ok {
				return w.as(u)
			}
			b := w.browser()
			if who == "guest" {
				token, err := w.s.CreateGuestLink(t.Context(), "ROOM1", w.ther.ID, time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				b.must("POST", "/guest-links/"+token, `{"name":"Guest"}`, 200)
			}
			return b
		}
		covered := map[string]bool{"POST /api/v1/sign-in": true, "POST /api/v1/guest-links/:token": true}
		for _, route := range routes {
			path, _, _ := strings.Cut(route.path, "?")
			for _, r := range w.api.Engine().Routes() {
				if r.Method == route.method && matches(r.Path, "/api/v1"+path) {
					covered[r.Method+" "+r.Path] = true
				}
			}
			for _, who := range all {
				r := enter(who).do(route.method, route.path, route.body)
				past := r.status != 401 && r.status != 403
				if past != slices.Contains(route.allowed, who) {
					t.Errorf("%s %s as %s: %d %s", route.method, route.path, who, r.status, r.code())
				}
				if who == "none" && !past && r.status != 401 {
					t.Errorf("%s %s without identity: %d", route.method, route.path, r.status)
				}
			}
		}
		for _, r := range w.api.Engine().Routes() {
			if strings.HasPrefix(r.Path, "/api/v1/") && r.Path != "/api/v1/openapi.json" && !covered[r.Method+" "+r.Path] {
				t.Errorf("%s %s is in no row", r.Method, r.Path)
			}
		}
	})
}

func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], ":") {
			return false
		}
	}
	return true
}

func TestMayInvite(t *testing.T) {
	for inviter, roles := range map[auth.Role][]auth.Role{
		auth.Admin: {auth.Client, auth.Therapist, auth.Moderator, auth.Admin}, auth.Therapist: {auth.Client}, auth.Moderator: nil, auth.Client: nil, "": nil,
	} {
		for _, role := range []auth.Role{auth.Client, auth.Therapist, auth.Moderator, auth.Admin} {
			if mayInvite(inviter, role) != slices.Contains(roles, role) {
				t.Errorf("%q inviting a %s", inviter, role)
			}
		}
	}
}
