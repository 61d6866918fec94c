package presence

import (
	"context"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/signaling"
)

// Presence is how one user is. Since is left out for who is offline: when they
// left is not for others to know.
type Presence struct {
	User  string    `json:"user"`
	State State     `json:"state"`
	Since time.Time `json:"since,omitzero"`
}

// SignalKey makes a newer state of a user replace an older one.
func (p Presence) SignalKey() string { return p.User }

// Wish is what a device may say of itself.
type Wish string

// Values lists the wishes; being in a session is not one.
func (Wish) Values() []string {
	return []string{string(Online), string(Away), string(DoNotDisturb)}
}

// SetRequest says how this connection is.
type SetRequest struct {
	State Wish `json:"state"`
}

// SetResponse is how the user is, over all devices.
type SetResponse struct {
	State State `json:"state"`
}

// GetRequest asks for up to 100 users.
type GetRequest struct {
	Users []string `json:"users"`
}

// GetResponse lists those of them that the asker may see.
type GetResponse struct {
	Users []Presence `json:"users"`
}

const maxUsers = 100

// Register adds the frames and the topic, and watches sockets come and go. Only
// people with an account have a presence.
func (s *Service) Register(m *signaling.Mux) {
	m.OnOpen(func(c *signaling.Conn) {
		if p := c.Principal(); p.Kind == auth.User {
			s.set(p.ID, c.ID(), Online)
		}
	})
	m.OnClose(func(c *signaling.Conn) {
		if p := c.Principal(); p.Kind == auth.User {
			s.end(p.ID, c.ID(), time.Now())
		}
	})
	m.Topic("presence:", func(_ context.Context, p auth.Principal, user string) error {
		if !maySee(p, user) {
			return fault.New(fault.NotFound, "topic_not_found", "There is no such topic.")
		}
		return nil
	})
	signaling.Push[Presence](m, "presence.changed")
	signaling.Handle(m, "presence.set", s.handleSet)
	signaling.Handle(m, "presence.get", s.handleGet)
}

// maySee keeps the presence of clients and staff from clients.
func maySee(p auth.Principal, user string) bool {
	return p.Is(auth.Therapist, auth.Moderator, auth.Admin) || p.Kind == auth.User && p.ID == user
}

func (s *Service) handleSet(_ context.Context, c *signaling.Conn, req SetRequest) (SetResponse, error) {
	p := c.Principal()
	if p.Kind != auth.User {
		return SetResponse{}, fault.New(fault.Forbidden, "no_account", "Only people with an account have a presence.")
	}
	s.set(p.ID, c.ID(), State(req.State))
	return SetResponse{State: s.Of(p.ID).State}, nil
}

func (s *Service) handleGet(_ context.Context, c *signaling.Conn, req GetRequest) (GetResponse, error) {
	if len(req.Users) > maxUsers {
		return GetResponse{}, fault.New(fault.Invalid, "invalid_data", "Too many users at once.").
			With("data.users", "has more than 100 items")
	}
	var res GetResponse
	for _, id := range req.Users {
		if maySee(c.Principal(), id) {
			res.Users = append(res.Users, s.Of(id))
		}
	}
	return res, nil
}
