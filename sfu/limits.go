package sfu

import (
	"errors"
	"time"
)

// Limits bound what one participant or room can cost. A zero field means its
// default.
type Limits struct {
	Rooms            int // rooms in the engine, default 2,000
	PeersPerRoom     int // default 50, and as many who may neither send nor receive; WHEP viewers count as ViewersPerRoom
	ViewersPerRoom   int // WHEP sessions in one room, default 200
	TracksPerPeer    int // sources a peer publishes, default 4
	SectionsPerOffer int // media sections in one offer, default 64
	VideoBitrate     int // bit/s accepted for one video track, all layers, default 8,000,000
	AudioBitrate     int // bit/s accepted for one audio track, default 512,000
	PacketRate       int // packets/s accepted for one track, default 3,000
	DataRate         int // bytes/s a peer may relay on data channels, default 64 KiB
	DataMessage      int // bytes of one relayed message, default 16 KiB
	OfferBytes       int // default 128 KiB
	PLIInterval      time.Duration
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	set(&l.Rooms, 2000)
	set(&l.PeersPerRoom, 50)
	set(&l.ViewersPerRoom, 200)
	set(&l.TracksPerPeer, 4)
	set(&l.SectionsPerOffer, 64)
	set(&l.VideoBitrate, 8_000_000)
	set(&l.AudioBitrate, 512_000)
	set(&l.PacketRate, 3000)
	set(&l.DataRate, 64<<10)
	set(&l.DataMessage, 16<<10)
	set(&l.OfferBytes, 128<<10)
	if l.PLIInterval <= 0 {
		l.PLIInterval = 500 * time.Millisecond
	}
	return l
}

// Errors a caller can act on. They are wrapped with what was asked.
var (
	ErrClosed    = errors.New("sfu: closed")
	ErrRoomFull  = errors.New("sfu: room is full")
	ErrExhausted = errors.New("sfu: no more rooms or tracks")
	ErrDuplicate = errors.New("sfu: peer id is taken")
	ErrBadOffer  = errors.New("sfu: offer refused")
	ErrNotFound  = errors.New("sfu: not found")
)
