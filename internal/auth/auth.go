// Package auth carries who is asking through a context. How an identity is
// proven belongs to api/account and signaling/room; this package only holds it.
package auth

import (
	"context"
	"slices"
)

// Role is what a person with an account may do in the practice.
type Role string

const (
	Client    Role = "client"
	Therapist Role = "therapist"
	Moderator Role = "moderator" // front desk: sees rooms and people, treats nobody
	Admin     Role = "admin"
)

// Kind is how the identity was proven.
type Kind string

const (
	User  Kind = "user"  // signed in to an account
	Guest Kind = "guest" // came by a one-time link to one session
	Token Kind = "token" // a room access token, as WHIP and WHEP clients use
)

// RoomGrant limits a Guest or Token to one room and some verbs.
type RoomGrant struct {
	Room      string
	Publish   bool
	Subscribe bool
	Moderator bool
	// Admitted passes by the waiting room: the operator made this token and
	// answers for who holds it. Links and join tokens never have it.
	Admitted bool
}

// Principal is an identity stamped by the server; nothing a client sends can
// change it.
type Principal struct {
	ID        string // user id, guest id, or the token's identity
	Kind      Kind
	Role      Role   // of a User; empty otherwise
	Name      string // shown to others
	SessionID string // the server-side session; empty for a Token
	Room      *RoomGrant
}

// Is reports whether the principal is a User in one of the roles.
func (p Principal) Is(roles ...Role) bool {
	return p.Kind == User && slices.Contains(roles, p.Role)
}

type key struct{}

// With returns a context that carries p.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// From returns the principal of the request, if it has one.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(key{}).(Principal)
	return p, ok
}
