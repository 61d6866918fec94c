package crowd

import (
	"context"
	"encoding/binary"
	"math/bits"
	"net/url"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// viewer is one WHEP client.
type viewer struct {
	c            *crowd
	call         call
	of           *publisher
	identity     string
	video, sound *feed // sound is nil without
}

func newViewer(c *crowd, of *publisher, identity string) *viewer {
	v := &viewer{c: c, call: call{c: c}, of: of, identity: identity, video: newFeed(c, of.camera)}
	if of.microphone != nil {
		v.sound = newFeed(c, of.microphone)
	}
	return v
}

func (v *viewer) feeds() []*feed {
	if v.sound == nil {
		return []*feed{v.video}
	}
	return []*feed{v.video, v.sound}
}

// dial asks for the publisher's media. It comes when it comes: see feed.flowing.
func (v *viewer) dial(ctx context.Context) (err error) {
	token, err := v.c.target.Token(v.of.room, v.identity, false)
	if err != nil {
		return err
	}
	if v.call.pc, err = v.c.ends.connection(false); err != nil {
		return err
	}
	v.call.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			v.video.read(t)
		} else if v.sound != nil {
			v.sound.read(t)
		}
	})
	for i := range v.feeds() {
		kind := []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio}[i]
		init := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		if _, err := v.call.pc.AddTransceiverFromKind(kind, init); err != nil {
			return err
		}
	}
	return v.call.open(ctx, v.of.room, "whep?participant="+url.QueryEscape(v.of.identity), token)
}

// feed counts what one viewer has of one source.
type feed struct {
	c       *crowd
	of      *source
	flowing chan struct{} // closed by the first packet

	mu    sync.Mutex
	seen  []uint64 // a bit for each number
	bytes uint64   // while it is measured
	delay delays   // while it is measured
}

func newFeed(c *crowd, of *source) *feed {
	return &feed{c: c, of: of, flowing: make(chan struct{})}
}

// read counts until the track ends, which it does with its connection.
func (f *feed) read(t *webrtc.TrackRemote) {
	buf := make([]byte, 1500)
	var h rtp.Header
	for first := true; ; {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if f.take(&h, buf[:n], time.Since(f.of.start)) && first {
			first = false
			close(f.flowing)
		}
	}
}

// take notes one packet that arrived at now; it reports whether it was one of
// the source's.
func (f *feed) take(h *rtp.Header, raw []byte, now time.Duration) bool {
	at, err := h.Unmarshal(raw)
	if err != nil {
		return false
	}
	end := len(raw)
	if h.Padding {
		end -= int(raw[end-1])
	}
	if end-at < stampBytes {
		return false // padding alone
	}
	stamp := raw[end-stampBytes : end]
	f.note(binary.BigEndian.Uint32(stamp), len(raw), now-time.Duration(binary.BigEndian.Uint64(stamp[4:])))
	return true
}

// maxNumber bounds what a feed remembers: an hour of the fastest source.
const maxNumber = 1 << 20

func (f *feed) note(number uint32, size int, delay time.Duration) {
	if number >= maxNumber {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for int(number/64) >= len(f.seen) {
		f.seen = append(f.seen, 0)
	}
	bit := uint64(1) << (number % 64)
	if f.seen[number/64]&bit != 0 {
		return
	}
	f.seen[number/64] |= bit
	if f.c.measuring.Load() {
		f.bytes += uint64(size)
		f.delay.add(delay)
	}
}

// had is how many of the packets numbered from (included) to (not) arrived.
func (f *feed) had(from, to uint32) (n uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := from; i < to && int(i/64) < len(f.seen); i++ {
		n += f.seen[i/64] >> (i % 64) & 1
	}
	return n
}

// delays is a histogram of steps of a sixteenth: good to 6 %.
type delays [16 * 40]uint32

func (d *delays) add(v time.Duration) {
	us := max(uint64(1), uint64(max(0, v/time.Microsecond)))
	shift := max(0, bits.Len64(us)-5) // us>>shift is under 32
	d[min(16*shift+int(us>>shift), len(d)-1)]++
}

// quantile is the delay that a share q of all did not exceed, rounded up to the
// end of its step.
func (d *delays) quantile(q float64) time.Duration {
	var all, sum uint64
	for _, n := range d {
		all += uint64(n)
	}
	for i, n := range d {
		sum += uint64(n)
		if n > 0 && float64(sum) >= q*float64(all) {
			shift := max(0, i/16-1)
			return time.Duration(uint64(i-16*shift+1)<<shift-1) * time.Microsecond
		}
	}
	return 0
}
