package room

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/job"
	"mentara/sfu"
	"mentara/signaling"
	"mentara/signaling/client"
)

// liveHouse is the real thing but for accounts: database, hub, HTTP, SFU.
type liveHouse struct {
	*Service
	t    *testing.T
	url  string // http://…
	who  map[string]auth.Principal
	mu   sync.Mutex
	sfu  *sfu.Engine
	room string
}

func newLiveHouse(t *testing.T, d *db.DB) *liveHouse {
	t.Helper()
	engine, err := sfu.New(sfu.Config{Listen: netip.MustParseAddr("127.0.0.1"), IncludeLoopback: true})
	must(t, err)
	h := &liveHouse{t: t, sfu: engine, who: map[string]auth.Principal{}}
	tokens := NewTokenIssuer(make([]byte, TokenSeed), time.Now)
	mux := signaling.NewMux()
	hub := signaling.NewHub(mux, signaling.NewMemoryBroker(signaling.HistoryLimits{}), signaling.Options{
		Authenticate: func(_ context.Context, token string) (auth.Principal, error) { return tokens.Verify(token) },
	})
	h.Service = New(Options{
		DB: d, Hub: hub, Jobs: job.New(d, slog.New(slog.DiscardHandler)), People: practice, Tokens: tokens,
		Engines: map[string]Engine{"sfu": NewSFU(engine, nil)},
		Caps:    Caps{SeatGrace: 2 * time.Second}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	h.Frames(mux, func() *signaling.Hub { return hub })
	s := api.New(api.Options{Log: slog.New(slog.DiscardHandler), Authenticate: []api.Authenticator{
		tokens.Authenticate, func(r *http.Request) (auth.Principal, bool, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			p, ok := h.who[r.Header.Get("X-Test-Who")]
			return p, ok, nil
		},
	}})
	h.Routes(s)
	h.Doors(s, engine)
	s.Raw(http.MethodGet, "/api/v1/socket", api.Public, gin.WrapH(hub))
	srv := httptest.NewServer(s.Handler())
	h.url = srv.URL
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	t.Cleanup(func() {
		srv.Close()
		stop()
		running.Wait()
		end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := hub.Shutdown(end); err != nil {
			t.Error(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	room, err := h.Create(t.Context(), user("tess"), Plan{
		Kind: Individual, MemberIDs: []string{"carl"}, WaitingRoom: true, StartsAt: time.Now(),
	})
	must(t, err)
	h.room = room.ID
	return h
}

func TestSessionWithRealMedia(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newLiveHouse(t, d)
		room := map[string]any{"room": h.room}
		tess := h.tab(user("tess"))
		call[JoinResult](tess, "room.join", room)
		tess.media()

		carl := h.tab(user("carl"))
		waiting := call[JoinResult](carl, "room.join", room)
		if waiting.Self.State != Waiting {
			t.Fatalf("%+v", waiting.Self)
		}
		// Whoever waits neither sends nor hears, nor listens to who is there.
		early := carl.offer()
		if got := carl.refused("rtc.offer", early); got != "waiting" {
			t.Fatalf("media while waiting: %s", got)
		}
		if got := carl.refused("topic.subscribe", map[string]any{"topic": "room:" + h.room}); got != "not_found" {
			t.Fatalf("listening while waiting: %s", got)
		}
		if got := carl.refused("topic.subscribe", map[string]any{"topic": "room:" + h.room + ":waiting"}); got != "not_found" {
			t.Fatalf("listening to the door: %s", got)
		}
		eventually(t, "the host sees who waits", tess.pushed("room.participant"))
		call[Done](tess, "room.admit", map[string]any{"room": h.room, "participant": waiting.Self.ID})
		eventually(t, "Carl is told", carl.pushed("room.admitted"))
		carl.answer(call[OfferResult](carl, "rtc.offer", early).SDP)
		eventually(t, "both hear each other", func() bool { return tess.heard.Load() > 20 && carl.heard.Load() > 20 })
		eventually(t, "slots are told", carl.pushed("rtc.slots"))

		// The socket drops and comes back; media never stopped, the seat is the same.
		carl.c.Close()
		back := h.tab(user("carl"))
		if got := call[JoinResult](back, "room.join", room); got.Self.ID != waiting.Self.ID || got.Self.State != Joined {
			t.Fatalf("%+v", got.Self)
		}
		at := carl.heard.Load()
		eventually(t, "media goes on", func() bool { return carl.heard.Load() > at+20 })
		eventually(t, "slots are told again", back.pushed("rtc.slots"))

		// Muted at the server: packets go on, nobody hears them.
		call[Done](tess, "room.mute", map[string]any{"room": h.room, "participant": waiting.Self.ID, "source": "microphone"})
		eventually(t, "Carl is told of the mute", back.pushed("room.muted"))
		quiet := func(b *tab) func() bool {
			last, since := b.heard.Load(), time.Now()
			return func() bool {
				if n := b.heard.Load(); n != last {
					last, since = n, time.Now()
				}
				return time.Since(since) > 300*time.Millisecond
			}
		}
		eventually(t, "the mute is silent", quiet(tess))
		call[SelfResult](back, "room.media", map[string]any{"room": h.room, "microphone": false, "camera": false, "screen": false})
		call[SelfResult](back, "room.media", map[string]any{"room": h.room, "microphone": true, "camera": false, "screen": false})
		at = tess.heard.Load()
		eventually(t, "Carl is heard again", func() bool { return tess.heard.Load() > at+20 })

		second := h.tab(user("carl")) // another tab that only listens
		call[map[string]any](second, "topic.subscribe", map[string]any{"topic": "room:" + h.room})
		call[Done](tess, "room.kick", map[string]any{"room": h.room, "participant": waiting.Self.ID})
		eventually(t, "Carl hears nothing more", quiet(carl))
		eventually(t, "nor does his other tab listen", second.pushed("topic.unsubscribed"))
		eventually(t, "Tess neither", quiet(tess))
		if got := back.refused("room.join", room); got != "kicked" {
			t.Fatalf("a way back in: %s", got)
		}
		if got := back.refused("rtc.offer", early); got != "not_joined" {
			t.Fatalf("media after a kick: %s", got)
		}
		call[Done](tess, "room.end", room)
		eventually(t, "the SFU is empty", func() bool { s := h.sfu.Stats(); return s.Rooms == 0 && s.Peers == 0 })
	})
}

func TestGarbageOfferHurtsItsSenderAlone(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	room := map[string]any{"room": h.room}
	tess, carl := h.tab(user("tess")), h.tab(user("carl"))
	call[JoinResult](tess, "room.join", room)
	tess.media()
	self := call[JoinResult](carl, "room.join", room).Self
	call[Done](tess, "room.admit", map[string]any{"room": h.room, "participant": self.ID})
	carl.media()
	eventually(t, "both hear each other", func() bool { return tess.heard.Load() > 20 && carl.heard.Load() > 20 })
	bad := OfferRequest{Room: h.room, SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ngarbage\r\n", Tracks: []sfu.TrackInfo{}}
	for range maxBad - 1 {
		if got := carl.refused("rtc.offer", bad); got != "bad_sdp" {
			t.Fatalf("a bad offer: %s", got)
		}
	}
	_, _ = client.Call[OfferResult](t.Context(), carl.c, "rtc.offer", bad)
	select {
	case <-carl.c.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("a client that sends garbage and does not stop is still connected")
	}
	var closed *client.CloseError
	if !errors.As(carl.c.Err(), &closed) || closed.Code != signaling.CloseBadMessage {
		t.Fatalf("closed with %v", carl.c.Err())
	}
	if _, err := client.Call[map[string]any](t.Context(), tess.c, "room.hand", map[string]any{"room": h.room, "raised": true}); err != nil {
		t.Fatalf("the other one suffers: %v", err)
	}
}

// A page tells its tiles as soon as it is in, a moment before its first offer.
// That was refused, so the largest tile kept the smallest layer for good.
func TestViewBeforeTheOffer(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	room := map[string]any{"room": h.room}
	tess, carl := h.tab(user("tess")), h.tab(user("carl"))
	call[JoinResult](tess, "room.join", room)
	self := call[JoinResult](carl, "room.join", room).Self
	view := map[string]any{"room": h.room, "views": []sfu.View{{Participant: self.ID, Source: sfu.Camera, Width: 1280, Height: 720, Visible: true}}}
	call[Done](tess, "rtc.view", view)
	tess.media()
	if got := carl.refused("rtc.view", view); got != "waiting" {
		t.Fatalf("a view while waiting: %s", got)
	}
}

func TestPrecallHearsItself(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	carl := h.tab(user("carl"))
	offer := carl.offer()
	carl.answer(call[OfferResult](carl, "precall.offer", map[string]any{"sdp": offer.SDP, "tracks": offer.Tracks}).SDP)
	eventually(t, "Carl hears himself", func() bool { return carl.heard.Load() > 20 })
	call[Done](carl, "precall.end", map[string]any{})
	eventually(t, "the check is over", func() bool { s := h.sfu.Stats(); return s.Rooms == 0 && s.Peers == 0 })
}
