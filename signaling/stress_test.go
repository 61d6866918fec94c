package signaling_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"mentara/signaling"
	"mentara/signaling/client"
)

// The promise of PROTOCOL.md, under fire: publishers go on while clients lose
// their connections at random moments and resume, and each client sees every
// offset of every topic exactly once and in order, or is told that it has lost
// some. Run with MENTARA_STRESS=60s for longer.
func TestEveryFrameOnceInOrder(t *testing.T) {
	t.Run("long history", func(t *testing.T) { stress(t, signaling.DefaultHistory()) })
	t.Run("short history", func(t *testing.T) {
		if lost := stress(t, signaling.HistoryLimits{Frames: 4, Bytes: 1 << 20, Age: time.Minute}); lost == 0 {
			t.Error("no client came back too late")
		}
	})
}

func stress(t *testing.T, history signaling.HistoryLimits) (lost int) {
	d := time.Second
	if text := os.Getenv("MENTARA_STRESS"); text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	k := newKitWith(t, history, func(_ *signaling.Mux, o *signaling.Options) { o.Limits.Rate, o.Limits.Burst = 1e6, 1e6 })
	const topics, publishers, clients = 3, 4, 6
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	var mu sync.Mutex
	sent := map[string]uint64{}
	for range publishers {
		publishing.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rand.IntN(4)) * time.Millisecond):
				}
				topic := fmt.Sprint("open:", rand.IntN(topics))
				mu.Lock()
				sent[topic]++
				n := sent[topic]
				// Under the lock, so that the number is the offset it must get.
				k.hub.Publish(topic, "test.note", note{int(n)})
				mu.Unlock()
				k.hub.Signal(topic, "test.level", level{strconv.Itoa(rand.IntN(3)), 1})
			}
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), d+3*patience)
	defer cancel()
	var watching sync.WaitGroup
	var total, drops int
	for i := range clients {
		c, err := client.Dial(ctx, k.url, client.Options{
			Token:   fmt.Sprint("user:", i),
			Backoff: func(int) time.Duration { return rand.N(30 * time.Millisecond) },
		})
		if err != nil {
			t.Fatal(err)
		}
		for topic := range topics {
			if err := c.Subscribe(ctx, fmt.Sprint("open:", topic)); err != nil {
				t.Fatal(err)
			}
		}
		quiet := make(chan struct{})
		watching.Go(func() { // the network
			defer close(quiet)
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rand.IntN(300)) * time.Millisecond):
					c.Drop()
					mu.Lock()
					drops++
					mu.Unlock()
				}
			}
		})
		watching.Go(func() { // the program
			defer c.Close()
			last := map[string]uint64{}
			done := quiet
			for {
				select {
				case f, ok := <-c.Frames():
					if !ok {
						t.Errorf("client %d is over: %v", i, c.Err())
						return
					}
					mu.Lock()
					switch {
					case f.Type == client.Lost:
						lost++
						if string(f.Data) != `"resume"` {
							t.Errorf("client %d lost %s by %s", i, f.Topic, f.Data)
						}
						last[f.Topic] = f.Offset
					case f.Offset != 0:
						total++
						var data note
						if err := f.Decode(&data); err != nil || uint64(data.N) != f.Offset {
							t.Errorf("%s %d holds %s", f.Topic, f.Offset, f.Data)
						}
						if before, ok := last[f.Topic]; ok && f.Offset != before+1 {
							t.Errorf("client %d: %s offset %d after %d", i, f.Topic, f.Offset, before)
						}
						last[f.Topic] = f.Offset
					}
					mu.Unlock()
				case <-done:
					// There is one last mark in every topic: whoever is there has
					// seen all.
					done = nil
				}
				if done == nil && finished(&mu, sent, last) {
					return
				}
			}
		})
	}
	time.AfterFunc(d, func() { close(stop) })
	publishing.Wait()
	mu.Lock()
	for topic := range topics {
		name := fmt.Sprint("open:", topic)
		sent[name]++
		k.hub.Publish(name, "test.note", note{int(sent[name])})
	}
	mu.Unlock()
	over := make(chan struct{})
	go func() { watching.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(4 * patience):
		t.Fatal("some client never saw the end")
	}
	t.Logf("%d frames seen over %d drops, %d topics lost", total, drops, lost)
	if total == 0 || drops == 0 {
		t.Error("nothing was tested")
	}
	return lost
}

func finished(mu *sync.Mutex, sent, last map[string]uint64) bool {
	mu.Lock()
	defer mu.Unlock()
	for topic, n := range sent {
		if last[topic] < n {
			return false
		}
	}
	return true
}
