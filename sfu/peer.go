package sfu

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"mentara/sfu/speaker"
)

// Peer is one participant's connection.
type Peer struct {
	id     string
	room   *Room
	log    *slog.Logger
	opts   JoinOptions
	viewer bool   // WHEP: counted apart, told to nobody
	only   string // the participant a WHEP viewer plays, "" is all
	serial uint64
	mail   mailbox

	mayPublish atomic.Bool // read by the packet path

	offers chan struct{} // one Offer at a time; a channel so that ctx can end the wait

	mu        sync.Mutex
	conn      *conn
	closed    bool
	subscribe bool
	sources   map[string]Source // by mid, of the newest offer
	tracks    map[Source]*track
	muted     map[Source]bool
	views     map[viewKey]View
	waiting   []candidate // before the first offer
	meter     *speaker.Meter
}

type viewKey struct {
	participant string
	source      Source
}

type candidate struct {
	text, mid string
	mline     int
}

// ID the peer joined with.
func (p *Peer) ID() string { return p.id }

// Room the peer is in.
func (p *Peer) Room() *Room { return p.room }

// Offer takes the client's session description and returns ours. tracks names
// the source of each media section the client sends on; sections that are not
// named are ignored unless they are the only one of their kind (then camera or
// microphone is assumed). The first offer opens the connection; later ones
// renegotiate it or, with new ICE credentials, restart ICE. An offer with
// another DTLS fingerprint is a client that started anew: its old connection
// is closed.
//
// It fails with ErrBadOffer if the description is refused, and with ErrClosed.
func (p *Peer) Offer(ctx context.Context, sdp string, tracks []TrackInfo) (answer string, err error) {
	select {
	case p.offers <- struct{}{}:
		defer func() { <-p.offers }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	clean, l, fingerprint, err := p.room.engine.cfg.parseOffer(sdp)
	if err != nil {
		return "", err
	}
	sources, err := p.assignSources(l, tracks)
	if err != nil {
		return "", err
	}
	c, err := p.connFor(fingerprint)
	if err != nil {
		return "", err
	}
	answer, err = p.negotiate(ctx, c, clean, l, sources)
	if err != nil {
		if c.layout.Load() == nil || c.pc.SignalingState() != webrtc.SignalingStateStable {
			p.drop(c, StateFailed) // it cannot take another offer
		}
		return "", err
	}
	return answer, nil
}

// assignSources decides what each section the client sends on shows.
func (p *Peer) assignSources(l *layout, tracks []TrackInfo) (map[string]Source, error) {
	sources := map[string]Source{}
	used := map[Source]bool{}
	for _, t := range tracks {
		s := l.byMid[t.Mid]
		switch {
		case s == nil || !s.sends:
			continue // named ahead, or stopped
		case !t.Source.Valid() || t.Source.Kind() != s.kind:
			return nil, fmt.Errorf("%w: section %q cannot be %q", ErrBadOffer, t.Mid, t.Source)
		case used[t.Source]:
			return nil, fmt.Errorf("%w: source %q twice", ErrBadOffer, t.Source)
		}
		sources[t.Mid], used[t.Source] = t.Source, true
	}
	for kind, source := range map[string]Source{"audio": Microphone, "video": Camera} {
		var only *section
		n := 0
		for _, s := range l.sections {
			if s.sends && s.kind == kind {
				only = s
				n++
			}
		}
		if n == 1 && sources[only.mid] == "" && !used[source] {
			sources[only.mid] = source
		}
	}
	if len(sources) > p.room.engine.cfg.Limits.TracksPerPeer {
		return nil, fmt.Errorf("%w: %d tracks", ErrBadOffer, len(sources))
	}
	return sources, nil
}

// connFor returns the connection an offer is for.
func (p *Peer) connFor(fingerprint string) (*conn, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	old := p.conn
	p.mu.Unlock()
	if old != nil && old.fingerprint == fingerprint && *old.state.Load() != StateClosed {
		return old, nil
	}
	if old != nil {
		p.drop(old, "")
	}
	c, err := p.newConn(fingerprint)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		c.close()
		return nil, ErrClosed
	}
	p.conn = c
	p.mu.Unlock()
	return c, nil
}

func (p *Peer) negotiate(ctx context.Context, c *conn, sdp string, l *layout, sources map[string]Source) (string, error) {
	p.mu.Lock()
	p.sources = sources
	p.mu.Unlock()
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		return "", fmt.Errorf("%w: %v", ErrBadOffer, err)
	}
	if c.layout.Swap(l) == nil {
		c.beginEstimate(l)
	}
	if err := c.prepareSlots(l); err != nil {
		return "", err
	}
	answer, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %v", ErrBadOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %v", ErrBadOffer, err)
	}
	c.offeredAt.Store(c.engine.now())
	// Host candidates only: gathering takes a millisecond, and the client is
	// spared a round of trickling.
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-c.done:
		return "", ErrClosed
	}
	p.endStale(c, l, sources)
	p.flushCandidates(c)
	c.poke()
	local := c.pc.LocalDescription()
	if local == nil {
		return "", ErrClosed
	}
	return finishAnswer(local.SDP, l, sources)
}

// endStale ends the tracks whose section stopped or shows something else now.
func (p *Peer) endStale(c *conn, l *layout, sources map[string]Source) {
	p.mu.Lock()
	var stale []*track
	for _, t := range p.tracks {
		s := l.byMid[t.mid]
		if t.conn == c && (s == nil || !s.sends || sources[t.mid] != t.source || !sameRids(t.rids, s.rids)) {
			stale = append(stale, t)
		}
	}
	p.mu.Unlock()
	for _, t := range stale {
		p.unpublish(t)
	}
}

func sameRids(have, offered []string) bool {
	if len(offered) == 0 {
		return len(have) == 1 && have[0] == ""
	}
	return slices.Equal(have, offered)
}

// AddCandidate adds a remote ICE candidate; "" means there are no more.
// Candidates that arrive before the first offer are kept for it.
func (p *Peer) AddCandidate(text string, mid string, mline int) error {
	if text == "" || len(text) > 512 {
		return nil // we need no end: the client's checks reach us
	}
	if !p.room.engine.cfg.candidateAllowed(text) {
		return nil // its checks will show us the address it really has
	}
	p.mu.Lock()
	c := p.conn
	if p.closed {
		p.mu.Unlock()
		return ErrClosed
	}
	if c == nil || c.layout.Load() == nil {
		if len(p.waiting) < 32 {
			p.waiting = append(p.waiting, candidate{text, mid, mline})
		}
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	return c.addCandidate(candidate{text, mid, mline})
}

func (c *conn) addCandidate(cand candidate) error {
	line := uint16(cand.mline)
	err := c.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: cand.text, SDPMid: &cand.mid, SDPMLineIndex: &line})
	if err != nil {
		return fmt.Errorf("%w: candidate: %v", ErrBadOffer, err)
	}
	return nil
}

func (p *Peer) flushCandidates(c *conn) {
	p.mu.Lock()
	list := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	for _, cand := range list {
		if err := c.addCandidate(cand); err != nil {
			p.log.Debug("candidate refused", "err", err)
		}
	}
}

// SetView tells what this peer shows, and replaces what it told before.
func (p *Peer) SetView(views []View) {
	m := make(map[viewKey]View, len(views))
	for _, v := range views {
		if len(m) >= 256 {
			break
		}
		v.Width, v.Height = min(max(v.Width, 0), 1<<14), min(max(v.Height, 0), 1<<14)
		m[viewKey{v.Participant, v.Source}] = v
	}
	p.mu.Lock()
	p.views = m
	c := p.conn
	p.mu.Unlock()
	if c != nil {
		c.poke()
	}
}

// SetMuted is the host's mute: packets of that source are dropped here.
func (p *Peer) SetMuted(s Source, muted bool) {
	p.mu.Lock()
	if p.closed || p.muted[s] == muted {
		p.mu.Unlock()
		return
	}
	p.muted[s] = muted
	t := p.tracks[s]
	p.mu.Unlock()
	if t == nil {
		return
	}
	t.muted.Store(muted)
	p.tellPublished(t)
	p.room.pokeAll()
}

// SetPublish permits or stops publishing. What a peer without permission sends
// is neither forwarded nor tapped.
func (p *Peer) SetPublish(ok bool) {
	if p.mayPublish.Swap(ok) == ok {
		return
	}
	p.mu.Lock()
	tracks := slices.Collect(maps.Values(p.tracks))
	p.mu.Unlock()
	for _, t := range tracks {
		if ok {
			t.announce()
		} else {
			p.room.forget(t)
			p.put(Unpublished{Source: t.source, Kind: t.source.Kind()})
		}
	}
	p.room.pokeAll()
}

// SetSubscribe permits or stops receiving.
func (p *Peer) SetSubscribe(ok bool) {
	p.mu.Lock()
	p.subscribe = ok
	c := p.conn
	p.mu.Unlock()
	if c != nil {
		c.poke()
	}
}

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

// State of the connection, as the State event tells it.
func (p *Peer) State() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return StateClosed
	case p.conn == nil:
		return StateConnecting
	}
	return *p.conn.state.Load()
}

// Close ends the connection and frees everything of it. It returns when the
// connection's goroutines have ended; events already queued may still come.
func (p *Peer) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	c := p.conn
	p.mu.Unlock()
	if c != nil {
		p.drop(c, "")
	}
	p.room.leave(p)
	p.put(State{StateClosed})
	p.mail.close()
}

// drop ends one connection of the peer, which may join again with a new offer.
func (p *Peer) drop(c *conn, told string) {
	p.mu.Lock()
	if p.conn == c {
		p.conn = nil
	}
	var tracks []*track
	for _, t := range p.tracks {
		if t.conn == c {
			tracks = append(tracks, t)
		}
	}
	p.mu.Unlock()
	for _, t := range tracks {
		p.unpublish(t)
	}
	c.close()
	c.setState(StateClosed)
	if told != "" {
		p.put(State{told})
	}
}

func (p *Peer) put(e Event) { p.mail.put(e) }

// connChanged passes a change of the connection's state on.
func (p *Peer) connChanged(c *conn, state string) {
	p.mu.Lock()
	current := p.conn == c || p.conn == nil
	p.mu.Unlock()
	if current {
		p.put(State{state})
	}
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

// expired tells whether the connection did not come up in time.
func (c *conn) expired() bool {
	at := c.offeredAt.Load()
	return at != 0 && *c.state.Load() == StateConnecting && time.Duration(c.engine.now()-at) > connectWithin
}
