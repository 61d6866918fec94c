package sfu

import "sync"

// Room is a set of peers that see and hear each other.
type Room struct {
	id     string
	engine *Engine

	mu    sync.Mutex
	peers map[string]*Peer
}

// JoinOptions describe a new peer.
type JoinOptions struct {
	ID string // unique in the room; what others see as Slot.Participant
	// Publish and Subscribe are permissions. Someone in the waiting room has
	// neither; SetPublish and SetSubscribe change them.
	Publish   bool
	Subscribe bool
	// Loopback sends a peer its own media, for the check before a call.
	Loopback bool
	// On is told everything that happens to the peer, in order, from one
	// goroutine, with no lock held. It must not block for long: events queue
	// up meanwhile and only the newest of each kind is kept.
	On func(Event)
}

// ID of the room.
func (r *Room) ID() string { return r.id }

// Join adds a peer. It costs no sockets or goroutines until its first Offer.
func (r *Room) Join(o JoinOptions) (*Peer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.peers[o.ID] != nil {
		return nil, ErrDuplicate
	}
	p := &Peer{id: o.ID, room: r}
	r.peers[o.ID] = p
	return p, nil
}

// Peer returns the peer with that id, or nil.
func (r *Room) Peer(id string) *Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers[id]
}

// Close ends every peer of the room.
func (r *Room) Close() {
	r.mu.Lock()
	peers := make([]*Peer, 0, len(r.peers))
	for _, p := range r.peers {
		peers = append(peers, p)
	}
	r.mu.Unlock()
	for _, p := range peers {
		p.Close()
	}
}
