package sfutest

import (
	"encoding/binary"

	"github.com/pion/rtp"
)

const mtu = 1100

// packets makes the next frame: VP8 with counted picture ids, or H264 of one
// slice. Its first payload bytes carry the frame's number and layer, so that
// the far side can tell what it sees.
func (l *layerTrack) packets(h264 bool) []*rtp.Packet {
	key := l.key
	l.key = false
	l.picture = (l.picture + 1) & 0x7fff
	l.tl0++
	body := make([]byte, l.size)
	if key {
		body = make([]byte, 3*l.size)
	}
	binary.BigEndian.PutUint64(body, l.frame)
	copy(body[8:], l.rid)
	var out []*rtp.Packet
	for at := 0; at < len(body); at += mtu {
		part := body[at:min(at+mtu, len(body))]
		var payload []byte
		if h264 {
			payload = h264Part(part, at == 0, at+mtu >= len(body), key)
		} else {
			payload = l.vp8Part(part, at == 0, key)
		}
		p := &rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: l.seq, Timestamp: l.ts, Marker: at+mtu >= len(body)},
			Payload: payload,
		}
		l.seq++
		if l.rid != "" && l.mid != 0 && l.ridID != 0 {
			_ = p.SetExtension(l.mid, []byte(l.midValue))
			_ = p.SetExtension(l.ridID, []byte(l.rid))
		}
		out = append(out, p)
	}
	return out
}

// vp8Part is RFC 7741: 15 bit picture id, TL0PICIDX, temporal layer 0.
func (l *layerTrack) vp8Part(part []byte, start, key bool) []byte {
	head := []byte{0x80, 0xe0, 0x80 | byte(l.picture>>8), byte(l.picture), l.tl0, 0}
	if start {
		head[0] |= 0x10
		if key {
			head = append(head, 0x10, 0, 0, 0x9d, 0x01, 0x2a, byte(l.w), byte(l.w>>8), byte(l.h), byte(l.h>>8))
		} else {
			head = append(head, 0x11, 0, 0)
		}
	}
	return append(head, part...)
}

// h264Part is RFC 6184 §5.8: a slice in fragmentation units.
func h264Part(part []byte, start, end, key bool) []byte {
	nal := byte(1)
	if key {
		nal = 5
	}
	flags := nal
	if start {
		flags |= 0x80
	}
	if end {
		flags |= 0x40
	}
	return append([]byte{0x60 | 28, flags}, part...)
}

// Seen is what one received frame says of itself.
type Seen struct {
	Frame uint64
	Rid   string
	Key   bool
}

// parseVP8 reads a start packet made by vp8Part.
func parseVP8(b []byte) (s Seen, picture uint16, ok bool) {
	if len(b) < 6 || b[0]&0x80 == 0 {
		return s, 0, false
	}
	picture = binary.BigEndian.Uint16(b[2:]) & 0x7fff
	if b[0]&0x10 == 0 || len(b) < 9 {
		return s, picture, false
	}
	at := 9
	if b[6]&1 == 0 {
		s.Key = true
		at = 16
	}
	if len(b) < at+9 {
		return s, picture, false
	}
	s.Frame = binary.BigEndian.Uint64(b[at:])
	if b[at+8] != 0 {
		s.Rid = string(b[at+8 : at+9])
	}
	return s, picture, true
}
