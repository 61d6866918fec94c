package sfu

import (
	"maps"
	"slices"

	"mentara/sfu/nack"
	"mentara/sfu/rtpmap"
)

// encoding finds or makes the encoding of a section that an SSRC belongs to.
// It is called by the RTP goroutine when an SSRC is new.
func (c *conn) encoding(s *section, rid string, ssrc uint32, repairs bool) *encoding {
	t := c.peer.trackFor(c, s)
	if t == nil {
		return nil
	}
	index := int8(slices.Index(t.rids, rid))
	if index < 0 {
		return nil
	}
	for _, e := range *t.encodings.Load() {
		if e.index != index {
			continue
		}
		if repairs {
			e.repair.Store(ssrc)
			return e
		}
		if e.ssrc == ssrc {
			return e
		}
	}
	if repairs {
		return nil // a repair before what it repairs
	}
	c.forgetEnded()
	if len(c.in.encodings) >= maxStreams {
		c.peer.log.Warn("peer cut off", "reason", "too many streams")
		c.kick()
		return nil
	}
	e := &encoding{
		engine: c.engine, track: t, id: c.engine.count.encodings.Add(1), rid: rid, index: index, ssrc: ssrc,
		nack: nack.New(),
	}
	e.rate.clock = 48000
	if t.video {
		e.rate.clock = 90000
	}
	e.clock = rtpmap.NewClock(e.rate.clock)
	e.cache = t.newCache(index)
	c.in.encodings = append(c.in.encodings, e)
	c.encMu.Lock()
	c.byStream[ssrc] = e
	c.encMu.Unlock()
	t.mu.Lock()
	list := slices.DeleteFunc(slices.Clone(*t.encodings.Load()), func(o *encoding) bool { return o.index == index })
	list = append(list, e)
	slices.SortFunc(list, func(a, b *encoding) int { return int(a.index) - int(b.index) })
	t.encodings.Store(&list)
	t.mu.Unlock()
	return e
}

// forgetEnded drops the encodings of tracks that are over.
func (c *conn) forgetEnded() {
	over := func(e *encoding) bool { return e.track.ended.Load() }
	c.in.encodings = slices.DeleteFunc(c.in.encodings, over)
	c.encMu.Lock()
	defer c.encMu.Unlock()
	maps.DeleteFunc(c.byStream, func(_ uint32, e *encoding) bool { return over(e) })
}

func (c *conn) bySSRC(ssrc uint32) *encoding {
	c.encMu.RLock()
	defer c.encMu.RUnlock()
	return c.byStream[ssrc]
}

// slot finds the slot that sends with an SSRC.
func (c *conn) slot(ssrc uint32) *downTrack {
	c.slotMu.RLock()
	defer c.slotMu.RUnlock()
	return c.slotBySSR[ssrc]
}

// bound notes the SSRC pion chose for a slot.
func (c *conn) bound(d *downTrack) {
	d.mu.Lock()
	ssrc := d.ssrc
	d.mu.Unlock()
	c.slotMu.Lock()
	c.slotBySSR[ssrc] = d
	c.slotMu.Unlock()
	c.poke()
}
