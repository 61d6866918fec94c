package bwe

import (
	"math"
	"time"
)

// The delay detector follows draft-ietf-rmcat-gcc section 5 with the trendline
// filter that replaced its Kalman filter in practice: packets sent within
// groupSpan count as one group; the delay each group gained on the one before
// is accumulated and smoothed; the slope of that over the last trendSize groups,
// scaled, is compared with an adaptive threshold. A standing queue has no slope,
// so the queueing delay itself is watched too.
const (
	groupSpan     = 5 * time.Millisecond
	trendSize     = 20
	smoothing     = 0.9
	trendGain     = 4.0
	trendCap      = 60 // groups after which the slope counts in full
	overuseTime   = 10 // ms a slope must last
	thresholdMin  = 6.0
	thresholdMax  = 600.0
	thresholdUp   = 0.0087
	thresholdDown = 0.039
	standingQueue = 200 * time.Millisecond
	confirmQueue  = 12 * time.Millisecond // less is jitter, whatever the slope
	baseEpoch     = 10 * time.Second      // the least delay is of the last one or two
	recentGroups  = 5                     // a queue is what all of them waited in; less is jitter
	stallReset    = 2 * time.Second       // a gap in sending makes slopes meaningless
)

type group struct {
	first, last, arrived time.Duration // sent first and last, arrived last
	delay                time.Duration // least one-way delay in it
	some                 bool
}

type detector struct {
	usage           Usage
	current, before group

	accumulated, smoothed float64 // ms
	x, y                  [trendSize]float64
	n, groups             int
	origin                time.Duration
	threshold, slope      float64
	overMs                float64
	overs                 int

	base, baseNext time.Duration // least one-way delay, of this epoch and of the last two
	epoch          time.Duration
	recent         [recentGroups]time.Duration
	at             int
	queue          time.Duration // least of the recent groups'
	based          bool
}

// add takes one received packet, in the order of sending.
func (d *detector) add(sentAt, arrivedAt time.Duration) {
	d.leastDelay(sentAt, arrivedAt)
	g := &d.current
	switch {
	case !g.some:
		*g = newGroup(sentAt, arrivedAt)
		return
	case sentAt < g.first:
		return // reordered at the sender's side
	case sentAt-g.first <= groupSpan:
		g.last = max(g.last, sentAt)
		g.arrived = max(g.arrived, arrivedAt)
		g.delay = min(g.delay, arrivedAt-sentAt)
		return
	}
	d.measureQueue(g.delay)
	if d.before.some {
		d.gained(&d.before, g)
	}
	d.before = *g
	*g = newGroup(sentAt, arrivedAt)
}

func (d *detector) measureQueue(delay time.Duration) {
	d.recent[d.at%recentGroups] = delay
	d.at++
	least := delay
	for _, v := range d.recent[:min(d.at, recentGroups)] {
		least = min(least, v)
	}
	d.queue = max(0, least-d.base)
}

func newGroup(sentAt, arrivedAt time.Duration) group {
	return group{first: sentAt, last: sentAt, arrived: arrivedAt, delay: arrivedAt - sentAt, some: true}
}

// leastDelay keeps the delay of an empty queue: the least of the present epoch
// and the last, so that a route that got longer is forgotten in time.
func (d *detector) leastDelay(sentAt, arrivedAt time.Duration) {
	delay := arrivedAt - sentAt
	if !d.based {
		d.based, d.base, d.baseNext, d.epoch = true, delay, delay, sentAt
	}
	if sentAt-d.epoch > baseEpoch {
		d.base, d.baseNext, d.epoch = d.baseNext, delay, sentAt
	}
	d.baseNext = min(d.baseNext, delay)
	d.base = min(d.base, delay)
}

// gained takes the delay group b gained on group a.
func (d *detector) gained(a, b *group) {
	sentMs := ms(b.last - a.last)
	arrivedMs := ms(b.arrived - a.arrived)
	if b.first-a.last > stallReset || arrivedMs < 0 || arrivedMs > ms(stallReset)+sentMs {
		d.forget()
		return
	}
	d.groups = min(d.groups+1, 1000)
	if d.groups == 1 {
		d.origin = b.arrived
	}
	d.accumulated += arrivedMs - sentMs
	d.smoothed = smoothing*d.smoothed + (1-smoothing)*d.accumulated
	copy(d.x[:], d.x[1:])
	copy(d.y[:], d.y[1:])
	d.x[trendSize-1], d.y[trendSize-1] = ms(b.arrived-d.origin), d.smoothed
	if d.n = min(d.n+1, trendSize); d.n == trendSize {
		d.judge(fit(&d.x, &d.y), sentMs, arrivedMs)
	}
}

func (d *detector) forget() {
	d.n, d.groups, d.accumulated, d.smoothed, d.slope = 0, 0, 0, 0, 0
	d.overMs, d.overs, d.usage = 0, 0, Normal
}

// judge compares the slope with the threshold, and adapts it.
func (d *detector) judge(slope, sentMs, arrivedMs float64) {
	trend := float64(min(d.groups, trendCap)) * slope * trendGain
	switch {
	case trend > d.threshold:
		d.overMs += sentMs
		d.overs++
		if d.overMs > overuseTime && d.overs > 1 && slope >= d.slope && d.queue > confirmQueue {
			d.usage, d.overMs, d.overs = Overuse, 0, 0
		}
	case trend < -d.threshold:
		d.usage, d.overMs, d.overs = Underuse, 0, 0
	default:
		d.usage, d.overMs, d.overs = Normal, 0, 0
	}
	if d.queue > standingQueue && d.usage == Normal {
		d.usage = Overuse
	}
	d.slope = slope
	d.adapt(math.Abs(trend), arrivedMs)
}

func (d *detector) adapt(trend, elapsedMs float64) {
	if trend > d.threshold+15 {
		return // one spike must not raise it
	}
	k := thresholdUp
	if trend < d.threshold {
		k = thresholdDown
	}
	d.threshold += k * (trend - d.threshold) * min(100, elapsedMs)
	d.threshold = min(thresholdMax, max(thresholdMin, d.threshold))
}

// fit is the slope of the least-squares line.
func fit(x, y *[trendSize]float64) float64 {
	var sx, sy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
	}
	mx, my := sx/trendSize, sy/trendSize
	var num, den float64
	for i := range x {
		num += (x[i] - mx) * (y[i] - my)
		den += (x[i] - mx) * (x[i] - mx)
	}
	if den == 0 {
		return 0
	}
	return num / den
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
