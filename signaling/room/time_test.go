package room

import (
	"slices"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

func TestDoorOpensWithTheClock(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room(func(p *Plan) { p.StartsAt, p.EndsAt = noon.Add(time.Hour), noon.Add(2*time.Hour) })
		h.emitted()
		_, err := h.Join(t.Context(), user("carl"), id, newLink("x"))
		if f := fault.As(err); f == nil || f.Code != "room_not_open" || f.RetryAfter != 50*time.Minute {
			t.Fatalf("an hour early: %v", err)
		}
		must(t, h.OpenDue(t.Context(), Due{Room: id})) // a job of an older plan
		if got := h.emitted(); len(got) != 0 {
			t.Fatalf("opened early: %v", got)
		}
		h.clock.pass(50 * time.Minute)
		if res, _ := h.come(user("carl"), id); res.Self.State != Waiting || res.Room.State != Open {
			t.Fatalf("ten minutes early the door opens, to wait: %+v", res)
		}
		must(t, h.OpenDue(t.Context(), Due{Room: id}))
		must(t, h.OpenDue(t.Context(), Due{Room: id}))
		if got := h.emitted(); !slices.Equal(got, []string{"room.participant_waiting", "room.opened"}) {
			t.Fatalf("facts %v", got)
		}
	})
}

func TestHostOpensEarly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room(func(p *Plan) { p.StartsAt, p.EndsAt = noon.Add(5*time.Hour), noon.Add(6*time.Hour) })
		if res, _ := h.come(user("tess"), id); res.Room.State != Open {
			t.Fatalf("%+v", res.Room)
		}
		if res, _ := h.come(user("carl"), id); res.Self.State != Waiting {
			t.Fatalf("%+v", res.Self)
		}
	})
}

// jobs runs what is due in the queue.
func (h *house) jobs() {
	h.t.Helper()
	if err := h.queue.Drain(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func TestExpiry(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		_, tess := h.come(user("tess"), id)
		_, carl := h.come(user("carl"), id) // waits
		h.clock.pass(time.Hour + 14*time.Minute)
		must(t, h.ExpireDue(t.Context(), Due{Room: id}))
		h.clock.pass(time.Minute)
		must(t, h.ExpireDue(t.Context(), Due{Room: id}))
		if r, err := h.Get(t.Context(), user("tess"), id); err != nil || r.State == Ended {
			t.Fatalf("the clock put somebody out: %v %v", r.State, err)
		}
		must(t, h.Leave(t.Context(), user("tess"), id, tess))
		must(t, h.ExpireDue(t.Context(), Due{Room: id}))
		if r, err := h.Get(t.Context(), user("tess"), id); err != nil || r.State != Ended || r.EndedAt == nil {
			t.Fatalf("nobody is in, and the time is over: %+v %v", r, err)
		}
		if told, ok := carl.got("room.ended"); !ok || told.(RoomEndedPush).Reason != "expired" {
			t.Fatalf("who waits is told: %v", told)
		}
		must(t, h.ExpireDue(t.Context(), Due{Room: id}))
		must(t, h.ExpireDue(t.Context(), Due{Room: "never was"}))
		got := h.emitted()
		if n := len(slices.DeleteFunc(got, func(k string) bool { return k != "room.ended" })); n != 1 {
			t.Fatalf("ended %d times", n)
		}
	})
}

// The queue really carries the room's jobs: a room that is over already.
func TestExpiryByTheQueue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		past := time.Now().Add(-3 * time.Hour)
		h.clock.at = past
		id := h.room(func(p *Plan) { p.StartsAt, p.EndsAt = past, past.Add(time.Hour) })
		h.clock.at = time.Now()
		h.jobs()
		if r, err := h.Get(t.Context(), user("tess"), id); err != nil || r.State != Ended {
			t.Fatalf("%v %v", r.State, err)
		}
	})
}

func TestExtendingMovesTheExpiry(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		longer := noon.Add(3 * time.Hour)
		_, err := h.Update(t.Context(), user("tess"), id, Changes{EndsAt: &longer})
		must(t, err)
		h.clock.pass(2 * time.Hour)
		must(t, h.ExpireDue(t.Context(), Due{Room: id}))
		if r, _ := h.Get(t.Context(), user("tess"), id); r.State == Ended {
			t.Fatal("the old job ended a room that was extended")
		}
		earlier := noon.Add(time.Hour)
		if _, err := h.Update(t.Context(), user("tess"), id, Changes{StartsAt: &earlier}); code(err) != "has_begun" {
			t.Fatalf("the start of an open room moved: %v", err)
		}
	})
}

func TestAttendanceSurvivesACrash(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		for range 40 { // ten minutes, seen every fifteen seconds
			h.clock.pass(15 * time.Second)
			h.Tick(t.Context())
		}
		h.clock.pass(7 * time.Second)
		// The process dies here: nothing is closed. Another starts, and Tess is
		// back within the minute.
		h2 := newHouse(t, h.db, h.facts)
		h2.clock.at = h.clock.now().Add(20 * time.Second)
		h2.come(user("tess"), id)
		h2.clock.pass(5 * time.Minute)
		h2.Tick(t.Context())
		record, err := h2.Attendance(t.Context(), user("tess"), id)
		must(t, err)
		if len(record) != 1 || len(record[0].Intervals) != 2 || record[0].Intervals[0].Reason != "lost" ||
			!record[0].Intervals[0].LeftAt.Equal(noon.Add(10*time.Minute)) || record[0].Minutes != 15 || !record[0].Present {
			t.Fatalf("%+v", record)
		}

		// And one who does not come back is closed where they were last seen.
		h2.clock.pass(time.Hour)
		h3 := newHouse(t, h.db, h.facts)
		h3.clock.at = h2.clock.now()
		h3.Tick(t.Context())
		record, err = h3.Attendance(t.Context(), user("tess"), id)
		must(t, err)
		if record[0].Present || record[0].Minutes != 15 || record[0].Intervals[1].Reason != "lost" {
			t.Fatalf("%+v", record)
		}
		// The dead processes of this test are still alive; let them not write.
		h.sessions, h2.sessions = map[string]*session{}, map[string]*session{}
	})
}

func TestAttendanceIsForHosts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		carl, _ := h.come(user("carl"), id)
		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		h.clock.pass(90 * time.Second)
		for who, want := range map[string]int{"tess": 2, "adam": 2, "carl": 1, "cora": 0, "mona": 0} {
			got, err := h.Attendance(t.Context(), user(who), id)
			if err != nil || len(got) != want {
				t.Errorf("%s sees %d of the record, want %d: %v", who, len(got), want, err)
			}
		}
	})
}

func TestSummarise(t *testing.T) {
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	got := summarise([]stay{
		{Identity: "b", JoinedAt: at(5), LeftAt: at(6), Samples: 2, UpTotal: 150, UpWorst: 60, DownTotal: 200, DownWorst: 100},
		{Identity: "a", JoinedAt: at(0), LeftAt: at(10)},
		{Identity: "a", JoinedAt: at(8), LeftAt: at(12)}, // overlaps by what a crash cost
		{Identity: "a", JoinedAt: at(9), LeftAt: at(11)},
		{Identity: "b", JoinedAt: at(20), Samples: 1, UpTotal: 30, UpWorst: 30, DownTotal: 40, DownWorst: 40},
	}, at(21))
	if len(got) != 2 || got[0].Identity != "a" || got[0].Seconds != 12*60 || got[0].Quality != nil || got[0].Present {
		t.Fatalf("a: %+v", got)
	}
	b := got[1]
	if b.Minutes != 2 || !b.Present || b.Intervals[1].LeftAt != nil ||
		*b.Quality != (QualitySummary{UpAverage: 60, UpWorst: 30, DownAverage: 80, DownWorst: 40}) {
		t.Fatalf("b: %+v %+v", b, b.Quality)
	}
}

func TestPrecallLimits(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.caps.Prechecks = 7
		offer := PrecallOffer{SDP: "v=0"}
		link := newLink("carl's tab")
		_, err := h.PrecallOffer(t.Context(), user("carl"), link, offer)
		must(t, err)
		_, err = h.PrecallOffer(t.Context(), user("carl"), link, offer) // renegotiates
		must(t, err)
		leg := h.engine.leg("self")
		if !leg.o.Loopback || !leg.o.Publish {
			t.Fatalf("%+v", leg.o)
		}
		h.clock.pass(59 * time.Second)
		h.Tick(t.Context())
		if leg.isClosed() {
			t.Fatal("closed early")
		}
		h.clock.pass(time.Second)
		h.Tick(t.Context())
		if told, _ := link.got("precall.state"); !leg.isClosed() || told != (PrecallState{State: "closed"}) {
			t.Fatal("a minute is enough")
		}
		for i := range precallBurst {
			_, err = h.PrecallOffer(t.Context(), user("cora"), newLink(string(rune('a'+i))), offer)
			must(t, err)
		}
		if _, err = h.PrecallOffer(t.Context(), user("cora"), newLink("z"), offer); code(err) != "too_many_requests" {
			t.Fatalf("a sixth: %v", err)
		}
		for _, who := range []string{"tess", "theo"} {
			_, err = h.PrecallOffer(t.Context(), user(who), newLink(who), offer)
			must(t, err)
		}
		if _, err = h.PrecallOffer(t.Context(), user("adam"), newLink("adam"), offer); code(err) != "node_full" {
			t.Fatalf("an eighth on the node: %v", err)
		}
		h.Dropped("theo")
		_, err = h.PrecallOffer(t.Context(), user("adam"), newLink("adam"), offer)
		must(t, err)
	})
}

func TestTokensAtTheDoor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room(func(p *Plan) { p.StartsAt, p.EndsAt = noon.Add(5*time.Hour), noon.Add(6*time.Hour) })
		tool := tokenOf(id, "tool", auth.RoomGrant{Publish: true, Admitted: true})
		if res, _ := h.come(tool, id); res.Self.State != Joined || res.Limits.Subscribe || res.Self.Role != RoleGuest {
			t.Fatalf("an operator's token comes in at any time, as a guest: %+v", res)
		}
		// A join token is its person, no more.
		h.come(user("tess"), id)
		asked, _ := h.come(user("carl"), id)
		made, err := h.JoinToken(user("carl"), id, asked.Self.Role)
		must(t, err)
		p, err := h.tokens.Verify(made.Token)
		must(t, err)
		again, _ := h.come(p, id)
		if again.Self.ID != asked.Self.ID || again.Self.State != Waiting || p.SessionID != "session of carl" || made.ExpiresAt.Sub(noon) > joinTTL {
			t.Fatalf("%+v %+v", again.Self, p)
		}
		if err := h.Admit(t.Context(), p, id, asked.Self.ID); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a member's token admits: %v", err)
		}
	})
}
