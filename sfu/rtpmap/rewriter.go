package rtpmap

import "time"

// Options of a Rewriter.
type Options struct {
	ClockRate uint32 // of the RTP timestamps, in Hz
	// History is how many packets Lookup and the late arrivals reach back,
	// rounded up to a power of two; 0 means 1024.
	History int
	// ClosePictures: pictures that were left out leave no hole in the picture
	// ids. Right for VP8, where a receiver takes a hole for a loss; wrong for
	// VP9 and AV1, whose references count in picture ids.
	ClosePictures bool
	// Audio: every packet is a frame, whatever its marker says, so padding may
	// go between any two.
	Audio bool
	// Seq and Timestamp of the first outgoing packet; random is best.
	Seq       uint16
	Timestamp uint32
}

// Rewriter numbers the packets of one outgoing track.
//
// The next number is always the incoming one plus offset; a packet left out
// lowers offset by one. Numbers that were skipped on the way in are promised:
// a late packet gets the number its place in the order calls for, which is why
// the offset of each recent incoming number is remembered.
type Rewriter struct {
	o        Options
	incoming []arrival
	outgoing []departure
	mask     uint64

	started, waiting bool // waiting: Switch was called, its Map was not
	source           uint32
	base, highest    uint64 // extended incoming numbers of this source
	suspect          uint16 // last number that was far outside the window
	suspected        bool

	offset  uint16
	shift   uint32 // added to timestamps
	picture uint16 // added to picture ids
	tl0     uint8  // added to TL0PICIDX

	lastSeq      uint16
	lastTime     uint32
	lastAt       time.Time // when lastTime was first sent
	lastPicture  uint16
	lastTL0      uint8
	hadPicture   bool
	hadTL0       bool
	midFrame     bool
	inTime       uint32 // incoming timestamp that lastTime came from
	newest       uint16 // newest incoming picture
	newestKnown  bool
	newestIsGone bool // it was left out
}

type state uint8

const (
	missing state = iota + 1
	forwarded
	dropped
)

// arrival is what was decided on one incoming number.
type arrival struct {
	ext     uint64
	out     uint16
	picture uint16
	state   state
}

// departure is what one outgoing number was used for.
type departure struct {
	Origin
	used bool
}

// New makes a Rewriter that waits for its first Switch.
func New(o Options) *Rewriter {
	n := 1
	if o.History == 0 {
		o.History = 1024
	}
	for n < o.History && n < 1<<14 {
		n <<= 1
	}
	return &Rewriter{
		o: o, incoming: make([]arrival, n), outgoing: make([]departure, n), mask: uint64(n - 1),
	}
}

// Map numbers a packet to be forwarded. ok is false when it must not be: a
// duplicate, older than memory, of another source than the current, or from
// before the last Switch.
func (r *Rewriter) Map(in Packet, now time.Time) (out Packet, ok bool) {
	if !r.started || in.Source != r.source {
		return Packet{}, false
	}
	ext, fresh, ok := r.place(in.Seq)
	if !ok {
		return Packet{}, false
	}
	slot := &r.incoming[ext&r.mask]
	if !fresh {
		slot.state = forwarded
		out = r.depart(in, slot)
		r.note(in, out, now)
		return out, true
	}
	if !r.waiting {
		r.steady(in.Timestamp, now)
	}
	r.waiting = false
	r.restorePicture(in)
	r.see(in, false)
	*slot = arrival{ext: ext, out: in.Seq + r.offset, picture: r.picture, state: forwarded}
	out = r.depart(in, slot)
	r.note(in, out, now)
	return out, true
}

// Drop notes a packet of the current source that is not forwarded, and closes
// its number. When its number was promised already (it came late, after its
// followers were sent), ok is true and hole must be sent as an empty padding
// packet, or the viewer asks for it again and again.
func (r *Rewriter) Drop(in Packet) (hole Packet, ok bool) {
	if !r.started || r.waiting || in.Source != r.source {
		return Packet{}, false
	}
	ext, fresh, ok := r.place(in.Seq)
	if !ok {
		return Packet{}, false
	}
	slot := &r.incoming[ext&r.mask]
	if !fresh {
		slot.state = dropped
		in.PictureBits, in.HasTL0, in.Marker = 0, false, false
		out := r.depart(in, slot)
		r.outgoing[uint64(out.Seq)&r.mask].Padding = true
		if int16(out.Seq-r.lastSeq) > 0 {
			r.lastSeq = out.Seq
		}
		return out, true
	}
	*slot = arrival{ext: ext, state: dropped}
	r.offset--
	if r.see(in, true) && r.o.ClosePictures {
		r.picture--
	}
	return Packet{}, false
}

// place finds where seq stands. fresh: it is the newest so far. ok is false if
// it is a duplicate, or too old.
func (r *Rewriter) place(seq uint16) (ext uint64, fresh, ok bool) {
	ext = r.highest + uint64(int64(int16(seq-uint16(r.highest))))
	if ext > r.highest {
		r.suspected = false
		r.promise(ext)
		r.highest = ext
		return ext, true, true
	}
	if r.highest-ext > r.mask {
		return r.restart(seq)
	}
	slot := &r.incoming[ext&r.mask]
	return ext, false, ext >= r.base && slot.ext == ext && slot.state == missing
}

// promise keeps the numbers between the newest packet and ext for packets that
// may come late. After a gap longer than half of memory they are not waited
// for, and the viewer sees none.
func (r *Rewriter) promise(ext uint64) {
	gap := ext - r.highest - 1
	if gap > r.mask/2 {
		r.base = ext
		r.offset -= uint16(gap)
		return
	}
	for e := r.highest + 1; e < ext; e++ {
		slot := &r.incoming[e&r.mask]
		*slot = arrival{ext: e, out: uint16(e) + r.offset, picture: r.picture, state: missing}
		// Told to Lookup too: the viewer may ask before the packet gets here,
		// and the cache may have it from a retransmission.
		r.remember(r.source, uint16(e), false, slot)
	}
}

// restart handles a number far behind the window: two in a row mean that the
// publisher began anew under the same SSRC (RFC 3550 A.1), one alone is stale.
func (r *Rewriter) restart(seq uint16) (ext uint64, fresh, ok bool) {
	if !r.suspected || seq != r.suspect+1 {
		r.suspect, r.suspected = seq, true
		return 0, false, false
	}
	next := r.next()
	r.rebase(seq)
	r.offset = next - seq
	ext = r.base
	r.highest = ext
	return ext, true, true
}

// rebase starts the extended numbers far above all remembered ones, so that
// old memories cannot be mistaken for new.
func (r *Rewriter) rebase(seq uint16) {
	r.base = (r.highest>>16+2)<<16 | uint64(seq)
	r.highest = r.base - 1
	r.suspected = false
}

// next is the outgoing number that follows all given or promised ones.
func (r *Rewriter) next() uint16 { return uint16(r.highest) + 1 + r.offset }

// depart applies the offsets and remembers the outgoing number.
func (r *Rewriter) depart(in Packet, slot *arrival) Packet {
	return r.remember(in.Source, in.Seq, in.Marker, slot).Apply(in)
}

// remember keeps what an outgoing number stands for.
func (r *Rewriter) remember(source uint32, seq uint16, marker bool, slot *arrival) *departure {
	d := &r.outgoing[uint64(slot.out)&r.mask]
	*d = departure{used: true, Origin: Origin{
		Source: source, Seq: seq, marker: marker,
		out: slot.out, timestamp: r.shift, picture: slot.picture, tl0: r.tl0,
	}}
	return d
}

// note remembers the highest numbers given. A late packet may hold them, when
// all that came before it was left out.
func (r *Rewriter) note(in, out Packet, now time.Time) {
	if int16(out.Seq-r.lastSeq) > 0 || r.lastAt.IsZero() {
		r.lastSeq, r.midFrame = out.Seq, !out.Marker
	}
	if int32(out.Timestamp-r.lastTime) > 0 || r.lastAt.IsZero() {
		r.lastTime, r.lastAt, r.inTime = out.Timestamp, now, in.Timestamp
	}
	if in.PictureBits > 0 && (!r.hadPicture || ahead(out.PictureID, r.lastPicture, in.PictureBits)) {
		r.lastPicture, r.hadPicture = out.PictureID, true
	}
	if in.HasTL0 && (!r.hadTL0 || int8(out.TL0-r.lastTL0) > 0) {
		r.lastTL0, r.hadTL0 = out.TL0, true
	}
}

// see notes the newest incoming picture; gone when it is left out. It tells
// whether the picture is new.
func (r *Rewriter) see(in Packet, gone bool) bool {
	if in.PictureBits == 0 || r.newestKnown && !ahead(in.PictureID, r.newest, in.PictureBits) {
		return false
	}
	r.newest, r.newestKnown, r.newestIsGone = in.PictureID, true, gone
	return true
}

// restorePicture gives a picture its id back whose start was left out and
// whose rest is forwarded after all.
func (r *Rewriter) restorePicture(in Packet) {
	if r.o.ClosePictures && in.PictureBits > 0 && r.newestIsGone && in.PictureID == r.newest {
		r.picture++
		r.newestIsGone = false
	}
}

// Lookup says what was sent as outSeq, if it is still remembered.
func (r *Rewriter) Lookup(outSeq uint16) (Origin, bool) {
	d := &r.outgoing[uint64(outSeq)&r.mask]
	if !d.used || d.out != outSeq || uint64(r.lastSeq-outSeq) > r.mask {
		return Origin{}, false
	}
	return d.Origin, true
}

// Pad takes the next number for a padding packet (a probe, or a keep-alive).
// ok is false in the middle of a frame, where padding would tear it.
func (r *Rewriter) Pad() (out Packet, ok bool) {
	if !r.started || r.waiting || r.midFrame && !r.o.Audio {
		return Packet{}, false
	}
	seq := r.next()
	r.offset++
	r.lastSeq = seq
	r.outgoing[uint64(seq)&r.mask] = departure{used: true, Origin: Origin{
		Source: r.source, out: seq, Padding: true,
	}}
	return Packet{Source: r.source, Seq: seq, Timestamp: r.lastTime}, true
}

// TimestampOffset is what is added to the current source's timestamps, for the
// sender reports to the viewer. ok is false before the first Switch.
func (r *Rewriter) TimestampOffset() (offset uint32, ok bool) { return r.shift, r.started }

// Last gives the highest sequence number and timestamp sent, and when; ok is
// false before the first packet.
func (r *Rewriter) Last() (seq uint16, timestamp uint32, at time.Time, ok bool) {
	return r.lastSeq, r.lastTime, r.lastAt, r.started && !r.lastAt.IsZero()
}

// ahead tells whether picture id a comes after b, in ids of the given width.
func ahead(a, b uint16, bits uint8) bool {
	d := wrapPicture(a-b, bits)
	return d != 0 && d < 1<<(bits-1)
}
