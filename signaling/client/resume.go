package client

import (
	"encoding/json"
	"fmt"
	"time"
)

// welcomed takes the topics' fates from the hello reply.
func (s *session) welcomed(data json.RawMessage) error {
	var w welcome
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("hello reply: %w", err)
	}
	s.heartbeat = time.Duration(max(w.Heartbeat, 100)) * time.Millisecond
	for topic, r := range w.Topics {
		switch {
		case r.Error != nil:
			s.c.settle(topic, nil)
			s.early = append(s.early, Frame{Type: Lost, Topic: topic, Data: json.RawMessage(`"refused"`)})
		case !r.Recovered:
			s.c.settle(topic, &r.position)
			s.early = append(s.early, Frame{Type: Lost, Topic: topic, Offset: r.Offset, Data: json.RawMessage(`"resume"`)})
		}
	}
	s.c.mu.Lock()
	s.c.hello = w
	s.c.mu.Unlock()
	return nil
}

// sort decides what of a push the program sees: repeats not at all, a gap as
// Lost.
func (s *session) sort(in incoming) []Frame {
	f := Frame{Type: in.Type, Topic: in.Topic, Offset: in.Offset, Data: in.Data}
	switch in.Type {
	case "topic.subscribed":
		var at struct {
			Topic string `json:"topic"`
			position
		}
		if json.Unmarshal(in.Data, &at) == nil {
			s.c.settle(at.Topic, &at.position)
		}
	case "topic.unsubscribed":
		var gone struct {
			Topic string `json:"topic"`
		}
		if json.Unmarshal(in.Data, &gone) == nil {
			s.c.settle(gone.Topic, nil)
		}
	}
	if in.Offset == 0 {
		return []Frame{f}
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	at := s.c.topics[in.Topic]
	switch {
	case at == nil || in.Offset <= at.Offset:
		return nil
	case in.Offset > at.Offset+1:
		at.Offset = in.Offset
		return []Frame{{Type: Lost, Topic: in.Topic, Offset: in.Offset - 1, Data: json.RawMessage(`"gap"`)}, f}
	}
	at.Offset = in.Offset
	return []Frame{f}
}
