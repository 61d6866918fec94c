package crowd

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// A camera of 1280×720 at 30 frames and 1.5 Mbit/s: a key frame of 45 kB every
// 2 s or when asked for, 5.6 kB for the others. Packets leave at 2.5 times the
// rate at most, as libwebrtc paces them.
const (
	frameEvery    = time.Second / 30
	keyEvery      = 60 // frames
	keyBytes      = 45_000
	deltaBytes    = 5_600
	packetBytes   = 1_200 // payload at most
	pacedBytes    = 2.5 * 1_500_000 / 8
	tick          = 5 * time.Millisecond
	soundEvery    = 20 * time.Millisecond
	soundBytes    = 80 // 32 kbit/s
	frameTicks    = 90_000 / 30
	soundTicks    = 48_000 / 50
	stampBytes    = 12
	width, height = 1280, 720
)

// source is one track being sent.
type source struct {
	track *webrtc.TrackLocalStaticRTP
	start time.Time     // stamps count from here
	next  atomic.Uint32 // number of the next packet

	seq uint16
	pkt rtp.Packet
}

// send sends a payload whose last stampBytes are free for the stamp.
func (s *source) send(payload []byte, ts uint32, marker bool) {
	n := s.next.Load()
	at := len(payload) - stampBytes
	binary.BigEndian.PutUint32(payload[at:], n)
	binary.BigEndian.PutUint64(payload[at+4:], uint64(time.Since(s.start)))
	s.pkt.Header = rtp.Header{Version: 2, SequenceNumber: s.seq, Timestamp: ts, Marker: marker}
	s.pkt.Payload = payload
	s.seq++
	_ = s.track.WriteRTP(&s.pkt) // an unconnected track swallows it
	s.next.Store(n + 1)
}

// publisher is one WHIP client.
type publisher struct {
	c              *crowd
	call           call
	room, identity string
	camera         *source
	microphone     *source // nil without sound

	key  atomic.Bool // a key frame is wanted
	stop chan struct{}
	wg   sync.WaitGroup
}

func newPublisher(c *crowd, room, identity string) *publisher {
	p := &publisher{c: c, call: call{c: c}, room: room, identity: identity, stop: make(chan struct{})}
	p.camera = &source{start: c.start}
	if c.plan.Sound {
		p.microphone = &source{start: c.start}
	}
	return p
}

func (p *publisher) sources() []*source {
	if p.microphone == nil {
		return []*source{p.camera}
	}
	return []*source{p.camera, p.microphone}
}

// dial connects and starts to send.
func (p *publisher) dial(ctx context.Context) (err error) {
	token, err := p.c.target.Token(p.room, p.identity, true)
	if err != nil {
		return err
	}
	if p.call.pc, err = p.c.ends.connection(true); err != nil {
		return err
	}
	connected := make(chan error, 1)
	p.call.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			settle(connected, nil)
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			settle(connected, errEnded)
		}
	})
	for i, s := range p.sources() {
		kind := []webrtc.RTPCodecCapability{vp8, opus}[i]
		if s.track, err = webrtc.NewTrackLocalStaticRTP(kind, []string{"video", "audio"}[i], "self"); err != nil {
			return err
		}
		tr, err := p.call.pc.AddTransceiverFromTrack(s.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return err
		}
		p.wg.Go(func() { p.feedback(tr.Sender()) })
	}
	if err := p.call.open(ctx, p.room, "whip", token); err != nil {
		return err
	}
	select {
	case err = <-connected:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		p.wg.Go(p.run)
	}
	return err
}

// settle leaves a result for who waits; the first one counts.
func settle(result chan error, err error) {
	select {
	case result <- err:
	default:
	}
}

// feedback hears what the server wants until the connection closes. Reading is
// also what lets the responder see requests for lost packets.
func (p *publisher) feedback(s *webrtc.RTPSender) {
	for {
		pkts, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, pkt := range pkts {
			switch pkt.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.key.Store(true)
			}
		}
	}
}

// run sends until close. When the machine is late it catches up: the load is
// the same on a slow one.
func (p *publisher) run() {
	t := time.NewTicker(tick)
	defer t.Stop()
	var v camera
	var sound [soundBytes + stampBytes]byte
	sound[0] = 0x78 // SILK-only wideband, one frame of 20 ms (RFC 6716 §3.1)
	began := time.Now()
	frames, sounds, last := time.Duration(0), time.Duration(0), began
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
		}
		now := time.Now()
		for ; frames*frameEvery <= now.Sub(began); frames++ {
			v.encode(p.key.Swap(false))
		}
		v.pace(p.camera, now.Sub(last))
		last = now
		for ; p.microphone != nil && sounds*soundEvery <= now.Sub(began); sounds++ {
			p.microphone.send(sound[:], uint32(sounds)*soundTicks, false)
		}
	}
}

// close hangs up and awaits what the publisher started.
func (p *publisher) close(ctx context.Context) {
	close(p.stop)
	p.call.hangUp(ctx)
	p.wg.Wait()
}

// camera makes VP8 frames that no decoder will see.
type camera struct {
	queue    []piece
	credit   float64 // bytes that may leave now
	frame    uint32
	sinceKey int
	tl0      uint8
}

// piece is one packet to be.
type piece struct {
	payload [packetBytes]byte
	size    int
	ts      uint32
	last    bool
}

// encode appends the next frame to the queue, in packets of equal size.
func (v *camera) encode(key bool) {
	key = key || v.frame == 0 || v.sinceKey >= keyEvery
	size := deltaBytes
	v.sinceKey++
	if key {
		size, v.sinceKey = keyBytes, 1
	}
	v.tl0++
	const head = 16 // descriptor and VP8 header of the first packet
	n := (size + packetBytes - head - 1) / (packetBytes - head)
	for i := range n {
		var c piece
		c.size = head + size/n
		v.describe(c.payload[:], i == 0, key)
		c.ts, c.last = v.frame*frameTicks, i == n-1
		v.queue = append(v.queue, c)
	}
	v.frame++
}

// describe writes the payload descriptor of RFC 7741 §4.2 (15 bit picture id,
// TL0PICIDX, temporal layer 0) and the frame header of RFC 6386 §9.1.
func (v *camera) describe(b []byte, first, key bool) {
	picture := v.frame & 0x7fff
	copy(b, []byte{0x80, 0xe0, 0x80 | byte(picture>>8), byte(picture), v.tl0, 0})
	if !first {
		return
	}
	b[0] |= 0x10
	if !key {
		b[6] = 0x11
		return
	}
	copy(b[6:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, width & 0xff, width >> 8, height & 0xff, height >> 8})
}

// pace sends what may leave after that much more time.
func (v *camera) pace(s *source, since time.Duration) {
	v.credit = min(v.credit+pacedBytes*since.Seconds(), keyBytes)
	sent := 0
	for sent < len(v.queue) && v.credit > 0 {
		c := &v.queue[sent]
		s.send(c.payload[:c.size], c.ts, c.last)
		v.credit -= float64(c.size)
		sent++
	}
	v.queue = append(v.queue[:0], v.queue[sent:]...)
	if len(v.queue) == 0 {
		v.credit = min(v.credit, 0)
	}
}
