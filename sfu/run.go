package sfu

import (
	"slices"
	"time"
)

// run is the one goroutine of a connection besides pion's: it maps sources to
// slots, shares the viewer's bandwidth, sends reports and probes, and tells the
// publisher what is wanted of it.
func (c *conn) run() {
	defer close(c.ended)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	fast := time.NewTicker(time.Hour)
	defer fast.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-c.wake:
			c.safely(func(now time.Time) {
				c.prime()
				c.remap(now)
				c.share(now)
			})
		case pkts := <-c.control:
			_ = c.pc.WriteRTCP(pkts) // fails only while there is nobody to read it
		case <-tick.C:
			c.safely(c.tick)
		case <-fast.C:
			c.safely(c.sendProbe)
		}
		if c.alloc.probe.left > 0 {
			fast.Reset(probeStep)
		} else {
			fast.Reset(time.Hour)
		}
	}
}

// safely runs one step; a panic costs this peer only.
func (c *conn) safely(f func(time.Time)) {
	defer c.cutOff()
	f(time.Now())
}

func (c *conn) tick(now time.Time) {
	if c.expired() {
		c.peer.log.Info("connection did not come up in time")
		c.kick()
		return
	}
	c.measure(now)
	if now.Sub(c.alloc.allocAt) >= allocEvery {
		c.alloc.allocAt = now
		c.prime()
		if now.Sub(c.alloc.remapAt) >= reportGap {
			c.remap(now) // every change pokes; this is for what came in between
		}
		c.share(now)
	}
	if !c.connected() {
		return
	}
	if now.Sub(c.alloc.reportAt) >= reportGap {
		c.alloc.reportAt = now
		c.sendReports(now)
	}
	c.score(now)
	c.planProbe(now)
}

// share gives every slot its layer and tells both sides what follows from it.
// Somebody who has just come waits for all of this, so a poke does it too.
func (c *conn) share(now time.Time) {
	c.allocate(now)
	c.tellSlots()
	c.steerTaps(now)
	c.tellDemand(now)
	c.keyframes(now)
}

// measure updates the rates of what is published and forwarded here.
func (c *conn) measure(now time.Time) {
	c.encMu.RLock()
	for _, e := range c.byStream {
		e.rate.tick(e.bytes.Load(), now)
	}
	c.encMu.RUnlock()
	c.slotMu.RLock()
	defer c.slotMu.RUnlock()
	for _, d := range c.slots {
		d.rate.tick(d.bytes.Load(), now)
		d.mu.Lock()
		d.budget.bytesPerSec = max(64<<10, float64(d.rate.bps.Load())/8/2)
		d.mu.Unlock()
	}
}

// tellSlots sends the Slots event when something in it has changed.
func (c *conn) tellSlots() {
	ev := c.slotsEvent(c.alloc.unmapped)
	if slices.Equal(ev.Slots, c.alloc.slotsTold) {
		return
	}
	c.alloc.slotsTold = ev.Slots
	c.peer.put(ev)
}

// keyframes asks again for key frames that viewers here wait for, and sends
// the requests that had to wait on tracks published here.
func (c *conn) keyframes(now time.Time) {
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	for _, d := range slots {
		if e := d.awaited(); e != nil && e.track.live(now)&(1<<e.index) != 0 {
			e.track.requestKeyframe(e, now)
		}
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	for _, t := range c.peer.tracks {
		if t.conn == c && t.video {
			t.sendKeyframeRequests(now)
		}
	}
}

// awaited is the encoding whose key frame the slot waits for, nil if none. A
// viewer that is not connected yet waits for none: it would come too early, and
// the next may not be asked for so soon. Nor may one of a layer that does not
// run: it begins with a key frame when it comes.
func (d *downTrack) awaited() *encoding {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.track == nil || !d.ready || !d.video || d.sel == nil || d.dead {
		return nil
	}
	index, ok := d.sel.Awaits()
	if !ok {
		return nil
	}
	for _, e := range *d.track.encodings.Load() {
		if int(e.index) == index {
			return e
		}
	}
	return nil
}
