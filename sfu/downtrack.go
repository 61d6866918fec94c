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

func (d *downTrack) ID() string  { return "slot-" + d.mid }
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

// sendLocked writes a packet. Descriptors are renumbered in the publisher's
// buffer, which the next viewer's renumbering overwrites: viewers are served
// one after the other, and the cache has its own copy.
func (d *downTrack) sendLocked(e *encoding, p *packet, l *layout, out rtpmap.Packet, now time.Time) {
	body := p.payload
	var dependency []byte
	switch d.sends.codec {
	case codec.VP8:
		if _, err := codec.RewriteVP8Header(body, body, out.PictureID, out.TL0); err != nil {
			return
		}
	case codec.VP9:
		if _, err := codec.RewriteVP9Header(body, body, out.PictureID, out.TL0); err != nil {
			return
		}
	case codec.Opus:
		if d.plain {
			block, err := codec.PrimaryRED(body)
			if err != nil {
				return
			}
			body = block.Payload
		}
	}
	if e.frame.Described && d.ext.dependency != 0 {
		dependency = p.ext(l.ext.dependency)
		if codec.RewriteFrameNumber(dependency, out.PictureID) != nil {
			dependency = nil
		}
	}
	h := &d.hdr
	h.Padding, h.PaddingSize = false, 0
	h.Marker, h.PayloadType, h.SSRC = out.Marker, d.sends.pt, d.ssrc
	h.SequenceNumber, h.Timestamp = out.Seq, out.Timestamp
	d.extensionsLocked(p.ext(l.ext.orientation), dependency)
	n, err := d.writeLocked(body, now)
	if err != nil {
		return
	}
	d.sentAt = now
	d.packets.Add(1)
	d.bytes.Add(uint64(n))
	d.octets += uint32(len(body))
}

// extensionsLocked sets the header extensions of the next packet. The two
// counters are filled in by writeLocked.
func (d *downTrack) extensionsLocked(orientation, dependency []byte) {
	h := &d.hdr
	h.Extension, h.ExtensionProfile, h.Extensions = false, 0, h.Extensions[:0]
	if len(dependency) > 16 && d.ext.dependency != 0 {
		h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileTwoByte
	}
	if d.ext.twcc != 0 {
		_ = h.SetExtension(d.ext.twcc, d.twccExt[:])
	}
	if d.ext.absTime != 0 {
		_ = h.SetExtension(d.ext.absTime, d.absExt[:])
	}
	if d.ext.orientation != 0 && len(orientation) == 1 {
		_ = h.SetExtension(d.ext.orientation, orientation)
	}
	if d.ext.dependency != 0 && len(dependency) > 0 {
		_ = h.SetExtension(d.ext.dependency, dependency)
	}
}

// writeLocked gives the packet its transport-wide number and hands it to SRTP.
func (d *downTrack) writeLocked(body []byte, now time.Time) (int, error) {
	size := d.hdr.MarshalSize() + len(body) + int(d.hdr.PaddingSize)
	if d.ext.twcc != 0 {
		seq := d.c.sent.add(size+wireOverhead, now.Sub(d.c.engine.start))
		d.twccExt[0], d.twccExt[1] = byte(seq>>8), byte(seq)
	}
	if d.ext.absTime != 0 {
		v := absSendTime(now)
		d.absExt[0], d.absExt[1], d.absExt[2] = byte(v>>16), byte(v>>8), byte(v)
	}
	_, err := d.out.WriteRTP(&d.hdr, body)
	count := &d.c.engine.count
	count.packetsOut.Add(1)
	count.bytesOut.Add(uint64(size))
	return size, err
}

// padLocked sends an empty packet for a number the viewer must not miss.
func (d *downTrack) padLocked(out rtpmap.Packet, now time.Time) {
	h := &d.hdr
	h.Marker, h.PayloadType, h.SSRC = false, d.sends.pt, d.ssrc
	h.SequenceNumber, h.Timestamp = out.Seq, out.Timestamp
	h.Padding, h.PaddingSize = true, 1
	d.extensionsLocked(nil, nil)
	_, _ = d.writeLocked(nil, now)
}

// absSendTime is seconds in 6.18 fixed point.
func absSendTime(t time.Time) uint32 {
	return uint32(ntpTime(t)>>14) & 0xffffff
}
