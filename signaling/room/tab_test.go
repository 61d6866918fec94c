package room

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"mentara/internal/auth"
	"mentara/sfu"
	"mentara/signaling/client"
)

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
