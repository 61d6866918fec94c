package sfu

import (
	"cmp"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/transport/v5/packetio"
)

// How often what arrived is told to the sender. Both are driven by arriving
// packets: when nothing arrives there is nothing to tell.
const (
	feedbackInterval = 50 * time.Millisecond
	nackInterval     = 10 * time.Millisecond
	maxStreams       = 64 // SSRCs of one connection, repairs included
	probePackets     = 6  // kept for pion to look at, see buffer.Read
)

// buffer is what pion's SRTP and SRTCP sessions write decrypted packets to. We
// work in that Write, in the session's own goroutine: the usual way (a queue,
// then TrackRemote.Read in a goroutine per encoding, and one more per sender
// for RTCP) costs a copy and a wake-up for every packet, which in a call of
// two is most of what a packet costs.
//
// All RTP of a connection is written by one goroutine, so the state of ingest
// needs no lock.
type buffer struct {
	c    *conn
	ssrc uint32
	rtcp bool

	// Of the RTP goroutine.
	from    *layout   // that encoding and repair were resolved with
	enc     *encoding // nil until known
	repairs bool

	mu     sync.Mutex
	ready  sync.Cond
	probe  [][]byte
	kept   int
	closed bool
}

func (c *conn) newBuffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	b := &buffer{c: c, ssrc: ssrc, rtcp: kind == packetio.RTCPBufferPacket}
	b.ready.L = &b.mu
	return b
}

// Write takes one packet. A panic in here must cost the one who sent the
// packet, not everyone.
func (b *buffer) Write(p []byte) (int, error) {
	defer b.c.cutOff()
	if b.rtcp {
		b.c.receiveRTCP(b.ssrc, p)
	} else {
		b.keep(p)
		b.c.receiveRTP(b, p)
	}
	return len(p), nil
}

// keep saves the first packets of a stream for pion, which reads them to find
// out which section an undeclared SSRC belongs to. We find that out ourselves,
// but pion complains and forgets the stream if it cannot.
func (b *buffer) keep(p []byte) {
	if b.kept >= probePackets {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept++
	b.probe = append(b.probe, append([]byte(nil), p...))
	b.ready.Signal()
}

// Read is for pion's own look at the first packets. After those it ends, so
// that no goroutine waits on it.
func (b *buffer) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.probe) == 0 {
		if b.closed || b.kept >= probePackets || b.rtcp {
			return 0, io.EOF
		}
		b.ready.Wait()
	}
	n := copy(p, b.probe[0])
	b.probe = b.probe[1:]
	return n, nil
}

func (b *buffer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.probe = true, nil
	b.ready.Broadcast()
	return nil
}

// receiveRTP is the way of one packet in.
func (c *conn) receiveRTP(b *buffer, raw []byte) {
	now := time.Now()
	p := &c.in.packet
	if err := p.parse(raw); err != nil {
		c.in.malformed++
		c.engine.count.dropped.Add(1)
		if c.in.malformed > 100 {
			c.peer.log.Warn("peer cut off", "reason", "malformed RTP")
			c.kick()
		}
		return
	}
	l := c.layout.Load()
	if l == nil {
		return
	}
	if v := p.ext(l.ext.twcc); len(v) >= 2 {
		c.in.twcc.Record(p.ssrc, binary.BigEndian.Uint16(v), now.Sub(c.engine.start).Microseconds())
	}
	if b.from != l || b.enc == nil || b.enc.track.ended.Load() {
		c.resolve(b, l, p)
	}
	if b.enc != nil {
		b.enc.receive(b, p, l, now)
	}
	c.report(now)
}

// resolve finds the encoding a stream belongs to: by the SSRC lines of the
// offer, by the mid and rid extensions (RFC 8843 §9.2, RFC 8852), or, for plain
// clients, by being the only section with that payload type.
func (c *conn) resolve(b *buffer, l *layout, p *packet) {
	b.enc = nil
	var s *section
	var rid string
	b.repairs = l.primary[p.pt] != 0
	switch st, ok := l.bySSRC[b.ssrc]; {
	case ok:
		s, b.repairs = st.section, st.repairs != 0
		if len(s.rids) > 0 {
			rid = ridOf(l, p)
			if e := c.bySSRC(cmp.Or(st.repairs, b.ssrc)); rid == "" && e != nil {
				rid = e.rid
			}
		}
	case p.ext(l.ext.mid) != nil:
		s, rid = l.byMid[string(p.ext(l.ext.mid))], ridOf(l, p)
		b.repairs = b.repairs || p.ext(l.ext.repaired) != nil
	case c.bySSRC(b.ssrc) != nil: // marks are left out once they are acknowledged
		e := c.bySSRC(b.ssrc)
		s, rid = l.byMid[e.track.mid], e.rid
	default:
		if s = l.carries(p.pt); s != nil && len(s.rids) > 0 {
			return // which of them, a later packet says
		}
	}
	if s == nil || !s.sends {
		return
	}
	b.enc = c.encoding(s, rid, b.ssrc, b.repairs)
	if b.enc != nil {
		b.from = l
	}
}

// ridOf is the layer a packet says it belongs to, or repairs.
func ridOf(l *layout, p *packet) string {
	if r := p.ext(l.ext.repaired); r != nil {
		return string(r)
	}
	return string(p.ext(l.ext.rid))
}

// report sends transport-wide feedback and asks for lost packets, when due.
func (c *conn) report(now time.Time) {
	if now.Sub(c.in.nackAt) >= nackInterval {
		c.in.nackAt = now
		c.askForLost(now)
	}
	if now.Sub(c.in.feedbackAt) < feedbackInterval || c.in.twcc.PacketsHeld() == 0 {
		return
	}
	c.in.feedbackAt = now
	c.writeRTCP(c.in.twcc.BuildFeedbackPacket()...)
}

func (c *conn) askForLost(now time.Time) {
	rtt := time.Duration(c.rtt.Load())
	if rtt == 0 {
		rtt = 100 * time.Millisecond
	}
	for _, e := range c.in.encodings {
		if e.track.ended.Load() {
			continue
		}
		lost, keyframe := e.nack.Due(now, rtt)
		st := e.nack.Stats()
		e.lost.Store(st.Lost)
		e.recovered.Store(st.Recovered)
		if e.track.video && keyframe {
			e.track.requestKeyframe(e, now)
		}
		if e.track.video && len(lost) > 0 {
			c.engine.count.nacksSent.Add(uint64(len(lost)))
			c.writeRTCP(&rtcp.TransportLayerNack{
				SenderSSRC: c.ssrc, MediaSSRC: e.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(lost),
			})
		}
	}
}

// cutOff recovers from a panic on a packet and ends the connection it came on.
func (c *conn) cutOff() {
	if r := recover(); r != nil {
		c.engine.count.panics.Add(1)
		c.peer.log.Error("packet caused a panic, peer cut off", "panic", r)
		c.kick()
	}
}
