package allocate

import "time"

// Settle is how long the estimate must have carried the present layers before
// they may rise; it doubles with each rise that failed, up to SettleMax.
const (
	Settle    = 5 * time.Second
	SettleMax = 80 * time.Second
)

// Apply turns the grants Allocate wished for into those to make now, in place.
// A fall passes at once. A rise waits until nothing has fallen for the hold; a
// track that is paused, or starts, may rise to its lowest option at once. When
// layers fall within the hold after a rise, that rise failed, and the hold
// doubles; after a rise that lasted it is halved again.
func (h *Holdoff) Apply(wants []Want, grants []Grant, now time.Time) {}
