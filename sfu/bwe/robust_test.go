package bwe

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestFallbackWithoutFeedback(t *testing.T) {
	e, now := New(Config{}), origin
	busy := func(d time.Duration) { // sends about the estimate
		for end := now.Add(d); now.Before(end); now = now.Add(10 * time.Millisecond) {
			e.OnSent(0, e.Estimate()/800, now)
		}
	}
	for range 20 {
		busy(time.Second)
		e.OnReceiverReport(0.3, 50*time.Millisecond, now)
	}
	if e.Estimate() > 150_000 {
		t.Errorf("%d at 30 %% loss", e.Estimate())
	}
	low := e.Estimate()
	for range 20 {
		busy(time.Second)
		e.OnReceiverReport(0.05, 0, now)
	}
	if e.Estimate() != low {
		t.Errorf("%d at 5 %% loss, want %d still", e.Estimate(), low)
	}
	for range 10 {
		busy(time.Second)
		e.OnReceiverReport(0, 0, now)
	}
	if e.Estimate() < low*2 {
		t.Errorf("%d after ten clean seconds from %d", e.Estimate(), low)
	}
	e.OnREMB(700_000, now)
	if e.Estimate() != 700_000 {
		t.Errorf("%d, REMB says 700000", e.Estimate())
	}
	busy(11 * time.Second)
	e.OnReceiverReport(0, 0, now)
	if e.Snapshot().REMB != 0 {
		t.Error("an old REMB still counts")
	}
	if _, ok := e.Probe(now); ok {
		t.Error("a probe nobody could report on")
	}
}

func TestTransportFeedbackOverrulesREMB(t *testing.T) {
	s := simulate(2_000_000)
	s.run(10*time.Second, nil)
	before := s.Estimate()
	s.OnREMB(150_000, origin.Add(s.now))
	s.OnReceiverReport(0.9, 0, origin.Add(s.now))
	if s.Estimate() != before {
		t.Errorf("%d, was %d", s.Estimate(), before)
	}
}

// TestPacketsToldLate: the caller may note sent packets in batches, after a
// probe has begun; those sent before it are not part of it.
func TestPacketsToldLate(t *testing.T) {
	s := simulate(50_000_000) // wide enough that no queue forbids the probe
	s.SetDesired(15_000_000, origin)
	s.run(time.Second, nil)
	s.set(5_000_000)
	p, ok := Probe{}, false
	now := origin.Add(s.now)
	for end := now.Add(10 * time.Second); !ok; now = now.Add(10 * time.Millisecond) {
		if p, ok = s.Probe(now); now.After(end) {
			t.Fatalf("no probe in ten seconds: %+v", s.Snapshot())
		}
	}
	for i := range uint16(50) {
		s.OnSent(s.seq+i, 1200, now.Add(-time.Second+time.Duration(i)*time.Millisecond))
	}
	if n := s.cluster.sentPackets; n != 0 {
		t.Errorf("%d packets from before the probe of %v count as sent in it", n, p)
	}
}

func TestProbeBytes(t *testing.T) {
	if n := (Probe{Rate: 800_000, Duration: 50 * time.Millisecond}).Bytes(); n != 5000 {
		t.Error(n)
	}
}

func TestRequestedProbeReachesItsRate(t *testing.T) {
	s := simulate(5_000_000)
	s.media = func(int) int { return 300_000 }
	s.SetDesired(300_000, origin)
	s.run(5*time.Second, nil)
	s.RequestProbe(2_500_000, origin.Add(s.now))
	s.reaches(t, 5*time.Second, "the requested rate", above(2_300_000))
}

// TestReferenceTimeWraps runs over the wrap of the 24-bit reference time,
// which comes every 12 days.
func TestReferenceTimeWraps(t *testing.T) {
	s := simulate(2_000_000)
	s.now = (1<<24)*64*time.Millisecond - 10*time.Second
	s.nextFB = s.now
	s.run(30*time.Second, nil)
	s.rate0(t, "over the wrap", 1_200_000, 2_400_000)
}

// FuzzOnFeedback lets arbitrary feedback follow arbitrary sending: the estimate
// stays in bounds and nothing panics.
func FuzzOnFeedback(f *testing.F) {
	good, err := feedback(0, []arrival{{0, 70 * time.Millisecond}, {2, 75 * time.Millisecond}, {9, 3 * time.Second}}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, uint16(0), uint8(20))
	run := rtcp.TransportLayerCC{
		Header:             rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
		BaseSequenceNumber: 65530, PacketStatusCount: 8191,
		PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{RunLength: 8191}},
	}
	if long, err := run.Marshal(); err == nil {
		f.Add(long, uint16(65530), uint8(200))
	}
	f.Add([]byte{0x8f, 0xcd, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0xff, 0xff, 0xff, 0, 0x20, 1, 0x80, 0}, uint16(1), uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, first uint16, count uint8) {
		e, now := New(Config{Min: 100_000, Max: 5_000_000}), origin
		for range 3 {
			for i := range uint16(count) {
				now = now.Add(time.Duration(raw0(raw, int(i))) * 100 * time.Microsecond)
				e.OnSent(first+i, int(raw0(raw, int(i)))*8, now)
			}
			var fb rtcp.TransportLayerCC
			if err := fb.Unmarshal(raw); err != nil {
				return
			}
			now = now.Add(30 * time.Millisecond)
			e.OnFeedback(&fb, now)
			e.Probe(now)
			first += uint16(count)
			fb.BaseSequenceNumber = first
			fb.ReferenceTime += uint32(count)
			e.OnFeedback(&fb, now)
			if r := e.Estimate(); r < 100_000 || r > 5_000_000 {
				t.Fatal(r)
			}
			if q := e.Snapshot(); q.Queue < 0 || q.Loss < 0 || q.Loss > 1 {
				t.Fatalf("%+v", q)
			}
		}
	})
}

func raw0(b []byte, i int) byte {
	if len(b) == 0 {
		return 0
	}
	return b[i%len(b)]
}

// TestHandMadeFeedback: structs no parser makes, but any caller can.
func TestHandMadeFeedback(t *testing.T) {
	e := New(Config{})
	e.OnFeedback(nil, origin)
	for i := range uint16(100) {
		e.OnSent(i, 1000, origin.Add(time.Duration(i)*time.Millisecond))
	}
	e.OnFeedback(&rtcp.TransportLayerCC{PacketStatusCount: 9, PacketChunks: []rtcp.PacketStatusChunk{
		nil, (*rtcp.RunLengthChunk)(nil), (*rtcp.StatusVectorChunk)(nil),
		&rtcp.RunLengthChunk{PacketStatusSymbol: 1, RunLength: 65535},
	}, RecvDeltas: []*rtcp.RecvDelta{{Delta: -1 << 62}, {Delta: 1 << 62}, nil}}, origin.Add(time.Second))
	e.OnSent(5, -1, origin)
	e.OnSent(5, 1<<30, origin.Add(-time.Hour))
	if r := e.Estimate(); r < 100_000 {
		t.Error(r)
	}
}

func TestNoAllocations(t *testing.T) {
	e, seq, now := New(Config{}), uint16(0), origin
	fb := feedback(0, []arrival{{0, 70 * time.Millisecond}, {1, 75 * time.Millisecond}, {3, 90 * time.Millisecond}})
	if n := testing.AllocsPerRun(2000, func() {
		now = now.Add(5 * time.Millisecond)
		e.OnSent(seq, 1200, now)
		fb.BaseSequenceNumber = seq - 4
		fb.ReferenceTime++
		e.OnFeedback(fb, now)
		e.Probe(now)
		seq++
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOnSent(b *testing.B) {
	e := New(Config{})
	b.ReportAllocs()
	for i := range b.N {
		e.OnSent(uint16(i), 1200, origin.Add(time.Duration(i)*time.Millisecond))
	}
}

// BenchmarkOnFeedback is per feedback packet of 50 received packets.
func BenchmarkOnFeedback(b *testing.B) {
	e, seq := New(Config{}), uint16(0)
	var got []arrival
	for i := range 50 {
		got = append(got, arrival{uint16(i), time.Duration(i) * time.Millisecond})
	}
	fb := feedback(0, got)
	b.ReportAllocs()
	for i := range b.N {
		now := origin.Add(time.Duration(i) * 64 * time.Millisecond)
		fb.BaseSequenceNumber = seq
		fb.ReferenceTime = uint32(i) & (1<<24 - 1)
		for j := range 50 {
			e.OnSent(seq, 1200, now.Add(time.Duration(j)*time.Millisecond))
			seq++
		}
		e.OnFeedback(fb, now.Add(60*time.Millisecond))
	}
}
