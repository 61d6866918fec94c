package sfu

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/transport/v5/packetio"
)

const sampleOffer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n" +
	"a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\n" +
	"a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=sendonly\r\na=rtcp-mux\r\n" +
	"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" +
	"a=candidate:1 1 udp 2130706431 169.254.169.254 80 typ host\r\na=ssrc:1 cname:x\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\n" +
	"a=setup:actpass\r\na=mid:1\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n" +
	"a=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=rid:q send\r\na=rid:h send\r\na=simulcast:send q;h\r\n"

// A whole negotiation with any text: refused or answered, never a crash, and
// nothing stays behind.
func FuzzOffer(f *testing.F) {
	f.Add(sampleOffer)
	f.Add(strings.ReplaceAll(sampleOffer, "a=mid:1", "a=mid:0"))
	f.Add(strings.ReplaceAll(sampleOffer, "sendonly", "recvonly"))
	f.Add(strings.ReplaceAll(sampleOffer, "apt=96", "apt=97"))
	f.Add(strings.ReplaceAll(sampleOffer, "a=ice-ufrag:abcd\r\n", ""))
	f.Add("v=0\r\n")
	f.Add("")
	e, err := New(Config{Listen: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = e.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		r, err := e.Room("fuzz")
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Join(JoinOptions{ID: "x", Publish: true, Subscribe: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		answer, err := p.Offer(ctx, text, []TrackInfo{{"0", Microphone}, {"1", Camera}})
		if (answer == "") == (err == nil) {
			t.Errorf("answer %q with error %v", answer, err)
		}
		p.Close()
		if n := e.Stats().Rooms; n != 0 {
			t.Errorf("%d rooms left", n)
		}
	})
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 1, 2, 3}, uint8(1))
	f.Add([]byte{0xb0, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x10, 0, 0, 1, 1, 2, 9, 9, 1, 2, 3, 1}, uint8(1))
	f.Add([]byte{0x80, 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 5, 0x90, 0x80}, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, id uint8) {
		var p packet
		if p.parse(b) != nil {
			return
		}
		_ = p.ext(id)
		if len(p.payload) > len(p.raw) || len(p.raw) > len(b) {
			t.Fatal("slices reach too far")
		}
		seq := uint16(0)
		if len(p.payload) > 2 {
			seq = binary.BigEndian.Uint16(p.payload)
		}
		size := len(p.payload)
		if out := unwrapRTX(p.raw, &p, 42, 96); out != nil {
			var again packet
			if err := again.parse(out); err != nil {
				t.Fatalf("what came out of RTX does not parse: %v", err)
			}
			if again.seq != seq || again.ssrc != 42 || again.pt != 96 || len(again.payload) != size-2 {
				t.Fatalf("RTX of %d became %+v", seq, again)
			}
		}
	})
}

func FuzzFragment(f *testing.F) {
	f.Add("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=end-of-candidates\r\n")
	f.Add("m=\r\na=mid:\r\n\r\na=candidate:")
	f.Fuzz(func(t *testing.T, text string) {
		fr, err := parseFragment(text)
		if err == nil && len(fr.candidates) > 64 {
			t.Error("too many candidates taken")
		}
		if err == nil {
			_, _ = withCredentials(sampleOffer, fr)
		}
	})
}

// Garbage inside an authenticated session: nothing breaks, and the one who
// sends it is cut off.
func TestGarbageCutsOffItsSenderOnly(t *testing.T) {
	f := newFixture(t, 1)
	dice := rand.New(rand.NewPCG(1, 2))
	control := f.c.newBuffer(packetio.RTCPBufferPacket, 1000).(*buffer)
	for i := range 20_000 {
		b := make([]byte, dice.IntN(200))
		for j := range b {
			b[j] = byte(dice.Uint32())
		}
		if len(b) > 12 && i%2 == 0 { // look like ours, as far as the payload
			copy(b, []byte{0x90, 96, byte(i >> 8), byte(i), 0, 0, 0, 1, 0, 0, 0, 77})
		}
		_, _ = control.Write(b)
		_, _ = f.b.Write(b)
	}
	if n := f.c.engine.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
	deadline := time.Now().Add(5 * time.Second)
	for f.c.peer.State() != StateConnecting || f.c.peer.hasConn() {
		if time.Now().After(deadline) {
			t.Fatal("the sender of garbage is still connected")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *Peer) hasConn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn != nil
}

// A panic on one packet costs the peer it came from, and nobody else.
func TestPanicCostsOnePeer(t *testing.T) {
	f := newFixture(t, 1)
	f.b.enc.cache = nil // as a bug would
	f.send()
	if n := f.c.engine.Stats().Panics; n != 1 {
		t.Fatalf("%d panics counted, want 1", n)
	}
	deadline := time.Now().Add(5 * time.Second)
	for f.c.peer.hasConn() {
		if time.Now().After(deadline) {
			t.Fatal("the peer is still connected")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestFloodIsCapped(t *testing.T) {
	f := newFixture(t, 1)
	before, start := f.sinks[0].n, time.Now()
	for range 20_000 { // 23 MB at once
		f.send()
	}
	lim := f.c.engine.cfg.Limits
	allowed := (2 + time.Since(start).Seconds()) * float64(lim.VideoBitrate) / 8 / 1160
	if got := f.sinks[0].n - before; float64(got) > allowed+10 {
		t.Errorf("%d of 20000 packets passed a cap of %d bit/s", got, lim.VideoBitrate)
	}
	if f.c.engine.Stats().Dropped == 0 {
		t.Error("drops are not counted")
	}
}

// However many viewers ask, a track is asked for at most two key frames a
// second.
func TestKeyframeRequestsAreMerged(t *testing.T) {
	f := newFixture(t, 10)
	tr := f.b.enc.track
	f.c.engine.count.plisSent.Store(0)
	start := time.Now()
	for i := range 3000 {
		tr.requestKeyframe(f.b.enc, start.Add(time.Duration(i)*time.Millisecond))
	}
	if n := f.c.engine.Stats().PLISent; n > 6 {
		t.Errorf("%d requests in 3 s, want at most 6", n)
	}
}

func TestNACKStormIsBounded(t *testing.T) {
	f := newFixture(t, 1)
	for range 400 {
		f.send()
	}
	d := (*f.b.enc.track.viewers.Load())[0]
	seq, _, _, _ := d.rw.Last()
	before := f.sinks[0].n
	now := time.Now()
	for range 500 {
		var seqs []uint16
		for i := range uint16(100) {
			seqs = append(seqs, seq-i)
		}
		d.onNACK(&rtcp.TransportLayerNack{Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)}, now)
	}
	if n := f.sinks[0].n - before; n == 0 || n > 200 {
		t.Errorf("50,000 requests at once made %d packets", n)
	}
}

func TestSignaledAddresses(t *testing.T) {
	public := Config{}
	lan := Config{PrivatePeers: true}
	local := Config{IncludeLoopback: true}
	for _, tc := range []struct {
		addr               string
		public, lan, local bool
	}{
		{"203.0.113.5", true, true, true},
		{"2001:db8::1", true, true, true},
		{"192.168.1.7", false, true, false},
		{"100.64.0.9", false, true, false},
		{"fd00::1", false, true, false},
		{"127.0.0.1", false, false, true},
		{"::1", false, false, true},
		{"::ffff:127.0.0.1", false, false, true},
		{"169.254.169.254", false, false, false},
		{"::ffff:169.254.169.254", false, false, false},
		{"fe80::1", false, false, false},
		{"224.0.0.1", false, false, false},
		{"ff02::1", false, false, false},
		{"0.0.0.0", false, false, false},
		{"255.255.255.255", false, false, false},
	} {
		ip := netip.MustParseAddr(tc.addr)
		for name, got := range map[string][2]bool{
			"public": {public.signaledAllowed(ip), tc.public},
			"lan":    {lan.signaledAllowed(ip), tc.lan},
			"local":  {local.signaledAllowed(ip), tc.local},
		} {
			if got[0] != got[1] {
				t.Errorf("%s on a %s install: probed %v, want %v", tc.addr, name, got[0], got[1])
			}
		}
	}
	clean, _, _, err := (&Config{Limits: Limits{}.withDefaults()}).parseOffer(sampleOffer)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(clean, "169.254.169.254") {
		t.Error("the metadata service stays in the offer")
	}
}
