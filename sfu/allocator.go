package sfu

import (
	"slices"
	"time"

	"mentara/sfu/allocate"
	"mentara/sfu/bwe"
	"mentara/sfu/layer"
)

// Times of a connection's goroutine.
const (
	tickEvery  = 50 * time.Millisecond
	allocEvery = 100 * time.Millisecond
	reportGap  = time.Second
	firstScore = 2 * time.Second
	scoreEvery = 5 * time.Second
	probeStep  = 5 * time.Millisecond
)

// allocator is what a subscriber's goroutine remembers between ticks.
type allocator struct {
	hold      allocate.Holdoff
	wants     []allocate.Want
	grants    []allocate.Grant
	allocAt   time.Time
	reportAt  time.Time
	scoreAt   time.Time
	slotsTold []Slot
	wishes    map[*track]wish // as last mapped
	remapAt   time.Time
	unmapped  []wish
	demand    []Want
	probe     probe
	stage     string // who spoke last: gets the larger picture
}

func (a *allocator) init() { a.scoreAt = time.Time{} }

// grantState is what the allocator last decided for a slot.
type grantState struct {
	option int
	ideal  layer.ID
	target layer.ID
	height int
	reason string
	// limited: bandwidth, not the tile, decides; budget is what there is.
	limited bool
	budget  int
}

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
			c.safely(func(now time.Time) { c.prime(); c.remap(now); c.allocate(now); c.tellSlots() })
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
		c.allocate(now)
		c.tellSlots()
		c.tellDemand(now)
		c.keyframes(now)
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
		d.budget.bytesPerSec = max(32<<10, float64(d.rate.bps.Load())/8/2)
		d.mu.Unlock()
	}
}

// remap gives the slots their sources.
func (c *conn) remap(now time.Time) {
	list := c.wishes()
	c.alloc.unmapped, c.alloc.remapAt = c.assign(list), now
	c.alloc.wishes = make(map[*track]wish, len(list))
	for _, w := range list {
		c.alloc.wishes[w.t] = w
	}
}

// allocate shares the estimated bandwidth between the slots.
func (c *conn) allocate(now time.Time) {
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	a := &c.alloc
	a.wants = a.wants[:0]
	var shown []*downTrack
	for _, d := range slots {
		t := d.showing()
		if t == nil {
			continue
		}
		w := c.alloc.wishes[t]
		want := allocate.Want{Audio: !d.video, Priority: w.view.Priority, OnStage: t.source == Screen, Current: -1}
		if w.view.Visible {
			want.Height = max(1, w.view.Height)
		}
		want.Options = t.options(w.view)
		d.mu.Lock()
		for i, o := range want.Options {
			if o.Layer == d.grant.target {
				want.Current = i
			}
		}
		d.mu.Unlock()
		a.wants = append(a.wants, want)
		shown = append(shown, d)
	}
	c.bweMu.Lock()
	c.drainSentLocked()
	budget := c.bwe.Estimate()
	c.bweMu.Unlock()
	budget = max(budget, c.unproven(now))
	var res allocate.Result
	a.grants, res = allocate.Allocate(budget, a.wants, a.grants)
	a.hold.Apply(a.wants, a.grants, now)
	for i, d := range shown {
		if i < len(a.grants) {
			d.take(a.wants[i], a.grants[i], budget, now)
		}
	}
	c.bweMu.Lock()
	c.bwe.SetDesired(res.Desired, now)
	if res.Next > budget {
		c.bwe.RequestProbe(res.Next, now)
	}
	c.bweMu.Unlock()
}

// bootstrap is how long the cheapest option of everything is sent whatever the
// estimate: at first it is a guess, and nothing but media proves it wrong.
const bootstrap = 3 * time.Second

// unproven is the budget the cheapest options need, while the path is new.
func (c *conn) unproven(now time.Time) (sum int) {
	up := c.upAt.Load()
	if up == 0 || now.Sub(c.engine.start)-time.Duration(up) > bootstrap {
		return 0
	}
	for _, w := range c.alloc.wants {
		if len(w.Options) > 0 && (w.Height > 0 || w.Audio) {
			sum += w.Options[0].Bitrate
		}
	}
	return sum + sum/10
}

// take applies a grant to a slot.
func (d *downTrack) take(w allocate.Want, g allocate.Grant, budget int, now time.Time) {
	t := d.showing()
	if t == nil {
		return
	}
	st := grantState{option: g.Option, target: layer.None(), ideal: layer.None(), height: w.Height}
	if g.Ideal >= 0 && g.Ideal < len(w.Options) {
		st.ideal = w.Options[g.Ideal].Layer
	}
	switch {
	case g.Option >= 0 && g.Option < len(w.Options):
		st.target = w.Options[g.Option].Layer
	case w.Height == 0:
		st.reason = ReasonHidden
	case g.Limited:
		st.reason = ReasonBandwidth
	}
	if !d.video {
		st.target, st.reason = layer.ID{}, ""
	}
	d.mu.Lock()
	if st.limited = g.Limited; st.limited {
		st.budget = budget
	}
	d.grant = st
	d.mu.Unlock()
	d.setTarget(st.target, t.live(now))
}

// The cost of a layer nobody has measured yet, in bit/s, from the largest
// down: what browsers send at 720p.
var nominal = [...]int{1_700_000, 500_000, 160_000, 100_000}

// options are the layers t can be had in, by rising cost.
func (t *track) options(v View) []allocate.Option {
	if !t.video {
		bps := 40_000
		if list := *t.encodings.Load(); len(list) > 0 {
			bps = max(bps, int(list[0].rate.bps.Load()))
		}
		return []allocate.Option{{Bitrate: bps}}
	}
	encs := *t.encodings.Load()
	if len(t.rids) == 1 {
		if len(encs) == 0 {
			return nil
		}
		return encs[0].svcOptions(int(t.ceiling.Load()))
	}
	// Every layer that was offered is an option, also one that has not come
	// yet: a browser starts the large ones late, and stops those that nobody
	// wants. Wanting it is what makes it come.
	list := make([]allocate.Option, len(t.rids))
	for i := range list {
		below := len(t.rids) - 1 - i
		list[i] = allocate.Option{
			Layer:   layer.ID{Spatial: int8(i), Temporal: maxTemporal},
			Bitrate: nominal[min(below, len(nominal)-1)], Height: 720 >> below,
		}
	}
	for _, e := range encs {
		o := &list[e.index]
		if bps := int(e.rate.best.Load()); bps > 0 {
			o.Bitrate = bps
		}
		if h := int(min(e.width.Load(), e.height.Load())); h > 0 {
			o.Height = h
		}
	}
	return list
}

// maxTemporal asks for every temporal layer.
const maxTemporal = 7

// svcOptions are the spatial layers inside one stream. Each costs about a
// third of the one above it.
// ceiling is what the publisher was told to stay under, 0 for nothing.
func (e *encoding) svcOptions(ceiling int) []allocate.Option {
	n := max(1, min(int(e.spatials.Load()), 4))
	bps, height := int(e.rate.best.Load()), int(min(e.width.Load(), e.height.Load()))
	if bps == 0 {
		bps = nominal[0]
	}
	if ceiling > 0 {
		bps = min(bps, ceiling)
	}
	if height == 0 {
		height = 720
	}
	list := make([]allocate.Option, n)
	for i := n - 1; i >= 0; i-- {
		list[i] = allocate.Option{Layer: layer.ID{Spatial: int8(i), Temporal: maxTemporal}, Bitrate: bps, Height: height}
		bps, height = bps*3/10, height/2
	}
	return list
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
		if e := d.awaited(); e != nil {
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

// awaited is the encoding whose key frame the slot waits for, nil if none.
func (d *downTrack) awaited() *encoding {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.track == nil || !d.video || d.sel == nil || d.dead {
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
