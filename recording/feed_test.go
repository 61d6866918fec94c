package recording

import (
	"fmt"
	"testing"
)

// A room that tells more than the session can hear loses history, and never who
// is there.
func TestFeedIsBounded(t *testing.T) {
	f := &feed{ready: make(chan struct{}, 1)}
	const people = 50
	for i := range 100_000 {
		id := fmt.Sprint(i % people)
		f.push(news{kind: newsPresent, who: Occupant{Participant: id, Camera: i/people%2 == 0}})
		if len(f.list) > feedBound {
			t.Fatalf("%d wait", len(f.list))
		}
	}
	f.push(news{kind: newsGone, who: Occupant{Participant: "7"}})
	last := map[string]news{}
	for _, n := range f.take() {
		last[n.who.Participant] = n
	}
	if len(last) != people || last["7"].kind != newsGone || last["8"].who.Camera {
		t.Errorf("%d people, %+v, %+v", len(last), last["7"], last["8"])
	}
	select {
	case <-f.ready:
	default:
		t.Error("nobody was woken")
	}
}

// As many are recorded at once as the operator allows.
func TestLiveCap(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for i := range 3 {
			h.rooms.mu.Lock()
			h.rooms.room.ID = fmt.Sprint("room-", i)
			h.rooms.mu.Unlock()
			_, err := h.Start(t.Context(), person("tess"), fmt.Sprint("room-", i), "")
			if want := []string{"", "", "node_full"}[i]; code(err) != want {
				t.Errorf("%d: %v", i, err)
			}
		}
		if h.Making() != 2 {
			t.Errorf("%d are made", h.Making())
		}
	})
}
