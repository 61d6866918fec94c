package sfu

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"
)

// sessions are the open WHIP and WHEP sessions by the random end of their URL.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

// session is one POST and what came of it.
type session struct {
	id     string
	door   string
	access Access
	peer   *Peer
	timer  *time.Timer // ends a session whose connection failed

	mu   sync.Mutex // one PATCH at a time
	etag atomic.Pointer[string]
}

// follow ends a session whose connection is gone for good.
func (d *door) follow(s *session, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	switch state {
	case StateFailed:
		s.timer = time.AfterFunc(sessionGrace, func() { s.peer.Close() })
	case StateClosed:
		d.engine.doors.remove(s)
	}
}

func (s *session) newETag() {
	tag := `"` + rand.Text() + `"`
	s.etag.Store(&tag)
}

func (m *sessions) add(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open[s.id] = s
}

func (m *sessions) find(id string) *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open[id]
}

func (m *sessions) remove(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, s.id)
}
