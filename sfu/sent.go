package sfu

import (
	"sync/atomic"
	"time"
)

// wireOverhead is what a packet has on the wire besides RTP: IPv4, UDP and the
// AEAD tag.
const wireOverhead = 20 + 8 + 16

// sentRing remembers when packets left and how large, by transport-wide
// number, until feedback asks for it. Many publishers' goroutines add to one
// viewer's ring, so it has no lock: a slot is one atomic word.
type sentRing struct {
	next  atomic.Uint32
	slots [4096]atomic.Uint64 // 48 bits microseconds, 16 bits size; 0 is empty
	read  uint32              // of the reader: numbers below are drained
}

// add takes the next number for a packet of size bytes.
func (r *sentRing) add(size int, at time.Duration) uint16 {
	seq := r.next.Add(1) - 1
	r.slots[seq%uint32(len(r.slots))].Store(uint64(at/time.Microsecond)<<16 | uint64(uint16(size)))
	return uint16(seq)
}

// drain calls f for every packet sent since the last drain, in order. It
// belongs to one goroutine.
func (r *sentRing) drain(f func(seq uint16, size int, at time.Duration)) {
	next := r.next.Load()
	if next-r.read > uint32(len(r.slots)) {
		r.read = next - uint32(len(r.slots))
	}
	for ; r.read != next; r.read++ {
		// A number that was taken a moment ago may not be filled in yet. Its
		// packet is not acknowledged either.
		if v := r.slots[r.read%uint32(len(r.slots))].Swap(0); v != 0 {
			f(uint16(r.read), int(v&0xffff), time.Duration(v>>16)*time.Microsecond)
		}
	}
}
