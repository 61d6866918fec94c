package sfu

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mentara/sfu/codec"
)

// TapPacket is one packet as the publisher sent it: after loss was repaired and
// repeats were dropped, before any viewer's renumbering. Packets that came late
// or were sent again are handed over when they come; to order them is the tap's
// affair. It and its payload are the SFU's: they are valid during the call.
type TapPacket struct {
	// Stream numbers the RTP stream within the engine. Another one, which may
	// be another layer or the source published anew, has sequence numbers and
	// timestamps of its own.
	Stream    uint32
	Rid       string
	Codec     codec.Codec
	ClockRate uint32 // of Timestamp, in Hz
	Seq       uint16
	Timestamp uint32
	Marker    bool
	Keyframe  bool // begins a frame that needs no earlier one
	Start     bool // begins a frame
	// Resumed: packets before this one were held back on purpose, because a
	// host muted the source or took the right to publish away.
	Resumed       bool
	Width, Height int // of the picture, where this packet tells it
	// Level is how loud the packet is, in −dBov: 0 is loudest, 127 silent. It
	// and Voice are what the client says (RFC 6464), if HasLevel.
	HasLevel, Voice bool
	Level           uint8
	Arrival         time.Time
	Payload         []byte
}

// Tap is what a recorder implements. Its methods are called from one goroutine
// of its own, in order; a slow one loses packets and is told how many, and
// never slows the call. None may call what Peer.Tap returned.
type Tap interface {
	Packet(*TapPacket)
	// Lost tells that n packets were not handed over here: a gap to mark.
	Lost(n int)
	// Clock relates RTP timestamps of a stream to the publisher's wall clock:
	// the newest sender report, and when it arrived.
	Clock(stream uint32, ntp uint64, rtp uint32, arrival time.Time)
	// Tick follows each batch of packets, and comes at least ten times a second
	// when there are none, for what must happen by time alone. rtt is the
	// publisher's, 0 while unknown.
	Tick(now time.Time, rtt time.Duration)
	// Unpublished tells that the source ended. It may be published again.
	Unpublished()
	// End is the last call: the tap was removed, or the peer is gone.
	End()
}

// TapOptions say what a tap takes.
type TapOptions struct {
	// Height is the largest layer to take, in pixels of the picture's shorter
	// side; 0 is any. The best layer within it that the publisher sends is
	// taken, changed only at a key frame. Layers inside one stream (SVC) all
	// are taken.
	Height int
}

// tapEvery is how often a tap looks at what has come. A wake-up for each packet
// would cost more than all the rest of it.
const tapEvery = 50 * time.Millisecond

// How much a tap may be behind: about a second of video at 4 Mbit/s, or of
// sound several.
const (
	tapVideo = 512 << 10
	tapAudio = 32 << 10
)

// tapping is a tap on one source of a peer, however often that is published.
type tapping struct {
	peer   *Peer
	source Source
	o      TapOptions
	tap    Tap
	wake   chan struct{}
	done   chan struct{}

	mu   sync.Mutex
	line []*tapped // the tracks to read, oldest first
	over bool

	packet TapPacket // of the tap's goroutine, as is the rest
	told   map[*encoding]time.Time
}

// tapped is a tapping on one track.
type tapped struct {
	tapping *tapping
	track   *track
	ring    byteRing
	lost    atomic.Int64
	ended   atomic.Bool
	wish    atomic.Int32 // encoding that would be taken if it were sent, see steer
	goal    atomic.Int32 // encoding to take
	taken   atomic.Int32 // encoding being taken; all are -1 before they are known
	resumed bool         // of the RTP goroutine

	// Of conn.tick.
	absent  [8]int    // decisions in a row for which an encoding was missing
	lowered time.Time // when goal last went to a smaller layer
}

// Tap puts a recorder on one source of the peer. It takes what is published
// now, and whenever it is published again, until it is removed or the peer is
// closed; a key frame is asked for where one is needed. The returned function
// removes it and returns when End has been called: what had arrived before is
// handed over first, and nothing after. It fails with ErrClosed.
func (p *Peer) Tap(s Source, o TapOptions, tap Tap) (remove func(), err error) {
	g := &tapping{
		peer: p, source: s, o: o, tap: tap, wake: make(chan struct{}, 1), done: make(chan struct{}),
		told: map[*encoding]time.Time{},
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, fmt.Errorf("%w: peer %s", ErrClosed, p.id)
	}
	p.taps = append(p.taps, g)
	if t := p.tracks[s]; t != nil {
		g.attach(t)
	}
	p.mu.Unlock()
	go g.run()
	return func() {
		p.mu.Lock()
		p.taps = slices.DeleteFunc(p.taps, func(o *tapping) bool { return o == g })
		p.mu.Unlock()
		g.end()
		<-g.done
	}, nil
}

// RequestKeyframe asks for a key frame of what is taken of a source by taps, of
// all its layers if there is no tap. Requests are merged with the viewers' and
// throttled like theirs.
func (p *Peer) RequestKeyframe(s Source) {
	p.mu.Lock()
	t := p.tracks[s]
	p.mu.Unlock()
	if t == nil || !t.video {
		return
	}
	var mask uint8
	for _, tp := range *t.taps.Load() {
		mask |= 1 << max(tp.goal.Load(), 0)
	}
	for _, e := range *t.encodings.Load() {
		if mask == 0 || mask&(1<<e.index) != 0 {
			t.requestKeyframe(e, time.Now())
		}
	}
}

// attach makes the tapping follow t. The peer's lock is held.
func (g *tapping) attach(t *track) {
	size := tapAudio
	if t.video {
		size = tapVideo
	}
	tp := &tapped{tapping: g, track: t, ring: newByteRing(size)}
	for _, i := range []*atomic.Int32{&tp.wish, &tp.goal, &tp.taken} {
		i.Store(-1)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	g.line = append(g.line, tp)
	t.mu.Lock()
	list := append(slices.Clone(*t.taps.Load()), tp)
	t.taps.Store(&list)
	t.mu.Unlock()
	if t.ended.Load() {
		tp.end()
	}
}

// end makes the tap's goroutine hand over what has come, and finish.
func (g *tapping) end() {
	g.mu.Lock()
	g.over = true
	line := slices.Clone(g.line)
	g.mu.Unlock()
	for _, tp := range line {
		t := tp.track
		t.mu.Lock()
		list := slices.DeleteFunc(slices.Clone(*t.taps.Load()), func(o *tapped) bool { return o == tp })
		t.taps.Store(&list)
		t.mu.Unlock()
		tp.ended.Store(true)
	}
	g.poke()
}

func (g *tapping) poke() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

func (tp *tapped) end() {
	tp.ended.Store(true)
	tp.tapping.poke()
}

// interrupt notes that packets of e were held back: a picture begins anew.
func (tp *tapped) interrupt(e *encoding) {
	if tp.taken.Load() == int32(e.index) {
		tp.resumed = true
		tp.taken.Store(-1)
	}
}

// write hands a packet over, or counts it as lost. It is called on the packet
// path, by the publisher's RTP goroutine alone, and never blocks.
func (tp *tapped) write(e *encoding, p *packet, f *codec.Frame, level []byte, now time.Time) {
	if tp.ended.Load() {
		return
	}
	if index := int32(e.index); tp.taken.Load() != index {
		if tp.track.video && !(f.Keyframe && f.Start && tp.goal.Load() == index) {
			return
		}
		tp.taken.Store(index)
	}
	h := tapHeader{
		stream: e.id, index: e.index, codec: e.parser.Codec, rate: e.rate.clock, seq: p.seq, ts: p.ts,
		width: f.Width, height: f.Height, arrival: now.Sub(e.engine.start),
	}
	h.set(tapMarker, p.marker)
	h.set(tapKeyframe, f.Keyframe && f.Start)
	h.set(tapStart, f.Start)
	h.set(tapResumed, tp.resumed)
	if len(level) > 0 {
		h.set(tapLevel, true)
		h.level = level[0]
	}
	if h.lost = tp.lost.Load(); h.lost > 0 {
		tp.lost.Add(-h.lost)
	}
	used, ok := tp.ring.write(&h, p.payload)
	if !ok {
		tp.lost.Add(h.lost + 1)
	} else {
		tp.resumed = false
	}
	if used > len(tp.ring.b)/2 {
		tp.tapping.poke()
	}
}

// run is the tap's goroutine. A panic ends the tap alone.
func (g *tapping) run() {
	defer close(g.done)
	defer g.safely(g.tap.End)
	tick := time.NewTicker(tapEvery)
	defer tick.Stop()
	for more := true; more; {
		select {
		case <-g.wake:
		case <-tick.C:
		}
		if !g.safely(func() { more = g.drain() }) {
			g.peer.mu.Lock()
			g.peer.taps = slices.DeleteFunc(g.peer.taps, func(o *tapping) bool { return o == g })
			g.peer.mu.Unlock()
			g.end()
			return
		}
	}
}

func (g *tapping) safely(f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			g.peer.room.engine.count.panics.Add(1)
			g.peer.log.Error("tap caused a panic, removed", "source", g.source, "panic", r)
		}
	}()
	f()
	return true
}

// drain hands over what has come, and tells whether more may come.
func (g *tapping) drain() (more bool) {
	for {
		g.mu.Lock()
		over := g.over
		var tp *tapped
		if len(g.line) > 0 {
			tp = g.line[0]
		}
		g.mu.Unlock()
		if tp == nil {
			g.tap.Tick(time.Now(), 0)
			return !over
		}
		ended := tp.ended.Load() // before reading: what came before the end is read
		g.clocks(tp)
		tp.read()
		if !ended {
			g.tap.Tick(time.Now(), time.Duration(tp.track.conn.rtt.Load()))
			return true
		}
		g.mu.Lock()
		g.line = g.line[1:]
		g.mu.Unlock()
		clear(g.told)
		if tp.track.ended.Load() {
			g.tap.Unpublished()
		}
	}
}

// clocks tells the sender reports that are new.
func (g *tapping) clocks(tp *tapped) {
	for _, e := range *tp.track.encodings.Load() {
		e.clockMu.Lock()
		r := e.report
		e.clockMu.Unlock()
		if r.at.After(g.told[e]) {
			g.told[e] = r.at
			g.tap.Clock(e.id, r.ntp, r.rtp, r.at)
		}
	}
	if len(g.told) > 16 { // streams that came and went
		maps.DeleteFunc(g.told, func(e *encoding, _ time.Time) bool {
			return !slices.Contains(*tp.track.encodings.Load(), e)
		})
	}
}

// read hands over the packets in the ring.
func (tp *tapped) read() {
	g, t := tp.tapping, tp.track
	var h tapHeader
	for {
		payload, ok := tp.ring.next(&h)
		if !ok {
			break
		}
		if h.lost > 0 {
			g.tap.Lost(int(h.lost))
		}
		g.packet = TapPacket{
			Stream: h.stream, Rid: t.rids[h.index], Codec: h.codec, ClockRate: h.rate, Seq: h.seq, Timestamp: h.ts,
			Marker: h.has(tapMarker), Keyframe: h.has(tapKeyframe), Start: h.has(tapStart), Resumed: h.has(tapResumed),
			Width: int(h.width), Height: int(h.height),
			HasLevel: h.has(tapLevel), Voice: h.level&0x80 != 0, Level: h.level & 0x7f,
			Arrival: t.conn.engine.start.Add(h.arrival), Payload: payload,
		}
		g.tap.Packet(&g.packet)
		tp.ring.free()
	}
	if n := tp.lost.Load(); n > 0 {
		tp.lost.Add(-n)
		g.tap.Lost(int(n))
	}
}
