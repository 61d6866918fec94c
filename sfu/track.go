package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"mentara/sfu/cache"
	"mentara/sfu/codec"
	"mentara/sfu/layer"
	"mentara/sfu/nack"
	"mentara/sfu/rtpmap"
	"mentara/sfu/speaker"
)

// track is one published source: one to four encodings of the same picture,
// and those who watch it.
type track struct {
	peer   *Peer
	conn   *conn
	mid    string
	source Source
	video  bool
	rids   []string // smallest first; one "" without simulcast

	ended     atomic.Bool
	muted     atomic.Bool // by a host: dropped here
	encodings atomic.Pointer[[]*encoding]
	viewers   atomic.Pointer[[]*downTrack] // copy on write
	taps      atomic.Pointer[[]*tapped]
	format    atomic.Pointer[payload] // of the newest packet
	meter     *speaker.Meter          // of a microphone
	ceiling   atomic.Int64            // bit/s the publisher was told, see demand.go

	limit bucket // of the RTP goroutine

	mu     sync.Mutex // writers of the lists above, and the fields below
	keyAt  time.Time  // when key frames were last asked for
	keyFor uint8      // encodings that wait for their turn
	want   wanted     // see demand.go
	up     scorer
}

func newTrack(c *conn, s *section, source Source) *track {
	t := &track{peer: c.peer, conn: c, mid: s.mid, source: source, video: s.kind == "video", rids: s.rids}
	if len(t.rids) == 0 {
		t.rids = []string{""}
	}
	t.encodings.Store(new([]*encoding))
	t.viewers.Store(new([]*downTrack))
	t.taps.Store(new([]*tapped))
	lim := c.engine.cfg.Limits
	bits := lim.AudioBitrate
	if t.video {
		bits = lim.VideoBitrate
	}
	t.limit = newBucket(bits/8, lim.PacketRate)
	return t
}

// mode says how the layers of the track come.
func (t *track) mode() layer.Mode {
	if len(t.rids) > 1 {
		return layer.Simulcast
	}
	if f := t.format.Load(); f != nil && (f.codec == codec.VP9 || f.codec == codec.AV1) {
		return layer.SVC
	}
	return layer.Single
}

// live has a bit for each encoding that sent within the last second.
func (t *track) live(now time.Time) (mask uint8) {
	for _, e := range *t.encodings.Load() {
		if now.Sub(e.engine.start)-time.Duration(e.seenAt.Load()) < time.Second {
			mask |= 1 << e.index
		}
	}
	return mask
}

// watch and unwatch change the list of viewers. The packet path may hold the
// former list a moment longer; a downTrack checks that the packet is of the
// track it shows.
func (t *track) watch(d *downTrack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := append(slices.Clone(*t.viewers.Load()), d)
	t.viewers.Store(&list)
}

func (t *track) unwatch(d *downTrack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(*t.viewers.Load()), func(o *downTrack) bool { return o == d })
	t.viewers.Store(&list)
}

// requestKeyframe asks the publisher for a key frame of one encoding. All that
// ask within the interval share one request (at most two a second leave for a
// track, whoever asks); those that come in between wait for conn.tick.
func (t *track) requestKeyframe(e *encoding, now time.Time) {
	t.mu.Lock()
	t.keyFor |= 1 << e.index
	t.mu.Unlock()
	t.sendKeyframeRequests(now)
}

func (t *track) sendKeyframeRequests(now time.Time) {
	t.mu.Lock()
	mask := t.keyFor
	if mask == 0 || now.Sub(t.keyAt) < t.peer.room.engine.cfg.Limits.PLIInterval {
		t.mu.Unlock()
		return
	}
	t.keyFor, t.keyAt = 0, now
	t.mu.Unlock()
	var pkts []rtcp.Packet
	for _, e := range *t.encodings.Load() {
		if mask&(1<<e.index) != 0 {
			pkts = append(pkts, &rtcp.PictureLossIndication{SenderSSRC: t.conn.ssrc, MediaSSRC: e.ssrc})
		}
	}
	t.conn.engine.count.plisSent.Add(uint64(len(pkts)))
	t.conn.writeRTCP(pkts...)
}

// encoding is one stream of a track. Its plain fields belong to the RTP
// goroutine of the publisher's connection.
type encoding struct {
	engine   *Engine
	track    *track
	id       uint32 // names it in rewriters; SSRCs are the client's choice
	rid      string
	index    int8 // spatial layer in simulcast, 0 else
	ssrc     uint32
	cache    *cache.Ring
	nack     *nack.Tracker
	parser   codec.Parser
	frame    codec.Frame
	rr       receiverStats
	silenced bool // packets were dropped since the last one forwarded

	// Read by others.
	seenAt          atomic.Int64 // nanoseconds of Engine.now
	bytes, packets  atomic.Uint64
	lost, recovered atomic.Uint64
	fraction        atomic.Uint32 // lost, of 256, in the newest report
	width, height   atomic.Uint32
	spatials        atomic.Uint32 // spatial layers announced in SVC
	frames          atomic.Uint64
	rate            meter
	repair          atomic.Uint32 // SSRC of the retransmissions, 0 if none seen

	clockMu sync.Mutex
	clock   rtpmap.Clock
	report  senderReport
}

// newCache holds enough for a second of a layer at its usual rate.
func (t *track) newCache(index int8) *cache.Ring {
	switch {
	case !t.video:
		return cache.New(cache.AudioSlots)
	case len(t.rids) > 1 && index == 0:
		return cache.New(cache.VideoSlots / 4)
	case len(t.rids) > 2 && index == 1:
		return cache.New(cache.VideoSlots / 2)
	}
	return cache.New(cache.VideoSlots)
}

// receive accounts for a packet, keeps it and forwards it.
func (e *encoding) receive(b *buffer, p *packet, l *layout, now time.Time) {
	t := e.track
	if b.repairs {
		raw := unwrapRTX(p.raw, p, e.ssrc, l.primary[p.pt])
		if raw == nil || p.parse(raw) != nil {
			return
		}
	} else {
		e.rr.update(p, e.rate.clock, now.Sub(e.engine.start))
	}
	count := &e.engine.count
	count.packetsIn.Add(1)
	count.bytesIn.Add(uint64(len(p.raw)))
	if !t.limit.allow(len(p.raw), now) {
		count.dropped.Add(1)
		return
	}
	if !e.nack.Push(p.seq, now) {
		return // a repeat
	}
	e.bytes.Add(uint64(len(p.raw)))
	e.packets.Add(1)
	e.seenAt.Store(int64(now.Sub(e.engine.start)))
	f := &l.codecs[p.pt]
	if f.codec == codec.Unknown || len(p.payload) == 0 {
		return
	}
	if t.format.Load() != f {
		t.newFormat(f)
	}
	if t.muted.Load() || !t.peer.mayPublish.Load() {
		count.dropped.Add(1)
		e.silenced = true
		return
	}
	if e.silenced {
		// What was dropped is no loss to anyone: viewers begin anew.
		e.silenced = false
		for _, d := range *t.viewers.Load() {
			d.restart(e)
		}
		for _, tp := range *t.taps.Load() {
			tp.interrupt(e)
		}
	}
	var level []byte
	if !t.video {
		level = p.ext(l.ext.level)
		if t.meter != nil && len(level) > 0 {
			t.meter.Observe(level[0]&0x7f, level[0]&0x80 != 0)
		}
	}
	if t.video {
		e.cache.Put(p.seq, p.raw)
	}
	if e.parser.Codec != f.codec {
		e.parser = codec.Parser{Codec: f.codec}
	}
	if err := e.parser.Parse(p.payload, p.marker, p.ext(l.ext.dependency), &e.frame); err != nil {
		return // nobody could decode it
	}
	e.observe(now)
	for _, tp := range *t.taps.Load() {
		tp.write(e, p, &e.frame, level, now)
	}
	for _, d := range *t.viewers.Load() {
		d.forward(e, p, f, l, now)
	}
}

// observe notes what a frame says about its encoding.
func (e *encoding) observe(now time.Time) {
	f := &e.frame
	if f.Width != 0 {
		e.width.Store(uint32(f.Width))
		e.height.Store(uint32(f.Height))
	}
	if f.SpatialLayers != 0 {
		e.spatials.Store(uint32(f.SpatialLayers))
	}
	if f.End {
		e.frames.Add(1)
	}
}
