package speaker

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// room runs ticks: each says the level of each microphone, 127 for silence.
type room struct {
	*Detector
	now    time.Time
	meters []*Meter
	told   int
}

func newRoom(most int, ids ...string) *room {
	r := &room{Detector: New(most), now: time.Unix(0, 0)}
	for _, id := range ids {
		r.meters = append(r.meters, r.Add(id))
	}
	return r
}

func (r *room) ticks(n int, levels ...uint8) (ids []string) {
	for range n {
		for i, l := range levels {
			for range 12 {
				r.meters[i].Observe(l, l < 60)
			}
		}
		r.now = r.now.Add(Tick)
		list, changed := r.Tick(r.now)
		if changed {
			r.told++
		}
		ids = ids[:0]
		for _, s := range list {
			ids = append(ids, s.ID)
			if s.Level < 0 || s.Level > 1 {
				panic("level out of range")
			}
		}
	}
	return ids
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("speakers %v, want %v", got, want)
	}
}

func TestOneSpeaks(t *testing.T) {
	r := newRoom(0, "a", "b")
	expect(t, r.ticks(4, 127, 127))
	expect(t, r.ticks(1, 20, 127), "a")
	expect(t, r.ticks(20, 20, 80), "a")
	expect(t, r.ticks(3, 127, 127), "a") // a breath does not end it
	expect(t, r.ticks(10, 127, 127))
}

func TestAKnockIsNoSpeaker(t *testing.T) {
	r := newRoom(0, "a")
	for range 2 {
		r.meters[0].Observe(5, false)
	}
	expect(t, r.ticks(1, 127))
}

func TestTheDominantSpeakerIsNotInterrupted(t *testing.T) {
	r := newRoom(0, "a", "b")
	expect(t, r.ticks(8, 30, 127), "a")
	expect(t, r.ticks(8, 30, 28), "a", "b") // a little louder: talks over, does not take over
	expect(t, r.ticks(1, 40, 12), "a", "b") // once is not enough
	expect(t, r.ticks(6, 40, 12), "b", "a")
	expect(t, r.ticks(12, 127, 30), "b")
}

func TestAtMostThree(t *testing.T) {
	r := newRoom(0, "a", "b", "c", "d")
	expect(t, r.ticks(10, 20, 25, 30, 35), "a", "b", "c")
	r2 := newRoom(1, "a", "b")
	expect(t, r2.ticks(10, 30, 20), "b")
}

func TestChangesAreFew(t *testing.T) {
	r := newRoom(0, "a", "b")
	r.ticks(10, 25, 127)
	before := r.told
	r.ticks(40, 25, 127)
	if r.told != before {
		t.Errorf("told %d times although nothing changed", r.told-before)
	}
	for range 12 {
		r.meters[1].Observe(10, true)
	}
	if _, changed := r.Tick(r.now.Add(Tick / 2)); changed {
		t.Error("told before the tick was due")
	}
	expect(t, r.ticks(2, 25, 10), "a", "b")
}

func TestRemove(t *testing.T) {
	r := newRoom(0, "a", "b")
	r.ticks(5, 20, 30)
	r.Remove(r.meters[0])
	expect(t, r.ticks(1, 20, 30), "b")
	r.Remove(r.meters[1])
	if list, changed := r.Tick(r.now.Add(Tick)); len(list) != 0 || !changed {
		t.Errorf("%v %v", list, changed)
	}
}

func TestDTXCountsAsSilence(t *testing.T) {
	// A client that stops sending while quiet leaves the list like one that
	// sends silence.
	r := newRoom(0, "a")
	r.ticks(8, 20)
	for range 12 {
		r.now = r.now.Add(Tick)
		r.Tick(r.now)
	}
	expect(t, r.ticks(1, 127))
}

func TestObserveBesideTick(t *testing.T) {
	d := New(0)
	m := d.Add("a")
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 10_000 {
			m.Observe(uint8(i), i%2 == 0)
		}
	})
	for i := range 100 {
		d.Tick(time.Unix(int64(i), 0))
	}
	wg.Wait()
}

func TestNoAllocations(t *testing.T) {
	r := newRoom(0, "a", "b", "c", "d")
	r.ticks(5, 20, 20, 20, 20)
	if n := testing.AllocsPerRun(100, func() {
		for _, m := range r.meters {
			m.Observe(20, true)
		}
		r.now = r.now.Add(Tick)
		r.Tick(r.now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	m := New(0).Add("a")
	b.ReportAllocs()
	for b.Loop() {
		m.Observe(20, true)
	}
}
