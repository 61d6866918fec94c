package room

import "time"

// tries bound how often somebody asks for something costly: a burst, and then
// once per interval. They are kept by identity and guarded by their owner.
type tries struct {
	every time.Duration
	burst int
	at    map[string][]time.Time
}

func newTries(every time.Duration, burst int) tries {
	return tries{every: every, burst: burst, at: map[string][]time.Time{}}
}

// window is the time in which burst tries are too many.
func (t *tries) window() time.Duration { return t.every * time.Duration(t.burst) }

// next counts a try, or says how long to wait before one would count.
func (t *tries) next(identity string, now time.Time) (wait time.Duration) {
	var recent []time.Time
	for _, at := range t.at[identity] {
		if now.Sub(at) < t.window() {
			recent = append(recent, at)
		}
	}
	if len(recent) >= t.burst {
		return recent[0].Add(t.window()).Sub(now)
	}
	t.at[identity] = append(recent, now)
	return 0
}

// forget drops what no longer counts.
func (t *tries) forget(now time.Time) {
	for id, list := range t.at {
		if now.Sub(list[len(list)-1]) >= t.window() {
			delete(t.at, id)
		}
	}
}
