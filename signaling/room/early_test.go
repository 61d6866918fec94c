package room

import (
	"fmt"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/sfu"
)

// ahead offers early and returns the leg that was made for it.
func (h *house) ahead(p auth.Principal, room string, link Link) *testLeg {
	h.t.Helper()
	answer, err := h.EarlyOffer(h.t.Context(), p, link, OfferRequest{Room: room, SDP: "v=0"})
	must(h.t, err)
	if answer != "answer to v=0" {
		h.t.Fatalf("answered with %q", answer)
	}
	h.mu.Lock()
	e := h.earlies.byLink[link.ID()]
	h.mu.Unlock()
	return h.engine.leg(e.participant)
}

func TestEarlyConnectionBecomesTheSeats(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		link := newLink("carl's page")
		leg := h.ahead(user("carl"), id, link)
		if leg.may() != [2]bool{} {
			t.Fatalf("an early leg may %v", leg.may())
		}
		must(t, h.EarlyCandidate(link, EarlyCandidate{Candidate: "candidate"}))
		leg.o.On(sfu.State{State: sfu.StateConnected})
		leg.o.On(sfu.Slots{Slots: []sfu.Slot{{Mid: "4"}}})
		if len(link.sent) != 0 {
			t.Fatalf("somebody in the lobby is told %v", link.sent)
		}
		res, err := h.Join(t.Context(), user("carl"), id, link)
		must(t, err)
		if !res.Early || res.Self.ID != leg.o.Participant || res.Self.State != Waiting || res.Self.Connection.State != sfu.StateConnected {
			t.Fatalf("%+v", res)
		}
		if leg.may() != [2]bool{} || leg.isClosed() {
			t.Fatalf("while waiting the leg may %v", leg.may())
		}
		// It can be mended while one waits, and nothing more.
		_, err = h.Offer(t.Context(), user("carl"), link, OfferRequest{Room: id, SDP: "restart"})
		must(t, err)
		must(t, h.Candidate(t.Context(), user("carl"), link, CandidateRequest{Room: id, Candidate: "candidate"}))
		if err = h.View(t.Context(), user("carl"), link, ViewRequest{Room: id}); code(err) != "waiting" {
			t.Fatalf("a view while waiting: %v", err)
		}
		leg.o.On(sfu.Quality{})
		h.hub.mu.Lock()
		for _, s := range h.hub.sent {
			if s.Type == "room.quality" {
				t.Error("the room hears how somebody at the door does")
			}
		}
		h.hub.mu.Unlock()
		must(t, h.Admit(t.Context(), user("tess"), id, res.Self.ID))
		if leg.may() != [2]bool{true, true} {
			t.Fatalf("once in, the leg may %v", leg.may())
		}
		again, err := h.Join(t.Context(), user("carl"), id, link)
		must(t, err)
		if again.Early || leg.isClosed() {
			t.Fatal("a seat that is resumed brings no new connection, and keeps its own")
		}
		must(t, h.Leave(t.Context(), user("carl"), id, link))
		if !leg.isClosed() {
			t.Fatal("the leg outlives its seat")
		}
	})
}

func TestEarlyConnectionOfHostsAndTools(t *testing.T) {
	h := newHouse(t, dbtest.New(t), &factRecorder{})
	id := h.room()
	for p, may := range map[string][2]bool{"tess": {true, true}, "tool": {true, false}} {
		who := user(p)
		if p == "tool" {
			who = tokenOf(id, p, auth.RoomGrant{Publish: true, Admitted: true})
		}
		link := newLink(p)
		leg := h.ahead(who, id, link)
		res, err := h.Join(t.Context(), who, id, link)
		must(t, err)
		if !res.Early || res.Self.State != Joined || leg.may() != may {
			t.Errorf("%s: %+v, may %v", p, res.Self, leg.may())
		}
	}
}

func TestEarlyConnectionThatNobodyTakes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		// Tess has a page in the lobby, and joins on another device.
		page, device := newLink("page"), newLink("device")
		leg := h.ahead(user("tess"), id, page)
		first, err := h.Join(t.Context(), user("tess"), id, device)
		must(t, err)
		if first.Early || leg.isClosed() {
			t.Fatal("a socket takes what another made")
		}
		if _, err = h.EarlyOffer(t.Context(), user("tess"), newLink("third"), OfferRequest{Room: id, SDP: "v=0"}); code(err) != "joined" {
			t.Fatalf("ahead of a seat one has: %v", err)
		}
		second, err := h.Join(t.Context(), user("tess"), id, page)
		must(t, err)
		if second.Early || second.Self.ID != first.Self.ID || !leg.isClosed() {
			t.Fatalf("%+v", second)
		}
		_, err = h.Offer(t.Context(), user("tess"), page, OfferRequest{Room: id, SDP: "v=0"})
		must(t, err)
		if h.engine.leg(first.Self.ID).may() != [2]bool{true, true} {
			t.Fatal("media does not start as ever")
		}
		// What was made for one room is none of another's.
		other := h.room()
		carl := newLink("carl")
		leg = h.ahead(user("carl"), other, carl)
		must(t, h.Leave(t.Context(), user("tess"), id, page))
		res, err := h.Join(t.Context(), user("carl"), id, carl)
		must(t, err)
		if res.Early || !leg.isClosed() {
			t.Fatal("a connection changed rooms")
		}
		if err = h.Candidate(t.Context(), user("carl"), carl, CandidateRequest{Room: id}); code(err) != "waiting" {
			t.Fatalf("media while waiting: %v", err)
		}
	})
}

func TestEarlyConnectionIsOnlyForThoseWhoMayCome(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		early := func(p auth.Principal) string {
			_, err := h.EarlyOffer(t.Context(), p, newLink("early "+p.ID), OfferRequest{Room: id, SDP: "v=0"})
			h.endEarly("early " + p.ID)
			return code(err)
		}
		res, _ := h.come(user("carl"), id)
		must(t, h.Deny(t.Context(), user("tess"), id, res.Self.ID, ""))
		if got := early(user("carl")); got != "knock_later" {
			t.Errorf("sent away: %q", got)
		}
		h.clock.pass(knockAgain)
		res, _ = h.come(user("carl"), id)
		must(t, h.Kick(t.Context(), user("tess"), id, res.Self.ID))
		if got := early(user("carl")); got != "kicked" {
			t.Errorf("kicked: %q", got)
		}
		locked := true
		_, err := h.Update(t.Context(), user("tess"), id, Changes{Locked: &locked})
		must(t, err)
		if got := early(user("cora")); got != "room_locked" {
			t.Errorf("locked: %q", got)
		}
		must(t, h.Leave(t.Context(), user("tess"), id, nil))
		h.Tick(t.Context()) // nobody is in: the door is the database's
		for who, want := range map[string]string{"carl": "kicked", "cora": "room_locked", "tess": ""} {
			if got := early(user(who)); got != want {
				t.Errorf("%s, with nobody in: %q, want %q", who, got, want)
			}
		}
	})
}

func TestEarlyConnectionsAreBounded(t *testing.T) {
	h := newHouse(t, dbtest.New(t), &factRecorder{})
	id := h.room()
	offer := OfferRequest{Room: id, SDP: "v=0"}

	link := newLink("page")
	leg := h.ahead(user("carl"), id, link)
	if h.ahead(user("carl"), id, link) != leg {
		t.Error("a second offer of a socket opens a second leg")
	}
	h.clock.pass(earlyLasts - time.Second)
	h.Tick(t.Context())
	if leg.isClosed() {
		t.Error("ended before its time")
	}
	h.clock.pass(time.Second)
	h.Tick(t.Context())
	if told, _ := link.got("early.state"); !leg.isClosed() || told != (EarlyState{Room: id, State: sfu.StateClosed}) {
		t.Errorf("after its time: closed %v, told %v", leg.isClosed(), told)
	}

	leg = h.ahead(user("carl"), id, link)
	leg.o.On(sfu.State{State: sfu.StateFailed}) // also one that never came up
	if told, _ := link.got("early.state"); !leg.isClosed() || told != (EarlyState{Room: id, State: sfu.StateFailed}) {
		t.Errorf("after its failure: closed %v, told %v", leg.isClosed(), told)
	}
	if err := h.EarlyCandidate(link, EarlyCandidate{Candidate: "candidate"}); code(err) != "no_offer" {
		t.Errorf("a candidate for nothing: %v", err)
	}
	leg = h.ahead(user("carl"), id, link)
	h.Dropped(link.ID())
	if !leg.isClosed() {
		t.Error("it outlives its socket")
	}
	leg = h.ahead(user("carl"), id, link)
	next := h.ahead(user("carl"), h.room(), link)
	if !leg.isClosed() || next.isClosed() {
		t.Error("a socket has two")
	}
	h.endEarly(link.ID())

	for i := range earlyPerIdentity {
		h.ahead(user("cora"), id, newLink(fmt.Sprint("cora ", i)))
	}
	if _, err := h.EarlyOffer(t.Context(), user("cora"), newLink("cora"), offer); code(err) != "too_many_requests" {
		t.Errorf("one more of a person: %v", err)
	}
	for i := range earlyPerIdentity {
		h.endEarly(fmt.Sprint("cora ", i))
	}
	for i := range earlyPerAddress {
		h.ahead(guestOf(id, fmt.Sprint("guest", i)), id, &testLink{id: fmt.Sprint("guest ", i), from: "192.0.2.1"})
	}
	if _, err := h.EarlyOffer(t.Context(), user("tess"), &testLink{id: "tess", from: "192.0.2.1"}, offer); code(err) != "too_many_requests" {
		t.Errorf("one more of an address: %v", err)
	}
	h.caps.Early = earlyPerAddress + 1
	h.ahead(user("tess"), id, &testLink{id: "tess", from: "192.0.2.2"})
	if _, err := h.EarlyOffer(t.Context(), user("theo"), newLink("theo"), offer); code(err) != "not_found" {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := h.EarlyOffer(t.Context(), user("cora"), newLink("cora"), offer); code(err) != "node_full" {
		t.Errorf("one more of a node: %v", err)
	}
	h.endEarlies(h.now().Add(earlyLasts))

	h.clock.pass(time.Hour)
	for range earlyBurst {
		h.ahead(user("cora"), id, link)
		h.endEarly(link.ID())
	}
	if _, err := h.EarlyOffer(t.Context(), user("cora"), link, offer); code(err) != "too_many_requests" {
		t.Errorf("too often: %v", err)
	}
	h.clock.pass(earlyEvery * earlyBurst)
	h.ahead(user("cora"), id, link)

	for range maxBad - 1 {
		if _, err := h.EarlyOffer(t.Context(), user("cora"), link, OfferRequest{Room: id, SDP: "garbage"}); code(err) != "bad_sdp" {
			t.Fatalf("garbage: %v", err)
		}
	}
	if link.cut != "" {
		t.Error("cut off early")
	}
	// What was bad in the lobby still counts at the door.
	_, err := h.Join(t.Context(), user("cora"), id, link)
	must(t, err)
	_, _ = h.Offer(t.Context(), user("cora"), link, OfferRequest{Room: id, SDP: "garbage"})
	if link.cut == "" {
		t.Error("a client that sends garbage goes on")
	}
	must(t, h.Leave(t.Context(), user("cora"), id, link))
	h.clock.pass(time.Hour)
	h.Tick(t.Context())
	if n := len(h.earlies.byLink) + len(h.earlies.opening) + len(h.earlies.tries.at); n != 0 {
		t.Errorf("%d things are left", n)
	}
}

// With real WebRTC: who stands in the lobby or waits is connected, sends and is
// sent to by nobody; being let in is all that it takes to hear each other.
func TestConnectedBeforeTheDoor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newLiveHouse(t, d)
		room := map[string]any{"room": h.room}
		tess, carl := h.tab(user("tess")), h.tab(user("carl"))
		call[JoinResult](tess, "room.join", room)
		tess.media()
		carl.answer(call[OfferResult](carl, "early.offer", carl.offer()).SDP)
		silent := func(where string) {
			t.Helper()
			eventually(t, "both send, "+where, func() bool { return h.sfu.Stats().Connected == 2 })
			at := h.sfu.Stats().PacketsIn
			eventually(t, "both send, "+where, func() bool { return h.sfu.Stats().PacketsIn > at+100 })
			if s := h.sfu.Stats(); s.PacketsOut != 0 || carl.heard.Load()+tess.heard.Load() != 0 {
				t.Errorf("%s: %d packets left", where, s.PacketsOut)
			}
			for _, kind := range []string{"rtc.slots", "rtc.demand", "room.participant", "room.speakers"} {
				if carl.pushed(kind)() {
					t.Errorf("%s: told of %s", where, kind)
				}
			}
		}
		silent("in the lobby")
		waiting := call[JoinResult](carl, "room.join", room)
		if !waiting.Early || waiting.Self.State != Waiting || len(waiting.Participants) != 0 {
			t.Fatalf("%+v", waiting)
		}
		silent("in the waiting room")
		call[Done](tess, "room.admit", map[string]any{"room": h.room, "participant": waiting.Self.ID})
		eventually(t, "both hear each other", func() bool { return tess.heard.Load() > 20 && carl.heard.Load() > 20 })
		eventually(t, "slots are told", carl.pushed("rtc.slots"))
		call[Done](carl, "room.leave", room)
		eventually(t, "he is gone", func() bool { return h.sfu.Stats().Peers == 1 })

		// Let in before, the next join needs the seat alone.
		again := h.tab(user("carl"))
		again.answer(call[OfferResult](again, "early.offer", again.offer()).SDP)
		res := call[JoinResult](again, "room.join", room)
		if !res.Early || res.Self.State != Joined {
			t.Fatalf("%+v", res)
		}
		eventually(t, "he is heard, and hears", func() bool { return again.heard.Load() > 20 })
		call[Done](tess, "room.end", room)
		eventually(t, "the SFU is empty", func() bool { s := h.sfu.Stats(); return s.Rooms == 0 && s.Peers == 0 })
	})
}
