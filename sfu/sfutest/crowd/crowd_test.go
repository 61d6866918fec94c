package crowd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mentara/sfu"
)

// serve is a server of WHIP and WHEP; a bearer is "identity+publish".
func serve(t *testing.T) (Target, *sfu.Engine) {
	t.Helper()
	e, err := sfu.New(sfu.Config{Listen: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	o := sfu.WHIPOptions{Authorize: func(r *http.Request) (sfu.Access, error) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			return sfu.Access{}, errors.New("no token")
		}
		identity, publishes := strings.CutSuffix(token, "+publish")
		room, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/v1/rooms/"), "/")
		return sfu.Access{Room: room, Identity: identity, Publish: publishes, Subscribe: !publishes}, nil
	}}
	whip, whep := e.WHIP(o), e.WHEP(o)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/whip") {
			whip.ServeHTTP(w, r)
			return
		}
		whep.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return Target{
		URL: srv.URL,
		Token: func(_, identity string, publish bool) (string, error) {
			if publish {
				return identity + "+publish", nil
			}
			return identity, nil
		},
		Usage: func() (Usage, error) { return ProcessUsage(os.Getpid()) },
	}, e
}

func TestRun(t *testing.T) {
	for _, tc := range []struct {
		plan    Plan
		streams uint64 // that viewers get of one publisher
		rate    uint64 // packets a second of one publisher, at least
	}{
		{Broadcast(3, 2*time.Second), 3, 100},
		{Conversations(2, 2*time.Second), 1, 140},
	} {
		t.Run(tc.plan.Name, func(t *testing.T) {
			target, e := serve(t)
			tc.plan.Settle = 100 * time.Millisecond
			r, err := Run(t.Context(), target, tc.plan)
			if err != nil {
				t.Fatal(err)
			}
			publishers := uint64(tc.plan.Rooms * tc.plan.Publishers)
			if want := publishers * tc.rate * 2; r.Published < want {
				t.Errorf("%d packets published, want %d or more", r.Published, want)
			}
			if r.Expected != r.Published*tc.streams {
				t.Errorf("%d packets expected of %d published", r.Expected, r.Published)
			}
			// How many come in time depends on the machine, and is not judged.
			t.Logf("%.2f %% lost, delay %v", r.LossPercent(), r.DelayP50)
			if r.Forwarded == 0 || r.Forwarded > r.Expected || r.Bytes == 0 {
				t.Errorf("forwarded %d of %d packets, %d bytes", r.Forwarded, r.Expected, r.Bytes)
			}
			if r.DelayP50 <= 0 || r.DelayP99 < r.DelayP50 || r.DelayMax < r.DelayP99 {
				t.Errorf("delays %v, %v, %v", r.DelayP50, r.DelayP99, r.DelayMax)
			}
			if !r.Known || r.Server.CPU <= 0 || r.Server.RSS <= 0 || r.Measured < 2*time.Second || r.Up <= 0 {
				t.Errorf("%+v", r)
			}
			if s := e.Stats(); s.Peers != 0 || s.Rooms != 0 {
				t.Errorf("left on the server: %d peers in %d rooms", s.Peers, s.Rooms)
			}
		})
	}
}

func TestRunSaysWhyNot(t *testing.T) {
	target, _ := serve(t)
	refused := target
	refused.URL += "/elsewhere"
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	refused.URL = srv.URL
	if _, err := Run(t.Context(), refused, Broadcast(1, time.Second)); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server without doors: %v", err)
	}
	if _, err := Run(t.Context(), Target{URL: "nowhere"}, Broadcast(1, time.Second)); err == nil {
		t.Error("no URL is no target")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	began := time.Now()
	if _, err := Run(ctx, target, Broadcast(2, time.Minute)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("interrupted: %v", err)
	}
	if d := time.Since(began); d > 15*time.Second {
		t.Errorf("took %v to stop", d)
	}
}

// A recorded plan begins to record once everybody has media, in the rooms the
// target made, and stops however the run ends.
func TestRunRecorded(t *testing.T) {
	target, _ := serve(t)
	target.Rooms = func(_ context.Context, n int) ([]string, error) {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("made-%d", i)
		}
		return names, nil
	}
	var asked map[string][]string
	stopped := errors.New("stopped")
	target.Record = func(_ context.Context, publishers map[string][]string) (func() error, error) {
		asked = publishers
		return func() error { return stopped }, nil
	}
	p := Conversations(2, time.Second).AsRecorded()
	p.Settle = 100 * time.Millisecond
	r, err := Run(t.Context(), target, p)
	if !errors.Is(err, stopped) || r.Forwarded == 0 {
		t.Errorf("%d packets, error %v", r.Forwarded, err)
	}
	if len(asked) != 2 || !slices.Equal(asked["made-0"], []string{"camera-0-0", "camera-1-0"}) {
		t.Errorf("asked to record %v", asked)
	}
}
