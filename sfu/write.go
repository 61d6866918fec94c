package sfu

import (
	"time"

	"github.com/pion/rtp"

	"mentara/sfu/codec"
	"mentara/sfu/rtpmap"
)

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
