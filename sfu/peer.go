package sfu

import "context"

// Peer is one participant's connection.
type Peer struct {
	id   string
	room *Room
}

// ID the peer joined with.
func (p *Peer) ID() string { return p.id }

// Room the peer is in.
func (p *Peer) Room() *Room { return p.room }

// Offer takes the client's session description and returns ours. tracks names
// the source of each media section the client sends on; sections that are not
// named are ignored unless they are the only one of their kind (then camera or
// microphone is assumed). The first offer opens the connection; later ones
// renegotiate it or, with new ICE credentials, restart ICE.
func (p *Peer) Offer(ctx context.Context, sdp string, tracks []TrackInfo) (answer string, err error) {
	return "", ErrClosed
}

// AddCandidate adds a remote ICE candidate; "" means there are no more.
// Candidates that arrive before the first offer are kept for it.
func (p *Peer) AddCandidate(candidate string, mid string, mline int) error { return ErrClosed }

// SetView tells what this peer shows, and replaces what it told before.
func (p *Peer) SetView(views []View) {}

// SetMuted is the host's mute: packets of that source are dropped here.
func (p *Peer) SetMuted(s Source, muted bool) {}

// SetPublish permits or stops publishing.
func (p *Peer) SetPublish(ok bool) {}

// SetSubscribe permits or stops receiving.
func (p *Peer) SetSubscribe(ok bool) {}

// Close ends the connection and frees everything of it.
func (p *Peer) Close() {}
