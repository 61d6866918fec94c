package room

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/sfu"
)

// Inputs and outputs of the routes.
type (
	RoomPath struct {
		Room string `path:"room" maxLength:"64"`
	}
	ParticipantPath struct {
		Room        string `path:"room" maxLength:"64"`
		Participant string `path:"participant" maxLength:"64"`
	}
	roomBody struct{ Body VideoRoom }

	// CreateRoom is the body of POST /rooms.
	CreateRoom struct {
		MeetingID   string    `json:"meetingId,omitempty" maxLength:"64" doc:"The meeting this room is for; made if absent"`
		Title       string    `json:"title,omitempty" maxLength:"120"`
		Kind        Kind      `json:"kind,omitempty" enum:"individual,couple,group" default:"individual"`
		Engine      string    `json:"engine,omitempty" enum:"sfu,jitsi" default:"sfu"`
		HostID      string    `json:"hostId,omitempty" maxLength:"64" doc:"Who hosts; the caller if absent"`
		CoHostIDs   []string  `json:"coHostIds,omitempty" maxItems:"10" doc:"Staff who host too"`
		MemberIDs   []string  `json:"memberIds,omitempty" maxItems:"24" doc:"Clients the session is with"`
		StartsAt    time.Time `json:"startsAt,omitempty" doc:"Now if absent"`
		EndsAt      time.Time `json:"endsAt,omitempty" doc:"An hour after the start if absent"`
		WaitingRoom *bool     `json:"waitingRoom,omitempty" doc:"Whether a host lets people in one by one; true if absent"`
	}
	createInput struct{ Body CreateRoom }

	listInput struct {
		api.Page
		From  time.Time `query:"from" doc:"Rooms that end after this time"`
		To    time.Time `query:"to" doc:"Rooms that start before this time"`
		State []State   `query:"state" enum:"scheduled,open,live,ended" maxItems:"4" doc:"Rooms in one of these states"`
	}
	// RoomList is a page of rooms, in order of their start.
	RoomList struct {
		Items []VideoRoom `json:"items"`
		Next  string      `json:"next" doc:"Cursor of the next page; empty on the last"`
	}
	listOutput struct{ Body RoomList }

	// UpdateRoom is the body of PATCH /rooms/{room}; what is absent stays.
	UpdateRoom struct {
		Title       *string    `json:"title,omitempty" maxLength:"120"`
		StartsAt    *time.Time `json:"startsAt,omitempty" doc:"Only while the room is scheduled"`
		EndsAt      *time.Time `json:"endsAt,omitempty"`
		WaitingRoom *bool      `json:"waitingRoom,omitempty"`
		Locked      *bool      `json:"locked,omitempty" doc:"Shut the door to all who were not in yet"`
	}
	updateInput struct {
		RoomPath
		Body UpdateRoom
	}

	// JoinRoomResponse is what a client needs to enter.
	JoinRoomResponse struct {
		Room       VideoRoom   `json:"room"`
		Self       Participant `json:"self"`
		Token      string      `json:"token" doc:"Room access token for the socket's hello, for clients without a cookie"`
		ExpiresAt  time.Time   `json:"expiresAt" doc:"Of the token"`
		SocketURL  string      `json:"socketUrl"`
		ICEServers []ICEServer `json:"iceServers"`
	}
	joinOutput struct{ Body JoinRoomResponse }

	// ParticipantList is who is in a room.
	ParticipantList struct {
		Items []Participant `json:"items"`
	}
	participantsOutput struct{ Body ParticipantList }

	muteInput struct {
		ParticipantPath
		Body struct {
			Source sfu.Source `json:"source,omitempty" enum:"camera,microphone,screen,screen-audio" default:"microphone"`
		}
	}
	denyInput struct {
		ParticipantPath
		Body *struct {
			Reason string `json:"reason,omitempty" maxLength:"200" doc:"Words for the person, if wanted"`
		}
	}

	// AttendanceList is who was in a room, and for how long.
	AttendanceList struct {
		Items []Attendance `json:"items"`
	}
	attendanceOutput struct{ Body AttendanceList }

	guestInput struct {
		RoomPath
		Body struct {
			TTLSeconds int `json:"ttlSeconds,omitempty" minimum:"60" maximum:"604800" doc:"A day if absent"`
		}
	}
	// GuestLink is a one-time link; the secret is shown this once.
	GuestLink struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
	guestOutput struct{ Body GuestLink }

	tokenInput struct {
		RoomPath
		Body struct {
			Identity   string `json:"identity" minLength:"1" maxLength:"64"`
			Name       string `json:"name,omitempty" maxLength:"80"`
			Publish    bool   `json:"publish,omitempty"`
			Subscribe  bool   `json:"subscribe,omitempty"`
			TTLSeconds int    `json:"ttlSeconds,omitempty" minimum:"1" maximum:"2592000" doc:"Six hours if absent"`
		}
	}
	// RoomToken is a room access token.
	RoomToken struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
	tokenOutput struct{ Body RoomToken }

	nothing struct{}
)

var staff = api.Roles(auth.Therapist, auth.Moderator, auth.Admin)

// Routes registers the REST door. WHIP and WHEP are mounted by Doors.
func (s *Service) Routes(a *api.Server) {
	get := func(id, path, summary string) huma.Operation {
		return operation(http.MethodGet, id, path, summary, http.StatusOK)
	}
	post := func(id, path, summary string, status int) huma.Operation {
		return operation(http.MethodPost, id, path, summary, status)
	}
	const (
		room   = "/api/v1/rooms/{room}"
		person = room + "/participants/{participant}"
	)
	api.Register(a, post("createRoom", "/api/v1/rooms", "Plan a session, or begin one now", 201), staff, s.createRoom)
	api.Register(a, get("listRooms", "/api/v1/rooms", "List sessions in order of their start"), api.AnyPrincipal, s.listRooms)
	api.Register(a, get("getRoom", room, "Get a session"), api.AnyPrincipal, s.getRoom)
	api.Register(a, operation(http.MethodPatch, "updateRoom", room, "Change a session's plan or its door", 200), api.AnyPrincipal, s.updateRoom)
	api.Register(a, post("joinRoom", room+"/join", "Take or resume one's seat", 200), api.AnyPrincipal, s.joinRoom)
	api.Register(a, post("leaveRoom", room+"/leave", "Give up one's seat", 204), api.AnyPrincipal, s.leaveRoom)
	api.Register(a, post("endRoom", room+"/end", "End a session for everybody", 204), api.AnyPrincipal, s.endRoom)
	api.Register(a, get("listParticipants", room+"/participants", "List who is in, and for hosts who waits"), api.AnyPrincipal, s.listParticipants)
	api.Register(a, post("admitParticipant", person+"/admit", "Let one person in, or back in", 204), api.AnyPrincipal, s.admitParticipant)
	api.Register(a, post("denyParticipant", person+"/deny", "Send one person who waits away", 204), api.AnyPrincipal, s.denyParticipant)
	api.Register(a, post("kickParticipant", person+"/kick", "Remove one person and keep them out", 204), api.AnyPrincipal, s.kickParticipant)
	api.Register(a, post("muteParticipant", person+"/mute", "Silence one source of one person", 204), api.AnyPrincipal, s.muteParticipant)
	api.Register(a, get("getAttendance", room+"/attendance", "Who was there and for how long; one's own for members"), api.AnyPrincipal, s.getAttendance)
	api.Register(a, post("createRoomGuestLink", room+"/guest-links", "Make a one-time link for a guest", 201), staff, s.createGuestLink)
	api.Register(a, post("createRoomToken", room+"/tokens", "Make a room access token for a tool", 201), staff, s.createToken)
}

func operation(method, id, path, summary string, status int) huma.Operation {
	return huma.Operation{
		Method: method, OperationID: id, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{"rooms"},
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusGone},
	}
}

// caller is the principal of a request; Access has seen to it that there is one.
func caller(ctx context.Context) auth.Principal {
	p, _ := auth.From(ctx)
	return p
}

func (s *Service) createRoom(ctx context.Context, in *createInput) (*roomBody, error) {
	b := in.Body
	room, err := s.Create(ctx, caller(ctx), Plan{
		MeetingID: b.MeetingID, Title: b.Title, Kind: b.Kind, Engine: b.Engine,
		HostID: b.HostID, CoHostIDs: b.CoHostIDs, MemberIDs: b.MemberIDs,
		StartsAt: b.StartsAt, EndsAt: b.EndsAt, WaitingRoom: b.WaitingRoom == nil || *b.WaitingRoom,
	})
	return &roomBody{room}, err
}

func (s *Service) listRooms(ctx context.Context, in *listInput) (*listOutput, error) {
	cursor, err := in.After(2)
	if err != nil {
		return nil, err
	}
	q := Query{From: in.From, To: in.To, States: in.State, Limit: in.Limit}
	if cursor != nil {
		at, err := time.Parse(time.RFC3339Nano, cursor[0])
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad_cursor", "That page does not exist. Please start from the first.").With("query.cursor", "not one of ours")
		}
		q.After = &mark{at.UTC(), cursor[1]}
	}
	rooms, next, err := s.List(ctx, caller(ctx), q)
	out := &listOutput{Body: RoomList{Items: rooms}}
	if next != nil {
		out.Body.Next = api.Cursor{next.StartsAt.Format(time.RFC3339Nano), next.ID}.String()
	}
	return out, err
}

func (s *Service) getRoom(ctx context.Context, in *RoomPath) (*roomBody, error) {
	room, err := s.Get(ctx, caller(ctx), in.Room)
	return &roomBody{room}, err
}

func (s *Service) updateRoom(ctx context.Context, in *updateInput) (*roomBody, error) {
	room, err := s.Update(ctx, caller(ctx), in.Room, Changes(in.Body))
	return &roomBody{room}, err
}

func (s *Service) joinRoom(ctx context.Context, in *RoomPath) (*joinOutput, error) {
	p := caller(ctx)
	res, err := s.Join(ctx, p, in.Room, nil)
	if err != nil {
		return nil, err
	}
	t, err := s.JoinToken(p, in.Room, res.Self.Role)
	return &joinOutput{Body: JoinRoomResponse{
		Room: res.Room, Self: res.Self, Token: t.Token, ExpiresAt: t.ExpiresAt,
		SocketURL: s.socketURL, ICEServers: res.ICEServers,
	}}, err
}

func (s *Service) leaveRoom(ctx context.Context, in *RoomPath) (*nothing, error) {
	return &nothing{}, s.Leave(ctx, caller(ctx), in.Room, nil)
}

func (s *Service) endRoom(ctx context.Context, in *RoomPath) (*nothing, error) {
	return &nothing{}, s.End(ctx, caller(ctx), in.Room)
}

func (s *Service) listParticipants(ctx context.Context, in *RoomPath) (*participantsOutput, error) {
	people, err := s.Participants(ctx, caller(ctx), in.Room)
	return &participantsOutput{Body: ParticipantList{Items: people}}, err
}

func (s *Service) admitParticipant(ctx context.Context, in *ParticipantPath) (*nothing, error) {
	return &nothing{}, s.Admit(ctx, caller(ctx), in.Room, in.Participant)
}

func (s *Service) denyParticipant(ctx context.Context, in *denyInput) (*nothing, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return &nothing{}, s.Deny(ctx, caller(ctx), in.Room, in.Participant, reason)
}

func (s *Service) kickParticipant(ctx context.Context, in *ParticipantPath) (*nothing, error) {
	return &nothing{}, s.Kick(ctx, caller(ctx), in.Room, in.Participant)
}

func (s *Service) muteParticipant(ctx context.Context, in *muteInput) (*nothing, error) {
	return &nothing{}, s.Mute(ctx, caller(ctx), in.Room, in.Participant, in.Body.Source)
}

func (s *Service) getAttendance(ctx context.Context, in *RoomPath) (*attendanceOutput, error) {
	people, err := s.Attendance(ctx, caller(ctx), in.Room)
	return &attendanceOutput{Body: AttendanceList{Items: people}}, err
}

func (s *Service) createGuestLink(ctx context.Context, in *guestInput) (*guestOutput, error) {
	secret, expires, err := s.InviteGuest(ctx, caller(ctx), in.Room, time.Duration(in.Body.TTLSeconds)*time.Second)
	return &guestOutput{Body: GuestLink{Token: secret, ExpiresAt: expires}}, err
}

func (s *Service) createToken(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
	t, err := s.IssueToken(ctx, caller(ctx), in.Room, TokenOrder{
		Identity: in.Body.Identity, Name: in.Body.Name, Publish: in.Body.Publish, Subscribe: in.Body.Subscribe,
		TTL: time.Duration(in.Body.TTLSeconds) * time.Second,
	})
	return &tokenOutput{Body: RoomToken{Token: t.Token, ExpiresAt: t.ExpiresAt}}, err
}
