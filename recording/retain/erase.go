package retain

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
	"mentara/internal/job"
)

// An erasure is pending until its job begins, and a hold cancels it; destroying
// from then on, when nothing stops it and every step may be repeated; done when
// a second look found neither key nor object.
const (
	pending    = "pending"
	destroying = "destroying"
	done       = "done"
	cancelled  = "cancelled"
)

type erasureRow struct {
	bun.BaseModel `bun:"table:retention_erasures,alias:re"`

	ID          string `bun:"id,pk"`
	RecordingID string
	State       string
	Cause       string
	Reason      string
	AskedBy     string
	AskedName   string
	AskedFor    string
	AskedAt     time.Time
	Inventory   string    // JSON of what was there before
	DoneAt      time.Time `bun:",nullzero"`
	Document    string    // JSON of the proof, as it was hashed
	Hash        string
}

type erasureJob struct {
	Erasure string `json:"erasure"`
}

// Thing is an object of the store.
type Thing struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// inventory is what of a recording is there.
type inventory struct {
	Key     bool    `json:"key"`
	Objects []Thing `json:"objects"`
}

func (s *Service) look(ctx context.Context, recording string) (inventory, error) {
	inv := inventory{Objects: []Thing{}}
	_, err := s.Keys.Get(recording)
	switch {
	case err == nil:
		inv.Key = true
	case !fault.Is(err, fault.Gone):
		return inv, fmt.Errorf("look for key: %w", err)
	}
	for _, prefix := range []string{"recordings/" + recording + "/", "exports/" + recording + "/"} {
		for info, err := range s.Blobs.List(ctx, prefix) {
			if err != nil {
				return inv, fmt.Errorf("look for objects: %w", err)
			}
			inv.Objects = append(inv.Objects, Thing{info.Name, info.Size})
		}
	}
	return inv, nil
}

// Proof says what an erasure destroyed. It names nobody but who asked, and holds
// nothing of what was said.
type Proof struct {
	Document  string           `json:"document"` // "Mentara proof of erasure, version 1"
	Recording string           `json:"recording"`
	Cause     string           `json:"cause" enum:"request,policy"`
	Reason    string           `json:"reason"`
	AskedBy   string           `json:"askedBy,omitempty"`
	AskedName string           `json:"askedName,omitempty"`
	AskedFor  string           `json:"askedFor,omitempty"`
	AskedAt   time.Time        `json:"askedAt"`
	ErasedAt  time.Time        `json:"erasedAt"`
	Key       string           `json:"key" enum:"destroyed,absent" doc:"absent: there was none any more"`
	Objects   []Thing          `json:"objects" doc:"Deleted, each sealed with the key"`
	Review    map[string]int64 `json:"review" doc:"Rows deleted of what was written beside it"`
	Kept      []string         `json:"kept" doc:"What stays in the record"`
	Backups   Backups          `json:"backups"`
}

// Backups bounds for how long copies may exist elsewhere.
type Backups struct {
	KeptDays int       `json:"keptDays"`
	GoneBy   time.Time `json:"goneBy"`
	Note     string    `json:"note"`
}

var kept = []string{"ledger of consent", "clinical note", "psychotherapy notes", "record of who watched", "ledger of holds", "this proof"}

// Erasure is how the erasure of a recording stands.
type Erasure struct {
	State    string     `json:"state" enum:"pending,destroying,done,cancelled"`
	Cause    string     `json:"cause" enum:"request,policy"`
	Reason   string     `json:"reason"`
	AskedBy  string     `json:"askedBy,omitempty"`
	AskedFor string     `json:"askedFor,omitempty"`
	AskedAt  time.Time  `json:"askedAt"`
	DoneAt   *time.Time `json:"doneAt,omitempty"`
	Proof    *Proof     `json:"proof,omitempty" doc:"When done"`
	Document string     `json:"document,omitempty" doc:"The proof, byte for byte as it was hashed"`
	Hash     string     `json:"hash,omitempty" doc:"SHA-256 of document, in hexadecimal"`
}

func (r erasureRow) view() (Erasure, error) {
	e := Erasure{State: r.State, Cause: r.Cause, Reason: r.Reason, AskedBy: r.AskedBy, AskedFor: r.AskedFor, AskedAt: r.AskedAt.UTC()}
	if r.State == done {
		at := r.DoneAt.UTC()
		e.DoneAt, e.Document, e.Hash, e.Proof = &at, r.Document, r.Hash, &Proof{}
		if err := json.Unmarshal([]byte(r.Document), e.Proof); err != nil {
			return Erasure{}, fmt.Errorf("read proof: %w", err)
		}
	}
	return e, nil
}

// Erase asks for a recording to be erased, for a person who is in it if somebody
// acts for one. The job does it; asking again answers the first.
func (s *Service) Erase(ctx context.Context, p auth.Principal, recording, reason, whose string) (Erasure, error) {
	g, err := s.keeper(ctx, p, recording)
	if err != nil {
		return Erasure{}, err
	}
	if reason, err = tidy("body.reason", reason); err != nil {
		return Erasure{}, err
	}
	if whose != "" && !slices.Contains(g.People, whose) {
		return Erasure{}, invalid("body.for", "This person is not in the recording.")
	}
	if g.Live {
		return Erasure{}, fault.New(fault.Conflict, "recording_live", "This recording is not finished. Please stop it first.")
	}
	var row erasureRow
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lock(ctx, tx, recording); err != nil {
			return err
		}
		var ok bool
		if row, ok, err = openErasure(ctx, tx, recording); err != nil || ok {
			return err
		}
		if g.Erased { // before there were proofs
			return errErased()
		}
		hold, err := readHold(ctx, tx, recording)
		if err != nil {
			return err
		}
		if hold.Held {
			return fault.New(fault.Locked, "legal_hold", "A legal hold keeps this recording. It cannot be erased until that is released.")
		}
		row = erasureRow{RecordingID: recording, Cause: "request", Reason: reason, AskedBy: p.ID, AskedName: p.Name, AskedFor: whose}
		if err := s.request(ctx, tx, row); err != nil {
			return err
		}
		row, _, err = openErasure(ctx, tx, recording)
		return err
	})
	if err != nil {
		return Erasure{}, err
	}
	return row.view()
}

// request writes an erasure and its job.
func (s *Service) request(ctx context.Context, tx *db.Tx, row erasureRow) error {
	if _, ok, err := openErasure(ctx, tx, row.RecordingID); err != nil || ok {
		return err
	}
	row.ID, row.State, row.AskedAt = newID(), pending, s.now()
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("request erasure: %w", err)
	}
	subject, err := s.Recordings.Subject(ctx, tx, row.RecordingID)
	if err != nil {
		return wrap("request erasure", err)
	}
	if err := tx.Emit(ctx, event.ErasureRequested{RecordingSubject: subject, Cause: row.Cause, By: row.AskedBy, For: row.AskedFor}); err != nil {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, eraseJob, erasureJob{row.ID}, job.EnqueueOptions{UniqueKey: row.ID})
}

// openErasure finds a recording's erasure that was not cancelled.
func openErasure(ctx context.Context, q bun.IDB, recording string) (erasureRow, bool, error) {
	var row erasureRow
	err := q.NewSelect().Model(&row).Where("re.recording_id = ? AND re.state <> ?", recording, cancelled).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return erasureRow{}, false, nil
	}
	if err != nil {
		return erasureRow{}, false, fmt.Errorf("read erasure: %w", err)
	}
	return row, true, nil
}

// cancelErasure stops an erasure that has not begun.
func (s *Service) cancelErasure(ctx context.Context, tx *db.Tx, p auth.Principal, recording string, subject event.RecordingSubject) error {
	row, ok, err := openErasure(ctx, tx, recording)
	if err != nil || !ok {
		return err
	}
	switch row.State {
	case destroying:
		return fault.New(fault.Conflict, "erasing", "This recording is being erased. It is too late to hold it.")
	case done:
		return errErased()
	}
	if _, err := tx.NewUpdate().Model((*erasureRow)(nil)).Set("state = ?", cancelled).Where("id = ?", row.ID).Exec(ctx); err != nil {
		return fmt.Errorf("cancel erasure: %w", err)
	}
	return tx.Emit(ctx, event.ErasureCancelled{RecordingSubject: subject, By: p.ID})
}

// erase is the job.
func (s *Service) erase(ctx context.Context, j erasureJob) error {
	row, err := s.begin(ctx, j.Erasure)
	if err != nil || row.State != destroying {
		return err
	}
	if err := s.Recordings.Erase(ctx, row.RecordingID, row.AskedBy, row.Cause); err != nil {
		return wrap("erase recording", err)
	}
	left, err := s.look(ctx, row.RecordingID)
	if err != nil {
		return err
	}
	if left.Key || len(left.Objects) > 0 {
		return fmt.Errorf("erase recording %s: %d objects are left, key there: %t", row.RecordingID, len(left.Objects), left.Key)
	}
	if err := s.finish(ctx, row); err != nil {
		return err
	}
	s.Log.Info("erasure proven", "recording", row.RecordingID, "erasure", row.ID)
	return nil
}

// begin takes an erasure past the point where a hold can stop it, with what is
// there to be destroyed written down.
func (s *Service) begin(ctx context.Context, id string) (erasureRow, error) {
	var row erasureRow
	if err := s.DB.Read().NewSelect().Model(&row).Where("re.id = ?", id).Scan(ctx); err != nil {
		return row, fmt.Errorf("read erasure: %w", err)
	}
	if row.State != pending {
		return row, nil
	}
	there, err := s.look(ctx, row.RecordingID)
	if err != nil {
		return row, err
	}
	list, err := json.Marshal(there)
	if err != nil {
		return row, err
	}
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := lock(ctx, tx, row.RecordingID); err != nil {
			return err
		}
		// Its state as it is now: a hold may have come first.
		if err := tx.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
			return fmt.Errorf("read erasure: %w", err)
		}
		if row.State != pending {
			return nil
		}
		hold, err := readHold(ctx, tx, row.RecordingID)
		if err != nil {
			return err
		}
		if hold.Held {
			return job.Permanent(fmt.Errorf("erase recording %s: it is held", row.RecordingID))
		}
		row.State, row.Inventory = destroying, string(list)
		if _, err := tx.NewUpdate().Model(&row).Column("state", "inventory").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("begin erasure: %w", err)
		}
		return nil
	})
	return row, err
}

// finish forgets what was written beside the recording and writes the proof.
func (s *Service) finish(ctx context.Context, row erasureRow) error {
	var there inventory
	if err := json.Unmarshal([]byte(row.Inventory), &there); err != nil {
		return fmt.Errorf("read inventory: %w", err)
	}
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		gone, err := s.Review.Forget(ctx, tx, row.RecordingID)
		if err != nil {
			return wrap("erase recording", err)
		}
		if _, err := tx.NewDelete().Model((*dueRow)(nil)).Where("recording_id = ?", row.RecordingID).Exec(ctx); err != nil {
			return fmt.Errorf("delete notice: %w", err)
		}
		subject, err := s.Recordings.Subject(ctx, tx, row.RecordingID)
		if err != nil {
			return wrap("erase recording", err)
		}
		now := s.now()
		proof := Proof{
			Document: "Mentara proof of erasure, version 1", Recording: row.RecordingID, Cause: row.Cause, Reason: row.Reason,
			AskedBy: row.AskedBy, AskedName: row.AskedName, AskedFor: row.AskedFor, AskedAt: row.AskedAt.UTC(), ErasedAt: now,
			Key: "absent", Objects: there.Objects, Review: gone, Kept: kept,
			Backups: Backups{
				KeptDays: int(s.BackupsKept / day), GoneBy: now.Add(s.BackupsKept),
				Note: "Database backups hold no key. Copies of the key directory and of the objects, if the operator makes any, are gone by this time.",
			},
		}
		if there.Key {
			proof.Key = "destroyed"
		}
		document, err := json.Marshal(proof)
		if err != nil {
			return fmt.Errorf("write proof: %w", err)
		}
		sum := sha256.Sum256(document)
		row.State, row.DoneAt, row.Document, row.Hash = done, now, string(document), hex.EncodeToString(sum[:])
		res, err := tx.NewUpdate().Model(&row).Column("state", "done_at", "document", "hash").WherePK().Where("re.state = ?", destroying).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write proof: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another worker has proven it
		}
		return tx.Emit(ctx, event.ErasureProven{RecordingSubject: subject, Hash: row.Hash})
	})
}

// ErasureOf reads how the erasure of a recording stands, the newest if a hold
// cancelled earlier ones. Who is in the recording may know it too.
func (s *Service) ErasureOf(ctx context.Context, p auth.Principal, recording string) (Erasure, error) {
	if _, err := s.reader(ctx, p, recording, "full", "own"); err != nil {
		return Erasure{}, err
	}
	var row erasureRow
	err := s.DB.Read().NewSelect().Model(&row).Where("re.recording_id = ?", recording).
		OrderExpr("re.asked_at DESC, re.id DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Erasure{}, notFound()
	}
	if err != nil {
		return Erasure{}, fmt.Errorf("read erasure: %w", err)
	}
	return row.view()
}
