package event

import "time"

// roomFacts are the facts of signaling/room.
var roomFacts = []Fact{
	RoomCreated{}, RoomChanged{}, RoomOpened{}, RoomStarted{}, RoomEnded{},
	ParticipantWaiting{}, ParticipantAdmitted{}, ParticipantDenied{},
	ParticipantJoined{}, ParticipantLeft{}, ParticipantKicked{}, ParticipantMuted{},
	RoomTokenIssued{}, GuestInvited{},
}

// RoomsChanged is what a person's own pages learn of a room: enough to know
// that their list is old, nothing of who is inside.
type RoomsChanged struct {
	Room  string `json:"room"`
	State string `json:"state"`
}

// toMembers tells each member's pages that a room of theirs changed.
func toMembers(members []string, room, state string) []Notice {
	notices := make([]Notice, 0, len(members))
	for _, id := range members {
		notices = append(notices, Notice{
			Topic: "user:" + id, Type: "rooms.changed", Data: RoomsChanged{Room: room, State: state},
		})
	}
	return notices
}

// RoomCreated says that a session was planned, or begun on the spot.
type RoomCreated struct {
	Room     string    `json:"room"`
	Meeting  string    `json:"meeting"`
	RoomKind string    `json:"roomKind"`
	Engine   string    `json:"engine"`
	State    string    `json:"state"`
	Host     string    `json:"host"`
	Members  []string  `json:"members"` // the host included
	StartsAt time.Time `json:"startsAt"`
	EndsAt   time.Time `json:"endsAt"`
	By       string    `json:"by"`
}

func (RoomCreated) Kind() string     { return "room.created" }
func (f RoomCreated) Live() []Notice { return toMembers(f.Members, f.Room, f.State) }

// RoomChanged says that a host or the front desk changed a room's plan or its
// door. Fields names what changed: "title", "startsAt", "endsAt",
// "waitingRoom", "locked".
type RoomChanged struct {
	Room     string    `json:"room"`
	State    string    `json:"state"`
	Members  []string  `json:"members"`
	Fields   []string  `json:"fields"`
	StartsAt time.Time `json:"startsAt"`
	EndsAt   time.Time `json:"endsAt"`
	Locked   bool      `json:"locked"`
	By       string    `json:"by"`
}

func (RoomChanged) Kind() string     { return "room.changed" }
func (f RoomChanged) Live() []Notice { return toMembers(f.Members, f.Room, f.State) }

// RoomOpened says that a room's door opened: its time came, or its host did.
type RoomOpened struct {
	Room    string    `json:"room"`
	Members []string  `json:"members"`
	At      time.Time `json:"at"`
}

func (RoomOpened) Kind() string     { return "room.opened" }
func (f RoomOpened) Live() []Notice { return toMembers(f.Members, f.Room, "open") }

// RoomStarted says that the host and somebody else were in together for the
// first time.
type RoomStarted struct {
	Room    string    `json:"room"`
	Meeting string    `json:"meeting"`
	Host    string    `json:"host"`
	Members []string  `json:"members"`
	At      time.Time `json:"at"`
}

func (RoomStarted) Kind() string     { return "room.started" }
func (f RoomStarted) Live() []Notice { return toMembers(f.Members, f.Room, "live") }

// RoomEnded says that a room closed for good. Reason is "ended" (by a host or
// an admin, By) or "expired" (its time passed and nobody was in).
type RoomEnded struct {
	Room    string    `json:"room"`
	Meeting string    `json:"meeting"`
	Members []string  `json:"members"`
	Reason  string    `json:"reason"`
	By      string    `json:"by,omitempty"`
	At      time.Time `json:"at"`
}

func (RoomEnded) Kind() string     { return "room.ended" }
func (f RoomEnded) Live() []Notice { return toMembers(f.Members, f.Room, "ended") }

// ParticipantWaiting says that somebody stands in the waiting room. The hosts'
// own pages hear of it, since they may not be in the room yet.
type ParticipantWaiting struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	State       string    `json:"state"` // of the room
	Hosts       []string  `json:"hosts"`
	At          time.Time `json:"at"`
}

func (ParticipantWaiting) Kind() string     { return "room.participant_waiting" }
func (f ParticipantWaiting) Live() []Notice { return toMembers(f.Hosts, f.Room, f.State) }

// ParticipantAdmitted says that a host let one person in, or back in after a
// kick (Pardoned).
type ParticipantAdmitted struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	Pardoned    bool      `json:"pardoned,omitempty"`
	By          string    `json:"by"`
	At          time.Time `json:"at"`
}

func (ParticipantAdmitted) Kind() string   { return "room.participant_admitted" }
func (ParticipantAdmitted) Live() []Notice { return nil }

// ParticipantDenied says that a host sent a waiting person away.
type ParticipantDenied struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	By          string    `json:"by"`
	At          time.Time `json:"at"`
}

func (ParticipantDenied) Kind() string   { return "room.participant_denied" }
func (ParticipantDenied) Live() []Notice { return nil }

// ParticipantJoined says that a person is in the room itself, past its door.
type ParticipantJoined struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	Role        string    `json:"role"`
	At          time.Time `json:"at"`
}

func (ParticipantJoined) Kind() string   { return "room.participant_joined" }
func (ParticipantJoined) Live() []Notice { return nil }

// ParticipantLeft says that a person's seat is free. Reason is "left",
// "dropped" (the connection did not come back in time), "kicked" or "ended".
type ParticipantLeft struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	Reason      string    `json:"reason"`
	At          time.Time `json:"at"`
}

func (ParticipantLeft) Kind() string   { return "room.participant_left" }
func (ParticipantLeft) Live() []Notice { return nil }

// ParticipantKicked says that a host or an admin removed a person, who stays
// out until a host lets them back.
type ParticipantKicked struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	By          string    `json:"by"`
	At          time.Time `json:"at"`
}

func (ParticipantKicked) Kind() string   { return "room.participant_kicked" }
func (ParticipantKicked) Live() []Notice { return nil }

// ParticipantMuted says that a host or an admin silenced one source of a
// person, who alone can undo it.
type ParticipantMuted struct {
	Room        string    `json:"room"`
	Participant string    `json:"participant"`
	Identity    string    `json:"identity"`
	Source      string    `json:"source"`
	By          string    `json:"by"`
	At          time.Time `json:"at"`
}

func (ParticipantMuted) Kind() string   { return "room.participant_muted" }
func (ParticipantMuted) Live() []Notice { return nil }

// RoomTokenIssued says that a host made a room access token. The token itself
// is nowhere in it; JTI names it.
type RoomTokenIssued struct {
	Room      string    `json:"room"`
	Identity  string    `json:"identity"`
	JTI       string    `json:"jti"`
	Publish   bool      `json:"publish"`
	Subscribe bool      `json:"subscribe"`
	ExpiresAt time.Time `json:"expiresAt"`
	By        string    `json:"by"`
}

func (RoomTokenIssued) Kind() string   { return "room.token_issued" }
func (RoomTokenIssued) Live() []Notice { return nil }

// GuestInvited says that a one-time guest link to a room was made.
type GuestInvited struct {
	Room      string    `json:"room"`
	ExpiresAt time.Time `json:"expiresAt"`
	By        string    `json:"by"`
}

func (GuestInvited) Kind() string   { return "room.guest_invited" }
func (GuestInvited) Live() []Notice { return nil }
