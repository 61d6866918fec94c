package crowd

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func TestReportArithmetic(t *testing.T) {
	c := &crowd{}
	c.measuring.Store(true)
	var r Report
	at := time.Unix(1000, 0)
	r.between(
		moment{at: at, known: true, server: Usage{CPU: time.Second, RSS: 1}, clients: Usage{CPU: time.Second}, machine: time.Second},
		moment{at: at.Add(10 * time.Second), known: true, server: Usage{CPU: 3 * time.Second, RSS: 80e6},
			clients: Usage{CPU: 4 * time.Second}, machine: 8 * time.Second},
	)
	for range 2 { // viewers: both miss number 250, get 251 twice and what is outside of the window
		f := newFeed(c, &source{})
		for n := range uint32(1400) {
			if n != 250 {
				f.note(n, 1000, time.Millisecond)
			}
		}
		f.note(251, 1000, time.Hour)
		f.note(maxNumber, 1000, time.Hour)
		r.add(f, 100, 1100)
	}
	r.Plan, r.Up = Broadcast(2, 10*time.Second), 1500*time.Millisecond
	if r.Expected != 2000 || r.Forwarded != 1998 || r.Bytes != 2*1399*1000 {
		t.Errorf("%+v", r)
	}
	if v := r.PacketsPerSecond(); v != 199.8 {
		t.Errorf("%v packets/s", v)
	}
	if v := r.LossPercent(); v != 0.1 {
		t.Errorf("%v %% lost", v)
	}
	if v := r.PacketsPerCPUSecond(); v != 999 {
		t.Errorf("%v packets per CPU-second", v)
	}
	if v := r.CPUPerPacket(); v.Microseconds() != 1001 {
		t.Errorf("%v for a packet", v)
	}
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 publisher, 2 viewers", "200 packets/s", "0.1000 % (2 of 2000", "p50 1.0 ms", "2.00 CPU-s", "999 packets per CPU-second",
		"80 MB", "clients 3.00 CPU-s", "everything else on the machine 2.00 CPU-s", "all up in   1500.0 ms",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestReportOfNothing(t *testing.T) {
	var r Report
	if r.PacketsPerSecond() != 0 || r.LossPercent() != 0 || r.PacketsPerCPUSecond() != 0 || r.CPUPerPacket() != 0 {
		t.Error("nothing is not nothing")
	}
	var out strings.Builder
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "not measured") || strings.Contains(out.String(), "CPU-second") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestDelays(t *testing.T) {
	var d delays
	for us := range 100_000 {
		d.add(time.Duration(us) * time.Microsecond)
	}
	for _, q := range []float64{0.1, 0.5, 0.9, 0.99, 1} {
		want := q * 100_000
		if got := float64(d.quantile(q).Microseconds()); got < want-1 || got > want*1.07 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	var edge delays
	edge.add(-time.Second)
	edge.add(1000 * time.Hour)
	if edge.quantile(0.5) > time.Microsecond || edge.quantile(1) < time.Hour {
		t.Errorf("%v to %v", edge.quantile(0.5), edge.quantile(1))
	}
}

// The camera sends what it claims to: 1.5 Mbit/s in frames that end with a
// marker, a key frame every 2 s or when asked, in bursts of a few packets.
func TestCamera(t *testing.T) {
	var v camera
	bytes, keys, lasts, most := 0, 0, 0, 0
	s := &source{start: time.Now(), track: newTrack(t)}
	for i := range 600 { // 20 s
		v.encode(i == 130)
		for range 6 { // ticks until the next frame
			before := len(v.queue)
			for _, c := range v.queue {
				if c.size > packetBytes {
					t.Fatalf("a packet of %d bytes", c.size)
				}
			}
			queue := append([]piece(nil), v.queue...)
			v.pace(s, frameEvery/6)
			sent := queue[:before-len(v.queue)]
			most = max(most, len(sent))
			for _, c := range sent {
				bytes += c.size
				if c.last {
					lasts++
				}
				if c.payload[0]&0x10 != 0 && c.payload[6]&1 == 0 {
					keys++
				}
			}
		}
	}
	if rate := float64(bytes) * 8 / 20; rate < 1.45e6 || rate > 1.65e6 {
		t.Errorf("%.0f bit/s", rate)
	}
	if keys != 11 {
		t.Errorf("%d key frames", keys)
	}
	if lasts < 595 || most > 3 {
		t.Errorf("%d frames, %d packets in one burst", lasts, most)
	}
	if int(s.next.Load()) < 600*5 {
		t.Errorf("%d packets", s.next.Load())
	}
}

func TestFeedTakesOnlyTheSources(t *testing.T) {
	f := newFeed(&crowd{}, &source{})
	var h rtp.Header
	raw := func(p rtp.Packet) []byte {
		p.Version = 2
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	stamped := make([]byte, 40)
	stamped[len(stamped)-stampBytes+3] = 7
	for name, tc := range map[string]struct {
		raw  []byte
		want bool
	}{
		"media":         {raw(rtp.Packet{Payload: stamped}), true},
		"padded media":  {raw(rtp.Packet{Header: rtp.Header{Padding: true}, Payload: stamped, PaddingSize: 20}), true},
		"padding alone": {raw(rtp.Packet{Header: rtp.Header{Padding: true}, PaddingSize: 255}), false},
		"short":         {raw(rtp.Packet{Payload: []byte{1}}), false},
		"no RTP":        {[]byte{1, 2, 3}, false},
	} {
		if got := f.take(&h, tc.raw, time.Second); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if n := f.had(0, 100); n != 1 {
		t.Errorf("%d numbers seen", n)
	}
}

func TestUsage(t *testing.T) {
	const stat = "42 (a) (b c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 9 0 12345 1000000 300 18446744073709551615 1 1"
	if u, err := parseProcess(stat, 4096); err != nil || u.CPU != 3*time.Second || u.RSS != 300*4096 {
		t.Errorf("%+v, %v", u, err)
	}
	for _, bad := range []string{"", "42 (x) S 1 2", strings.Replace(stat, "250", "x", 1), strings.Replace(stat, "250", "-250", 1)} {
		if _, err := parseProcess(bad, 4096); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
	if d, err := parseMachine("cpu  100 10 200 5000 600 7 8 75 0 0\ncpu0 1 2"); err != nil || d != 4*time.Second {
		t.Errorf("%v, %v", d, err)
	}
	for _, bad := range []string{"", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3", "cpu  1 2 3 4 5 6 7 x"} {
		if _, err := parseMachine(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func newTrack(t *testing.T) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(vp8, "video", "self")
	if err != nil {
		t.Fatal(err)
	}
	return track
}
