package quality

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// Values worked out by hand from the formulas in the package comment.
func TestRawScores(t *testing.T) {
	const w = 5 * time.Second
	for _, tt := range []struct {
		name   string
		in     Sample
		value  int
		level  Level
		reason Reason
	}{
		{"clean audio", Sample{Kind: Audio, Packets: 250, RTT: 40 * ms, Jitter: 5 * ms}, 99, Excellent, None}, // d=30: 0.75
		{"1 % of audio", Sample{Kind: Audio, Packets: 198, Lost: 2}, 92, Excellent, None},
		{"5 % of audio", Sample{Kind: Audio, Packets: 190, Lost: 10}, 60, Good, Loss},
		{"5 % of audio with FEC", Sample{Kind: Audio, Packets: 190, Lost: 10, FEC: true}, 73, Good, Loss}, // 26.7
		{"5 % of audio with RED", Sample{Kind: Audio, Packets: 190, Lost: 10, RED: true}, 80, Good, Loss},
		{"2 % of video", Sample{Kind: Video, Packets: 980, Lost: 20}, 80, Good, Loss},
		{"7 % of screen", Sample{Kind: Screen, Packets: 930, Lost: 70}, 30, Poor, Loss},
		{"half of video", Sample{Kind: Video, Packets: 50, Lost: 50}, 0, Lost, Loss},
		{"160 ms is the knee", Sample{Kind: Audio, Packets: 250, RTT: 320 * ms}, 96, Excellent, None},
		{"satellite", Sample{Kind: Audio, Packets: 250, RTT: 640 * ms}, 80, Good, Delay}, // (320-120)/10
		{"jitter counts twice", Sample{Kind: Audio, Packets: 250, Jitter: 160 * ms}, 80, Good, Delay},
		{"loss and delay add up, the larger is named", Sample{Kind: Audio, Packets: 97, Lost: 3, RTT: 440 * ms}, 66, Good, Loss}, // 24+10
		{"half the bitrate", Sample{Kind: Video, Packets: 500, Bitrate: 500_000, Expected: 1_000_000}, 86, Excellent, None},
		{"a tenth of the bitrate", Sample{Kind: Video, Packets: 500, Bitrate: 100_000, Expected: 1_000_000}, 54, Good, Bitrate},
		{"more than expected", Sample{Kind: Video, Packets: 500, Bitrate: 2_000_000, Expected: 1_000_000}, 100, Excellent, None},
		{"one layer short", Sample{Kind: Video, Packets: 500, LayersMissed: 1}, 65, Good, Layer},
		{"two layers short", Sample{Kind: Video, Packets: 500, LayersMissed: 2}, 30, Poor, Layer},
		{"frozen 1 s of 5", Sample{Kind: Video, Packets: 500, Frozen: time.Second}, 60, Good, Frozen},
		{"frozen throughout", Sample{Kind: Video, Packets: 500, Frozen: w}, 0, Lost, Frozen},
		{"the least counts", Sample{Kind: Video, Packets: 99, Lost: 1, LayersMissed: 0.5, Frozen: 400 * ms}, 83, Excellent, None},
		{"nothing came", Sample{Kind: Video}, 0, Lost, Frozen},
		{"no reports", Sample{Kind: Video, Packets: 500, NoReport: true}, 20, Lost, Frozen},
		{"muted", Sample{Kind: Audio, Muted: true}, 100, Excellent, None},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Scorer
			tt.in.Window = w
			got := s.Update(tt.in)
			if got.Value != tt.value || got.Level != tt.level || got.Reason != tt.reason {
				t.Errorf("%d %s %q, want %d %s %q", got.Value, got.Level, got.Reason, tt.value, tt.level, tt.reason)
			}
		})
	}
}

func TestFallsFastAndRisesSlowly(t *testing.T) {
	var s Scorer
	good, bad := Sample{Kind: Video, Packets: 500}, Sample{Kind: Video, Packets: 500, LayersMissed: 2}
	for i, tt := range []struct {
		in     Sample
		value  int
		reason Reason
	}{
		{good, 100, None},
		{bad, 44, Layer}, // 100 − 0.8·70
		{bad, 33, Layer}, // 44 − 0.8·14 = 32.8
		{good, 60, Loss}, // 32.8 + 0.4·67.2 = 59.7: still low, though this window had no fault
		{good, 76, Loss},
		{good, 85, None},
		{Sample{Muted: true}, 100, None},
		{bad, 30, Layer}, // forgotten: the first window counts whole
	} {
		got := s.Update(tt.in)
		if got.Value != tt.value || got.Reason != tt.reason && tt.reason != Loss {
			t.Errorf("window %d: %d %q, want %d %q", i, got.Value, got.Reason, tt.value, tt.reason)
		}
	}
}

func TestSilenceIsNotPunished(t *testing.T) {
	// Opus in DTX sends 2.5 packets a second instead of 50; one lost of 13 is
	// 8 % but nothing anyone hears.
	var s Scorer
	s.Update(Sample{Kind: Audio, Packets: 250})
	got := s.Update(Sample{Kind: Audio, Packets: 12, Lost: 1})
	if got.Level != Excellent {
		t.Errorf("%+v", got)
	}
}

func TestWorst(t *testing.T) {
	if w := Worst(); w.Level != Excellent || w.Value != 100 {
		t.Errorf("%+v", w)
	}
	w := Worst(Score{Value: 90}, Score{Value: 30, Reason: Delay, RTT: 7}, Score{Value: 50})
	if w.Value != 30 || w.Reason != Delay || w.RTT != 7 {
		t.Errorf("%+v", w)
	}
}

func TestMOS(t *testing.T) {
	for value, want := range map[int]float64{-5: 1, 0: 1, 50: 2.575, 80: 4.024, 93: 4.405, 100: 4.5} {
		if got := MOS(value); math.Abs(got-want) > 0.01 {
			t.Errorf("MOS(%d) = %.3f, want %.3f", value, got, want)
		}
	}
}

// TestScoresAreSane: any sample gives 0 to 100, a level that fits, a reason
// exactly when it is not excellent; and more loss never scores better.
func TestScoresAreSane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Sample{
			Kind: Kind(rapid.IntRange(0, 2).Draw(t, "kind")), Window: time.Duration(rapid.Int64().Draw(t, "window")),
			Packets: rapid.IntRange(-1, 1<<40).Draw(t, "packets"), Lost: rapid.IntRange(0, 1<<40).Draw(t, "lost"),
			RTT: time.Duration(rapid.Int64Min(0).Draw(t, "rtt")), Jitter: time.Duration(rapid.Int64Min(0).Draw(t, "jitter")),
			Bitrate: rapid.IntRange(-1, 1<<40).Draw(t, "bitrate"), Expected: rapid.IntRange(0, 1<<40).Draw(t, "expected"),
			LayersMissed: rapid.Float64Range(0, 8).Draw(t, "layers"), Frozen: time.Duration(rapid.Int64Min(0).Draw(t, "frozen")),
		}
		var a, b Scorer
		x := a.Update(in)
		if x.Value < 0 || x.Value > 100 || x.Level != LevelOf(x.Value) || (x.Reason == None) != (x.Level == Excellent) {
			t.Fatalf("%+v", x)
		}
		in.Lost *= 2
		if y := b.Update(in); y.Value > x.Value {
			t.Fatalf("twice the loss scores %d, not %d", y.Value, x.Value)
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	var s Scorer
	in := Sample{Kind: Video, Packets: 500, Lost: 3, RTT: 50 * ms, Bitrate: 1, Expected: 2}
	b.ReportAllocs()
	for b.Loop() {
		s.Update(in)
	}
}
