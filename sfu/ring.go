package sfu

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"mentara/sfu/codec"
)

// byteRing carries packets from one goroutine to another without a lock and
// without allocating: each is copied in once, and read in place. A record that
// does not fit is refused.
type byteRing struct {
	b    []byte // its length is a power of two
	_    [64]byte
	head atomic.Uint64 // bytes ever written; the writer's
	_    [64]byte
	tail atomic.Uint64 // bytes ever read; the reader's
	_    [64]byte
	read uint64 // where the record being read ends; the reader's
}

// tapHeader precedes a packet in the ring.
type tapHeader struct {
	stream, rate, ts   uint32
	seq, width, height uint16
	index              int8
	codec              codec.Codec
	level, flags       uint8
	lost               int64 // packets refused since the last record
	arrival            time.Duration
}

const tapHeaderSize = 40

const (
	tapMarker uint8 = 1 << iota
	tapKeyframe
	tapStart
	tapResumed
	tapLevel
)

func (h *tapHeader) set(flag uint8, on bool) {
	if on {
		h.flags |= flag
	}
}

func (h *tapHeader) has(flag uint8) bool { return h.flags&flag != 0 }

func newByteRing(size int) byteRing { return byteRing{b: make([]byte, size)} }

// recordSize is a record with its length before it, in steps of eight so that
// the rest of the ring always has room for a length.
func recordSize(payload int) uint64 { return uint64(4+tapHeaderSize+payload+7) &^ 7 }

// write appends a record and tells how many bytes are in use. A record lies in
// one piece: what is left before the end is skipped when it is too short,
// which a length of 0 says.
func (r *byteRing) write(h *tapHeader, payload []byte) (used int, ok bool) {
	head, tail, size := r.head.Load(), r.tail.Load(), uint64(len(r.b))
	need, at := recordSize(len(payload)), head&(size-1)
	var skip uint64
	if at+need > size {
		skip = size - at
	}
	if head+skip+need-tail > size {
		return int(head - tail), false
	}
	if skip > 0 {
		binary.LittleEndian.PutUint32(r.b[at:], 0)
		at = 0
	}
	b := r.b[at : at+need]
	le := binary.LittleEndian
	le.PutUint32(b, uint32(len(payload))+1)
	le.PutUint32(b[4:], h.stream)
	le.PutUint32(b[8:], h.rate)
	le.PutUint32(b[12:], h.ts)
	le.PutUint16(b[16:], h.seq)
	le.PutUint16(b[18:], h.width)
	le.PutUint16(b[20:], h.height)
	b[22], b[23], b[24], b[25] = byte(h.index), byte(h.codec), h.level, h.flags
	le.PutUint64(b[28:], uint64(h.lost))
	le.PutUint64(b[36:], uint64(h.arrival))
	copy(b[4+tapHeaderSize:], payload)
	r.head.Store(head + skip + need)
	return int(head + skip + need - tail), true
}

// next reads the record at the front. Its payload is valid until free.
func (r *byteRing) next(h *tapHeader) (payload []byte, ok bool) {
	head, tail, size := r.head.Load(), r.tail.Load(), uint64(len(r.b))
	if head == tail {
		return nil, false
	}
	le := binary.LittleEndian
	at := tail & (size - 1)
	n := le.Uint32(r.b[at:])
	if n == 0 {
		tail += size - at
		at = 0
		n = le.Uint32(r.b)
	}
	n--
	b := r.b[at:]
	*h = tapHeader{
		stream: le.Uint32(b[4:]), rate: le.Uint32(b[8:]), ts: le.Uint32(b[12:]),
		seq: le.Uint16(b[16:]), width: le.Uint16(b[18:]), height: le.Uint16(b[20:]),
		index: int8(b[22]), codec: codec.Codec(b[23]), level: b[24], flags: b[25],
		lost: int64(le.Uint64(b[28:])), arrival: time.Duration(le.Uint64(b[36:])),
	}
	r.read = tail + recordSize(int(n))
	return b[4+tapHeaderSize : 4+tapHeaderSize+n], true
}

// free gives the record that next read back to the writer.
func (r *byteRing) free() { r.tail.Store(r.read) }
