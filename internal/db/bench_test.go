package db_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

func eachEngine(b *testing.B, bus func() *event.Bus[*db.Tx], bench func(b *testing.B, d *db.DB)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, dbtest.WithBus(b, bus())) })
	b.Run("postgres", func(b *testing.B) { bench(b, dbtest.Open(b, dbtest.PostgresDSN(b), bus())) })
}

func together(b *testing.B, writers int, write func(i int64) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := write(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// What one fsync per write costs, and what sharing them saves.
func BenchmarkWrite(b *testing.B) {
	row := func(i int64) func(context.Context, *db.Tx) error {
		return func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.NewInsert().Model(&note{Text: fmt.Sprint(i), At: time.Now()}).Exec(ctx)
			return err
		}
	}
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			d := dbtest.New(b)
			if err := d.Write(b.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.NewCreateTable().Model((*note)(nil)).Exec(ctx)
				return err
			}); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			together(b, writers, func(i int64) error { return d.Write(b.Context(), row(i)) })
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// A fact from its commit through three consumers to the sockets' side.
func BenchmarkFact(b *testing.B) {
	var forwarded atomic.Int64
	bus := func() *event.Bus[*db.Tx] {
		bus := event.NewBus[*db.Tx]()
		for _, name := range []string{"audit", "notify", "search"} {
			event.On(bus, name, func(ctx context.Context, tx *db.Tx, f said) error { return nil })
		}
		bus.Forward(func(context.Context, event.Envelope) { forwarded.Add(1) })
		return bus
	}
	eachEngine(b, bus, func(b *testing.B, d *db.DB) {
		d.SetDecode(decode)
		forwarded.Store(0)
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		b.ResetTimer()
		together(b, 32, func(int64) error { return d.Write(ctx, say("x")) })
		for forwarded.Load() < int64(b.N) {
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "facts/s")
		cancel()
		<-ended
	})
}
