package rtpmap

import (
	"encoding/binary"
	"testing"
	"time"
)

var start = time.Unix(1_700_000_000, 0)

func video(source uint32, seq uint16, ts uint32) Packet {
	return Packet{Source: source, Seq: seq, Timestamp: ts, Marker: true}
}

func mustMap(t *testing.T, r *Rewriter, in Packet, now time.Time) Packet {
	t.Helper()
	out, ok := r.Map(in, now)
	if !ok {
		t.Fatalf("Map(%+v) refused", in)
	}
	return out
}

func TestNothingBeforeTheFirstSwitch(t *testing.T) {
	r := New(Options{ClockRate: 90000, Seq: 7, Timestamp: 9})
	if _, ok := r.Map(video(1, 1, 1), start); ok {
		t.Error("mapped without a source")
	}
	if _, ok := r.Drop(video(1, 1, 1)); ok {
		t.Error("a hole before anything was sent")
	}
	if _, ok := r.Pad(); ok {
		t.Error("padding before anything was sent")
	}
	if _, _, _, ok := r.Last(); ok {
		t.Error("a last packet before the first")
	}
	r.Switch(video(1, 500, 60), start, 0, false)
	if out := mustMap(t, r, video(1, 500, 60), start); out.Seq != 7 || out.Timestamp != 9 {
		t.Errorf("first = %+v, want the numbers asked for", out)
	}
}

func TestLateFromBeforeTheSwitchIsDropped(t *testing.T) {
	r := New(Options{ClockRate: 90000})
	r.Switch(video(1, 100, 0), start, 0, false)
	mustMap(t, r, video(1, 100, 0), start)
	mustMap(t, r, video(1, 102, 0), start)
	r.Switch(video(2, 900, 0), start, 0, false)
	mustMap(t, r, video(2, 900, 0), start)
	for _, late := range []Packet{video(1, 101, 0), video(1, 103, 0), video(2, 899, 0), video(2, 900, 0)} {
		if out, ok := r.Map(late, start); ok {
			t.Errorf("late %+v mapped to %+v", late, out)
		}
	}
}

func TestTimestampsOverASwitch(t *testing.T) {
	const second = 90000
	for _, tt := range []struct {
		name      string
		elapsed   time.Duration
		reference uint32 // on the old source's clock, whose last timestamp was 1000
		known     bool
		want      uint32 // outgoing advance
	}{
		{"wall clock", 100 * time.Millisecond, 0, false, 9000},
		{"sender reports", 100 * time.Millisecond, 1000 + 8700, true, 8700},
		{"sender reports of the same instant still advance", 0, 1000, true, 1},
		{"a reference in the past advances by one", 50 * time.Millisecond, 1000 - 600, true, 1},
		{"a forged reference yields to the wall clock", time.Second, 1000 + 50*second, true, second},
		{"a pause of an hour", time.Hour, 0, false, 3600 * second},
		{"a clock that went back", -time.Minute, 0, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := New(Options{ClockRate: second, Timestamp: 1<<32 - 5})
			r.Switch(video(1, 1, 1000), start, 0, false)
			before := mustMap(t, r, video(1, 1, 1000), start)
			now := start.Add(tt.elapsed)
			r.Switch(video(2, 1, 77), now, tt.reference, tt.known)
			after := mustMap(t, r, video(2, 1, 77), now)
			if got := after.Timestamp - before.Timestamp; got != tt.want {
				t.Errorf("advanced %d, want %d", got, tt.want)
			}
			if off, ok := r.TimestampOffset(); !ok || 77+off != after.Timestamp {
				t.Errorf("offset %d does not give %d", off, after.Timestamp)
			}
		})
	}
}

func TestRestartUnderTheSameSource(t *testing.T) {
	// A publisher that reloads may keep its SSRC and start at a random number.
	r := New(Options{ClockRate: 90000})
	r.Switch(video(1, 50000, 1<<31), start, 0, false)
	last := mustMap(t, r, video(1, 50000, 1<<31), start)
	now := start.Add(time.Second)
	if _, ok := r.Map(video(1, 40000, 5), now); ok {
		t.Fatal("one stray packet was believed")
	}
	out := mustMap(t, r, video(1, 40001, 5), now)
	if out.Seq != last.Seq+1 {
		t.Errorf("number %d after %d", out.Seq, last.Seq)
	}
	if d := int32(out.Timestamp - last.Timestamp); d != 90000 {
		t.Errorf("timestamp advanced %d, want one second", d)
	}
	if next := mustMap(t, r, video(1, 40002, 5+3000), now); next.Seq != out.Seq+1 || next.Timestamp != out.Timestamp+3000 {
		t.Errorf("after the restart: %+v", next)
	}
}

func TestLongOutageLeavesNoHole(t *testing.T) {
	r := New(Options{ClockRate: 90000, History: 256})
	r.Switch(video(1, 10, 0), start, 0, false)
	last := mustMap(t, r, video(1, 10, 0), start)
	out := mustMap(t, r, video(1, 4000, 900_000), start.Add(10*time.Second))
	if out.Seq != last.Seq+1 {
		t.Errorf("number %d after %d: the viewer would ask for thousands", out.Seq, last.Seq)
	}
	if _, ok := r.Map(video(1, 3999, 900_000), start); ok {
		t.Error("a packet from the outage got a number already given")
	}
}

func TestShortGapIsKeptForLatePackets(t *testing.T) {
	r := New(Options{ClockRate: 90000, ClosePictures: true})
	in := func(seq uint16, picture uint16) Packet {
		p := video(1, seq, uint32(picture)*3000)
		p.PictureBits, p.PictureID = 7, picture
		return p
	}
	r.Switch(in(1, 126), start, 0, false)
	mustMap(t, r, in(1, 126), start)
	r.Drop(in(2, 127))
	out := mustMap(t, r, in(4, 1), start) // 3 is late, picture 0
	late := mustMap(t, r, in(3, 0), start)
	if late.Seq != out.Seq-1 || late.PictureID != 127 || out.PictureID != 0 {
		t.Errorf("late %+v before %+v: picture ids must wrap at 7 bits without a hole", late, out)
	}
}

func TestPaddingOnlyBetweenFrames(t *testing.T) {
	r := New(Options{ClockRate: 90000})
	open := Packet{Source: 1, Seq: 1, Timestamp: 5}
	r.Switch(open, start, 0, false)
	first := mustMap(t, r, open, start)
	if _, ok := r.Pad(); ok {
		t.Error("padding inside a frame")
	}
	mustMap(t, r, video(1, 2, 5), start)
	pad, ok := r.Pad()
	if !ok || pad.Seq != first.Seq+2 || pad.Timestamp != first.Timestamp {
		t.Errorf("padding %+v %v", pad, ok)
	}
	if next := mustMap(t, r, video(1, 3, 6), start); next.Seq != pad.Seq+1 {
		t.Errorf("media after padding has %d, want %d", next.Seq, pad.Seq+1)
	}
	audio := New(Options{ClockRate: 48000, Audio: true})
	audio.Switch(open, start, 0, false)
	mustMap(t, audio, open, start)
	if _, ok := audio.Pad(); !ok {
		t.Error("audio packets are whole frames")
	}
}

func TestKeptPictureGaps(t *testing.T) {
	// VP9 references count in picture ids, so a left-out picture leaves its hole.
	r := New(Options{ClockRate: 90000})
	in := Packet{Source: 1, Seq: 1, PictureBits: 15, PictureID: 100, Marker: true}
	r.Switch(in, start, 0, false)
	first := mustMap(t, r, in, start)
	in.Seq, in.PictureID = 2, 101
	r.Drop(in)
	in.Seq, in.PictureID = 3, 102
	if out := mustMap(t, r, in, start); out.PictureID != first.PictureID+2 || out.Seq != first.Seq+1 {
		t.Errorf("got %+v after %+v", out, first)
	}
}

func TestClockConvert(t *testing.T) {
	low, high := NewClock(90000), NewClock(90000)
	if _, ok := high.Convert(1, &low); ok {
		t.Error("converted without reports")
	}
	low.Report(100<<32, 1<<32-1000)
	high.Report(101<<32|1<<31, 500_000) // 1.5 s later
	got, ok := high.Convert(500_000+90, &low)
	want := uint32(135_000 + 90 - 1000)
	if !ok || got != want {
		t.Errorf("got %d %v, want %d", got, ok, want)
	}
	if back, ok := low.Convert(got, &high); !ok || back != 500_090 {
		t.Errorf("back %d %v", back, ok)
	}
	high.Report(9000<<32, 1)
	if _, ok := high.Convert(1, &low); ok {
		t.Error("believed reports two hours apart")
	}
}

func TestNoAllocations(t *testing.T) {
	r := New(Options{ClockRate: 90000, ClosePictures: true})
	in := Packet{Source: 1, PictureBits: 15, HasTL0: true, Marker: true}
	r.Switch(in, start, 0, false)
	if n := testing.AllocsPerRun(1000, func() {
		in.Seq++
		in.PictureID++
		if in.Seq%3 == 0 {
			r.Drop(in)
			return
		}
		out, _ := r.Map(in, start)
		r.Lookup(out.Seq)
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

// FuzzRewriter lets any sequence of calls run: outgoing numbers never repeat
// within memory, and nothing panics.
func FuzzRewriter(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 9, 1, 0, 2, 0, 9, 2, 0, 3, 0, 9, 3, 0, 4, 0, 9})
	f.Add([]byte{0, 255, 255, 0, 9, 1, 0, 0, 0, 9, 1, 128, 0, 7, 7, 1, 128, 1, 7, 7})
	f.Add([]byte{0, 0, 1, 0, 0, 1, 2, 0, 1, 0, 2, 0, 3, 0, 0, 4, 0, 5, 0, 0, 1, 0, 2, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		r := New(Options{ClockRate: 90000, ClosePictures: true, History: 64})
		used := map[uint16]int{}
		now := start
		use := func(i int, seq uint16) {
			if at, ok := used[seq]; ok && i-at < 60000 {
				t.Fatalf("number %d used at %d and %d", seq, at, i)
			}
			used[seq] = i
		}
		for i := 0; i+5 <= len(script) && i < 50000; i += 5 {
			b := script[i:]
			in := Packet{
				Source: uint32(b[0] >> 4 & 1), Seq: binary.BigEndian.Uint16(b[1:]),
				Timestamp: uint32(b[3]) << 20, Marker: b[4]&1 != 0,
				PictureBits: [4]uint8{0, 7, 15, 16}[b[4]>>1&3], PictureID: uint16(b[3]) << 3,
				HasTL0: b[4]&8 != 0, TL0: b[4],
			}
			now = now.Add(time.Duration(b[4]) * time.Millisecond)
			switch b[0] % 5 {
			case 0:
				r.Switch(in, now, uint32(b[3]), b[4]&16 != 0)
			case 1, 2:
				if out, ok := r.Map(in, now); ok {
					use(i, out.Seq)
				}
			case 3:
				if hole, ok := r.Drop(in); ok {
					use(i, hole.Seq)
				}
			case 4:
				if pad, ok := r.Pad(); ok {
					use(i, pad.Seq)
				}
			}
		}
	})
}

func BenchmarkMap(b *testing.B) {
	r := New(Options{ClockRate: 90000, ClosePictures: true})
	in := Packet{Source: 1, PictureBits: 15, HasTL0: true}
	r.Switch(in, start, 0, false)
	b.ReportAllocs()
	for i := range b.N {
		in.Seq++
		if i%8 == 7 {
			in.PictureID++
			in.Timestamp += 3000
		}
		if _, ok := r.Map(in, start); !ok {
			b.Fatal(i)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	r := New(Options{ClockRate: 90000})
	in := Packet{Source: 1}
	r.Switch(in, start, 0, false)
	for range 1024 {
		r.Map(in, start)
		in.Seq++
	}
	b.ReportAllocs()
	for i := range b.N {
		r.Lookup(uint16(i) & 1023)
	}
}
