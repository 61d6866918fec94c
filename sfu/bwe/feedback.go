package bwe

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	referenceUnit = 64 * time.Millisecond
	tick          = time.Microsecond // pion gives receive deltas in it
)

// OnFeedback takes one feedback packet. What it says of packets never sent, or
// acknowledged already, is ignored, and so is what goes on after a malformed
// part.
func (e *Estimator) OnFeedback(fb *rtcp.TransportLayerCC, now time.Time) {
	if fb == nil || !e.sent.started {
		return
	}
	at := e.clock(now)
	if e.silent {
		// Back after a silence: its losses say nothing about the rate now.
		e.silent = false
		e.loss.restart(at + e.rtt)
		e.delay.forget()
		e.probeWait, e.nextProbe = probeMin, at+probeMin/4
	}
	e.twcc, e.lastFeedback = true, at
	arrived := e.reference(fb.ReferenceTime)
	ext := e.sent.extend(fb.BaseSequenceNumber)
	left, deltas := int(fb.PacketStatusCount), fb.RecvDeltas
	e.batch = batch{}
	for _, chunk := range fb.PacketChunks {
		if left == 0 {
			break
		}
		n := chunkLen(chunk)
		for i := 0; i < n && left > 0; i++ {
			switch symbol(chunk, i) {
			case rtcp.TypeTCCPacketNotReceived:
				e.missing(ext)
			case rtcp.TypeTCCPacketReceivedSmallDelta, rtcp.TypeTCCPacketReceivedLargeDelta:
				if len(deltas) == 0 || deltas[0] == nil {
					left = 1 // deltas ran out: what follows cannot be dated
					break
				}
				arrived += time.Duration(clampDelta(deltas[0].Delta)) * tick
				deltas = deltas[1:]
				e.received(ext, arrived, at)
			}
			ext++
			left--
		}
	}
	e.conclude(at)
}

// reference unwraps the 24-bit reference time.
func (e *Estimator) reference(v uint32) time.Duration {
	v &= 1<<24 - 1
	if !e.referenced {
		e.referenced, e.lastReference = true, int64(v)
	}
	d := int64(int32(v<<8-uint32(e.lastReference)<<8)) >> 8
	e.lastReference += d
	if e.lastReference < 0 {
		e.lastReference += 1 << 24 // an early packet overtaken near the wrap
	}
	return time.Duration(e.lastReference) * referenceUnit
}

// clampDelta keeps a delta (16 bits of 250 µs) in its range, whatever made it.
func clampDelta(d int64) int64 { return min(8_192_000, max(-8_192_000, d)) }

func chunkLen(c rtcp.PacketStatusChunk) int {
	switch c := c.(type) {
	case *rtcp.RunLengthChunk:
		if c != nil {
			return int(c.RunLength & 0x1fff)
		}
	case *rtcp.StatusVectorChunk:
		if c != nil {
			return len(c.SymbolList)
		}
	}
	return 0
}

func symbol(c rtcp.PacketStatusChunk, i int) uint16 {
	switch c := c.(type) {
	case *rtcp.RunLengthChunk:
		return c.PacketStatusSymbol
	case *rtcp.StatusVectorChunk:
		return c.SymbolList[i]
	}
	return rtcp.TypeTCCPacketReceivedWithoutDelta
}

// batch is what one feedback packet came to.
type batch struct {
	received, missing int
	newest            time.Duration // when the newest received packet was sent
}

func (e *Estimator) missing(ext uint64) {
	p := e.sent.get(ext)
	if p == nil || p.acked || p.lost {
		return
	}
	p.lost = true
	e.batch.missing++
}

func (e *Estimator) received(ext uint64, arrived, now time.Duration) {
	p := e.sent.get(ext)
	if p == nil || p.acked {
		return
	}
	p.acked = true
	if p.lost { // it was reordered, not lost
		e.batch.missing--
	}
	e.batch.received++
	e.batch.newest = max(e.batch.newest, p.at)
	e.acked.add(arrived, int(p.size))
	if p.probe != 0 && p.probe == e.cluster.id {
		e.cluster.arrive(arrived, int(p.size))
		return // a probe is meant to queue
	}
	e.delay.add(p.at, arrived)
}

// conclude draws the consequences of one feedback packet.
func (e *Estimator) conclude(now time.Duration) {
	if e.batch.received == 0 && e.batch.missing <= 0 {
		return
	}
	if e.batch.received > 0 {
		if rtt := now - e.batch.newest; rtt > 0 {
			e.smoothRTT(rtt)
		}
	}
	e.loss.count(now, e.batch.received, e.batch.missing)
	e.finishProbe(now)
	e.control(now)
	e.settleLoss(now)
}
