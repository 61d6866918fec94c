package account

import (
	"context"
	"net/http"

	"mentara/api"
	"mentara/internal/auth"
)

type peopleIn struct {
	api.Page
	Search string    `query:"q" maxLength:"100" doc:"Part of a name or address" example:"lind"`
	Role   auth.Role `query:"role" enum:"client,therapist,moderator,admin"`
	Active string    `query:"active" enum:"true,false" doc:"Absent: both"`
}

type personIn struct {
	IDPath
	Body struct {
		Name   *string    `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Role   *auth.Role `json:"role,omitempty" enum:"client,therapist,moderator,admin"`
		Active *bool      `json:"active,omitempty" doc:"false ends all sessions of the person"`
	}
}

func (s *Service) peopleRoutes(a *api.Server) {
	const tag = "people"
	api.Register(a, op(http.MethodGet, "/people", "listPeople", tag, "People one may see: all for admins and the front desk, their clients for therapists", 422), staff,
		func(ctx context.Context, in *peopleIn) (*body[api.List[Person]], error) {
			f := PeopleFilter{Search: in.Search, Role: in.Role}
			if in.Active != "" {
				active := in.Active == "true"
				f.Active = &active
			}
			list, err := s.People(ctx, caller(ctx), f, in.Page)
			return &body[api.List[Person]]{list}, err
		})
	api.Register(a, op(http.MethodGet, "/colleagues", "listColleagues", tag, "Who works here, by name: whom staff shares with and asks"), staff,
		func(ctx context.Context, _ *struct{}) (*body[api.List[Colleague]], error) {
			list, err := s.Colleagues(ctx, caller(ctx))
			return &body[api.List[Colleague]]{list}, err
		})
	api.Register(a, op(http.MethodGet, "/people/{id}", "getPerson", tag, "One person", 404), staff,
		func(ctx context.Context, in *idIn) (*body[Person], error) {
			p, err := s.Person(ctx, caller(ctx), in.ID)
			return &body[Person]{p}, err
		})
	api.Register(a, op(http.MethodPatch, "/people/{id}", "changePerson", tag, "Change a person's name or role, deactivate or reactivate them", 404, 409, 422), admins,
		func(ctx context.Context, in *personIn) (*body[Person], error) {
			p, err := s.ChangePerson(ctx, caller(ctx), in.ID, PersonChange{in.Body.Name, in.Body.Role, in.Body.Active})
			return &body[Person]{p}, err
		})
}

type inviteIn struct {
	Body struct {
		Email       string    `json:"email" maxLength:"254" example:"jonas@example.org"`
		Name        string    `json:"name,omitempty" maxLength:"100" doc:"Suggested to the invited person" example:"Jonas Ek"`
		Role        auth.Role `json:"role" enum:"client,therapist,moderator,admin"`
		TherapistID string    `json:"therapistId,omitempty" maxLength:"64" doc:"Who will treat a new client; therapists always invite for themselves"`
	}
}

type acceptIn struct {
	TokenPath
	Body NewAccount
}

func (s *Service) invitationRoutes(a *api.Server) {
	const tag = "invitations"
	api.Register(a, op(http.MethodGet, "/invitations", "listInvitations", tag, "Invitations: all for admins, one's own for therapists", 422), clinicians,
		func(ctx context.Context, in *struct{ api.Page }) (*body[api.List[Invitation]], error) {
			list, err := s.Invitations(ctx, caller(ctx), in.Page)
			return &body[api.List[Invitation]]{list}, err
		})
	api.Register(a, withStatus(op(http.MethodPost, "/invitations", "invite", tag, "Invite somebody; the link is in this answer only", 409, 422), 201), clinicians,
		func(ctx context.Context, in *inviteIn) (*body[Invitation], error) {
			n := NewInvitation{Email: in.Body.Email, Name: in.Body.Name, Role: in.Body.Role, TherapistID: in.Body.TherapistID}
			inv, err := s.Invite(ctx, caller(ctx), n)
			return &body[Invitation]{inv}, err
		})
	api.Register(a, withStatus(op(http.MethodDelete, "/invitations/{id}", "revokeInvitation", tag, "End an open invitation", 404, 409), 204), clinicians,
		func(ctx context.Context, in *idIn) (*empty, error) {
			return nil, s.RevokeInvitation(ctx, caller(ctx), in.ID)
		})
	api.Register(a, op(http.MethodGet, "/invitations/{token}/preview", "previewInvitation", tag, "What an invitation offers", 404, 410), api.Public,
		func(ctx context.Context, in *TokenPath) (*body[InvitationPreview], error) {
			p, err := s.PreviewInvitation(ctx, in.Token)
			return &body[InvitationPreview]{p}, err
		})
	api.Register(a, withStatus(op(http.MethodPost, "/invitations/{token}/accept", "acceptInvitation", tag, "Make the account of an invitation and sign in", 404, 409, 410, 422, 503), 201), api.Public,
		func(ctx context.Context, in *acceptIn) (*signedIn, error) {
			g, err := s.Accept(ctx, in.Token, in.Body.user(), s.client(ctx))
			return s.answer(ctx, g, err)
		})
}

type careIn struct {
	Body struct {
		TherapistID string `json:"therapistId" maxLength:"64"`
		ClientID    string `json:"clientId" maxLength:"64"`
	}
}

// CareQuery narrows a list of who treats whom.
type CareQuery struct {
	TherapistID string `query:"therapistId" maxLength:"64"`
	ClientID    string `query:"clientId" maxLength:"64"`
}

type endCareIn struct {
	TherapistID string `query:"therapistId" required:"true" maxLength:"64"`
	ClientID    string `query:"clientId" required:"true" maxLength:"64"`
}

type newUnitIn struct {
	Body struct {
		Name        string   `json:"name" minLength:"1" maxLength:"100" example:"Ana and Tomas"`
		Kind        UnitKind `json:"kind" enum:"couple,family,group"`
		TherapistID string   `json:"therapistId,omitempty" maxLength:"64" doc:"Therapists make units of their own"`
		Members     []string `json:"members" minItems:"2" maxItems:"12" doc:"Ids of clients the therapist treats"`
	}
}

type unitIn struct {
	IDPath
	Body struct {
		Name    *string  `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Members []string `json:"members,omitempty" minItems:"2" maxItems:"12"`
	}
}

func (s *Service) careRoutes(a *api.Server) {
	const tag = "care"
	api.Register(a, op(http.MethodGet, "/care", "listCare", tag, "Who treats whom: all for admins and the front desk, else one's own", 422), users,
		func(ctx context.Context, in *struct {
			api.Page
			CareQuery
		}) (*body[api.List[Care]], error) {
			list, err := s.Care(ctx, caller(ctx), CareFilter(in.CareQuery), in.Page)
			return &body[api.List[Care]]{list}, err
		})
	api.Register(a, op(http.MethodPut, "/care", "setCare", tag, "Let a therapist treat a client; may be repeated", 422), admins,
		func(ctx context.Context, in *careIn) (*body[Care], error) {
			c, err := s.SetCare(ctx, in.Body.TherapistID, in.Body.ClientID, caller(ctx).ID)
			return &body[Care]{c}, err
		})
	api.Register(a, withStatus(op(http.MethodDelete, "/care", "endCare", tag, "A therapist no longer treats a client", 404), 204), admins,
		func(ctx context.Context, in *endCareIn) (*empty, error) {
			return nil, s.EndCare(ctx, in.TherapistID, in.ClientID, caller(ctx).ID)
		})
	api.Register(a, op(http.MethodGet, "/care-units", "listCareUnits", tag, "Couples, families and groups"), staff,
		func(ctx context.Context, _ *empty) (*body[api.List[CareUnit]], error) {
			units, err := s.Units(ctx, caller(ctx))
			return &body[api.List[CareUnit]]{api.List[CareUnit]{Items: units}}, err
		})
	api.Register(a, withStatus(op(http.MethodPost, "/care-units", "createCareUnit", tag, "Join clients into a couple, family or group", 422), 201), clinicians,
		func(ctx context.Context, in *newUnitIn) (*body[CareUnit], error) {
			n := NewUnit{Name: in.Body.Name, Kind: in.Body.Kind, TherapistID: in.Body.TherapistID, Members: in.Body.Members}
			u, err := s.CreateUnit(ctx, caller(ctx), n)
			return &body[CareUnit]{u}, err
		})
	api.Register(a, op(http.MethodPatch, "/care-units/{id}", "changeCareUnit", tag, "Rename a unit or change who is in it", 404, 422), clinicians,
		func(ctx context.Context, in *unitIn) (*body[CareUnit], error) {
			u, err := s.ChangeUnit(ctx, caller(ctx), in.ID, UnitChange{Name: in.Body.Name, Members: in.Body.Members})
			return &body[CareUnit]{u}, err
		})
	api.Register(a, withStatus(op(http.MethodDelete, "/care-units/{id}", "endCareUnit", tag, "End a unit; who treats whom stays", 404), 204), clinicians,
		func(ctx context.Context, in *idIn) (*empty, error) {
			return nil, s.EndUnit(ctx, caller(ctx), in.ID)
		})
}
