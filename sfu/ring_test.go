package sfu

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"mentara/sfu/codec"
)

// One writes, one reads, at their own pace: what was taken comes out whole, in
// order, and what was refused is counted.
func TestByteRing(t *testing.T) {
	const packets = 20000
	r := newByteRing(8 << 10)
	payload := func(n int) []byte {
		return bytes.Repeat([]byte{byte(n)}, 1+n*37%1400)
	}
	done := make(chan int)
	go func() {
		var h tapHeader
		got, lost := 0, 0
		for got+lost < packets {
			b, ok := r.next(&h)
			if !ok {
				runtime.Gosched()
				continue
			}
			lost += int(h.lost)
			n := int(h.ts)
			if n != got+lost || !bytes.Equal(b, payload(n)) || h.seq != uint16(n) || h.stream != ^uint32(n) ||
				h.arrival != time.Duration(n)<<20 || h.codec != codec.H264 || h.index != 3 || h.level != 0x93 || !h.has(tapLevel) ||
				h.has(tapStart) || h.rate != 90000 || h.width != 1280 || h.height != 720 {
				t.Errorf("packet %d after %d: %+v, %d bytes", n, got+lost, h, len(b))
				break
			}
			got++
			r.free()
		}
		done <- got
	}()
	rng := rand.New(rand.NewPCG(1, 2))
	lost := int64(0)
	for n := range packets {
		h := tapHeader{
			stream: ^uint32(n), rate: 90000, ts: uint32(n), seq: uint16(n), width: 1280, height: 720, index: 3,
			codec: codec.H264, level: 0x93, arrival: time.Duration(n) << 20, lost: lost,
		}
		h.set(tapLevel, true)
		last := n == packets-1 // is waited for, so that the reader can end
		for {
			if used, ok := r.write(&h, payload(n)); ok {
				lost = 0
				if used <= 0 || used > len(r.b) {
					t.Errorf("%d bytes in use", used)
				}
			} else if last {
				runtime.Gosched()
				continue
			} else {
				lost++
			}
			break
		}
		if rng.IntN(4) == 0 {
			runtime.Gosched()
		}
	}
	got := <-done
	t.Logf("%d of %d taken", got, packets)
	if got < 10 {
		t.Errorf("only %d were taken", got)
	}
	if _, ok := r.write(&tapHeader{}, make([]byte, 9<<10)); ok {
		t.Error("a packet larger than the ring was taken")
	}
}

// counting is a tap that does nothing else.
type counting struct{ packets, bytes, lost int }

func (c *counting) Packet(p *TapPacket)                     { c.packets++; c.bytes += len(p.Payload) }
func (c *counting) Lost(n int)                              { c.lost += n }
func (c *counting) Clock(uint32, uint64, uint32, time.Time) {}
func (c *counting) Tick(now time.Time, rtt time.Duration)   {}
func (c *counting) Unpublished()                            {}
func (c *counting) End()                                    {}

// handTap taps the fixture's camera without a goroutine.
func (f *fixture) handTap(tap Tap) *tapped {
	g := &tapping{peer: f.c.peer, source: Camera, tap: tap, wake: make(chan struct{}, 1), told: map[*encoding]time.Time{}}
	f.c.peer.mu.Lock()
	defer f.c.peer.mu.Unlock()
	t := f.c.peer.tracks[Camera]
	g.attach(t)
	t.steer(time.Now())
	return g.line[0]
}

// Handing over allocates nothing, on either side.
func TestTapAllocatesNothing(t *testing.T) {
	f := newFixture(t, 1)
	f.c.in.feedbackAt = time.Now().Add(time.Hour)
	c := &counting{}
	tp := f.handTap(c)
	f.key = true
	for range 100 {
		f.send()
	}
	tp.tapping.drain()
	raw := append([]byte(nil), f.raw[:1160]...)
	n := testing.AllocsPerRun(500, func() {
		raw[2], raw[3] = byte(f.seq>>8), byte(f.seq)
		f.seq++
		_, _ = f.b.Write(raw)
		if f.seq%8 == 0 {
			tp.tapping.drain()
		}
	})
	if n != 0 || c.packets < 500 || c.lost != 0 {
		t.Errorf("%v allocations per packet, %d packets, %d lost", n, c.packets, c.lost)
	}
}

// BenchmarkTap is what a packet's way through the SFU costs more when it is
// tapped: compare "tapped" with "untapped".
func BenchmarkTap(b *testing.B) {
	for _, tap := range []bool{false, true} {
		name := map[bool]string{false: "untapped", true: "tapped"}[tap]
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, 1)
			f.c.in.feedbackAt = time.Now().Add(time.Hour)
			var tp *tapped
			c := &counting{}
			if tap {
				tp = f.handTap(c)
			}
			f.key = true
			f.send()
			f.send()
			f.c.peer.tracks[Camera].limit = newBucket(1<<40, 1<<40)
			raw := append([]byte(nil), f.raw[:1160]...)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				raw[2], raw[3] = byte(f.seq>>8), byte(f.seq)
				f.seq++
				_, _ = f.b.Write(raw)
				if tap && i%32 == 0 {
					tp.tapping.drain()
				}
			}
			if tap && c.packets < b.N/2 {
				b.Errorf("%d of %d packets", c.packets, b.N)
			}
		})
	}
}
