package sfu

import (
	"slices"
	"time"

	"mentara/sfu/bwe"
)

// probe is a burst that finds out whether the path carries more.
type probe struct {
	rate int // bytes per second
	left int // bytes still to send
	at   time.Time
}

func (c *conn) planProbe(now time.Time) {
	a := &c.alloc
	if a.probe.left > 0 {
		return
	}
	c.bweMu.Lock()
	p, ok := c.bwe.Probe(now)
	c.bweMu.Unlock()
	if !ok || !c.sendsFeedback() {
		return
	}
	media := 0
	c.slotMu.RLock()
	for _, d := range c.slots {
		media += int(d.rate.bps.Load())
	}
	c.slotMu.RUnlock()
	extra := bwe.Probe{Rate: p.Rate - media, Duration: p.Duration}
	if extra.Rate <= 0 {
		return
	}
	a.probe = probe{rate: extra.Rate / 8, left: min(extra.Bytes(), 256<<10), at: now}
	c.sendProbe(now)
}

// sendProbe sends the part of the burst that is due.
func (c *conn) sendProbe(now time.Time) {
	pr := &c.alloc.probe
	if pr.left <= 0 {
		return
	}
	due := int(now.Add(probeStep).Sub(pr.at).Seconds() * float64(pr.rate))
	pr.at = now.Add(probeStep)
	due = min(due, pr.left)
	for due > 0 {
		n := c.sendPadding(due, now)
		if n == 0 {
			pr.left = 0
			return
		}
		due -= n
		pr.left -= n
		c.engine.count.padding.Add(uint64(n))
	}
}

// sendsFeedback tells whether the viewer numbers what it receives.
func (c *conn) sendsFeedback() bool {
	c.slotMu.RLock()
	defer c.slotMu.RUnlock()
	return slices.ContainsFunc(c.slots, func(d *downTrack) bool { return d.video && d.hasFeedback() })
}
