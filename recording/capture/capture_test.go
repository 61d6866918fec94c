package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/codec"
)

// The wall clock of a device is set another way, its timestamps jump or wrap:
// what was in step stays so.
func TestClocksThatJump(t *testing.T) {
	for _, c := range []struct {
		name  string
		alter func(d *device, mic, cam *stream)
	}{
		{name: "nothing happens", alter: func(*device, *stream, *stream) {}},
		{name: "no report ever comes", alter: func(_ *device, mic, cam *stream) { mic.reports, cam.reports = time.Hour, time.Hour }},
		{name: "the wall clock is set forward", alter: func(d *device, _, _ *stream) { d.step = after(time.Minute, 5*time.Second) }},
		{name: "the wall clock is set back", alter: func(d *device, _, _ *stream) { d.step = after(time.Minute, -time.Hour) }},
		{name: "the wall clock is set each ten seconds", alter: func(d *device, _, _ *stream) {
			d.step = func(at time.Duration) time.Duration {
				return time.Duration(at/(10*time.Second)%7) * 1300 * time.Millisecond
			}
		}},
		{name: "timestamps wrap", alter: func(_ *device, mic, cam *stream) {
			mic.base, cam.base = ^uint32(0)-48000*60, ^uint32(0)-90000*61
		}},
		{name: "timestamps jump ahead", alter: func(_ *device, mic, cam *stream) {
			mic.jump, cam.jump = ticked(time.Minute, 1<<30), ticked(70*time.Second, 12345678)
		}},
		{name: "timestamps jump back", alter: func(_ *device, mic, cam *stream) {
			mic.jump, cam.jump = ticked(time.Minute, ^uint32(48000*600)), ticked(70*time.Second, ^uint32(90000*3600))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(5, 100, 20*time.Millisecond)
			d.loss = 0
			mic, cam := d.microphone(1, 50), d.camera(2, -50)
			c.alter(d, mic, cam)
			simulate(t, 2*time.Minute, mic, cam)
			most := apart(t, mic, cam, time.Second, 2*time.Minute)
			t.Logf("at most %v apart", most)
			// Without reports the difference of encoding times is not known, and
			// a line that begins anew has the jitter of one packet.
			if most > 30*time.Millisecond {
				t.Errorf("%v apart", most)
			}
			if len(cam.sink.errors) < cam.frames-30 || len(mic.sink.errors) < mic.frames-30 || len(cam.sink.gaps) > 0 {
				t.Errorf("%d of %d pictures, %d of %d sounds, gaps %v",
					len(cam.sink.errors), cam.frames, len(mic.sink.errors), mic.frames, cam.sink.gaps)
			}
		})
	}
}

func after(moment, step time.Duration) func(time.Duration) time.Duration {
	return func(at time.Duration) time.Duration {
		if at > moment {
			return step
		}
		return 0
	}
}

func ticked(moment time.Duration, ticks uint32) func(time.Duration) uint32 {
	return func(at time.Duration) uint32 {
		if at > moment {
			return ticks
		}
		return 0
	}
}

// log is a sink that writes down what it is told.
type log struct {
	lines []string
	err   error
}

func (l *log) add(format string, a ...any) { l.lines = append(l.lines, fmt.Sprintf(format, a...)) }

func (l *log) Format(name string, w, h int) { l.add("%s %dx%d", name, w, h) }

func (l *log) Frame(f Frame) error {
	if l.err != nil {
		return l.err
	}
	kind := "delta"
	if f.Key {
		kind = "key"
	}
	l.add("%s %d", kind, f.PTS.Milliseconds())
	return nil
}

func (l *log) Gap(g Gap) { l.add("gap %d-%d %s", g.From.Milliseconds(), g.To.Milliseconds(), g.Reason) }

func (l *log) Level(at time.Duration, level uint8) { l.add("level %d", level) }

// script feeds a track by hand: times are milliseconds, frames come every 40.
type script struct {
	t      *testing.T
	log    log
	track  *Track
	asked  int
	stream uint32
}

func newScript(t *testing.T, source sfu.Source) *script {
	s := &script{t: t, stream: 1}
	s.track = New(Options{Source: source, Start: epoch, Clock: &Clock{}, Sink: &s.log, RequestKeyframe: func() { s.asked++ }})
	return s
}

func ms(n int) time.Time { return epoch.Add(time.Duration(n) * time.Millisecond) }

// picture sends the n-th frame at its time, of two packets; only tells which.
func (s *script) picture(n int, key bool, only ...int) {
	for i := range 2 {
		if len(only) == 0 || only[0] == i {
			s.part(n, key, i, n*40)
		}
	}
}

func (s *script) part(n int, key bool, i, at int) {
	s.track.Packet(&sfu.TapPacket{
		Stream: s.stream, Codec: codec.VP8, ClockRate: 90000, Seq: uint16(65530 + 2*n + i), Timestamp: uint32(n) * 3600,
		Start: i == 0, Keyframe: i == 0 && key, Marker: i == 1, Arrival: ms(at), Payload: vp8Payload(i == 0, key, i == 1, 0),
	})
}

func (s *script) expect(lines ...string) {
	s.t.Helper()
	if !reflect.DeepEqual(s.log.lines, lines) {
		s.t.Errorf("got\n%q\nwant\n%q", s.log.lines, lines)
	}
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(s *script)
		want  []string
		asked int
	}{
		{"begins with a key frame", func(s *script) {
			s.picture(0, false)
			s.track.Tick(ms(20), 0)
			s.picture(1, true)
			s.picture(2, false)
		}, []string{"VP8 1280x720", "key 40", "delta 80"}, 1},
		{"a packet that comes late is used", func(s *script) {
			s.picture(0, true)
			s.picture(1, false, 1)
			s.picture(2, false)
			s.part(1, false, 0, 150)
			s.picture(4, false)
			s.part(3, false, 1, 170)
			s.part(3, false, 0, 180)
			s.part(3, false, 0, 181) // again
		}, []string{"VP8 1280x720", "key 0", "delta 40", "delta 80", "delta 120", "delta 160"}, 0},
		{"one that does not ends the picture until the next key frame", func(s *script) {
			s.picture(0, true)
			s.picture(1, false, 0)
			for n := 2; n < 11; n++ {
				s.picture(n, false)
				s.track.Tick(ms(n*40), 0)
			}
			s.part(1, false, 1, 410) // too late
			s.picture(11, true)
			s.picture(12, false)
		}, []string{"VP8 1280x720", "key 0", "key 440", "gap 0-440 loss", "delta 480"}, 1},
		{"waiting follows the round trip", func(s *script) {
			s.picture(0, true)
			s.track.Tick(ms(20), 250*time.Millisecond)
			s.picture(1, false, 0)
			s.picture(2, false)
			s.track.Tick(ms(80+740), 250*time.Millisecond)
			s.part(1, false, 1, 825)
		}, []string{"VP8 1280x720", "key 0", "delta 40", "delta 80"}, 0},
		{"what waits is given up by time when nothing comes any more", func(s *script) {
			s.picture(0, true)
			s.picture(1, false)
			s.picture(3, true)
			s.track.Tick(ms(400), 0)
			s.track.Tick(ms(430), 0)
		}, []string{"VP8 1280x720", "key 0", "delta 40", "key 120", "gap 40-120 loss"}, 0},
		{"what waits is used at the end", func(s *script) {
			s.picture(0, true)
			s.picture(2, true)
			s.track.End()
		}, []string{"VP8 1280x720", "key 0", "key 80", "gap 0-80 loss"}, 0},
		{"a mute is a gap of its own kind", func(s *script) {
			s.picture(0, true)
			s.track.Packet(&sfu.TapPacket{
				Stream: 1, Codec: codec.VP8, ClockRate: 90000, Seq: 600, Timestamp: 100 * 3600, Resumed: true, Start: true,
				Keyframe: true, Marker: true, Arrival: ms(4000), Payload: vp8Payload(true, true, true, 0),
			})
		}, []string{"VP8 1280x720", "key 0", "key 4000", "gap 0-4000 muted"}, 0},
		{"published anew", func(s *script) {
			s.picture(0, true)
			s.picture(1, false, 0)
			s.track.Unpublished()
			s.stream = 9
			s.picture(50, true)
			s.picture(51, false)
		}, []string{"VP8 1280x720", "key 0", "key 2000", "gap 0-2000 muted", "delta 2040"}, 0},
		{"another layer follows without a gap", func(s *script) {
			s.picture(0, true)
			s.picture(1, false)
			s.stream = 9
			s.picture(2, true)
		}, []string{"VP8 1280x720", "key 0", "delta 40", "key 80"}, 0},
		{"what the sink refuses is told", func(s *script) {
			s.picture(0, true)
			s.log.err = errors.New("behind")
			s.picture(1, false)
			s.log.err = nil
			s.picture(2, false)
			s.picture(3, true)
		}, []string{"VP8 1280x720", "key 0", "key 120", "gap 0-120 overload"}, 0},
		{"what the tap lost is told", func(s *script) {
			s.picture(0, true)
			s.track.Lost(2)
			s.picture(2, false)
			s.track.Tick(ms(400), 0)
			s.picture(10, true)
			s.track.End()
		}, []string{"VP8 1280x720", "key 0", "key 400", "gap 0-400 overload"}, 1},
		{"a key frame is asked for before two seconds", func(s *script) {
			for n := range 46 {
				s.picture(n, n == 0)
				s.log.lines = nil
				s.track.Tick(ms(n*40), 0)
			}
		}, nil, 1},
		{"and no more often than twice a second when none comes", func(s *script) {
			for n := range 250 {
				s.picture(n, false)
				s.track.Tick(ms(n*40), 0)
			}
			s.track.Tick(ms(60_000), 0) // the camera is off
		}, nil, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScript(t, sfu.Camera)
			s.t = t
			c.play(s)
			s.expect(c.want...)
			if s.asked != c.asked {
				t.Errorf("asked for %d key frames, want %d", s.asked, c.asked)
			}
		})
	}
}

func TestCodecAndSizeChange(t *testing.T) {
	s := newScript(t, sfu.Screen)
	s.picture(0, true)
	key := vp8Payload(true, true, true, 0)
	binary.LittleEndian.PutUint16(key[7:], 640)
	p := sfu.TapPacket{
		Stream: 1, Codec: codec.VP8, ClockRate: 90000, Seq: 65532, Timestamp: 3600, Start: true, Keyframe: true, Marker: true,
		Arrival: ms(40), Payload: key,
	}
	s.track.Packet(&p)
	p.Codec, p.Seq, p.Timestamp, p.Arrival = codec.H264, 65533, 7200, ms(80)
	p.Payload = []byte{24, 0, 4, 0x67, 66, 0, 30, 0, 2, 0x68, 1, 0, 3, 0x65, 1, 2}
	s.track.Packet(&p)
	s.expect("VP8 1280x720", "key 0", "VP8 640x720", "key 40", "H264 0x0", "key 80")
}

// sound sends the n-th packet of 20 ms.
func (s *script) sound(n int, c codec.Codec, payload ...byte) {
	s.track.Packet(&sfu.TapPacket{
		Stream: 1, Codec: c, ClockRate: 48000, Seq: uint16(n), Timestamp: uint32(n) * 960, Arrival: ms(n * 20), Payload: payload,
		HasLevel: n == 0, Level: 20,
	})
}

func TestSound(t *testing.T) {
	red := []byte{0x80 | 111, 960 >> 6, 960 << 2 & 0xff, 2, 111, 7, 7, 8}
	for _, c := range []struct {
		name string
		play func(s *script)
		want []string
	}{
		{"silence is no gap", func(s *script) {
			s.sound(0, codec.Opus, 1)
			s.sound(1, codec.Opus, 1)
			s.track.Packet(&sfu.TapPacket{
				Stream: 1, Codec: codec.Opus, ClockRate: 48000, Seq: 2, Timestamp: 960 * 100, Arrival: ms(2000), Payload: []byte{1},
			})
		}, []string{"level 107", "Opus 0x0", "key 0", "key 20", "key 2000"}},
		{"a packet that is missing is told by the time alone", func(s *script) {
			s.sound(0, codec.Opus, 1)
			s.sound(2, codec.Opus, 1)
			s.track.Tick(ms(300), 0)
		}, []string{"level 107", "Opus 0x0", "key 0", "key 40"}},
		{"many are a gap", func(s *script) {
			s.sound(0, codec.Opus, 1)
			s.sound(8, codec.Opus, 1)
			s.track.Tick(ms(400), 0)
		}, []string{"level 107", "Opus 0x0", "key 0", "key 160", "gap 0-160 loss"}},
		{"RED fills what is missing, and nothing twice", func(s *script) {
			s.sound(0, codec.RED, red...)
			s.sound(1, codec.RED, red...)
			s.sound(3, codec.RED, red...)
			s.track.Tick(ms(400), 0)
			s.sound(4, codec.Opus, 1)
		}, []string{"level 107", "Opus 0x0", "key 0", "key 20", "key 40", "key 60", "key 80"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScript(t, sfu.Microphone)
			s.t = t
			c.play(s)
			s.expect(c.want...)
		})
	}
}

// A track's memory is what it says: a frame, and the packets that may wait.
func TestAFrameIsBounded(t *testing.T) {
	s := newScript(t, sfu.Camera)
	p := sfu.TapPacket{
		Stream: 1, Codec: codec.VP8, ClockRate: 90000, Start: true, Keyframe: true, Arrival: ms(0),
		Payload: append(vp8Payload(true, true, true, 0), make([]byte, 1100)...),
	}
	for range 3 * MaxFrame / 1100 {
		s.track.Packet(&p)
		p.Seq++
		p.Start, p.Keyframe = false, false
		p.Payload[0] = 0
	}
	s.picture(1, true)
	if n := cap(s.track.queue.places); n != videoPlaces {
		t.Errorf("%d places", n)
	}
	if len(s.log.lines) == 0 || s.log.lines[0] != "VP8 1280x720" {
		t.Errorf("%q", s.log.lines)
	}
}
