package bwe

import "time"

// Loss that follows the rate is congestion; loss that stays when the rate falls
// is the path's own (radio), and cutting the rate for it only makes a worse
// picture. So after each cut made for loss the next window is compared, and
// what did not go away is put down to the path.
const (
	lossPackets  = 40                     // a window has at least so many
	lossWindow   = 300 * time.Millisecond // and lasts at least so long
	lossCut      = 0.10                   // above it, less what is inherent, the rate is cut
	lossFactor   = 0.85                   // by this at least, so that the effect shows
	inherentMost = 0.20
)

type lossMeter struct {
	received, lost int
	since          time.Duration // nothing sent before counts in this window
	ratio          float64       // of the last window
	smoothed       float64
	inherent       float64
	cut            struct { // waiting to be judged if ratio > 0
		ratio float64
		sent  int // bits per second then
	}
}

func (l *lossMeter) count(at time.Duration, received, lost int) {
	if at < l.since {
		return
	}
	l.received += received
	l.lost = max(0, l.lost+lost)
}

// restart drops the window begun; the next begins at from.
func (l *lossMeter) restart(from time.Duration) { l.received, l.lost, l.since = 0, 0, from }

// settleLoss closes a window when it is full and cuts the rate if too much of
// it was lost.
func (e *Estimator) settleLoss(at time.Duration) {
	l := &e.loss
	total := l.received + l.lost
	if total < lossPackets || at-l.since < max(lossWindow, e.rtt) {
		return
	}
	l.ratio = float64(l.lost) / float64(total)
	l.smoothed += 0.3 * (l.ratio - l.smoothed)
	l.restart(at)
	sent := e.sending.rate(rateWindow)
	l.judge(sent)
	excess := l.ratio - l.inherent
	if excess <= lossCut {
		return
	}
	l.cut.ratio, l.cut.sent = l.ratio, sent
	e.calm = at + e.rtt + lossWindow
	e.followUp = false
	e.set(int(float64(e.rate) * min(lossFactor, 1-0.5*excess)))
	l.restart(at + e.rtt + lossWindow/2) // until then come reports of before the cut
}

// judge looks at what the last cut did. Had the path been full, sending less
// would have lost that much less; if the loss is nearer to what it was, it is
// the path's own.
func (l *lossMeter) judge(sent int) {
	if l.cut.ratio > 0 && l.cut.sent > 0 && float64(sent) < 0.95*float64(l.cut.sent) {
		congested := max(0, 1-(1-l.cut.ratio)*float64(l.cut.sent)/float64(max(sent, 1)))
		if l.ratio > (congested+l.cut.ratio)/2 {
			l.inherent = min(inherentMost, max(l.inherent, (l.ratio+l.cut.ratio)/2))
		}
	}
	l.cut.ratio = 0
	if l.smoothed < l.inherent {
		l.inherent += 0.2 * (l.smoothed - l.inherent)
	}
}
