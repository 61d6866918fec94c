package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
)

// sendReports sends receiver reports for what is published here and a sender
// report for each slot that carries something.
func (c *conn) sendReports(now time.Time) {
	rr := &rtcp.ReceiverReport{SSRC: c.ssrc}
	c.encMu.RLock()
	for ssrc, e := range c.byStream {
		if e.track.ended.Load() || len(rr.Reports) == 31 {
			continue
		}
		block, ok := e.rr.block(ssrc)
		if !ok {
			continue
		}
		e.fraction.Store(uint32(block.FractionLost))
		e.clockMu.Lock()
		if !e.report.at.IsZero() {
			block.LastSenderReport = uint32(e.report.ntp >> 16)
			block.Delay = uint32(now.Sub(e.report.at).Seconds() * 65536)
		}
		e.clockMu.Unlock()
		rr.Reports = append(rr.Reports, block)
	}
	c.encMu.RUnlock()
	if len(rr.Reports) > 0 {
		c.writeRTCP(rr)
	}
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	for _, d := range slots {
		if sr := d.senderReport(now); sr != nil {
			c.writeRTCP(sr)
		}
	}
}

// senderReport ties the slot's timestamps to our wall clock, by way of the
// publisher's own report: when the publisher captured what it timed x, in our
// time, is known from the least one-way difference of its clock and ours, which
// is one for all its streams. So sound and picture stay in step at the viewer.
func (d *downTrack) senderReport(now time.Time) *rtcp.SenderReport {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.from
	if e == nil || d.rw == nil || e.track != d.track || now.Sub(d.sentAt) > 10*time.Second {
		return nil
	}
	offset, ok := d.rw.TimestampOffset()
	if !ok {
		return nil
	}
	e.clockMu.Lock()
	report, rate := e.report, int64(e.rate.clock)
	e.clockMu.Unlock()
	if report.at.IsZero() {
		return nil
	}
	captured := report.ntp + uint64(e.track.conn.clockOffset())
	elapsed := int64(ntpTime(now) - captured) // 32.32 seconds since that report
	if elapsed < 0 || elapsed>>32 > 60 {
		return nil
	}
	ticks := uint32((elapsed >> 16) * rate >> 16)
	return &rtcp.SenderReport{
		SSRC: d.ssrc, NTPTime: ntpTime(now), RTPTime: report.rtp + ticks + offset,
		PacketCount: uint32(d.packets.Load()), OctetCount: d.octets,
	}
}

// clockOffset is what to add to the publisher's NTP time to get ours.
func (c *conn) clockOffset() int64 {
	c.clockMu.Lock()
	defer c.clockMu.Unlock()
	return c.clockDiff
}

func (d *downTrack) hasFeedback() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ext.twcc != 0
}

// sendPadding sends about n bytes that nobody needs, on one video slot: its
// newest packets once more, which at least repair a loss, or empty ones. It
// returns how many bytes left, 0 when no slot can.
func (c *conn) sendPadding(n int, now time.Time) (sent int) {
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	for _, d := range slots {
		if d.video {
			if sent = d.pad(n, now); sent > 0 {
				return sent
			}
		}
	}
	return 0
}

func (d *downTrack) pad(n int, now time.Time) (sent int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ready || d.rw == nil || d.rtxSSRC == 0 || d.sends.rtx == 0 || d.ext.twcc == 0 || d.track == nil {
		return 0
	}
	newest, _, _, ok := d.rw.Last()
	if !ok {
		return 0
	}
	for back := uint16(0); back < 20 && sent < n; back++ {
		sent += d.repeatedLocked(newest-back, now)
	}
	for range 64 {
		if sent >= n {
			break
		}
		h := &d.hdr
		h.Marker, h.PayloadType, h.SSRC, h.SequenceNumber = false, d.sends.rtx, d.rtxSSRC, d.rtxSeq
		d.rtxSeq++
		h.Padding, h.PaddingSize = true, 255
		d.extensionsLocked(nil, nil)
		size, err := d.writeLocked(nil, now)
		if err != nil {
			return sent
		}
		sent += size
	}
	return sent
}
