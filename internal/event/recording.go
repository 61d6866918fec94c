package event

import "time"

// recordingFacts are the facts of recording.
var recordingFacts = []Fact{
	RecordingAsked{}, RecordingConsentGiven{}, RecordingStarted{}, RecordingSuspended{}, RecordingStopped{},
	RecordingReady{}, RecordingFailed{}, RecordingCancelled{}, RecordingViewed{}, RecordingShared{},
	RecordingShareRevoked{}, RecordingExported{}, RecordingHeld{}, RecordingReleased{}, RecordingErased{},
	RetentionNotice{},
}

// RecordingsChanged is what a person's own pages learn of a recording: enough
// to know that their list is old.
type RecordingsChanged struct {
	Recording string `json:"recording"`
	State     string `json:"state"`
}

// RecordingSubject is what every fact about the life of a recording says of it.
// Hosts may watch it, People are those who were asked and have an account; both
// hear of changes on their own pages.
type RecordingSubject struct {
	Recording string   `json:"recording"`
	Room      string   `json:"room"`
	Meeting   string   `json:"meeting"`
	Hosts     []string `json:"hosts"`
	People    []string `json:"people"`
}

// live tells everybody concerned that the recording is in a state now.
func (s RecordingSubject) live(state string) []Notice {
	seen := map[string]bool{}
	var notices []Notice
	for _, list := range [][]string{s.Hosts, s.People} {
		for _, id := range list {
			if !seen[id] {
				seen[id] = true
				notices = append(notices, recordingNotice(id, s.Recording, state))
			}
		}
	}
	return notices
}

func recordingNotice(user, recording, state string) Notice {
	return Notice{
		Topic: "user:" + user, Type: "recordings.changed", Data: RecordingsChanged{Recording: recording, State: state},
	}
}

// RecordingAsked says that a host asked those in a room for their consent.
// Nothing is recorded yet.
type RecordingAsked struct {
	RecordingSubject
	Purpose       string    `json:"purpose"`
	PolicyVersion string    `json:"policyVersion"`
	By            string    `json:"by"`
	At            time.Time `json:"at"`
}

func (RecordingAsked) Kind() string     { return "recording.asked" }
func (f RecordingAsked) Live() []Notice { return f.live("asking") }

// RecordingConsentGiven says what somebody decided: "agreed", "declined" or
// "withdrawn". Scope is "recording", or "review" for a decision about what was
// recorded before.
type RecordingConsentGiven struct {
	RecordingSubject
	Identity      string    `json:"identity"`
	Scope         string    `json:"scope"`
	State         string    `json:"state"`
	PolicyVersion string    `json:"policyVersion"`
	At            time.Time `json:"at"`
}

func (RecordingConsentGiven) Kind() string { return "recording.consent_given" }

// Live tells the pages of a finished recording; during a call the room is told.
func (f RecordingConsentGiven) Live() []Notice {
	if f.Scope != "review" {
		return nil
	}
	return f.live("ready")
}

// RecordingStarted says that the first byte may be written, or, after a
// suspension (Resumed), the next one.
type RecordingStarted struct {
	RecordingSubject
	Resumed bool      `json:"resumed,omitempty"`
	At      time.Time `json:"at"`
}

func (RecordingStarted) Kind() string     { return "recording.started" }
func (f RecordingStarted) Live() []Notice { return f.live("recording") }

// RecordingSuspended says that somebody withdrew and the others are asked anew.
type RecordingSuspended struct {
	RecordingSubject
	Identity string    `json:"identity"`
	At       time.Time `json:"at"`
}

func (RecordingSuspended) Kind() string     { return "recording.suspended" }
func (f RecordingSuspended) Live() []Notice { return f.live("asking") }

// RecordingStopped says that nothing more is recorded. Reason is "host" (By),
// "room_ended", "empty", "nobody_agrees", "full", "failed", "restart" or
// "crash".
type RecordingStopped struct {
	RecordingSubject
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at"`
}

func (RecordingStopped) Kind() string     { return "recording.stopped" }
func (f RecordingStopped) Live() []Notice { return f.live("finalising") }

// RecordingReady says that a recording can be watched.
type RecordingReady struct {
	RecordingSubject
	DurationMs int64     `json:"durationMs"`
	Bytes      int64     `json:"bytes"`
	Recovered  bool      `json:"recovered,omitempty"`
	LostMs     int64     `json:"lostMs,omitempty"`
	At         time.Time `json:"at"`
}

func (RecordingReady) Kind() string     { return "recording.ready" }
func (f RecordingReady) Live() []Notice { return f.live("ready") }

// RecordingFailed says that a recording could not be finished, and why.
type RecordingFailed struct {
	RecordingSubject
	Failure string    `json:"failure"`
	At      time.Time `json:"at"`
}

func (RecordingFailed) Kind() string     { return "recording.failed" }
func (f RecordingFailed) Live() []Notice { return f.live("failed") }

// RecordingCancelled says that a recording ended before its first byte.
type RecordingCancelled struct {
	RecordingSubject
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at"`
}

func (RecordingCancelled) Kind() string     { return "recording.cancelled" }
func (f RecordingCancelled) Live() []Notice { return f.live("cancelled") }

// WatchedRange is a stretch of a recording that somebody saw.
type WatchedRange struct {
	FromMs int64 `json:"fromMs"`
	ToMs   int64 `json:"toMs"`
}

// RecordingViewed says which seconds of a recording somebody saw. An empty list
// says that they opened it.
type RecordingViewed struct {
	Recording string         `json:"recording"`
	Play      string         `json:"play"`
	Identity  string         `json:"identity"`
	Share     string         `json:"share,omitempty"`
	Ranges    []WatchedRange `json:"ranges"`
	At        time.Time      `json:"at"`
}

func (RecordingViewed) Kind() string   { return "recording.viewed" }
func (RecordingViewed) Live() []Notice { return nil }

// RecordingShared says that a host lets a colleague watch, until a time.
type RecordingShared struct {
	Recording string    `json:"recording"`
	Share     string    `json:"share"`
	User      string    `json:"user"`
	FromMs    int64     `json:"fromMs"`
	ToMs      int64     `json:"toMs"`
	ExpiresAt time.Time `json:"expiresAt"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

func (RecordingShared) Kind() string { return "recording.shared" }
func (f RecordingShared) Live() []Notice {
	return []Notice{recordingNotice(f.User, f.Recording, "shared"), recordingNotice(f.By, f.Recording, "shared")}
}

// RecordingShareRevoked says that a share ended before its time.
type RecordingShareRevoked struct {
	Recording string    `json:"recording"`
	Share     string    `json:"share"`
	User      string    `json:"user"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

func (RecordingShareRevoked) Kind() string { return "recording.share_revoked" }
func (f RecordingShareRevoked) Live() []Notice {
	return []Notice{recordingNotice(f.User, f.Recording, "unshared"), recordingNotice(f.By, f.Recording, "unshared")}
}

// RecordingExported says that somebody made a copy that leaves this server, or
// took it (Taken).
type RecordingExported struct {
	Recording string    `json:"recording"`
	Export    string    `json:"export"`
	Format    string    `json:"format"`
	Taken     bool      `json:"taken,omitempty"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

func (RecordingExported) Kind() string { return "recording.exported" }
func (f RecordingExported) Live() []Notice {
	return []Notice{recordingNotice(f.By, f.Recording, "exported")}
}

// RecordingHeld says that a legal hold keeps a recording from being erased.
type RecordingHeld struct {
	RecordingSubject
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

func (RecordingHeld) Kind() string     { return "recording.held" }
func (f RecordingHeld) Live() []Notice { return f.live("ready") }

// RecordingReleased says that a legal hold has ended.
type RecordingReleased struct {
	RecordingSubject
	By string    `json:"by"`
	At time.Time `json:"at"`
}

func (RecordingReleased) Kind() string     { return "recording.released" }
func (f RecordingReleased) Live() []Notice { return f.live("ready") }

// RecordingErased says that the key of a recording is gone, and its media with
// it.
type RecordingErased struct {
	RecordingSubject
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at"`
}

func (RecordingErased) Kind() string     { return "recording.erased" }
func (f RecordingErased) Live() []Notice { return f.live("erased") }

// RetentionNotice says that a recording will be erased at a time, while there
// is still time to object.
type RetentionNotice struct {
	RecordingSubject
	PurgeAt time.Time `json:"purgeAt"`
	Policy  string    `json:"policy"`
}

func (RetentionNotice) Kind() string     { return "recording.retention_notice" }
func (f RetentionNotice) Live() []Notice { return f.live("ready") }
