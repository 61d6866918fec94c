package signaling_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/signaling"
)

// subscribe asks for a topic and returns the reply's data.
func (r *raw) subscribe(id int, topic, since string) object {
	r.t.Helper()
	r.send(fmt.Sprintf(`{"id":%d,"type":"topic.subscribe","data":{"topic":%q%s}}`, id, topic, since))
	for {
		got := r.next()
		if got["re"] == float64(id) {
			if got["error"] != nil {
				r.t.Fatalf("subscribe %s: %v", topic, got)
			}
			return got["data"].(object)
		}
	}
}

func TestTopicRules(t *testing.T) {
	k := newKit(t, nil)
	c := k.as("user:a")
	for i, test := range []struct{ topic, code string }{
		{"closed:x", "topic_not_found"},
		{"", "topic_not_found"},
		{"open", "topic_not_found"},
		{"open:with space", "topic_not_found"},
		{"open:ümlaut", "topic_not_found"},
		{"open:" + strings.Repeat("x", 124), "topic_not_found"},
		{"open:secret", "secret"},
		{"open:secret/more", "secret"}, // the longest prefix decides
	} {
		c.send(fmt.Sprintf(`{"id":%d,"type":"topic.subscribe","data":{"topic":%q}}`, i+2, test.topic))
		if got := show(c.next()); !strings.Contains(got, test.code) {
			t.Errorf("%q: %s, want %s", test.topic, got, test.code)
		}
	}
	k.hub.Publish("open:secret", "test.note", note{1})
	c.subscribe(20, "open:a", "")
	k.hub.Publish("open:a", "test.note", note{2})
	k.hub.Publish("open:a", "test.echo", note{3}) // not a push: not sent
	k.hub.Publish("open:a", "test.note", level{}) // not its data: not sent
	k.hub.Signal("open:a", "test.level", level{"b", 1})
	c.want(`{"type":"test.note","topic":"open:a","offset":1,"data":{"n":2}}`)
	c.want(`{"type":"test.level","topic":"open:a","data":{"who":"b","value":1}}`)
	c.send(`{"id":21,"type":"topic.unsubscribe","data":{"topic":"open:a"}}`)
	c.want(`{"re":21,"data":{"topic":"open:a"}}`)
	k.hub.Publish("open:a", "test.note", note{4})
	c.send(`{"id":22,"type":"ping"}`)
	c.want(`{"re":22,"data":{}}`)
}

// Kicked while the subscription was being made: the second look catches it.
func TestRightLostWhileSubscribing(t *testing.T) {
	asked := 0
	k := newKit(t, func(m *signaling.Mux, _ *signaling.Options) {
		m.Topic("room:", func(context.Context, auth.Principal, string) error {
			if asked++; asked > 1 {
				return fault.New(fault.Forbidden, "kicked", "You have been removed.")
			}
			return nil
		})
	})
	c := k.as("user:a")
	c.send(`{"id":2,"type":"topic.subscribe","data":{"topic":"room:R"}}`)
	c.want(`{"re":2,"error":{"status":403,"code":"kicked","message":"You have been removed."}}`)
	k.hub.Publish("room:R", "test.note", note{1})
	c.send(`{"id":3,"type":"ping"}`)
	c.want(`{"re":3,"data":{}}`)
}

func TestEvict(t *testing.T) {
	k := newKit(t, nil)
	first, second, other := k.as("user:a"), k.as("user:a"), k.as("user:b")
	for _, c := range []*raw{first, second, other} {
		c.subscribe(2, "open:a", "")
	}
	k.hub.Evict("open:a", "a")
	k.hub.Publish("open:a", "test.note", note{1})
	for _, c := range []*raw{first, second} {
		c.want(`{"type":"topic.unsubscribed","data":{"topic":"open:a"}}`)
		c.send(`{"id":3,"type":"ping"}`)
		c.want(`{"re":3,"data":{}}`)
	}
	other.want(`{"type":"test.note","topic":"open:a","offset":1,"data":{"n":1}}`)
}

func TestResume(t *testing.T) {
	k := newKit(t, nil)
	c := k.as("user:a")
	at := c.subscribe(2, "open:a", "")
	epoch := at["epoch"].(string)
	for i := range 10 {
		k.hub.Publish("open:a", "test.note", note{i})
	}

	t.Run("missed frames, then the reply", func(t *testing.T) {
		c := k.open()
		c.send(fmt.Sprintf(`{"id":1,"type":"hello","data":{"token":"user:b","resume":{
			"open:a":{"offset":8,"epoch":%q}, "closed:x":{"offset":1,"epoch":"E"}, "open:new":{"offset":3,"epoch":"old"}}}}`, epoch))
		c.want(`{"type":"test.note","topic":"open:a","offset":9,"data":{"n":8}}`)
		c.want(`{"type":"test.note","topic":"open:a","offset":10,"data":{"n":9}}`)
		topics := c.next()["data"].(object)["topics"].(object)
		if got := show(topics["open:a"]); got != fmt.Sprintf(`{"epoch":%q,"offset":10,"recovered":true}`, epoch) {
			t.Error(got)
		}
		if got := show(topics["closed:x"]); !strings.Contains(got, "topic_not_found") {
			t.Error(got)
		}
		if got := topics["open:new"].(object); got["recovered"] != false || got["offset"] != 0.0 {
			t.Error(got)
		}
	})
	for name, test := range map[string]struct {
		since     string
		recovered bool
	}{
		"up to date":     {fmt.Sprintf(`,"offset":10,"epoch":%q`, epoch), true},
		"from the start": {fmt.Sprintf(`,"offset":0,"epoch":%q`, epoch), true},
		"the future":     {fmt.Sprintf(`,"offset":11,"epoch":%q`, epoch), false},
		"another epoch":  {`,"offset":10,"epoch":"other"`, false},
		"no epoch":       {`,"offset":10`, false},
		"new":            {``, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := k.as("user:b").subscribe(2, "open:a", test.since); got["recovered"] != test.recovered || got["offset"] != 10.0 {
				t.Error(got)
			}
		})
	}
	t.Run("too old", func(t *testing.T) {
		for i := range signaling.DefaultHistory().Frames {
			k.hub.Publish("open:a", "test.note", note{i})
			c.next() // keep up
		}
		c := k.as("user:c")
		if got := c.subscribe(2, "open:a", fmt.Sprintf(`,"offset":9,"epoch":%q`, epoch)); got["recovered"] != false {
			t.Error(got)
		}
		if got := c.subscribe(3, "open:a", fmt.Sprintf(`,"offset":10,"epoch":%q`, epoch)); got["recovered"] != true {
			t.Error(got)
		}
	})
}

// A join handler subscribes its caller, takes a snapshot and replies. Frames
// published meanwhile are news to that snapshot, so they come after the reply.
func TestServerSubscribesWithinRequest(t *testing.T) {
	var k *kit
	k = newKit(t, func(m *signaling.Mux, _ *signaling.Options) {
		signaling.Handle(m, "test.join", func(_ context.Context, c *signaling.Conn, _ empty) (note, error) {
			k.hub.Subscribe(c, "room:R")
			k.hub.Subscribe(c, "room:R") // changes nothing
			k.hub.Publish("room:R", "test.note", note{1})
			k.hub.Signal("room:R", "test.level", level{"a", 1})
			c.Send("test.note", note{2})
			return note{3}, nil
		})
		signaling.Handle(m, "test.kick", func(_ context.Context, c *signaling.Conn, _ empty) (note, error) {
			k.hub.Signal("room:R", "test.level", level{"a", 1})
			k.hub.Unsubscribe(c, "room:R")
			k.hub.Unsubscribe(c, "room:R") // changes nothing
			k.hub.Publish("room:R", "test.note", note{4})
			return note{5}, nil
		})
	})
	c := k.as("user:a")
	c.send(`{"id":2,"type":"test.join"}`)
	told := c.next()
	if data := told["data"].(object); told["type"] != "topic.subscribed" || data["topic"] != "room:R" || data["offset"] != 0.0 || data["epoch"] == "" {
		t.Error(told)
	}
	c.want(`{"type":"test.note","data":{"n":2}}`)
	c.want(`{"re":2,"data":{"n":3}}`)
	c.want(`{"type":"test.note","topic":"room:R","offset":1,"data":{"n":1}}`)
	c.want(`{"type":"test.level","topic":"room:R","data":{"who":"a","value":1}}`)
	c.send(`{"id":3,"type":"test.kick"}`)
	got := c.next()
	if got["type"] == "test.level" { // the writer was quick
		got = c.next()
	}
	if show(got) != `{"data":{"topic":"room:R"},"type":"topic.unsubscribed"}` {
		t.Error(show(got))
	}
	c.want(`{"re":3,"data":{"n":5}}`)
}

// One phone in a tunnel must not slow the others down, nor cost memory.
func TestSlowClientIsClosedAndOthersAreNot(t *testing.T) {
	k := newKit(t, nil)
	slow, quick := k.as("user:slow"), k.as("user:quick")
	slow.subscribe(2, "open:a", "")
	quick.subscribe(2, "open:a", "")
	done := make(chan struct{})
	published := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			got := quick.next()
			if got["offset"] != float64(n+1) {
				t.Errorf("offset %v after %d", got["offset"], n)
				return
			}
			published <- struct{}{}
			if k.hub.Stats().Closed[signaling.CloseOverload] == 1 {
				return
			}
		}
	}()
	began := time.Now()
	for n := 0; ; n++ {
		k.hub.Publish("open:a", "test.level", level{strings.Repeat("x", 32<<10), n})
		select {
		case <-published:
			continue
		case <-done:
		case <-time.After(patience):
			t.Fatal("the quick client was stalled")
		}
		break
	}
	if time.Since(began) > patience {
		t.Error("too slow")
	}
	slow.wantClosed(signaling.CloseOverload) // behind what the kernel had taken
}

type happened struct{ topics []string }

func (happened) Kind() string { return "test.happened" }
func (h happened) Live() (out []event.Notice) {
	for _, topic := range h.topics {
		out = append(out, event.Notice{Topic: topic, Type: "test.note", Data: note{1}})
	}
	return out
}

func TestForward(t *testing.T) {
	k := newKit(t, nil)
	c := k.as("user:a")
	c.subscribe(2, "open:a", "")
	c.subscribe(3, "open:b", "")
	ctx := context.Background()
	e := event.Envelope{ID: 4, Fact: happened{[]string{"open:a", "open:b"}}}
	k.hub.Forward(ctx, e)
	k.hub.Forward(ctx, e) // the sweeper brings it again
	k.hub.Forward(ctx, event.Envelope{ID: 5, Fact: happened{}})
	k.hub.Forward(ctx, event.Envelope{ID: 3, Fact: happened{[]string{"open:a"}}}) // late, and new
	c.want(`{"type":"test.note","topic":"open:a","offset":1,"data":{"n":1}}`)
	c.want(`{"type":"test.note","topic":"open:b","offset":1,"data":{"n":1}}`)
	c.want(`{"type":"test.note","topic":"open:a","offset":2,"data":{"n":1}}`)
}
