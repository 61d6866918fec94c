// Package rtpmap renumbers the packets one viewer gets, so that what the
// viewer sees is one unbroken stream: sequence numbers without holes where we
// chose not to forward, timestamps and picture ids that go on over layer
// switches, pauses and publishers that start anew.
//
// A Rewriter belongs to one outgoing track and is used under its lock; it has
// none itself, keeps no packet and allocates nothing after New.
package rtpmap

// Packet is the numbering of one RTP packet, before or after the rewrite.
type Packet struct {
	Source    uint32 // which incoming encoding: its SSRC, or any number for it
	Seq       uint16
	Timestamp uint32
	Marker    bool

	// PictureBits is the width of PictureID: 0 (none), 7, 15 or 16; see
	// codec.Frame. The 16 bit kind is the frame number of AV1.
	PictureBits uint8
	PictureID   uint16
	HasTL0      bool
	TL0         uint8
}

// Origin says which incoming packet an outgoing sequence number stands for.
type Origin struct {
	Source uint32
	Seq    uint16
	// Padding: the number was used for a packet without media; answer a NACK
	// for it with an empty padding packet.
	Padding bool

	marker    bool
	out       uint16
	timestamp uint32
	picture   uint16
	tl0       uint8
}

// Apply renumbers a packet read again from the cache exactly as it was
// renumbered when it was first sent.
func (o Origin) Apply(in Packet) Packet {
	in.Seq = o.out
	in.Timestamp += o.timestamp
	in.Marker = in.Marker || o.marker
	in.PictureID = wrapPicture(in.PictureID+o.picture, in.PictureBits)
	in.TL0 += o.tl0
	return in
}

func wrapPicture(id uint16, bits uint8) uint16 {
	return id & uint16(uint32(1)<<bits-1)
}
