package sfu

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mentara/sfu/speaker"
)

// Room is a set of peers that see and hear each other.
type Room struct {
	id     string
	engine *Engine

	mu       sync.Mutex
	peers    map[string]*Peer
	serial   uint64 // of joins: the order slots are given in
	viewers  int
	ended    bool
	tracks   []*track // announced ones, in the order they came
	detector *speaker.Detector
	stop     chan struct{} // ends listen; nil while it does not run
	stopped  chan struct{}

	speakers atomic.Pointer[[]Speaker]
}

func newRoom(e *Engine, id string) *Room {
	r := &Room{id: id, engine: e, peers: map[string]*Peer{}, detector: speaker.New(0)}
	r.speakers.Store(new([]Speaker))
	return r
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
// It fails with ErrDuplicate, ErrRoomFull or ErrClosed (a room that has just
// become empty: get it again from the engine).
func (r *Room) Join(o JoinOptions) (*Peer, error) { return r.join(o, false, "") }

// join also serves WHEP: viewers are counted apart and told to nobody. only
// names the participant a viewer plays, "" is all.
func (r *Room) join(o JoinOptions, viewer bool, only string) (*Peer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lim := r.engine.cfg.Limits
	switch {
	case r.ended:
		return nil, ErrClosed
	case r.peers[o.ID] != nil:
		return nil, ErrDuplicate
	case viewer && r.viewers >= lim.ViewersPerRoom, !viewer && r.alikeLocked(!o.Publish && !o.Subscribe) >= lim.PeersPerRoom:
		return nil, ErrRoomFull
	}
	r.serial++
	p := &Peer{
		id: o.ID, room: r, opts: o, viewer: viewer, only: only, serial: r.serial, subscribe: o.Subscribe,
		log:    r.engine.log.With("room", r.id, "peer", o.ID),
		offers: make(chan struct{}, 1),
		tracks: map[Source]*track{}, muted: map[Source]bool{},
	}
	p.mail.on, p.mail.log = o.On, p.log
	p.mayPublish.Store(o.Publish)
	r.peers[o.ID] = p
	if viewer {
		r.viewers++
	} else {
		p.meter = r.detector.Add(o.ID)
	}
	if r.stop == nil {
		r.stop, r.stopped = make(chan struct{}), make(chan struct{})
		go r.listen(r.stop, r.stopped)
	}
	return p, nil
}

// alikeLocked counts the peers, viewers aside, that are idle or not. Those who
// wait take no place from those who are in.
func (r *Room) alikeLocked(idle bool) (n int) {
	for _, p := range r.peers {
		if !p.viewer && p.idle() == idle {
			n++
		}
	}
	return n
}

// leave takes a peer out; the room ends with its last.
func (r *Room) leave(p *Peer) {
	r.mu.Lock()
	if r.peers[p.id] != p {
		r.mu.Unlock()
		return
	}
	delete(r.peers, p.id)
	if p.viewer {
		r.viewers--
	}
	if p.meter != nil {
		r.detector.Remove(p.meter)
	}
	empty := len(r.peers) == 0
	r.mu.Unlock()
	if empty {
		r.engine.release(r)
	}
	r.pokeAll()
}

// endIfEmpty ends the room if nobody is in it. The engine's lock is held.
func (r *Room) endIfEmpty() bool {
	r.mu.Lock()
	if len(r.peers) > 0 || r.ended {
		r.mu.Unlock()
		return false
	}
	r.ended = true
	stop, stopped := r.stop, r.stopped
	r.stop = nil
	r.mu.Unlock()
	if stop != nil {
		close(stop)
		<-stopped
	}
	return true
}

// Peer returns the peer with that id, or nil.
func (r *Room) Peer(id string) *Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers[id]
}

// Close ends every peer of the room.
func (r *Room) Close() {
	for _, p := range r.members() {
		p.Close()
	}
	r.engine.release(r)
}

func (r *Room) members() []*Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*Peer, 0, len(r.peers))
	for _, p := range r.peers {
		list = append(list, p)
	}
	return list
}

// add announces a track.
func (r *Room) add(t *track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended && !slices.Contains(r.tracks, t) {
		r.tracks = append(r.tracks, t)
	}
}

func (r *Room) forget(t *track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracks = slices.DeleteFunc(r.tracks, func(o *track) bool { return o == t })
}

// published is the tracks that may be watched, by the order their peers came.
func (r *Room) published() []*track {
	r.mu.Lock()
	list := slices.Clone(r.tracks)
	r.mu.Unlock()
	slices.SortStableFunc(list, func(a, b *track) int {
		return cmp.Or(cmp.Compare(a.peer.serial, b.peer.serial), compareSources(a.source, b.source))
	})
	return list
}

func compareSources(a, b Source) int {
	rank := func(s Source) int { return slices.Index([]Source{Microphone, Camera, Screen, ScreenAudio}, s) }
	return rank(a) - rank(b)
}

// pokeAll makes every subscriber look at its slots again.
func (r *Room) pokeAll() {
	for _, p := range r.members() {
		p.mu.Lock()
		c := p.conn
		p.mu.Unlock()
		if c != nil {
			c.poke()
		}
	}
}

// listen finds the active speakers four times a second. It is the room's only
// goroutine.
func (r *Room) listen(stop, stopped chan struct{}) {
	defer close(stopped)
	tick := time.NewTicker(speaker.Tick)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			r.hear(now)
		}
	}
}

func (r *Room) hear(now time.Time) {
	r.mu.Lock()
	active, changed := r.detector.Tick(now)
	if !changed {
		r.mu.Unlock()
		return
	}
	list := make([]Speaker, len(active))
	for i, s := range active {
		list[i] = Speaker{Participant: s.ID, Level: int(s.Level * 127)}
	}
	r.mu.Unlock()
	r.speakers.Store(&list)
	for _, p := range r.members() {
		p.mu.Lock()
		hears := p.subscribe
		p.mu.Unlock()
		if hears && !p.viewer {
			p.put(Speakers{Speakers: list})
		}
	}
	r.pokeAll()
}
