package sfu

import (
	"time"

	"github.com/pion/rtcp"

	"mentara/sfu/bwe"
	"mentara/sfu/codec"
	"mentara/sfu/rtpmap"
)

// remoteReport is what a viewer's receiver reports say of a slot.
type remoteReport struct {
	at          time.Time
	fraction    float64
	lost        int64
	jitter      time.Duration
	highest     uint32
	reportsSeen uint64
}

// receiveRTCP handles one RTCP packet. pion hands it over once for each SSRC it
// is addressed to, so each kind acts only on what concerns ssrc.
func (c *conn) receiveRTCP(ssrc uint32, raw []byte) {
	now := time.Now()
	if !c.rtcpLimit.allow(len(raw), now) {
		return
	}
	pkts, err := rtcp.Unmarshal(raw)
	if err != nil {
		return
	}
	for _, p := range pkts {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			if p.SSRC == ssrc {
				c.onSenderReport(p, now)
			}
			c.onReports(p.Reports, ssrc, now)
		case *rtcp.ReceiverReport:
			c.onReports(p.Reports, ssrc, now)
		case *rtcp.TransportLayerNack:
			if d := c.slot(ssrc); d != nil && p.MediaSSRC == ssrc {
				d.onNACK(p, now)
			}
		case *rtcp.PictureLossIndication:
			if d := c.slot(ssrc); d != nil && p.MediaSSRC == ssrc {
				d.onKeyframeRequest(now)
			}
		case *rtcp.FullIntraRequest:
			if d := c.slot(ssrc); d != nil {
				d.onKeyframeRequest(now)
			}
		case *rtcp.TransportLayerCC:
			if p.MediaSSRC == ssrc {
				c.onFeedback(p, now)
			}
		}
	}
}

// beginEstimate starts the estimator. A client without transport-wide feedback
// tells us loss at best: its path is trusted until it does.
func (c *conn) beginEstimate(l *layout) {
	cfg := bwe.Config{Start: trusted}
	for _, s := range l.sections {
		if s.receives && s.ext.twcc != 0 {
			cfg.Start = 0
		}
	}
	c.bweMu.Lock()
	defer c.bweMu.Unlock()
	c.bwe = bwe.New(cfg)
}

const trusted = 20_000_000 // bit/s

// onFeedback lets the estimator know what arrived, and when.
func (c *conn) onFeedback(fb *rtcp.TransportLayerCC, now time.Time) {
	c.bweMu.Lock()
	defer c.bweMu.Unlock()
	c.drainSentLocked()
	c.bwe.OnFeedback(fb, now)
}

func (c *conn) drainSentLocked() {
	c.sent.drain(func(seq uint16, size int, at time.Duration) {
		c.bwe.OnSent(seq, size, c.engine.start.Add(at))
	})
}

func (c *conn) onSenderReport(sr *rtcp.SenderReport, now time.Time) {
	e := c.bySSRC(sr.SSRC)
	if e == nil {
		return
	}
	e.clockMu.Lock()
	defer e.clockMu.Unlock()
	e.clock.Report(sr.NTPTime, sr.RTPTime)
	e.report = senderReport{ntp: sr.NTPTime, rtp: sr.RTPTime, at: now}
	c.noteClock(sr.NTPTime, now)
}

// clockNow is a copy of the encoding's clock.
func (e *encoding) clockNow() rtpmap.Clock {
	e.clockMu.Lock()
	defer e.clockMu.Unlock()
	return e.clock
}

// noteClock tracks how far the publisher's wall clock is from ours: the least
// difference seen of late is the one with the least network delay in it. All
// of a publisher's streams use the same, so they stay in sync.
func (c *conn) noteClock(ntp uint64, now time.Time) {
	diff := int64(ntpTime(now) - ntp)
	c.clockMu.Lock()
	defer c.clockMu.Unlock()
	if !c.clockKnown || diff < c.clockDiff || now.Sub(c.clockAt) > time.Minute {
		// A minute without a lower one: the clocks drift apart. Move by at most
		// 5 ms, which nobody hears.
		if c.clockKnown && diff > c.clockDiff {
			diff = min(diff, c.clockDiff+5<<32/1000)
		}
		c.clockDiff, c.clockKnown, c.clockAt = diff, true, now
	}
}

// onReports takes what the peer says of the streams we send it.
func (c *conn) onReports(blocks []rtcp.ReceptionReport, ssrc uint32, now time.Time) {
	for _, r := range blocks {
		if r.SSRC != ssrc {
			continue
		}
		d := c.slot(ssrc)
		if d == nil {
			continue
		}
		var rtt time.Duration
		if r.LastSenderReport != 0 {
			mid := uint32(ntpTime(now) >> 16)
			if v := mid - r.LastSenderReport - r.Delay; int32(v) >= 0 {
				rtt = time.Duration(v) * time.Second >> 16
			}
		}
		if rtt > 0 && rtt < 10*time.Second {
			old := c.rtt.Load()
			if old != 0 {
				rtt = time.Duration(old) + (rtt-time.Duration(old))/4
			}
			c.rtt.Store(int64(rtt))
		}
		loss := float64(r.FractionLost) / 256
		rate := int64(90000)
		if !d.video {
			rate = 48000
		}
		d.mu.Lock()
		d.remote.at, d.remote.fraction, d.remote.lost = now, loss, int64(r.TotalLost)
		d.remote.jitter = time.Duration(int64(r.Jitter) * int64(time.Second) / rate)
		d.remote.highest = r.LastSequenceNumber
		d.remote.reportsSeen++
		d.mu.Unlock()
		c.bweMu.Lock()
		c.bwe.OnReceiverReport(loss, rtt, now)
		c.bweMu.Unlock()
	}
}

// onKeyframeRequest passes a viewer's PLI or FIR on, merged and throttled.
func (d *downTrack) onKeyframeRequest(now time.Time) {
	d.c.engine.count.plisIn.Add(1)
	d.mu.Lock()
	e := d.from
	if e != nil && e.track != d.track {
		e = nil
	}
	d.mu.Unlock()
	if e != nil && e.track.video {
		e.track.requestKeyframe(e, now)
	}
}

// onNACK answers a viewer's requests from the publisher's cache. A budget
// bounds what a storm of them can cost: half of what the slot sends, and no
// less than 64 kB/s.
func (d *downTrack) onNACK(n *rtcp.TransportLayerNack, now time.Time) {
	for _, pair := range n.Nacks {
		pair.Range(func(seq uint16) bool {
			d.c.engine.count.nacksIn.Add(1)
			d.mu.Lock()
			d.resendLocked(seq, now)
			d.mu.Unlock()
			return true
		})
	}
}

// minRepeat is the least time between two repeats of one packet: a request made
// before the first could arrive is not another loss.
const minRepeat = 20 * time.Millisecond

// repeat remembers that a packet was sent again.
type repeat struct {
	seq uint16
	at  time.Time
}

// resendLocked sends the packet again that left as seq, if it is remembered
// and within budget. What is not repaired needs a key frame sooner or later;
// the viewer knows best when, and sends a PLI.
func (d *downTrack) resendLocked(seq uint16, now time.Time) {
	last := &d.repeats[seq%uint16(len(d.repeats))]
	wait := max(minRepeat, time.Duration(d.c.rtt.Load()))
	if d.rw == nil || !d.ready || last.seq == seq && now.Sub(last.at) < wait || !d.budget.allow(0, now) {
		return
	}
	if n := d.repeatedLocked(seq, now); n > 0 {
		d.budget.bytes -= float64(n)
		*last = repeat{seq: seq, at: now}
		d.resent++
		d.c.engine.count.resent.Add(1)
	}
}

// repeatedLocked sends one remembered packet again and returns its size, 0 if
// it is not there.
func (d *downTrack) repeatedLocked(seq uint16, now time.Time) int {
	o, ok := d.rw.Lookup(seq)
	if !ok || o.Padding {
		return 0
	}
	e := d.origin(o.Source)
	if e == nil {
		return 0
	}
	n, ok := e.cache.Get(o.Seq, d.repair[:])
	if !ok {
		return 0
	}
	p := &d.again
	if p.parse(d.repair[:n]) != nil || len(p.payload) == 0 {
		return 0
	}
	body, ok := d.renumber(o, p)
	if !ok || !d.sendAgainLocked(seq, body, now) {
		return 0
	}
	return n
}

func (d *downTrack) origin(id uint32) *encoding {
	for _, e := range d.origins {
		if e != nil && e.id == id {
			return e
		}
	}
	return nil
}

// renumber applies what the packet was renumbered to when it was first sent.
func (d *downTrack) renumber(o rtpmap.Origin, p *packet) ([]byte, bool) {
	in := rtpmap.Packet{Source: o.Source, Seq: p.seq, Timestamp: p.ts, Marker: p.marker}
	switch d.sends.codec {
	case codec.VP8:
		var h codec.VP8Header
		if codec.ParseVP8(p.payload, &h) != nil {
			return nil, false
		}
		in.PictureBits, in.PictureID, in.HasTL0, in.TL0 = h.PictureBits, h.PictureID, h.HasTL0, h.TL0
	case codec.VP9:
		var h codec.VP9Header
		if codec.ParseVP9(p.payload, &h) != nil {
			return nil, false
		}
		in.PictureBits, in.PictureID, in.HasTL0, in.TL0 = h.PictureBits, h.PictureID, h.HasTL0, h.TL0
	}
	out := o.Apply(in)
	var err error
	switch d.sends.codec {
	case codec.VP8:
		_, err = codec.RewriteVP8Header(p.payload, p.payload, out.PictureID, out.TL0)
	case codec.VP9:
		_, err = codec.RewriteVP9Header(p.payload, p.payload, out.PictureID, out.TL0)
	}
	d.hdr.Marker, d.hdr.Timestamp = out.Marker, out.Timestamp
	return p.payload, err == nil
}

// sendAgainLocked writes a repair. With RTX it is a packet of its own (RFC
// 4588). Without, the very same packet must be sent, byte for byte: another
// header under the same number would repeat an AEAD nonce. That is possible
// only if we added no header extension that changes.
func (d *downTrack) sendAgainLocked(seq uint16, body []byte, now time.Time) bool {
	h := &d.hdr
	h.Padding, h.PaddingSize = false, 0
	if d.rtxSSRC == 0 || d.sends.rtx == 0 {
		if d.ext != (extIDs{}) {
			return false
		}
		h.PayloadType, h.SSRC, h.SequenceNumber = d.sends.pt, d.ssrc, seq
		d.extensionsLocked(nil, nil)
	} else {
		d.rtxFrom[0], d.rtxFrom[1] = byte(seq>>8), byte(seq)
		body = d.rtxFrom[:2+copy(d.rtxFrom[2:], body)]
		h.PayloadType, h.SSRC, h.SequenceNumber = d.sends.rtx, d.rtxSSRC, d.rtxSeq
		d.rtxSeq++
		d.extensionsLocked(nil, nil)
	}
	_, err := d.writeLocked(body, now)
	return err == nil
}
