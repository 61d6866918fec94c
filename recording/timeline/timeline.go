// Package timeline is what a recording knows beside its media: who was there,
// which tracks there are and when they began, who spoke when, what was lost and
// who agreed to what. It is written once, when a recording is finalised, as one
// JSON document beside the tracks (recording/FORMAT.md), and read by the review
// page, by verification and by other programs.
//
// The package holds types and a strict parser and knows nobody. It refuses
// documents of another version, unknown members, values out of bounds and
// anything larger than its caps, because it reads what may have been exported,
// edited and brought back.
package timeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Version is of the document this package writes, and the only one it reads.
const Version = 1

// LevelStepMs is how much time one byte of Levels stands for.
const LevelStepMs = 100

// What Parse accepts at most. A week of recording fits.
const (
	MaxBytes    = 64 << 20
	MaxPeople   = 10_000
	MaxTracks   = 10_000
	maxList     = 1_000_000 // events, gaps, quality, consents, each
	maxText     = 1024
	MaxMs       = int64(30 * 24 * time.Hour / time.Millisecond)
	maxLevels   = MaxMs / LevelStepMs
	maxSide     = 1 << 16
	maxPerLevel = 127
)

// ErrInvalid is a document that is not a timeline of this version.
var ErrInvalid = errors.New("not a valid timeline")

// Timeline is the whole document.
type Timeline struct {
	Version    int       `json:"version"`
	Recording  string    `json:"recording"`
	Room       string    `json:"room"`
	Meeting    string    `json:"meeting"`
	StartedAt  time.Time `json:"startedAt"` // millisecond 0
	DurationMs int64     `json:"durationMs"`
	// Recovered says that the recording was cut by a crash; LostMs is then how
	// much time passed between its last durable moment and the last sign of
	// life that is known, 0 when none is known after it.
	Recovered bool      `json:"recovered"`
	LostMs    int64     `json:"lostMs"`
	People    []Person  `json:"people"`
	Tracks    []Track   `json:"tracks"`
	Levels    []Levels  `json:"levels"`
	Events    []Event   `json:"events"`
	Gaps      []Gap     `json:"gaps"`
	Quality   []Quality `json:"quality"`
	Consents  []Consent `json:"consents"`
}

// Role is what a person was in the room.
type Role string

const (
	Host        Role = "host"
	Participant Role = "participant"
	Guest       Role = "guest"
)

// Person is somebody who was in the room while it was recorded.
type Person struct {
	ID   string `json:"id"` // identity
	Name string `json:"name"`
	Role Role   `json:"role"`
}

// Source is where a track came from.
type Source string

const (
	Camera      Source = "camera"
	Microphone  Source = "microphone"
	Screen      Source = "screen"
	ScreenAudio Source = "screen-audio"
)

// Kind is what a track holds.
type Kind string

const (
	Audio Kind = "audio"
	Video Kind = "video"
)

// Track is one stored object: one source of one seat, from its first frame to
// its last. Its media begins at 0; StartMs places it in the recording.
type Track struct {
	ID          string `json:"id"`
	Person      string `json:"person"`
	Participant string `json:"participant"` // seat: somebody who rejoins has another
	Source      Source `json:"source"`
	Kind        Kind   `json:"kind"`
	Codec       string `json:"codec"` // VP8, VP9, AV1, H264, Opus
	MIME        string `json:"mime"`
	StartMs     int64  `json:"startMs"`
	DurationMs  int64  `json:"durationMs"`
	Bytes       int64  `json:"bytes"`  // of the file
	Width       int    `json:"width"`  // first; changes are events "layer"
	Height      int    `json:"height"` //
	SHA256      string `json:"sha256"` // of the file, hexadecimal
}

// Levels are how loud a person was: one byte per step, 0 silent to 127 loudest.
type Levels struct {
	Person  string `json:"person"`
	StepMs  int64  `json:"stepMs"`
	StartMs int64  `json:"startMs"`
	Data    []byte `json:"data"`
}

// EventType is what happened.
type EventType string

const (
	Joined         EventType = "joined"
	Left           EventType = "left"
	Muted          EventType = "muted"
	Unmuted        EventType = "unmuted"
	CameraOn       EventType = "camera_on"
	CameraOff      EventType = "camera_off"
	ScreenOn       EventType = "screen_on"
	ScreenOff      EventType = "screen_off"
	ConsentChanged EventType = "consent" // Value is the state
	Suspended      EventType = "suspended"
	Resumed        EventType = "resumed"
	Layer          EventType = "layer" // Value is "1280x720"
	DiskLow        EventType = "disk_low"
	Stopped        EventType = "stopped"
)

// Event is something that happened at a moment.
type Event struct {
	AtMs   int64     `json:"atMs"`
	Type   EventType `json:"type"`
	Person string    `json:"person,omitempty"`
	Track  string    `json:"track,omitempty"`
	Value  string    `json:"value,omitempty"`
}

// GapReason is why media is missing.
type GapReason string

const (
	Loss      GapReason = "loss"      // the network
	Overload  GapReason = "overload"  // this server could not write fast enough
	Mute      GapReason = "muted"     // nothing was sent
	Withdrawn GapReason = "withdrawn" // consent ended
	Crash     GapReason = "crash"     // the program or the machine stopped
	Damage    GapReason = "damage"    // the file was altered or the disk failed
)

// Gap is a stretch of a track without media. An empty Track means all of them.
type Gap struct {
	Track  string    `json:"track"`
	FromMs int64     `json:"fromMs"`
	ToMs   int64     `json:"toMs"`
	Reason GapReason `json:"reason"`
}

// Quality is a change of how well a person's connection did, 0 to 100, and
// what held it back.
type Quality struct {
	AtMs   int64  `json:"atMs"`
	Person string `json:"person"`
	Up     int    `json:"up"`
	Reason string `json:"reason"` // loss, delay, bitrate, layer, frozen or nothing
}

// ConsentState is what a person decided.
type ConsentState string

const (
	ConsentAgreed    ConsentState = "agreed"
	ConsentDeclined  ConsentState = "declined"
	ConsentWithdrawn ConsentState = "withdrawn"
)

// Consent is a decision. AtMs is negative for one made before the first byte.
type Consent struct {
	AtMs          int64        `json:"atMs"`
	Person        string       `json:"person"`
	State         ConsentState `json:"state"`
	PolicyVersion string       `json:"policyVersion"`
}

// Marshal writes a timeline. Absent lists become empty ones, never null.
func (t Timeline) Marshal() ([]byte, error) {
	t.Version = Version
	t.StartedAt = t.StartedAt.UTC().Truncate(time.Millisecond)
	t.People = notNil(t.People)
	t.Tracks = notNil(t.Tracks)
	t.Levels = notNil(t.Levels)
	t.Events = notNil(t.Events)
	t.Gaps = notNil(t.Gaps)
	t.Quality = notNil(t.Quality)
	t.Consents = notNil(t.Consents)
	if err := t.check(); err != nil {
		return nil, err
	}
	return json.Marshal(t)
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Read parses a document of at most MaxBytes.
func Read(r io.Reader) (Timeline, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Timeline{}, fmt.Errorf("read timeline: %w", err)
	}
	return Parse(raw)
}

// Parse reads a document and refuses what Marshal could not have written.
func Parse(raw []byte) (Timeline, error) {
	if len(raw) > MaxBytes {
		return Timeline{}, fmt.Errorf("%w: larger than %d bytes", ErrInvalid, MaxBytes)
	}
	// The version first: members of another version are not errors, they are
	// another version.
	var v struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return Timeline{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if v.Version == nil || *v.Version != Version {
		return Timeline{}, fmt.Errorf("%w: this program reads version %d", ErrInvalid, Version)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var t Timeline
	if err := dec.Decode(&t); err != nil {
		return Timeline{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Timeline{}, fmt.Errorf("%w: data after the document", ErrInvalid)
	}
	if err := t.check(); err != nil {
		return Timeline{}, err
	}
	return t, nil
}
