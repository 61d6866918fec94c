package sfu_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"mentara/sfu"
	"mentara/sfu/sfutest"
)

func everything() sfutest.Options {
	return sfutest.Options{Simulcast: true, Microphone: true, VideoSlots: 2, AudioSlots: 2}
}

// shows waits until viewer's slot for a participant's camera is active.
func (p *person) shows(participant string) *sfutest.Receiver {
	p.t.Helper()
	var slot sfu.Slot
	eventually(p.t, 5*time.Second, participant+"'s camera is shown", func() (ok bool) {
		slot, ok = p.slotOf(participant, sfu.Camera)
		return ok && slot.Active
	})
	return p.bot.Receiver(slot.Mid)
}

func TestHostMuteDropsAtTheServer(t *testing.T) {
	s := newStage(t)
	ann, bob := s.join("r", "ann", everything()), s.join("r", "bob", everything())
	ann.bot.Publish()
	view := bob.shows("ann")
	ann.peer.SetMuted(sfu.Camera, true)
	eventually(t, time.Second, "the slot says muted", func() bool {
		slot, _ := bob.slotOf("ann", sfu.Camera)
		return slot.Reason == sfu.ReasonMuted && !slot.Active
	})
	time.Sleep(50 * time.Millisecond) // what was on its way
	before := view.Counts().Packets
	time.Sleep(300 * time.Millisecond)
	if n := view.Counts().Packets - before; n != 0 {
		t.Errorf("%d packets of a muted camera", n)
	}
	ann.peer.SetMuted(sfu.Camera, false)
	eventually(t, 3*time.Second, "the picture is back", func() bool { return view.Counts().Packets > before+5 })
	if c := view.Counts(); c.Missing > 0 || c.Backward > 0 || c.PictureGaps > 0 {
		t.Errorf("numbers broke over the mute: %+v", c)
	}
}

func TestWaitingMeansNothingInOrOut(t *testing.T) {
	s := newStage(t)
	host := s.join("r", "host", everything())
	host.bot.Publish()
	guest := s.join("r", "guest", everything(), func(o *sfu.JoinOptions) { o.Publish, o.Subscribe = false, false })
	guest.bot.Publish()
	time.Sleep(500 * time.Millisecond)
	if n, _ := guest.bot.Received(); n != 0 {
		t.Errorf("a waiting guest received %d packets", n)
	}
	if n, _ := host.bot.Received(); n != 0 {
		t.Errorf("%d packets of a waiting guest were delivered", n)
	}
	if _, told := last[sfu.Published](guest); told {
		t.Error("a waiting guest counts as publishing")
	}
	guest.peer.SetPublish(true)
	guest.peer.SetSubscribe(true)
	host.shows("guest")
	guest.shows("host")
	guest.peer.SetPublish(false)
	eventually(t, 2*time.Second, "sent back, the guest is gone from the host's slots", func() bool {
		_, ok := host.slotOf("guest", sfu.Camera)
		return !ok
	})
}

// A viewer whose offer was answered got a source at once, and a key frame was
// asked for that came before its connection did. The next may be asked for half
// a second later, and that long it saw nothing.
func TestKeyFrameWaitsForItsViewer(t *testing.T) {
	s := newStage(t)
	host := s.join("r", "host", everything())
	host.bot.Publish()
	r, err := s.e.Room("r")
	if err != nil {
		t.Fatal(err)
	}
	late := &person{t: t}
	if late.peer, err = r.Join(sfu.JoinOptions{ID: "late", Subscribe: true, On: late.on}); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pc.Close() }()
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.peer.Offer(t.Context(), offer.SDP, nil); err != nil { // and never connect
		t.Fatal(err)
	}
	eventually(t, 2*time.Second, "the late one has a slot", func() bool {
		_, ok := late.slotOf("host", sfu.Camera)
		return ok
	})
	at := s.e.Stats().PacketsIn
	eventually(t, 5*time.Second, "a second of media", func() bool { return s.e.Stats().PacketsIn > at+250 })
	if n := s.e.Stats().PLISent; n != 0 {
		t.Errorf("%d key frames were asked for, for nobody", n)
	}
}

func TestSlotsAreStableAndRunOut(t *testing.T) {
	s := newStage(t)
	viewer := s.join("r", "viewer", sfutest.Options{VideoSlots: 2, AudioSlots: 1})
	camera := sfutest.Options{Camera: true}
	var people []*person
	for i := range 3 {
		p := s.join("r", fmt.Sprint("p", i), camera)
		p.bot.Publish()
		people = append(people, p)
		eventually(t, 3*time.Second, "told of the camera", func() bool {
			_, ok := viewer.slotOf(fmt.Sprint("p", i), sfu.Camera)
			return ok
		})
	}
	s0, _ := viewer.slotOf("p0", sfu.Camera)
	s1, _ := viewer.slotOf("p1", sfu.Camera)
	s2, _ := viewer.slotOf("p2", sfu.Camera)
	if s0.Mid == "" || s1.Mid == "" || s2.Mid != "" || s2.Reason != sfu.ReasonNoSlot {
		t.Fatalf("slots %+v %+v %+v, want the third without", s0, s1, s2)
	}
	// The first leaves: the third gets its slot, the second keeps its own.
	people[0].peer.Close()
	eventually(t, 3*time.Second, "the free slot is given", func() bool {
		slot, _ := viewer.slotOf("p2", sfu.Camera)
		return slot.Mid == s0.Mid && slot.Active
	})
	if now, _ := viewer.slotOf("p1", sfu.Camera); now.Mid != s1.Mid {
		t.Errorf("p1 moved from section %s to %s", s1.Mid, now.Mid)
	}
	if c := viewer.bot.Receiver(s0.Mid).Counts(); c.Missing > 0 || c.Backward > 0 || c.PictureGaps > 0 {
		t.Errorf("numbers broke over the change of person: %+v", c)
	}
	// More sections: everyone has one.
	late := s.join("r", "p3", camera)
	late.bot.Publish()
	if err := viewer.bot.AddSlots(1, 0); err != nil {
		t.Fatal(err)
	}
	if err := viewer.bot.Negotiate(t.Context()); err != nil {
		t.Fatal(err)
	}
	viewer.shows("p3")
	viewer.shows("p1")
}

func TestLayerFollowsTheTileWithoutGaps(t *testing.T) {
	s := newStage(t)
	ann, bob := s.join("r", "ann", everything()), s.join("r", "bob", everything())
	ann.bot.Publish()
	view := bob.shows("ann")
	for _, step := range []struct {
		height int
		rid    string
	}{{720, "f"}, {180, "q"}, {360, "h"}, {720, "f"}} {
		bob.peer.SetView([]sfu.View{{Participant: "ann", Source: sfu.Camera, Width: step.height * 16 / 9, Height: step.height, Visible: true}})
		eventually(t, 12*time.Second, fmt.Sprintf("layer %s for %dp", step.rid, step.height), func() bool {
			return view.Counts().Rid == step.rid
		})
	}
	c := view.Counts()
	if c.Missing > 0 || c.Backward > 0 || c.PictureGaps > 0 {
		t.Errorf("numbers broke over layer switches: %+v", c)
	}
	if c.LongestGap > 500*time.Millisecond {
		t.Errorf("the picture stood still for %v", c.LongestGap)
	}
	bob.peer.SetView([]sfu.View{{Participant: "ann", Source: sfu.Camera, Width: 1280, Height: 720}})
	eventually(t, 2*time.Second, "hidden pauses", func() bool {
		slot, _ := bob.slotOf("ann", sfu.Camera)
		return slot.Reason == sfu.ReasonHidden
	})
	eventually(t, 6*time.Second, "nobody wants a layer", func() bool {
		d, _ := last[sfu.Demand](ann)
		return len(d.Demand) == 1 && len(d.Demand[0].Rids) == 0
	})
	bob.peer.SetView([]sfu.View{{Participant: "ann", Source: sfu.Camera, Width: 320, Height: 180, Visible: true}})
	eventually(t, time.Second, "the small layer is wanted again at once", func() bool {
		d, _ := last[sfu.Demand](ann)
		return slices.Contains(d.Demand[0].Rids, "q")
	})
	frames := view.Counts().Frames
	eventually(t, 3*time.Second, "and flows", func() bool { return view.Counts().Frames > frames+10 })
}

func TestICERestartKeepsTheSeat(t *testing.T) {
	s := newStage(t)
	ann, bob := s.join("r", "ann", everything()), s.join("r", "bob", everything())
	ann.bot.Publish()
	view := bob.shows("ann")
	mid := view.Mid
	if err := bob.bot.RestartICE(t.Context()); err != nil {
		t.Fatal(err)
	}
	frames := view.Counts().Frames
	eventually(t, 3*time.Second, "frames go on over the restart", func() bool { return view.Counts().Frames > frames+30 })
	if slot, _ := bob.slotOf("ann", sfu.Camera); slot.Mid != mid {
		t.Errorf("the slot moved from %s to %s", mid, slot.Mid)
	}
	if c := view.Counts(); c.Missing > 0 || c.Backward > 0 {
		t.Errorf("numbers broke: %+v", c)
	}
}

// A client that starts anew (a reload) offers with another certificate under
// the same id.
func TestReloadTakesTheSeatOver(t *testing.T) {
	s := newStage(t)
	ann, bob := s.join("r", "ann", everything()), s.join("r", "bob", everything())
	ann.bot.Publish()
	bob.shows("ann")
	ann.bot.Close()
	o := everything()
	o.Offer = ann.peer.Offer
	again, err := sfutest.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := again.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	again.Publish()
	time.Sleep(100 * time.Millisecond)
	view := bob.shows("ann")
	frames := view.Counts().Frames
	eventually(t, 4*time.Second, "the new picture flows", func() bool { return view.Counts().Frames > frames+10 })
}

func TestLoopbackHearsItself(t *testing.T) {
	s := newStage(t)
	other := s.join("r", "other", everything())
	other.bot.Publish()
	self := s.join("r", "self", everything(), func(o *sfu.JoinOptions) { o.Loopback = true })
	self.bot.Publish()
	self.shows("self")
	if _, ok := self.slotOf("other", sfu.Camera); ok {
		t.Error("a loopback peer is sent someone else")
	}
}

func TestDataIsRelayed(t *testing.T) {
	s := newStage(t)
	o := everything()
	o.Data = true
	ann, bob := s.join("r", "ann", o), s.join("r", "bob", o)
	eventually(t, 3*time.Second, "both channels are open", func() bool { return bob.bot.Say("here") == nil })
	eventually(t, 5*time.Second, "bob hears ann", func() bool {
		_ = ann.bot.Say("hello") // again until the SFU has seen both channels open
		return slices.Contains(bob.bot.Heard(), "hello")
	})
	if slices.Contains(ann.bot.Heard(), "hello") {
		t.Error("ann hears herself")
	}
	d, ok := last[sfu.Data](ann)
	if !ok || string(d.Bytes) != "hello" || d.Label != sfu.DataReliable {
		t.Errorf("event %+v", d)
	}
	for range 400 {
		_ = ann.bot.Say("flood")
	}
	time.Sleep(200 * time.Millisecond)
	n := 0
	for _, m := range bob.bot.Heard() {
		if m == "flood" {
			n++
		}
	}
	if n < 100 || n > 350 {
		t.Errorf("a flood of 400 was relayed whole (%d)", n)
	}
}

func TestSpeakersAreTold(t *testing.T) {
	s := newStage(t)
	o := everything()
	o.Level = 20
	ann := s.join("r", "ann", o)
	bob := s.join("r", "bob", everything())
	ann.bot.Publish()
	eventually(t, 3*time.Second, "ann is heard", func() bool {
		ev, ok := last[sfu.Speakers](bob)
		return ok && len(ev.Speakers) == 1 && ev.Speakers[0].Participant == "ann"
	})
}

func TestQualityIsTold(t *testing.T) {
	s := newStage(t)
	ann, bob := s.join("r", "ann", everything()), s.join("r", "bob", everything())
	ann.bot.Publish()
	bob.bot.Publish()
	eventually(t, 9*time.Second, "two scores each", func() bool {
		q, ok := last[sfu.Quality](bob)
		return ok && len(q.Tracks) == 4
	})
	q, _ := last[sfu.Quality](bob)
	if q.Up.Value < 80 || q.Down.Value < 80 {
		t.Errorf("a clean loopback call scores %+v", q)
	}
}

func TestRoomLimits(t *testing.T) {
	s := newStage(t, func(c *sfu.Config) { c.Limits.PeersPerRoom, c.Limits.Rooms = 2, 1 })
	r, err := s.e.Room("r")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		if _, err := r.Join(sfu.JoinOptions{ID: id, Publish: true}); err != nil {
			t.Fatal(err)
		}
	}
	// Who may do nothing yet is counted apart.
	for _, id := range []string{"waits", "waits too"} {
		if _, err := r.Join(sfu.JoinOptions{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Join(sfu.JoinOptions{ID: "one more"}); !errors.Is(err, sfu.ErrRoomFull) {
		t.Errorf("a third who waits: %v", err)
	}
	if _, err := r.Join(sfu.JoinOptions{ID: "a"}); !errors.Is(err, sfu.ErrDuplicate) {
		t.Errorf("same id again: %v", err)
	}
	if _, err := r.Join(sfu.JoinOptions{ID: "c", Subscribe: true}); !errors.Is(err, sfu.ErrRoomFull) {
		t.Errorf("third: %v", err)
	}
	if _, err := s.e.Room("other"); !errors.Is(err, sfu.ErrExhausted) {
		t.Errorf("second room: %v", err)
	}
	r.Peer("a").Close()
	r.Peer("b").Close()
	r.Peer("waits").Close()
	r.Peer("waits too").Close()
	if n := s.e.Stats().Rooms; n != 0 {
		t.Errorf("%d rooms after everyone left", n)
	}
}
