package presence

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// heard collects announcements, as "state" or "user state".
type heard struct {
	mu  sync.Mutex
	got []string
}

func (h *heard) Signal(topic, frameType string, data any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := data.(Presence)
	if topic != "presence:"+p.User || frameType != "presence.changed" {
		panic("wrong place: " + topic + " " + frameType)
	}
	if (p.State == Offline) != p.Since.IsZero() {
		panic(fmt.Sprintf("%s since %v", p.State, p.Since))
	}
	h.got = append(h.got, string(p.State))
}

func (h *heard) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

// story runs a service in virtual time. after waits and returns what was
// announced meanwhile.
func story(t *testing.T, tell func(s *Service, after func(d time.Duration, want ...State))) {
	synctest.Test(t, func(t *testing.T) {
		h := &heard{}
		s := New(h)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		tell(s, func(d time.Duration, want ...State) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			var texts []string
			for _, w := range want {
				texts = append(texts, string(w))
			}
			if got := h.take(); !slices.Equal(got, texts) {
				t.Errorf("announced %v, want %v", got, texts)
			}
		})
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestReloadIsNotSeen(t *testing.T) {
	story(t, func(s *Service, after func(time.Duration, ...State)) {
		s.set("u", "tab1", Online)
		after(time.Second, Online)
		s.end("u", "tab1", time.Now())
		after(Grace - time.Second)
		s.set("u", "tab2", Online)
		after(time.Minute)
		s.end("u", "tab2", time.Now())
		after(Grace - beat)
		after(2*beat, Offline)
		if len(s.users) != 0 || s.leaving != nil {
			t.Error("something is remembered of who is gone")
		}
	})
}

func TestDevicesAddUp(t *testing.T) {
	story(t, func(s *Service, after func(time.Duration, ...State)) {
		s.set("u", "phone", Away)
		after(time.Second, Away)
		s.set("u", "laptop", Online)
		after(time.Second, Online)
		s.set("u", "laptop", DoNotDisturb)
		after(time.Second, DoNotDisturb)
		s.InSession("u", true)
		after(time.Second, InSession)
		s.end("u", "laptop", time.Now())
		after(time.Minute)
		s.InSession("u", false)
		after(time.Second, Away)
		s.end("u", "phone", time.Now())
		after(time.Minute, Offline)
	})
}

func TestInSessionWithoutSocket(t *testing.T) {
	story(t, func(s *Service, after func(time.Duration, ...State)) {
		s.InSession("u", true)
		after(time.Second, InSession)
		s.InSession("u", false)
		after(time.Second, Offline)
		s.InSession("u", false)
		after(time.Second)
	})
}

func TestFlappingIsCoalesced(t *testing.T) {
	story(t, func(s *Service, after func(time.Duration, ...State)) {
		s.set("u", "tab", Online)
		after(time.Second, Online)
		for range 1000 {
			s.set("u", "tab", Away)
			s.set("u", "tab", Online)
		}
		after(time.Second) // where it began
		for range 1000 {
			s.set("u", "tab", Online)
			s.set("u", "tab", Away)
		}
		after(time.Second, Away)
	})
}
