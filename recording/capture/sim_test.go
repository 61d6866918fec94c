package capture

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"mentara/recording/timeline"
	"mentara/sfu"
	"mentara/sfu/codec"
)

// A simulated hour: devices whose clocks run wrong, on networks that lose,
// delay and reorder. What a frame shows is the true time it was taken at, so
// that what the recording says of it can be compared.

var epoch = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// device is one person's: its wall clock and its way to us.
type device struct {
	rng    *rand.Rand
	wall   time.Duration // at the true moment 0
	ppm    float64
	way    time.Duration // shortest
	jitter time.Duration // mean, exponential
	loss   float64
	rtt    time.Duration
	step   func(at time.Duration) time.Duration // of the wall clock
	clock  Clock
}

func (d *device) ntp(at time.Duration) uint64 {
	t := d.wall + at + time.Duration(float64(at)*d.ppm/1e6)
	if d.step != nil {
		t += d.step(at)
	}
	return uint64(t/time.Second)<<32 | uint64(t%time.Second)<<32/1e9
}

func (d *device) delay() time.Duration {
	return d.way + min(time.Duration(d.rng.ExpFloat64()*float64(d.jitter)), 150*time.Millisecond)
}

// stream is one track of a device being sent.
type stream struct {
	d       *device
	id      uint32
	codec   codec.Codec
	rate    uint32
	ppm     float64 // of its timestamps
	base    uint32
	seq     uint16
	every   time.Duration // a frame
	packets int           // of a frame
	encode  time.Duration // from taking a picture to sending it
	reports time.Duration
	silent  func(at time.Duration) bool
	jump    func(at time.Duration) uint32
	key     bool // the next frame is one
	frames  int
	track   *Track
	sink    *simSink
}

func (s *stream) rtp(at time.Duration) uint32 {
	t := s.base + uint32(int64(float64(at)*(1+s.ppm/1e6)*float64(s.rate)/1e9))
	if s.jump != nil {
		t += s.jump(at)
	}
	return t
}

// simSink keeps how far each frame's moment is from the true one.
type simSink struct {
	t      *testing.T
	errors []sample
	last   time.Duration
	gaps   []Gap
	keys   []time.Duration
	level  int
	names  []string
	sizes  [][2]int
}

type sample struct{ at, err time.Duration }

func (s *simSink) Format(name string, w, h int) {
	s.names, s.sizes = append(s.names, name), append(s.sizes, [2]int{w, h})
}

func (s *simSink) Frame(f Frame) error {
	if f.PTS < s.last {
		s.t.Fatalf("time ran back from %v to %v", s.last, f.PTS)
	}
	s.last = f.PTS
	at := time.Duration(binary.BigEndian.Uint64(f.Data[len(f.Data)-8:]))
	s.errors = append(s.errors, sample{at, f.PTS - at})
	if f.Key {
		s.keys = append(s.keys, f.PTS)
	}
	return nil
}

func (s *simSink) Gap(g Gap) { s.gaps = append(s.gaps, g) }

func (s *simSink) Level(time.Duration, uint8) { s.level++ }

// at is the error of the last frame taken before a moment.
func (s *simSink) at(moment time.Duration) (time.Duration, bool) {
	lo, hi := 0, len(s.errors)
	for lo < hi {
		mid := (lo + hi) / 2
		if s.errors[mid].at <= moment {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || moment-s.errors[lo-1].at > time.Second {
		return 0, false
	}
	return s.errors[lo-1].err, true
}

// event is something that reaches the recorder.
type event struct {
	at     time.Duration
	n      int // to keep equals in order
	stream *stream
	packet *sfu.TapPacket // nil: a report, unless tick or send
	ntp    uint64
	rtp    uint32
	kind   eventKind
}

type eventKind uint8

const (
	arrives eventKind = iota
	reported
	sends
	tells // a report
	ticksOver
)

type events struct {
	list []*event
	n    int
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	a, b := e.list[i], e.list[j]
	return a.at < b.at || a.at == b.at && a.n < b.n
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(x any)    { e.list = append(e.list, x.(*event)) }
func (e *events) Pop() any {
	last := e.list[len(e.list)-1]
	e.list = e.list[:len(e.list)-1]
	return last
}

func (e *events) add(x event) {
	e.n++
	x.n = e.n
	heap.Push(e, &x)
}

// simulate runs the streams until a moment.
func simulate(t *testing.T, until time.Duration, streams ...*stream) {
	t.Helper()
	var q events
	for i, s := range streams {
		s.sink = &simSink{t: t}
		s.key = true
		source := sfu.Camera
		if !s.codec.Video() {
			source = sfu.Microphone
		}
		s.track = New(Options{
			Source: source, Start: epoch, Clock: &s.d.clock, Sink: s.sink, RequestKeyframe: func() { s.key = true },
		})
		q.add(event{at: time.Duration(i) * 3 * time.Millisecond, stream: s, kind: sends})
		q.add(event{at: s.reports / 2, stream: s, kind: tells})
		q.add(event{at: 0, stream: s, kind: ticksOver})
	}
	for q.Len() > 0 {
		e := heap.Pop(&q).(*event)
		if e.at > until {
			break
		}
		s := e.stream
		switch e.kind {
		case sends:
			s.send(e.at, &q)
			q.add(event{at: e.at + s.every, stream: s, kind: sends})
		case tells:
			if s.d.rng.Float64() >= s.d.loss {
				q.add(event{at: e.at + s.d.delay(), stream: s, ntp: s.d.ntp(e.at), rtp: s.rtp(e.at), kind: reported})
			}
			q.add(event{at: e.at + s.reports, stream: s, kind: tells})
		case reported:
			s.track.Clock(s.id, e.ntp, e.rtp, epoch.Add(e.at))
		case arrives:
			s.track.Packet(e.packet)
		case ticksOver:
			s.track.Tick(epoch.Add(e.at), s.d.rtt)
			q.add(event{at: e.at + 50*time.Millisecond, stream: s, kind: ticksOver})
		}
	}
	for _, s := range streams {
		s.track.End()
	}
}

// send sends the frame taken at a moment.
func (s *stream) send(at time.Duration, q *events) {
	if s.silent != nil && s.silent(at) {
		return
	}
	key := s.key || !s.codec.Video()
	s.key = false
	for i := range s.packets {
		p := &sfu.TapPacket{
			Stream: s.id, Codec: s.codec, ClockRate: s.rate, Seq: s.seq, Timestamp: s.rtp(at),
			Start: i == 0, Keyframe: i == 0 && key, Marker: i == s.packets-1,
		}
		switch {
		case s.codec == codec.Opus:
			p.Payload = binary.BigEndian.AppendUint64([]byte{0x78}, uint64(at))
			p.HasLevel, p.Level = true, 30
		case s.codec == codec.VP8:
			p.Payload = vp8Payload(i == 0, key, i == s.packets-1, at)
		}
		s.seq++
		arrival := at + s.encode + time.Duration(i)*300*time.Microsecond
		if s.d.rng.Float64() < s.d.loss {
			if !s.codec.Video() || s.d.rng.Float64() < s.d.loss {
				continue
			}
			arrival += 15*time.Millisecond + s.d.rtt // sent again
		}
		arrival += s.d.delay()
		p.Arrival = epoch.Add(arrival)
		q.add(event{at: arrival, stream: s, packet: p})
	}
	s.frames++
}

func vp8Payload(start, key, end bool, at time.Duration) []byte {
	b := []byte{0}
	if start {
		b[0] = 0x10
		if key {
			b = append(b, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02)
		} else {
			b = append(b, 0x11, 0, 0)
		}
	}
	b = append(b, make([]byte, 40)...)
	if end {
		b = binary.BigEndian.AppendUint64(b, uint64(at))
	}
	return b
}

func (d *device) microphone(id uint32, ppm float64) *stream {
	return &stream{
		d: d, id: id, codec: codec.Opus, rate: 48000, ppm: ppm, base: d.rng.Uint32(), seq: uint16(d.rng.Uint32()),
		every: 20 * time.Millisecond, packets: 1, encode: 22 * time.Millisecond, reports: 5 * time.Second,
	}
}

func (d *device) camera(id uint32, ppm float64) *stream {
	return &stream{
		d: d, id: id, codec: codec.VP8, rate: 90000, ppm: ppm, base: d.rng.Uint32(), seq: uint16(d.rng.Uint32()),
		every: time.Second / 30, packets: 3, encode: 12 * time.Millisecond, reports: time.Second,
	}
}

func newDevice(seed uint64, ppm float64, way time.Duration) *device {
	return &device{
		rng: rand.New(rand.NewPCG(seed, 7)), wall: time.Duration(3_900_000_000+seed*1_000_000) * time.Second,
		ppm: ppm, way: way, jitter: 8 * time.Millisecond, loss: 0.05, rtt: 2*way + 20*time.Millisecond,
	}
}

// apart is the most that a and b differ between two moments, and 1 % of the
// time.
func apart(t *testing.T, a, b *stream, from, to time.Duration) time.Duration {
	t.Helper()
	var most time.Duration
	n := 0
	for at := from; at < to; at += 100 * time.Millisecond {
		x, ok1 := a.sink.at(at)
		y, ok2 := b.sink.at(at)
		if ok1 && ok2 {
			most = max(most, abs(x-y))
			n++
		}
	}
	if n < int((to-from)/time.Second) {
		t.Errorf("only %d moments to compare", n)
	}
	return most
}

func TestAnHourInStep(t *testing.T) {
	until := time.Hour
	if testing.Short() {
		until = 10 * time.Minute
	}
	ann, bob := newDevice(1, 200, 15*time.Millisecond), newDevice(2, -200, 40*time.Millisecond)
	mic, cam := ann.microphone(1, -200), ann.camera(2, 200)
	mic2, cam2 := bob.microphone(3, 200), bob.camera(4, -200)
	// Sound is sent only while somebody speaks; the camera is off for a while.
	mic.silent = func(at time.Duration) bool {
		return at%(90*time.Second) > 60*time.Second && at%(20*time.Millisecond*20) != 0
	}
	cam2.silent = func(at time.Duration) bool { return at > 20*time.Minute && at < 23*time.Minute }
	simulate(t, until, mic, cam, mic2, cam2)
	for _, pair := range []struct {
		name string
		a, b *stream
		most time.Duration
	}{
		{"Ann's sound and picture", mic, cam, 20 * time.Millisecond},
		{"Bob's sound and picture", mic2, cam2, 20 * time.Millisecond},
		{"Ann's and Bob's sound", mic, mic2, 50 * time.Millisecond},
		{"Ann's and Bob's pictures", cam, cam2, 50 * time.Millisecond},
		{"Ann's sound, Bob's picture", mic, cam2, 50 * time.Millisecond},
	} {
		begin, all := apart(t, pair.a, pair.b, 500*time.Millisecond, 10*time.Second), apart(t, pair.a, pair.b, 10*time.Second, until)
		t.Logf("%s: at most %v apart, in the first ten seconds %v", pair.name, all, begin)
		if max(all, begin) > pair.most {
			t.Errorf("%s: %v apart, in the first ten seconds %v", pair.name, all, begin)
		}
	}
	for _, s := range []*stream{cam, cam2} {
		var longest time.Duration
		for i, k := range s.sink.keys[1:] {
			if k < 20*time.Minute || k > 24*time.Minute {
				longest = max(longest, k-s.sink.keys[i])
			}
		}
		t.Logf("%d of %d frames kept, %d gaps, key frames at most %v apart", len(s.sink.errors), s.frames, len(s.sink.gaps), longest)
		if longest > 2500*time.Millisecond {
			t.Errorf("key frames are up to %v apart", longest)
		}
	}
	if n := len(mic2.sink.errors); n < mic2.frames*94/100 {
		t.Errorf("%d of %d packets of sound kept", n, mic2.frames)
	}
	if len(mic.sink.gaps) > 0 {
		t.Errorf("silence was told as a gap: %v", mic.sink.gaps[0])
	}
	for _, g := range cam.sink.gaps {
		if g.Reason != timeline.Loss || g.To <= g.From || g.To-g.From > 2*time.Second {
			t.Errorf("gap %+v", g)
		}
	}
}
