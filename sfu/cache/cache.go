// Package cache keeps the last packets of one encoding, for retransmission.
// The memory is taken once and never grows.
package cache

import "sync"

// Slot counts and the largest packet a slot holds, in bytes.
const (
	VideoSlots = 512
	AudioSlots = 64
	PacketSize = 1500
)

// Ring holds the newest packets by sequence number. It is safe for concurrent
// use: one reader goroutine puts, those that answer NACKs get.
type Ring struct {
	mu      sync.Mutex
	slots   []slot
	slab    []byte
	mask    uint64
	highest uint64 // extended sequence number of the newest packet
	started bool
}

type slot struct {
	seq uint64 // extended, plus one; 0 is empty
	n   int
}

// New makes a ring of at least the given number of slots (rounded up to a
// power of two), each of PacketSize bytes.
func New(slots int) *Ring {
	n := 1
	for n < slots {
		n <<= 1
	}
	return &Ring{slots: make([]slot, n), slab: make([]byte, n*PacketSize), mask: uint64(n - 1)}
}

// Put copies packet under seq. It refuses, with false, a packet that is larger
// than a slot, older than all slots, or held already.
func (r *Ring) Put(seq uint16, packet []byte) bool {
	if len(packet) > PacketSize {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		// Half a circle up, so that earlier packets still have a number.
		r.started, r.highest = true, 1<<16|uint64(seq)
	}
	ext := r.extend(seq)
	if ext > r.highest {
		r.highest = ext
	} else if r.highest-ext > r.mask {
		return false
	}
	s := &r.slots[ext&r.mask]
	if s.seq == ext+1 {
		return false
	}
	s.seq, s.n = ext+1, copy(r.slab[(ext&r.mask)*PacketSize:][:PacketSize], packet)
	return true
}

// Get copies the packet of seq to dst and returns its length. ok is false when
// the packet is not held, or dst is too small for it.
func (r *Ring) Get(seq uint16, dst []byte) (n int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		return 0, false
	}
	ext := r.extend(seq)
	s := &r.slots[ext&r.mask]
	if s.seq != ext+1 || len(dst) < s.n {
		return 0, false
	}
	return copy(dst, r.slab[(ext&r.mask)*PacketSize:][:s.n]), true
}

// Reset forgets all packets, for a publisher that begins a new sequence.
func (r *Ring) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.slots)
	r.started, r.highest = false, 0
}

// extend finds the 64-bit number nearest to the newest packet.
func (r *Ring) extend(seq uint16) uint64 {
	return r.highest + uint64(int64(int16(seq-uint16(r.highest))))
}
