package codec

// Block is one of the payloads inside a RED packet (RFC 2198 section 3).
type Block struct {
	Type    uint8  // RTP payload type
	Offset  uint16 // how far before the packet's timestamp it belongs; 0 for the primary
	Payload []byte // a part of the packet, not a copy
}

// MaxBlocks is how many blocks of one packet ParseRED accepts.
const MaxBlocks = 9

// ParseRED splits a RED payload into dst, oldest first, the primary last, and
// returns how many blocks it found.
func ParseRED(payload []byte, dst *[MaxBlocks]Block) (int, error) {
	n, at, body := 0, 0, 0
	var lengths [MaxBlocks]int
	for {
		if at >= len(payload) {
			return 0, ErrShort
		}
		if n == MaxBlocks {
			return 0, ErrMalformed
		}
		head := payload[at]
		dst[n] = Block{Type: head & 0x7f}
		if head&0x80 == 0 {
			at++
			n++
			break
		}
		if at+4 > len(payload) {
			return 0, ErrShort
		}
		dst[n].Offset = uint16(payload[at+1])<<6 | uint16(payload[at+2])>>2
		lengths[n] = int(payload[at+2]&0x03)<<8 | int(payload[at+3])
		body += lengths[n]
		at += 4
		n++
	}
	if at+body > len(payload) {
		return 0, ErrShort
	}
	for i := range n - 1 {
		dst[i].Payload = payload[at : at+lengths[i]]
		at += lengths[i]
	}
	dst[n-1].Payload = payload[at:]
	return n, nil
}

// PrimaryRED is the newest block of a RED payload, for a viewer that did not
// negotiate RED.
func PrimaryRED(payload []byte) (Block, error) {
	var blocks [MaxBlocks]Block
	n, err := ParseRED(payload, &blocks)
	if err != nil {
		return Block{}, err
	}
	return blocks[n-1], nil
}
