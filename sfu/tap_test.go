package sfu_test

import (
	"sync"
	"testing"
	"time"

	"mentara/sfu"
)

// recorder is a tap that can be made slow.
type recorder struct {
	mu      sync.Mutex
	packets []sfu.TapPacket
	lost    int
	ended   int
	gate    chan struct{}
}

func (r *recorder) Packet(p sfu.TapPacket) {
	if r.gate != nil {
		<-r.gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.packets = append(r.packets, p)
}

func (r *recorder) Lost(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += n
}

func (r *recorder) Clock(string, uint64, uint32, time.Time) {}

func (r *recorder) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.packets)
}

func TestTapSeesWhatThePublisherSent(t *testing.T) {
	s := newStage(t)
	ann, bob := s.join("r", "ann", everything()), s.join("r", "bob", everything())
	ann.bot.Publish()
	view := bob.shows("ann")
	whole, slow := &recorder{}, &recorder{gate: make(chan struct{})}
	remove, err := ann.peer.Tap(sfu.Camera, "f", whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ann.peer.Tap(sfu.Camera, "", slow); err != nil {
		t.Fatal(err)
	}
	if _, err := ann.peer.Tap(sfu.Screen, "", slow); err == nil {
		t.Error("a tap on what is not published")
	}
	eventually(t, 10*time.Second, "two seconds of the large layer", func() bool { return whole.count() > 400 })
	remove()
	n := whole.count()
	whole.mu.Lock()
	keys, rid, order := 0, "", true
	for i, p := range whole.packets {
		rid = p.Rid
		if p.Keyframe {
			keys++
		}
		if i > 0 && p.Seq != whole.packets[i-1].Seq+1 {
			order = false
		}
	}
	if rid != "f" || keys == 0 || !order || whole.lost != 0 || whole.ended != 1 {
		t.Errorf("rid %q, %d key frames, in order %v, %d lost, ended %d times", rid, keys, order, whole.lost, whole.ended)
	}
	whole.mu.Unlock()
	if c := view.Counts(); c.LongestGap > 500*time.Millisecond {
		t.Errorf("a stuck recorder held the call up for %v", c.LongestGap)
	}
	close(slow.gate)
	eventually(t, 3*time.Second, "the slow one is told what it lost", func() bool {
		slow.mu.Lock()
		defer slow.mu.Unlock()
		return slow.lost > 0
	})
	ann.peer.Close()
	eventually(t, 3*time.Second, "the end is told", func() bool {
		slow.mu.Lock()
		defer slow.mu.Unlock()
		return slow.ended == 1
	})
	if whole.count() != n {
		t.Error("packets after removal")
	}
}
