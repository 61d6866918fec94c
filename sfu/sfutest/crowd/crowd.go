// Package crowd puts a media server under the load of many plain WHIP and WHEP
// clients and says what a forwarded packet costs and how many never came. The
// clients know nothing of the server but RFC 9725: tokens, one POST each, and
// RTP.
//
// Each packet carries its publisher's running number and the time it was sent,
// behind the payload. So a viewer knows what it should have had: a stream that
// stalls counts as loss, though its sequence numbers have no gap.
package crowd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Target is the server under load.
type Target struct {
	URL string // base, as http://127.0.0.1:8080; rooms are under /api/v1/rooms
	// Token makes a bearer for a room. Identities are unique in a room.
	Token func(room, identity string, publish bool) (string, error)
	// Usage reads what the server process has used; nil if that is unknown.
	Usage func() (Usage, error)
	// Rooms makes n rooms; nil if the server takes any name for one.
	Rooms func(ctx context.Context, n int) ([]string, error)
	// Record has the server record what the publishers of each room send, until
	// stop is called. Only a recorded plan asks for it.
	Record func(ctx context.Context, publishers map[string][]string) (stop func() error, err error)
}

// Plan is what the crowd does.
type Plan struct {
	Name       string
	Rooms      int
	Publishers int           // in each room
	Viewers    int           // of each publisher
	Sound      bool          // publishers also send Opus
	Recorded   bool          // all publishers, from when everybody has media
	Settle     time.Duration // from when everybody has media until it is measured
	Measure    time.Duration
}

// Broadcast is one publisher with many viewers.
func Broadcast(viewers int, measure time.Duration) Plan {
	return Plan{
		Name: fmt.Sprintf("1 publisher, %d viewers (video)", viewers), Rooms: 1, Publishers: 1, Viewers: viewers,
		Settle: 2 * time.Second, Measure: measure,
	}
}

// Conversations are rooms of two who see and hear each other: two WHIP and two
// WHEP sessions in each.
func Conversations(rooms int, measure time.Duration) Plan {
	return Plan{
		Name: fmt.Sprintf("%d rooms of 2 (video and sound, both ways)", rooms), Rooms: rooms, Publishers: 2, Viewers: 1,
		Sound: true, Settle: 2 * time.Second, Measure: measure,
	}
}

// AsRecorded is the same plan with all publishers recorded.
func (p Plan) AsRecorded() Plan {
	p.Name, p.Recorded = p.Name+", recorded", true
	return p
}

const (
	// upWithin is how long everybody may take until media flows.
	upWithin = time.Minute
	// repairs is how long after the end a packet may still come: five requests
	// of a viewer for a lost one.
	repairs = time.Second
	// dialing is how many clients negotiate at once. More do not come up
	// sooner, they only wait for each other on a small machine.
	dialing = 8
)

// crowd is one run.
type crowd struct {
	target Target
	plan   Plan
	http   *http.Client
	ends   *endpoints
	start  time.Time

	measuring  atomic.Bool
	publishers []*publisher
	viewers    []*viewer
}

// Run plays a plan and reports. It leaves no client behind, however it ends.
// Its error means that there is nothing to report: the server refused, somebody
// got no media within a minute, or ctx ended.
func Run(ctx context.Context, t Target, p Plan) (_ Report, failed error) {
	ends, err := newEndpoints(t.URL)
	if err != nil {
		return Report{}, err
	}
	c := &crowd{target: t, plan: p, http: &http.Client{Timeout: 30 * time.Second}, ends: ends, start: time.Now()}
	defer c.close()
	up, err := c.gather(ctx)
	if err != nil {
		return Report{}, err
	}
	if p.Recorded {
		stop, err := t.Record(ctx, c.byRoom())
		if err != nil {
			return Report{}, fmt.Errorf("record: %w", err)
		}
		defer func() { failed = errors.Join(failed, stop()) }()
	}
	if err := sleep(ctx, p.Settle); err != nil {
		return Report{}, err
	}
	r, err := c.measure(ctx)
	r.Up = up
	return r, err
}

// gather connects everybody and waits until all have media. It returns how long
// that took.
func (c *crowd) gather(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, upWithin)
	defer cancel()
	rooms, err := c.rooms(ctx)
	if err != nil {
		return 0, fmt.Errorf("rooms: %w", err)
	}
	for n, room := range rooms {
		for i := range c.plan.Publishers {
			p := newPublisher(c, room, fmt.Sprintf("camera-%d-%d", i, n))
			c.publishers = append(c.publishers, p)
			for range c.plan.Viewers {
				c.viewers = append(c.viewers, newViewer(c, p, fmt.Sprintf("viewer-%d", len(c.viewers))))
			}
		}
	}
	if err := each(ctx, c.publishers, func(p *publisher) error { return p.dial(ctx) }); err != nil {
		return 0, fmt.Errorf("publisher: %w", err)
	}
	if err := each(ctx, c.viewers, func(v *viewer) error { return v.dial(ctx) }); err != nil {
		return 0, fmt.Errorf("viewer: %w", err)
	}
	for i, v := range c.viewers {
		for _, f := range v.feeds() {
			select {
			case <-f.flowing:
			case <-ctx.Done():
				return 0, fmt.Errorf("viewer %d of %d has no media: %w", i+1, len(c.viewers), ctx.Err())
			}
		}
	}
	return time.Since(c.start), nil
}

// rooms names the rooms of the plan.
func (c *crowd) rooms(ctx context.Context) ([]string, error) {
	if c.target.Rooms != nil {
		return c.target.Rooms(ctx, c.plan.Rooms)
	}
	names := make([]string, c.plan.Rooms)
	for i := range names {
		names[i] = fmt.Sprintf("bench-%x-%d", c.start.UnixNano(), i)
	}
	return names, nil
}

// byRoom lists who publishes in each room.
func (c *crowd) byRoom() map[string][]string {
	who := map[string][]string{}
	for _, p := range c.publishers {
		who[p.room] = append(who[p.room], p.identity)
	}
	return who
}

// measure watches the crowd for as long as the plan says.
func (c *crowd) measure(ctx context.Context) (Report, error) {
	r := Report{Plan: c.plan}
	before, err := c.take()
	if err != nil {
		return r, err
	}
	c.measuring.Store(true)
	err = sleep(ctx, c.plan.Measure)
	c.measuring.Store(false)
	if err != nil {
		return r, err
	}
	after, err := c.take()
	if err != nil {
		return r, err
	}
	if err := sleep(ctx, repairs); err != nil {
		return r, err
	}
	r.between(before, after)
	for i, s := range c.sources() {
		r.Published += uint64(after.next[i] - before.next[i])
		for _, v := range c.viewers {
			for _, f := range v.feeds() {
				if f.of == s {
					r.add(f, before.next[i], after.next[i])
				}
			}
		}
	}
	if r.Forwarded == 0 {
		return r, errors.New("no packet arrived")
	}
	return r, nil
}

// moment is the state of all at one time.
type moment struct {
	at              time.Time
	next            []uint32 // number of the next packet, by source
	server, clients Usage
	machine         time.Duration
	known           bool // server, clients and machine are
}

func (c *crowd) take() (m moment, err error) {
	for _, s := range c.sources() {
		m.next = append(m.next, s.next.Load())
	}
	m.at = time.Now()
	if c.target.Usage == nil {
		return m, nil
	}
	if m.server, err = c.target.Usage(); err != nil {
		return m, fmt.Errorf("usage of the server: %w", err)
	}
	if m.clients, err = ProcessUsage(os.Getpid()); err != nil {
		return m, fmt.Errorf("usage of the clients: %w", err)
	}
	if m.machine, err = machineUsage(); err != nil {
		return m, fmt.Errorf("usage of the machine: %w", err)
	}
	m.known = true
	return m, nil
}

func (c *crowd) sources() (all []*source) {
	for _, p := range c.publishers {
		all = append(all, p.sources()...)
	}
	return all
}

// close hangs up for everybody. The server hears a DELETE from each, or finds
// out by itself.
func (c *crowd) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = each(ctx, c.viewers, func(v *viewer) error { v.call.hangUp(ctx); return nil })
	_ = each(ctx, c.publishers, func(p *publisher) error { p.close(ctx); return nil })
	c.http.CloseIdleConnections()
}

// each calls do for all, a few at a time, until one fails. It returns when all
// calls have.
func each[T any](ctx context.Context, all []T, do func(T) error) error {
	var wg sync.WaitGroup
	free := make(chan struct{}, dialing)
	failed := make(chan error, 1)
	defer wg.Wait()
	for _, one := range all {
		select {
		case free <- struct{}{}:
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		wg.Go(func() {
			defer func() { <-free }()
			if err := do(one); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
