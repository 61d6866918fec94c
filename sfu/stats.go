package sfu

import "sync/atomic"

// Stats are counters since start, except where a field says "now". They are
// made for a metrics endpoint to scrape.
type Stats struct {
	Rooms      int // now
	Peers      int // now, WHEP viewers included
	Connected  int // now
	Tracks     int // published sources, now
	DownTracks int // slots that carry a source, now

	PacketsIn, BytesIn   uint64
	PacketsOut, BytesOut uint64
	PacketsLost          uint64 // upstream of the tracks published now, after retransmission
	NACKsSent, NACKsIn   uint64 // sequence numbers asked for, by us and by viewers
	Retransmitted        uint64 // packets
	PLISent, PLIIn       uint64
	LayerSwitches        uint64
	Dropped              uint64 // packets over a publisher's cap, or not allowed
	Padding              uint64 // probe bytes
	Panics               uint64 // recovered; the peer was closed
}

// counters are written on the packet path, so each is one atomic.
type counters struct {
	packetsIn, bytesIn, packetsOut, bytesOut atomic.Uint64
	nacksSent, nacksIn, resent               atomic.Uint64
	plisSent, plisIn, switches               atomic.Uint64
	dropped, padding, panics                 atomic.Uint64
	encodings                                atomic.Uint32 // ids given
}

// Stats returns the counters of the engine.
func (e *Engine) Stats() Stats {
	c := &e.count
	s := Stats{
		PacketsIn: c.packetsIn.Load(), BytesIn: c.bytesIn.Load(),
		PacketsOut: c.packetsOut.Load(), BytesOut: c.bytesOut.Load(),
		NACKsSent: c.nacksSent.Load(), NACKsIn: c.nacksIn.Load(), Retransmitted: c.resent.Load(),
		PLISent: c.plisSent.Load(), PLIIn: c.plisIn.Load(), LayerSwitches: c.switches.Load(),
		Dropped: c.dropped.Load(), Padding: c.padding.Load(), Panics: c.panics.Load(),
	}
	e.mu.Lock()
	rooms := make([]*Room, 0, len(e.rooms))
	for _, r := range e.rooms {
		rooms = append(rooms, r)
	}
	e.mu.Unlock()
	s.Rooms = len(rooms)
	for _, r := range rooms {
		for _, p := range r.members() {
			s.Peers++
			p.addStats(&s)
		}
	}
	return s
}

func (p *Peer) addStats(s *Stats) {
	p.mu.Lock()
	c := p.conn
	for _, t := range p.tracks {
		s.Tracks++
		for _, e := range *t.encodings.Load() {
			s.PacketsLost += e.lost.Load()
		}
	}
	p.mu.Unlock()
	if c == nil {
		return
	}
	if c.connected() {
		s.Connected++
	}
	c.slotMu.RLock()
	defer c.slotMu.RUnlock()
	for _, d := range c.slots {
		if d.showing() != nil {
			s.DownTracks++
		}
	}
}
