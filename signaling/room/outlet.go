package room

import "sync"

// outlet is where a seat's pushes go: the socket that holds it now. The newest
// slots and demand are kept, because a socket that comes back must learn them
// and the engine tells only changes. It has a lock of its own, as the engine's
// goroutines push through it too.
type outlet struct {
	mu     sync.Mutex
	link   Link
	slots  *RTCSlots
	demand *RTCDemand
}

func (o *outlet) get() Link {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.link
}

// attach gives the seat to a socket and returns the one that had it.
func (o *outlet) attach(l Link) (old Link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	old, o.link = o.link, l
	if l != nil && o.slots != nil {
		l.Send("rtc.slots", *o.slots)
	}
	if l != nil && o.demand != nil {
		l.Send("rtc.demand", *o.demand)
	}
	return old
}

func (o *outlet) send(frameType string, data any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch v := data.(type) {
	case RTCSlots:
		o.slots = &v
	case RTCDemand:
		o.demand = &v
	}
	if o.link != nil {
		o.link.Send(frameType, data)
	}
}
