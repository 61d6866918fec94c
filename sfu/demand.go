package sfu

import (
	"reflect"
	"slices"
	"time"
)

// dropAfter is how long nobody must want a layer before its publisher is told
// to stop it. Wanting one is told at once.
const dropAfter = 3 * time.Second

// wanted is what viewers want of a track, bit by encoding, as last told.
type wanted struct {
	mask     uint8
	told     bool
	neededAt [8]time.Time
	cappedAt time.Time
}

// demandOf decides which encodings of t somebody wants: those the viewers are
// granted and the next one below, so that a narrowing path finds it running,
// and those a recorder takes.
func (t *track) demandOf(now time.Time) Want {
	var need uint8
	for _, d := range *t.viewers.Load() {
		need |= d.needs()
	}
	for _, tp := range *t.taps.Load() {
		need |= tp.needs()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &t.want
	if !w.told {
		// A publisher starts with everything on: give viewers time to come.
		for i := range t.rids {
			w.neededAt[i] = now
		}
		w.mask, w.told = 1<<len(t.rids)-1, true
	}
	for i := range t.rids {
		bit := uint8(1) << i
		switch {
		case need&bit != 0:
			w.neededAt[i] = now
			w.mask |= bit
		case now.Sub(w.neededAt[i]) > dropAfter:
			w.mask &^= bit
		}
	}
	list := Want{Mid: t.mid, Source: t.source, Rids: []string{}, MaxBitrate: t.cap(now)}
	for i, rid := range t.rids {
		if w.mask&(1<<i) != 0 {
			list.Rids = append(list.Rids, rid)
		}
	}
	return list
}

// lacks tells whether the publisher was told to stop one of these encodings.
func (t *track) lacks(need uint8) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.want.told && need&^t.want.mask != 0
}

// Of a cap on a track of one layer.
const (
	capShare = 0.8 // of the viewer's budget, the rest is for sound and repair
	capFloor = 150_000
	capStep  = 50_000          // told in steps, so that it is not told all the time
	capCalm  = 5 * time.Second // before it is raised, by a quarter
)

// cap is what the publisher of a track with one layer should stay under. There
// is no smaller layer to fall back on, so when its only viewer's path is too
// narrow the encoder itself must make it smaller; the alternative is to pause
// the only picture there is. t.mu is held.
func (t *track) cap(now time.Time) int {
	viewers := *t.viewers.Load()
	have := int(t.ceiling.Load())
	if len(t.rids) > 1 || len(viewers) != 1 {
		have = 0
	} else {
		d := viewers[0]
		d.mu.Lock()
		limited, budget := d.grant.limited && !d.grant.ideal.Paused(), d.grant.budget
		d.mu.Unlock()
		room := max(capFloor, int(float64(budget)*capShare)/capStep*capStep)
		switch {
		case limited && (have == 0 || room < have):
			have, t.want.cappedAt = room, now
		case have > 0 && !limited && now.Sub(t.want.cappedAt) > capCalm:
			have, t.want.cappedAt = have+have/4, now
			if have > nominal[0]*2 {
				have = 0
			}
		}
	}
	t.ceiling.Store(int64(have))
	return have
}

// needs is the encodings this slot wants of its track.
func (d *downTrack) needs() uint8 {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.track
	if t == nil || d.grant.target.Paused() {
		return 0
	}
	if len(t.rids) == 1 {
		return 1
	}
	want := d.grant.target.Spatial
	// What the viewer would like to have must run for the probe to find out
	// whether it fits; what it has now must not stop under it.
	mask := uint8(1) << want
	if want > 0 {
		mask |= 1 << (want - 1)
	}
	if cur := d.sel.Current(); !cur.Paused() {
		mask |= 1 << cur.Spatial
	}
	return mask
}

// tellDemand tells the publisher of this connection what is wanted, when that
// has changed.
func (c *conn) tellDemand(now time.Time) {
	c.peer.mu.Lock()
	var tracks []*track
	for _, t := range c.peer.tracks {
		if t.conn == c && t.video && t.format.Load() != nil {
			tracks = append(tracks, t)
		}
	}
	c.peer.mu.Unlock()
	slices.SortFunc(tracks, func(a, b *track) int { return compareSources(a.source, b.source) })
	list := make([]Want, 0, len(tracks))
	for _, t := range tracks {
		list = append(list, t.demandOf(now))
	}
	if len(list) == 0 && len(c.alloc.demand) == 0 || reflect.DeepEqual(list, c.alloc.demand) {
		return
	}
	first := c.alloc.demand == nil
	c.alloc.demand = list
	if first && allWanted(list, tracks) {
		return // it is what every publisher begins with
	}
	c.peer.put(Demand{Demand: list})
}

func allWanted(list []Want, tracks []*track) bool {
	for i, w := range list {
		if len(w.Rids) != len(tracks[i].rids) {
			return false
		}
	}
	return true
}
