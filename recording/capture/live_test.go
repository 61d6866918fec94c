package capture_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"sync"
	"testing"
	"time"

	"mentara/recording/capture"
	"mentara/sfu"
	"mentara/sfu/sfutest"
)

// keeper is a sink that keeps what it is told of frames.
type keeper struct {
	mu     sync.Mutex
	format []string
	frames []kept
	gaps   []capture.Gap
	levels int
}

type kept struct {
	pts    time.Duration
	key    bool
	number uint64 // counted by the publisher
	height int
}

func (k *keeper) Format(name string, _, height int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.format = append(k.format, name)
}

func (k *keeper) Frame(f capture.Frame) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := kept{pts: f.PTS, key: f.Key}
	switch {
	case k.format[0] == "Opus":
		r.number = uint64(binary.BigEndian.Uint16(f.Data[1:]))
	case f.Key:
		r.height = int(binary.LittleEndian.Uint16(f.Data[8:]))
		r.number = binary.BigEndian.Uint64(f.Data[10:])
	default:
		r.number = binary.BigEndian.Uint64(f.Data[3:])
	}
	k.frames = append(k.frames, r)
	return nil
}

func (k *keeper) Gap(g capture.Gap) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gaps = append(k.gaps, g)
}

func (k *keeper) Level(time.Duration, uint8) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.levels++
}

func (k *keeper) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.frames)
}

// stage is an SFU with one room, and a recorder on all that is published.
type stage struct {
	t       *testing.T
	room    *sfu.Room
	start   time.Time
	sinks   map[sfu.Source]*keeper
	removes []func()
}

func newStage(t *testing.T, c sfu.Config) *stage {
	t.Helper()
	c.Listen = netip.MustParseAddr("127.0.0.1")
	e, err := sfu.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	room, err := e.Room("r")
	if err != nil {
		t.Fatal(err)
	}
	return &stage{t: t, room: room, start: time.Now(), sinks: map[sfu.Source]*keeper{}}
}

// publish joins somebody who publishes, and records the sources.
func (s *stage) publish(id string, o sfutest.Options, sources ...sfu.Source) {
	s.t.Helper()
	peer, err := s.room.Join(sfu.JoinOptions{ID: id, Publish: true})
	if err != nil {
		s.t.Fatal(err)
	}
	o.Offer = func(ctx context.Context, sdp string, tracks []sfu.TrackInfo) (string, error) {
		if sources[0] == sfu.Screen {
			tracks[0].Source = sfu.Screen
		}
		return peer.Offer(ctx, sdp, tracks)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Second)
	defer cancel()
	bot, err := sfutest.Dial(ctx, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(bot.Close)
	if err := bot.Connected(ctx); err != nil {
		s.t.Fatal(err)
	}
	var clock capture.Clock
	for _, source := range sources {
		k := &keeper{}
		s.sinks[source] = k
		remove, err := peer.Tap(source, sfu.TapOptions{Height: 720}, capture.New(capture.Options{
			Source: source, Start: s.start, Clock: &clock, Sink: k, RequestKeyframe: func() { peer.RequestKeyframe(source) },
		}))
		if err != nil {
			s.t.Fatal(err)
		}
		s.removes = append(s.removes, remove)
	}
	bot.Publish()
}

// until waits for so many frames of each source, and ends the recording.
func (s *stage) until(frames int) {
	s.t.Helper()
	for source, k := range s.sinks {
		for deadline := time.Now().Add(20 * time.Second); k.count() < frames; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				s.t.Fatalf("%s: %d frames", source, k.count())
			}
		}
	}
	for _, remove := range s.removes {
		remove()
	}
}

// Real publishers over loopback, one with three layers and a microphone, one
// that shares a screen: every frame is there, in step.
func TestRealPublishers(t *testing.T) {
	s := newStage(t, sfu.Config{})
	s.publish("ann", sfutest.Options{Simulcast: true, Microphone: true, Level: 30}, sfu.Camera, sfu.Microphone)
	s.publish("bob", sfutest.Options{Camera: true}, sfu.Screen)
	s.until(200)
	sinks := s.sinks
	for source, k := range sinks {
		if len(k.gaps) > 0 || len(k.format) != 1 {
			t.Errorf("%s: formats %q, gaps %v", source, k.format, k.gaps)
		}
		key, n := k.frames[0].pts, len(k.frames)
		for i, f := range k.frames {
			if f.key {
				if f.pts-key > 2*time.Second {
					t.Errorf("%s: key frames at %v and %v", source, key, f.pts)
				}
				if key = f.pts; f.height != 720 && source != sfu.Microphone {
					t.Errorf("%s: a picture %d high", source, f.height)
				}
			}
			if i > 0 && (f.number != k.frames[i-1].number+1 || f.pts < k.frames[i-1].pts) {
				t.Errorf("%s: frame %d at %v follows %d at %v", source, f.number, f.pts, k.frames[i-1].number, k.frames[i-1].pts)
			}
		}
		t.Logf("%s: %d frames in %v", source, n, k.frames[n-1].pts-k.frames[0].pts)
	}
	if k := sinks[sfu.Microphone]; k.levels != len(k.frames) {
		t.Errorf("%d levels of %d sounds", k.levels, len(k.frames))
	}
}

// What a lossy network takes is sent again in time: nearly every picture is
// whole, and those that are not are told.
func TestLossyPublisher(t *testing.T) {
	n, err := sfutest.NewNetwork()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	server, err := n.Host("10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := n.Host("10.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, sfu.Config{Net: server})
	s.publish("ann", sfutest.Options{Simulcast: true, Net: client}, sfu.Camera)
	n.Lose(0.03, 11)
	s.until(240)
	k := s.sinks[sfu.Camera]
	missing := 0
	for i, f := range k.frames[1:] {
		before := k.frames[i]
		if f.pts < before.pts || f.number < before.number || f.number > before.number+1 && !f.key {
			t.Errorf("frame %d at %v follows %d at %v", f.number, f.pts, before.number, before.pts)
		}
		missing += max(0, int(f.number-before.number)-1)
	}
	t.Logf("%d frames, %d missing, %d gaps", len(k.frames), missing, len(k.gaps))
	if missing > len(k.frames)/5 || missing > 0 && len(k.gaps) == 0 {
		t.Errorf("%d of %d frames are missing, gaps %v", missing, len(k.frames), k.gaps)
	}
}
