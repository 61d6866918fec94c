package account

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"mentara/api"
	"mentara/internal/auth"
)

// Routes registers everything of this package under /api/v1.
func (s *Service) Routes(a *api.Server) {
	s.signInRoutes(a)
	s.selfRoutes(a)
	s.peopleRoutes(a)
	s.invitationRoutes(a)
	s.careRoutes(a)
}

var (
	users      = api.Roles(auth.Client, auth.Therapist, auth.Moderator, auth.Admin)
	staff      = api.Roles(auth.Therapist, auth.Moderator, auth.Admin)
	clinicians = api.Roles(auth.Therapist, auth.Admin)
	admins     = api.Roles(auth.Admin)
)

// op describes an operation. errors are the problems it may answer with beyond
// those every operation can.
func op(method, path, id, tag, summary string, errors ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: "/api/v1" + path, OperationID: id, Tags: []string{tag}, Summary: summary, Errors: errors,
	}
}

func withStatus(o huma.Operation, status int) huma.Operation {
	o.DefaultStatus = status
	return o
}

// caller is the principal of a request; the kit let no other in.
func caller(ctx context.Context) auth.Principal {
	p, _ := auth.From(ctx)
	return p
}

type (
	empty       struct{}
	body[T any] struct{ Body T }
	signedIn    = body[SignInResult]
	idIn        struct{ IDPath }
)

// The types below are embedded in inputs, and exported because huma and
// encoding/json skip embedded structs that are not.

// IDPath is the id in a path.
type IDPath struct {
	ID string `path:"id" maxLength:"64" doc:"Its id"`
}

// TokenPath is the one-time token in a path.
type TokenPath struct {
	Token string `path:"token" maxLength:"64" doc:"The one-time token of the link"`
}

// NewAccount is what people say of themselves when they make their account.
type NewAccount struct {
	Name     string `json:"name" minLength:"1" maxLength:"100" example:"Mira Lindqvist"`
	Password string `json:"password" minLength:"1" maxLength:"256" doc:"Ten characters or more" example:"four unrelated words here"`
	Locale   string `json:"locale,omitempty" maxLength:"35" example:"en"`
	TimeZone string `json:"timeZone,omitempty" maxLength:"64" example:"Europe/Berlin"`
}

func (f NewAccount) user() NewUser {
	return NewUser{Name: f.Name, Password: f.Password, Locale: f.Locale, TimeZone: f.TimeZone}
}

// answer ends every way of signing in: cookies, and who it is.
func (s *Service) answer(ctx context.Context, g Grant, err error) (*signedIn, error) {
	if err != nil {
		return nil, err
	}
	s.hand(ctx, g)
	return &signedIn{Body: SignInResult{Next: "done", Me: g.Me}}, nil
}

type setupIn struct {
	Body struct {
		Token string `json:"token" maxLength:"64" doc:"Printed on the console at first start"`
		Email string `json:"email" maxLength:"254" example:"mira@example.org"`
		NewAccount
	}
}

type signInIn struct {
	Body struct {
		Email    string `json:"email" minLength:"1" maxLength:"254" example:"mira@example.org"`
		Password string `json:"password" minLength:"1" maxLength:"256" example:"four unrelated words here"`
	}
}

type guestIn struct {
	TokenPath
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" doc:"Shown to the others" example:"Mira"`
	}
}

func (s *Service) signInRoutes(a *api.Server) {
	const tag = "sign-in"
	type setupOut struct {
		Needed bool `json:"needed" doc:"Whether there is no admin yet"`
	}
	api.Register(a, op(http.MethodGet, "/setup", "getSetup", tag, "Whether this practice still needs its first admin"), api.Public,
		func(ctx context.Context, _ *empty) (*body[setupOut], error) {
			needed, err := s.NeedsSetup(ctx)
			return &body[setupOut]{setupOut{needed}}, err
		})
	api.Register(a, withStatus(op(http.MethodPost, "/setup", "setUp", tag, "Make the first admin with the token from the console", 404, 410, 422), 201), api.Public,
		func(ctx context.Context, in *setupIn) (*signedIn, error) {
			n := in.Body.user()
			n.Email = in.Body.Email
			g, err := s.Setup(ctx, in.Body.Token, n, s.client(ctx))
			return s.answer(ctx, g, err)
		})
	api.Register(a, op(http.MethodPost, "/sign-in", "signIn", tag, "Sign in with address and password", 401, 429, 503), api.Public,
		func(ctx context.Context, in *signInIn) (*signedIn, error) {
			g, err := s.SignIn(ctx, in.Body.Email, in.Body.Password, s.client(ctx))
			return s.answer(ctx, g, err)
		})
	api.Register(a, withStatus(op(http.MethodPost, "/sign-out", "signOut", tag, "End this session; fine without one"), 204), api.Public, s.signOut)
	api.Register(a, op(http.MethodPost, "/sign-in-links/{token}", "signInByLink", tag, "Sign in with a one-time link", 404, 410), api.Public,
		func(ctx context.Context, in *TokenPath) (*signedIn, error) {
			g, err := s.SignInByLink(ctx, in.Token, s.client(ctx))
			return s.answer(ctx, g, err)
		})
	api.Register(a, op(http.MethodPost, "/guest-links/{token}", "signInAsGuest", tag, "Enter one room as a guest, from one browser", 404, 409, 410, 422), api.Public,
		func(ctx context.Context, in *guestIn) (*signedIn, error) {
			g, err := s.SignInAsGuest(ctx, in.Token, in.Body.Name, s.client(ctx))
			return s.answer(ctx, g, err)
		})
}

// signOut also tells the browser to drop what the app stored, drafts included
// (row 61 of the threat model). Not the HTTP cache: it holds no answers of the
// API, and some browsers take seconds to clear it.
func (s *Service) signOut(ctx context.Context, _ *empty) (*empty, error) {
	if p, ok := auth.From(ctx); ok && p.SessionID != "" {
		if err := s.SignOut(ctx, p); err != nil {
			return nil, err
		}
	}
	api.SetCookie(ctx, s.cookies.cookie(s.cookies.session, "", 0))
	api.SetHeader(ctx, "Clear-Site-Data", `"storage"`)
	return nil, nil
}

type meIn struct {
	Body struct {
		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100" example:"Mira Lindqvist"`
		Locale   *string `json:"locale,omitempty" maxLength:"35" example:"de-CH"`
		TimeZone *string `json:"timeZone,omitempty" maxLength:"64" example:"Europe/Zurich"`
	}
}

type passwordIn struct {
	Body struct {
		Current string `json:"current" maxLength:"256" doc:"Empty within 15 minutes of a sign-in by link"`
		Next    string `json:"next" minLength:"1" maxLength:"256" doc:"Ten characters or more"`
	}
}

func (s *Service) selfRoutes(a *api.Server) {
	const tag = "me"
	api.Register(a, op(http.MethodGet, "/me", "getMe", tag, "Who the caller is"), api.SignedIn,
		func(ctx context.Context, _ *empty) (*body[Me], error) {
			me, err := s.Me(ctx, caller(ctx))
			return &body[Me]{me}, err
		})
	api.Register(a, op(http.MethodPatch, "/me", "changeMe", tag, "Change one's own name, language or time zone", 422), users,
		func(ctx context.Context, in *meIn) (*body[Me], error) {
			me, err := s.ChangeMe(ctx, caller(ctx), MeChange{in.Body.Name, in.Body.Locale, in.Body.TimeZone})
			return &body[Me]{me}, err
		})
	api.Register(a, withStatus(op(http.MethodPost, "/password", "changePassword", tag, "Change one's password; other sessions end", 409, 422, 429, 503), 204), users,
		func(ctx context.Context, in *passwordIn) (*empty, error) {
			return nil, s.ChangePassword(ctx, caller(ctx), in.Body.Current, in.Body.Next, s.client(ctx))
		})
	api.Register(a, op(http.MethodGet, "/sessions", "listSessions", tag, "Where one is signed in"), users,
		func(ctx context.Context, _ *empty) (*body[api.List[Device]], error) {
			devices, err := s.Sessions(ctx, caller(ctx))
			return &body[api.List[Device]]{api.List[Device]{Items: devices}}, err
		})
	api.Register(a, withStatus(op(http.MethodDelete, "/sessions/{id}", "revokeSession", tag, "Sign one of one's devices out", 404), 204), users,
		func(ctx context.Context, in *idIn) (*empty, error) {
			return nil, s.RevokeSession(ctx, caller(ctx), in.ID)
		})
	type ended struct {
		Ended int `json:"ended" doc:"How many sessions ended"`
	}
	api.Register(a, op(http.MethodDelete, "/sessions", "revokeOtherSessions", tag, "Sign all other devices out"), users,
		func(ctx context.Context, _ *empty) (*body[ended], error) {
			n, err := s.RevokeOthers(ctx, caller(ctx))
			return &body[ended]{ended{n}}, err
		})
}
