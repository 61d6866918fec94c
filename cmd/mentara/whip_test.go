package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// TestPlainClientsWithTokensFromTheConsole publishes by WHIP (RFC 9725) and
// plays by WHEP with clients that know nothing of us but an URL and the tokens
// that `mentara token` prints, over UDP and over TCP.
func TestPlainClientsWithTokensFromTheConsole(t *testing.T) {
	dir := t.TempDir()
	demo := runDemo(t, "--data", dir)
	for _, network := range []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4} {
		t.Run(network.String(), func(t *testing.T) {
			room := "studio-" + network.Protocol()
			base := demo.URL + "/api/v1/rooms/" + room

			camera := plainClient(t, network)
			track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "camera")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := camera.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
				t.Fatal(err)
			}
			exchange(t, camera, base+"/whip", consoleToken(t, dir, room, "camera", "--publish"))
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				frame := bytes.Repeat([]byte{0x55}, 3000)
				copy(frame, []byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01}) // a VP8 key frame, 640×360 (RFC 6386 §9.1)
				tick := time.NewTicker(33 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-tick.C:
						track.WriteSample(media.Sample{Data: frame, Duration: 33 * time.Millisecond}) //nolint:errcheck // the connection may be gone
					case <-stop:
						return
					}
				}
			}()

			// One token opens any number of viewers; without ?participant= each
			// plays the room's first publisher.
			wall := consoleToken(t, dir, room, "wall", "--subscribe")
			for _, url := range []string{base + "/whep", base + "/whep?participant=camera"} {
				viewer := plainClient(t, network)
				if _, err := viewer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
					t.Fatal(err)
				}
				var packets atomic.Int64
				viewer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
					for {
						if _, _, err := remote.ReadRTP(); err != nil {
							return
						}
						packets.Add(1)
					}
				})
				exchange(t, viewer, url, wall)
				for began := time.Now(); packets.Load() < 100; time.Sleep(20 * time.Millisecond) {
					if time.Since(began) > 20*time.Second {
						t.Fatalf("%s: %d packets in 20 s", url, packets.Load())
					}
				}
			}
		})
	}
	for name, token := range map[string]string{"nobody": "", "another room": consoleToken(t, dir, "elsewhere", "x", "--publish")} {
		if res, _ := post(t, demo.URL+"/api/v1/rooms/studio-udp/whip", token, "v=0\r\n"); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("the token of %s: %d", name, res.StatusCode)
		}
	}
}

// consoleToken is what `mentara token` prints.
func consoleToken(t *testing.T, dir, room, identity, grant string) string {
	t.Helper()
	var out, errs bytes.Buffer
	args := []string{"token", "--data", dir, "--room", room, "--identity", identity, grant}
	if code := run(t.Context(), environment{stdout: &out, stderr: &errs}, args); code != 0 {
		t.Fatalf("mentara token: %d %s", code, &errs)
	}
	return strings.TrimSpace(out.String())
}

// plainClient is a peer connection with pion's defaults and one network type.
func plainClient(t *testing.T, network webrtc.NetworkType) *webrtc.PeerConnection {
	t.Helper()
	var set webrtc.SettingEngine
	set.SetNetworkTypes([]webrtc.NetworkType{network})
	set.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(set)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pc.Close(); err != nil {
			t.Error(err)
		}
	})
	return pc
}

// exchange is WHIP's and WHEP's one POST: offer out, answer in.
func exchange(t *testing.T, pc *webrtc.PeerConnection, url, token string) {
	t.Helper()
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	// Until the publisher's media arrives there is nothing to play: 404.
	res, answer := post(t, url, token, pc.LocalDescription().SDP)
	for began := time.Now(); res.StatusCode == http.StatusNotFound && time.Since(began) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		res, answer = post(t, url, token, pc.LocalDescription().SDP)
	}
	if res.StatusCode != http.StatusCreated || res.Header.Get("Location") == "" {
		t.Fatalf("%s: %d %s", url, res.StatusCode, answer)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
}

// post sends an offer as the bearer of a token, or as nobody.
func post(t *testing.T, url, token, sdp string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(sdp))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/sdp")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}
