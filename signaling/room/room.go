// Package room is a video session as people live it: planned, opened, lived and
// ended; who may come in, who waits at the door, who was there and for how
// long. It is the mission's VideoCallService, over REST and over the socket,
// with one service behind both.
//
// The story. A room is made for one meeting, with a host and members. It is
// scheduled until ten minutes before its time, or until a host comes; then it
// is open, and live once the host and somebody else have been in together. A
// host or an admin ends it, or its time does when nobody is left in it.
//
// Whoever is no host stands in the waiting room until a host lets them in, one
// by one. Nobody is ever let in by a timer, by the host's arrival or by the
// host's return. Being admitted lasts for the session: who was let in and lost
// the connection, or left, comes straight back, until the room stands empty or
// ends. Who was kicked stays out, over restarts too, until a host admits them
// again. The operator's own tokens (mentara token) are an admission.
//
// The live state of a room has one owner, the session on this node: a goroutine
// with a mailbox. What must outlive it (the room's state, who was admitted or
// kicked, attendance) is in the database before anybody is told.
//
// It refuses to guess media: no packet, no layer, no SDP is read here. That is
// the engine's (engine.go).
package room

import (
	"time"

	"mentara/internal/fault"
)

// Kind is what sort of session it is; it bounds how many clients it is for.
type Kind string

const (
	Individual Kind = "individual"
	Couple     Kind = "couple"
	Group      Kind = "group"
)

// clients is how many members besides hosts a kind takes.
func (k Kind) clients() int {
	switch k {
	case Individual:
		return 1
	case Couple:
		return 2
	case Group:
		return 24
	}
	return 0
}

// State is where a room is in its life.
type State string

const (
	Scheduled State = "scheduled" // its door is still shut to all but hosts
	Open      State = "open"      // its time has come, or a host has
	Live      State = "live"      // the host and somebody else have met
	Ended     State = "ended"     // for good
)

// Role is what somebody is in one room.
type Role string

const (
	RoleHost        Role = "host"        // the therapist, or a co-host
	RoleParticipant Role = "participant" // a member
	RoleGuest       Role = "guest"       // came by a link or a token
	RoleObserver    Role = "observer"    // may look at the record, is not in the room
)

// SeatState is where somebody is with respect to the room.
type SeatState string

const (
	Waiting      SeatState = "waiting"      // at the door
	Joined       SeatState = "joined"       // in
	Reconnecting SeatState = "reconnecting" // in, and their socket is gone for now
	Left         SeatState = "left"
)

// Timing of a room. A participant may come this long before the start, a
// session without an end takes an hour, and no session takes over a day.
const (
	joinableBefore  = 10 * time.Minute
	defaultDuration = time.Hour
	maxDuration     = 24 * time.Hour
	planAhead       = 2 * 365 * 24 * time.Hour
)

// RoomPerson is somebody with a name.
type RoomPerson struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// RoomMember is somebody a room is for.
type RoomMember struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role Role   `json:"role" enum:"host,participant"`
}

// Room is a room as everybody in it may see it, guests too.
type Room struct {
	ID           string     `json:"id"`
	MeetingID    string     `json:"meetingId" doc:"The scheduled meeting this room belongs to"`
	Title        string     `json:"title"`
	Kind         Kind       `json:"kind" enum:"individual,couple,group"`
	Engine       string     `json:"engine" enum:"sfu,jitsi" doc:"What carries the media"`
	State        State      `json:"state" enum:"scheduled,open,live,ended"`
	StartsAt     time.Time  `json:"startsAt"`
	EndsAt       time.Time  `json:"endsAt"`
	StartedAt    *time.Time `json:"startedAt,omitempty" doc:"When the host and somebody else first met"`
	EndedAt      *time.Time `json:"endedAt,omitempty"`
	Host         RoomPerson `json:"host"`
	WaitingRoom  bool       `json:"waitingRoom" doc:"Whether a host lets people in one by one"`
	Locked       bool       `json:"locked" doc:"Whether the door is shut to all who were not in yet"`
	JoinableFrom time.Time  `json:"joinableFrom" doc:"When participants may come; hosts may at any time"`
}

// VideoRoom is a room as one person sees it.
type VideoRoom struct {
	Room
	Members []RoomMember `json:"members" doc:"Whom the room is for, the host included; empty for guests"`
	MyRole  Role         `json:"myRole" enum:"host,participant,guest,observer"`
	Waiting int          `json:"waiting" doc:"How many stand in the waiting room; always 0 for those who may not know"`
}

// PublishedTrack is one source that somebody sends.
type PublishedTrack struct {
	Source string `json:"source"`
	Kind   string `json:"kind" enum:"audio,video"`
	Codec  string `json:"codec"`
}

// MediaConnection is how somebody's connection is doing.
type MediaConnection struct {
	State string `json:"state" enum:"new,connecting,connected,disconnected,failed,closed" doc:"Of the media"`
	Up    string `json:"up" doc:"excellent, good, poor, lost, or empty while unknown"`
	Down  string `json:"down" doc:"excellent, good, poor, lost, or empty while unknown"`
}

// Participant is somebody in a room, in its waiting room, or just gone.
type Participant struct {
	ID          string           `json:"id" doc:"Of this participant; what media slots name"`
	Identity    string           `json:"identity" doc:"Of the person: a user, a guest or a token's subject"`
	Name        string           `json:"name"`
	Role        Role             `json:"role" enum:"host,participant,guest,observer"`
	State       SeatState        `json:"state" enum:"waiting,joined,reconnecting,left"`
	Kicked      bool             `json:"kicked" doc:"Out until a host admits them again"`
	Connection  MediaConnection  `json:"connection"`
	Microphone  bool             `json:"microphone"`
	Camera      bool             `json:"camera"`
	Screen      bool             `json:"screen"`
	HandRaised  bool             `json:"handRaised"`
	MutedByHost bool             `json:"mutedByHost" doc:"A host muted the microphone; only the person can undo it"`
	JoinedAt    time.Time        `json:"joinedAt" doc:"When they came in; while waiting, when they came to the door"`
	Tracks      []PublishedTrack `json:"tracks"`
}

// ICEServer is a STUN or TURN server for the browser.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Faults with one meaning everywhere.
func errNotFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no such thing here.")
}

func errForbidden() error {
	return fault.New(fault.Forbidden, "not_allowed", "You may not do this in this room.")
}

func errEnded() error {
	return fault.New(fault.Gone, "room_ended", "This session has ended.")
}

// joinableFrom is when participants may come.
func (r *row) joinableFrom() time.Time { return r.StartsAt.Add(-joinableBefore) }

// stateAt is the state now: a scheduled room opens by itself when its time has
// come, whether or not the job that writes it down has run.
func (r *row) stateAt(now time.Time) State {
	if r.State == Scheduled && !now.Before(r.joinableFrom()) {
		return Open
	}
	return r.State
}
