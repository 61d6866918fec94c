package room

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/sfu"
)

// WHIP (RFC 9725) and WHEP are how tools that know nothing of us send and play
// media. Their bearer is a room access token, and nothing else: a cookie opens
// no door here. In a room of the practice the token's identity has a seat like
// anybody, seen by all and counted in the attendance, however many sessions its
// bearer opens; only an admission (by a host, or in the token itself) lets it
// in. A token that the operator made for a room that does not exist makes a
// room of the SFU alone, without members, record or waiting room.

// Doors mounts WHIP and WHEP.
func (s *Service) Doors(a *api.Server, engine *sfu.Engine) {
	options := sfu.WHIPOptions{Authorize: s.authorizeDoor, On: s.doorEvent}
	whip, whep := engine.WHIP(options), engine.WHEP(options)
	for _, method := range []string{
		http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodOptions,
	} {
		for _, tail := range []string{"", "/{session}"} {
			// Public, as a preflight (OPTIONS) has no token: the doors ask for it.
			a.Raw(method, "/api/v1/rooms/{room}/whip"+tail, api.Public, s.door(whip))
			a.Raw(method, "/api/v1/rooms/{room}/whep"+tail, api.Public, s.door(whep))
		}
	}
}

// hold is what one WHIP or WHEP session has of a seat. It is given back once.
type hold struct {
	room, seat string
	peer       *sfu.Peer // once it is connecting; owned by the session
	returned   atomic.Bool
}

type holdKey struct{}

// door takes a seat before media is negotiated, and gives it back if nothing
// came of it.
func (s *Service) door(h http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		w, r := c.Writer, c.Request
		p, ok := doorPrincipal(r)
		if r.Method != http.MethodPost || !ok {
			h.ServeHTTP(w, r)
			return
		}
		held, err := s.takeDoor(r.Context(), p)
		if err != nil {
			api.WriteProblem(w, r, err)
			return
		}
		if held == nil { // no room of the practice: the SFU's own
			h.ServeHTTP(w, r)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), holdKey{}, held))
		h.ServeHTTP(w, s.withSeatIDs(r, p))
		if w.Status() != http.StatusCreated {
			s.closeDoor(held)
		}
	}
}

// doorPrincipal is the bearer of a token for the room in the path.
func doorPrincipal(r *http.Request) (auth.Principal, bool) {
	p, ok := auth.From(r.Context())
	rest, _ := strings.CutPrefix(r.URL.Path, "/api/v1/rooms/")
	room, _, _ := strings.Cut(rest, "/")
	return p, ok && p.Kind == auth.Token && p.Room != nil && p.Room.Room == room
}

// takeDoor gives the bearer a seat, or one more hold of it. There is none if the
// room is none of the practice's.
func (s *Service) takeDoor(ctx context.Context, p auth.Principal) (*hold, error) {
	id := p.Room.Room
	r, _, as, err := s.find(ctx, p, id, join)
	if fault.Is(err, fault.NotFound) && p.Room.Admitted {
		return nil, nil
	}
	if err == nil {
		err = s.mayCome(p, r, as)
	}
	if err != nil {
		return nil, err
	}
	held := &hold{room: id}
	err = s.in(ctx, id, func(sess *session) error {
		// Without an admission a tool has no one to wait with: it is refused
		// and leaves no one at the door.
		st := sess.byIdentity[p.ID]
		in := st != nil && st.in()
		open := as.hosts() || p.Room.Admitted || !sess.access[p.ID].AdmittedAt.IsZero() || !sess.row.WaitingRoom
		if !in && (st != nil || !open) {
			return fault.New(fault.Forbidden, "waiting", "The host has not let you in yet.")
		}
		st, err := sess.join(ctx, p, as, nil, true)
		if err != nil {
			return err
		}
		held.seat = st.id
		return nil
	})
	return held, err
}

// withSeatIDs turns the identity that a WHEP client asks for into the
// participant the SFU knows.
func (s *Service) withSeatIDs(r *http.Request, p auth.Principal) *http.Request {
	q := r.URL.Query()
	wanted := q.Get("participant")
	if wanted == "" {
		return r
	}
	// A room that ended just now has nobody to find; the SFU will say so.
	_, _ = s.inLive(r.Context(), p.Room.Room, func(sess *session) error {
		if st := sess.byIdentity[wanted]; st != nil {
			wanted = st.id
		}
		return nil
	})
	q.Set("participant", wanted)
	r = r.Clone(r.Context())
	r.URL.RawQuery = q.Encode()
	return r
}

// authorizeDoor tells the SFU what a bearer may do, on every request of a
// session. The identity it gives is the seat's, by which everybody in the room
// knows whose media it is.
func (s *Service) authorizeDoor(r *http.Request) (sfu.Access, error) {
	p, ok := doorPrincipal(r)
	if !ok {
		return sfu.Access{}, fault.New(fault.Unauthenticated, "bad_token", "This token is not valid here.")
	}
	a := sfu.Access{
		Room: p.Room.Room, Identity: p.ID, Publish: p.Room.Publish, Subscribe: p.Room.Subscribe,
		Tag: r.Context().Value(holdKey{}),
	}
	live, err := s.inLive(r.Context(), a.Room, func(sess *session) error {
		st := sess.byIdentity[p.ID]
		if st == nil || !st.in() {
			return errForbidden()
		}
		a.Identity = st.id
		return nil
	})
	if live || err != nil {
		return a, err
	}
	if !p.Room.Admitted {
		return sfu.Access{}, errForbidden()
	}
	return a, nil
}

// doorEvent is what happens to a WHIP or WHEP session's peer. A peer whose seat
// is gone, because its person was kicked say, is closed.
func (s *Service) doorEvent(a sfu.Access, peer *sfu.Peer, ev sfu.Event) {
	held, ok := a.Tag.(*hold)
	if !ok {
		return // a room of the SFU alone
	}
	if st, ok := ev.(sfu.State); ok && st.State == sfu.StateClosed {
		s.closeDoor(held)
		return
	}
	sess := s.peek(held.room)
	if sess == nil {
		peer.Close()
		return
	}
	sess.post(func() {
		st := sess.seats[held.seat]
		if st == nil {
			peer.Close()
			return
		}
		if held.peer == nil && !held.returned.Load() {
			held.peer = peer
			st.peers[peer] = struct{}{}
			for source := range st.muted {
				peer.SetMuted(source, true)
			}
		}
		sess.happened(st, ev)
	})
}

// closeDoor gives a hold of a seat back. Whoever has no other leaves: a tool
// that comes back starts anew.
func (s *Service) closeDoor(held *hold) {
	if held.returned.Swap(true) {
		return
	}
	ctx, cancel := background()
	defer cancel()
	_, err := s.inLive(ctx, held.room, func(sess *session) error {
		st := sess.seats[held.seat]
		if st == nil {
			return nil
		}
		delete(st.peers, held.peer)
		if st.doors--; st.doors > 0 || st.out.get() != nil {
			return nil
		}
		return sess.leave(ctx, st, "left")
	})
	if err != nil {
		s.log.Error("seat not given back", "room", held.room, "participant", held.seat, "error", err)
	}
}
