package db

import (
	"time"

	"mentara/internal/event"
)

// SetDecode lets tests have facts that the product does not.
func (d *DB) SetDecode(f func(kind string, data []byte) (event.Fact, error)) { d.decode = f }

// SetNow replaces the clock.
func (d *DB) SetNow(f func() time.Time) { d.now = f }
