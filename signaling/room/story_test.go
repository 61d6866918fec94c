package room

import (
	"slices"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/sfu"
)

func TestAdmissionOneByOne(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		carl, carlLink := h.come(user("carl"), id)
		if carl.Self.State != Waiting || len(carl.Participants) != 0 || carlLink.listens(topicOf(id)) {
			t.Fatalf("Carl should wait and hear nothing: %+v", carl.Self)
		}
		cora, _ := h.come(user("cora"), id)

		// The host comes late: nobody is let in by that.
		tess, tessLink := h.come(user("tess"), id)
		if tess.Self.State != Joined || !tessLink.listens(waitingTopicOf(id)) {
			t.Fatalf("the host should be in and hear who waits: %+v", tess.Self)
		}
		if len(tess.Participants) != 2 || tess.Room.Waiting != 2 || tess.Room.State != Open {
			t.Fatalf("the host should see two who wait in an open room: %+v", tess)
		}
		if h.stateOf(user("carl"), id) != Waiting || h.stateOf(user("cora"), id) != Waiting {
			t.Fatal("the host's arrival let somebody in")
		}

		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		if h.stateOf(user("carl"), id) != Joined || h.stateOf(user("cora"), id) != Waiting {
			t.Fatal("admitting Carl should let in Carl alone")
		}
		pushed, ok := carlLink.got("room.admitted")
		if !ok || pushed.(RoomAdmitted).Room.State != Live || len(pushed.(RoomAdmitted).Participants) != 1 {
			t.Fatalf("Carl should be told he is in, with Tess alone: %+v", pushed)
		}
		if !carlLink.listens(topicOf(id)) || carlLink.listens(waitingTopicOf(id)) {
			t.Fatal("Carl should hear the room and not who waits")
		}

		// The host leaves and returns: Cora still waits.
		must(t, h.Leave(t.Context(), user("tess"), id, tessLink))
		h.come(user("tess"), id)
		if h.stateOf(user("cora"), id) != Waiting {
			t.Fatal("the host's return let somebody in")
		}
		must(t, h.Deny(t.Context(), user("tess"), id, cora.Self.ID, "Not today"))
		if h.stateOf(user("cora"), id) != Left {
			t.Fatal("Cora should have been sent away")
		}
		_, err := h.Join(t.Context(), user("cora"), id, newLink("again"))
		if code(err) != "knock_later" {
			t.Fatalf("Cora knocked again at once: %v", err)
		}
		h.clock.pass(knockAgain)
		h.come(user("cora"), id)

		want := []string{
			"room.created", "room.participant_waiting", "room.participant_waiting",
			"room.participant_joined", "room.participant_admitted", "room.started", "room.participant_joined",
			"room.participant_left", "room.participant_joined", "room.participant_denied", "room.participant_waiting",
		}
		got := h.emitted()
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("facts\n got %v\nwant %v", got, want)
		}
	})
}

func TestSeatSurvivesDrop(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		carl, link := h.come(user("carl"), id)
		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		_, err := h.Offer(t.Context(), user("carl"), link, OfferRequest{Room: id, SDP: "v=0"})
		must(t, err)
		leg := h.engine.leg(carl.Self.ID)

		h.Dropped(link.ID())
		if h.stateOf(user("carl"), id) != Reconnecting {
			t.Fatal("a dropped seat should be reconnecting")
		}
		h.clock.pass(29 * time.Second)
		h.Tick(t.Context())
		back, link2 := h.come(user("carl"), id)
		if back.Self.ID != carl.Self.ID || back.Self.State != Joined || leg.isClosed() {
			t.Fatalf("within the grace the same seat and media continue: %+v", back.Self)
		}
		h.clock.pass(time.Minute)
		h.Tick(t.Context())
		if h.stateOf(user("carl"), id) != Joined {
			t.Fatal("a seat that was resumed must not expire")
		}

		h.Dropped(link2.ID())
		droppedAt := h.clock.now()
		h.clock.pass(30 * time.Second)
		h.Tick(t.Context())
		if h.stateOf(user("carl"), id) != Left || !leg.isClosed() {
			t.Fatal("after the grace the seat is free and its media closed")
		}
		record, err := h.Attendance(t.Context(), user("carl"), id)
		must(t, err)
		if len(record) != 1 || len(record[0].Intervals) != 1 || record[0].Intervals[0].Reason != "dropped" ||
			!record[0].Intervals[0].LeftAt.Equal(droppedAt) || record[0].Seconds != 89 {
			t.Fatalf("the stay should end at the drop: %+v", record)
		}

		// Admitted in this session: straight back, with a new seat.
		again, _ := h.come(user("carl"), id)
		if again.Self.State != Joined || again.Self.ID == carl.Self.ID {
			t.Fatalf("Carl was admitted and should come straight back: %+v", again.Self)
		}
	})
}

func TestEmptyRoomForgetsAdmission(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		_, tess := h.come(user("tess"), id)
		carl, carlLink := h.come(user("carl"), id)
		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		must(t, h.Leave(t.Context(), user("tess"), id, tess))
		must(t, h.Leave(t.Context(), user("carl"), id, carlLink))
		if h.peek(id) != nil {
			t.Fatal("an empty room has no session")
		}
		if back, _ := h.come(user("carl"), id); back.Self.State != Waiting {
			t.Fatal("after the room stood empty, Carl waits again")
		}
	})
}

func TestKickHasNoWayBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		g := guestOf(id, "gina")
		gina, link := h.come(g, id)
		must(t, h.Admit(t.Context(), user("tess"), id, gina.Self.ID))
		_, err := h.Offer(t.Context(), g, link, OfferRequest{Room: id, SDP: "v=0"})
		must(t, err)

		must(t, h.Kick(t.Context(), user("tess"), id, gina.Self.ID))
		if !h.engine.leg(gina.Self.ID).isClosed() || !h.hub.wasEvicted(topicOf(id), "gina") {
			t.Fatal("a kick ends media and listening at once")
		}
		if _, ok := link.got("room.kicked"); !ok {
			t.Fatal("who is kicked is told")
		}
		for name, p := range map[string]auth.Principal{
			"same session": g, "token": tokenOf(id, "gina", auth.RoomGrant{Publish: true, Subscribe: true, Admitted: true}),
			"moderator token": tokenOf(id, "gina", auth.RoomGrant{Moderator: true, Admitted: true}),
		} {
			if _, err := h.Join(t.Context(), p, id, newLink("x")); code(err) != "kicked" {
				t.Errorf("%s: got back in: %v", name, err)
			}
		}
		if _, err := h.Offer(t.Context(), g, link, OfferRequest{Room: id, SDP: "v=0"}); code(err) != "not_joined" {
			t.Errorf("media after a kick: %v", err)
		}

		// Not over a restart either, nor when everybody had left.
		h.shutdown()
		h2 := newHouse(t, h.db, h.facts)
		h2.clock.pass(time.Minute)
		if _, err := h2.Join(t.Context(), g, id, newLink("x")); code(err) != "kicked" {
			t.Fatalf("got back in after a restart: %v", err)
		}
		h2.come(user("tess"), id)
		list, err := h2.Participants(t.Context(), user("tess"), id)
		must(t, err)
		i := slices.IndexFunc(list, func(p Participant) bool { return p.Kicked })
		if i < 0 || list[i].Identity != "gina" {
			t.Fatalf("hosts should see whom they kicked: %+v", list)
		}
		must(t, h2.Admit(t.Context(), user("tess"), id, list[i].ID))
		if back, _ := h2.come(g, id); back.Self.State != Joined {
			t.Fatal("the host let Gina back")
		}
	})
}

func TestMuteIsUndoneByThePersonAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		_, tess := h.come(user("tess"), id)
		carl, link := h.come(user("carl"), id)
		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		_, err := h.Offer(t.Context(), user("carl"), link, OfferRequest{Room: id, SDP: "v=0"})
		must(t, err)
		_, err = h.Media(t.Context(), user("carl"), link, MediaRequest{Room: id, Microphone: true, Camera: true, Screen: true})
		must(t, err)
		leg := h.engine.leg(carl.Self.ID)

		must(t, h.Mute(t.Context(), user("tess"), id, carl.Self.ID, sfu.Microphone))
		must(t, h.Mute(t.Context(), user("tess"), id, carl.Self.ID, sfu.Screen))
		if !leg.isMuted(sfu.Microphone) || !leg.isMuted(sfu.Screen) || !leg.isMuted(sfu.ScreenAudio) || leg.isMuted(sfu.Camera) {
			t.Fatal("the server should drop microphone, screen and its sound, and nothing else")
		}
		if told, ok := link.got("room.muted"); !ok || told.(RoomMuted).By != "Tess" {
			t.Fatalf("Carl should be told: %+v", told)
		}
		list, err := h.Participants(t.Context(), user("carl"), id)
		must(t, err)
		i := slices.IndexFunc(list, func(p Participant) bool { return p.ID == carl.Self.ID })
		if p := list[i]; !p.MutedByHost || p.Microphone || !p.Camera || p.Screen {
			t.Fatalf("others should see it: %+v", p)
		}
		must(t, h.Leave(t.Context(), user("tess"), id, tess)) // a mute outlasts who made it
		// His client was away and says what it last knew: that undoes nothing.
		res, err := h.Media(t.Context(), user("carl"), link, MediaRequest{Room: id, Microphone: true, Camera: true, Screen: true})
		must(t, err)
		if !leg.isMuted(sfu.Microphone) || !leg.isMuted(sfu.Screen) || !res.Self.MutedByHost || res.Self.Microphone || res.Self.Screen {
			t.Fatalf("an old state undid the mute: %+v", res.Self)
		}
		res, err = h.Media(t.Context(), user("carl"), link, MediaRequest{Room: id, Microphone: false, Camera: true})
		must(t, err)
		if !leg.isMuted(sfu.Microphone) || !res.Self.MutedByHost {
			t.Fatal("leaving the microphone off undoes nothing")
		}
		res, err = h.Media(t.Context(), user("carl"), link, MediaRequest{Room: id, Microphone: true, Camera: true})
		must(t, err)
		if leg.isMuted(sfu.Microphone) || res.Self.MutedByHost || !leg.isMuted(sfu.Screen) {
			t.Fatal("turning the microphone on undoes its mute alone")
		}
	})
}

func TestNewestSocketHoldsTheSeat(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		first, old := h.come(user("tess"), id)
		second, link := h.come(user("tess"), id)
		if first.Self.ID != second.Self.ID {
			t.Fatal("one person has one seat")
		}
		if _, ok := old.got("room.replaced"); !ok || old.listens(topicOf(id)) {
			t.Fatal("the older socket is told, and hears no more")
		}
		if _, err := h.Offer(t.Context(), user("tess"), old, OfferRequest{Room: id, SDP: "v=0"}); code(err) != "replaced" {
			t.Fatalf("the older socket sends media: %v", err)
		}
		must(t, h.Leave(t.Context(), user("tess"), id, old)) // its last word frees nothing
		h.Dropped(old.ID())
		if h.stateOf(user("tess"), id) != Joined {
			t.Fatal("the older socket's end frees the seat")
		}
		h.Dropped(link.ID())
		if h.stateOf(user("tess"), id) != Reconnecting {
			t.Fatal("the holder's end drops the seat")
		}
	})
}

func TestResumedSocketLearnsItsSlots(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		tess, link := h.come(user("tess"), id)
		_, err := h.Offer(t.Context(), user("tess"), link, OfferRequest{Room: id, SDP: "v=0"})
		must(t, err)
		h.Dropped(link.ID())
		h.engine.leg(tess.Self.ID).o.On(sfu.Slots{Slots: []sfu.Slot{{Mid: "3", Participant: "p"}}})
		_, link2 := h.come(user("tess"), id)
		if got, ok := link2.got("rtc.slots"); !ok || got.(RTCSlots).Slots[0].Mid != "3" {
			t.Fatalf("slots that changed while the socket was gone: %+v", got)
		}
	})
}

func TestGarbageCutsItsSenderAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		_, link := h.come(user("tess"), id)
		for i := range maxBad {
			_, err := h.Offer(t.Context(), user("tess"), link, OfferRequest{Room: id, SDP: "garbage"})
			if code(err) != "bad_sdp" {
				t.Fatalf("offer %d: %v", i, err)
			}
			if (link.cut != "") != (i == maxBad-1) {
				t.Fatalf("after %d bad offers cut is %q", i+1, link.cut)
			}
		}
	})
}

func TestLockedDoor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		carl, carlLink := h.come(user("carl"), id)
		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		locked := true
		_, err := h.Update(t.Context(), user("tess"), id, Changes{Locked: &locked})
		must(t, err)
		if _, err := h.Join(t.Context(), user("cora"), id, newLink("x")); code(err) != "room_locked" {
			t.Fatalf("Cora came through a locked door: %v", err)
		}
		must(t, h.Leave(t.Context(), user("carl"), id, carlLink))
		if back, _ := h.come(user("carl"), id); back.Self.State != Joined {
			t.Fatal("who was in comes back through a locked door")
		}
	})
}

func TestCaps(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.caps.Participants, h.caps.PerIdentity, h.caps.Rooms = 2, 1, 2
		a, b, c := h.room(), h.room(), h.room()
		h.come(user("tess"), a)
		h.come(user("carl"), a)
		if _, err := h.Join(t.Context(), user("cora"), a, newLink("x")); code(err) != "room_full" {
			t.Errorf("a third came into a room of two: %v", err)
		}
		if _, err := h.Join(t.Context(), user("carl"), b, newLink("x")); code(err) != "too_many_rooms" {
			t.Errorf("Carl sits in two rooms: %v", err)
		}
		h.come(user("cora"), b)
		if _, err := h.Join(t.Context(), user("carl"), c, newLink("x")); code(err) != "node_full" {
			t.Errorf("a third room on a node of two: %v", err)
		}
	})
}

func TestRevokedLoginLeaves(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		h.come(user("tess"), id)
		carl, link := h.come(user("carl"), id)
		must(t, h.Admit(t.Context(), user("tess"), id, carl.Self.ID))
		_, err := h.Offer(t.Context(), user("carl"), link, OfferRequest{Room: id, SDP: "v=0"})
		must(t, err)
		h.Revoked("session of carl")
		if h.stateOf(user("carl"), id) != Left || !h.engine.leg(carl.Self.ID).isClosed() || h.stateOf(user("tess"), id) != Joined {
			t.Fatal("whose login ended is out at once, without grace, and nobody else")
		}
	})
}
