package presence_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/signaling"
	"mentara/signaling/client"
	"mentara/signaling/presence"
)

func TestOverSockets(t *testing.T) {
	m := signaling.NewMux()
	hub := signaling.NewHub(m, signaling.NewMemoryBroker(signaling.DefaultHistory()), signaling.Options{
		Authenticate: func(_ context.Context, token string) (auth.Principal, error) {
			switch role := auth.Role(token); role {
			case auth.Client, auth.Therapist, auth.Moderator, auth.Admin:
				return auth.Principal{ID: token, Kind: auth.User, Role: role}, nil
			case "guest":
				return auth.Principal{ID: token, Kind: auth.Guest}, nil
			}
			return auth.Principal{}, fault.New(fault.Unauthenticated, "bad_token", "Please sign in.")
		},
	})
	s := presence.New(hub)
	s.Register(m)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { _ = s.Run(ctx) }()
	server := httptest.NewServer(hub)
	defer server.Close()
	defer func() { _ = hub.Shutdown(ctx) }()
	dial := func(who string) *client.Client {
		t.Helper()
		c, err := client.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), client.Options{Token: who})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	code := func(err error) string {
		e, _ := errors.AsType[*client.Error](err)
		if e == nil {
			return ""
		}
		return e.Code
	}

	therapist, person, guest := dial("therapist"), dial("client"), dial("guest")
	for _, test := range []struct {
		c     *client.Client
		topic string
		code  string
	}{
		{therapist, "presence:client", ""},
		{therapist, "presence:nobody", ""},
		{person, "presence:client", ""},
		{person, "presence:therapist", "topic_not_found"},
		{person, "presence:", "topic_not_found"},
		{guest, "presence:guest", "topic_not_found"},
		{guest, "presence:client", "topic_not_found"},
	} {
		if got := code(test.c.Subscribe(ctx, test.topic)); got != test.code {
			t.Errorf("%s on %s: %q, want %q", test.c.Identity().ID, test.topic, got, test.code)
		}
	}
	type set struct {
		State string `json:"state"`
	}
	for _, test := range []struct {
		c           *client.Client
		state, code string
	}{
		{person, "inSession", "invalid_data"},
		{person, "offline", "invalid_data"},
		{person, "", "invalid_data"},
		{guest, "away", "no_account"},
		{person, "doNotDisturb", ""},
	} {
		if _, err := client.Call[set](ctx, test.c, "presence.set", set{test.state}); code(err) != test.code {
			t.Errorf("set %q: %v, want %q", test.state, err, test.code)
		}
	}
	for f := range therapist.Frames() {
		var p presence.Presence
		if err := f.Decode(&p); err != nil || f.Topic != "presence:client" || f.Offset != 0 {
			t.Fatalf("frame %+v: %v", f, err)
		}
		if p.State == presence.DoNotDisturb {
			break
		}
	}
	get := func(c *client.Client, users ...string) string {
		t.Helper()
		res, err := client.Call[presence.GetResponse](ctx, c, "presence.get", presence.GetRequest{Users: users})
		if err != nil {
			return code(err)
		}
		var out []string
		for _, p := range res.Users {
			out = append(out, p.User+" "+string(p.State))
		}
		return strings.Join(out, ", ")
	}
	if got := get(therapist, "client", "therapist", "nobody"); got != "client doNotDisturb, therapist online, nobody offline" {
		t.Error(got)
	}
	if got := get(person, "client", "therapist"); got != "client doNotDisturb" {
		t.Error(got)
	}
	if got := get(guest, "client", "guest"); got != "" {
		t.Error(got)
	}
	if got := get(therapist, make([]string, 101)...); got != "invalid_data" {
		t.Error(got)
	}
}
