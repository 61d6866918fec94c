package capture

import (
	"sync"
	"time"

	"mentara/sfu"
)

// Time. A person's device has a wall clock, and each of its streams timestamps
// that run at their own pace; sender reports tie the second to the first. What
// ties the wall clock to the recording is that nothing arrives before it was
// made: of the last half minute, the least of (arrival − wall clock) is the
// shortest way here, and taken as the difference of the clocks. All tracks of
// a person share it, so they stay in step with each other whatever the network
// does; and as each person's runs after the same recording, people stay in
// step as far as their shortest ways are equal.
//
// Before a stream's first report its own timestamps take the wall clock's
// place. All changes are slewed, so that sound keeps its pace. A stream whose
// timestamps jump begins anew where it arrives; a wall clock that is set
// another way begins another line, where the old one had come to.
const (
	second = time.Second

	floorSpan = 5 * second // of one of the stretches the least is kept for
	floors    = 6

	// Slew: 5 ms in a second are not heard. A line's first moments may be told
	// wrong by the jitter of a single packet, and are mended faster.
	slewShare  = 200
	youngShare = 20
	young      = 3 * second

	ahead    = 200 * time.Millisecond // sooner than possible: another line
	behind   = 1 * second             // later than that for lateFor: another line
	lateFor  = 2 * second
	hopeless = 10 * second            // later than that: another line at once
	sameWall = 500 * time.Millisecond // reports that agree so far are of one clock
	farOff   = 5 * time.Minute        // between a report and what it reports on

	soundRate = 48000
)

// Clock is how the wall clock of one person's device relates to a recording.
// The person's tracks share it. The zero value is ready.
type Clock struct {
	mu    sync.Mutex
	walls [4]*wall // newest use first
}

// wall is a wall clock as it was before or after it was set another way.
type wall struct{ floor }

// find returns the wall clock whose difference to the recording is about diff,
// a new one if there is none. The clock's lock is held.
func (c *Clock) find(diff, at time.Duration) *wall {
	for i, w := range c.walls {
		if w != nil && abs(w.least-diff) < sameWall {
			copy(c.walls[1:i+1], c.walls[:i])
			c.walls[0] = w
			return w
		}
	}
	w := &wall{}
	w.see(diff, at)
	copy(c.walls[1:], c.walls[:])
	c.walls[0] = w
	return w
}

// floor is the least value seen in the last half minute.
type floor struct {
	least time.Duration
	spans [floors]struct {
		number int64 // from 1
		least  time.Duration
	}
}

func (f *floor) see(v, at time.Duration) {
	n := int64(at/floorSpan) + 1
	s := &f.spans[n%floors]
	switch {
	case s.number != n:
		s.number, s.least = n, v
	case v < s.least:
		s.least = v
	default:
		return
	}
	f.least = v
	for _, s := range f.spans {
		if s.number > n-floors && s.number > 0 && s.number <= n {
			f.least = min(f.least, s.least)
		}
	}
}

// timing gives the packets of one track their moments.
type timing struct {
	clock   *Clock
	line    line
	lines   [4]line // of other streams, newest use first
	reports [8]report
	nextRep int
}

// report is a sender report of a stream no packet has come of.
type report struct {
	stream uint32
	ntp    time.Duration
	rtp    uint32
}

// line is the time line of one stream: axis(timestamp) + shift.
type line struct {
	stream uint32
	rate   int64
	last   int64 // newest timestamp, extended
	began  time.Duration

	// The axis: the timestamp ref is the moment refAt of the wall clock, or of
	// a wall clock of its own while wall is nil.
	ref   int64
	refAt time.Duration
	wall  *wall
	own   floor

	shift  time.Duration
	slewed time.Duration // when
	onTime time.Duration // when a packet last was not late
}

func (l *line) axis(t int64) time.Duration { return l.refAt + ticks(t-l.ref, l.rate) }

func (l *line) extend(ts uint32) int64 { return l.last + int64(int32(ts-uint32(l.last))) }

// at is the moment of a packet that arrived at the moment arrival.
func (g *timing) at(p *sfu.TapPacket, arrival time.Duration) time.Duration {
	l := &g.line
	if l.stream != p.Stream || l.rate != int64(p.ClockRate) {
		g.enter(p, arrival)
	}
	t := l.extend(p.Timestamp)
	if t > l.last || t < l.last-l.rate*2 {
		g.follow(t, arrival)
	}
	return max(0, min(l.axis(l.extend(p.Timestamp))+l.shift, arrival))
}

// enter goes over to the line of a stream, a new one if need be.
func (g *timing) enter(p *sfu.TapPacket, arrival time.Duration) {
	if g.line.stream != 0 {
		copy(g.lines[1:], g.lines[:])
		g.lines[0] = g.line
	}
	g.line = line{}
	for i := range g.lines {
		if o := &g.lines[i]; o.stream == p.Stream && o.rate == int64(p.ClockRate) {
			g.line = *o
			copy(g.lines[i:], g.lines[i+1:])
			g.lines[len(g.lines)-1] = line{}
			g.takeReport()
			return
		}
	}
	g.line = line{stream: p.Stream, rate: int64(p.ClockRate), last: int64(p.Timestamp)}
	g.start(arrival)
	if g.takeReport() {
		g.line.shift = g.target() // nothing was told yet: no need to slew
	}
}

// takeReport applies the report that came while the line was not in use.
func (g *timing) takeReport() bool {
	for i, r := range g.reports {
		if r.stream == g.line.stream {
			g.reports[i] = report{}
			g.apply(r)
			return true
		}
	}
	return false
}

// start lays the line so that its newest timestamp is the moment arrival.
func (g *timing) start(arrival time.Duration) {
	l := &g.line
	l.wall, l.own = nil, floor{}
	l.ref, l.refAt, l.shift = l.last, arrival, 0
	l.own.see(0, arrival)
	l.began, l.slewed, l.onTime = arrival, arrival, arrival
}

// follow takes in a timestamp newer than all before, or one of another line.
func (g *timing) follow(t int64, arrival time.Duration) {
	l := &g.line
	over := arrival - l.axis(t) - g.target()
	if over < behind {
		l.onTime = arrival
	}
	if over < -ahead || over > hopeless || arrival-l.onTime > lateFor {
		l.last = t
		g.start(arrival)
		return
	}
	if t < l.last {
		return
	}
	l.last = t
	g.see(arrival-l.axis(t), arrival)
	share := time.Duration(slewShare)
	if arrival-l.began < young {
		share = youngShare
	}
	most := max(0, arrival-l.slewed) / share
	l.slewed = arrival
	l.shift += max(-most, min(most, g.target()-l.shift))
}

func (g *timing) see(v, at time.Duration) {
	if w := g.line.wall; w != nil {
		g.clock.mu.Lock()
		w.see(v, at)
		g.clock.mu.Unlock()
		return
	}
	g.line.own.see(v, at)
}

// target is what shift should be.
func (g *timing) target() time.Duration {
	if w := g.line.wall; w != nil {
		g.clock.mu.Lock()
		defer g.clock.mu.Unlock()
		return w.least
	}
	return g.line.own.least
}

// report takes a sender report of a stream.
func (g *timing) report(stream uint32, ntp uint64, rtp uint32, arrival time.Duration) {
	r := report{stream: stream, rtp: rtp, ntp: time.Duration(ntp>>32)*second + time.Duration(ntp&0xffffffff*1e9>>32)}
	if stream == g.line.stream {
		g.apply(r)
		return
	}
	for i := range g.reports {
		if g.reports[i].stream == stream {
			g.reports[i] = r
			return
		}
	}
	g.reports[g.nextRep%len(g.reports)] = r
	g.nextRep++
}

// apply lays the axis of the line by a report. What has been told stays: the
// shift takes the difference up, and is slewed to where it should be.
func (g *timing) apply(r report) {
	l := &g.line
	at := l.extend(r.rtp)
	if away := ticks(at-l.last, l.rate); abs(away) > farOff {
		return
	}
	before := l.axis(l.last)
	expected := before + g.target()
	l.ref, l.refAt = at, r.ntp
	after := l.axis(l.last)
	l.shift += before - after
	g.clock.mu.Lock()
	l.wall = g.clock.find(expected-after, l.slewed)
	g.clock.mu.Unlock()
}

// ticks is n ticks of a clock as a duration. n is an extended timestamp's
// difference, so the product of its remainder is small.
func ticks(n, rate int64) time.Duration {
	return time.Duration(n/rate)*second + time.Duration(n%rate*int64(second)/rate)
}

func abs(d time.Duration) time.Duration { return max(d, -d) }
