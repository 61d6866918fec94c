package recording

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/recording/final"
	"mentara/recording/timeline"
	"mentara/sfu"
)

func TestRecordingStory(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		st := h.start()
		if st.State != Asking || len(st.People) != 2 || st.People[0].Consent != Agreed || st.People[1].Consent != Wait {
			t.Fatalf("%+v", st)
		}
		if _, err := h.Start(ctx, person("tess"), "room-1", ""); code(err) != "already_recording" {
			t.Errorf("twice: %v", err)
		}
		if got := h.emitted(); !slices.Equal(got, []string{"consent_given", "asked"}) && !slices.Equal(got, []string{"asked", "consent_given"}) {
			t.Errorf("facts of asking: %v", got)
		}
		if journals, err := final.Journals(h.dir); err != nil || len(journals) > 0 {
			t.Fatalf("a journal before consent: %v %v", journals, err)
		}
		if st = h.decides("carl", st, Agreed); st.State != Live || !st.People[1].Recorded {
			t.Fatalf("%+v", st)
		}
		if got := h.emitted(); !slices.Equal(got, []string{"consent_given", "started"}) {
			t.Errorf("facts of starting: %v", got)
		}
		h.speaks("carl", 0, time.Second)
		h.clock.pass(time.Second)

		// A tool cannot answer: it is seen and not recorded, and nobody waits.
		tool := seat("camera", Guest)
		tool.Tool = true
		h.comes(tool)
		if last := h.hub.last(); last.State != Live || len(last.People) != 3 || last.People[2].Recorded {
			t.Errorf("with a tool: %+v", last)
		}
		h.comes(seat("gina", Guest))
		if last := h.hub.last(); last.State != Live || last.People[2].Consent != Wait || last.People[2].Recorded {
			t.Errorf("a late guest: %+v", last)
		}
		h.clock.pass(time.Second)
		st = h.decides("carl", st, Withdrawn)
		if st.State != Asking || st.People[0].Consent != Wait || st.People[1].Consent != Withdrawn {
			t.Fatalf("%+v", st)
		}
		if got := h.emitted(); !slices.Equal(got, []string{"consent_given", "suspended"}) {
			t.Errorf("facts of a withdrawal: %v", got)
		}
		h.decides("gina", st, Declined)
		h.clock.pass(3 * time.Second)
		if st = h.decides("tess", st, Agreed); st.State != Live {
			t.Fatalf("%+v", st)
		}
		h.speaks("tess", 5*time.Second, 6*time.Second)
		h.goes("carl")
		if st, err := h.Status(ctx, person("carl"), "room-1"); err != nil || st == nil || st.State != Live || len(st.People) != 0 {
			t.Errorf("seen from the door: %+v %v", st, err)
		}
		h.clock.pass(time.Second)
		st, err := h.Stop(ctx, person("tess"), "room-1")
		if err != nil || st.State != Finalising || h.hub.last().State != Finalising {
			t.Fatalf("%+v %v", st, err)
		}
		h.drain()
		tl, err := h.Timeline(ctx, st.ID)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, e := range tl.Events {
			told = append(told, fmt.Sprintf("%d:%s:%s", e.AtMs, e.Type, e.Person))
		}
		for _, want := range []string{"0:joined:carl", "0:joined:tess", "2000:suspended:carl", "5000:resumed:", "5000:joined:tess"} {
			if slices.Contains(told, want) == (want == "5000:joined:tess") {
				t.Errorf("%s: %v", want, told)
			}
		}
		if len(tl.People) != 2 || len(tl.Tracks) != 2 {
			t.Errorf("people %v, tracks %v", tl.People, tl.Tracks)
		}
		var consents []string
		for _, c := range tl.Consents {
			consents = append(consents, c.Person+":"+string(c.State))
		}
		if got := strings.Join(consents, " "); got != "tess:agreed carl:agreed carl:withdrawn gina:declined tess:agreed" {
			t.Errorf("consents: %s", got)
		}
		if got := h.emitted(); !slices.Equal(got, []string{"consent_given", "consent_given", "started", "stopped", "ready"}) {
			t.Errorf("facts of the end: %v", got)
		}
		if st, err := h.Status(ctx, person("tess"), "room-1"); st != nil || err != nil {
			t.Errorf("%+v %v", st, err)
		}
	})
}

// A source that pauses goes on in its track, with the pause marked.
func TestWithdrawalMarksTheSpot(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		st := h.start()
		h.decides("carl", st, Agreed)
		sess := h.peek("room-1")
		key := tapKey{"seat-carl", "microphone"}
		first := &tap{identity: "carl", remove: func() {}}
		_ = sess.do(t.Context(), func() {
			first.sink = &sink{writer: sess.writer, book: &sess.tracks, key: key, identity: "carl", now: sess.since()}
		})
		h.speaks("carl", 0, time.Second)
		first.sink.Format("Opus", 0, 0)
		first.end(timeline.Withdrawn)
		h.speaks("carl", 3*time.Second, 4*time.Second)
		h.clock.pass(4 * time.Second)
		if _, err := h.Stop(t.Context(), person("tess"), "room-1"); err != nil {
			t.Fatal(err)
		}
		h.drain()
		tl, err := h.Timeline(t.Context(), st.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := timeline.Gap{Track: "t1", FromMs: 980, ToMs: 3000, Reason: timeline.Withdrawn}
		if len(tl.Tracks) != 1 || len(tl.Gaps) != 1 || tl.Gaps[0] != want {
			t.Errorf("%+v %+v", tl.Tracks, tl.Gaps)
		}
	})
}

func TestCancelledBeforeTheFirstByte(t *testing.T) {
	for name, end := range map[string]func(h *house, st RecordingStatus){
		"by the host": func(h *house, _ RecordingStatus) {
			if _, err := h.Stop(h.t.Context(), person("tess"), "room-1"); err != nil {
				h.t.Fatal(err)
			}
		},
		"by everybody": func(h *house, st RecordingStatus) {
			h.decides("carl", st, Declined)
			h.decides("tess", st, Declined)
		},
		"by the room's end": func(h *house, _ RecordingStatus) {
			sess := h.peek("room-1")
			h.Closed("room-1", true)
			<-sess.done
		},
		"by emptiness": func(h *house, _ RecordingStatus) {
			h.goes("tess")
			h.goes("carl")
			h.clock.pass(emptyAfter)
			h.tick()
		},
		"by a restart": func(h *house, _ RecordingStatus) { h.shutdown() },
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				st := h.start()
				h.emitted()
				end(h, st)
				r, err := h.store.get(t.Context(), h.db.Read(), st.ID)
				if err != nil || r.State != Cancelled {
					t.Fatalf("%+v %v", r, err)
				}
				if got := h.emitted(); got[len(got)-1] != "cancelled" {
					t.Errorf("%v", got)
				}
				if _, err := h.Keys.Get(st.ID); code(err) == "" {
					t.Error("there is a key")
				}
			})
		})
	}
}

func TestLedgerIsAppendOnly(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.start()
		for _, q := range []string{
			"UPDATE recording_consents SET state = 'agreed'", "DELETE FROM recording_consents",
			"UPDATE recording_consents SET at = at WHERE seq = 1", "DELETE FROM recording_consents WHERE seq = 1",
		} {
			err := h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, q)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

func TestDisk(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		set := func(free uint64) {
			h.space.Lock()
			defer h.space.Unlock()
			h.space.free = free
		}
		set(1<<30 + minStart - 1)
		if _, err := h.Start(t.Context(), person("tess"), "room-1", ""); code(err) != "storage_full" {
			t.Fatalf("on a full disk: %v", err)
		}
		if got := h.ask("tess", "POST", "/api/v1/rooms/room-1/recordings", nil); got.Status != 507 {
			t.Errorf("over HTTP: %d", got.Status)
		}
		set(100 << 30)
		st := h.start()
		h.decides("carl", st, Agreed)
		h.speaks("carl", 0, time.Second)
		set(19 << 30) // of 200
		h.tick()
		if got := h.hub.last().Disk; got != DiskLow {
			t.Errorf("below a tenth: %s", got)
		}
		h.clock.pass(2 * time.Second)
		set(1<<30 - 1)
		sess := h.peek("room-1")
		h.tick()
		<-sess.done
		if last := h.hub.last(); last.State != Finalising || last.Disk != DiskFull || last.Reason != "full" {
			t.Errorf("full: %+v", last)
		}
		h.drain()
		r, err := h.store.get(t.Context(), h.db.Read(), st.ID)
		if err != nil || r.State != Ready || r.StopReason != "full" || r.DurationMs < 1000 {
			t.Errorf("%+v %v", r, err)
		}
	})
}

func TestRestartAndCrash(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		st := h.start()
		h.decides("carl", st, Agreed)
		h.speaks("carl", 0, 2*time.Second)
		path := final.JournalPath(h.dir, st.ID)
		cut, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.pass(2 * time.Second)
		h.shutdown()
		if _, err := h.Start(ctx, person("tess"), "room-1", ""); code(err) != "restarting" {
			t.Errorf("while stopping: %v", err)
		}
		h.boot()
		if err := h.Recover(ctx); err != nil {
			t.Fatal(err)
		}
		h.drain()
		r, err := h.store.get(ctx, h.db.Read(), st.ID)
		if err != nil || r.State != Ready || r.StopReason != "restart" || r.Recovered {
			t.Fatalf("after a restart: %+v %v", r, err)
		}

		// The same with kill -9: the journal has no end, and the row still says
		// that it goes on.
		if err := os.WriteFile(path, cut, 0o600); err != nil {
			t.Fatal(err)
		}
		err = h.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE recordings SET state = 'recording', stopped_at = NULL, stop_reason = '' WHERE id = ?", st.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.boot()
		h.emitted()
		if err := h.Recover(ctx); err != nil {
			t.Fatal(err)
		}
		h.drain()
		r, err = h.store.get(ctx, h.db.Read(), st.ID)
		if err != nil || r.State != Ready || r.StopReason != "crash" || !r.Recovered || r.DurationMs < 1900 {
			t.Fatalf("after a crash: %+v %v", r, err)
		}
		if got := h.emitted(); !slices.Equal(got, []string{"stopped", "ready"}) {
			t.Errorf("%v", got)
		}

		// A question that a crash left is forgotten after a while.
		asked := h.start()
		h.Service.live = map[string]*session{}
		h.clock.pass(staleAfter)
		if err := h.Recover(ctx); err != nil {
			t.Fatal(err)
		}
		if r, err := h.store.get(ctx, h.db.Read(), asked.ID); err != nil || r.State != Cancelled || r.StopReason != "crash" {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// A database that is away does not keep anybody recorded: the withdrawal holds,
// its line of the ledger is written later, and the asker is told.
func TestWithdrawalHoldsWithoutTheDatabase(t *testing.T) {
	h := newHouse(t, dbtest.New(t), &facts{})
	st := h.start()
	h.decides("carl", st, Agreed)
	sess := h.peek("room-1")
	ended := false
	_ = sess.do(t.Context(), func() {
		k := &sink{writer: sess.writer, book: &sess.tracks, key: tapKey{"seat-carl", sfu.Microphone}, identity: "carl", now: sess.since()}
		sess.seats["seat-carl"].Sources = []sfu.Source{sfu.Microphone}
		sess.taps[k.key] = &tap{identity: "carl", sink: k, remove: func() { ended = true }}
	})
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Decide(t.Context(), person("carl"), "room-1", st.ID, Withdrawn, ""); err == nil {
		t.Error("nobody was told")
	}
	err := sess.do(t.Context(), func() {
		if !ended || sess.consent.find("carl").consent != Withdrawn || sess.row.State != Asking || sess.unsaved != 2 || len(sess.taps) > 0 {
			t.Errorf("ended %v, %s, %d unsaved, %d taps", ended, sess.row.State, sess.unsaved, len(sess.taps))
		}
		// Nothing goes on before the ledger has it.
		_, _ = sess.consent.decide("tess", Agreed)
		sess.advance(t.Context())
		if sess.row.State != Asking {
			t.Errorf("it went on: %s", sess.row.State)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
