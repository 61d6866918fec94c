package room

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

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
	var hub *signaling.Hub
	hub = signaling.NewHub(mux, signaling.NewMemoryBroker(signaling.HistoryLimits{}), signaling.Options{
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

// tab is a browser tab: a socket and, once it offers, a peer connection.
type tab struct {
	t      *testing.T
	h      *liveHouse
	c      *client.Client
	pc     *webrtc.PeerConnection
	mu     sync.Mutex
	pushes []client.Frame
	heard  atomic.Int64 // RTP packets
	failed chan struct{}
}

func (h *liveHouse) tab(p auth.Principal) *tab {
	h.t.Helper()
	h.mu.Lock()
	h.who[p.ID] = p
	h.mu.Unlock()
	c, err := client.Dial(h.t.Context(), "ws"+strings.TrimPrefix(h.url, "http")+"/api/v1/socket",
		client.Options{Header: http.Header{"X-Test-Who": {p.ID}}, Once: true})
	must(h.t, err)
	b := &tab{t: h.t, h: h, c: c, failed: make(chan struct{})}
	go func() {
		for f := range c.Frames() {
			b.mu.Lock()
			b.pushes = append(b.pushes, f)
			b.mu.Unlock()
		}
	}()
	h.t.Cleanup(b.close)
	return b
}

func (b *tab) close() {
	b.c.Close()
	if b.pc != nil {
		_ = b.pc.Close()
	}
}

func call[Res any](b *tab, kind string, data any) Res {
	b.t.Helper()
	res, err := client.Call[Res](b.t.Context(), b.c, kind, data)
	if err != nil {
		b.t.Fatalf("%s: %v", kind, err)
	}
	return res
}

// refused asks for what must be refused, and returns the code.
func (b *tab) refused(kind string, data any) string {
	b.t.Helper()
	_, err := client.Call[map[string]any](b.t.Context(), b.c, kind, data)
	var e *client.Error
	if !errors.As(err, &e) {
		b.t.Fatalf("%s was not refused: %v", kind, err)
	}
	return e.Code
}

func (b *tab) pushed(kind string) func() bool {
	return func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.pushes {
			if f.Type == kind {
				return true
			}
		}
		return false
	}
}

// eventually waits for something that other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// offer makes a peer connection that speaks and listens, and its offer.
func (b *tab) offer() OfferRequest {
	b.t.Helper()
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	engine := &webrtc.MediaEngine{}
	must(b.t, engine.RegisterDefaultCodecs())
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	must(b.t, err)
	b.pc = pc
	voice, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "voice", "voice")
	must(b.t, err)
	send, err := pc.AddTransceiverFromTrack(voice, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	must(b.t, err)
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	must(b.t, err)
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			b.heard.Add(1)
		}
	})
	connected := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			close(connected)
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			select {
			case <-b.failed:
			default:
				close(b.failed)
			}
		}
	})
	go func() {
		select {
		case <-connected:
		case <-b.failed:
			return
		}
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if voice.WriteSample(media.Sample{Data: []byte{0xf8, 1, 2, 3, 4, 5}, Duration: 20 * time.Millisecond}) != nil {
				return
			}
			if pc.ConnectionState() == webrtc.PeerConnectionStateClosed {
				return
			}
		}
	}()
	offer, err := pc.CreateOffer(nil)
	must(b.t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	must(b.t, pc.SetLocalDescription(offer))
	<-gathered
	return OfferRequest{
		Room: b.h.room, SDP: pc.LocalDescription().SDP,
		Tracks: []sfu.TrackInfo{{Mid: send.Mid(), Source: sfu.Microphone}},
	}
}

func (b *tab) answer(sdp string) {
	b.t.Helper()
	must(b.t, b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}))
}

// media starts the tab's media through the room.
func (b *tab) media() {
	b.t.Helper()
	b.answer(call[OfferResult](b, "rtc.offer", b.offer()).SDP)
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

func TestPrecallHearsItself(t *testing.T) {
	h := newLiveHouse(t, dbtest.New(t))
	carl := h.tab(user("carl"))
	offer := carl.offer()
	carl.answer(call[OfferResult](carl, "precall.offer", map[string]any{"sdp": offer.SDP, "tracks": offer.Tracks}).SDP)
	eventually(t, "Carl hears himself", func() bool { return carl.heard.Load() > 20 })
	call[Done](carl, "precall.end", map[string]any{})
	eventually(t, "the check is over", func() bool { s := h.sfu.Stats(); return s.Rooms == 0 && s.Peers == 0 })
}
