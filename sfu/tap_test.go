package sfu_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/codec"
	"mentara/sfu/sfutest"
)

// recorder is a tap that can be made slow.
type recorder struct {
	mu          sync.Mutex
	packets     []sfu.TapPacket
	lost        int
	clocks      int
	ticks       int
	unpublished int
	ended       int
	gate        chan struct{}
}

func (r *recorder) Packet(p *sfu.TapPacket) {
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.packets = append(r.packets, *p)
	r.packets[len(r.packets)-1].Payload = slices.Clone(p.Payload)
}

func (r *recorder) Lost(n int) { r.count(&r.lost, n) }

func (r *recorder) Clock(uint32, uint64, uint32, time.Time) { r.count(&r.clocks, 1) }

func (r *recorder) Tick(time.Time, time.Duration) { r.count(&r.ticks, 1) }

func (r *recorder) Unpublished() { r.count(&r.unpublished, 1) }

func (r *recorder) End() { r.count(&r.ended, 1) }

func (r *recorder) count(n *int, by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n += by
}

func (r *recorder) has(n *int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *n
}

func (r *recorder) got() []sfu.TapPacket {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.packets)
}

func TestTapSeesWhatThePublisherSent(t *testing.T) {
	s := newStage(t)
	o := everything()
	o.Level = 20
	ann, bob := s.join("r", "ann", o), s.join("r", "bob", everything())
	ann.bot.Publish()
	view := bob.shows("ann")
	whole, sound, slow := &recorder{}, &recorder{}, &recorder{gate: make(chan struct{})}
	remove, err := ann.peer.Tap(sfu.Camera, sfu.TapOptions{}, whole)
	if err != nil {
		t.Fatal(err)
	}
	for source, tap := range map[sfu.Source]*recorder{sfu.Camera: slow, sfu.Microphone: sound} {
		if _, err := ann.peer.Tap(source, sfu.TapOptions{}, tap); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 10*time.Second, "three seconds of the large layer", func() bool { return len(whole.got()) > 600 })
	remove()
	got := whole.got()
	keys := 0
	for i, p := range got {
		if p.Keyframe {
			keys++
		}
		if p.Rid != "f" || p.Codec != codec.VP8 || p.ClockRate != 90000 || i > 0 && p.Seq != got[i-1].Seq+1 {
			t.Fatalf("packet %d: %+v", i, p)
		}
	}
	if !got[0].Keyframe || keys == 0 || whole.lost != 0 || whole.clocks == 0 || whole.unpublished != 0 || whole.ended != 1 {
		t.Errorf("%d key frames, %d lost, %d reports, ended %d times", keys, whole.lost, whole.clocks, whole.ended)
	}
	heard := sound.got()
	for i, p := range heard {
		if p.Codec != codec.Opus || p.ClockRate != 48000 || !p.HasLevel || !p.Voice || p.Level != 20 || i > 0 && p.Seq != heard[i-1].Seq+1 {
			t.Fatalf("sound %d: %+v", i, p)
		}
	}
	if len(heard) < 100 || sound.has(&sound.lost) != 0 {
		t.Errorf("%d packets of sound, %d lost", len(heard), sound.lost)
	}
	if c := view.Counts(); c.LongestGap > 500*time.Millisecond {
		t.Errorf("a stuck recorder held the call up for %v", c.LongestGap)
	}
	close(slow.gate)
	eventually(t, 3*time.Second, "the slow one is told what it lost", func() bool { return slow.has(&slow.lost) > 0 })
	ann.peer.Close()
	eventually(t, 3*time.Second, "the end is told", func() bool { return slow.has(&slow.ended) == 1 })
	if slow.unpublished != 1 || len(whole.got()) != len(got) {
		t.Errorf("unpublished %d times, %d packets after removal", slow.unpublished, len(whole.got())-len(got))
	}
	if _, err := ann.peer.Tap(sfu.Camera, sfu.TapOptions{}, slow); !errors.Is(err, sfu.ErrClosed) {
		t.Errorf("a tap on one who is gone: %v", err)
	}
}

func (s *stage) tap(p *person, source sfu.Source, o sfu.TapOptions) *recorder {
	s.t.Helper()
	r := &recorder{}
	if _, err := p.peer.Tap(source, o, r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// rid is the layer of the newest packet.
func (r *recorder) rid() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.packets) == 0 {
		return "none"
	}
	return r.packets[len(r.packets)-1].Rid
}

// Nobody watches: what the recorder takes goes on all the same, and nothing
// else does.
func TestTapIsDemand(t *testing.T) {
	s := newStage(t)
	ann := s.join("r", "ann", everything())
	small := s.tap(ann, sfu.Camera, sfu.TapOptions{Height: 400}) // before it is published
	ann.bot.Publish()
	eventually(t, 8*time.Second, "only the recorded layer is wanted", func() bool {
		d, ok := last[sfu.Demand](ann)
		return ok && slices.Equal(d.Demand[0].Rids, []string{"h"})
	})
	n := len(small.got())
	eventually(t, 3*time.Second, "it goes on", func() bool { return len(small.got()) > n+60 })
	for _, p := range small.got() {
		if p.Rid != "h" {
			t.Fatalf("a packet of %q", p.Rid)
		}
	}
	large := s.tap(ann, sfu.Camera, sfu.TapOptions{})
	eventually(t, 5*time.Second, "the large layer is wanted at once, and comes", func() bool { return large.rid() == "f" })
	if d, _ := last[sfu.Demand](ann); !slices.Equal(d.Demand[0].Rids, []string{"h", "f"}) {
		t.Errorf("wanted: %v", d.Demand)
	}
}

// A publisher that cannot send its large layer any more is recorded at the
// next smaller, each from a key frame.
func TestTapFollowsTheLayers(t *testing.T) {
	s := newStage(t)
	ann := s.join("r", "ann", everything())
	tap := s.tap(ann, sfu.Camera, sfu.TapOptions{})
	ann.bot.Publish()
	eventually(t, 5*time.Second, "the large layer", func() bool { return tap.rid() == "f" })
	sends := func(rids ...string) {
		ann.bot.Pause(sfu.Demand{Demand: []sfu.Want{{Source: sfu.Camera, Rids: rids}}})
	}
	sends("q", "h")
	eventually(t, 4*time.Second, "the middle layer", func() bool { return tap.rid() == "h" })
	sends("q", "h", "f")
	eventually(t, 5*time.Second, "the large layer again", func() bool { return tap.rid() == "f" })
	rid := ""
	for i, p := range tap.got() {
		if p.Rid != rid && !p.Keyframe {
			t.Fatalf("packet %d goes from %q to %q without a key frame", i, rid, p.Rid)
		}
		rid = p.Rid
	}
}

func TestTapHearsNothingOfTheMuted(t *testing.T) {
	for name, set := range map[string]func(p *sfu.Peer, off bool){
		"mute":       func(p *sfu.Peer, off bool) { p.SetMuted(sfu.Camera, off); p.SetMuted(sfu.Microphone, off) },
		"permission": func(p *sfu.Peer, off bool) { p.SetPublish(!off) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			ann := s.join("r", "ann", everything())
			taps := []*recorder{s.tap(ann, sfu.Camera, sfu.TapOptions{}), s.tap(ann, sfu.Microphone, sfu.TapOptions{})}
			ann.bot.Publish()
			var before [2]int
			for _, r := range taps {
				eventually(t, 5*time.Second, "it is recorded", func() bool { return len(r.got()) > 50 })
			}
			off := time.Now()
			set(ann.peer, true)
			time.Sleep(200 * time.Millisecond) // what had arrived is handed over
			for i, r := range taps {
				list := r.got()
				before[i] = len(list)
				if late := list[len(list)-1].Arrival.Sub(off); late > 10*time.Millisecond {
					t.Errorf("a packet that came %v after", late)
				}
			}
			time.Sleep(300 * time.Millisecond)
			set(ann.peer, false)
			for i, r := range taps {
				eventually(t, 3*time.Second, "it goes on", func() bool { return len(r.got()) > before[i]+20 })
				p := r.got()[before[i]]
				if !p.Resumed || !p.Start || !p.Keyframe || p.Arrival.Sub(off) < 450*time.Millisecond {
					t.Errorf("goes on with %+v", p)
				}
			}
		})
	}
}

func TestTapStaysWhenPublishedAnew(t *testing.T) {
	s := newStage(t)
	ann := s.join("r", "ann", everything())
	tap := s.tap(ann, sfu.Camera, sfu.TapOptions{})
	ann.bot.Publish()
	eventually(t, 5*time.Second, "it is recorded", func() bool { return len(tap.got()) > 50 })
	ann.bot.Close()
	o := everything()
	o.Offer = ann.peer.Offer
	again, err := sfutest.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	eventually(t, 3*time.Second, "the end is told", func() bool { return tap.has(&tap.unpublished) == 1 })
	n := len(tap.got())
	stream := tap.got()[n-1].Stream
	again.Publish()
	eventually(t, 8*time.Second, "it is recorded again", func() bool { return len(tap.got()) > n+50 })
	if p := tap.got()[n]; p.Stream == stream || !p.Keyframe {
		t.Errorf("goes on with %+v", p)
	}
	if tap.has(&tap.ended) != 0 {
		t.Error("the tap ended")
	}
}

func TestRecorderCannotFloodWithRequests(t *testing.T) {
	s := newStage(t)
	ann := s.join("r", "ann", everything())
	tap := s.tap(ann, sfu.Camera, sfu.TapOptions{})
	ann.bot.Publish()
	eventually(t, 5*time.Second, "it is recorded", func() bool { return len(tap.got()) > 50 })
	before, others := ann.bot.PLIs("f"), ann.bot.PLIs("q")
	begin := time.Now()
	for time.Since(begin) < 2*time.Second {
		ann.peer.RequestKeyframe(sfu.Camera)
		ann.peer.RequestKeyframe(sfu.Screen)
		time.Sleep(5 * time.Millisecond)
	}
	if n := ann.bot.PLIs("f") - before; n < 2 || n > 6 {
		t.Errorf("%d requests in two seconds", n)
	}
	if n := ann.bot.PLIs("q") - others; n > 0 {
		t.Errorf("%d requests for a layer that is not recorded", n)
	}
}
