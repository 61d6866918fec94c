package sfutest

import (
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// Receiver counts what comes in on one media section.
type Receiver struct {
	Mid   string
	track *webrtc.TrackRemote
	pc    *webrtc.PeerConnection

	mu sync.Mutex
	s  Counts
	// extended sequence numbers seen, for gaps that repairs filled later
	base, highest uint64
	started       bool
	seen          map[uint64]bool
	lastTS        uint32
	lastPicture   uint16
	hadPicture    bool
}

// Counts is what a receiver has seen.
type Counts struct {
	Packets, Frames, Keyframes int
	Bytes                      int
	Missing                    int // sequence numbers never seen, older than the newest
	Duplicates                 int
	Backward                   int // timestamps that went back on a new frame
	PictureGaps                int // picture ids left out between frames in order
	Rid                        string
	Last                       Seen
	Switches                   int
	FirstAt, LastAt            time.Time
	LongestGap                 time.Duration // between frames
}

func (b *Bot) onTrack(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	mid := r.RTPTransceiver().Mid()
	b.mu.Lock()
	rec := b.receiverLocked(mid)
	b.wg.Add(1)
	b.mu.Unlock()
	rec.track, rec.pc = t, b.pc
	go func() {
		defer b.wg.Done()
		h264 := strings.EqualFold(t.Codec().MimeType, webrtc.MimeTypeH264)
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			rec.take(p.SequenceNumber, p.Timestamp, p.Payload, t.Kind() == webrtc.RTPCodecTypeVideo, h264)
		}
	}()
}

func (b *Bot) receiverLocked(mid string) *Receiver {
	r := b.recv[mid]
	if r == nil {
		r = &Receiver{Mid: mid, seen: map[uint64]bool{}}
		b.recv[mid] = r
	}
	return r
}

// Receiver of a media section; it exists before media does.
func (b *Bot) Receiver(mid string) *Receiver {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.receiverLocked(mid)
}

// Received adds up all sections.
func (b *Bot) Received() (packets, missing int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.recv {
		c := r.Counts()
		packets += c.Packets
		missing += c.Missing
	}
	return packets, missing
}

// AskKeyframe sends a PLI, as a browser that lost too much does.
func (r *Receiver) AskKeyframe() error {
	r.mu.Lock()
	t := r.track
	r.mu.Unlock()
	if t == nil {
		return nil
	}
	return r.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.SSRC())}})
}

func (r *Receiver) take(seq uint16, ts uint32, payload []byte, video, h264 bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		r.started, r.base = true, 1<<16|uint64(seq)
		r.highest = r.base
		r.s.FirstAt = now
	}
	ext := r.highest + uint64(int64(int16(seq-uint16(r.highest))))
	if r.seen[ext] {
		r.s.Duplicates++
		return
	}
	r.seen[ext] = true
	fresh := ext >= r.highest
	r.highest = max(r.highest, ext)
	r.s.Packets++
	r.s.Bytes += len(payload)
	if len(payload) == 0 {
		return // padding
	}
	if !video || h264 {
		r.s.LastAt = now
		if h264 && len(payload) > 2 && payload[1]&0x80 != 0 {
			r.s.Frames++
		}
		return
	}
	s, picture, start := parseVP8(payload)
	if !start {
		return
	}
	r.s.Frames++
	if s.Key {
		r.s.Keyframes++
	}
	if fresh {
		r.inOrder(s, ts, picture, now)
	}
}

// inOrder checks the numbers of a frame that came after the ones before it.
func (r *Receiver) inOrder(s Seen, ts uint32, picture uint16, now time.Time) {
	if r.hadPicture {
		if int32(ts-r.lastTS) <= 0 {
			r.s.Backward++
		}
		if (picture-r.lastPicture)&0x7fff != 1 {
			r.s.PictureGaps++
		}
		if s.Rid != r.s.Rid {
			r.s.Switches++
		}
		r.s.LongestGap = max(r.s.LongestGap, now.Sub(r.s.LastAt))
	}
	r.lastTS, r.lastPicture, r.hadPicture = ts, picture, true
	r.s.Rid, r.s.Last, r.s.LastAt = s.Rid, s, now
}

// Counts so far.
func (r *Receiver) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.s
	if r.started {
		for e := r.base; e < r.highest; e++ {
			if !r.seen[e] {
				c.Missing++
			}
		}
	}
	return c
}

// ForgetGaps starts the longest gap anew.
func (r *Receiver) ForgetGaps() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.LongestGap, r.s.LastAt = 0, time.Now()
}
