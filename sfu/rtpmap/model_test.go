package rtpmap

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model numbers packets the slow way: a map per epoch (what lies between two
// switches) of every incoming number to the outgoing one it was promised.
type model struct {
	source   uint32
	highest  int
	base     int
	promised map[int]uint16
	done     map[int]bool
	next     uint16
}

func (m *model) begin(source uint32, seq int) {
	m.source, m.base, m.highest = source, seq, seq-1
	m.promised, m.done = map[int]uint16{}, map[int]bool{}
}

// arrive gives the outgoing number and whether the packet is to be sent.
func (m *model) arrive(source uint32, seq int, forward bool) (out uint16, sent, fresh bool) {
	if source != m.source || seq < m.base || m.done[seq] || seq <= m.highest-1024 {
		return 0, false, false
	}
	if seq > m.highest {
		for s := m.highest + 1; s < seq; s++ {
			m.promised[s] = m.next
			m.next++
		}
		m.highest, m.done[seq] = seq, true
		if !forward {
			return 0, false, true
		}
		m.next++
		return m.next - 1, true, true
	}
	out, ok := m.promised[seq]
	m.done[seq] = true
	return out, ok, false
}

// encoding makes the packets of one simulcast layer of VP8 with temporal
// layers 0 2 1 2, each picture of one to three packets.
type encoding struct {
	ssrc, timestamp uint32
	seq, picture    int
	tl0             uint8
	count           int
	queue           []sample
}

type sample struct {
	Packet
	ext      int
	temporal int
}

func (e *encoding) picturePackets(t *rapid.T) {
	temporal := []int{0, 2, 1, 2}[e.count%4]
	if temporal == 0 {
		e.tl0++
	}
	n := rapid.IntRange(1, 3).Draw(t, "packets")
	for i := range n {
		e.queue = append(e.queue, sample{ext: e.seq, temporal: temporal, Packet: Packet{
			Source: e.ssrc, Seq: uint16(e.seq), Timestamp: e.timestamp, Marker: i == n-1,
			PictureBits: 15, PictureID: uint16(e.picture) & 0x7fff, HasTL0: true, TL0: e.tl0,
		}})
		e.seq++
	}
	e.picture++
	e.count++
}

// TestAgainstModel drives the Rewriter through random loss, reordering,
// duplicates, temporal filtering, switches and padding, from numbers near
// their wrap, and compares every outgoing number with the model's.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(Options{ClockRate: 90000, ClosePictures: true, Seq: 65530, Timestamp: 1<<32 - 3000})
		m := &model{next: 65530}
		lossy := rapid.Bool().Draw(t, "lossy")
		var encodings []*encoding
		for i := range 3 {
			encodings = append(encodings, &encoding{
				ssrc: uint32(i + 1), seq: 65500 + 7*i + 1<<16, timestamp: uint32(1<<32 - 9000*(i+1)),
				picture: 32760 + i, tl0: uint8(250 + i),
			})
		}
		now := time.Unix(1000, 0)
		current, limit, started := 0, 2, false
		switching := true
		var lastOut Packet
		anyOut := false
		sent := map[uint16]bool{}
		check := func(s sample, out Packet, fresh bool) {
			if sent[out.Seq] {
				t.Fatalf("number %d used twice", out.Seq)
			}
			sent[out.Seq] = true
			o, ok := r.Lookup(out.Seq)
			if !ok || o.Source != s.Source || o.Seq != s.Seq || o.Padding || o.Apply(s.Packet) != out {
				t.Fatalf("lookup %d = %+v %v, want %+v", out.Seq, o, ok, s)
			}
			if !fresh {
				return
			}
			if anyOut {
				if int16(out.Seq-lastOut.Seq) <= 0 || int32(out.Timestamp-lastOut.Timestamp) < 0 {
					t.Fatalf("went back: %+v after %+v", out, lastOut)
				}
				if d := wrapPicture(out.PictureID-lastOut.PictureID, 15); d > 1<<14 || !lossy && d > 1 {
					t.Fatalf("picture %d after %d", out.PictureID, lastOut.PictureID)
				}
				if (out.PictureID == lastOut.PictureID) != (out.Timestamp == lastOut.Timestamp) {
					t.Fatalf("picture and timestamp disagree: %+v after %+v", out, lastOut)
				}
				if d := out.TL0 - lastOut.TL0; d > 127 || !lossy && d > 1 {
					t.Fatalf("TL0 %d after %d", out.TL0, lastOut.TL0)
				}
			}
			lastOut, anyOut = out, true
		}
		deliver := func(s sample) {
			// A viewer's selector: the current encoding, temporal layers up
			// to limit, and a pending switch at a picture's base-layer start.
			if switching && s.Source == encodings[current].ssrc && s.temporal == 0 {
				r.Switch(s.Packet, now, 0, false)
				m.begin(s.Source, s.ext)
				switching, started = false, true
			}
			forward := s.temporal <= limit
			want, send, fresh := m.arrive(s.Source, s.ext, forward)
			if !started {
				return
			}
			if forward {
				out, ok := r.Map(s.Packet, now)
				if ok != send || ok && out.Seq != want {
					t.Fatalf("Map(%+v) = %d %v, want %d %v", s, out.Seq, ok, want, send)
				}
				if ok {
					check(s, out, fresh)
				}
				return
			}
			hole, ok := r.Drop(s.Packet)
			if ok != (send && !fresh) || ok && hole.Seq != want {
				t.Fatalf("Drop(%+v) = %d %v, want %d %v %v", s, hole.Seq, ok, want, send, fresh)
			}
			if ok {
				if o, known := r.Lookup(hole.Seq); sent[hole.Seq] || !known || !o.Padding {
					t.Fatalf("hole %d is not padding", hole.Seq)
				}
				sent[hole.Seq] = true
			}
		}
		for range rapid.IntRange(10, 60).Draw(t, "frames") {
			now = now.Add(33 * time.Millisecond)
			for _, e := range encodings {
				e.timestamp += 2970
				e.picturePackets(t)
				if lossy {
					e.queue = scramble(t, e.queue)
				}
				for _, s := range e.queue {
					deliver(s)
				}
				e.queue = e.queue[:0]
			}
			switch rapid.IntRange(0, 19).Draw(t, "event") {
			case 0:
				current, switching = rapid.IntRange(0, 2).Draw(t, "to"), true
			case 1:
				limit = rapid.IntRange(0, 2).Draw(t, "limit")
			case 2: // pause, and come back
				switching, started = true, false
				m.source = 0
				now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "pause")) * time.Millisecond)
				r.source = 0
			case 3: // publisher restart
				e := encodings[current]
				e.ssrc, e.seq, e.timestamp = e.ssrc+10, rapid.IntRange(1<<16, 1<<17).Draw(t, "seq"), rapid.Uint32().Draw(t, "ts")
				switching = true
			case 4:
				if !started || switching {
					break
				}
				if p, ok := r.Pad(); ok {
					if p.Seq != m.next || sent[p.Seq] {
						t.Fatalf("padding got %d, want %d", p.Seq, m.next)
					}
					sent[p.Seq] = true
					m.next++
				}
			}
			forget(sent, m.next)
		}
	})
}

// scramble loses, doubles and swaps packets.
func scramble(t *rapid.T, in []sample) (out []sample) {
	for _, s := range in {
		switch rapid.IntRange(0, 9).Draw(t, "fate") {
		case 0:
		case 1:
			out = append(out, s, s)
		case 2:
			out = append(out, s)
			if n := len(out); n > 1 {
				out[n-1], out[n-2] = out[n-2], out[n-1]
			}
		default:
			out = append(out, s)
		}
	}
	return out
}

func forget(sent map[uint16]bool, next uint16) {
	for s := range sent {
		if next-s > 20000 && next-s < 40000 {
			delete(sent, s)
		}
	}
}
