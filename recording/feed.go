package recording

import (
	"sync"
	"time"

	"mentara/sfu"
)

// newsKind is what a room tells.
type newsKind int

const (
	newsPresent newsKind = iota
	newsMeasured
	newsGone
	newsClosed
)

// news is one thing a room told, and when.
type news struct {
	at    time.Time
	kind  newsKind
	who   Occupant
	up    sfu.Score
	ended bool
}

// feedBound is how much news may wait. A room brings a few per second; beyond
// this, of each person only the newest of each kind is kept: who is there stays
// right, and only the history of switches has a hole.
const feedBound = 1024

// feed is where rooms leave news without waiting.
type feed struct {
	mu    sync.Mutex
	list  []news
	ready chan struct{} // one token while there is news
}

func (f *feed) push(n news) {
	f.mu.Lock()
	if len(f.list) >= feedBound {
		f.compact()
	}
	f.list = append(f.list, n)
	f.mu.Unlock()
	f.wake()
}

// wake lets the session look again although there is no news.
func (f *feed) wake() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

func (f *feed) compact() {
	type key struct {
		kind newsKind
		who  string
	}
	last := map[key]int{}
	for i, n := range f.list {
		last[key{n.kind, n.who.Participant}] = i
	}
	kept := f.list[:0]
	for i, n := range f.list {
		if last[key{n.kind, n.who.Participant}] == i {
			kept = append(kept, n)
		}
	}
	f.list = kept
}

// take returns what has come, in order.
func (f *feed) take() []news {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.list
	f.list = nil
	return list
}
