package sfu

import (
	"slices"
)

// Published lists the sources others can see now.
func (p *Peer) Published() []Published {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Published
	if !p.mayPublish.Load() {
		return nil
	}
	for _, t := range p.tracks {
		if t.format.Load() != nil {
			list = append(list, t.published())
		}
	}
	slices.SortFunc(list, func(a, b Published) int { return compareSources(a.Source, b.Source) })
	return list
}

// trackFor returns the track of a section, made when its first packet comes.
func (p *Peer) trackFor(c *conn, s *section) *track {
	p.mu.Lock()
	source := p.sources[s.mid]
	if p.closed || p.conn != c || source == "" {
		p.mu.Unlock()
		return nil
	}
	old := p.tracks[source]
	if old != nil && old.conn == c && old.mid == s.mid && !old.ended.Load() {
		p.mu.Unlock()
		return old
	}
	t := newTrack(c, s, source)
	t.muted.Store(p.muted[source])
	t.meter = nil
	if source == Microphone {
		t.meter = p.meter
	}
	p.tracks[source] = t
	for _, g := range p.taps {
		if g.source == source {
			g.attach(t)
		}
	}
	p.mu.Unlock()
	if old != nil {
		p.unpublish(old)
	}
	return t
}

func (p *Peer) unpublish(t *track) {
	if t.ended.Swap(true) {
		return
	}
	p.mu.Lock()
	if p.tracks[t.source] == t {
		delete(p.tracks, t.source)
	}
	p.mu.Unlock()
	p.room.forget(t)
	for _, tp := range *t.taps.Load() {
		tp.end()
	}
	if t.format.Load() != nil && p.mayPublish.Load() {
		p.put(Unpublished{Source: t.source, Kind: t.source.Kind()})
	}
	p.room.pokeAll()
}

// newFormat notes that a track's codec is known, or another.
func (t *track) newFormat(f *payload) {
	before := t.format.Swap(f)
	if before != nil && before.codec == f.codec {
		return
	}
	if t.peer.mayPublish.Load() {
		t.announce()
	}
}

// announce makes a track known to the room and its owner.
func (t *track) announce() {
	if t.format.Load() == nil || t.ended.Load() {
		return
	}
	t.peer.room.add(t)
	t.peer.tellPublished(t)
	t.peer.room.pokeAll()
}

func (t *track) published() Published {
	return Published{Source: t.source, Kind: t.source.Kind(), Codec: t.format.Load().codec.String(), Muted: t.muted.Load()}
}

func (p *Peer) tellPublished(t *track) {
	if t.format.Load() != nil && p.mayPublish.Load() {
		p.put(t.published())
	}
}
