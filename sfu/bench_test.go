package sfu

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/transport/v5/packetio"
	"github.com/pion/webrtc/v4"

	"mentara/sfu/bwe"
)

// sink takes what a slot would hand to SRTP.
type sink struct{ n int }

func (s *sink) WriteRTP(*rtp.Header, []byte) (int, error) { s.n++; return 0, nil }
func (s *sink) Write([]byte) (int, error)                 { return 0, nil }

// fixture is a publisher's encoding with viewers that write to sinks.
type fixture struct {
	c     *conn
	b     *buffer
	seq   uint16
	ts    uint32
	pic   uint16
	key   bool
	raw   []byte
	sinks []*sink
}

func newFixture(tb testing.TB, viewers int) *fixture {
	tb.Helper()
	e, err := New(Config{Listen: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = e.Close() })
	r, err := e.Room("bench")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := r.Join(JoinOptions{ID: "pub", Publish: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	c, err := p.newConn("x")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.close)
	p.mu.Lock()
	p.conn, p.sources = c, map[string]Source{"0": Camera}
	p.mu.Unlock()
	s := &section{
		mid: "0", kind: "video", sends: true, ssrcs: []uint32{77},
		payloads: []payload{{pt: 96, rtx: 97, codec: 1}}, ext: extIDs{twcc: 3, absTime: 4, mid: 5},
	}
	l := &layout{sections: []*section{s}, byMid: map[string]*section{"0": s}, bySSRC: map[uint32]stream{}}
	l.add(s)
	c.layout.Store(l)
	f := &fixture{c: c, b: c.newBuffer(packetio.RTPBufferPacket, 77).(*buffer), key: true}
	f.b.kept = probePackets
	f.send()
	t := p.tracks[Camera]
	for i := range viewers {
		slot := &section{
			mid: fmt.Sprint(i), kind: "video", receives: true,
			payloads: []payload{{pt: 102, rtx: 103, codec: 1}}, ext: extIDs{twcc: 7, absTime: 8, orientation: 9},
		}
		d := newDownTrack(c, slot, i)
		w := &sink{}
		f.sinks = append(f.sinks, w)
		d.out, d.ready, d.ssrc, d.rtxSSRC = w, true, uint32(1000+i), uint32(2000+i)
		d.show(t)
		d.setTarget(t.options(View{})[0].Layer, 1)
	}
	f.key = true
	f.send()
	return f
}

// send passes one 1,160-byte VP8 packet in, with the extensions a browser sends.
func (f *fixture) send() {
	if f.raw == nil {
		f.raw = make([]byte, 1200)
	}
	h := rtp.Header{Version: 2, Marker: true, PayloadType: 96, SequenceNumber: f.seq, Timestamp: f.ts, SSRC: 77}
	_ = h.SetExtension(3, []byte{byte(f.seq >> 8), byte(f.seq)})
	_ = h.SetExtension(5, []byte("0"))
	n, _ := h.MarshalTo(f.raw)
	body := f.raw[n:1160]
	clear(body[:20])
	copy(body, []byte{0x90, 0xe0, 0x80 | byte(f.pic>>8), byte(f.pic), byte(f.pic), 0, 0x11})
	if f.key {
		copy(body[6:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xb4, 0})
		f.key = false
	}
	f.seq++
	f.ts += 3000
	f.pic = (f.pic + 1) & 0x7fff
	_, _ = f.b.Write(f.raw[:1160])
}

// From the decrypted packet to the write stream, nothing is allocated.
func TestForwardAllocatesNothing(t *testing.T) {
	for _, viewers := range []int{1, 10} {
		f := newFixture(t, viewers)
		f.c.in.feedbackAt = time.Now().Add(time.Hour) // feedback is not per packet
		for range 100 {
			f.send()
		}
		before := f.sinks[0].n
		// The helper's own header costs a few allocations; measure around it.
		raw := append([]byte(nil), f.raw[:1160]...)
		allocs := testing.AllocsPerRun(200, func() {
			raw[2], raw[3] = byte(f.seq>>8), byte(f.seq)
			f.seq++
			_, _ = f.b.Write(raw)
		})
		if allocs != 0 {
			t.Errorf("%d viewers: %v allocations per packet", viewers, allocs)
		}
		if got := f.sinks[0].n - before; got < 200 {
			t.Errorf("only %d of 201 packets were forwarded", got)
		}
	}
}

// BenchmarkForward is one publisher to n viewers over loopback, with real
// SRTP, ICE and sockets on both sides of the SFU. All runs in one process, so
// ns/forwarded and allocs/forwarded count the clients' own cost too.
func BenchmarkForward(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchForward(b, n) })
	}
}

func benchForward(b *testing.B, viewers int) {
	e, err := New(Config{Listen: netip.MustParseAddr("127.0.0.1"), Limits: Limits{
		PeersPerRoom: 200, VideoBitrate: 1 << 40, PacketRate: 1 << 40,
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var received atomic.Int64
	out := benchClient(b, e, "pub", true, nil)
	for i := range viewers {
		benchClient(b, e, fmt.Sprint("v", i), false, &received)
	}
	pub := &benchSource{track: out}
	deadline := time.Now().Add(20 * time.Second)
	for e.Stats().Connected < viewers+1 || int(received.Load()) < viewers*20 {
		pub.send()
		time.Sleep(5 * time.Millisecond)
		if time.Now().After(deadline) {
			b.Fatalf("not up: %+v, %d packets", e.Stats(), received.Load())
		}
	}
	var m0, m1 runtime.MemStats
	before := e.Stats()
	runtime.ReadMemStats(&m0)
	b.ResetTimer()
	for i := range b.N {
		pub.send()
		for int(e.count.packetsIn.Load()-before.PacketsIn) < i-30 { // no faster than it is served
			time.Sleep(50 * time.Microsecond)
			if time.Since(deadline) > time.Minute {
				b.Fatal("stalled")
			}
		}
	}
	// What is on its way counts too, until nothing comes for 50 ms.
	for last, at := uint64(0), time.Now(); time.Since(at) < 50*time.Millisecond; {
		out := e.count.packetsOut.Load() - before.PacketsOut
		if out >= uint64(b.N*viewers) {
			break
		}
		if out != last {
			last, at = out, time.Now()
		}
		time.Sleep(50 * time.Microsecond)
	}
	b.StopTimer()
	runtime.ReadMemStats(&m1)
	sent := float64(e.Stats().PacketsOut - before.PacketsOut)
	if sent == 0 {
		b.Fatal("nothing was forwarded")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/sent, "ns/forwarded")
	b.ReportMetric(float64(m1.Mallocs-m0.Mallocs)/sent, "allocs/forwarded")
	b.ReportMetric(sent/b.Elapsed().Seconds(), "forwarded/s")
}

type benchSource struct {
	track *webrtc.TrackLocalStaticRTP
	seq   uint16
	ts    uint32
	pic   uint16
	body  [1160]byte
	pkt   rtp.Packet
}

func (s *benchSource) send() {
	s.pic = (s.pic + 1) & 0x7fff
	copy(s.body[:], []byte{0x90, 0xe0, 0x80 | byte(s.pic>>8), byte(s.pic), byte(s.pic), 0})
	if s.seq%300 == 0 {
		copy(s.body[6:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xb4, 0})
	} else {
		s.body[6] = 0x11
	}
	s.pkt.Header = rtp.Header{Version: 2, Marker: true, SequenceNumber: s.seq, Timestamp: s.ts}
	s.pkt.Payload = s.body[:]
	s.seq++
	s.ts += 3000
	_ = s.track.WriteRTP(&s.pkt)
}

// benchClient is a bare pion client: no interceptors, so that what is measured
// is the SFU as far as one process can tell.
func benchClient(b *testing.B, e *Engine, id string, publish bool, received *atomic.Int64) *webrtc.TrackLocalStaticRTP {
	b.Helper()
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		b.Fatal(err)
	}
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{})).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pc.Close() })
	var out *webrtc.TrackLocalStaticRTP
	if publish {
		out, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "v", "s")
		if err == nil {
			_, err = pc.AddTransceiverFromTrack(out, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		}
	} else {
		_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			buf := make([]byte, 1500)
			for {
				if _, _, err := t.Read(buf); err != nil {
					return
				}
				received.Add(1)
			}
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	r, err := e.Room("bench")
	if err != nil {
		b.Fatal(err)
	}
	p, err := r.Join(JoinOptions{ID: id, Publish: publish, Subscribe: !publish})
	if err != nil {
		b.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		b.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		b.Fatal(err)
	}
	<-gathered
	answer, err := p.Offer(context.Background(), pc.LocalDescription().SDP, nil)
	if err != nil {
		b.Fatal(err)
	}
	p.conn.bweMu.Lock() // the source sends as fast as it can: no budget would do
	p.conn.bwe = bwe.New(bwe.Config{Start: 1 << 40, Min: 1 << 40, Max: 1 << 40})
	p.conn.bweMu.Unlock()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		b.Fatal(err)
	}
	return out
}
