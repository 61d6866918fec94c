// Package recording is a session kept on disk: asked for, agreed to by each
// person, written by this server itself, finished, watched and erased.
//
// The story. A host presses Record. Everybody in the room is asked by name, with
// the purpose and the version of the practice's policy; nothing exists on disk,
// not even a file name, until nobody who is there still has to answer and
// somebody agreed. Then a journal begins (recording/journal) and a tap is put on
// each track of those who agreed, and on nobody else's. Who comes later is asked
// and recorded once they agree. Who withdraws is out before they get their
// answer, and the others are asked whether to go on. What everybody decided is
// a ledger the database lets nobody change.
//
// When it stops, for whatever reason, a durable job finishes it
// (recording/final): a sealed, seekable file per track, and a timeline. Whoever
// watches it later is judged at every request, not when the page was opened,
// and every second they saw is on record, where the client can see it.
//
// A live recording has one owner, the session on this node: a goroutine with a
// mailbox. Rooms tell it who is there (signaling/room's Recorder) and never wait
// for it; a recording that fails or fills the disk ends alone, and the call goes
// on.
//
// It refuses to record somebody who cannot answer, such as a tool with a token;
// to show a client's session to a therapist who does not treat them any more;
// and to keep any key in the database.
package recording

import (
	"time"

	"mentara/internal/fault"
)

// State is where a recording is in its life.
type State string

const (
	Asking     State = "asking" // for consent; nothing is written
	Live       State = "recording"
	Finalising State = "finalising" // stopped, not to be watched yet
	Ready      State = "ready"
	Failed     State = "failed"
	Cancelled  State = "cancelled" // ended before its first byte
	Erased     State = "erased"
)

// Consent is what somebody decided.
type Consent string

const (
	Wait      Consent = "wait" // asked, no answer yet
	Agreed    Consent = "agreed"
	Declined  Consent = "declined"
	Withdrawn Consent = "withdrawn"
)

// Role is what somebody was in the room.
type Role string

const (
	Host        Role = "host"
	Participant Role = "participant"
	Guest       Role = "guest"
)

// Scope is what a consent is about.
type Scope string

const (
	ScopeRecording Scope = "recording" // being recorded
	ScopeReview    Scope = "review"    // being watched later
)

// Disk says how much room there is.
type Disk string

const (
	DiskOK   Disk = "ok"
	DiskLow  Disk = "low"
	DiskFull Disk = "full"
)

// Level is what somebody may do with a recording.
type Level string

const (
	Full    Level = "full"    // watch, share, export
	Comment Level = "comment" // watch what was shared, and comment
	Own     Level = "own"     // one's own consents and who watched
	Proof   Level = "proof"   // that it is there, and its end
)

// RecordingUser is somebody with a name.
type RecordingUser struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// StatusPerson is somebody in the room while it is recorded, or asked for.
type StatusPerson struct {
	Participant string  `json:"participant"`
	Identity    string  `json:"identity"`
	Name        string  `json:"name"`
	Role        Role    `json:"role"`
	Consent     Consent `json:"consent"`
	Recorded    bool    `json:"recorded"` // now
}

// RecordingStatus is a live recording as everybody in the room sees it.
type RecordingStatus struct {
	ID            string         `json:"id"`
	State         State          `json:"state"`
	Purpose       string         `json:"purpose"`
	PolicyVersion string         `json:"policyVersion"`
	PolicyText    string         `json:"policyText"`
	StartedBy     RecordingUser  `json:"startedBy"`
	AskedAt       time.Time      `json:"askedAt"`
	StartedAt     *time.Time     `json:"startedAt,omitempty"`
	ElapsedMs     int64          `json:"elapsedMs"` // since the first byte, when this was sent
	Disk          Disk           `json:"disk"`
	Reason        string         `json:"reason,omitempty"` // why it ended
	People        []StatusPerson `json:"people"`
}

// RecordingPerson is somebody who was asked.
type RecordingPerson struct {
	Identity string  `json:"identity"`
	Name     string  `json:"name"`
	Role     Role    `json:"role" enum:"host,participant,guest"`
	Consent  Consent `json:"consent" enum:"wait,agreed,declined,withdrawn"`
	Review   bool    `json:"review" doc:"Whether their part may be watched"`
}

// RecordingShareRef is the share by which a colleague sees a recording.
type RecordingShareRef struct {
	ID        string    `json:"id"`
	FromMs    int64     `json:"fromMs"`
	ToMs      int64     `json:"toMs"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Recording is a recording as one person sees it.
type Recording struct {
	ID            string             `json:"id"`
	RoomID        string             `json:"roomId"`
	MeetingID     string             `json:"meetingId"`
	Title         string             `json:"title"`
	Kind          string             `json:"kind" doc:"Of the session: individual, couple or group"`
	State         State              `json:"state" enum:"asking,recording,finalising,ready,failed,cancelled,erased"`
	Purpose       string             `json:"purpose"`
	PolicyVersion string             `json:"policyVersion"`
	AskedAt       time.Time          `json:"askedAt"`
	StartedAt     *time.Time         `json:"startedAt,omitempty" doc:"Of the first byte"`
	StoppedAt     *time.Time         `json:"stoppedAt,omitempty"`
	StopReason    string             `json:"stopReason,omitempty" doc:"host, room_ended, empty, nobody_agrees, full, failed, restart or crash"`
	DurationMs    int64              `json:"durationMs"`
	Bytes         int64              `json:"bytes"`
	StartedBy     RecordingUser      `json:"startedBy"`
	Host          RecordingUser      `json:"host"`
	People        []RecordingPerson  `json:"people"`
	Recovered     bool               `json:"recovered" doc:"Whether a crash cut it"`
	LostMs        int64              `json:"lostMs" doc:"What the crash cost, as far as is known"`
	Failure       string             `json:"failure,omitempty"`
	LegalHold     bool               `json:"legalHold"`
	PurgeAt       *time.Time         `json:"purgeAt,omitempty" doc:"When it will be erased"`
	Tags          []string           `json:"tags,omitempty"`
	Access        Level              `json:"access" enum:"full,comment,own,proof"`
	Share         *RecordingShareRef `json:"share,omitempty"`
	ErasedAt      *time.Time         `json:"erasedAt,omitempty"`
}

// Values list what an enumeration may say, for the strict decoder and the
// TypeScript generator of the socket kit.

func (State) Values() []string {
	return texts(Asking, Live, Finalising, Ready, Failed, Cancelled, Erased)
}
func (Consent) Values() []string { return texts(Wait, Agreed, Declined, Withdrawn) }
func (Role) Values() []string    { return texts(Host, Participant, Guest) }
func (Disk) Values() []string    { return texts(DiskOK, DiskLow, DiskFull) }

func texts[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

func errNotFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no such thing here.")
}

func errForbidden() error {
	return fault.New(fault.Forbidden, "not_allowed", "You may not do this with this recording.")
}

func errErased() error {
	return fault.New(fault.Gone, "recording_erased", "This recording has been erased.")
}

func errNotReady() error {
	return fault.New(fault.Conflict, "recording_not_ready", "This recording cannot be watched yet.")
}
