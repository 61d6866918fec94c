package bwe

import (
	"math"
	"time"
)

const (
	backoff       = 0.85 // of what arrives, on overuse
	growPerSecond = 0.08
	packetBits    = 1200 * 8
	limitedBelow  = 0.65        // of the estimate is sent: limited by the application
	limitedAbove  = 0.85        // is sent: no longer; the estimate grows only above
	limitedFor    = time.Second // a state this old is not the echo of a change of rate
	silence       = time.Second
)

// capacity remembers at what rates the path overflowed lately.
type capacity struct{ mean, deviation float64 }

func (c *capacity) forget() { *c = capacity{} }

func (c *capacity) add(rate float64) {
	if c.mean == 0 {
		c.mean, c.deviation = rate, 0.1*rate
		return
	}
	diff := rate - c.mean
	c.mean += 0.05 * diff
	c.deviation += 0.05 * (math.Abs(diff) - c.deviation)
}

// near tells whether rate is about where the path overflowed.
func (c *capacity) near(rate float64) bool {
	return c.mean > 0 && math.Abs(rate-c.mean) <= 3*max(c.deviation, 0.03*c.mean)
}

// control moves the estimate by the state of the path: down to what arrives on
// overuse, unchanged while a queue drains, and up while all is well and what is
// allowed is really sent. Nothing is learned about a path hardly used, so the
// estimate neither grows nor decays then; probes tell.
func (e *Estimator) control(at time.Duration) {
	acked := e.acked.rate(rateWindow)
	e.limit(at)
	dt := min(at-e.lastControl, 200*time.Millisecond)
	e.lastControl = at
	switch e.delay.usage {
	case Overuse:
		e.decrease(at)
	case Normal:
		if acked == 0 || e.share < limitedAbove || at < e.calm || dt <= 0 {
			return
		}
		if e.capacity.mean > 0 && float64(acked) > e.capacity.mean+3*max(e.capacity.deviation, 0.03*e.capacity.mean) {
			e.capacity.forget()
		}
		grown := float64(e.rate)
		if e.capacity.near(float64(acked)) {
			grown += packetBits * dt.Seconds() / (e.rtt + 100*time.Millisecond).Seconds()
		} else {
			grown += max(1000*dt.Seconds(), grown*growPerSecond*dt.Seconds())
		}
		e.set(int(grown))
	}
}

// decrease goes below what the path delivers, so that its queue drains. It
// waits for the effect of one decrease before the next.
func (e *Estimator) decrease(at time.Duration) {
	if at < e.nextDecrease || at < e.excused && e.delay.queue < 2*standingQueue {
		return
	}
	acked := e.acked.rate(rateWindow / 2)
	if acked == 0 {
		return
	}
	e.nextDecrease = at + min(300*time.Millisecond, max(100*time.Millisecond, e.rtt))
	to := max(int(backoff*float64(acked)), e.blameless(at, acked))
	if to >= e.rate {
		return
	}
	if e.rate > to*3/2 { // a real drop: look soon whether it was passing
		e.capacity.forget()
		e.probeWait = probeMin
		e.nextProbe = at + probeMin
	}
	e.capacity.add(float64(acked))
	e.calm = at + e.rtt + 300*time.Millisecond
	e.followUp = false
	e.set(to)
}

// blameless is how low an overuse may bring the estimate when far less is sent
// than it allows and what is sent arrives: the queue is then not of our making
// (a busy device, somebody else's traffic), and what little was sent is no
// measure of the path. Were the path really that narrow, less would arrive than
// was sent. It is 0 when the overuse is ours.
func (e *Estimator) blameless(at time.Duration, acked int) int {
	sent := e.sending.rate(rateWindow)
	if !e.limited || at-max(e.limitedAt, e.lastProbed) < limitedFor || acked < sent*8/10 || e.delay.queue > 2*standingQueue {
		return 0
	}
	return max(acked*3/2, int(backoff*float64(e.rate)))
}

// limit finds out whether the application sends less than it may.
func (e *Estimator) limit(at time.Duration) {
	e.sending.advance(int64(at / bucketTime))
	e.share = float64(e.sending.rate(rateWindow)) / float64(e.rate)
	switch {
	case e.share < limitedBelow:
		if !e.limited {
			e.limited, e.limitedAt = true, at
		}
	case e.share > limitedAbove:
		e.limited = false
	}
}

// watch notices that feedback stopped although packets are sent: the path is
// probably gone, and what comes after must start low.
func (e *Estimator) watch(at time.Duration) {
	patience := max(silence, 3*e.rtt)
	if !e.twcc || e.lastSent <= e.lastFeedback || at-e.lastFeedback < patience || at < e.nextSilence {
		return
	}
	if e.lastSent-e.lastFeedback < patience/2 {
		return // nothing much was sent that could be acknowledged
	}
	e.silent = true
	e.nextSilence = at + silence/2
	e.calm = at + silence/2
	e.set(e.rate * 7 / 10)
}

func (e *Estimator) set(rate int) { e.rate = min(e.c.Max, max(e.c.Min, rate)) }

func (e *Estimator) smoothRTT(rtt time.Duration) {
	if e.rtt == 0 {
		e.rtt = rtt
		return
	}
	e.rtt += (rtt - e.rtt) / 8
}
