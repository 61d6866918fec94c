package sfu

import (
	"slices"
	"time"

	"mentara/sfu/allocate"
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
			if t := d.showing(); t != nil && t.video && t.lacks(d.needs()) {
				t.conn.poke() // to wake the layer now, not with its next tick
			}
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
