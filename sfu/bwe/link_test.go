package bwe

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// link is a bottleneck in virtual time: packets wait for their turn at the
// rate, up to a queue limit, then take the propagation delay and some jitter.
type link struct {
	rate   int // bits per second
	queue  time.Duration
	delay  time.Duration
	jitter time.Duration
	loss   float64
	busy   time.Duration // until when
	last   time.Duration // arrival
	rnd    *rand.Rand
}

func (l *link) send(at time.Duration, size int) (arrive time.Duration, ok bool) {
	if l.rnd.Float64() < l.loss {
		return 0, false
	}
	l.busy = max(l.busy, at)
	if l.busy-at > l.queue {
		return 0, false
	}
	l.busy += time.Duration(int64(size) * 8 * int64(time.Second) / int64(l.rate))
	arrive = l.busy + l.delay
	if l.jitter > 0 {
		arrive += time.Duration(l.rnd.ExpFloat64() * float64(l.jitter))
	}
	l.last = max(l.last, arrive)
	return l.last, true
}

type arrival struct {
	seq uint16
	at  time.Duration
}

// simulation runs a sender, the link, and a receiver that returns feedback.
type simulation struct {
	*Estimator
	path     link
	now      time.Duration
	seq      uint16
	flying   []arrival
	reported uint16
	returns  []returned
	debt     float64 // bytes owed by the pacer
	media    func(estimate int) int
	probe    int // bits per second until probeEnd
	probeEnd time.Duration
	every    time.Duration
	nextFB   time.Duration
	probes   int
	over     time.Duration // longest queue seen
}

type returned struct {
	at time.Duration
	fb *rtcp.TransportLayerCC
}

var origin = time.Unix(1_700_000_000, 0)

func simulate(rate int) *simulation {
	s := &simulation{
		Estimator: New(Config{}),
		path:      link{rate: rate, queue: 300 * time.Millisecond, delay: 25 * time.Millisecond, jitter: time.Millisecond, rnd: rand.New(rand.NewPCG(1, 2))},
		media:     func(e int) int { return min(e, 6_000_000) },
		every:     50 * time.Millisecond, seq: 65000, reported: 65000,
	}
	s.SetDesired(6_000_000, origin)
	return s
}

// run goes on for d, calling each (if not nil) after every 5 ms step.
func (s *simulation) run(d time.Duration, each func()) {
	for end := s.now + d; s.now < end; s.now += 5 * time.Millisecond {
		wall := origin.Add(s.now)
		if p, ok := s.Probe(wall); ok {
			s.probe, s.probeEnd = p.Rate, s.now+p.Duration
			s.probes++
		}
		rate := s.media(s.Estimate())
		if s.now < s.probeEnd {
			rate = max(rate, s.probe)
		}
		for s.debt += float64(rate) / 8 * 0.005; s.debt >= 1200; s.debt -= 1200 {
			s.OnSent(s.seq, 1200, wall)
			if at, ok := s.path.send(s.now, 1200); ok {
				s.flying = append(s.flying, arrival{s.seq, at})
			}
			s.seq++
		}
		s.over = max(s.over, s.path.busy-s.now)
		if s.now >= s.nextFB {
			s.nextFB = s.now + s.every
			s.report()
		}
		for len(s.returns) > 0 && s.returns[0].at <= s.now {
			s.OnFeedback(s.returns[0].fb, wall)
			s.returns = s.returns[1:]
		}
		if each != nil {
			each()
		}
	}
}

func (s *simulation) report() {
	var got []arrival
	s.flying = slices.DeleteFunc(s.flying, func(a arrival) bool {
		if a.at <= s.now {
			got = append(got, a)
			return true
		}
		return false
	})
	if len(got) == 0 {
		return
	}
	s.returns = append(s.returns, returned{s.now + s.path.delay, feedback(s.reported, got)})
	s.reported = got[len(got)-1].seq + 1
}

// feedback builds the packet a receiver would send for what arrived, from base.
func feedback(base uint16, got []arrival) *rtcp.TransportLayerCC {
	fb := &rtcp.TransportLayerCC{BaseSequenceNumber: base}
	clock := got[0].at / (64 * time.Millisecond)
	fb.ReferenceTime = uint32(clock) & (1<<24 - 1)
	clock *= 64 * time.Millisecond
	next := base
	symbols := []uint16{}
	for _, a := range got {
		for ; next != a.seq; next++ {
			symbols = append(symbols, rtcp.TypeTCCPacketNotReceived)
		}
		next++
		d := (a.at - clock) / (250 * time.Microsecond)
		clock += d * 250 * time.Microsecond
		kind := rtcp.TypeTCCPacketReceivedSmallDelta
		if d < 0 || d > 255 {
			kind = rtcp.TypeTCCPacketReceivedLargeDelta
		}
		symbols = append(symbols, kind)
		fb.RecvDeltas = append(fb.RecvDeltas, &rtcp.RecvDelta{Type: kind, Delta: int64(d) * 250})
	}
	fb.PacketStatusCount = uint16(len(symbols))
	for c := range slices.Chunk(symbols, 7) {
		fb.PacketChunks = append(fb.PacketChunks, &rtcp.StatusVectorChunk{SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit, SymbolList: c})
	}
	return fb
}

// reaches runs until the estimate satisfies ok, at most for d, and says when.
func (s *simulation) reaches(t *testing.T, d time.Duration, what string, ok func(est int) bool) time.Duration {
	t.Helper()
	start, took := s.now, time.Duration(-1)
	for s.now-start < d && took < 0 {
		s.run(5*time.Millisecond, nil)
		if ok(s.Estimate()) {
			took = s.now - start
		}
	}
	if took < 0 {
		t.Fatalf("%s not within %v: estimate %d, %+v", what, d, s.Estimate(), s.Snapshot())
	}
	t.Logf("%s after %v", what, took)
	return took
}
