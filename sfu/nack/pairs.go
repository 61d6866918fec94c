package nack

import "github.com/pion/rtcp"

// Pairs packs sequence numbers in rising order into NACK pairs (RFC 4585
// section 6.2.1), appended to dst: one per run that fits in 17 numbers.
func Pairs(dst []rtcp.NackPair, seqs []uint16) []rtcp.NackPair {
	for i := 0; i < len(seqs); {
		p := rtcp.NackPair{PacketID: seqs[i]}
		for i++; i < len(seqs) && seqs[i]-p.PacketID-1 < 16; i++ {
			p.LostPackets |= 1 << (seqs[i] - p.PacketID - 1)
		}
		dst = append(dst, p)
	}
	return dst
}
