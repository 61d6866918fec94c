// Package bwe estimates how much one viewer's path carries, from the
// transport-wide feedback the viewer returns (draft-holmer-rmcat-transport-
// wide-cc-extensions-01), and plans the probes that find out whether it
// carries more. Without such feedback it falls back on REMB and on the loss
// of receiver reports.
//
// Time comes in as arguments. Nothing is allocated after New.
package bwe

import (
	"time"

	"github.com/pion/rtcp"
)

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
	Normal Usage = iota
	Underuse
	Overuse
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
	Estimate, Delay, Loss, REMB, Acked int // bits per second
	LossRatio                          float64
	RTT                                time.Duration
	Usage                              Usage
	Limited                            bool // by the application: less is sent than may be
}

// Estimator serves one transport. Not safe for concurrent use.
type Estimator struct {
	c   Config
	est int
}

// New makes an estimator.
func New(c Config) *Estimator { return &Estimator{c: c, est: c.Start} }

// OnSent notes a packet leaving with the transport-wide sequence number seq
// and size bytes on the wire.
func (e *Estimator) OnSent(seq uint16, size int, now time.Time) {}

// OnFeedback takes one feedback packet. Malformed or stale ones are ignored.
func (e *Estimator) OnFeedback(fb *rtcp.TransportLayerCC, now time.Time) {}

// OnReceiverReport takes the loss (0 to 1) and round trip of a receiver report
// (rtt 0 if unknown). The loss is used only while no transport-wide feedback
// comes.
func (e *Estimator) OnReceiverReport(loss float64, rtt time.Duration, now time.Time) {}

// OnREMB takes the receiver's own estimate. It is a ceiling while no
// transport-wide feedback comes.
func (e *Estimator) OnREMB(bitrate int, now time.Time) {}

// SetDesired tells how much all wanted layers would take together. Probes do
// not go beyond twice that, and none is planned when the estimate covers it.
func (e *Estimator) SetDesired(bitrate int, now time.Time) {}

// RequestProbe asks for a probe up to rate soon: the allocator wants to try a
// layer.
func (e *Estimator) RequestProbe(rate int, now time.Time) {}

// Probe gives the burst to begin now, if one is due. Call it every 10 to 50 ms.
func (e *Estimator) Probe(now time.Time) (Probe, bool) { return Probe{}, false }

// Estimate is the rate to stay under, in bits per second, audio and
// retransmissions included.
func (e *Estimator) Estimate() int { return e.est }

// Snapshot is the state for statistics.
func (e *Estimator) Snapshot() Snapshot { return Snapshot{Estimate: e.est} }
