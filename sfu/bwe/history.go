package bwe

import "time"

// historySize is how many sent packets are remembered: two seconds at
// 20 Mbit/s of full packets.
const historySize = 4096

// sent is what is known of one packet on its way.
type sent struct {
	ext   uint64 // extended transport-wide number, plus one; 0 is empty
	at    time.Duration
	size  int32
	probe uint8
	acked bool
	lost  bool // reported missing, so far
}

// history remembers sent packets by transport-wide sequence number.
type history struct {
	ring    [historySize]sent
	highest uint64
	started bool
}

func (h *history) extend(seq uint16) uint64 {
	return h.highest + uint64(int64(int16(seq-uint16(h.highest))))
}

// add takes a packet in the order of sending.
func (h *history) add(seq uint16, p sent) {
	if !h.started {
		h.started, h.highest = true, 1<<16|uint64(seq)
	}
	ext := h.extend(seq)
	if ext > h.highest {
		h.highest = ext
	}
	p.ext = ext + 1
	h.ring[ext%historySize] = p
}

// get finds a packet; nil if it was never sent or is forgotten.
func (h *history) get(ext uint64) *sent {
	if p := &h.ring[ext%historySize]; p.ext == ext+1 {
		return p
	}
	return nil
}

// Rates are counted in buckets of bucketTime over rateWindow.
const (
	bucketTime = 20 * time.Millisecond
	buckets    = 32
	rateWindow = 500 * time.Millisecond
)

// meter counts bytes over the last half second of a time that only advances.
type meter struct {
	bytes  [buckets]int
	newest int64 // bucket number
	first  int64
	began  bool
}

func (m *meter) add(at time.Duration, bytes int) {
	if at < 0 {
		return // only a forged report dates before its clock began
	}
	n := int64(at / bucketTime)
	if !m.began {
		m.began, m.newest, m.first = true, n, n
	}
	m.advance(n)
	if n > m.newest-buckets {
		m.bytes[n%buckets] += bytes
	}
}

func (m *meter) advance(n int64) {
	if n-m.newest >= buckets {
		m.bytes, m.newest = [buckets]int{}, n
	}
	for m.newest < n {
		m.newest++
		m.bytes[m.newest%buckets] = 0
	}
}

// rate is the bits per second over the given window up to the newest bucket,
// which is not counted as it is still filling; 0 while too little is known.
func (m *meter) rate(window time.Duration) int {
	n := min(int64(window/bucketTime), m.newest-m.first)
	if !m.began || n < 5 {
		return 0
	}
	total := 0
	for i := int64(1); i <= n && m.newest-i >= 0; i++ {
		total += m.bytes[(m.newest-i)%buckets]
	}
	return int(int64(total) * 8 * int64(time.Second) / (n * int64(bucketTime)))
}
