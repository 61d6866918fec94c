package sfu

import (
	"context"
	"fmt"
	"slices"

	"github.com/pion/webrtc/v4"
)

type candidate struct {
	text, mid string
	mline     int
}

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
