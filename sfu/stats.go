package sfu

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
	PacketsLost          uint64 // upstream, after retransmission
	NACKsSent, NACKsIn   uint64 // sequence numbers asked for, by us and by viewers
	Retransmitted        uint64 // packets
	PLISent, PLIIn       uint64
	LayerSwitches        uint64
	Dropped              uint64 // packets over a publisher's cap, or not allowed
	Padding              uint64 // probe bytes
	Panics               uint64 // recovered in a read loop; the peer was closed
}

// Stats returns the counters of the engine.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{Rooms: len(e.rooms)}
}
