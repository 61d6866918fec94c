package signaling

import (
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// outbox is what waits to be written to one socket. Frames that count (replies,
// direct pushes, topic frames with an offset) are written in order, and when
// they do not fit any more the socket is closed with 1013: its client resumes
// from its last offset, which costs less than the memory of a thousand stuck
// phones. Signals wait apart, one per key, and go only when nothing else does;
// they are the first to be dropped.
//
// mu is the innermost lock of the package and is never held across I/O.
type outbox struct {
	mu      sync.Mutex
	wake    chan struct{} // capacity 1; the writer waits here
	frames  [][]byte
	held    []heldFrame // topic frames that must follow the reply in the making
	asked   bool        // a request is being handled
	holding bool        // and it has subscribed to a topic
	signals []signal    // oldest first
	bytes   int         // of all of the above
	pong    []byte      // newest WebSocket ping to answer; nil for none
	closing *closing
}

type heldFrame struct {
	topic string
	frame []byte
}

type signal struct {
	key   signalKey
	frame []byte
}

// signalKey says which signals replace each other.
type signalKey struct{ topic, frameType, key string }

// closing is how the socket shall end.
type closing struct {
	code   int
	reason string
	flush  bool // write what waits first
}

const (
	maxQueueFrames  = 256
	maxQueueBytes   = 256 << 10
	maxQueueSignals = 64
)

func (o *outbox) notify() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// push queues a frame that counts. It reports false when the frame does not
// fit; the caller closes the socket.
func (o *outbox) push(frame []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pushLocked(frame)
}

// pushTopic is push for a live frame of a topic: while a reply is being made
// that tells where the topic stands, it waits behind that reply.
func (o *outbox) pushTopic(topic string, frame []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.holding || o.closing != nil {
		return o.pushLocked(frame)
	}
	if !o.roomLocked(len(frame)) {
		return false
	}
	o.held = append(o.held, heldFrame{topic, frame})
	o.bytes += len(frame)
	return true
}

func (o *outbox) pushLocked(frame []byte) bool {
	if o.closing != nil {
		return true // nobody will read it
	}
	if !o.roomLocked(len(frame)) {
		return false
	}
	o.frames = append(o.frames, frame)
	o.bytes += len(frame)
	o.notify()
	return true
}

// roomLocked makes room for a frame that counts, at the cost of signals.
func (o *outbox) roomLocked(size int) bool {
	for o.bytes+size > maxQueueBytes && len(o.signals) > 0 {
		o.dropSignalLocked()
	}
	waiting := len(o.frames) + len(o.held)
	// A lone frame may be larger: closing would only bring the client back to
	// ask for it again.
	return waiting == 0 || o.bytes+size <= maxQueueBytes && waiting < maxQueueFrames
}

// pushMissed queues what a listener missed, all of it or nothing: a history
// that would fill half of the queue by itself would end in 1013, resume, and
// 1013 again.
func (o *outbox) pushMissed(frames [][]byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := 0
	for _, frame := range frames {
		size += len(frame)
	}
	if len(o.frames)+len(o.held)+len(frames) > maxQueueFrames/2 || o.bytes+size > maxQueueBytes/2 {
		return false
	}
	for _, frame := range frames {
		o.pushLocked(frame)
	}
	return true
}

func (o *outbox) dropSignalLocked() {
	o.bytes -= len(o.signals[0].frame)
	o.signals[0] = signal{}
	o.signals = o.signals[1:]
}

// signal queues a droppable frame in place of an older one with the same key,
// and reports how many were lost by it: replaced, pushed out, or refused.
func (o *outbox) signal(key signalKey, frame []byte) (lost int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing != nil {
		return 0
	}
	for i := range o.signals {
		if o.signals[i].key == key {
			o.bytes += len(frame) - len(o.signals[i].frame)
			o.signals[i].frame = frame
			lost++
			if o.bytes > maxQueueBytes {
				o.bytes -= len(frame)
				o.signals = append(o.signals[:i], o.signals[i+1:]...)
			}
			return lost
		}
	}
	if o.bytes+len(frame) > maxQueueBytes {
		return 1
	}
	if len(o.signals) >= maxQueueSignals {
		o.dropSignalLocked()
		lost++
	}
	o.signals = append(o.signals, signal{key, frame})
	o.bytes += len(frame)
	o.notify()
	return lost
}

// begin marks that a request is being handled, until reply.
func (o *outbox) begin() {
	o.mu.Lock()
	o.asked = true
	o.mu.Unlock()
}

// hold makes topic frames wait for the reply of the request being handled, if
// there is one.
func (o *outbox) hold() {
	o.mu.Lock()
	o.holding = o.asked
	o.mu.Unlock()
}

// reply queues the answer to a request, and then the topic frames that waited
// for it.
func (o *outbox) reply(frame []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	ok := o.pushLocked(frame)
	o.releaseLocked()
	return ok
}

func (o *outbox) releaseLocked() {
	for _, h := range o.held {
		o.frames = append(o.frames, h.frame)
	}
	o.held, o.holding, o.asked = nil, false, false
}

// forget drops the signals and the held frames of a topic that the client has
// left.
func (o *outbox) forget(topic string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := o.signals[:0]
	for _, s := range o.signals {
		if s.key.topic == topic {
			o.bytes -= len(s.frame)
			continue
		}
		kept = append(kept, s)
	}
	clear(o.signals[len(kept):])
	o.signals = kept
	o.held = slices.DeleteFunc(o.held, func(h heldFrame) bool {
		if h.topic == topic {
			o.bytes -= len(h.frame)
		}
		return h.topic == topic
	})
}

// answerPing makes the writer answer a WebSocket ping.
func (o *outbox) answerPing(payload []byte) {
	o.mu.Lock()
	o.pong = append([]byte{}, payload...)
	o.mu.Unlock()
	o.notify()
}

// close settles how the socket ends. The first call decides.
func (o *outbox) close(c closing) (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing != nil {
		return false
	}
	o.closing = &c
	o.releaseLocked()
	if !c.flush {
		o.frames = nil
	}
	o.signals, o.bytes = nil, 0
	for _, frame := range o.frames {
		o.bytes += len(frame)
	}
	o.notify()
	return true
}

func (o *outbox) isClosing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closing != nil
}

// refused reports whether it was us who ended the socket.
func (o *outbox) refused() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closing != nil && o.closing.code != lost && o.closing.code != websocket.CloseNormalClosure
}

// deadline is until when one write may take.
func (o *outbox) deadline(now time.Time) time.Time {
	if o.isClosing() {
		return now.Add(closeGrace)
	}
	return now.Add(writeTimeout)
}

// next takes what the writer shall do now: answer a ping, write a frame, or end
// the socket. Nothing waits when all three are nil. Signals go when nothing
// else waits.
func (o *outbox) next() (pong, frame []byte, end *closing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.pong != nil:
		pong, o.pong = o.pong, nil
	case len(o.frames) > 0:
		frame = o.frames[0]
		o.frames[0] = nil
		if o.frames = o.frames[1:]; len(o.frames) == 0 {
			o.frames = nil // an idle socket keeps no array
		}
		o.bytes -= len(frame)
	case o.closing != nil:
		end = o.closing
	case len(o.signals) > 0 && !o.holding:
		frame = o.signals[0].frame
		o.dropSignalLocked()
		if len(o.signals) == 0 {
			o.signals = nil
		}
	}
	return pong, frame, end
}
