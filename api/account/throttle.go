package account

import (
	"sync"
	"time"

	"mentara/internal/fault"
)

const (
	triesPerHour = 100              // passwords compared per account from unknown browsers
	freeTries    = 3                // failures in a row before waiting begins
	maxDelay     = 15 * time.Minute // between tries of one address at one account
	tryWindow    = time.Hour
	maxTryKeys   = 50_000
)

// throttle slows guessing down without locking anyone out. Each address waits
// longer after each failure at an account, and an account has at most 100
// passwords compared in an hour, wherever they come from. A browser in which
// this person signed in before has an allowance of its own, so the owner gets
// in during an attack. It counts addresses that have no account the same way:
// otherwise the wait would tell which exist.
//
// Counts are in memory, per node: a restart forgives, and n nodes allow n times
// as much, which at 100 an hour is still nothing.
type throttle struct {
	mu    sync.Mutex
	tries map[string]*tries
	swept time.Time
}

type tries struct {
	count int       // since the window began, or in a row for a pair
	began time.Time // of the window
	next  time.Time // no try before
}

func newThrottle() *throttle { return &throttle{tries: map[string]*tries{}} }

// try is a password comparison that was let through.
type try struct {
	t       *throttle
	account string // "" when a known device answers for itself
	pair    string
}

// begin takes a try at now or says how long to wait. It counts as a failure
// until Succeeded, so that tries side by side do not outrun the count.
func (t *throttle) begin(now time.Time, email, address, device string) (*try, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ref := &try{t: t, account: "account " + email, pair: "pair " + email + " " + address}
	if device != "" {
		ref.account, ref.pair = "", "device "+device
	}
	pair := t.entryLocked(ref.pair, now)
	if wait := pair.next.Sub(now); wait > 0 {
		return nil, tooManyTries(wait)
	}
	if ref.account != "" {
		acc := t.entryLocked(ref.account, now)
		if acc.count >= triesPerHour {
			return nil, tooManyTries(acc.began.Add(tryWindow).Sub(now))
		}
		acc.count++
	}
	pair.count++
	if extra := pair.count - freeTries; extra >= 0 {
		pair.next = now.Add(min(maxDelay, time.Second<<min(extra, 20)))
	}
	return ref, nil
}

// Succeeded forgets the failures of this address, and gives the account its try
// back.
func (a *try) Succeeded() { a.settle(true) }

// Cancelled takes back a try that compared nothing.
func (a *try) Cancelled() { a.settle(false) }

func (a *try) settle(forget bool) {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	if acc := a.t.tries[a.account]; acc != nil && acc.count > 0 {
		acc.count--
	}
	pair := a.t.tries[a.pair]
	switch {
	case pair == nil:
	case forget:
		delete(a.t.tries, a.pair)
	default:
		pair.count = max(0, pair.count-1)
		pair.next = time.Time{}
	}
}

// entryLocked finds or makes the count of key. When memory is full of counts
// that still matter, further keys share one, which soon makes them wait.
func (t *throttle) entryLocked(key string, now time.Time) *tries {
	e := t.tries[key]
	if e == nil && len(t.tries) >= maxTryKeys {
		t.sweepLocked(now)
		if len(t.tries) >= maxTryKeys {
			key = "overflow"
			e = t.tries[key]
		}
	}
	if e == nil {
		e = &tries{began: now}
		t.tries[key] = e
	}
	if now.Sub(e.began) >= tryWindow && !now.Before(e.next) {
		*e = tries{began: now}
	}
	return e
}

func (t *throttle) sweepLocked(now time.Time) {
	if now.Sub(t.swept) < time.Second {
		return
	}
	t.swept = now
	for key, e := range t.tries {
		if now.Sub(e.began) >= tryWindow && !now.Before(e.next) {
			delete(t.tries, key)
		}
	}
}

func tooManyTries(wait time.Duration) error {
	return fault.New(fault.RateLimited, "too_many_tries", "Too many tries. Please wait before the next one.").After(max(wait, time.Second))
}
