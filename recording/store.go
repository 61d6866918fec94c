package recording

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"mentara/internal/db"
)

// row is a recording as it is stored.
type row struct {
	bun.BaseModel `bun:"table:recordings,alias:r"`

	ID            string `bun:",pk"`
	RoomID        string
	MeetingID     string
	Title         string
	Kind          string
	State         State
	Purpose       string
	PolicyVersion string
	PolicyText    string
	AskedAt       time.Time
	StartedAt     time.Time `bun:",nullzero"`
	SeenAt        time.Time
	StoppedAt     time.Time `bun:",nullzero"`
	StopReason    string
	DurationMs    int64
	Bytes         int64
	StartedBy     string
	StartedByName string
	HostID        string
	HostName      string
	Recovered     bool
	LostMs        int64
	Failure       string
	LegalHold     bool
	PurgeAt       time.Time `bun:",nullzero"`
	ErasedAt      time.Time `bun:",nullzero"`
}

// utc makes up for drivers that return times in the zone of the machine.
func (r *row) utc() {
	for _, t := range []*time.Time{&r.AskedAt, &r.StartedAt, &r.SeenAt, &r.StoppedAt, &r.PurgeAt, &r.ErasedAt} {
		*t = t.UTC()
	}
}

type hostRow struct {
	bun.BaseModel `bun:"table:recording_hosts,alias:h"`

	RecordingID string `bun:",pk"`
	UserID      string `bun:",pk"`
}

type personRow struct {
	bun.BaseModel `bun:"table:recording_people,alias:p"`

	RecordingID string `bun:",pk"`
	Identity    string `bun:",pk"`
	Name        string
	Role        Role
	Client      bool
	Consent     Consent
	Review      bool // may be watched
}

type consentRow struct {
	bun.BaseModel `bun:"table:recording_consents,alias:c"`

	Seq           int64 `bun:",pk,autoincrement"`
	RecordingID   string
	Identity      string
	Name          string
	Role          Role
	Scope         Scope
	State         Consent
	Purpose       string
	PolicyVersion string
	At            time.Time
}

type trackRow struct {
	bun.BaseModel `bun:"table:recording_tracks,alias:t"`

	RecordingID string `bun:",pk"`
	ShareID     string `bun:",pk"`
	ID          string `bun:",pk"`
	Person      string
	Source      string
	Kind        string
	Codec       string
	MIME        string `bun:"mime"`
	StartMs     int64
	DurationMs  int64
	Bytes       int64
	Width       int
	Height      int
}

// store holds the SQL of recordings. Methods that take a bun.IDB work in or out
// of a transaction.
type store struct{ db *db.DB }

func (s store) insert(ctx context.Context, tx *db.Tx, r *row, hosts []string) error {
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return fmt.Errorf("insert recording: %w", err)
	}
	rows := make([]hostRow, len(hosts))
	for i, id := range hosts {
		rows[i] = hostRow{RecordingID: r.ID, UserID: id}
	}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("insert hosts of recording: %w", err)
	}
	return nil
}

// get returns a recording, or the not-found fault.
func (s store) get(ctx context.Context, q bun.IDB, id string) (*row, error) {
	r := new(row)
	err := q.NewSelect().Model(r).Where("r.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read recording %s: %w", id, err)
	}
	r.utc()
	return r, nil
}

// unfinished lists recordings that are, or were, being made.
func (s store) unfinished(ctx context.Context) ([]row, error) {
	var rows []row
	err := s.db.Read().NewSelect().Model(&rows).
		Where("r.state IN (?)", bun.List([]State{Asking, Live, Finalising})).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read unfinished recordings: %w", err)
	}
	for i := range rows {
		rows[i].utc()
	}
	return rows, nil
}

// save writes columns of a recording.
func (s store) save(ctx context.Context, tx *db.Tx, r *row, columns ...string) error {
	if _, err := tx.NewUpdate().Model(r).WherePK().Column(columns...).Exec(ctx); err != nil {
		return fmt.Errorf("save recording %s: %w", r.ID, err)
	}
	return nil
}

// move takes a recording from one of some states to another, and writes columns
// with it. It reports whether this call did it: of several, one does.
func (s store) move(ctx context.Context, tx *db.Tx, r *row, from []State, columns ...string) (bool, error) {
	res, err := tx.NewUpdate().Model(r).WherePK().Column(append(columns, "state")...).
		Where("r.state IN (?)", bun.List(from)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("recording %s to %s: %w", r.ID, r.State, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// decided appends to the ledger and keeps what everybody decided last.
func (s store) decided(ctx context.Context, tx *db.Tx, entries ...consentRow) error {
	if len(entries) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&entries).ExcludeColumn("seq").Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("write consent ledger: %w", err)
	}
	return nil
}

func (s store) putPerson(ctx context.Context, tx *db.Tx, p personRow) error {
	_, err := tx.NewInsert().Model(&p).On("CONFLICT (recording_id, identity) DO UPDATE").
		Set("name = EXCLUDED.name").Set("consent = EXCLUDED.consent").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write person of recording: %w", err)
	}
	return nil
}

func (s store) setReview(ctx context.Context, tx *db.Tx, recording, identity string, may bool) error {
	_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("review = ?", may).
		Where("recording_id = ? AND identity = ?", recording, identity).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write review consent: %w", err)
	}
	return nil
}

// people returns who was asked, by recording.
func (s store) people(ctx context.Context, q bun.IDB, recordings ...string) (map[string][]personRow, error) {
	out := map[string][]personRow{}
	if len(recordings) == 0 {
		return out, nil
	}
	var rows []personRow
	err := q.NewSelect().Model(&rows).Where("p.recording_id IN (?)", bun.List(recordings)).
		OrderExpr("p.role, p.name, p.identity").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read people of recordings: %w", err)
	}
	for _, p := range rows {
		out[p.RecordingID] = append(out[p.RecordingID], p)
	}
	return out, nil
}

// hosts returns who hosted, by recording.
func (s store) hosts(ctx context.Context, q bun.IDB, recordings ...string) (map[string][]string, error) {
	out := map[string][]string{}
	if len(recordings) == 0 {
		return out, nil
	}
	var rows []hostRow
	if err := q.NewSelect().Model(&rows).Where("h.recording_id IN (?)", bun.List(recordings)).OrderExpr("h.user_id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read hosts of recordings: %w", err)
	}
	for _, h := range rows {
		out[h.RecordingID] = append(out[h.RecordingID], h.UserID)
	}
	return out, nil
}

// ledger returns the consents of a recording in order, of one person if
// identity is given.
func (s store) ledger(ctx context.Context, recording, identity string) ([]consentRow, error) {
	var rows []consentRow
	q := s.db.Read().NewSelect().Model(&rows).Where("c.recording_id = ?", recording).OrderExpr("c.seq")
	if identity != "" {
		q.Where("c.identity = ?", identity)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read consent ledger: %w", err)
	}
	for i := range rows {
		rows[i].At = rows[i].At.UTC()
	}
	return rows, nil
}

// setTracks replaces the tracks of a recording, or of a share of it.
func (s store) setTracks(ctx context.Context, tx *db.Tx, recording, share string, tracks []trackRow) error {
	_, err := tx.NewDelete().Model((*trackRow)(nil)).Where("recording_id = ? AND share_id = ?", recording, share).Exec(ctx)
	if err == nil && len(tracks) > 0 {
		_, err = tx.NewInsert().Model(&tracks).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("write tracks of recording: %w", err)
	}
	return nil
}

func (s store) tracks(ctx context.Context, recording, share string) ([]trackRow, error) {
	var rows []trackRow
	err := s.db.Read().NewSelect().Model(&rows).Where("t.recording_id = ? AND t.share_id = ?", recording, share).
		OrderExpr("t.start_ms, t.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read tracks of recording: %w", err)
	}
	return rows, nil
}

func (s store) track(ctx context.Context, recording, share, id string) (*trackRow, error) {
	t := new(trackRow)
	err := s.db.Read().NewSelect().Model(t).Where("t.recording_id = ? AND t.share_id = ? AND t.id = ?", recording, share, id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read track: %w", err)
	}
	return t, nil
}
