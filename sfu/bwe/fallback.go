package bwe

import "time"

// stale is how old a REMB may be and still be believed.
const stale = 10 * time.Second

// OnReceiverReport takes the loss (0 to 1) and round trip of a receiver report
// (rtt 0 if unknown). The loss moves the estimate only while no transport-wide
// feedback comes: up by 8 % a second below 2 %, down by half the loss above
// 10 % (draft-ietf-rmcat-gcc section 6).
func (e *Estimator) OnReceiverReport(loss float64, rtt time.Duration, now time.Time) {
	at := e.clock(now)
	if rtt > 0 {
		e.smoothRTT(rtt)
	}
	if e.remb > 0 && at-e.rembAt > stale {
		e.remb = 0
	}
	if e.twcc || !(loss >= 0 && loss <= 1) {
		return
	}
	dt := min(at-e.lastReport, 2*time.Second)
	e.loss.ratio = loss
	e.loss.smoothed += 0.3 * (loss - e.loss.smoothed)
	switch {
	case loss > 0.10:
		if at-e.lastReport < 300*time.Millisecond+e.rtt && e.lastReport != 0 {
			return // reports of several tracks about the same loss
		}
		e.set(int(float64(e.rate) * (1 - 0.5*loss)))
	case loss < 0.02 && dt > 0:
		e.limit(at)
		if e.share >= limitedAbove {
			e.set(int(float64(e.rate) * (1 + growPerSecond*dt.Seconds())))
		}
	}
	e.lastReport = at
}

// OnREMB takes the receiver's own estimate in bits per second. While no
// transport-wide feedback comes it is a ceiling, and the estimate follows it up
// at once as the receiver measured it.
func (e *Estimator) OnREMB(bitrate int, now time.Time) {
	if bitrate <= 0 {
		return
	}
	e.remb, e.rembAt = bitrate, e.clock(now)
	if !e.twcc && e.loss.smoothed < 0.10 {
		e.set(max(e.rate, bitrate))
	}
}
