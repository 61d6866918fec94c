package nack

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"
)

var start = time.Unix(1_700_000_000, 0)

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func push(t *testing.T, tr *Tracker, ms int, seqs ...uint16) {
	t.Helper()
	for _, s := range seqs {
		if !tr.Push(s, at(ms)) {
			t.Fatalf("%d refused at %d ms", s, ms)
		}
	}
}

func want(t *testing.T, tr *Tracker, ms int, rtt time.Duration, keyframe bool, seqs ...uint16) {
	t.Helper()
	got, key := tr.Due(at(ms), rtt)
	if !slices.Equal(got, seqs) || key != keyframe {
		t.Fatalf("due at %d ms = %v %v, want %v %v", ms, got, key, seqs, keyframe)
	}
}

func TestReorderingIsNotALoss(t *testing.T) {
	tr := New()
	push(t, tr, 0, 65534, 65535, 1)
	want(t, tr, 5, 0, false)
	push(t, tr, 10, 0, 2)
	want(t, tr, 100, 0, false)
	if s := tr.Stats(); s.Reordered != 1 || s.Received != 5 || s.Asked != 0 || s.Lost != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAsksAfterTheWaitOrThreeNewer(t *testing.T) {
	tr := New()
	push(t, tr, 0, 1, 3)
	want(t, tr, 14, 0, false)
	want(t, tr, 15, 0, false, 2)
	push(t, tr, 16, 5, 6)
	want(t, tr, 16, 0, false)
	push(t, tr, 17, 7)
	want(t, tr, 17, 0, false, 4)
}

func TestTriesFollowTheRoundTripAndEnd(t *testing.T) {
	tr := New()
	push(t, tr, 0, 1, 3)
	rtt := 80 * time.Millisecond
	for _, ms := range []int{15, 95, 195, 320, 477} { // 80, 100, 125, 156.25 later
		want(t, tr, ms-1, rtt, false)
		want(t, tr, ms, rtt, false, 2)
	}
	want(t, tr, 477+195, rtt, false)
	want(t, tr, 477+196, rtt, true)
	want(t, tr, 2000, rtt, false)
	if s := tr.Stats(); s.Asked != MaxTries || s.Abandoned != 1 || tr.Outstanding() != 0 {
		t.Errorf("%+v", s)
	}
	if !tr.Push(2, at(2000)) || tr.Push(2, at(2001)) {
		t.Error("a packet given up may come late, once")
	}
}

func TestRecoveredIsNotAskedAgain(t *testing.T) {
	tr := New()
	push(t, tr, 0, 1, 4)
	want(t, tr, 20, 0, false, 2, 3)
	push(t, tr, 60, 3)
	want(t, tr, 120, 0, false, 2)
	if s := tr.Stats(); s.Recovered != 1 {
		t.Errorf("%+v", s)
	}
}

func TestBursts(t *testing.T) {
	for _, tt := range []struct {
		name     string
		gap      int
		keyframe bool
		asked    int
	}{
		{"all that may be outstanding", MaxOutstanding, false, MaxOutstanding},
		{"more: the newest are asked for, and a key frame", MaxOutstanding + 20, true, MaxOutstanding},
		{"too many to mend", MaxGap + 1, true, 0},
		{"a whole outage", 20000, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := New()
			push(t, tr, 0, 60000, uint16(60001+tt.gap))
			got, key := tr.Due(at(20), 0)
			if key != tt.keyframe || len(got) != tt.asked {
				t.Errorf("asked for %d, key frame %v", len(got), key)
			}
			if len(got) > 0 && got[len(got)-1] != uint16(60000+tt.gap) {
				t.Errorf("last asked %d", got[len(got)-1])
			}
		})
	}
}

func TestNewLossesPushOutTheOldest(t *testing.T) {
	tr := New()
	push(t, tr, 0, 1, 62) // 60 lost
	push(t, tr, 1, 113)   // 50 more
	got, key := tr.Due(at(20), 0)
	if len(got) != MaxOutstanding || !key || got[0] != 12 {
		t.Errorf("%d asked from %d, key frame %v", len(got), got[0], key)
	}
}

func TestRestartAndDuplicates(t *testing.T) {
	tr := New()
	push(t, tr, 0, 5000, 5001, 5003)
	if tr.Push(5001, at(1)) {
		t.Error("a duplicate passed")
	}
	if tr.Push(100, at(2)) {
		t.Error("a stray was believed")
	}
	if !tr.Push(101, at(3)) {
		t.Error("a restart was not believed")
	}
	want(t, tr, 50, 0, true)
	push(t, tr, 60, 102)
	want(t, tr, 100, 0, false)
}

func TestPairs(t *testing.T) {
	got := Pairs(nil, []uint16{65530, 65531, 65535, 10, 11, 27, 28})
	want := []rtcp.NackPair{{PacketID: 65530, LostPackets: 0b1_0000_0000_0001_0001 & 0xffff}, {PacketID: 11, LostPackets: 1 << 15}, {PacketID: 28}}
	var all []uint16
	for _, p := range got {
		all = append(all, p.PacketList()...)
	}
	if !slices.Equal(all, []uint16{65530, 65531, 65535, 10, 11, 27, 28}) || len(got) != len(want) {
		t.Errorf("%v", got)
	}
}

// TestEveryLossIsSettled: under any loss and order each number is, in the end,
// received or given up, never asked for more than MaxTries times, and never
// after it came.
func TestEveryLossIsSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr, ms := New(), 0
		came, asked := map[uint16]bool{}, map[uint16]int{}
		ask := func() {
			seqs, _ := tr.Due(at(ms), 30*time.Millisecond)
			if !slices.IsSortedFunc(seqs, func(a, b uint16) int { return int(int16(a - b)) }) {
				t.Fatalf("not in order: %v", seqs)
			}
			for _, s := range seqs {
				if asked[s]++; came[s] || asked[s] > MaxTries {
					t.Fatalf("%d asked for %d times, came %v", s, asked[s], came[s])
				}
			}
		}
		first := rapid.Uint16().Draw(t, "first")
		seq := first
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			ms += rapid.IntRange(0, 20).Draw(t, "ms")
			s := seq
			if rapid.IntRange(0, 4).Draw(t, "late") == 0 {
				s -= uint16(min(rapid.IntRange(0, 30).Draw(t, "back"), int(seq-first)))
			} else {
				seq += uint16(rapid.SampledFrom([]int{1, 1, 1, 1, 2, 5, 40, 150}).Draw(t, "step"))
				s = seq
			}
			fresh := tr.Push(s, at(ms))
			if fresh == came[s] {
				t.Fatalf("push %d = %v, but came %v", s, fresh, came[s])
			}
			came[s] = true
			ask()
		}
		for range 20 {
			ms += 400
			ask()
		}
		if tr.Outstanding() != 0 {
			t.Fatalf("%d never settled", tr.Outstanding())
		}
	})
}

func FuzzTracker(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 5, 1, 255, 255, 9, 0, 0, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, ms := New(), 0
		for ; len(b) >= 3; b = b[3:] {
			ms += int(b[2])
			tr.Push(uint16(b[0])<<8|uint16(b[1]), at(ms))
			if seqs, _ := tr.Due(at(ms), time.Duration(b[2])*time.Millisecond); len(seqs) > MaxOutstanding {
				t.Fatal(len(seqs))
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	tr, seq, ms := New(), uint16(0), 0
	pairs := make([]rtcp.NackPair, 0, MaxOutstanding)
	if n := testing.AllocsPerRun(2000, func() {
		ms++
		if seq++; seq%7 == 0 {
			return
		}
		tr.Push(seq, at(ms))
		seqs, _ := tr.Due(at(ms), 0)
		Pairs(pairs, seqs)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPush(b *testing.B) {
	tr := New()
	b.ReportAllocs()
	for i := range b.N {
		tr.Push(uint16(i), start)
	}
}
