package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"mentara/api/account"
	"mentara/configs"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/fault"
	"mentara/recording/review"
)

// TestRecordingIsReviewedHeldAndErased goes through the program's own parts: what
// is written beside a recording follows its access, and its end.
func TestRecordingIsReviewedHeldAndErased(t *testing.T) {
	cfg := configs.Default()
	cfg.Data, cfg.Media.Port = t.TempDir(), 0
	p, err := build(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}()
	person := func(email string, role auth.Role) auth.Principal {
		u, err := p.accounts.CreateUser(t.Context(), account.NewUser{Email: email, Name: "Somebody", Role: role, Password: "violet kettle ninety"})
		if err != nil {
			t.Fatal(err)
		}
		return auth.Principal{ID: u.ID, Kind: auth.User, Role: role, Name: u.Name}
	}
	admin, tess, carl := person("a@example.org", auth.Admin), person("t@example.org", auth.Therapist), person("c@example.org", auth.Client)
	if _, err := p.accounts.SetCare(t.Context(), tess.ID, carl.ID, ""); err != nil {
		t.Fatal(err)
	}
	const id = "REC1"
	if _, err := p.records.Keys.Create(id); err != nil {
		t.Fatal(err)
	}
	w, err := p.records.Store.Create(t.Context(), "recordings/"+id+"/t1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		err := p.store.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC()
	exec(`INSERT INTO recordings (id, room_id, meeting_id, title, kind, state, purpose, policy_version, policy_text, asked_at, seen_at, stopped_at, duration_ms, started_by, started_by_name, host_id, host_name)
		VALUES (?, 'r', 'm', '', 'individual', 'ready', '', '1', '', ?, ?, ?, 60000, ?, 'T', ?, 'T')`, id, now, now, now, tess.ID, tess.ID)
	exec(`INSERT INTO recording_hosts (recording_id, user_id) VALUES (?, ?)`, id, tess.ID)
	exec(`INSERT INTO recording_people (recording_id, identity, name, role, client, consent, review) VALUES (?, ?, 'C', 'participant', TRUE, 'agreed', TRUE)`, id, carl.ID)

	if _, err := p.reviews.AddNote(t.Context(), tess, id, review.NewNote{AtMs: 5, Text: "a note"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.reviews.SaveClinicalNote(t.Context(), tess, id, 0, review.DAP, []review.Section{{Key: "data", Lines: []review.Line{{Text: "x"}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.reviews.Notes(t.Context(), admin, id); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an admin reads notes: %v", err)
	}
	if _, err := p.retained.Hold(t.Context(), admin, id, "court"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.retained.Erase(t.Context(), admin, id, "asked", carl.ID); !fault.Is(err, fault.Locked) {
		t.Errorf("held, yet: %v", err)
	}
	if _, err := p.retained.Release(t.Context(), admin, id, "over"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.retained.Erase(t.Context(), admin, id, "asked", carl.ID); err != nil {
		t.Fatal(err)
	}
	if err := p.jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, err := p.retained.ErasureOf(t.Context(), carl, id)
	if err != nil || e.State != "done" || len(e.Proof.Objects) != 1 || e.Proof.Key != "destroyed" || e.Proof.Review["notes"] != 1 || e.Proof.Backups.KeptDays != 30 {
		t.Fatalf("proof: %+v %v", e, err)
	}
	if _, err := p.reviews.Notes(t.Context(), tess, id); !fault.Is(err, fault.Gone) {
		t.Errorf("notes of an erased recording: %v", err)
	}
	if _, err := p.reviews.ClinicalNote(t.Context(), tess, id); err != nil {
		t.Errorf("the clinical note went along: %v", err)
	}
	if err := p.accounts.EndCare(t.Context(), tess.ID, carl.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.reviews.Marks(t.Context(), tess, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("after care ended: %v", err)
	}
}
