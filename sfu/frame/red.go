package frame

import "mentara/sfu/codec"

// Sound is one Opus packet out of a RED payload (RFC 2198).
type Sound struct {
	Timestamp uint32
	Payload   []byte // a part of the payload given
	Copy      bool   // sent again, of an earlier packet
}

// SplitRED takes a RED payload with the timestamp of its packet apart, oldest
// first, the packet's own sound last, and returns how many it found. Empty
// blocks are left out: there was nothing to send again.
func SplitRED(payload []byte, timestamp uint32, dst *[codec.MaxBlocks]Sound) (int, error) {
	var blocks [codec.MaxBlocks]codec.Block
	n, err := codec.ParseRED(payload, &blocks)
	if err != nil {
		return 0, ErrMalformed
	}
	kept := 0
	for i, b := range blocks[:n] {
		if len(b.Payload) == 0 {
			continue
		}
		dst[kept] = Sound{Timestamp: timestamp - uint32(b.Offset), Payload: b.Payload, Copy: i < n-1}
		kept++
	}
	return kept, nil
}
