package allocate

import (
	"slices"
	"testing"
	"time"

	"mentara/sfu/layer"

	"pgregory.net/rapid"
)

// camera has the usual three encodings of a webcam.
func camera(height int) Want {
	return Want{Height: height, Current: New, Options: []Option{
		{layer.ID{Spatial: 0, Temporal: 2}, 150_000, 180},
		{layer.ID{Spatial: 1, Temporal: 2}, 450_000, 360},
		{layer.ID{Spatial: 2, Temporal: 2}, 1_700_000, 720},
	}}
}

func stage(w Want) Want        { w.OnStage = true; return w }
func prior(p int, w Want) Want { w.Priority = p; return w }
func audio(rate int) Want      { return Want{Audio: true, Options: []Option{{Bitrate: rate}}} }
func options(g []Grant) (o []int) {
	for _, g := range g {
		o = append(o, g.Option)
	}
	return o
}

func TestAllocate(t *testing.T) {
	dead := camera(720)
	dead.Options[2].Bitrate = 0
	hole := camera(720)
	hole.Options[1].Bitrate = 0
	for _, tt := range []struct {
		name   string
		budget int
		wants  []Want
		want   []int
		result Result
	}{
		{"nothing wanted", 1000, nil, nil, Result{}},
		{"plenty", 9_000_000, []Want{audio(50_000), camera(720)}, []int{0, 2}, Result{1_750_000, 1_750_000, 0}},
		{"the tile is the cap", 9_000_000, []Want{camera(100), camera(181), camera(360), camera(361), camera(2000)},
			[]int{0, 1, 1, 2, 2}, Result{4_450_000, 4_450_000, 0}},
		{"not visible", 9_000_000, []Want{camera(0)}, []int{-1}, Result{}},
		{"one of two: middle", 1_000_000, []Want{audio(0), camera(720)}, []int{0, 1}, Result{490_000, 1_740_000, 1_740_000}},
		{"the only picture is kept over the budget", 120_000, []Want{audio(0), camera(720)}, []int{0, 0}, Result{190_000, 1_740_000, 490_000}},
		{"but not at less than half its rate", 114_000, []Want{audio(0), camera(720)}, []int{0, -1}, Result{40_000, 1_740_000, 190_000}},
		{"audio goes on without any budget", 0, []Want{camera(720), audio(64_000)}, []int{-1, 0}, Result{64_000, 1_764_000, 214_000}},
		{"all lowest before any better", 620_000, []Want{camera(720), camera(720), camera(720), camera(720)},
			[]int{0, 0, 0, 0}, Result{600_000, 6_800_000, 900_000}},
		{"pause the last in order", 500_000, []Want{camera(720), camera(720), prior(1, camera(720)), camera(720)},
			[]int{0, 0, 0, -1}, Result{450_000, 6_800_000, 600_000}},
		{"in turn", 1_300_000, []Want{camera(720), camera(720), camera(720)}, []int{1, 1, 0}, Result{1_050_000, 5_100_000, 1_350_000}},
		{"the stage first", 2_100_000, []Want{camera(720), stage(camera(720)), camera(720)}, []int{0, 2, 0}, Result{2_000_000, 5_100_000, 2_300_000}},
		{"a step that does not fit leaves room for cheaper ones", 1_500_000, []Want{stage(camera(720)), camera(720), camera(180)},
			[]int{1, 1, 0}, Result{1_050_000, 3_550_000, 2_300_000}},
		{"priority before position", 800_000, []Want{camera(720), prior(2, camera(720))}, []int{0, 1}, Result{600_000, 3_400_000, 900_000}},
		{"a layer that cannot be had", 9_000_000, []Want{dead}, []int{1}, Result{450_000, 450_000, 0}},
		{"a hole among the layers", 9_000_000, []Want{hole}, []int{2}, Result{1_700_000, 1_700_000, 0}},
		{"a hole too wide to cross", 900_000, []Want{hole}, []int{0}, Result{150_000, 1_700_000, 1_700_000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, r := Allocate(tt.budget, tt.wants, nil)
			if !slices.Equal(options(got), tt.want) || r != tt.result {
				t.Errorf("%v %+v, want %v %+v", options(got), r, tt.want, tt.result)
			}
		})
	}
}

func drawWants(t *rapid.T) []Want {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Want {
		w := Want{
			Audio: rapid.IntRange(0, 4).Draw(t, "audio") == 0, OnStage: rapid.IntRange(0, 4).Draw(t, "stage") == 0,
			Priority: rapid.IntRange(0, 2).Draw(t, "priority"), Height: rapid.SampledFrom([]int{0, 90, 180, 360, 1080}).Draw(t, "height"),
			Current: rapid.IntRange(-2, 0).Draw(t, "current"),
		}
		rate := 0
		for i := range rapid.IntRange(0, 5).Draw(t, "options") {
			rate += rapid.IntRange(0, 900_000).Draw(t, "more")
			o := Option{Bitrate: rate, Height: 90 << (i / 2)}
			if rapid.IntRange(0, 5).Draw(t, "dead") == 0 {
				o.Bitrate = 0
			}
			w.Options = append(w.Options, o)
		}
		return w
	}), 0, 9).Draw(t, "wants")
}

func TestAllocationRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wants, budget := drawWants(t), rapid.IntRange(0, 5_000_000).Draw(t, "budget")
		got, r := Allocate(budget, wants, nil)
		again, r2 := Allocate(budget, wants, make([]Grant, 3))
		if !slices.Equal(got, again) || r != r2 || len(got) != len(wants) {
			t.Fatal("not a function of its inputs")
		}
		used, voice, video, raised := 0, 0, 0, false
		for i, g := range got {
			w := wants[i]
			if w.Audio {
				voice += audioRate(&w)
				continue
			}
			if g.Option > g.Ideal || g.Limited != (g.Option < g.Ideal) || w.Height == 0 && g.Option >= 0 {
				t.Fatalf("want %d: %+v", i, g)
			}
			if g.Option < 0 {
				continue
			}
			if w.Options[g.Option].Bitrate == 0 {
				t.Fatalf("granted what cannot be had")
			}
			video++
			used += w.Options[g.Option].Bitrate
			for _, o := range w.Options[:g.Option] {
				raised = raised || o.Bitrate > 0 && o.Bitrate < w.Options[g.Option].Bitrate
			}
		}
		if used+voice != r.Used {
			t.Fatalf("used %d, says %d", used+voice, r.Used)
		}
		if used+voice > budget && video > 0 && (raised || video > 1) {
			t.Fatalf("over the budget %d with %d of video beyond the lowest layer of the first", budget, used)
		}
		if r.Next != 0 {
			if r.Next <= r.Used {
				t.Fatalf("next %d is not above %d", r.Next, r.Used)
			}
		} else if r.Used != r.Desired {
			t.Fatalf("nothing more to gain, but %d of %d used", r.Used, r.Desired)
		}
		if full, fr := Allocate(1<<40, wants, nil); fr.Used != r.Desired || fr.Next != 0 {
			t.Fatalf("unlimited uses %d, desired said %d: %v", fr.Used, r.Desired, full)
		}
	})
}

// TestMoreBudgetIsNeverWorse: the first in order never loses by a larger
// budget; and among equals nobody does.
func TestMoreBudgetIsNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.IntRange(0, 5_000_000).Draw(t, "budget")
		b := a + rapid.IntRange(0, 2_000_000).Draw(t, "more")
		wants := drawWants(t)
		x, _ := Allocate(a, wants, nil)
		y, _ := Allocate(b, wants, nil)
		first := -1
		for i, w := range wants {
			if w.Audio || x[i].Ideal < 0 {
				continue
			}
			if f := first; f < 0 || w.OnStage && !wants[f].OnStage || w.OnStage == wants[f].OnStage && w.Priority > wants[f].Priority {
				first = i
			}
		}
		if first >= 0 && x[first].Option >= 0 && y[first].Option < 0 {
			t.Fatalf("%d paused with %d, not with %d", first, b, a)
		}
		equal := slices.Repeat([]Want{camera(720)}, rapid.IntRange(1, 8).Draw(t, "equals"))
		x, _ = Allocate(a, equal, nil)
		y, _ = Allocate(b, equal, nil)
		for i := range equal {
			if y[i].Option < x[i].Option {
				t.Fatalf("%v with %d, %v with %d", options(x), a, options(y), b)
			}
		}
	})
}

func TestHoldoff(t *testing.T) {
	var h Holdoff
	now := time.Unix(0, 0)
	current := New
	step := func(after time.Duration, wish, want int) {
		t.Helper()
		now = now.Add(after)
		w := camera(720)
		w.Current = current
		g := []Grant{{Option: wish, Ideal: 2, Limited: wish < 2}}
		h.Apply([]Want{w}, g, now)
		if g[0].Option != want || g[0].Limited != (want < 2) {
			t.Fatalf("at %v: %+v, want %d", now.Unix(), g[0], want)
		}
		current = g[0].Option
	}
	const s = time.Second
	step(0, 1, 1)   // new: at once
	step(s, 2, 2)   // nothing failed yet
	step(s, 0, 0)   // fell 1 s after rising: failed, hold 10 s
	step(9*s, 2, 0) // held
	step(s, 2, 2)   // calm
	step(8*s, 1, 1) // failed again, hold 20 s
	step(19*s, 2, 1)
	step(s, 2, 2)
	step(21*s, 2, 2) // lasted: hold back to 10 s
	step(s, -1, -1)  // a fall later is no failure of the rise
	step(9*s, 0, -1) // a paused track waits too
	step(s, 0, 0)
	for range 10 { // failures do not hold for ever
		step(0, 2, 2)
		step(s, 0, 0)
		step(SettleMax-s, 0, 0)
		step(s, 1, 1)
	}
}

func TestSmallerTileStartsNoHold(t *testing.T) {
	var h Holdoff
	now := time.Unix(0, 0)
	w := camera(720)
	w.Current = 2
	h.Apply([]Want{w}, []Grant{{Option: 0, Ideal: 0}}, now)
	w.Current = 0
	g := []Grant{{Option: 2, Ideal: 2}}
	h.Apply([]Want{w}, g, now.Add(time.Millisecond))
	if g[0].Option != 2 || h.Held() != 0 {
		t.Error("enlarging the tile again was held back")
	}
}

func BenchmarkAllocate(b *testing.B) {
	wants := []Want{audio(40_000), stage(camera(720))}
	for range 24 {
		wants = append(wants, camera(180), audio(0))
	}
	dst := make([]Grant, 0, len(wants))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Allocate(3_000_000, wants, dst)
	}
}

func TestNoAllocations(t *testing.T) {
	wants := slices.Repeat([]Want{camera(720)}, 30)
	dst := make([]Grant, 0, len(wants))
	if n := testing.AllocsPerRun(100, func() { dst, _ = Allocate(3_000_000, wants, dst) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
