package room

import "mentara/sfu"

// The data of every frame of this area. PROTOCOL.md tells them in order of use.
type (
	// JoinRequest takes or resumes a seat.
	JoinRequest struct {
		Room string `json:"room"`
	}
	// JoinResult is what a client needs to show the room. While self waits,
	// participants is empty and no topic is subscribed. Early says that the
	// connection made ahead is now the seat's.
	JoinResult struct {
		Room         VideoRoom     `json:"room"`
		Self         Participant   `json:"self"`
		Participants []Participant `json:"participants"`
		ICEServers   []ICEServer   `json:"iceServers"`
		Limits       RoomLimits    `json:"limits"`
		Early        bool          `json:"early" doc:"The connection made ahead on this socket is now the seat's"`
	}
	// RoomLimits are the bounds a client should know of.
	RoomLimits struct {
		Participants int  `json:"participants"`
		SeatGraceMs  int  `json:"seatGraceMs"`
		Publish      bool `json:"publish"`
		Subscribe    bool `json:"subscribe"`
	}
	// RoomRequest names a room.
	RoomRequest struct {
		Room string `json:"room"`
	}
	// Done is the answer that says nothing but yes.
	Done struct{}
	// ParticipantRequest names somebody in a room.
	ParticipantRequest struct {
		Room        string `json:"room"`
		Participant string `json:"participant"`
	}
	// DenyRequest sends somebody away, with words for them if wanted.
	DenyRequest struct {
		Room        string `json:"room"`
		Participant string `json:"participant"`
		Reason      string `json:"reason,omitempty"`
	}
	// MuteRequest silences one source of somebody.
	MuteRequest struct {
		Room        string     `json:"room"`
		Participant string     `json:"participant"`
		Source      sfu.Source `json:"source"`
	}
	// LockRequest shuts or opens the door.
	LockRequest struct {
		Room   string `json:"room"`
		Locked bool   `json:"locked"`
	}
	// HandRequest raises or lowers one's own hand.
	HandRequest struct {
		Room   string `json:"room"`
		Raised bool   `json:"raised"`
	}
	// MediaRequest shows others which of one's devices are on.
	MediaRequest struct {
		Room       string `json:"room"`
		Microphone bool   `json:"microphone"`
		Camera     bool   `json:"camera"`
		Screen     bool   `json:"screen"`
	}
	// SelfResult is how the server sees the asker now.
	SelfResult struct {
		Self Participant `json:"self"`
	}
	// RoomResult is the room as the asker sees it now.
	RoomResult struct {
		Room VideoRoom `json:"room"`
	}

	// OfferRequest negotiates media. Tracks names the source of each media
	// section the client sends on.
	OfferRequest struct {
		Room   string          `json:"room"`
		SDP    string          `json:"sdp"`
		Tracks []sfu.TrackInfo `json:"tracks"`
	}
	// OfferResult is the answer to an offer.
	OfferResult struct {
		SDP string `json:"sdp"`
	}
	// CandidateRequest adds a remote ICE candidate; an empty one ends them.
	CandidateRequest struct {
		Room      string `json:"room"`
		Candidate string `json:"candidate"`
		Mid       string `json:"mid,omitempty"`
		Mline     int    `json:"mline,omitempty"`
	}
	// ViewRequest tells what the client shows, replacing what it told before.
	ViewRequest struct {
		Room  string     `json:"room"`
		Views []sfu.View `json:"views"`
	}
	// EarlyCandidate adds a candidate to a connection made ahead.
	EarlyCandidate struct {
		Candidate string `json:"candidate"`
		Mid       string `json:"mid,omitempty"`
		Mline     int    `json:"mline,omitempty"`
	}
	// EarlyEnd ends it.
	EarlyEnd struct{}
	// PrecallOffer opens a loopback connection for the check before a call.
	PrecallOffer struct {
		SDP    string          `json:"sdp"`
		Tracks []sfu.TrackInfo `json:"tracks"`
	}
	// PrecallCandidate adds a candidate to it.
	PrecallCandidate struct {
		Candidate string `json:"candidate"`
		Mid       string `json:"mid,omitempty"`
		Mline     int    `json:"mline,omitempty"`
	}
	// PrecallEnd ends it.
	PrecallEnd struct{}
)

// Pushes.
type (
	// ParticipantChanged is somebody who is new or changed.
	ParticipantChanged struct {
		Participant Participant `json:"participant"`
	}
	// ParticipantGone is somebody who is no more in the room or at its door.
	// Reason: left, dropped, kicked, denied, ended.
	ParticipantGone struct {
		Participant string `json:"participant"`
		Reason      string `json:"reason"`
	}
	// RoomUpdate is the room after a change. It goes to a topic, so what
	// differs per person (members, myRole, waiting) is not in it: merge it.
	RoomUpdate struct {
		Room Room `json:"room"`
	}
	// RoomEndedPush says that the room closed: ended or expired.
	RoomEndedPush struct {
		Room   string `json:"room"`
		Reason string `json:"reason"`
	}
	// RoomAdmitted says that a host let this person in.
	RoomAdmitted struct {
		Room         VideoRoom     `json:"room"`
		Self         Participant   `json:"self"`
		Participants []Participant `json:"participants"`
	}
	// RoomDenied says that a host sent this person away.
	RoomDenied struct {
		Room       string `json:"room"`
		Reason     string `json:"reason"`
		RetryAfter int    `json:"retryAfter"` // seconds until another try is heard
	}
	// RoomKicked says that this person was removed.
	RoomKicked struct {
		Room string `json:"room"`
	}
	// RoomMuted says that a host silenced one of this person's sources.
	RoomMuted struct {
		Room   string     `json:"room"`
		Source sfu.Source `json:"source"`
		By     string     `json:"by"` // name
	}
	// RoomReplaced says that a newer socket of this person holds the seat.
	RoomReplaced struct {
		Room string `json:"room"`
	}
	// RoomSpeakers lists who speaks, loudest first.
	RoomSpeakers struct {
		Speakers []Speaker `json:"speakers"`
	}
	// Speaker is somebody who speaks; level is 0 to 127.
	Speaker struct {
		Participant string `json:"participant"`
		Level       int    `json:"level"`
	}
	// RoomQuality is how somebody's connection does.
	RoomQuality struct {
		Participant string    `json:"participant"`
		Up          sfu.Score `json:"up"`
		Down        sfu.Score `json:"down"`
	}

	// RTCSlots maps receive sections to people; it replaces the one before.
	RTCSlots struct {
		Room  string     `json:"room"`
		Slots []sfu.Slot `json:"slots"`
	}
	// RTCDemand tells which layers anybody wants.
	RTCDemand struct {
		Room   string     `json:"room"`
		Demand []sfu.Want `json:"demand"`
	}
	// RTCState is the state of one's own media connection.
	RTCState struct {
		Room  string `json:"room"`
		State string `json:"state"`
	}
	// RTCQuality is one's own quality, with each track.
	RTCQuality struct {
		Room   string           `json:"room"`
		Up     sfu.Score        `json:"up"`
		Down   sfu.Score        `json:"down"`
		Tracks []sfu.TrackScore `json:"tracks"`
	}
	// EarlyState says that a connection made ahead has ended: failed or closed.
	EarlyState struct {
		Room  string `json:"room"`
		State string `json:"state"`
	}
	// PrecallSlots, PrecallState and PrecallQuality tell of the loopback.
	PrecallSlots struct {
		Slots []sfu.Slot `json:"slots"`
	}
	PrecallState struct {
		State string `json:"state"`
	}
	PrecallQuality struct {
		Up   sfu.Score `json:"up"`
		Down sfu.Score `json:"down"`
	}
)

// SignalKey keeps the newest quality of each person apart.
func (q RoomQuality) SignalKey() string { return q.Participant }
