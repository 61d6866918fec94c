package sfu_test

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mentara/sfu"
)

//go:embed testdata/browser.html
var browserPage []byte

// browser is Chromium with a frame per participant, and what they report.
type browser struct {
	t    *testing.T
	s    *stage
	srv  *httptest.Server
	mu   sync.Mutex
	seat map[string]*seat

	frames string
}

type seat struct {
	peer   *sfu.Peer
	told   *person
	report report
	next   map[string]any // command for the next report
}

type report struct {
	ID, Connection, Offer, Answer string
	Errors                        []string
	First                         float64
	Stats                         []stat
}

type stat struct {
	ID, Type, Kind, Mid, Rid, CodecID, MimeType string
	FramesDecoded, FramesReceived               int
	FramesPerSecond                             float64
	FrameWidth, FrameHeight                     int
	FreezeCount, PacketsLost, NackCount         int
	PacketsReceived, PacketsSent, FramesEncoded int
	RetransmittedPacketsReceived                int
	KeyFramesDecoded, PLICount                  int
	TotalFreezesDuration                        float64
	SRTPCipher, DTLSRole, DTLSCipher            string
	TotalAudioEnergy                            float64
	BytesReceived                               int
	AvailableOutgoingBitrate                    float64
	EstimatedPlayoutTimestamp                   float64
}

// newBrowser opens a frame for each id; extra is added to each one's query.
func newBrowser(t *testing.T, s *stage, extra string, ids ...string) *browser {
	t.Helper()
	bin := os.Getenv("MENTARA_CHROMIUM")
	if bin == "" {
		t.Skip("set MENTARA_CHROMIUM to a Chromium binary to run with a real browser")
	}
	b := &browser{t: t, s: s, seat: map[string]*seat{}}
	b.srv = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.srv.Close)
	args := []string{
		"--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--user-data-dir=" + t.TempDir(),
		"--use-fake-device-for-media-stream=fps=30", "--use-fake-ui-for-media-stream",
		"--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling",
		"--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows", "--mute-audio",
	}
	for _, id := range ids {
		b.seat[id] = &seat{}
		b.frames += `<iframe width=600 height=400 allow="camera;microphone;autoplay" src="/tab?id=` + id + extra + `"></iframe>`
	}
	args = append(args, b.srv.URL) // headless takes one page only
	cmd := exec.Command(bin, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		for _, st := range b.seat {
			if st.peer != nil {
				st.peer.Close()
			}
		}
	})
	return b
}

func (b *browser) serve(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html>" + b.frames))
	case "/tab":
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(browserPage)
	case "/offer":
		var req struct {
			SDP    string
			Tracks []sfu.TrackInfo
		}
		_ = json.NewDecoder(r.Body).Decode(&req)
		answer, err := b.peer(id).Offer(r.Context(), req.SDP, req.Tracks)
		res := map[string]string{"sdp": answer}
		if err != nil {
			res["error"] = err.Error()
		}
		_ = json.NewEncoder(w).Encode(res)
	case "/report":
		var rep report
		_ = json.NewDecoder(r.Body).Decode(&rep)
		b.mu.Lock()
		st := b.seat[id]
		st.report = rep
		cmd := st.next
		st.next = nil
		b.mu.Unlock()
		if cmd == nil {
			cmd = map[string]any{}
		}
		_ = json.NewEncoder(w).Encode(cmd)
	}
}

func (b *browser) peer(id string) *sfu.Peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	st := b.seat[id]
	if st.peer == nil {
		room, err := b.s.e.Room("browsers")
		if err != nil {
			b.t.Error(err)
			return nil
		}
		st.told = &person{t: b.t}
		st.peer, err = room.Join(sfu.JoinOptions{ID: id, Publish: true, Subscribe: true, On: func(e sfu.Event) {
			st.told.on(e)
			if d, ok := e.(sfu.Demand); ok {
				b.command(id, "demand", d.Demand)
			}
		}})
		if err != nil {
			b.t.Error(err)
		}
	}
	return st.peer
}

func (b *browser) command(id, key string, value any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seat[id].next == nil {
		b.seat[id].next = map[string]any{}
	}
	b.seat[id].next[key] = value
}

// camera is what a tab says of the picture it shows now.
func (b *browser) camera(id string) (st stat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.seat[id].report.Stats {
		if s.Type == "inbound-rtp" && s.Kind == "video" && s.FramesDecoded > st.FramesDecoded {
			st = s
		}
	}
	return st
}

func (b *browser) of(id, kind string) (list []stat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.seat[id].report.Stats {
		if s.Type == kind {
			list = append(list, s)
		}
	}
	return list
}

func (b *browser) dump() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Logf("%+v", b.s.e.Stats())
	for id, st := range b.seat {
		b.t.Logf("%s: %s errors %q first frame %.0f ms", id, st.report.Connection, st.report.Errors, st.report.First)
		for _, s := range st.report.Stats {
			if strings.HasSuffix(s.Type, "bound-rtp") || s.Type == "transport" {
				b.t.Logf("  %+v", s)
			}
		}
		if st.told != nil {
			if ev, ok := last[sfu.Slots](st.told); ok {
				b.t.Logf("  %+v", ev)
			}
		}
	}
}

// A real browser publishes three layers, receives through slots, and follows
// the size of its tile without the picture standing still.
func TestChromiumFollowsTheTile(t *testing.T) {
	for _, codec := range []string{"VP8", "VP9", "H264", "AV1"} {
		t.Run(codec, func(t *testing.T) {
			b := newBrowser(t, newStage(t), "&codec="+codec, "ann", "bob")
			defer b.dump()
			eventually(t, 30*time.Second, "bob sees ann", func() bool { return b.camera("bob").FramesDecoded > 20 })
			for _, tr := range b.of("bob", "transport") {
				if !strings.Contains(tr.SRTPCipher, "GCM") {
					t.Errorf("cipher %q, want AES-GCM", tr.SRTPCipher)
				}
			}
			for _, height := range []int{720, 180, 360, 720} {
				b.peer("bob").SetView([]sfu.View{{Participant: "ann", Source: sfu.Camera, Width: height * 16 / 9, Height: height, Visible: true}})
				eventually(t, 25*time.Second, "the layer follows the tile", func() bool {
					st := b.camera("bob")
					return st.FrameHeight >= height*8/10 && st.FrameHeight <= height*12/10
				})
				before := b.camera("bob")
				eventually(t, 5*time.Second, "frames go on", func() bool { return b.camera("bob").FramesDecoded > before.FramesDecoded+20 })
			}
			// Ann's view never changes its layer: what freezes there too is the
			// machine, short of time to encode twice three layers.
			bob, ann := b.camera("bob").FreezeCount, b.camera("ann").FreezeCount
			if bob > ann+1 {
				t.Errorf("%d freezes, %d without layer switches", bob, ann)
			}
		})
	}
}
