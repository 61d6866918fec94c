package rtpmap

import "time"

// Options of a Rewriter.
type Options struct {
	ClockRate uint32 // of the RTP timestamps, in Hz
	// History is how many outgoing packets Lookup remembers, rounded up to a
	// power of two; 0 means 1024.
	History int
	// ClosePictures: pictures that were left out leave no hole in the picture
	// ids. Right for VP8, where a receiver takes a hole for a loss; wrong for
	// VP9 and AV1, whose references count in picture ids.
	ClosePictures bool
	// Seq and Timestamp of the first outgoing packet; random is best.
	Seq       uint16
	Timestamp uint32
}

// Rewriter numbers the packets of one outgoing track.
type Rewriter struct{ o Options }

// New makes a Rewriter that waits for its first Switch.
func New(o Options) *Rewriter { return &Rewriter{o: o} }

// Switch makes in the first packet of what follows: another encoding, the same
// after a pause, or a restarted publisher. Packets of the former source, and
// those of the new one numbered before in, are dropped from now on. The next
// call must be Map(in).
//
// reference is in's timestamp expressed in the clock of the former source (see
// Clock.Convert); without one, or when it is off the wall clock by more than a
// second, the time elapsed since the last packet is used. The outgoing
// timestamp always advances.
func (r *Rewriter) Switch(in Packet, now time.Time, reference uint32, known bool) {}

// Map numbers a packet to be forwarded. ok is false when it must not be: a
// duplicate, older than memory, of another source than the current, or from
// before the last Switch.
func (r *Rewriter) Map(in Packet, now time.Time) (out Packet, ok bool) { return in, true }

// Drop notes a packet of the current source that is not forwarded, and closes
// its number. When its number was promised already (it came late, after its
// followers were sent), ok is true and hole must be sent as an empty padding
// packet, or the viewer asks for it again and again.
func (r *Rewriter) Drop(in Packet) (hole Packet, ok bool) { return Packet{}, false }

// Pad takes the next number for a padding packet (a probe, or a keep-alive).
// ok is false in the middle of a frame, where padding would tear it.
func (r *Rewriter) Pad() (out Packet, ok bool) { return Packet{}, false }

// Lookup says what was sent as outSeq, if it is still remembered.
func (r *Rewriter) Lookup(outSeq uint16) (Origin, bool) { return Origin{}, false }

// TimestampOffset is what is added to the current source's timestamps, for the
// sender reports to the viewer. ok is false before the first Switch.
func (r *Rewriter) TimestampOffset() (offset uint32, ok bool) { return 0, false }

// Last gives the highest sequence number and timestamp sent.
func (r *Rewriter) Last() (seq uint16, timestamp uint32, ok bool) { return 0, 0, false }
