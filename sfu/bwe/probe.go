package bwe

import "time"

// Probing: at the start, then whenever more is wanted than the estimate allows.
// A probe that shows room is followed at once by one twice as high; one that
// does not makes the next wait twice as long.
const (
	probeFirst    = 100 * time.Millisecond
	probeMin      = 2 * time.Second
	probeMax      = 10 * time.Second
	probeBytes    = 16_000 // enough packets to measure a rate
	probeShortest = 80 * time.Millisecond
	probeLongest  = 200 * time.Millisecond
	probePackets  = 5
	probeReserve  = 1.2 // of the desired rate
)

// cluster is the probe under way or just sent.
type cluster struct {
	id          uint8
	open        bool // its result is awaited
	rate        int
	start, end  time.Duration
	lastExt     uint64
	sentPackets int
	sentBytes   int
	sentFirst   time.Duration
	sentLast    time.Duration
	lastSize    int
	packets     int
	bytes       int
	first, last time.Duration
	firstSize   int
}

func (c *cluster) leave(at time.Duration, size int, ext uint64) {
	if c.sentPackets == 0 {
		c.sentFirst = at
	}
	c.sentPackets++
	c.sentBytes += size
	c.sentLast, c.lastSize, c.lastExt = at, size, ext
}

func (c *cluster) arrive(at time.Duration, size int) {
	if c.packets == 0 || at < c.first {
		c.first, c.firstSize = at, size
	}
	c.last = max(c.last, at)
	c.packets++
	c.bytes += size
}

// result is the rate the path carried; reached when it was all that was sent.
func (c *cluster) result() (rate int, reached, ok bool) {
	sentFor, arrivedFor := c.sentLast-c.sentFirst, c.last-c.first
	if c.packets < probePackets || c.packets*10 < c.sentPackets*8 ||
		sentFor < time.Millisecond || arrivedFor < time.Millisecond {
		return 0, false, false
	}
	out := perSecond(c.sentBytes-c.lastSize, sentFor)
	in := perSecond(c.bytes-c.firstSize, arrivedFor)
	if in > 2*out {
		return 0, false, false // the path held packets back and let them go at once
	}
	if in < out*9/10 {
		return in * 95 / 100, false, true
	}
	return min(in, out), true, true
}

func perSecond(bytes int, d time.Duration) int {
	return int(int64(bytes) * 8 * int64(time.Second) / int64(d))
}

// SetDesired tells how much all wanted layers would take together, in bits per
// second. Probes do not go beyond it by more than a fifth, and none is planned
// when the estimate covers it.
func (e *Estimator) SetDesired(bitrate int, now time.Time) {
	if e.desired > 0 && bitrate > e.desired*5/4 {
		e.soon(e.clock(now)) // a tile grew
	}
	e.desired, e.desires = bitrate, true
}

// RequestProbe asks that the next probe reaches rate: the allocator wants to
// try a layer. It may be asked again and again; the time between probes stays
// as failures made it.
func (e *Estimator) RequestProbe(rate int, now time.Time) {
	if rate > e.rate && (e.requested == 0 || rate > e.requested) {
		e.requested = rate
	}
}

// soon forgets failures of the past and lets the next probe come at once.
func (e *Estimator) soon(at time.Duration) {
	e.probeWait = probeMin
	e.nextProbe = min(e.nextProbe, at)
}

// Probe gives the burst to begin now, if one is due, and keeps time for the
// estimator: call it every 10 to 50 ms.
func (e *Estimator) Probe(now time.Time) (Probe, bool) {
	at := e.clock(now)
	e.watch(at)
	e.finishProbe(at)
	if e.cluster.open || !e.sent.started {
		return Probe{}, false
	}
	target := e.probeTarget(at)
	if target < e.rate*11/10 {
		return Probe{}, false
	}
	p := Probe{Rate: target, Duration: time.Duration(int64(probeBytes) * 8 * int64(time.Second) / int64(target))}
	p.Duration = min(probeLongest, max(probeShortest, p.Duration))
	e.requested = 0
	e.nextProbe = at + e.probeWait
	e.excused = at + p.Duration + e.rtt + 300*time.Millisecond
	id := e.cluster.id + 1
	if id == 0 {
		id = 1
	}
	e.cluster = cluster{id: id, open: true, rate: target, start: at, end: at + p.Duration}
	return p, true
}

// probeTarget is the rate worth probing now, 0 for none.
func (e *Estimator) probeTarget(at time.Duration) int {
	if !e.twcc || e.silent || e.delay.usage == Overuse || e.delay.queue > standingQueue/4 || at < e.calm {
		return 0
	}
	limit := e.c.Max
	if e.desires {
		limit = min(limit, int(probeReserve*float64(e.desired)))
	}
	switch {
	case e.followUp:
		e.followUp = false
		return min(limit, 2*e.rate)
	case at >= e.nextProbe:
		return min(max(limit, e.requested), max(2*e.rate, e.requested))
	}
	return 0
}

// finishProbe judges the probe once feedback has passed its last packet, or
// should have.
func (e *Estimator) finishProbe(at time.Duration) {
	c := &e.cluster
	if !c.open || at < c.end {
		return
	}
	last := e.sent.get(c.lastExt)
	passed := c.sentPackets > 0 && last != nil && (last.acked || last.lost)
	if !passed && at < c.end+e.rtt+500*time.Millisecond {
		return
	}
	c.open, e.lastProbed = false, at
	rate, reached, ok := c.result()
	switch {
	case ok && rate > e.rate && e.delay.usage != Overuse:
		e.set(rate)
		e.capacity.forget()
		e.probeWait = probeMin
		e.nextProbe = at + probeMin
		e.followUp = reached && rate >= c.rate*7/10
	default:
		e.probeWait = min(2*e.probeWait, probeMax)
		e.nextProbe = at + e.probeWait
	}
}
