package signaling

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// drain returns what the writer would write, up to the end.
func drain(o *outbox) (out []string) {
	for {
		pong, frame, end := o.next()
		switch {
		case pong != nil:
			out = append(out, "pong")
		case frame != nil:
			out = append(out, string(frame))
		case end != nil:
			return append(out, fmt.Sprint(end.code))
		default:
			return out
		}
	}
}

func TestOutboxSignals(t *testing.T) {
	key := func(k string) signalKey { return signalKey{"t", "type", k} }
	for name, test := range map[string]struct {
		do   func(o *outbox)
		want []string
	}{
		"newest wins, in the oldest's place": {func(o *outbox) {
			o.signal(key("a"), []byte("a1"))
			o.signal(key("b"), []byte("b1"))
			o.signal(key("a"), []byte("a2"))
		}, []string{"a2", "b1"}},
		"after all that counts": {func(o *outbox) {
			o.signal(key("a"), []byte("a1"))
			o.push([]byte("frame"))
		}, []string{"frame", "a1"}},
		"forgotten with the topic": {func(o *outbox) {
			o.signal(key("a"), []byte("a1"))
			o.signal(signalKey{topic: "u"}, []byte("u1"))
			o.forget("t")
		}, []string{"u1"}},
		"dropped to make room": {func(o *outbox) {
			o.signal(key("a"), bytes.Repeat([]byte("a"), maxQueueBytes-10))
			o.push([]byte("frame longer than ten"))
		}, []string{"frame longer than ten"}},
		"refused when there is no room": {func(o *outbox) {
			o.push([]byte("frame"))
			o.signal(key("a"), make([]byte, maxQueueBytes))
		}, []string{"frame"}},
		"held back with the topic's frames": {func(o *outbox) {
			o.begin()
			o.hold()
			o.signal(key("a"), []byte("a1"))
			o.pushTopic("t", []byte("later"))
			o.push([]byte("direct"))
			for _, frame := range drain(o) {
				o.reply([]byte(frame + ", reply"))
			}
		}, []string{"direct, reply", "later", "a1"}},
		"not held outside a request": {func(o *outbox) {
			o.hold()
			o.pushTopic("t", []byte("now"))
			o.push([]byte("direct"))
		}, []string{"now", "direct"}},
		"close flushes": {func(o *outbox) {
			o.begin()
			o.hold()
			o.push([]byte("kicked"))
			o.pushTopic("t", []byte("held"))
			o.close(closing{code: 4403, flush: true})
			o.close(closing{code: 4400})
			o.push([]byte("too late"))
			o.reply([]byte("too late"))
		}, []string{"kicked", "held", "4403"}},
		"overload does not": {func(o *outbox) {
			o.push([]byte("frame"))
			o.signal(key("a"), []byte("a1"))
			o.close(closing{code: 1013})
		}, []string{"1013"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutbox()
			test.do(o)
			if got := drain(o); fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if o.bytes != 0 {
				t.Errorf("%d bytes counted in an empty outbox", o.bytes)
			}
		})
	}
}

func TestOutboxBounds(t *testing.T) {
	o := newOutbox()
	for i := range maxQueueFrames {
		if !o.push([]byte("x")) {
			t.Fatalf("frame %d refused", i)
		}
	}
	if o.push([]byte("x")) {
		t.Error("257 frames taken")
	}
	o = newOutbox()
	if !o.push(make([]byte, maxQueueBytes+1)) {
		t.Error("a lone large frame refused")
	}
	if o.push([]byte("x")) {
		t.Error("more than the byte limit taken")
	}
	o = newOutbox()
	lost := 0
	for i := range 2 * maxQueueSignals {
		lost += o.signal(signalKey{key: fmt.Sprint(i)}, []byte("x"))
	}
	if len(o.signals) != maxQueueSignals || lost != maxQueueSignals {
		t.Errorf("%d signals wait, %d lost", len(o.signals), lost)
	}
}

// A program that passed no limits once kept no history: every resume failed.
func TestBrokerKeepsHistoryByDefault(t *testing.T) {
	if got := NewMemoryBroker(HistoryLimits{}).limits; got != DefaultHistory() {
		t.Errorf("limits %+v", got)
	}
	if got := NewMemoryBroker(HistoryLimits{Frames: 3}).limits; got.Frames != 3 || got.Age != DefaultHistory().Age {
		t.Errorf("limits %+v", got)
	}
}

func TestBrokerForgets(t *testing.T) {
	b := NewMemoryBroker(HistoryLimits{Frames: 3, Bytes: 100, Age: time.Minute})
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	publish := func(n int) {
		b.publish("t", now, func(uint64) []byte { return make([]byte, n) }, func([]byte) {})
	}
	since := func(p Position) (got joined) {
		b.join("t", now, &p, func(j joined) { got = j })
		return got
	}
	unused := func(string) bool { return false }
	epoch := since(Position{}).at.Epoch
	for range 5 {
		publish(1)
	}
	if got := since(Position{2, epoch}); !got.recovered || len(got.missed) != 3 {
		t.Errorf("from 2: %+v", got)
	}
	if since(Position{1, epoch}).recovered {
		t.Error("recovered more than the frames kept")
	}
	publish(99)
	if got := since(Position{4, epoch}); !got.recovered || len(got.missed) != 2 {
		t.Errorf("by bytes: %+v", got)
	}
	if since(Position{3, epoch}).recovered {
		t.Error("recovered more than the bytes kept")
	}
	now = now.Add(61 * time.Second)
	if since(Position{5, epoch}).recovered {
		t.Error("recovered a frame that is too old")
	}
	if !since(Position{6, epoch}).recovered {
		t.Error("nothing was missed, and it was not recovered")
	}
	b.sweep(now.Add(30*time.Second), unused)
	now = now.Add(61 * time.Second)
	b.sweep(now, func(string) bool { return true })
	if b.count() != 1 {
		t.Error("a topic with listeners was forgotten")
	}
	b.sweep(now, unused)
	if b.count() != 0 {
		t.Error("an unused topic was kept")
	}
	if got := since(Position{6, epoch}); got.recovered || got.at.Epoch == epoch {
		t.Errorf("after forgetting: %+v", got)
	}
}
