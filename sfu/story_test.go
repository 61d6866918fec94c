package sfu_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/sfutest"
)

// stage is an engine on a real loopback port, and the people in its rooms.
type stage struct {
	t *testing.T
	e *sfu.Engine
}

func newStage(t *testing.T, change ...func(*sfu.Config)) *stage {
	t.Helper()
	cfg := sfu.Config{Listen: netip.MustParseAddr("127.0.0.1"), TCP: true}
	if os.Getenv("SFU_DEBUG") != "" {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	for _, f := range change {
		f(&cfg)
	}
	e, err := sfu.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &stage{t, e}
}

// person is a peer with its bot and the events it was told.
type person struct {
	t    *testing.T
	peer *sfu.Peer
	bot  *sfutest.Bot

	mu     sync.Mutex
	events []sfu.Event
}

func (s *stage) join(room, id string, o sfutest.Options, change ...func(*sfu.JoinOptions)) *person {
	s.t.Helper()
	r, err := s.e.Room(room)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &person{t: s.t}
	jo := sfu.JoinOptions{ID: id, Publish: true, Subscribe: true, On: p.on}
	for _, f := range change {
		f(&jo)
	}
	if p.peer, err = r.Join(jo); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.peer.Close)
	o.Offer = p.peer.Offer
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Second)
	defer cancel()
	if p.bot, err = sfutest.Dial(ctx, o); err != nil {
		s.t.Fatalf("%s: %v", id, err)
	}
	s.t.Cleanup(p.bot.Close)
	if err := p.bot.Connected(ctx); err != nil {
		s.t.Fatalf("%s: %v", id, err)
	}
	return p
}

func (p *person) on(e sfu.Event) {
	p.mu.Lock()
	p.events = append(p.events, e)
	p.mu.Unlock()
	if d, ok := e.(sfu.Demand); ok && p.bot != nil {
		p.bot.Pause(d)
	}
}

// last is the newest event of a kind.
func last[E sfu.Event](p *person) (E, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.events) - 1; i >= 0; i-- {
		if e, ok := p.events[i].(E); ok {
			return e, true
		}
	}
	var none E
	return none, false
}

// slotOf finds the section that carries a participant's source.
func (p *person) slotOf(participant string, source sfu.Source) (sfu.Slot, bool) {
	ev, _ := last[sfu.Slots](p)
	for _, s := range ev.Slots {
		if s.Participant == participant && s.Source == source {
			return s, true
		}
	}
	return sfu.Slot{}, false
}

// eventually waits for cond with a deadline.
func eventually(t *testing.T, within time.Duration, what string, cond func() bool) {
	t.Helper()
	end := time.Now().Add(within)
	for !cond() {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestTwoPeopleSeeAndHearEachOther(t *testing.T) {
	s := newStage(t)
	who := sfutest.Options{Simulcast: true, Microphone: true, VideoSlots: 2, AudioSlots: 2}
	ann, bob := s.join("r", "ann", who), s.join("r", "bob", who)
	ann.bot.Publish()
	bob.bot.Publish()
	for viewer, other := range map[*person]string{ann: "bob", bob: "ann"} {
		eventually(t, 5*time.Second, fmt.Sprintf("%s's camera flows to the other", other), func() bool {
			slot, ok := viewer.slotOf(other, sfu.Camera)
			return ok && slot.Active && viewer.bot.Receiver(slot.Mid).Counts().Frames > 30
		})
		slot, _ := viewer.slotOf(other, sfu.Microphone)
		if n := viewer.bot.Receiver(slot.Mid).Counts().Packets; n < 20 {
			t.Errorf("%d packets of %s's voice", n, other)
		}
	}
	slot, _ := ann.slotOf("bob", sfu.Camera)
	c := ann.bot.Receiver(slot.Mid).Counts()
	t.Logf("%+v %+v", slot, c)
	if c.Missing > 0 || c.Duplicates > 0 || c.Backward > 0 || c.PictureGaps > 0 {
		t.Errorf("numbers are broken: %+v", c)
	}
}
