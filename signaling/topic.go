package signaling

import (
	"sync"
	"time"

	"mentara/internal/fault"
)

// hubShard holds the listeners of some topics.
type hubShard struct {
	mu        sync.RWMutex
	listeners map[string]map[*Conn]struct{}
}

// Publish sends a frame to all who listen to a topic, in one order for all, and
// keeps it for those who come back. It never waits for a socket.
func (h *Hub) Publish(topic, frameType string, data any) {
	text, err := h.mux.encode(frameType, data)
	if err != nil {
		h.log.Error("frame not published", "type", frameType, "error", err)
		return
	}
	h.stats.published.Add(1)
	h.broker.publish(topic, time.Now(),
		func(offset uint64) []byte { return pushFrame(frameType, topic, offset, text) },
		func(frame []byte) { h.deliver(topic, frame) })
}

func (h *Hub) deliver(topic string, frame []byte) {
	s := h.shard(topic)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for c := range s.listeners[topic] {
		c.pushTopic(topic, frame)
	}
}

// Keyed is implemented by the data of signals that only replace those with the
// same key, such as one per participant. Others replace any of the same type in
// the same topic.
type Keyed interface{ SignalKey() string }

// Signal sends a frame that may be dropped, and of which only the newest
// counts: who speaks, who types, how good the line is.
func (h *Hub) Signal(topic, frameType string, data any) {
	text, err := h.mux.encode(frameType, data)
	if err != nil {
		h.log.Error("signal not sent", "type", frameType, "error", err)
		return
	}
	key := signalKey{topic: topic, frameType: frameType}
	if k, ok := data.(Keyed); ok {
		key.key = k.SignalKey()
	}
	frame := pushFrame(frameType, topic, 0, text)
	s := h.shard(topic)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for c := range s.listeners[topic] {
		h.stats.lostSignals.Add(uint64(c.out.signal(key, frame)))
	}
}

// Subscribe makes a socket listen to a topic on the server's own decision, with
// no allow check. The client is told by a topic.subscribed push, which comes
// before any frame of the topic; in a handler, frames of the topic come after
// its reply. Subscribing twice changes nothing.
func (h *Hub) Subscribe(c *Conn, topic string) {
	_, _, _ = h.attach(c, topic, nil, true) // fails only when the socket is gone
}

// Unsubscribe ends a subscription, whoever made it, and tells the client by a
// topic.unsubscribed push. No frame of the topic follows it.
func (h *Hub) Unsubscribe(c *Conn, topic string) {
	if h.leave(c, topic) {
		c.Send("topic.unsubscribed", TopicUnsubscribed{Topic: topic})
	}
}

// Evict ends the subscriptions of every socket of a principal to a topic,
// whoever made them: that of somebody put out of a room, say, who may listen on
// a second tab. The id is taken as it stands, so sockets of a room token that
// bears it are meant too.
func (h *Hub) Evict(topic, principalID string) {
	var conns []*Conn
	s := h.shard(topic)
	s.mu.RLock()
	for c := range s.listeners[topic] {
		if c.Principal().ID == principalID {
			conns = append(conns, c)
		}
	}
	s.mu.RUnlock()
	for _, c := range conns {
		h.Unsubscribe(c, topic)
	}
}

// join subscribes a client that asked to, within its limit of topics.
func (h *Hub) join(c *Conn, topic string, since *Position) (Position, bool, error) {
	return h.attach(c, topic, since, false)
}

func (h *Hub) attach(c *Conn, topic string, since *Position, byServer bool) (at Position, recovered bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return Position{}, false, fault.New(fault.Unavailable, "closing", "The connection is closing.")
	}
	_, have := c.topics[topic]
	if have && byServer {
		return Position{}, false, nil
	}
	if !have && !byServer && len(c.topics) >= h.limits.Topics {
		return Position{}, false, fault.New(fault.RateLimited, "too_many_topics", "This connection listens to too many topics.")
	}
	if c.topics == nil {
		c.topics = map[string]struct{}{}
	}
	c.topics[topic] = struct{}{}
	h.broker.join(topic, time.Now(), since, func(j joined) {
		at, recovered = j.at, j.recovered
		if byServer {
			c.Send("topic.subscribed", TopicSubscribed{Topic: topic, Offset: at.Offset, Epoch: at.Epoch})
		}
		recovered = recovered && c.out.pushMissed(j.missed)
		c.out.hold()
		h.shard(topic).add(topic, c)
	})
	return at, recovered, nil
}

// leave ends a subscription and reports whether there was one.
func (h *Hub) leave(c *Conn, topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, have := c.topics[topic]; !have {
		return false
	}
	delete(c.topics, topic)
	h.shard(topic).remove(topic, c)
	c.out.forget(topic)
	return true
}

func (s *hubShard) add(topic string, c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners[topic] == nil {
		s.listeners[topic] = map[*Conn]struct{}{}
	}
	s.listeners[topic][c] = struct{}{}
}

func (s *hubShard) remove(topic string, c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners[topic], c)
	if len(s.listeners[topic]) == 0 {
		delete(s.listeners, topic)
	}
}

func (h *Hub) hasListeners(topic string) bool {
	s := h.shard(topic)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.listeners[topic]) > 0
}
