package sfu_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"mentara/sfu"
	"mentara/sfu/sfutest"
)

func descriptors(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// After any number of people came and went nothing of them is left. 40 cycles
// by default; MENTARA_LEAK_CYCLES=1000 for the long run.
func TestNothingIsLeftBehind(t *testing.T) {
	cycles := 40
	if v, err := strconv.Atoi(os.Getenv("MENTARA_LEAK_CYCLES")); err == nil {
		cycles = v
	}
	s := newStage(t)
	stay := s.join("base", "stay", sfutest.Options{Microphone: true})
	stay.bot.Publish()
	cycle := func(i int) {
		room, err := s.e.Room(fmt.Sprint("room", i%7))
		if err != nil {
			t.Fatal(err)
		}
		var bots [2]*sfutest.Bot
		var peers [2]*sfu.Peer
		for j := range bots {
			p, err := room.Join(sfu.JoinOptions{ID: fmt.Sprint("p", j), Publish: true, Subscribe: true, On: func(sfu.Event) {}})
			if err != nil {
				t.Fatal(err)
			}
			o := everything()
			o.Offer, o.Data, o.TCP = p.Offer, true, i%5 == 4
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if bots[j], err = sfutest.Dial(ctx, o); err != nil {
				t.Fatal(err)
			}
			if i%3 != 2 { // one in three leaves before it is connected
				if err := bots[j].Connected(ctx); err != nil {
					t.Fatal(err)
				}
			}
			cancel()
			peers[j] = p
		}
		for range 5 {
			bots[0].Frame()
			bots[1].Frame()
		}
		if i%2 == 0 { // the client goes first, or we do
			bots[0].Close()
			bots[1].Close()
		}
		peers[0].Close()
		peers[1].Close()
		bots[0].Close()
		bots[1].Close()
	}
	for i := range 8 {
		cycle(i) // pools and lazy parts of libraries
	}
	settle := func(goroutines, fds int) (int, int) {
		for range 100 {
			if runtime.NumGoroutine() <= goroutines && descriptors(t) <= fds {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		return runtime.NumGoroutine(), descriptors(t)
	}
	time.Sleep(2 * time.Second)
	goroutines, fds := runtime.NumGoroutine(), descriptors(t)
	for i := range cycles {
		cycle(i)
	}
	if g, f := settle(goroutines, fds); g > goroutines || f > fds {
		buf := make([]byte, 1<<20)
		t.Errorf("%d cycles left %d goroutines and %d descriptors\n%s", cycles, g-goroutines, f-fds, buf[:runtime.Stack(buf, true)])
	}
	if st := s.e.Stats(); st.Rooms != 1 || st.Peers != 1 {
		t.Errorf("left: %d rooms, %d peers", st.Rooms, st.Peers)
	}
}
