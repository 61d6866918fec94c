// Package capture turns what a tap on a published source hands over into
// frames on the recording's time line.
//
// The way of a packet: the SFU's tap gives it when it comes, also late or sent
// again; it gets its moment by the person's Clock (clock.go), waits for what is
// missing before it (reorder.go), and joins its frame (sfu/frame), which goes
// to the Sink. What is still missing after as long as a repair can take is
// given up: of a picture the frame and all up to the next key frame, which is
// asked for; of sound just that moment. Silence, a camera that is off and a
// muted source leave the time line empty; nothing is made up.
//
// A Track allocates nothing per packet, holds at most one frame and a bounded
// run of packets that wait, and believes nothing it is told: no timestamp,
// sender report or order of packets makes its time run backwards or ahead of
// what has arrived.
package capture

import (
	"time"

	"mentara/recording/timeline"
	"mentara/sfu"
	"mentara/sfu/codec"
	"mentara/sfu/frame"
)

// MaxFrame is the largest frame that is put together. It is what a journal
// takes; two seconds of all a publisher may send are less.
const MaxFrame = 2 << 20

// Frame is one frame, or one packet of sound, in decode order.
type Frame struct {
	// PTS is its moment in the recording. It never decreases within a track.
	PTS time.Duration
	Key bool // needs no earlier frame; true of all sound
	// Data is what a container stores: H264 with lengths of four bytes before
	// its units and parameter sets in each key frame, AV1 with sizes and
	// without temporal delimiters, VP9 layers of one picture as a superframe,
	// Opus out of RED. It is valid during the call.
	Data []byte
}

// Gap is a stretch without media that should have some.
type Gap struct {
	From, To time.Duration
	Reason   timeline.GapReason // Loss, Overload or Mute
}

// Sink takes what one track makes. Its methods are called in order, from the
// tap's goroutine.
type Sink interface {
	// Format precedes the first frame, and the first of another codec or size.
	// codec is VP8, VP9, AV1, H264 or Opus; the size is 0 of sound, or where
	// the stream does not tell it.
	Format(codec string, width, height int)
	// Frame takes a frame. After an error it counts as not recorded: a picture
	// begins anew with a key frame, and the gap is told as Overload.
	Frame(Frame) error
	// Gap is told when it has ended, after the first frame that follows it. One
	// at the track's end is not told.
	Gap(Gap)
	// Level is how loud a packet of sound was by the client's word: 0 is
	// silent, 127 loudest.
	Level(at time.Duration, level uint8)
}

// Options of a Track.
type Options struct {
	Source sfu.Source
	Start  time.Time // moment 0 of the recording, with its monotonic reading
	Clock  *Clock    // of the person
	Sink   Sink
	// RequestKeyframe asks the publisher for a key frame of the source.
	RequestKeyframe func()
}

// How long to wait, and how often to ask.
const (
	leastWait = 200 * time.Millisecond // for a missing packet
	mostWait  = time.Second

	assumedRTT = 100 * time.Millisecond // as the SFU assumes that asks for it

	// A key frame is asked for so early that it is there when the last one is
	// two seconds old: players seek to key frames.
	keyEvery = 1750 * time.Millisecond
	askEvery = 500 * time.Millisecond

	// Fewer packets of sound in a row that are missing are not told as a gap: a
	// decoder hides them. The time to the next packet says nothing, as silence
	// is not sent.
	audible = 5
)

// Track makes frames of one source of one person. It is the sfu.Tap of it.
type Track struct {
	o     Options
	video bool

	timing timing
	queue  queue
	build  *frame.Builder
	wait   time.Duration

	frameTS  uint32        // of the frame being built
	framePTS time.Duration // and its moment
	building bool
	needKey  bool // everything up to the next key frame is dropped

	told          bool // Format was
	codec         codec.Codec
	width, height int
	nextW, nextH  int // told in the key frame being built

	began   bool          // a frame was given
	last    time.Duration // PTS of the newest frame
	lastTS  uint32        // of the newest sound
	gap     bool          // since last
	missing int64         // packets, in it
	reason  timeline.GapReason
	lost    bool // by overload, since the last gap began
	keyAt   time.Time
	since   int // frames since the last key frame
	askedAt time.Time
	sounds  [codec.MaxBlocks]frame.Sound
}

// New makes the track of a source.
func New(o Options) *Track {
	t := &Track{o: o, video: o.Source.Kind() == "video", wait: leastWait, needKey: true}
	t.timing.clock = o.Clock
	t.queue.init(t.video)
	return t
}

var _ sfu.Tap = (*Track)(nil)

// Packet implements sfu.Tap.
func (t *Track) Packet(p *sfu.TapPacket) {
	if p.Codec == codec.Unknown || p.Codec.Video() != t.video || p.ClockRate == 0 || len(p.Payload) == 0 {
		return
	}
	if t.queue.stream != p.Stream {
		t.flush()
		t.abandon()
		t.queue.begin(p.Stream, p.Seq)
	}
	if p.Resumed {
		t.flush()
		t.queue.begin(p.Stream, p.Seq)
		t.cut(timeline.Mute)
	}
	t.queue.newest = p.Arrival
	pts := t.timing.at(p, max(0, p.Arrival.Sub(t.o.Start)))
	if p.HasLevel && !t.video {
		t.o.Sink.Level(pts, 127-p.Level)
	}
	switch t.queue.place(p.Seq) {
	case inOrder:
		t.take(&item{
			ts: p.Timestamp, pts: pts, codec: p.Codec, marker: p.Marker, key: p.Keyframe,
			width: p.Width, height: p.Height, arrival: p.Arrival, data: p.Payload,
		})
		t.queue.next++
	case early:
		t.queue.store(p, pts)
	case jump:
		t.flush()
		t.queue.begin(p.Stream, p.Seq)
		t.hole(audible)
		t.queue.store(p, pts)
	case past:
		return // a repeat, or too late
	}
	t.drain(p.Arrival)
}

// drain takes what waits, as far as nothing is missing before it or has been
// for too long.
func (t *Track) drain(now time.Time) {
	q := &t.queue
	for q.stored > 0 {
		if it := q.front(); it != nil {
			t.take(it)
			q.drop()
			continue
		}
		if now.Sub(q.behind().arrival) < t.wait {
			return
		}
		t.hole(q.skip())
	}
}

// flush takes all that waits, for nothing more will come before it.
func (t *Track) flush() {
	for t.queue.stored > 0 {
		if it := t.queue.front(); it != nil {
			t.take(it)
			t.queue.drop()
			continue
		}
		t.hole(t.queue.skip())
	}
}

// hole notes that n packets are missing for good.
func (t *Track) hole(n int64) {
	t.missing += n
	if t.lost {
		t.cut(timeline.Overload)
	} else {
		t.cut(timeline.Loss)
	}
}

// cut begins a gap, if there is none, and leaves the frame being built out.
func (t *Track) cut(reason timeline.GapReason) {
	t.abandon()
	t.lost = false
	if !t.gap && t.began {
		t.gap, t.reason = true, reason
	}
	t.needKey = true
}

// abandon leaves the frame being built out.
func (t *Track) abandon() {
	if t.building {
		t.build.Reset()
		t.building, t.needKey = false, true
	}
}

// take takes the next packet in order.
func (t *Track) take(it *item) {
	if t.video {
		t.picture(it)
	} else {
		t.sound(it)
	}
}

// Lost implements sfu.Tap.
func (t *Track) Lost(int) { t.lost = true }

// Clock implements sfu.Tap.
func (t *Track) Clock(stream uint32, ntp uint64, rtp uint32, arrival time.Time) {
	t.timing.report(stream, ntp, rtp, arrival.Sub(t.o.Start))
}

// Tick implements sfu.Tap.
func (t *Track) Tick(now time.Time, rtt time.Duration) {
	t.wait = leastWait
	if t.video { // lost sound is not sent again
		if rtt == 0 {
			rtt = assumedRTT
		}
		t.wait = min(max(3*rtt, leastWait), mostWait)
	}
	t.drain(now)
	if !t.video || !t.queue.begun() {
		return
	}
	// Nothing comes while the camera is off: then there is nothing to ask for.
	old := t.since > 0 && now.Sub(t.keyAt) >= keyEvery
	if (old || t.needKey) && now.Sub(t.queue.newest) < mostWait && now.Sub(t.askedAt) >= askEvery {
		t.askedAt = now
		t.o.RequestKeyframe()
	}
}

// Unpublished implements sfu.Tap.
func (t *Track) Unpublished() {
	t.flush()
	t.queue.end()
	t.cut(timeline.Mute)
}

// End implements sfu.Tap.
func (t *Track) End() {
	t.flush()
	t.queue.end()
}

// give hands a frame to the sink, and tells the gap that ends with it.
func (t *Track) give(pts time.Duration, key bool, data []byte) bool {
	if t.began {
		pts = max(pts, t.last)
	}
	if err := t.o.Sink.Frame(Frame{PTS: pts, Key: key, Data: data}); err != nil {
		t.cut(timeline.Overload)
		return false
	}
	from := t.last
	t.began, t.last = true, pts
	missing := t.missing
	t.missing = 0
	if !t.gap {
		return true
	}
	t.gap = false
	small := !t.video && t.reason == timeline.Loss && missing < audible
	if pts > from && !small {
		t.o.Sink.Gap(Gap{From: from, To: pts, Reason: t.reason})
	}
	return true
}

func (t *Track) format(c codec.Codec, width, height int) {
	if t.told && t.codec == c && t.width == width && t.height == height {
		return
	}
	t.told, t.codec, t.width, t.height = true, c, width, height
	name := c.String()
	if c == codec.Opus {
		name = "Opus"
	}
	t.o.Sink.Format(name, width, height)
}
