package bwe

import (
	"fmt"
	"testing"
	"time"
)

func above(v int) func(int) bool { return func(e int) bool { return e >= v } }
func below(v int) func(int) bool { return func(e int) bool { return e <= v } }

// TestFollowsTheLink is the script every congestion controller must pass: the
// path falls twice and comes back.
func TestFollowsTheLink(t *testing.T) {
	for _, tt := range []struct {
		name  string
		media func(int) int
	}{
		{"sends all it may", func(e int) int { return min(e, 6_000_000) }},
		{"sends in layers", layers(150_000, 450_000, 1_700_000, 3_400_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := simulate(4_000_000)
			s.media = tt.media
			s.reaches(t, 5*time.Second, "4 Mbit/s at the start", above(3_000_000))
			s.run(10*time.Second, nil)
			s.rate0(t, "steady at 4", 2_600_000, 4_500_000)
			s.path.rate = 1_000_000
			s.reaches(t, 2*time.Second, "below 1 Mbit/s", below(1_000_000))
			s.run(10*time.Second, nil)
			s.rate0(t, "steady at 1", 550_000, 1_150_000)
			s.path.rate = 300_000
			s.reaches(t, 2*time.Second, "below 0.3 Mbit/s", below(300_000))
			s.run(10*time.Second, nil)
			s.rate0(t, "steady at 0.3", 150_000, 360_000)
			s.path.rate = 4_000_000
			s.reaches(t, 15*time.Second, "back at 4 Mbit/s", above(3_000_000))
			s.run(20*time.Second, nil)
			s.rate0(t, "steady again", 2_600_000, 4_500_000)
		})
	}
}

// rate0 checks the estimate and the average of two seconds more.
func (s *simulation) rate0(t *testing.T, what string, low, high int) {
	t.Helper()
	sum, n := 0, 0
	s.run(2*time.Second, func() { sum += s.Estimate(); n++ })
	if mean := sum / n; mean < low || mean > high {
		t.Errorf("%s: estimate %d on average, want %d to %d; %+v", what, mean, low, high, s.Snapshot())
	}
}

// layers sends the highest that fits.
func layers(rates ...int) func(int) int {
	return func(e int) int {
		best := rates[0]
		for _, r := range rates {
			if r <= e {
				best = r
			}
		}
		return best
	}
}

func TestRandomLossIsNoCongestion(t *testing.T) {
	for _, loss := range []float64{0.01, 0.02, 0.05, 0.10} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			s := simulate(2_500_000)
			s.path.loss = loss
			s.run(20*time.Second, nil)
			lowest := s.Estimate()
			s.run(40*time.Second, func() { lowest = min(lowest, s.Estimate()) })
			if lowest < 1_000_000 {
				t.Errorf("fell to %d: %+v", lowest, s.Snapshot())
			}
			s.rate0(t, "in the end", 1_300_000, 2_900_000)
		})
	}
}

func TestLossWithoutQueueIsCongestion(t *testing.T) {
	// A policer drops what is too much at once: no delay to see.
	s := simulate(1_000_000)
	s.path.queue = 10 * time.Millisecond
	s.run(15*time.Second, nil)
	s.rate0(t, "under a policer", 500_000, 1_300_000)
}

func TestJitterIsNoCongestion(t *testing.T) {
	s := simulate(3_000_000)
	s.path.jitter = 8 * time.Millisecond
	s.run(20*time.Second, nil)
	s.rate0(t, "with jitter", 1_500_000, 3_300_000)
}

// TestApplicationLimited: an almost idle sender neither believes in more than
// the path has, nor forgets what it has.
func TestApplicationLimited(t *testing.T) {
	s := simulate(2_000_000)
	s.run(10*time.Second, nil)
	s.SetDesired(300_000, origin.Add(s.now))
	s.media = func(int) int { return 300_000 }
	before, highest, lowest := s.probes, 0, 1<<30
	s.run(60*time.Second, func() {
		highest, lowest = max(highest, s.Estimate()), min(lowest, s.Estimate())
	})
	if highest > 2_400_000 || lowest < 1_000_000 {
		t.Errorf("estimate from %d to %d on a path of 2 Mbit/s", lowest, highest)
	}
	if s.probes > before+1 {
		t.Errorf("%d probes for bandwidth nobody wants", s.probes-before)
	}
	s.SetDesired(6_000_000, origin.Add(s.now))
	s.run(30*time.Second, func() { highest = max(highest, s.Estimate()) })
	if highest > 2_400_000 {
		t.Errorf("probing raised the estimate to %d", highest)
	}
}

func TestALimitThatIsLifted(t *testing.T) {
	// The case that sank pion's estimator: 600 kbit/s for a while, then free.
	s := simulate(600_000)
	s.media = layers(150_000, 450_000, 1_700_000)
	s.SetDesired(1_700_000, origin)
	s.run(60*time.Second, nil)
	s.rate0(t, "under the limit", 300_000, 720_000)
	s.path.rate = 5_000_000
	s.reaches(t, 12*time.Second, "1.7 Mbit/s", above(1_700_000))
}

func TestQueueStaysShort(t *testing.T) {
	s := simulate(1_500_000)
	s.path.queue = 2 * time.Second
	s.run(20*time.Second, nil)
	s.over = 0
	s.run(60*time.Second, nil)
	if s.over > 400*time.Millisecond {
		t.Errorf("the estimator let the queue grow to %v", s.over)
	}
}

func TestBlackHole(t *testing.T) {
	s := simulate(3_000_000)
	s.run(10*time.Second, nil)
	s.path.loss = 1
	s.run(5*time.Second, nil)
	if s.Estimate() > 500_000 {
		t.Errorf("%d after five seconds without feedback", s.Estimate())
	}
	s.path.loss = 0
	s.reaches(t, 8*time.Second, "2 Mbit/s after the hole", above(2_000_000))
}

func TestLongRoundTrip(t *testing.T) {
	s := simulate(2_000_000)
	s.path.delay = 300 * time.Millisecond
	s.run(30*time.Second, nil)
	s.rate0(t, "at 600 ms", 1_000_000, 2_400_000)
	s.path.rate = 500_000
	s.reaches(t, 4*time.Second, "below 0.5 Mbit/s", below(500_000))
}

func TestBounds(t *testing.T) {
	e := New(Config{Start: 50, Min: 200_000, Max: 300_000})
	if e.Estimate() != 200_000 {
		t.Error(e.Estimate())
	}
	for i := range 100 {
		e.OnREMB(1<<40, origin.Add(time.Duration(i)*time.Second))
	}
	if e.Estimate() != 300_000 {
		t.Error(e.Estimate())
	}
}
