package room

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"mentara/internal/fault"
	"mentara/sfu"
)

// SFU is the engine built in.
type SFU struct {
	engine *sfu.Engine
	ice    []ICEServer
}

// NewSFU makes rooms on the given engine. ice is told to every browser; an
// engine that is reachable itself needs none.
func NewSFU(engine *sfu.Engine, ice []ICEServer) *SFU {
	if ice == nil {
		ice = []ICEServer{}
	}
	return &SFU{engine: engine, ice: ice}
}

// ICEServers are the same for everybody.
func (e *SFU) ICEServers(string) []ICEServer { return e.ice }

// Join adds a peer.
func (e *SFU) Join(_ context.Context, o LegOptions) (Leg, error) {
	l := &sfuLeg{engine: e.engine, opts: o, muted: map[sfu.Source]bool{}}
	if err := l.openLocked(); err != nil {
		return nil, err
	}
	return l, nil
}

// End closes the SFU's room, WHIP and WHEP sessions included.
func (e *SFU) End(room string) {
	if r, err := e.engine.Room(room); err == nil {
		r.Close()
	}
}

// sfuLeg is a seat's peer, or the peers it had: a page that was reloaded comes
// with a new RTCPeerConnection, for which the old peer is of no use.
type sfuLeg struct {
	engine *sfu.Engine
	opts   LegOptions

	// mu guards what follows. It is not held while a peer works or closes.
	mu      sync.Mutex
	peer    *sfu.Peer
	origin  string // of the peer's first offer
	muted   map[sfu.Source]bool
	views   []sfu.View
	closed  bool
	current *peerLife
}

// peerLife lets the events of a peer stop the moment its leg lets go of it.
type peerLife struct {
	mu   sync.Mutex
	over bool
}

// openLocked joins a new peer. Only the newest peer's events are passed on.
func (l *sfuLeg) openLocked() error {
	life := &peerLife{}
	o := sfu.JoinOptions{
		ID: l.opts.Participant, Publish: l.opts.Publish, Subscribe: l.opts.Subscribe, Loopback: l.opts.Loopback,
		On: func(ev sfu.Event) {
			life.mu.Lock()
			over := life.over
			life.mu.Unlock()
			if !over {
				l.opts.On(ev)
			}
		},
	}
	var peer *sfu.Peer
	for range 2 { // an empty room may go away between the two calls
		r, err := l.engine.Room(l.opts.Room)
		if err != nil {
			return mediaFault(err)
		}
		if peer, err = r.Join(o); err == nil {
			break
		}
		if !errors.Is(err, sfu.ErrClosed) {
			return mediaFault(err)
		}
	}
	if peer == nil {
		return mediaFault(sfu.ErrClosed)
	}
	for source, muted := range l.muted {
		peer.SetMuted(source, muted)
	}
	if l.views != nil {
		peer.SetView(l.views)
	}
	l.peer, l.origin, l.current = peer, "", life
	return nil
}

// Offer negotiates. An offer of another RTCPeerConnection than the last gets a
// new peer.
func (l *sfuLeg) Offer(ctx context.Context, sdp string, tracks []sfu.TrackInfo) (string, error) {
	origin := sdpOrigin(sdp)
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return "", mediaFault(sfu.ErrClosed)
	}
	if l.origin != "" && origin != "" && origin != l.origin {
		old, life := l.peer, l.current
		life.end()
		l.mu.Unlock()
		old.Close()
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return "", mediaFault(sfu.ErrClosed)
		}
		if err := l.openLocked(); err != nil {
			l.mu.Unlock()
			return "", err
		}
	}
	if l.origin == "" {
		l.origin = origin
	}
	peer := l.peer
	l.mu.Unlock()
	answer, err := peer.Offer(ctx, sdp, tracks)
	if err != nil {
		return "", mediaFault(err)
	}
	return answer, nil
}

// Candidate adds a remote candidate.
func (l *sfuLeg) Candidate(candidate, mid string, mline int) error {
	return mediaFault(l.now().AddCandidate(candidate, mid, mline))
}

// View tells what the person's screen shows, and is remembered for peers to
// come.
func (l *sfuLeg) View(views []sfu.View) {
	l.mu.Lock()
	l.views = views
	peer := l.peer
	l.mu.Unlock()
	peer.SetView(views)
}

// Permit holds for peers to come, too.
func (l *sfuLeg) Permit(publish, subscribe bool) {
	l.mu.Lock()
	l.opts.Publish, l.opts.Subscribe = publish, subscribe
	peer := l.peer
	l.mu.Unlock()
	peer.SetSubscribe(subscribe)
	peer.SetPublish(publish)
}

// Mute is remembered for peers to come.
func (l *sfuLeg) Mute(source sfu.Source, muted bool) {
	l.mu.Lock()
	l.muted[source] = muted
	peer := l.peer
	l.mu.Unlock()
	peer.SetMuted(source, muted)
}

// Close ends the peer. No event is passed on once it is called.
func (l *sfuLeg) Close() {
	l.mu.Lock()
	peer := l.peer
	l.closed = true
	l.current.end()
	l.mu.Unlock()
	peer.Close()
}

func (l *sfuLeg) now() *sfu.Peer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peer
}

func (p *peerLife) end() {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
}

// sdpOrigin is the username and session id of the o= line (RFC 8866 §5.2),
// which a JSEP client keeps for the life of a connection (RFC 8829 §5.2.2).
// Empty if there is none: then the SFU will refuse the rest too.
func sdpOrigin(sdp string) string {
	for line := range strings.Lines(sdp) {
		if rest, ok := strings.CutPrefix(line, "o="); ok {
			if f := strings.Fields(rest); len(f) == 6 {
				return f[0] + " " + f[1]
			}
			return ""
		}
	}
	return ""
}

// mediaFault says in a caller's words what the SFU refused.
func mediaFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sfu.ErrBadOffer):
		return fault.New(fault.Invalid, "bad_sdp", "The media description was refused.")
	case errors.Is(err, sfu.ErrRoomFull):
		return fault.New(fault.Conflict, "room_full", "This room is full.")
	case errors.Is(err, sfu.ErrExhausted):
		return fault.New(fault.Unavailable, "node_full", "This server carries as many calls as it can. Please try again soon.").After(retrySoon)
	case errors.Is(err, sfu.ErrClosed), errors.Is(err, sfu.ErrDuplicate):
		return fault.New(fault.Conflict, "media_closed", "The media connection is closed. Please connect again.")
	}
	return fmt.Errorf("media: %w", err)
}
