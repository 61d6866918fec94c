package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"mentara/sfu/cache"
	"mentara/sfu/codec"
	"mentara/sfu/layer"
	"mentara/sfu/rtpmap"
)

// downTrack is one slot: a media section of a viewer that shows now one
// source, now another, as one unbroken RTP stream. It is pion's TrackLocal for
// that section.
type downTrack struct {
	c     *conn
	mid   string
	video bool
	pair  int // audio and video slots of equal number share a media stream: lip sync

	// The packet path takes only this lock, and writes under it: packets of a
	// stream must leave in the order of their numbers.
	mu       sync.Mutex
	out      webrtc.TrackLocalWriter // nil until bound
	ready    bool                    // see conn.prime
	sender   *webrtc.RTPSender
	ssrc     uint32
	rtxSSRC  uint32
	payloads []payload // the viewer's, of this section
	ext      extIDs

	track   *track
	sel     *layer.Selector
	rw      *rtpmap.Rewriter
	from    *encoding // forwarded last
	in      *payload  // format received last, and what the viewer calls it
	sends   payload
	plain   bool // unpack RED to the Opus inside
	dead    bool // the viewer cannot decode the format
	origins [8]*encoding
	nextOld int

	hdr     rtp.Header
	twccExt [2]byte
	absExt  [3]byte
	rtxSeq  uint16
	repair  [cache.PacketSize]byte
	again   packet
	rtxFrom [cache.PacketSize + 2]byte
	budget  bucket // of retransmissions
	repeats [64]repeat

	sentAt         time.Time // of the newest media packet
	packets, bytes atomic.Uint64
	octets         uint32
	resent         uint64
	switches       uint64
	rate           meter
	remote         remoteReport
	grant          grantState
	down           scorer
}

func newDownTrack(c *conn, s *section, pair int) *downTrack {
	d := &downTrack{c: c, mid: s.mid, video: s.kind == "video", pair: pair, payloads: s.payloads, ext: s.ext}
	d.hdr.Version = 2
	d.hdr.Extensions = make([]rtp.Extension, 0, 6)
	d.budget = newBucket(64<<10, 400)
	return d
}

// The five methods of webrtc.TrackLocal.

func (d *downTrack) ID() string { return "slot-" + d.mid }

func (d *downTrack) RID() string { return "" }

// StreamID pairs the n-th audio slot with the n-th video slot. A browser plays
// sound and picture of one stream in sync, and slots are given to people in
// the same pairs.
func (d *downTrack) StreamID() string { return streamName(d.pair) }

func (d *downTrack) Kind() webrtc.RTPCodecType {
	if d.video {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}

func (d *downTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	d.mu.Lock()
	d.out, d.ssrc, d.rtxSSRC = ctx.WriteStream(), uint32(ctx.SSRC()), uint32(ctx.SSRCRetransmission())
	d.mu.Unlock()
	d.c.bound(d)
	for _, p := range ctx.CodecParameters() {
		if codec.ByMime(p.MimeType) != codec.Unknown {
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

func (d *downTrack) Unbind(webrtc.TrackLocalContext) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out, d.ready = nil, false
	return nil
}

// show makes the slot carry t, or nothing. What the viewer sees goes on
// without a break in numbers; it starts at t's next key frame.
func (d *downTrack) show(t *track) {
	d.mu.Lock()
	old := d.track
	if old == t {
		d.mu.Unlock()
		return
	}
	d.track, d.in = t, nil
	if t != nil {
		d.sel = layer.NewSelector(t.mode())
		if !d.video {
			d.sel.SetTarget(layer.ID{})
		}
	}
	d.mu.Unlock()
	if old != nil {
		old.unwatch(d)
	}
	if t != nil {
		t.watch(d)
	}
}

// restart makes the slot begin anew with e's next key frame, if e is what it
// forwards.
func (d *downTrack) restart(e *encoding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.from == e && d.track == e.track {
		d.from = nil
		d.sel.Reset()
	}
}

// setTarget asks for a layer; layer.None pauses.
func (d *downTrack) setTarget(id layer.ID, live uint8) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sel != nil {
		d.sel.SetLive(live)
		d.sel.SetTarget(id)
	}
}

// forward is the way of one packet to one viewer: choose, renumber, write.
func (d *downTrack) forward(e *encoding, p *packet, f *payload, l *layout, now time.Time) {
	d.mu.Lock()
	if d.track != e.track || d.out == nil || !d.ready {
		d.mu.Unlock()
		return
	}
	need := d.forwardLocked(e, p, f, l, now)
	d.mu.Unlock()
	if need {
		e.track.requestKeyframe(e, now)
	}
}

func (d *downTrack) forwardLocked(e *encoding, p *packet, f *payload, l *layout, now time.Time) (needKeyframe bool) {
	if d.in != f {
		d.formatLocked(f)
	}
	if d.dead {
		return false
	}
	in := rtpmap.Packet{
		Source: e.id, Seq: p.seq, Timestamp: p.ts, Marker: p.marker,
		PictureBits: e.frame.PictureBits, PictureID: e.frame.PictureID,
		HasTL0: e.frame.HasTL0, TL0: e.frame.TL0,
	}
	dec := d.sel.Select(int(e.index), &e.frame)
	if !dec.Forward {
		if dec.Current {
			if hole, ok := d.rw.Drop(in); ok {
				d.padLocked(hole, now)
			}
		}
		return dec.NeedKeyframe
	}
	if dec.Switch || d.from == nil || d.from.track != e.track {
		d.switchLocked(e, in, now)
	}
	in.Marker = in.Marker || dec.Marker
	out, ok := d.rw.Map(in, now)
	if !ok {
		return dec.NeedKeyframe
	}
	d.sendLocked(e, p, l, out, now)
	return dec.NeedKeyframe
}

// switchLocked goes over to another encoding. Between layers of one picture
// the publisher's sender reports say how their clocks relate.
func (d *downTrack) switchLocked(e *encoding, in rtpmap.Packet, now time.Time) {
	var reference uint32
	var known bool
	if d.from != nil && d.from.track == e.track && d.from != e {
		from, to := d.from.clockNow(), e.clockNow()
		reference, known = to.Convert(in.Timestamp, &from)
	} else if d.from == e {
		reference, known = in.Timestamp, true
	}
	d.rw.Switch(in, now, reference, known)
	if d.from != e {
		d.from = e
		d.switches++
		d.c.engine.count.switches.Add(1)
		if !slices.Contains(d.origins[:], e) {
			d.origins[d.nextOld%len(d.origins)] = e
			d.nextOld++
		}
	}
}

// formatLocked finds what the viewer calls the format f, and begins anew when
// the codec is another.
func (d *downTrack) formatLocked(f *payload) {
	d.in, d.dead, d.plain = f, true, false
	for _, p := range d.payloads {
		if p.codec == f.codec && p.profile == f.profile {
			d.startLocked(p)
			return
		}
	}
	for _, p := range d.payloads {
		if f.codec == codec.RED && p.codec == codec.Opus {
			d.startLocked(p)
			d.plain = true
			return
		}
	}
}

func (d *downTrack) startLocked(p payload) {
	before := d.sends
	d.sends, d.dead = p, false
	closes := p.codec == codec.VP8
	if d.rw != nil && (before.codec == codec.VP8) == closes && !(d.video && before.codec != p.codec) {
		return
	}
	o := rtpmap.Options{ClockRate: 90000, ClosePictures: closes, Audio: !d.video, Seq: d.c.random16(), Timestamp: d.c.random32()}
	if !d.video {
		o.ClockRate, o.History = 48000, 64
	}
	if d.rw != nil {
		if seq, ts, at, ok := d.rw.Last(); ok {
			o.Seq = seq + 1
			o.Timestamp = ts + uint32(time.Since(at).Seconds()*float64(o.ClockRate)) + 1
		}
	}
	d.rw, d.from = rtpmap.New(o), nil
	d.sel.Reset()
}
