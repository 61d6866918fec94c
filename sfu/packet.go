package sfu

import (
	"encoding/binary"
	"errors"
)

// packet is one received RTP packet, as a view on the buffer it arrived in.
// It lives as long as the Write that brought it.
type packet struct {
	raw     []byte // header and payload, padding removed
	payload []byte
	exts    []byte // extension block without its 4-byte head
	twoByte bool   // extension form of RFC 8285 §4.3
	marker  bool
	pt      uint8
	seq     uint16
	ts      uint32
	ssrc    uint32
}

var errPacket = errors.New("sfu: malformed RTP packet")

// parse reads the header by RFC 3550 §5.1 without allocating. p keeps slices
// of b.
func (p *packet) parse(b []byte) error {
	if len(b) < 12 || b[0]>>6 != 2 {
		return errPacket
	}
	*p = packet{
		marker: b[1]&0x80 != 0,
		pt:     b[1] & 0x7f,
		seq:    binary.BigEndian.Uint16(b[2:]),
		ts:     binary.BigEndian.Uint32(b[4:]),
		ssrc:   binary.BigEndian.Uint32(b[8:]),
	}
	head := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < head+4 {
			return errPacket
		}
		profile := binary.BigEndian.Uint16(b[head:])
		n := 4 * int(binary.BigEndian.Uint16(b[head+2:]))
		head += 4
		if len(b) < head+n {
			return errPacket
		}
		switch {
		case profile == 0xBEDE:
			p.exts = b[head : head+n]
		case profile&0xfff0 == 0x1000:
			p.exts, p.twoByte = b[head:head+n], true
		}
		head += n
	}
	if len(b) < head {
		return errPacket
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		pad := int(b[end-1])
		if pad == 0 || end-pad < head {
			return errPacket
		}
		end -= pad
	}
	p.raw, p.payload = b[:end], b[head:end]
	return nil
}

// ext returns the value of the header extension with that id, nil if absent.
// id 0 means the extension was not negotiated.
func (p *packet) ext(id uint8) []byte {
	if id == 0 {
		return nil
	}
	b := p.exts
	for len(b) > 0 {
		var got uint8
		var n, head int
		switch {
		case b[0] == 0: // padding
			b = b[1:]
			continue
		case p.twoByte:
			if len(b) < 2 {
				return nil
			}
			got, n, head = b[0], int(b[1]), 2
		default:
			if b[0]>>4 == 15 {
				return nil // RFC 8285 §4.2: stop here
			}
			got, n, head = b[0]>>4, int(b[0]&0x0f)+1, 1
		}
		if len(b) < head+n {
			return nil
		}
		if got == id {
			return b[head : head+n]
		}
		b = b[head+n:]
	}
	return nil
}

// unwrapRTX turns a retransmission (RFC 4588 §4) in b into the packet it
// repeats, in place: the header moves two bytes over the original sequence
// number. It returns the repaired packet's bytes, nil if b holds none (a probe
// of padding alone).
func unwrapRTX(b []byte, p *packet, ssrc uint32, pt uint8) []byte {
	if len(p.payload) <= 2 {
		return nil
	}
	seq := binary.BigEndian.Uint16(p.payload)
	head := len(p.raw) - len(p.payload)
	end := len(p.raw)
	copy(b[2:2+head], b[:head])
	out := b[2:end]
	out[0] &^= 0x20 // the padding is cut off
	out[1] = out[1]&0x80 | pt
	binary.BigEndian.PutUint16(out[2:], seq)
	binary.BigEndian.PutUint32(out[8:], ssrc)
	return out
}
