package capture

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/codec"
)

// watcher is a sink that checks what must hold whatever comes in.
type watcher struct {
	t      *testing.T
	now    time.Duration // of the newest packet
	last   time.Duration
	told   bool
	frames int
	refuse bool
}

func (w *watcher) Format(name string, width, height int) {
	w.told = true
	if name == "unknown" || width < 0 || height < 0 || (width == 0) != (height == 0) {
		w.t.Fatalf("format %s %dx%d", name, width, height)
	}
}

func (w *watcher) Frame(f Frame) error {
	switch {
	case !w.told:
		w.t.Fatal("a frame before its format")
	case f.PTS < w.last || f.PTS < 0 || f.PTS > w.now:
		w.t.Fatalf("a frame at %v, after %v, when it is %v", f.PTS, w.last, w.now)
	case len(f.Data) == 0 || len(f.Data) > MaxFrame:
		w.t.Fatalf("a frame of %d bytes", len(f.Data))
	case w.frames == 0 && !f.Key:
		w.t.Fatal("the first is no key frame")
	}
	if w.refuse {
		return bytes.ErrTooLarge
	}
	w.last = f.PTS
	w.frames++
	return nil
}

func (w *watcher) Gap(g Gap) {
	if g.From < 0 || g.To <= g.From || g.To != w.last {
		w.t.Fatalf("gap %+v at %v", g, w.last)
	}
}

func (w *watcher) Level(at time.Duration, level uint8) {
	if at < 0 || at > w.now || level > 127 {
		w.t.Fatalf("level %d at %v", level, at)
	}
}

// FuzzTrack plays packets, reports and other calls as the bytes say: each
// begins with what it is, and how it differs from the one before.
func FuzzTrack(f *testing.F) {
	clean := []byte{}
	for i := range 40 {
		flags := byte(0x40)
		if i%20 == 0 {
			flags |= 0x20
		}
		clean = append(clean, 0, flags, 1, 30, 33, 14)
		clean = append(clean, vp8Payload(true, i%20 == 0, true, 0)[:14]...)
	}
	f.Add(uint8(0), clean)
	f.Add(uint8(3), []byte{0, 0x60, 1, 30, 33, 8, 24, 0, 2, 0x67, 1, 0, 1, 0x65, 0, 0x60, 1, 30, 33, 4, 28, 0x85, 1, 2})
	f.Add(uint8(4), []byte{0, 0x60, 1, 30, 33, 5, 0x10, 0x0a, 1, 2, 3, 2, 200, 200, 200, 3, 9})
	f.Add(uint8(5), []byte{0, 0x40, 1, 20, 20, 3, 1, 2, 3, 0, 0x40, 9, 20, 20, 3, 1, 2, 3, 5, 250, 4})
	f.Add(uint8(6), []byte{0, 0x40, 1, 20, 20, 8, 0xef, 0x0f, 0, 2, 111, 7, 7, 8, 6, 1, 7})
	f.Fuzz(func(t *testing.T, kind uint8, script []byte) {
		c := codec.Codec(kind%7 + 1)
		source := sfu.Camera
		if !c.Video() {
			source = sfu.Microphone
		}
		w := &watcher{t: t}
		track := New(Options{Source: source, Start: epoch, Clock: &Clock{}, Sink: w, RequestKeyframe: func() {}})
		p := sfu.TapPacket{Stream: 1, Codec: c, ClockRate: 90000}
		next := func() (v byte) {
			if len(script) > 0 {
				v, script = script[0], script[1:]
			}
			return v
		}
		for len(script) > 0 {
			switch op := next(); op % 16 {
			case 1:
				ntp := uint64(next())<<56 | uint64(next())<<32
				track.Clock(p.Stream+uint32(next()&1), ntp, p.Timestamp+uint32(next())<<24, epoch.Add(w.now))
			case 2:
				p.Stream = uint32(next()%6) + 1
			case 3:
				track.Lost(int(next()))
			case 4:
				track.Unpublished()
			case 5:
				w.now += time.Duration(next()) * 20 * time.Millisecond
				track.Tick(epoch.Add(w.now), time.Duration(next())*4*time.Millisecond)
			case 6:
				p.Codec = codec.Codec(next() % 8)
			case 7:
				w.refuse = !w.refuse
			case 8:
				p.Timestamp += uint32(next()) << 24
			default:
				flags := next()
				p.Marker, p.Keyframe, p.Start, p.Resumed = flags&0x40 != 0, flags&0x20 != 0, flags&0x10 != 0, flags&0x0f == 15
				p.HasLevel, p.Level = true, flags&127
				p.Seq += uint16(int8(next()))
				p.Timestamp += uint32(int8(next())) * 100
				w.now += time.Duration(next()) * time.Millisecond
				p.Arrival = epoch.Add(w.now)
				n := min(int(next()), len(script))
				p.Payload, script = bytes.Clone(script[:n]), script[n:]
				if op >= 0xf0 { // a large one
					p.Payload = append(p.Payload, make([]byte, 200*int(op&15))...)
				}
				track.Packet(&p)
			}
			if n := track.queue.stored; n < 0 || n > len(track.queue.places) {
				t.Fatalf("%d packets wait", n)
			}
		}
		track.End()
		if track.queue.stored != 0 {
			t.Fatalf("%d packets left", track.queue.stored)
		}
	})
}

// Nothing is allocated per packet, in order or not.
func TestCaptureAllocatesNothing(t *testing.T) {
	for _, c := range []codec.Codec{codec.VP8, codec.VP9, codec.Opus, codec.RED} {
		for name, swap := range map[string]bool{"in order": false, "out of order": true} {
			f := newFeed(c)
			for range 4000 {
				f.send(swap)
			}
			if n := testing.AllocsPerRun(2000, func() { f.send(swap) }); n != 0 {
				t.Errorf("%v %s: %v allocations per packet", c, name, n)
			}
			if f.sink.frames < 700 {
				t.Errorf("%v %s: only %d frames", c, name, f.sink.frames)
			}
		}
	}
}

// feed is a track and an endless source of packets.
type feed struct {
	track *Track
	sink  counter
	p     sfu.TapPacket
	n     int
	at    time.Duration
}

type counter struct{ frames, bytes int }

func (c *counter) Format(string, int, int) {}

func (c *counter) Frame(f Frame) error {
	c.frames++
	c.bytes += len(f.Data)
	return nil
}

func (c *counter) Gap(Gap) {}

func (c *counter) Level(time.Duration, uint8) {}

const feedPackets = 7 // of a frame of video

func newFeed(c codec.Codec) *feed {
	f := &feed{p: sfu.TapPacket{Stream: 1, Codec: c, ClockRate: 90000, HasLevel: true}}
	source := sfu.Camera
	if !c.Video() {
		source, f.p.ClockRate = sfu.Microphone, 48000
	}
	f.p.Payload = make([]byte, 1160)
	switch c {
	case codec.Opus:
		f.p.Payload = make([]byte, 80)
	case codec.RED:
		f.p.Payload = append([]byte{0x80 | 111, 960 >> 6, 960 << 2 & 0xff, 80, 111}, make([]byte, 160)...)
	}
	f.track = New(Options{Source: source, Start: epoch, Clock: &Clock{}, Sink: &f.sink, RequestKeyframe: func() {}})
	return f
}

// send sends one packet; swap changes the order of each two.
func (f *feed) send(swap bool) {
	n := f.n
	f.n++
	if swap {
		n ^= 1
	}
	p := &f.p
	p.Seq = uint16(n)
	if !p.Codec.Video() {
		p.Timestamp = uint32(n * 960)
		f.at += 20 * time.Millisecond
	} else {
		frame, part := n/feedPackets, n%feedPackets
		p.Start, p.Marker = part == 0, part == feedPackets-1
		p.Keyframe = part == 0 && frame%60 == 0
		p.Timestamp = uint32(frame * 3000)
		f.at += 4762 * time.Microsecond
		f.describe(part, frame)
	}
	p.Arrival = epoch.Add(f.at)
	f.track.Packet(p)
	if f.n%10 == 0 {
		f.track.Tick(p.Arrival, 0)
	}
}

func (f *feed) describe(part, frame int) {
	p := &f.p
	if p.Codec == codec.VP9 {
		head := byte(0x80 | 0x40)
		if frame%60 == 0 {
			head = 0x80
		}
		if part == 0 {
			head |= 0x08
		}
		if part == feedPackets-1 {
			head |= 0x04
		}
		copy(p.Payload, []byte{head, byte(frame & 127), 0x82, 0x49, 0x83, 0x42, 0, 0x4f, 0xf0, 0x2c, 0xf0})
		return
	}
	copy(p.Payload, []byte{0x80, 0x80, 0x80, 0, 0})
	binary.BigEndian.PutUint16(p.Payload[2:], 0x8000|uint16(frame&0x7fff))
	if part == 0 {
		p.Payload[0] = 0x90
		if p.Payload[4] = 1; p.Keyframe {
			copy(p.Payload[4:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02})
		}
	}
}

// BenchmarkCapture is what a packet costs from the tap's ring to the sink.
func BenchmarkCapture(b *testing.B) {
	for _, c := range []codec.Codec{codec.VP8, codec.VP9, codec.Opus} {
		b.Run(c.String(), func(b *testing.B) {
			f := newFeed(c)
			b.ReportAllocs()
			for b.Loop() {
				f.send(false)
			}
		})
	}
}
