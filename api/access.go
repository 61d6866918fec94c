package api

import (
	"net/http"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// Access says who may call an operation at all. What they may do to which
// object is the feature's decision.
type Access uint

const (
	guests Access = 1 << iota
	tokens
	clients
	therapists
	moderators
	admins

	// Public lets anyone in. A caller who has an identity still carries it; a
	// stale one is ignored.
	Public Access = 0
	// SignedIn admits people with an account and guests of one room.
	SignedIn = guests | clients | therapists | moderators | admins
	// AnyPrincipal also admits room access tokens.
	AnyPrincipal = SignedIn | tokens
)

// Roles admits people with an account in one of the roles.
func Roles(roles ...auth.Role) Access {
	var a Access
	for _, r := range roles {
		a |= bitOf(auth.Principal{Kind: auth.User, Role: r})
	}
	return a
}

func bitOf(p auth.Principal) Access {
	switch p.Kind {
	case auth.Guest:
		return guests
	case auth.Token:
		return tokens
	case auth.User:
		switch p.Role {
		case auth.Client:
			return clients
		case auth.Therapist:
			return therapists
		case auth.Moderator:
			return moderators
		case auth.Admin:
			return admins
		}
	}
	return 0
}

// admit finds the identity of a request and checks it against access. The
// returned request carries the principal.
func (s *Server) admit(r *http.Request, access Access) (*http.Request, error) {
	p, ok, err := s.identify(r)
	if access == Public {
		if err == nil && ok {
			r = r.WithContext(auth.With(r.Context(), p))
		}
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.Unauthenticated, "sign_in_required", "Please sign in.")
	}
	if access&bitOf(p) == 0 {
		return nil, fault.New(fault.Forbidden, "not_allowed", "Your account may not do this.")
	}
	return r.WithContext(auth.With(r.Context(), p)), nil
}

// identify asks each authenticator until one recognises its credential.
func (s *Server) identify(r *http.Request) (auth.Principal, bool, error) {
	for _, authenticate := range s.opt.Authenticate {
		p, ok, err := authenticate(r)
		if err != nil || ok {
			return p, ok, err
		}
	}
	return auth.Principal{}, false, nil
}
