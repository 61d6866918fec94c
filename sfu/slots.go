package sfu

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pion/webrtc/v4"
)

// prepareSlots gives every section the client receives on a sender of ours, so
// that the answer carries its SSRCs. It is called between the offer and the
// answer.
func (c *conn) prepareSlots(l *layout) error {
	have := map[string]*downTrack{}
	c.slotMu.RLock()
	for _, d := range c.slots {
		have[d.mid] = d
	}
	c.slotMu.RUnlock()
	byMid := map[string]*webrtc.RTPTransceiver{}
	for _, tr := range c.pc.GetTransceivers() {
		byMid[tr.Mid()] = tr
	}
	var slots []*downTrack
	pairs := map[string]int{}
	for _, s := range l.sections {
		if !s.receives || len(s.payloads) == 0 {
			continue
		}
		tr := byMid[s.mid]
		if tr == nil {
			continue
		}
		pair := pairs[s.kind]
		pairs[s.kind]++
		d := have[s.mid]
		if d == nil || tr.Sender() == nil {
			d = newDownTrack(c, s, pair)
			sender, err := c.api.NewRTPSender(d, c.pc.SCTP().Transport())
			if err != nil {
				return fmt.Errorf("sfu: slot %s: %w", s.mid, err)
			}
			d.sender = sender
			if err := tr.SetSender(sender, d); err != nil {
				return fmt.Errorf("sfu: slot %s: %w", s.mid, err)
			}
		} else {
			d.renegotiate(s)
		}
		slots = append(slots, d)
		delete(have, s.mid)
	}
	c.slotMu.Lock()
	c.slots = slots
	c.slotMu.Unlock()
	for _, gone := range have {
		gone.show(nil)
	}
	return nil
}

// renegotiate takes what a later offer says of the slot's section.
func (d *downTrack) renegotiate(s *section) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.payloads, s.payloads) {
		d.in = nil // look the format up again
	}
	d.payloads, d.ext = s.payloads, s.ext
}

// wish is one source a subscriber should get, with what it said of it.
type wish struct {
	t     *track
	view  View
	named bool // the client told a view for it
	loud  int  // rank among the active speakers, 0 is none
}

// wishes lists what c's peer should get, the most important first.
func (c *conn) wishes() []wish {
	p := c.peer
	p.mu.Lock()
	subscribe, views := p.subscribe, p.views
	p.mu.Unlock()
	if !subscribe {
		return nil
	}
	speakers := *p.room.speakers.Load()
	var list []wish
	for _, t := range p.room.published() {
		if t.peer == p && !p.opts.Loopback || t.peer != p && p.opts.Loopback {
			continue
		}
		if p.viewer && t.peer.id != p.only {
			continue
		}
		w := wish{t: t}
		w.view, w.named = views[viewKey{t.peer.id, t.source}]
		if !w.named {
			// Not told of: a small tile, after all that were.
			w.view = View{Width: 320, Height: 180, Visible: true, Priority: -1}
			if p.viewer || p.opts.Loopback || t.source == Screen {
				w.view.Width, w.view.Height = 1920, 1080
			}
		}
		for i, s := range speakers {
			if s.Participant == t.peer.id {
				w.loud = len(speakers) - i
			}
		}
		list = append(list, w)
	}
	slices.SortStableFunc(list, func(a, b wish) int {
		if a.t.video != b.t.video {
			return 0
		}
		if !a.t.video {
			return cmp.Or(b.loud-a.loud, cmp.Compare(boolInt(a.t.muted.Load()), boolInt(b.t.muted.Load())))
		}
		return cmp.Or(boolInt(b.view.Visible)-boolInt(a.view.Visible), b.view.Priority-a.view.Priority)
	})
	return list
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// assign maps sources to slots. A slot keeps its source as long as that is
// wished for and none more important is without a slot; what is left over is
// returned.
func (c *conn) assign(list []wish) (unmapped []wish) {
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	for _, video := range []bool{false, true} {
		var free []*downTrack
		taken := map[*track]*downTrack{}
		for _, d := range slots {
			if d.video == video {
				free = append(free, d)
			}
		}
		var wanted []wish
		for _, w := range list {
			if w.t.video == video {
				wanted = append(wanted, w)
			}
		}
		left := wanted[min(len(wanted), len(free)):]
		wanted = wanted[:len(wanted)-len(left)]
		unmapped = append(unmapped, left...)
		// First those that stay, so that a free slot is truly free.
		free = slices.DeleteFunc(free, func(d *downTrack) bool {
			t := d.showing()
			if t == nil || taken[t] != nil || !slices.ContainsFunc(wanted, func(w wish) bool { return w.t == t }) {
				return false
			}
			taken[t] = d
			return true
		})
		for _, w := range wanted {
			if taken[w.t] != nil {
				continue
			}
			i := slices.IndexFunc(free, func(d *downTrack) bool { return d.pair == c.pairOf(slots, w.t) })
			if i < 0 {
				i = c.loneSlot(slots, free)
			}
			free[i].show(w.t)
			taken[w.t] = free[i]
			free = slices.Delete(free, i, i+1)
		}
		for _, d := range free {
			d.show(nil)
		}
	}
	return unmapped
}

// pairOf is the pair number the same person's other half is in, -1 if none:
// microphone and camera, screen and its sound.
func (c *conn) pairOf(slots []*downTrack, t *track) int {
	other := map[Source]Source{Microphone: Camera, Camera: Microphone, Screen: ScreenAudio, ScreenAudio: Screen}[t.source]
	for _, d := range slots {
		if o := d.showing(); o != nil && o.peer == t.peer && o.source == other {
			return d.pair
		}
	}
	return -1
}

// loneSlot picks a free slot whose partner is free too, so that the other half
// can join it.
func (c *conn) loneSlot(slots, free []*downTrack) int {
	for i, d := range free {
		alone := !slices.ContainsFunc(slots, func(o *downTrack) bool {
			return o.video != d.video && o.pair == d.pair && o.showing() != nil
		})
		if alone {
			return i
		}
	}
	return 0
}

func (d *downTrack) showing() *track {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.track
}

// slotsEvent describes the mapping for the subscriber.
func (c *conn) slotsEvent(unmapped []wish) Slots {
	c.slotMu.RLock()
	defer c.slotMu.RUnlock()
	list := make([]Slot, 0, len(c.slots)+len(unmapped))
	for _, d := range c.slots {
		list = append(list, d.describe())
	}
	for _, w := range unmapped {
		list = append(list, Slot{Participant: w.t.peer.id, Source: w.t.source, Reason: ReasonNoSlot})
	}
	return Slots{Slots: list}
}

func (d *downTrack) describe() Slot {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Slot{Mid: d.mid}
	t := d.track
	if t == nil {
		return s
	}
	s.Participant, s.Source = t.peer.id, t.source
	current := d.sel.Current()
	switch {
	case t.muted.Load():
		s.Reason = ReasonMuted
	case d.dead:
		s.Reason = ReasonCodec
	case d.video && d.grant.reason != "":
		s.Reason = d.grant.reason
	case d.from == nil || d.from.track != t || current.Paused():
		s.Reason = ReasonStarting
	default:
		s.Active = true
		s.Layer = d.from.rid
		s.Width, s.Height = int(d.from.width.Load()), int(d.from.height.Load())
		if spatials := int(d.from.spatials.Load()); spatials > 1 && len(t.rids) == 1 {
			s.Layer = fmt.Sprintf("s%d", current.Spatial)
			shift := max(0, spatials-1-int(current.Spatial))
			s.Width, s.Height = s.Width>>shift, s.Height>>shift
		}
	}
	return s
}
