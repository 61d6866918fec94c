// Package bwe estimates how much one viewer's path carries, from the
// transport-wide feedback the viewer returns (draft-holmer-rmcat-transport-
// wide-cc-extensions-01), and plans the probes that find out whether it
// carries more. Without such feedback it falls back on REMB and on the loss
// of receiver reports.
//
// Time comes in as arguments. Nothing is allocated after New.
package bwe

import "time"

// Config bounds an Estimator. Rates are bits per second; zero takes the
// default.
type Config struct {
	Start int // before any feedback; 1,000,000
	Min   int // never below; 100,000
	Max   int // never above; 20,000,000
}

// Usage is what the delay gradient says of the path.
type Usage uint8

// The three states of the path.
const (
	Normal   Usage = iota
	Underuse       // a queue drains
	Overuse        // a queue builds up, or stands
)

// Probe is a burst to send: enough padding or retransmissions that, media
// included, Rate is reached for Duration. Everything sent between the call
// and its end counts as the probe; nothing has to be marked.
type Probe struct {
	Rate     int // bits per second
	Duration time.Duration
}

// Bytes is how much the whole probe amounts to.
func (p Probe) Bytes() int { return int(int64(p.Rate) * int64(p.Duration) / int64(8*time.Second)) }

// Snapshot is the estimator's state for statistics.
type Snapshot struct {
	Estimate, Acked, REMB int     // bits per second; 0 unknown
	Loss                  float64 // of the last window, 0 to 1
	Inherent              float64 // part of it put down to the path
	RTT, Queue            time.Duration
	Usage                 Usage
	Limited               bool // by the application: less is sent than may be
	Feedback              bool // transport-wide feedback comes
}

// Estimator serves one transport. Not safe for concurrent use.
type Estimator struct {
	c    Config
	rate int
	t0   time.Time

	sent      history
	sending   meter // by time sent
	acked     meter // by time received
	delay     detector
	loss      lossMeter
	batch     batch
	share     float64 // of the estimate that is sent
	limited   bool
	limitedAt time.Duration // since when
	rtt       time.Duration

	twcc          bool
	referenced    bool
	lastReference int64
	lastFeedback  time.Duration
	lastSent      time.Duration
	nextSilence   time.Duration
	silent        bool // packets leave, no feedback comes

	capacity     capacity
	lastControl  time.Duration
	nextDecrease time.Duration
	calm         time.Duration // no growth and no probe before
	excused      time.Duration // until then a queue is our own probe's

	cluster    cluster
	nextProbe  time.Duration
	probeWait  time.Duration
	lastProbed time.Duration
	followUp   bool
	requested  int
	desired    int
	desires    bool

	remb       int
	rembAt     time.Duration
	lastReport time.Duration
}

// New makes an estimator.
func New(c Config) *Estimator {
	if c.Start <= 0 {
		c.Start = 1_000_000
	}
	if c.Min <= 0 {
		c.Min = 100_000
	}
	if c.Max <= 0 {
		c.Max = 20_000_000
	}
	e := &Estimator{c: c, probeWait: probeMin, nextProbe: probeFirst}
	e.delay.threshold = 12.5
	e.set(c.Start)
	return e
}

// clock gives now as the time since the first call, never negative.
func (e *Estimator) clock(now time.Time) time.Duration {
	if e.t0.IsZero() {
		e.t0 = now
	}
	return max(0, now.Sub(e.t0))
}

// OnSent notes a packet leaving with the transport-wide sequence number seq
// and size bytes on the wire.
func (e *Estimator) OnSent(seq uint16, size int, now time.Time) {
	at := e.clock(now)
	if size < 0 || size > 1<<16 {
		return
	}
	p := sent{at: at, size: int32(size)}
	c := &e.cluster
	probing := c.open && at >= c.start && at < c.end // sent packets may be told late, in batches
	if probing {
		p.probe = c.id
	}
	e.sent.add(seq, p)
	if probing {
		c.leave(at, size, e.sent.extend(seq))
	}
	e.sending.add(at, size)
	e.lastSent = at
}

// Estimate is the rate to stay under, in bits per second, audio and
// retransmissions included.
func (e *Estimator) Estimate() int {
	if !e.twcc && e.remb > 0 {
		return min(e.rate, max(e.c.Min, e.remb))
	}
	return e.rate
}

// Snapshot is the state for statistics.
func (e *Estimator) Snapshot() Snapshot {
	return Snapshot{
		Estimate: e.Estimate(), Acked: e.acked.rate(rateWindow), REMB: e.remb,
		Loss: e.loss.ratio, Inherent: e.loss.inherent, RTT: e.rtt, Queue: e.delay.queue,
		Usage: e.delay.usage, Limited: e.limited, Feedback: e.twcc,
	}
}
