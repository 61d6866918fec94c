package signaling

import (
	"crypto/rand"
	"hash/maphash"
	"sync"
	"time"
)

const brokerShards = 64

// MemoryBroker is the broker of a single node.
type MemoryBroker struct {
	limits HistoryLimits
	seed   maphash.Seed
	shards [brokerShards]brokerShard
}

type brokerShard struct {
	mu     sync.Mutex
	topics map[string]*topic
}

// topic is one topic's place and recent frames. mu is held while a frame gets
// its offset and is handed to the listeners' queues, which never waits: that is
// what makes Join atomic.
type topic struct {
	mu      sync.Mutex
	epoch   string
	offset  uint64
	history []kept // oldest first, offsets without a gap
	bytes   int
	used    time.Time
	dead    bool // swept away; look it up again
}

// NewMemoryBroker makes an empty broker.
func NewMemoryBroker(limits HistoryLimits) *MemoryBroker {
	defaults := DefaultHistory()
	setDefault(&limits.Frames, defaults.Frames)
	setDefault(&limits.Bytes, defaults.Bytes)
	setDefault(&limits.Age, defaults.Age)
	b := &MemoryBroker{limits: limits, seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].topics = map[string]*topic{}
	}
	return b
}

func (b *MemoryBroker) shard(name string) *brokerShard {
	return &b.shards[maphash.String(b.seed, name)%brokerShards]
}

// locked returns the topic with its mutex held, new if need be.
func (b *MemoryBroker) locked(name string, now time.Time) *topic {
	s := b.shard(name)
	for {
		s.mu.Lock()
		t := s.topics[name]
		if t == nil {
			t = &topic{epoch: rand.Text()[:13]}
			s.topics[name] = t
		}
		s.mu.Unlock()
		t.mu.Lock()
		if !t.dead {
			t.used = now
			return t
		}
		t.mu.Unlock()
	}
}

// publish gives a frame its offset, keeps it and delivers it.
func (b *MemoryBroker) publish(name string, now time.Time, encode func(offset uint64) []byte, deliver func(frame []byte)) {
	t := b.locked(name, now)
	defer t.mu.Unlock()
	t.offset++
	frame := encode(t.offset)
	t.history = append(t.history, kept{t.offset, now, frame})
	t.bytes += len(frame)
	t.trimLocked(b.limits, now)
	deliver(frame)
}

// join hands over what a listener missed since its last frame (nil: it is new)
// and where the topic stands. then runs before any later frame is delivered.
func (b *MemoryBroker) join(name string, now time.Time, since *Position, then func(joined)) {
	t := b.locked(name, now)
	defer t.mu.Unlock()
	t.trimLocked(b.limits, now)
	j := joined{at: Position{Offset: t.offset, Epoch: t.epoch}}
	if since != nil && since.Epoch == t.epoch && since.Offset <= t.offset &&
		t.offset-since.Offset <= uint64(len(t.history)) {
		j.recovered = true
		for _, k := range t.history[uint64(len(t.history))-(t.offset-since.Offset):] {
			j.missed = append(j.missed, k.frame)
		}
	}
	then(j)
}

func (t *topic) trimLocked(limits HistoryLimits, now time.Time) {
	drop := 0
	for drop < len(t.history) {
		k := &t.history[drop]
		if len(t.history)-drop <= limits.Frames && t.bytes <= limits.Bytes && now.Sub(k.at) <= limits.Age {
			break
		}
		t.bytes -= len(k.frame)
		*k = kept{}
		drop++
	}
	t.history = t.history[drop:]
}

// sweep forgets old frames, and topics that nobody has used for the age of the
// history; inUse says whether somebody still listens. A client that comes back
// to a forgotten topic meets a new epoch, and so is not recovered.
func (b *MemoryBroker) sweep(now time.Time, inUse func(name string) bool) {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		for name, t := range s.topics {
			t.mu.Lock()
			t.trimLocked(b.limits, now)
			if len(t.history) == 0 && now.Sub(t.used) > b.limits.Age && !inUse(name) {
				t.dead = true
				delete(s.topics, name)
			}
			t.mu.Unlock()
		}
		s.mu.Unlock()
	}
}

// count is how many topics are known.
func (b *MemoryBroker) count() int {
	n := 0
	for i := range b.shards {
		b.shards[i].mu.Lock()
		n += len(b.shards[i].topics)
		b.shards[i].mu.Unlock()
	}
	return n
}
