package sfu

// Source says what a track shows or sounds. A participant has at most one
// track per source.
type Source string

// The sources a participant may publish.
const (
	Camera      Source = "camera"
	Microphone  Source = "microphone"
	Screen      Source = "screen"
	ScreenAudio Source = "screen-audio"
)

// Kind is "audio" or "video".
func (s Source) Kind() string {
	switch s {
	case Microphone, ScreenAudio:
		return "audio"
	case Camera, Screen:
		return "video"
	}
	return ""
}

// Valid reports whether s is one of the four sources.
func (s Source) Valid() bool { return s.Kind() != "" }

// TrackInfo names the source of a media section the client sends on.
type TrackInfo struct {
	Mid    string `json:"mid"`
	Source Source `json:"source"`
}

// View is one thing a subscriber shows: a tile of Width × Height device
// pixels. Without any view a subscriber is sent everything in the room, video
// at the size of a small tile.
type View struct {
	Participant string `json:"participant"`
	Source      Source `json:"source"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Visible     bool   `json:"visible"`
	Priority    int    `json:"priority"` // higher is served first
}

// Event is something a peer's owner is told. Events of one peer arrive in
// order, from one goroutine, with no lock held.
type Event interface{ event() }

// Reasons a slot carries no media.
const (
	ReasonMuted     = "muted"     // the publisher or a host muted it
	ReasonBandwidth = "bandwidth" // the viewer's downlink cannot carry even the lowest layer
	ReasonHidden    = "hidden"    // the viewer said it is not visible
	ReasonCodec     = "codec"     // the viewer did not offer the publisher's codec
	ReasonNoSlot    = "no_slot"   // the viewer's offer has no free media section: offer more
	ReasonStarting  = "starting"  // waiting for the first key frame
)

// Slot is one receive media section and what it carries.
type Slot struct {
	Mid         string `json:"mid"` // "" when Reason is no_slot
	Participant string `json:"participant"`
	Source      Source `json:"source"`
	Active      bool   `json:"active"` // media is flowing
	Layer       string `json:"layer"`  // rid now forwarded: "q", "h", "f", or "" for a single layer
	Width       int    `json:"width"`  // pixels of that layer, 0 if unknown
	Height      int    `json:"height"`
	Reason      string `json:"reason"` // why it is not active
}

// Slots is the whole mapping of a subscriber; it replaces the one before.
type Slots struct {
	Slots []Slot `json:"slots"`
}

// Want is what viewers want of one published media section. A publisher stops
// encoding layers that are not listed; an empty list means nobody watches.
type Want struct {
	Mid    string   `json:"mid"`
	Source Source   `json:"source"`
	Rids   []string `json:"rids"`
	// MaxBitrate caps the encoder in bit/s, when the track has one layer and
	// its only viewer's downlink is narrower than that; 0 is no cap.
	MaxBitrate int `json:"maxBitrate"`
}

// Demand tells a publisher which of its layers anybody wants.
type Demand struct {
	Demand []Want `json:"demand"`
}

// Published says a source of this peer began to arrive, or changed its codec
// or mute state.
type Published struct {
	Source Source `json:"source"`
	Kind   string `json:"kind"`
	Codec  string `json:"codec"` // "VP8", "VP9", "H264", "AV1", "opus", "red"
	Muted  bool   `json:"muted"`
}

// Unpublished says a source of this peer ended.
type Unpublished struct {
	Source Source `json:"source"`
	Kind   string `json:"kind"`
}

// States of a peer's connection.
const (
	StateConnecting   = "connecting"
	StateConnected    = "connected"
	StateDisconnected = "disconnected" // no answer for some seconds; may come back
	StateFailed       = "failed"       // needs an ICE restart
	StateClosed       = "closed"
)

// State is the connection state of the peer.
type State struct {
	State string `json:"state"`
}

// Score is how one direction of a call is doing.
type Score struct {
	Value    int     `json:"value"`  // 0–100
	Level    string  `json:"level"`  // excellent, good, poor, lost
	Reason   string  `json:"reason"` // loss, delay, bitrate, layer, frozen or ""
	Loss     float64 `json:"loss"`   // percent
	RTTms    int     `json:"rttMs"`
	JitterMs int     `json:"jitterMs"`
	Bitrate  int     `json:"bitrate"` // bit/s
}

// TrackScore is the score of one source, sent or received.
type TrackScore struct {
	Participant string `json:"participant"`
	Source      Source `json:"source"`
	Score       Score  `json:"score"`
}

// Quality is told 2 s after connecting and then every 5 s. Up is what the peer
// sends, Down what it receives.
type Quality struct {
	Up     Score        `json:"up"`
	Down   Score        `json:"down"`
	Tracks []TrackScore `json:"tracks"`
}

// Speaker is an active speaker; Level is 0 (silent) to 127 (loudest).
type Speaker struct {
	Participant string `json:"participant"`
	Level       int    `json:"level"`
}

// Speakers lists who speaks now, loudest first. It is sent to every peer of
// the room when it changes, at most four times a second.
type Speakers struct {
	Speakers []Speaker `json:"speakers"`
}

// Data is a message this peer sent on a data channel. The engine has already
// relayed it to the room; the event lets the owner look at it.
type Data struct {
	Label string
	Bytes []byte
}

func (Slots) event()       {}
func (Demand) event()      {}
func (Published) event()   {}
func (Unpublished) event() {}
func (State) event()       {}
func (Quality) event()     {}
func (Speakers) event()    {}
func (Data) event()        {}

// Values lists the sources, for those who describe or check a wire format.
func (Source) Values() []string {
	return []string{string(Camera), string(Microphone), string(Screen), string(ScreenAudio)}
}
