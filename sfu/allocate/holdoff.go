package allocate

import "time"

// Settle is how long after a fall layers may not rise again; it doubles with
// each rise that failed, up to SettleMax.
const (
	Settle    = 5 * time.Second
	SettleMax = 80 * time.Second
)

// Holdoff lets grants of one viewer fall at once and rise only after calm. The
// zero value is ready.
type Holdoff struct {
	hold   time.Duration // after the next fall
	until  time.Time     // no rise before
	risen  time.Time     // last rise, zero when judged
	rising int           // how many rises were held back in the last Apply
}

// Apply turns the grants Allocate made into those to carry out now, in place.
// A fall passes at once, and starts the hold if bandwidth was its cause; if a
// rise is not older than the hold, that rise failed and the hold doubles; a
// rise that outlasts the hold halves it. A track that is New is granted what
// Allocate found, as nothing of it could have failed before.
func (h *Holdoff) Apply(wants []Want, grants []Grant, now time.Time) {
	h.hold = max(h.hold, Settle)
	fell := false
	for i := range grants {
		if w := &wants[i]; !w.Audio && grants[i].Option < w.Current && grants[i].Limited {
			fell = true
		}
	}
	if fell {
		h.fall(now)
	} else if !h.risen.IsZero() && now.Sub(h.risen) > h.hold {
		h.risen, h.hold = time.Time{}, max(Settle, h.hold/2)
	}
	calm := !now.Before(h.until)
	h.rising = 0
	for i := range grants {
		w, g := &wants[i], &grants[i]
		if w.Audio || w.Current == New || g.Option <= w.Current {
			continue
		}
		if calm {
			h.risen = now
			continue
		}
		h.rising++
		g.Option = w.Current
		g.Limited = g.Option < g.Ideal
	}
}

func (h *Holdoff) fall(now time.Time) {
	if !h.risen.IsZero() && now.Sub(h.risen) <= h.hold {
		h.hold = min(2*h.hold, SettleMax)
	}
	h.risen = time.Time{}
	h.until = now.Add(h.hold)
}

// Until is when layers may rise again: the zero time or one past when they may
// now. A probe for a higher layer is of no use before.
func (h *Holdoff) Until() time.Time { return h.until }

// Held is how many grants the last Apply kept from rising.
func (h *Holdoff) Held() int { return h.rising }
