package sfu_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/sfutest"
)

// doors serves WHIP and WHEP as a program would; the bearer names the access.
func doors(t *testing.T, s *stage) *httptest.Server {
	auth := func(r *http.Request) (sfu.Access, error) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		name, grants, _ := strings.Cut(token, "+")
		if !ok || name == "" {
			return sfu.Access{}, errors.New("no token")
		}
		room, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/rooms/"), "/")
		return sfu.Access{Room: room, Identity: name, Publish: strings.Contains(grants, "p"), Subscribe: strings.Contains(grants, "s")}, nil
	}
	ice := func(sfu.Access) []sfu.ICEServer {
		return []sfu.ICEServer{{URL: "turn:turn.example.org", Username: "u", Credential: "c"}}
	}
	whip := s.e.WHIP(sfu.WHIPOptions{Authorize: auth, ICEServers: ice})
	whep := s.e.WHEP(sfu.WHIPOptions{Authorize: auth})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/whip") {
			whip.ServeHTTP(w, r)
		} else {
			whep.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

type answer struct {
	status int
	header http.Header
	body   string
}

func call(t *testing.T, method, url, token, contentType, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b)}
}

// httpClient is a plain client: it knows SDP over HTTP and nothing of us.
func httpClient(t *testing.T, url, token string, o sfutest.Options) (bot *sfutest.Bot, location string, etag string) {
	t.Helper()
	o.Plain = true
	o.Offer = func(_ context.Context, sdp string, _ []sfu.TrackInfo) (string, error) {
		a := call(t, http.MethodPost, url, token, "application/sdp", sdp)
		if a.status != http.StatusCreated {
			return "", fmt.Errorf("status %d: %s", a.status, a.body)
		}
		location, etag = a.header.Get("Location"), a.header.Get("ETag")
		return a.body, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	bot, err := sfutest.Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bot.Close)
	if err := bot.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	return bot, location, etag
}

func TestPlainClientsPublishAndPlay(t *testing.T) {
	for _, tc := range []struct {
		name, codec string
		tcp         bool
	}{
		{"VP8 over UDP", "VP8", false}, {"H264 over UDP", "H264", false},
		{"VP8 over TCP", "VP8", true}, {"H264 over TCP", "H264", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStage(t)
			srv := doors(t, s)
			room := srv.URL + "/rooms/studio"
			if a := call(t, http.MethodPost, room+"/whep", "eve+s", "application/sdp", "v=0"); a.status != http.StatusNotFound {
				t.Errorf("nothing to play yet: status %d", a.status)
			}
			pub, location, _ := httpClient(t, room+"/whip", "cam+p",
				sfutest.Options{Camera: true, Microphone: true, Codec: tc.codec, TCP: tc.tcp})
			pub.Publish()
			eventually(t, 3*time.Second, "the publisher is in the room", func() bool { return s.e.Stats().Tracks == 2 })
			for i, q := range []string{"", "?participant=cam", ""} {
				viewer, _, _ := httpClient(t, room+"/whep"+q, "eve+s",
					sfutest.Options{VideoSlots: 1, AudioSlots: 1, Codec: tc.codec, TCP: tc.tcp && i != 1})
				eventually(t, 4*time.Second, "picture and sound arrive", func() bool {
					return viewer.Receiver("0").Counts().Frames > 20 && viewer.Receiver("1").Counts().Packets > 20
				})
			}
			if n := s.e.Stats().Peers; n != 4 {
				t.Errorf("%d peers, want a publisher and three viewers", n)
			}
			if a := call(t, http.MethodDelete, srv.URL+location, "mallory+p", "", ""); a.status != http.StatusNotFound {
				t.Errorf("another's token deletes: %d", a.status)
			}
			if a := call(t, http.MethodDelete, srv.URL+location, "cam+p", "", ""); a.status != http.StatusOK {
				t.Errorf("delete: %d", a.status)
			}
			if n := s.e.Stats().Tracks; n != 0 {
				t.Errorf("%d tracks after DELETE", n)
			}
		})
	}
}

func TestWHIPRefusals(t *testing.T) {
	s := newStage(t)
	srv := doors(t, s)
	whip := srv.URL + "/rooms/studio/whip"
	pub, location, etag := httpClient(t, whip, "cam+p", sfutest.Options{Camera: true})
	pub.Publish()
	url := srv.URL + location
	trickle := "a=ice-ufrag:x\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
	const frag, sdp = "application/trickle-ice-sdpfrag", "application/sdp"
	for _, tc := range []struct {
		name, method, url, token, contentType, body string
		match                                       string
		want                                        int
	}{
		{"no token", "POST", whip, "", sdp, "v=0", "", 401},
		{"token without publish", "POST", whip, "x+s", sdp, "v=0", "", 403},
		{"wrong type", "POST", whip, "x+p", "text/plain", "v=0", "", 415},
		{"not SDP", "POST", whip, "x+p", sdp, "hello", "", 422},
		{"too large", "POST", whip, "x+p", sdp, strings.Repeat("x", 200<<10), "", 413},
		{"identity in use", "POST", whip, "cam+p", sdp, "v=0", "", 409},
		{"GET the door", "GET", whip, "cam+p", "", "", "", 405},
		{"GET the session", "GET", url, "cam+p", "", "", "", 405},
		{"PATCH without token", "PATCH", url, "", frag, trickle, etag, 401},
		{"PATCH of another", "PATCH", url, "eve+p", frag, trickle, etag, 404},
		{"PATCH without If-Match", "PATCH", url, "cam+p", frag, trickle, "", 428},
		{"PATCH with a stale ETag", "PATCH", url, "cam+p", frag, trickle, `"old"`, 412},
		{"PATCH with garbage", "PATCH", url, "cam+p", frag, "\x00\x01", etag, 400},
		{"PATCH with another type", "PATCH", url, "cam+p", sdp, trickle, etag, 415},
		{"PATCH trickles", "PATCH", url, "cam+p", frag, trickle, etag, 204},
		{"DELETE without token", "DELETE", url, "", "", "", "", 401},
		{"DELETE of a guessed session", "DELETE", whip + "/AAAA", "cam+p", "", "", "", 404},
		{"OPTIONS", "OPTIONS", whip, "", "", "", "", 204},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h []string
			if tc.match != "" {
				h = []string{"If-Match", tc.match}
			}
			if a := call(t, tc.method, tc.url, tc.token, tc.contentType, tc.body, h...); a.status != tc.want {
				t.Errorf("status %d, want %d: %s", a.status, tc.want, a.body)
			}
		})
	}
	if n := s.e.Stats().Peers; n != 1 {
		t.Errorf("%d peers left of refused requests, want the publisher only", n)
	}
	a := call(t, "PATCH", url, "cam+p", frag, "a=ice-ufrag:ABCDefgh\r\na=ice-pwd:0123456789abcdef0123456789abcdef\r\n", "If-Match", "*")
	if a.status != 200 || a.header.Get("ETag") == etag || !strings.Contains(a.body, "a=ice-ufrag:") || !strings.Contains(a.body, "a=candidate:") {
		t.Errorf("restart: %d %q\n%s", a.status, a.header.Get("ETag"), a.body)
	}
	if a := call(t, "PATCH", url, "cam+p", frag, trickle, "If-Match", etag); a.status != 412 {
		t.Errorf("the ETag of before the restart is accepted: %d", a.status)
	}
}
