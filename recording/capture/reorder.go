package capture

import (
	"time"

	"mentara/sfu"
	"mentara/sfu/codec"
)

// item is one packet that has its moment.
type item struct {
	number        int64 // extended sequence number; 0 is an empty place
	ts            uint32
	pts           time.Duration
	codec         codec.Codec
	marker, key   bool
	width, height int
	arrival       time.Time
	data          []byte // of a stored one its own, used again
}

// How many packets may wait for one that is missing: more than a second of a
// publisher's allowance of video in large packets, and of sound.
const (
	videoPlaces = 1024
	audioPlaces = 64
	maxPayload  = 8 << 10
)

// queue puts the packets of one stream in order. In the usual case, each in its
// turn, none is stored.
type queue struct {
	stream uint32 // 0 is none
	next   int64  // extended number of the packet to take
	high   int64  // highest seen
	stored int
	newest time.Time // arrival
	places []item
}

// What is to be done with a packet.
type order uint8

const (
	inOrder order = iota
	early         // after one that is missing
	jump          // so far off that the numbering is another
	past
)

func (q *queue) init(video bool) {
	q.places = make([]item, audioPlaces)
	if video {
		q.places = make([]item, videoPlaces)
	}
}

// begin starts with the packet of that number.
func (q *queue) begin(stream uint32, seq uint16) {
	q.stream = stream
	q.next = (max(q.high, 0)>>16+2)<<16 | int64(seq)
	q.high = q.next - 1
}

func (q *queue) begun() bool { return q.stream != 0 }

// end forgets the stream. Nothing is stored then.
func (q *queue) end() { q.stream = 0 }

func (q *queue) number(seq uint16) int64 { return q.high + int64(int16(seq-uint16(q.high))) }

func (q *queue) place(seq uint16) order {
	n := q.number(seq)
	switch {
	case n-q.next >= int64(len(q.places)):
		return jump
	case n < q.next-int64(videoPlaces):
		return jump // the SFU passes on only numbers that follow each other
	case n < q.next:
		return past
	}
	q.high = max(q.high, n)
	if n == q.next && q.stored == 0 {
		return inOrder
	}
	return early
}

// store keeps a packet until its turn.
func (q *queue) store(p *sfu.TapPacket, pts time.Duration) {
	n := q.number(p.Seq)
	it := &q.places[n%int64(len(q.places))]
	if it.number == n || len(p.Payload) > maxPayload {
		return
	}
	q.high = max(q.high, n)
	q.stored++
	*it = item{
		number: n, ts: p.Timestamp, pts: pts, codec: p.Codec, marker: p.Marker, key: p.Keyframe,
		width: p.Width, height: p.Height, arrival: p.Arrival, data: append(it.data[:0], p.Payload...),
	}
}

// front is the packet whose turn it is, nil if it is missing.
func (q *queue) front() *item {
	if it := &q.places[q.next%int64(len(q.places))]; it.number == q.next {
		return it
	}
	return nil
}

// drop frees the front.
func (q *queue) drop() {
	q.places[q.next%int64(len(q.places))].number = 0
	q.next++
	q.stored--
}

// behind is the first packet after the missing ones. Something is stored.
func (q *queue) behind() *item {
	for n := q.next; ; n++ {
		if it := &q.places[n%int64(len(q.places))]; it.number == n {
			return it
		}
	}
}

// skip gives the missing packets up, and tells how many.
func (q *queue) skip() (n int64) {
	before := q.next
	q.next = q.behind().number
	return q.next - before
}
