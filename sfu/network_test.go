package sfu_test

import (
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/sfutest"
)

// virtual is an SFU on a virtual network.
func virtual(t *testing.T) (*stage, *sfutest.Network) {
	t.Helper()
	n, err := sfutest.NewNetwork()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	server, err := n.Host("10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	return newStage(t, func(c *sfu.Config) { c.Net, c.TCP = server, false }), n
}

// from joins someone from an address of the network.
func (s *stage) from(n *sfutest.Network, ip, id string) *person {
	s.t.Helper()
	host, err := n.Host(ip)
	if err != nil {
		s.t.Fatal(err)
	}
	o := everything()
	o.Net = host
	return s.join("r", id, o)
}

func TestLossIsRepaired(t *testing.T) {
	s, n := virtual(t)
	ann, bob := s.from(n, "10.0.0.2", "ann"), s.from(n, "10.0.0.3", "bob")
	ann.bot.Publish()
	view := bob.shows("ann")
	n.Lose(0.05, 7)
	time.Sleep(5 * time.Second)
	n.Lose(0, 0)
	time.Sleep(time.Second)
	st, c := s.e.Stats(), view.Counts()
	t.Logf("%+v\n%+v", st, c)
	if st.NACKsSent == 0 || st.NACKsIn == 0 || st.Retransmitted == 0 {
		t.Errorf("nothing was repaired: %+v", st)
	}
	if c.Missing > c.Packets/200 {
		t.Errorf("%d of %d packets never arrived", c.Missing, c.Packets)
	}
	if c.LongestGap > time.Second {
		t.Errorf("the picture stood still for %v", c.LongestGap)
	}
}

func TestNarrowPathStepsDownAndUp(t *testing.T) {
	s, n := virtual(t)
	ann, bob := s.from(n, "10.0.0.2", "ann"), s.from(n, "10.0.0.3", "bob")
	ann.bot.Publish()
	view := bob.shows("ann")
	bob.peer.SetView([]sfu.View{{Participant: "ann", Source: sfu.Camera, Width: 1280, Height: 720, Visible: true}})
	eventually(t, 15*time.Second, "a wide path gets the large layer", func() bool { return view.Counts().Rid == "f" })
	n.Limit("10.0.0.3", 500_000)
	eventually(t, 8*time.Second, "500 kbit/s cannot carry the large layer", func() bool { return view.Counts().Rid != "f" })
	view.ForgetGaps()
	time.Sleep(3 * time.Second)
	if c := view.Counts(); c.LongestGap > 2*time.Second || c.Frames == 0 {
		t.Errorf("the narrow path starves: %+v", c)
	}
	n.Limit("10.0.0.3", 0)
	eventually(t, 40*time.Second, "the large layer is back", func() bool { return view.Counts().Rid == "f" })
	if c := view.Counts(); c.Backward > 0 {
		t.Errorf("timestamps went back: %+v", c)
	}
}

// Five seconds without a network: the seat is kept, and the picture is back
// within three seconds of its return.
func TestCutCableComesBack(t *testing.T) {
	s, n := virtual(t)
	ann, bob := s.from(n, "10.0.0.2", "ann"), s.from(n, "10.0.0.3", "bob")
	ann.bot.Publish()
	view := bob.shows("ann")
	n.Cut("10.0.0.3", true)
	eventually(t, 6*time.Second, "the drop is told", func() bool {
		st, _ := last[sfu.State](bob)
		return st.State == sfu.StateDisconnected
	})
	time.Sleep(2 * time.Second)
	frames := view.Counts().Frames
	n.Cut("10.0.0.3", false)
	eventually(t, 3*time.Second, "the picture is back", func() bool { return view.Counts().Frames > frames+10 })
	eventually(t, 3*time.Second, "and that is told", func() bool {
		st, _ := last[sfu.State](bob)
		return st.State == sfu.StateConnected
	})
}
