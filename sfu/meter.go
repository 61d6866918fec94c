package sfu

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// bucket is a token bucket over bytes and packets: what one publisher's track
// may cost. It belongs to one goroutine.
type bucket struct {
	bytesPerSec, packetsPerSec float64
	bytes, packets             float64
	at                         time.Time
}

// newBucket allows two seconds of the rate as a burst: a key frame of every
// layer at once is not an attack.
func newBucket(bytesPerSec, packetsPerSec int) bucket {
	return bucket{
		bytesPerSec: float64(bytesPerSec), packetsPerSec: float64(packetsPerSec),
		bytes: 2 * float64(bytesPerSec), packets: 2 * float64(packetsPerSec),
	}
}

func (b *bucket) allow(n int, now time.Time) bool {
	if !b.at.IsZero() {
		if d := now.Sub(b.at).Seconds(); d > 0 {
			b.bytes = min(2*b.bytesPerSec, b.bytes+d*b.bytesPerSec)
			b.packets = min(2*b.packetsPerSec, b.packets+d*b.packetsPerSec)
		}
	}
	b.at = now
	if b.bytes < float64(n) || b.packets < 1 {
		return false
	}
	b.bytes -= float64(n)
	b.packets--
	return true
}

// meter turns a byte counter into a rate, smoothed over about a second. tick
// belongs to one goroutine, the rest may be read by any.
type meter struct {
	clock uint32 // RTP clock rate of the stream, in Hz
	last  uint64
	at    time.Time
	bps   atomic.Int64
	best  atomic.Int64 // highest rate of late: what the layer costs when it runs
}

func (m *meter) tick(total uint64, now time.Time) {
	if m.at.IsZero() {
		m.last, m.at = total, now
		return
	}
	d := now.Sub(m.at)
	if d < 400*time.Millisecond {
		return
	}
	bps := float64(total-m.last) * 8 / d.Seconds()
	m.last, m.at = total, now
	old := float64(m.bps.Load())
	if old > 0 && bps > 0 {
		bps = old + 0.5*(bps-old)
	}
	m.bps.Store(int64(bps))
	// The remembered cost sinks slowly, so that a still picture does not make
	// a layer look free, and is kept while the layer is off.
	if best := m.best.Load(); bps > float64(best) {
		m.best.Store(int64(bps))
	} else if bps > 0 {
		m.best.Store(int64(float64(best)*0.97 + bps*0.03))
	}
}

// receiverStats are what a receiver report needs (RFC 3550 §6.4.1, A.1, A.8).
// update belongs to the RTP goroutine; report to conn.tick.
type receiverStats struct {
	started  bool
	base     uint32
	highest  uint32 // extended
	transit  int64
	jitter   float64
	prevRecv uint64
	prevExp  uint64

	extended, first atomic.Uint32
	received        atomic.Uint64
	jitterTicks     atomic.Uint32
}

func (r *receiverStats) update(p *packet, clock uint32, at time.Duration) {
	if !r.started {
		r.started = true
		r.base, r.highest = uint32(p.seq), uint32(p.seq)
		r.first.Store(r.base)
	} else if d := int16(p.seq - uint16(r.highest)); d > 0 {
		r.highest += uint32(d)
	}
	r.extended.Store(r.highest)
	r.received.Add(1)
	if clock == 0 {
		return
	}
	arrival := int64(at/time.Microsecond) * int64(clock) / 1e6
	transit := arrival - int64(p.ts)
	if r.transit != 0 {
		if d := int64(int32(transit - r.transit)); d < int64(clock) && d > -int64(clock) {
			r.jitter += (math.Abs(float64(d)) - r.jitter) / 16
		}
	}
	r.transit = transit
	r.jitterTicks.Store(uint32(r.jitter))
}

// block makes the report of this stream since the last one.
func (r *receiverStats) block(ssrc uint32) (rtcp.ReceptionReport, bool) {
	received := r.received.Load()
	if received == 0 {
		return rtcp.ReceptionReport{}, false
	}
	extended := r.extended.Load()
	expected := uint64(extended-r.first.Load()) + 1
	var fraction uint8
	exp, got := expected-r.prevExp, received-r.prevRecv
	if exp > 0 && exp > got {
		fraction = uint8(min(255, (exp-got)*256/exp))
	}
	r.prevExp, r.prevRecv = expected, received
	lost := uint32(0)
	if expected > received {
		lost = uint32(min(expected-received, 0x7fffff))
	}
	return rtcp.ReceptionReport{
		SSRC: ssrc, FractionLost: fraction, TotalLost: lost,
		LastSequenceNumber: extended, Jitter: r.jitterTicks.Load(),
	}, true
}

// senderReport is the newest report of a publisher's stream.
type senderReport struct {
	ntp uint64
	rtp uint32
	at  time.Time // its arrival
}

// ntpTime is a wall clock time as NTP's 32.32 seconds since 1900.
func ntpTime(t time.Time) uint64 {
	const epoch = 2208988800
	return uint64(t.Unix()+epoch)<<32 | uint64(t.Nanosecond())<<32/1e9
}
