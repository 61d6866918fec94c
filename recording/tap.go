package recording

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"mentara/recording/capture"
	"mentara/recording/journal"
	"mentara/recording/timeline"
	"mentara/sfu"
)

// tapKey is one source of one seat.
type tapKey struct {
	participant string
	source      sfu.Source
}

// tap is what takes one source of somebody who agreed into the journal.
type tap struct {
	identity string
	sink     *sink
	remove   func() // returns when the last frame was handed over
	over     atomic.Bool
}

// end takes the tap off. reason says why there is no media from here on; it is
// marked if the same track goes on later.
func (t *tap) end(reason timeline.GapReason) {
	t.remove()
	t.sink.close(reason)
}

// recorder is the track of a tap that also tells when it has ended by itself:
// its peer is gone, because its page was reloaded say.
type recorder struct {
	*capture.Track
	ended func()
}

// End implements sfu.Tap.
func (r recorder) End() {
	r.Track.End()
	r.ended()
}

// maxHeight is the largest picture that is recorded.
const maxHeight = 720

// tap puts a tap on a source of somebody who agreed. It returns nil if their
// peer is not there now; the next news or tick tries again.
func (s *session) tap(key tapKey, identity string) *tap {
	peer := s.svc.Media.Peer(s.row.RoomID, key.participant)
	if peer == nil {
		return nil
	}
	clock := s.clocks[key.participant]
	if clock == nil {
		clock = &capture.Clock{}
		s.clocks[key.participant] = clock
	}
	t := &tap{identity: identity, sink: &sink{
		writer: s.writer, book: &s.tracks, key: key, identity: identity, now: s.since(),
	}}
	track := capture.New(capture.Options{
		Source: key.source, Start: s.start, Clock: clock, Sink: t.sink,
		RequestKeyframe: func() { peer.RequestKeyframe(key.source) },
	})
	var err error
	t.remove, err = peer.Tap(key.source, sfu.TapOptions{Height: maxHeight}, recorder{track, func() {
		t.over.Store(true)
		s.feed.wake()
	}})
	if err != nil {
		return nil // closed just now
	}
	return t
}

// since is at for other goroutines.
func (s *session) since() func() time.Duration {
	start, now := s.start, s.svc.Now
	return func() time.Duration { return max(now().Sub(start), 0) }
}

// trackKey is one track of the journal: one source of one seat in one codec.
type trackKey struct {
	tapKey
	codec string
}

type trackEntry struct {
	number uint16
	last   time.Duration      // of its newest frame
	reason timeline.GapReason // why it paused there; empty while it goes on
	size   string
}

// trackBook remembers the tracks of a recording, so that a source that pauses
// goes on in its track. Sinks of several goroutines share it.
type trackBook struct {
	mu     sync.Mutex
	byKey  map[trackKey]*trackEntry
	owners map[string]string // identity by participant
}

func (b *trackBook) owned(participant, identity string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owners == nil {
		b.owners = map[string]string{}
	}
	b.owners[participant] = identity
}

func (b *trackBook) owner(participant string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owners[participant]
}

// sink writes what one tap captures (capture.Sink). It is called from the tap's
// goroutine and waits for nobody: what the disk cannot take is a marked gap.
type sink struct {
	writer   *journal.Writer
	book     *trackBook
	key      tapKey
	identity string
	now      func() time.Duration // in the recording

	entry *trackEntry // of the codec that arrives now
}

// Format begins a track, or goes on in one, and marks a change of the picture's
// size.
func (k *sink) Format(codec string, width, height int) {
	k.book.mu.Lock()
	defer k.book.mu.Unlock()
	name := trackKey{k.key, codec}
	e := k.book.byKey[name]
	if e == nil {
		n, err := k.writer.OpenTrack(journal.Track{
			Person: k.identity, Participant: k.key.participant, Source: timeline.Source(k.key.source),
			Kind: timeline.Kind(k.key.source.Kind()), Codec: codec, Width: width, Height: height,
		})
		if err != nil {
			k.entry = nil // the journal has failed: its Failed tells
			return
		}
		e = &trackEntry{number: n, size: size(width, height)}
		k.book.byKey[name] = e
	}
	if k.entry != nil && k.entry != e {
		k.entry.reason = timeline.Mute // another codec took over
	}
	k.entry = e
	if s := size(width, height); s != "" && s != e.size {
		e.size = s
		_ = k.writer.Event(timeline.Event{ // a failed journal tells by Failed
			AtMs: k.now().Milliseconds(), Type: timeline.Layer, Person: k.identity, Track: journal.TrackID(e.number), Value: s,
		})
	}
}

// Frame stores a frame.
func (k *sink) Frame(f capture.Frame) error {
	e := k.entry
	if e == nil {
		return journal.ErrClosed
	}
	if err := k.writer.Frame(e.number, f.PTS, f.Key, f.Data); err != nil {
		return err
	}
	if e.reason != "" {
		k.Gap(capture.Gap{From: e.last, To: f.PTS, Reason: e.reason})
		e.reason = ""
	}
	e.last = f.PTS
	return nil
}

// Gap marks what is missing.
func (k *sink) Gap(g capture.Gap) {
	if k.entry == nil || g.To <= g.From {
		return
	}
	_ = k.writer.Gap(timeline.Gap{ // a failed journal tells by Failed
		Track: journal.TrackID(k.entry.number), FromMs: g.From.Milliseconds(), ToMs: g.To.Milliseconds(), Reason: g.Reason,
	})
}

// Level keeps how loud a microphone is; a screen's sound is nobody's voice.
func (k *sink) Level(at time.Duration, level uint8) {
	if k.entry != nil && k.key.source == sfu.Microphone {
		k.writer.Level(k.entry.number, at, level)
	}
}

// close notes why the track pauses. The tap has ended.
func (k *sink) close(reason timeline.GapReason) {
	if k.entry != nil && reason != "" {
		k.entry.reason = reason
	}
}

func size(width, height int) string {
	if width == 0 || height == 0 {
		return ""
	}
	return strconv.Itoa(width) + "x" + strconv.Itoa(height)
}
