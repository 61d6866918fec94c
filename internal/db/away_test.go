package db_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// A PostgreSQL restart, or a network that drops, must look like a pause to
// callers and not like a bug of ours, and must pass without our restart.
func TestPostgresGoesAway(t *testing.T) {
	t.Run("terminated", func(t *testing.T) {
		away(t, dbtest.PostgresDSN(t), func(d *db.DB) {
			_, err := d.Writer().Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
			if err != nil && db.Fault(err) == nil {
				t.Error(err)
			}
		})
	})
	t.Run("reset", func(t *testing.T) {
		u, err := url.Parse(dbtest.PostgresDSN(t))
		if err != nil {
			t.Fatal(err)
		}
		r := newRelay(t, u.Host)
		u.Host = r.Addr().String()
		away(t, u.String(), func(*db.DB) { r.reset() })
	})
}

func away(t *testing.T, dsn string, strike func(d *db.DB)) {
	d := dbtest.Open(t, dsn, event.NewBus[*db.Tx]())
	notes(t, d)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var worked, refused atomic.Int64
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.ExecContext(ctx, "INSERT INTO note (text, at) VALUES (gen_random_uuid()::text, now())")
					return err
				})
				switch {
				case err == nil:
					worked.Add(1)
				case fault.Is(err, fault.Unavailable):
					refused.Add(1)
				default:
					t.Errorf("write: %v (%T), want an Unavailable fault", err, err)
				}
				if _, err := d.Read().NewSelect().Model((*note)(nil)).Count(t.Context()); err != nil {
					if f := db.Fault(err); f == nil || f.Kind != fault.Unavailable {
						t.Errorf("read: %v, want an Unavailable fault", err)
					}
				}
			}
		})
	}
	for range 20 {
		before := worked.Load()
		strike(d)
		within(t, 10*time.Second, "writes work again", func() bool { return worked.Load() > before+3 })
	}
	close(stop)
	wg.Wait()
	t.Logf("%d writes, %d refused", worked.Load(), refused.Load())
	if refused.Load() == 0 {
		t.Error("nothing was ever refused: the test did not strike")
	}
}

// relay is a TCP proxy whose connections can all be reset.
type relay struct {
	net.Listener

	mu    sync.Mutex
	conns []*net.TCPConn
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l}
	t.Cleanup(func() { l.Close(); r.reset() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				in.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, in.(*net.TCPConn))
			r.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() { _, _ = io.Copy(in, out); in.Close() }()
		}
	}()
	return r
}

func (r *relay) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.SetLinger(0) // close with RST
		c.Close()
	}
	r.conns = nil
}
