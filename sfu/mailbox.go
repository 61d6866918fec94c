package sfu

import (
	"log/slog"
	"slices"
	"sync"
)

// mailboxSize bounds what waits for a slow owner. State-like events replace
// their elder, so only Published, Unpublished and Data can fill it.
const mailboxSize = 256

// mailbox hands events to a peer's owner in order. It has a goroutine only
// while there is something to hand over.
type mailbox struct {
	on  func(Event)
	log *slog.Logger

	mu      sync.Mutex
	queue   []Event
	running bool
	closed  bool
	idle    sync.WaitGroup
}

// put queues an event. Slots, Demand, Quality and Speakers replace one of
// their kind that still waits: only the newest is of use.
func (m *mailbox) put(e Event) {
	if m.on == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	switch e.(type) {
	case Slots:
		m.queue = slices.DeleteFunc(m.queue, func(o Event) bool { _, same := o.(Slots); return same })
	case Demand:
		m.queue = slices.DeleteFunc(m.queue, func(o Event) bool { _, same := o.(Demand); return same })
	case Quality:
		m.queue = slices.DeleteFunc(m.queue, func(o Event) bool { _, same := o.(Quality); return same })
	case Speakers:
		m.queue = slices.DeleteFunc(m.queue, func(o Event) bool { _, same := o.(Speakers); return same })
	case Data:
		if len(m.queue) >= mailboxSize/2 {
			return // lossy by nature; leave room for what is not
		}
	}
	if len(m.queue) >= mailboxSize {
		m.log.Warn("event dropped, owner too slow")
		return
	}
	m.queue = append(m.queue, e)
	if !m.running {
		m.running = true
		m.idle.Add(1)
		go m.run()
	}
}

func (m *mailbox) run() {
	defer m.idle.Done()
	for {
		m.mu.Lock()
		if len(m.queue) == 0 {
			m.running, m.queue = false, nil
			m.mu.Unlock()
			return
		}
		e := m.queue[0]
		m.queue = m.queue[1:]
		m.mu.Unlock()
		m.on(e)
	}
}

// close takes no more events; those queued are still delivered.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}
