package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

type echoIn struct {
	ID   string `path:"id" maxLength:"8"`
	Body struct {
		Name  string   `json:"name" minLength:"1" maxLength:"10"`
		Count int      `json:"count,omitempty" minimum:"0" maximum:"9"`
		Tags  []string `json:"tags,omitempty"`
		Deep  any      `json:"deep,omitempty"`
	}
}

type echoOut struct {
	Body struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
		IP   string   `json:"ip"`
	}
}

// testServer has one typed operation of each access and a bearer authenticator
// whose token is the role.
func testServer(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Authenticate = []Authenticator{func(r *http.Request) (auth.Principal, bool, error) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case !ok:
			return auth.Principal{}, false, nil
		case token == "guest", token == "token":
			return auth.Principal{ID: "g", Kind: auth.Kind(token)}, true, nil
		case token == "old":
			return auth.Principal{}, false, fault.New(fault.Unauthenticated, "session_ended", "Your session has ended.")
		}
		return auth.Principal{ID: "u", Kind: auth.User, Role: auth.Role(token)}, true, nil
	}}
	s := New(o)
	echo := func(ctx context.Context, in *echoIn) (*echoOut, error) {
		out := &echoOut{}
		out.Body.Name, out.Body.Tags, out.Body.IP = in.Body.Name, in.Body.Tags, ClientIP(ctx).String()
		return out, nil
	}
	for name, access := range map[string]Access{"public": Public, "signed": SignedIn, "any": AnyPrincipal, "staff": Roles(auth.Therapist, auth.Admin)} {
		Register(s, huma.Operation{OperationID: "echo" + name, Method: http.MethodPost, Path: "/api/v1/" + name + "/{id}", Summary: "Echo", Tags: []string{"test"}}, access, echo)
	}
	return s
}

func do(t testing.TB, s *Server, r *http.Request) (*http.Response, Problem) {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var p Problem
	if w.Header().Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("problem is not JSON: %v: %s", err, w.Body)
		}
	}
	return w.Result(), p
}

func post(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestEcho(t *testing.T) {
	s := testServer(t, Options{})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, post("/api/v1/public/x", `{"name":"Ann"}`))
	if w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"name":"Ann","tags":[],"ip":"192.0.2.1"}` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}
