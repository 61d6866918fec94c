package final

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mentara/internal/blob"
	"mentara/recording/journal"
	"mentara/recording/timeline"
	"mentara/recording/webm"
)

// atOnce is how many tracks are written in one pass over the journal. In a
// bucket each holds a part of 8 MiB.
const atOnce = 8

// Make finishes a recording: journal → objects and timeline. See the package
// comment for what it promises.
func Make(ctx context.Context, o Options) (Result, error) {
	r, err := journal.Read(o.Journal, o.Key)
	switch {
	case errors.Is(err, journal.ErrEmpty):
		return Result{}, errors.Join(ErrNothing, removeJournal(o.Journal))
	case errors.Is(err, os.ErrNotExist):
		return finished(ctx, o, err)
	}
	if err != nil {
		return Result{}, err
	}
	m := &maker{o: o, r: r, tracks: map[uint16]*track{}, levels: map[string]*timeline.Levels{}}
	result, err := m.make(ctx)
	if err := errors.Join(err, r.Close()); err != nil {
		return Result{}, fmt.Errorf("finish recording %s: %w", r.Header.Recording, err)
	}
	return result, removeJournal(o.Journal)
}

// finished finds what an earlier run made that died before it could say so.
func finished(ctx context.Context, o Options, absent error) (Result, error) {
	recording := strings.TrimSuffix(filepath.Base(o.Journal), journalExt)
	tl, err := LoadTimeline(ctx, o.Store, o.Key, recording)
	if errors.Is(err, blob.ErrNotFound) {
		return Result{}, absent
	}
	if err != nil {
		return Result{}, err
	}
	r := Result{Timeline: tl}
	for _, t := range tl.Tracks {
		r.Bytes += t.Bytes
	}
	return r, nil
}

func removeJournal(path string) error {
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove journal: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("remove journal: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// track is what is known of one track after the first pass.
type track struct {
	number uint16
	opened journal.Track
	start  time.Duration // of its first frame, whole milliseconds
	plan   *webm.Plan
	bytes  int64
	sum    string
}

type maker struct {
	o      Options
	r      *journal.Reader
	tl     timeline.Timeline
	tracks map[uint16]*track
	levels map[string]*timeline.Levels
	people map[string]int
	result Result

	passes, pass int
	read         int64 // media bytes seen in this pass
	told         float64
}

func (m *maker) make(ctx context.Context) (Result, error) {
	h := m.r.Header
	m.tl = timeline.Timeline{Recording: h.Recording, Room: h.Room, Meeting: h.Meeting, StartedAt: h.StartedAt}
	m.people = map[string]int{}
	m.passes = 2
	if err := m.collect(ctx); err != nil {
		return Result{}, err
	}
	var media []*track
	for _, n := range slices.Sorted(maps.Keys(m.tracks)) {
		if t := m.tracks[n]; t.plan.Frames() > 0 {
			if err := t.plan.Err(); err != nil {
				return Result{}, fmt.Errorf("track %s: %w", journal.TrackID(n), err)
			}
			media = append(media, t)
		}
	}
	m.passes = 1 + (len(media)+atOnce-1)/atOnce
	for group := range slices.Chunk(media, atOnce) {
		m.pass++
		if err := m.writeTracks(ctx, group); err != nil {
			return Result{}, err
		}
	}
	m.finishTimeline(media)
	if err := m.writeTimeline(ctx); err != nil {
		return Result{}, err
	}
	m.progress(1)
	m.result.Timeline = m.tl
	return m.result, nil
}

// records runs f over the journal and keeps the account of progress. Damage is
// handed to f as an error; f decides.
func (m *maker) records(ctx context.Context, f func(*journal.Record) error, damaged func(*journal.Damage)) error {
	m.read = 0
	for rec, err := range m.r.Records() {
		if err != nil {
			d, ok := errors.AsType[*journal.Damage](err)
			if !ok {
				return err
			}
			damaged(d)
			continue
		}
		if err := f(rec); err != nil {
			return err
		}
		before := m.read >> 20
		if m.read += int64(len(rec.Payload)); m.read>>20 != before {
			if err := ctx.Err(); err != nil {
				return err
			}
			m.progress((float64(m.pass) + float64(m.read)/float64(m.r.Size())) / float64(m.passes))
		}
	}
	return ctx.Err()
}

// progress never tells less than before: how many passes there are is known
// only after the first.
func (m *maker) progress(p float64) {
	if p = min(p, 1); m.o.Progress != nil && p > m.told {
		m.told = p
		m.o.Progress(p)
	}
}

// collect is the first pass: everything but the media.
func (m *maker) collect(ctx context.Context) error {
	hurt := time.Duration(-1) // the newest moment before damage
	err := m.records(ctx, func(rec *journal.Record) error {
		if hurt >= 0 && (rec.Type == journal.FrameRecord || rec.Type == journal.LevelRecord) {
			m.tl.Gaps = append(m.tl.Gaps, timeline.Gap{FromMs: hurt.Milliseconds(), ToMs: max(hurt, rec.At).Milliseconds(), Reason: timeline.Damage})
			hurt = -1
		}
		return m.take(rec)
	}, func(d *journal.Damage) {
		m.result.Damage = append(m.result.Damage, *d)
		if hurt < 0 {
			hurt = m.r.End()
		}
	})
	if hurt >= 0 {
		m.tl.Gaps = append(m.tl.Gaps, timeline.Gap{FromMs: hurt.Milliseconds(), ToMs: m.r.End().Milliseconds(), Reason: timeline.Damage})
	}
	return err
}

func (m *maker) take(rec *journal.Record) error {
	switch rec.Type {
	case journal.TrackRecord:
		o := rec.Opened
		m.tracks[rec.Track] = &track{
			number: rec.Track, opened: o,
			plan: webm.NewPlan(webm.Track{Codec: o.Codec, Width: o.Width, Height: o.Height, Channels: o.Channels}),
		}
	case journal.FrameRecord:
		t := m.tracks[rec.Track]
		if t.plan.Frames() == 0 {
			t.start = rec.At.Truncate(time.Millisecond)
		}
		t.plan.Add(0, max(rec.At-t.start, 0), rec.Key, rec.Payload)
	case journal.LevelRecord:
		m.level(m.tracks[rec.Track].opened.Person, rec.At, rec.Level)
	case journal.PersonRecord:
		m.person(rec.Person)
	case journal.EventRecord:
		m.tl.Events = append(m.tl.Events, rec.Event)
	case journal.GapRecord:
		m.tl.Gaps = append(m.tl.Gaps, rec.Gap)
	case journal.QualityRecord:
		m.tl.Quality = append(m.tl.Quality, rec.Quality)
	case journal.ConsentRecord:
		m.tl.Consents = append(m.tl.Consents, rec.Consent)
	}
	return nil
}

// person keeps one entry per identity; who comes again is the same person.
func (m *maker) person(p timeline.Person) {
	if i, ok := m.people[p.ID]; ok {
		m.tl.People[i] = p
		return
	}
	m.people[p.ID] = len(m.tl.People)
	m.tl.People = append(m.tl.People, p)
}

// level puts a level in its place. Steps nobody told of are silent; of two
// tracks of one person the louder counts.
func (m *maker) level(person string, at time.Duration, level uint8) {
	l := m.levels[person]
	step := at.Milliseconds() / timeline.LevelStepMs
	if l == nil {
		l = &timeline.Levels{Person: person, StepMs: timeline.LevelStepMs, StartMs: step * timeline.LevelStepMs}
		m.levels[person] = l
	}
	i := step - l.StartMs/timeline.LevelStepMs
	if i < 0 {
		l.Data = append(make([]byte, -i, int(-i)+len(l.Data)), l.Data...)
		l.StartMs, i = step*timeline.LevelStepMs, 0
	}
	if n := i + 1 - int64(len(l.Data)); n > 0 {
		l.Data = append(l.Data, make([]byte, n)...)
	}
	l.Data[i] = max(l.Data[i], level)
}

// output is a track while it is written.
type output struct {
	*track
	w    blob.Writer
	hash hash.Hash
	n    int64
	webm *webm.Writer
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.hash.Write(p[:n])
	o.n += int64(n)
	return n, err
}

// writeTracks is a later pass: the media of some tracks.
func (m *maker) writeTracks(ctx context.Context, group []*track) (err error) {
	outputs := map[uint16]*output{}
	defer func() {
		for _, o := range outputs {
			err = errors.Join(err, o.w.Abort()) // does nothing to what was committed
		}
	}()
	for _, t := range group {
		w, err := createPart(ctx, m.o.Store, m.o.Key, m.tl.Recording, journal.TrackID(t.number))
		if err != nil {
			return err
		}
		o := &output{track: t, w: w, hash: sha256.New()}
		outputs[t.number] = o
		if o.webm, err = webm.NewWriter(o, t.plan); err != nil {
			return err
		}
	}
	if err := m.records(ctx, func(rec *journal.Record) error {
		o := outputs[rec.Track]
		if o == nil || rec.Type != journal.FrameRecord {
			return nil
		}
		return o.webm.Frame(0, max(rec.At-o.start, 0), rec.Key, rec.Payload)
	}, func(*journal.Damage) {}); err != nil {
		return err
	}
	for _, o := range outputs {
		if err := errors.Join(o.webm.Close(), ctx.Err()); err != nil {
			return err
		}
		if err := o.w.Commit(); err != nil {
			return err
		}
		o.bytes, o.sum = o.n, hex.EncodeToString(o.hash.Sum(nil))
		m.result.Bytes += o.n
	}
	return nil
}

func createPart(ctx context.Context, s blob.Store, k blob.Key, recording, part string) (blob.Writer, error) {
	name := objectName(recording, part)
	w, err := s.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	sealed, err := blob.SealedWriter(w, k, name)
	if err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return sealed, nil
}

func (m *maker) finishTimeline(media []*track) {
	end := m.r.End()
	for _, t := range media {
		width, height := t.plan.Dimensions(0)
		m.tl.Tracks = append(m.tl.Tracks, timeline.Track{
			ID: journal.TrackID(t.number), Person: t.opened.Person, Participant: t.opened.Participant,
			Source: t.opened.Source, Kind: t.opened.Kind, Codec: t.opened.Codec, MIME: t.plan.MIME(),
			StartMs: t.start.Milliseconds(), DurationMs: t.plan.Duration().Milliseconds(),
			Bytes: t.bytes, Width: width, Height: height, SHA256: t.sum,
		})
		end = max(end, t.start+t.plan.Duration())
	}
	for _, l := range m.levels {
		m.tl.Levels = append(m.tl.Levels, *l)
	}
	slices.SortFunc(m.tl.Levels, func(a, b timeline.Levels) int { return strings.Compare(a.Person, b.Person) })
	slices.SortStableFunc(m.tl.Events, func(a, b timeline.Event) int { return int(a.AtMs - b.AtMs) })
	m.tl.DurationMs = end.Milliseconds()
	m.tl.Recovered = !m.r.Proper() || len(m.result.Damage) > 0
	if m.r.Proper() || m.o.LastSeen.IsZero() {
		return
	}
	durable := m.r.End().Milliseconds()
	if seen := min(m.o.LastSeen.Sub(m.tl.StartedAt).Milliseconds(), timeline.MaxMs); seen > durable {
		m.tl.LostMs = seen - durable
		m.tl.Gaps = append(m.tl.Gaps, timeline.Gap{FromMs: durable, ToMs: seen, Reason: timeline.Crash})
	}
}

func (m *maker) writeTimeline(ctx context.Context) error {
	raw, err := m.tl.Marshal()
	if err != nil {
		return err
	}
	if m.tl, err = timeline.Parse(raw); err != nil { // as any reader will see it
		return err
	}
	w, err := createPart(ctx, m.o.Store, m.o.Key, m.tl.Recording, timelinePart)
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}

// Verify reads a finished recording whole: every package authenticates, sizes
// and sums are those of the timeline, and every file holds together.
func Verify(ctx context.Context, s blob.Store, k blob.Key, recording string) (timeline.Timeline, error) {
	tl, err := LoadTimeline(ctx, s, k, recording)
	if err != nil {
		return tl, fmt.Errorf("verify recording %s: %w", recording, err)
	}
	for _, t := range tl.Tracks {
		if err := verifyTrack(ctx, s, k, recording, t); err != nil {
			return tl, fmt.Errorf("verify recording %s: track %s: %w", recording, t.ID, err)
		}
	}
	return tl, nil
}

func verifyTrack(ctx context.Context, s blob.Store, k blob.Key, recording string, t timeline.Track) error {
	o, err := OpenTrack(ctx, s, k, recording, t.ID)
	if err != nil {
		return err
	}
	defer o.Close()
	if o.Size() != t.Bytes {
		return fmt.Errorf("%w: %d bytes where the timeline says %d", blob.ErrDamaged, o.Size(), t.Bytes)
	}
	sum := sha256.New()
	if _, err := webm.Check(io.TeeReader(&contextReader{ctx, io.NewSectionReader(o, 0, o.Size())}, sum)); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != t.SHA256 {
		return fmt.Errorf("%w: its sum is not the timeline's", blob.ErrDamaged)
	}
	return nil
}

// contextReader ends a long read when nobody waits for it any more.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
