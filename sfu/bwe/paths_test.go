package bwe

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestManyPaths runs the script of TestFollowsTheLink over paths of different
// jitter and luck, so that no constant is right for one seed only.
func TestManyPaths(t *testing.T) {
	media := []func(int) int{func(e int) int { return min(e, 6_000_000) }, layers(150_000, 450_000, 1_700_000, 3_400_000)}
	for seed := range uint64(50) {
		s := simulate(4_000_000)
		s.path.rnd = rand.New(rand.NewPCG(seed, 9))
		s.path.jitter = time.Duration(seed/2%5) * time.Millisecond
		s.media = media[seed%2]
		s.run(15*time.Second, nil)
		highest := 0
		s.run(5*time.Second, func() { highest = max(highest, s.Estimate()) })
		if highest > 4_800_000 {
			t.Errorf("seed %d: %d on 4 Mbit/s", seed, highest)
		}
		for _, leg := range []struct {
			rate, want int
			within     time.Duration
		}{{1_000_000, 1_000_000, 2 * time.Second}, {300_000, 300_000, 2 * time.Second}, {4_000_000, 3_000_000, 15 * time.Second}} {
			rising := leg.rate > s.path.rate
			s.path.rate = leg.rate
			took, from := time.Duration(-1), s.now
			for took < 0 && s.now-from < leg.within {
				s.run(5*time.Millisecond, nil)
				if rising == (s.Estimate() >= leg.want) || s.Estimate() == leg.want {
					took = s.now - from
				}
			}
			if took < 0 {
				t.Errorf("seed %d: %d still after %v at %d", seed, s.Estimate(), leg.within, leg.rate)
			}
			s.run(10*time.Second, nil)
		}
	}
}
