package room

import (
	"context"
	"slices"
	"sync"

	"mentara/sfu"
)

// sent is one push as a socket or a topic got it.
type sent struct {
	Topic string
	Type  string
	Data  any
}

// hubRecorder is a Publisher that remembers.
type hubRecorder struct {
	mu      sync.Mutex
	sent    []sent
	evicted map[string]bool // topic and person
}

func (h *hubRecorder) Evict(topic, principalID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.evicted == nil {
		h.evicted = map[string]bool{}
	}
	h.evicted[topic+" "+principalID] = true
}

func (h *hubRecorder) wasEvicted(topic, principalID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.evicted[topic+" "+principalID]
}

func (h *hubRecorder) Publish(topic, frameType string, data any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, sent{topic, frameType, data})
}

func (h *hubRecorder) Signal(topic, frameType string, data any) { h.Publish(topic, frameType, data) }

// testLink is a socket that remembers.
type testLink struct {
	id     string
	from   string
	mu     sync.Mutex
	sent   []sent
	topics map[string]bool
	cut    string
}

func newLink(id string) *testLink { return &testLink{id: id, topics: map[string]bool{}} }

func (l *testLink) ID() string { return l.id }

func (l *testLink) Address() string { return l.from }

func (l *testLink) Send(frameType string, data any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, sent{"", frameType, data})
}

func (l *testLink) Listen(topics ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range topics {
		l.topics[t] = true
	}
}

func (l *testLink) Unlisten(topics ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range topics {
		delete(l.topics, t)
	}
}

func (l *testLink) Cut(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = reason
}

func (l *testLink) got(frameType string) (any, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range slices.Backward(l.sent) {
		if s.Type == frameType {
			return s.Data, true
		}
	}
	return nil, false
}

func (l *testLink) listens(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.topics[topic]
}

// testEngine is an Engine whose legs answer any offer but "garbage".
type testEngine struct {
	mu    sync.Mutex
	legs  map[string]*testLeg // newest by participant
	ended []string
}

type testLeg struct {
	o      LegOptions
	mu     sync.Mutex
	muted  map[sfu.Source]bool
	closed bool
	media  [2]bool // may send, may receive
}

func (e *testEngine) Join(_ context.Context, o LegOptions) (Leg, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := &testLeg{o: o, media: [2]bool{o.Publish, o.Subscribe}, muted: map[sfu.Source]bool{}}
	e.legs[o.Participant] = l
	return l, nil
}

func (e *testEngine) ICEServers(string) []ICEServer { return []ICEServer{} }

func (e *testEngine) End(room string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, room)
}

func (e *testEngine) leg(participant string) *testLeg {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.legs[participant]
}

func (l *testLeg) Permit(publish, subscribe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.media = [2]bool{publish, subscribe}
}

func (l *testLeg) may() [2]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.media
}

func (l *testLeg) Mute(source sfu.Source, muted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.muted[source] = muted
}

func (l *testLeg) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

func (l *testLeg) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (l *testLeg) isMuted(source sfu.Source) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.muted[source]
}

func (l *testLeg) Offer(_ context.Context, sdp string, _ []sfu.TrackInfo) (string, error) {
	if sdp == "garbage" {
		return "", mediaFault(sfu.ErrBadOffer)
	}
	return "answer to " + sdp, nil
}

func (l *testLeg) Candidate(string, string, int) error { return nil }
func (l *testLeg) View([]sfu.View)                     {}
