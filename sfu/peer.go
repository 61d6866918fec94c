package sfu

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	taps      []*tapping
	muted     map[Source]bool
	views     map[viewKey]View
	waiting   []candidate // before the first offer
	meter     *speaker.Meter
}

type viewKey struct {
	participant string
	source      Source
}

// ID the peer joined with.
func (p *Peer) ID() string { return p.id }

// Room the peer is in.
func (p *Peer) Room() *Room { return p.room }

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
	begins := ok && !p.subscribe
	p.subscribe = ok
	c := p.conn
	p.mu.Unlock()
	if c == nil {
		return
	}
	if begins {
		c.begin()
	}
	c.poke()
}

// idle tells whether the peer may neither send nor receive.
func (p *Peer) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.subscribe && !p.mayPublish.Load()
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
	c, taps := p.conn, p.taps
	p.taps = nil
	p.mu.Unlock()
	if c != nil {
		p.drop(c, "")
	}
	for _, g := range taps {
		g.end()
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

// expired tells whether the connection did not come up in time.
func (c *conn) expired() bool {
	at := c.offeredAt.Load()
	return at != 0 && *c.state.Load() == StateConnecting && time.Duration(c.engine.now()-at) > connectWithin
}
