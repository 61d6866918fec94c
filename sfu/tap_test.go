package sfu_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/codec"
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
