package sfu

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"mentara/sfu/codec"
)

// TapPacket is one packet as the publisher sent it, before any viewer's
// renumbering. The tap owns it.
type TapPacket struct {
	Rid       string
	Seq       uint16
	Timestamp uint32
	Marker    bool
	Codec     string
	Payload   []byte
	Keyframe  bool // begins a frame that needs no earlier one
	Start     bool // begins a frame
	Arrival   time.Time
}

// Tap is what a recorder implements. Its methods are called from one goroutine
// of its own, in order; a slow one loses packets and is told how many, and
// never slows the call.
type Tap interface {
	Packet(TapPacket)
	// Lost tells that n packets were not handed over here: a gap to mark.
	Lost(n int)
	// Clock relates RTP timestamps of a layer to the publisher's wall clock:
	// the newest sender report, and when it arrived.
	Clock(rid string, ntp uint64, rtp uint32, arrival time.Time)
	// End is the last call: the track ended, or the tap was removed.
	End()
}

// tapQueue is about a second of video at 4 Mbit/s.
const tapQueue = 512

// tapped is one tap on one track.
type tapped struct {
	tap    Tap
	rid    string // "" is all layers
	queue  chan TapPacket
	lost   atomic.Int64
	ended  atomic.Bool
	finish chan struct{}
	done   chan struct{}
	clocks map[string]time.Time // report last told, of the tap's goroutine
	track  *track
}

// Tap puts a recorder on one source of the peer, at one layer ("" is all, and
// is right for a source without layers). It starts with the next packet; ask
// for a key frame is made. The returned function removes it and returns when
// End has been called. It fails with ErrNotFound if the source is not
// published.
func (p *Peer) Tap(s Source, rid string, tap Tap) (remove func(), err error) {
	p.mu.Lock()
	t := p.tracks[s]
	p.mu.Unlock()
	if t == nil || t.ended.Load() {
		return nil, fmt.Errorf("%w: source %q", ErrNotFound, s)
	}
	if rid != "" && !slices.Contains(t.rids, rid) {
		return nil, fmt.Errorf("%w: layer %q", ErrNotFound, rid)
	}
	tp := &tapped{
		tap: tap, rid: rid, track: t, queue: make(chan TapPacket, tapQueue),
		finish: make(chan struct{}), done: make(chan struct{}), clocks: map[string]time.Time{},
	}
	go tp.run()
	t.mu.Lock()
	list := append(slices.Clone(*t.taps.Load()), tp)
	t.taps.Store(&list)
	t.mu.Unlock()
	if t.ended.Load() {
		tp.end()
	}
	for _, e := range *t.encodings.Load() {
		if t.video && (rid == "" || e.rid == rid) {
			t.requestKeyframe(e, time.Now())
		}
	}
	return func() {
		t.mu.Lock()
		list := slices.DeleteFunc(slices.Clone(*t.taps.Load()), func(o *tapped) bool { return o == tp })
		t.taps.Store(&list)
		t.mu.Unlock()
		tp.end()
		<-tp.done
	}, nil
}

// write hands a packet over, or counts it as lost. It is called on the packet
// path and never blocks. The copy is the tap's price alone.
func (tp *tapped) write(e *encoding, p *packet, f *codec.Frame, now time.Time) {
	if tp.ended.Load() || tp.rid != "" && tp.rid != e.rid {
		return
	}
	if len(tp.queue) == cap(tp.queue) {
		tp.lost.Add(1)
		return
	}
	tp.queue <- TapPacket{ // the RTP goroutine is the only sender: there is room
		Rid: e.rid, Seq: p.seq, Timestamp: p.ts, Marker: p.marker, Codec: e.parser.Codec.String(),
		Payload: slices.Clone(p.payload), Keyframe: f.Keyframe && f.Start, Start: f.Start, Arrival: now,
	}
}

func (tp *tapped) end() {
	if !tp.ended.Swap(true) {
		close(tp.finish)
	}
}

func (tp *tapped) run() {
	defer close(tp.done)
	defer tp.tap.End()
	for {
		select {
		case p := <-tp.queue:
			tp.deliver(p)
		case <-tp.finish:
			for {
				select {
				case p := <-tp.queue:
					tp.deliver(p)
				default:
					return
				}
			}
		}
	}
}

func (tp *tapped) deliver(p TapPacket) {
	if n := tp.lost.Swap(0); n > 0 {
		tp.tap.Lost(int(n))
	}
	for _, e := range *tp.track.encodings.Load() {
		if e.rid != p.Rid {
			continue
		}
		e.clockMu.Lock()
		r := e.report
		e.clockMu.Unlock()
		if r.at.After(tp.clocks[p.Rid]) {
			tp.clocks[p.Rid] = r.at
			tp.tap.Clock(p.Rid, r.ntp, r.rtp, r.at)
		}
	}
	tp.tap.Packet(p)
}
