package final_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mentara/internal/blob"
	"mentara/internal/blob/blobtest"
	"mentara/internal/fault"
	"mentara/recording/final"
	"mentara/recording/journal"
	"mentara/recording/mediatest"
	"mentara/recording/timeline"
	"mentara/recording/webm"
)

const width, height = 160, 96

var (
	ctx   = context.Background()
	start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// place is a data folder as the program has it.
type place struct {
	t     testing.TB
	dir   string
	live  string
	store *blob.Disk
	keys  *blob.Keys
}

func newPlace(t testing.TB, dir string) *place {
	t.Helper()
	p := &place{t: t, dir: dir, live: filepath.Join(dir, "live")}
	var err error
	if err = os.MkdirAll(p.live, 0o700); err == nil {
		if p.store, err = blob.NewDisk(filepath.Join(dir, "objects")); err == nil {
			p.keys, err = blob.OpenKeys(filepath.Join(dir, "keys"))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.store.Close() })
	return p
}

func (p *place) key(id string) blob.Key {
	p.t.Helper()
	k, err := p.keys.Get(id)
	if fault.Is(err, fault.Gone) {
		k, err = p.keys.Create(id)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return k
}

func (p *place) journal(id string) *journal.Writer {
	p.t.Helper()
	w, err := journal.Create(final.JournalPath(p.live, id), p.key(id), journal.Header{Recording: id, Room: "room", Meeting: "meeting", StartedAt: start})
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

func (p *place) options(id string) final.Options {
	return final.Options{Store: p.store, Key: p.key(id), Journal: final.JournalPath(p.live, id)}
}

func (p *place) make(id string) final.Result {
	p.t.Helper()
	r, err := final.Make(ctx, p.options(id))
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// file writes a track where ffprobe can see it.
func (p *place) file(id, track string) string {
	p.t.Helper()
	o, err := final.OpenTrack(ctx, p.store, p.key(id), id, track)
	if err != nil {
		p.t.Fatal(err)
	}
	defer o.Close()
	f, err := os.Create(filepath.Join(p.t.TempDir(), track+".webm"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, io.NewSectionReader(o, 0, o.Size())); err != nil {
		p.t.Fatal(err)
	}
	return f.Name()
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, w *journal.Writer, person string, source timeline.Source, codec string) uint16 {
	t.Helper()
	kind := timeline.Video
	if codec == "Opus" {
		kind = timeline.Audio
	}
	n, err := w.OpenTrack(journal.Track{Person: person, Participant: "seat-" + person, Source: source, Kind: kind, Codec: codec})
	ok(t, err)
	return n
}

// put appends frames, waiting for the disk where the call would mark a gap.
func put(t testing.TB, w *journal.Writer, track uint16, at time.Duration, frames []mediatest.Frame) {
	t.Helper()
	for _, f := range frames {
		err := w.Frame(track, at+f.At, f.Key, f.Payload)
		for errors.Is(err, journal.ErrBehind) {
			ok(t, w.Sync())
			err = w.Frame(track, at+f.At, f.Key, f.Payload)
		}
		ok(t, err)
	}
}

// session journals two people: one from the start, one who comes late, turns
// the camera off and on, and says nothing at the end.
func session(t testing.TB, w *journal.Writer) {
	t.Helper()
	ok(t, w.Person(timeline.Person{ID: "a", Name: "Therapist", Role: timeline.Host}))
	ok(t, w.Consent(timeline.Consent{AtMs: -2000, Person: "a", State: timeline.ConsentAgreed, PolicyVersion: "3"}))
	clip, tone := mediatest.Video(t, "VP8", width, height, 1, 150), mediatest.Opus(t, 5*time.Second)
	av, aa := open(t, w, "a", timeline.Camera, "VP8"), open(t, w, "a", timeline.Microphone, "Opus")
	put(t, w, av, 100*time.Millisecond, clip.Frames)
	put(t, w, aa, 90*time.Millisecond, tone.Frames)
	for i := range 50 {
		w.Level(aa, time.Duration(i)*100*time.Millisecond, uint8(i))
	}
	ok(t, w.Person(timeline.Person{ID: "b", Name: "O'Neil: 100% [x], \\ ok;", Role: timeline.Guest}))
	ok(t, w.Event(timeline.Event{AtMs: 1500, Type: timeline.Joined, Person: "b"}))
	bv := open(t, w, "b", timeline.Camera, "VP8")
	put(t, w, bv, 1500*time.Millisecond, clip.Frames[:60])
	big := mediatest.Video(t, "VP8", 2*width, 2*height, 61, 30)
	put(t, w, bv, 4500*time.Millisecond, big.Frames)
	ok(t, w.Event(timeline.Event{AtMs: 4500, Type: timeline.Layer, Track: journal.TrackID(bv), Value: "320x192"}))
	ok(t, w.Gap(timeline.Gap{Track: journal.TrackID(bv), FromMs: 3500, ToMs: 4500, Reason: timeline.Mute}))
	open(t, w, "b", timeline.Microphone, "Opus") // never sends
	ok(t, w.Quality(timeline.Quality{AtMs: 3000, Person: "b", Up: 60, Reason: "loss"}))
}

func TestMake(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	var told []float64
	o := p.options("rec")
	o.Progress = func(f float64) { told = append(told, f) }
	o.LastSeen = start.Add(time.Hour) // a recording that was closed lost nothing
	r, err := final.Make(ctx, o)
	ok(t, err)

	tl := r.Timeline
	if tl.Recovered || tl.LostMs != 0 || tl.Meeting != "meeting" || !tl.StartedAt.Equal(start) || tl.DurationMs < 5490 || tl.DurationMs > 5540 {
		t.Errorf("timeline %+v", tl)
	}
	if len(tl.People) != 2 || len(tl.Events) != 2 || len(tl.Gaps) != 1 || len(tl.Quality) != 1 || len(tl.Consents) != 1 {
		t.Errorf("lists %+v", tl)
	}
	if len(tl.Levels) != 1 || len(tl.Levels[0].Data) != 50 || tl.Levels[0].Data[49] != 49 {
		t.Errorf("levels %+v", tl.Levels)
	}
	if len(tl.Tracks) != 3 {
		t.Fatalf("tracks %+v", tl.Tracks)
	}
	for i, want := range []timeline.Track{
		{ID: "t1", Person: "a", Source: timeline.Camera, MIME: "video/webm; codecs=vp8", StartMs: 100, DurationMs: 5000, Width: width, Height: height},
		{ID: "t2", Person: "a", Source: timeline.Microphone, MIME: "audio/webm; codecs=opus", StartMs: 90, DurationMs: 5020},
		{ID: "t3", Person: "b", Source: timeline.Camera, MIME: "video/webm; codecs=vp8", StartMs: 1500, DurationMs: 4000, Width: width, Height: height},
	} {
		got := tl.Tracks[i]
		if got.ID != want.ID || got.Person != want.Person || got.Source != want.Source || got.MIME != want.MIME || got.StartMs != want.StartMs ||
			(got.DurationMs-want.DurationMs)/5 != 0 || got.Width != want.Width || got.Height != want.Height {
			t.Errorf("track %+v\nwant  %+v", got, want)
		}
		mediatest.Clean(t, p.file("rec", got.ID))
	}
	if n := mediatest.Numbers(t, p.file("rec", "t3"), width, height); len(n) != 90 || n[89] != 90 {
		t.Errorf("frames after a change of size: %v", n)
	}
	if !slices.IsSorted(told) || len(told) == 0 || told[len(told)-1] != 1 {
		t.Errorf("progress %v", told)
	}
	if ids, err := final.Journals(p.live); err != nil || len(ids) != 0 {
		t.Errorf("journals left: %v, %v", ids, err)
	}
	if loaded, err := final.LoadTimeline(ctx, p.store, p.key("rec"), "rec"); err != nil || !reflect.DeepEqual(loaded, tl) {
		t.Errorf("loaded %+v, %v", loaded, err)
	}
	if _, err := final.Verify(ctx, p.store, p.key("rec"), "rec"); err != nil {
		t.Error(err)
	}
	again, err := final.Make(ctx, o) // the job runs once more
	if err != nil || !reflect.DeepEqual(again.Timeline, tl) || again.Bytes != r.Bytes {
		t.Errorf("again: %v", err)
	}
}

// Every call to the store fails once, in turn. The journal stays until all is
// durable, and running again gives the same recording.
func TestMakeAgainAfterAFailureAnywhere(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	saved, err := os.ReadFile(final.JournalPath(p.live, "rec"))
	ok(t, err)
	want := p.make("rec").Timeline
	for at := int64(1); ; at++ {
		ok(t, os.WriteFile(final.JournalPath(p.live, "rec"), saved, 0o600))
		o := p.options("rec")
		failing := &blobtest.Failing{Store: p.store, At: at}
		o.Store = failing
		_, err := final.Make(ctx, o)
		if err == nil {
			if failing.Calls() >= at {
				t.Errorf("call %d failed and nobody said so", at)
			}
			break
		}
		if !errors.Is(err, blobtest.ErrInjected) {
			t.Fatalf("call %d: %v", at, err)
		}
		if _, err := os.Stat(o.Journal); err != nil {
			t.Fatalf("call %d: the journal is gone", at)
		}
		if got := p.make("rec").Timeline; !reflect.DeepEqual(got, want) {
			t.Fatalf("call %d: another recording: %+v", at, got)
		}
		if tmp, err := os.ReadDir(filepath.Join(p.dir, "objects", ".tmp")); err != nil || len(tmp) != 0 {
			t.Fatalf("call %d: left %v, %v", at, tmp, err)
		}
	}
	if _, err := final.Verify(ctx, p.store, p.key("rec"), "rec"); err != nil {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	ok(t, os.WriteFile(final.JournalPath(p.live, "rec"), saved, 0o600))
	if _, err := final.Make(cancelled, p.options("rec")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestMakeOnS3(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	s3, err := blob.NewS3(blobtest.S3(t).Config)
	ok(t, err)
	o := p.options("rec")
	o.Store = s3
	_, err = final.Make(ctx, o)
	ok(t, err)
	if _, err := final.Verify(ctx, s3, o.Key, "rec"); err != nil {
		t.Error(err)
	}
	ok(t, final.Erase(ctx, s3, p.keys, p.live, "rec"))
	if left := blobtest.Names(t, s3, ""); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A crash leaves a journal without an end; what is known of the loss is said.
func TestRecover(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	path := final.JournalPath(p.live, "rec")
	info, err := os.Stat(path)
	ok(t, err)
	ok(t, os.Truncate(path, info.Size()-10))
	o := p.options("rec")
	r, err := journal.Read(path, o.Key)
	ok(t, err)
	for range r.Records() {
	}
	durable := r.End()
	r.Close()
	o.LastSeen = start.Add(durable + 700*time.Millisecond)
	res, err := final.Make(ctx, o)
	ok(t, err)
	tl := res.Timeline
	if !tl.Recovered || tl.LostMs < 700 || tl.LostMs > 701 {
		t.Errorf("recovered %v, lost %d ms", tl.Recovered, tl.LostMs)
	}
	if g := tl.Gaps[len(tl.Gaps)-1]; g.Reason != timeline.Crash || g.Track != "" || g.ToMs-g.FromMs != tl.LostMs {
		t.Errorf("gap %+v", g)
	}
	for _, tr := range tl.Tracks {
		mediatest.Clean(t, p.file("rec", tr.ID))
	}
}

// A clock that is months ahead must not keep a recording from being finished.
func TestRecoverWithAWildClock(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	ok(t, w.Sync())
	ok(t, w.Person(timeline.Person{ID: "a", Role: timeline.Host}))
	ok(t, w.Close())
	path := final.JournalPath(p.live, "rec")
	ok(t, os.Truncate(path, w.Written()-3))
	o := p.options("rec")
	o.LastSeen = start.AddDate(1, 0, 0)
	if r, err := final.Make(ctx, o); err != nil || !r.Timeline.Recovered || r.Timeline.LostMs != timeline.MaxMs {
		t.Errorf("%+v, %v", r.Timeline, err)
	}
}

// A journal that was altered gives what authenticates, with the damage marked.
func TestDamagedJournal(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	clip := mediatest.Video(t, "VP8", width, height, 1, 150)
	track := open(t, w, "a", timeline.Camera, "VP8")
	var ends []int64
	for i := range 5 {
		put(t, w, track, 0, clip.Frames[i*30:i*30+30])
		ok(t, w.Sync())
		ends = append(ends, w.Written())
	}
	ok(t, w.Close())
	path := final.JournalPath(p.live, "rec")
	raw, err := os.ReadFile(path)
	ok(t, err)
	raw[ends[1]+200] ^= 4
	ok(t, os.WriteFile(path, raw, 0o600))
	r := p.make("rec")
	if len(r.Damage) != 1 || r.Damage[0].Offset != ends[1] || !r.Timeline.Recovered {
		t.Errorf("damage %+v", r.Damage)
	}
	if g := r.Timeline.Gaps; len(g) != 1 || g[0].Reason != timeline.Damage || g[0].FromMs < 1900 || g[0].ToMs > 3100 {
		t.Errorf("gaps %+v", g)
	}
	n := mediatest.Numbers(t, p.file("rec", "t1"), width, height)
	if len(n) != 120 || n[59] != 60 || n[60] != 91 {
		t.Errorf("frames %v", n)
	}
}

func TestNothingRecorded(t *testing.T) {
	p := newPlace(t, t.TempDir())
	path := final.JournalPath(p.live, "rec")
	for _, raw := range []string{"", "MNTJRNL\x01", "MNTJRNL\x01" + strings.Repeat("x", 60)} {
		ok(t, os.WriteFile(path, []byte(raw), 0o600))
		if _, err := final.Make(ctx, p.options("rec")); !errors.Is(err, final.ErrNothing) {
			t.Errorf("%q: %v", raw, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q is left", raw)
		}
	}
	ok(t, os.WriteFile(path, []byte("something else entirely"), 0o600))
	if _, err := final.Make(ctx, p.options("rec")); !errors.Is(err, journal.ErrForeign) {
		t.Errorf("a foreign file: %v", err)
	}
	// People and no media: a recording without tracks.
	ok(t, os.Remove(path))
	w := p.journal("rec")
	ok(t, w.Person(timeline.Person{ID: "a", Role: timeline.Host}))
	ok(t, w.Close())
	if r := p.make("rec"); len(r.Timeline.Tracks) != 0 || len(r.Timeline.People) != 1 {
		t.Errorf("%+v", r.Timeline)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	p.make("rec")
	key := p.key("rec")
	for _, name := range blobtest.Names(t, p.store, "recordings/rec/") {
		good := blobtest.Get(t, p.store, name)
		for what, bad := range map[string][]byte{
			"cut":       good[:len(good)-1],
			"a bit":     append(append(bytes.Clone(good[:len(good)/2]), good[len(good)/2]^1), good[len(good)/2+1:]...),
			"another's": blobtest.Get(t, p.store, "recordings/rec/t2"),
		} {
			if what == "another's" && strings.HasSuffix(name, "t2") {
				continue
			}
			blobtest.Put(t, p.store, name, bad)
			if _, err := final.Verify(ctx, p.store, key, "rec"); !errors.Is(err, blob.ErrDamaged) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
		ok(t, p.store.Delete(ctx, name))
		if _, err := final.Verify(ctx, p.store, key, "rec"); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s missing: %v", name, err)
		}
		blobtest.Put(t, p.store, name, good)
	}
	if _, err := final.Verify(ctx, p.store, key, "rec"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"", "../rec", "timeline", "t1/x"} {
		if _, err := final.OpenTrack(ctx, p.store, key, "rec", id); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("track %q: %v", id, err)
		}
	}
}

// No file of the data folder shows what it is, while it is made, after it is
// finished and after it was exported; what is erased opens with no key left.
func TestNothingClearOnDisk(t *testing.T) {
	p := newPlace(t, t.TempDir())
	search := func(when string) {
		t.Helper()
		ok(t, filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, magic := range []string{"\x1a\x45\xdf\xa3", "OpusHead", "webm", "matroska", "A_OPUS", "V_VP8", "Therapist"} {
				if bytes.Contains(raw, []byte(magic)) || strings.Contains(path, magic) {
					t.Errorf("%s: %q in %s", when, magic, path)
				}
			}
			return err
		}))
	}
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Sync())
	search("while recording")
	ok(t, w.Close())
	saved := map[string][]byte{"journal": must(os.ReadFile(final.JournalPath(p.live, "rec")))}
	key := p.key("rec")
	p.make("rec")
	search("when finished")
	out, err := final.CreateExport(ctx, p.store, key, "rec", "x1")
	ok(t, err)
	ok(t, final.ExportTracks(ctx, p.store, key, "rec", out, nil))
	ok(t, out.Commit())
	search("when exported")

	names := blobtest.Names(t, p.store, "")
	if len(names) != 5 {
		t.Errorf("objects %v", names)
	}
	for _, n := range names {
		saved[n] = blobtest.Get(t, p.store, n)
	}
	w2 := p.journal("other")
	ok(t, w2.Close())
	p.make("other")
	for range 2 {
		ok(t, final.Erase(ctx, p.store, p.keys, p.live, "rec"))
	}
	search("when erased")
	if left := blobtest.Names(t, p.store, ""); !slices.Equal(left, []string{"recordings/other/timeline"}) {
		t.Errorf("left: %v", left)
	}
	// A backup brings the objects back; no key on the machine opens them.
	for n, raw := range saved {
		if n != "journal" {
			blobtest.Put(t, p.store, n, raw)
		}
	}
	ok(t, os.WriteFile(final.JournalPath(p.live, "rec"), saved["journal"], 0o600))
	if _, err := p.keys.Get("rec"); !fault.Is(err, fault.Gone) {
		t.Errorf("the key: %v", err)
	}
	other, err := p.keys.Get("other")
	ok(t, err)
	if _, err := final.LoadTimeline(ctx, p.store, other, "rec"); !errors.Is(err, blob.ErrDamaged) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := final.Make(ctx, final.Options{Store: p.store, Key: other, Journal: final.JournalPath(p.live, "rec")}); err == nil {
		t.Error("the journal opened with another key")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestExportTracks(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	p.make("rec")
	var b bytes.Buffer
	var told float64
	ok(t, final.ExportTracks(ctx, p.store, p.key("rec"), "rec", &b, func(f float64) { told = f }))
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	ok(t, err)
	var names []string
	dir := t.TempDir()
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		ok(t, err)
		raw, err := io.ReadAll(r)
		ok(t, err)
		path := filepath.Join(dir, f.Name)
		ok(t, os.WriteFile(path, raw, 0o600))
		switch {
		case strings.HasSuffix(f.Name, ".webm"):
			mediatest.Clean(t, path)
		case f.Name == "timeline.json":
			if _, err := timeline.Parse(raw); err != nil {
				t.Error(err)
			}
		case !bytes.Contains(raw, []byte(`"name": "Therapist"`)) || !bytes.Contains(raw, []byte(`"2026-01-02T03:04:03.000Z"`)):
			t.Errorf("%s: %s", f.Name, raw)
		}
	}
	if want := []string{"timeline.json", "consents.json", "t1-camera.webm", "t2-microphone.webm", "t3-camera.webm"}; !slices.Equal(names, want) {
		t.Errorf("files %v", names)
	}
	if told < 0.99 {
		t.Errorf("progress ends at %v", told)
	}
}

func TestExportCombined(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	session(t, w)
	ok(t, w.Close())
	p.make("rec")
	scratch := filepath.Join(p.dir, "scratch")
	ok(t, os.MkdirAll(scratch, 0o700))
	ok(t, os.WriteFile(filepath.Join(scratch, "export-DEAD.spool"), []byte("x"), 0o600))
	ok(t, os.WriteFile(filepath.Join(scratch, "other"), []byte("x"), 0o600))
	ok(t, final.SweepScratch(scratch))
	var told []float64
	path := filepath.Join(t.TempDir(), "combined.webm")
	f, err := os.Create(path)
	ok(t, err)
	defer f.Close()
	o := final.CombinedOptions{Store: p.store, Key: p.key("rec"), Recording: "rec", Scratch: scratch, Progress: func(f float64) { told = append(told, f) }}
	ok(t, final.ExportCombined(ctx, o, f))
	if left, err := os.ReadDir(scratch); err != nil || len(left) != 1 {
		t.Errorf("scratch: %v, %v", left, err)
	}
	mediatest.Clean(t, path)
	if got := mediatest.Probe(t, path, "-show_entries", "stream=codec_name"); got != "vp8\nopus" {
		t.Errorf("streams %q", got)
	}
	d, err := strconv.ParseFloat(mediatest.Probe(t, path, "-show_entries", "format=duration"), 64)
	if err != nil || d < 5.4 || d > 5.7 {
		t.Errorf("duration %v, %v", d, err)
	}
	if len(told) < 2 || told[len(told)-1] != 1 {
		t.Errorf("progress %v", told)
	}
	if _, err := webm.Check(must(os.Open(path))); err != nil {
		t.Error(err)
	}
	if keep := os.Getenv("MENTARA_KEEP"); keep != "" {
		raw := must(os.ReadFile(path))
		ok(t, os.WriteFile(keep, raw, 0o600))
	}

	// An export that nobody waits for any more stops, and leaves nothing.
	cancelled, cancel := context.WithCancel(ctx)
	o.Progress = nil
	cancel()
	if err := final.ExportCombined(cancelled, o, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) != 1 {
		t.Errorf("scratch: %v, %v", left, err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := final.ExportCombined(ctx, o, io.Discard); !errors.Is(err, final.ErrNoFFmpeg) {
		t.Errorf("without ffmpeg: %v", err)
	}
}

// Three people, one of whom only listens to a screen in H264 that comes late.
func TestCombinedOfOtherCodecs(t *testing.T) {
	p := newPlace(t, t.TempDir())
	w := p.journal("rec")
	for _, id := range []string{"a", "b", "c"} {
		ok(t, w.Person(timeline.Person{ID: id, Name: "Name of " + id, Role: timeline.Participant}))
	}
	put(t, w, open(t, w, "a", timeline.Screen, "H264"), 2*time.Second, mediatest.Video(t, "H264", 2*width, 2*height, 1, 60).Frames)
	put(t, w, open(t, w, "b", timeline.Camera, "VP9"), 0, mediatest.Video(t, "VP9", width, height, 1, 60).Frames)
	put(t, w, open(t, w, "b", timeline.Camera, "AV1"), 2500*time.Millisecond, mediatest.Video(t, "AV1", width, height, 61, 30).Frames)
	put(t, w, open(t, w, "c", timeline.Microphone, "Opus"), time.Second, mediatest.Opus(t, time.Second).Frames)
	ok(t, w.Close())
	r := p.make("rec")
	if got := []string{r.Timeline.Tracks[0].MIME, final.FileName(r.Timeline.Tracks[0])}; !slices.Equal(got, []string{"video/x-matroska; codecs=avc1.42c00d", "t1-screen.mkv"}) {
		t.Errorf("%v", got)
	}
	path := filepath.Join(t.TempDir(), "combined.webm")
	f := must(os.Create(path))
	defer f.Close()
	ok(t, final.ExportCombined(ctx, final.CombinedOptions{Store: p.store, Key: p.key("rec"), Recording: "rec", Scratch: t.TempDir()}, f))
	mediatest.Clean(t, path)
	d, err := strconv.ParseFloat(mediatest.Probe(t, path, "-show_entries", "format=duration"), 64)
	if err != nil || d < 3.9 || d > 4.2 {
		t.Errorf("duration %v, %v", d, err)
	}
	if keep := os.Getenv("MENTARA_KEEP"); keep != "" {
		ok(t, os.WriteFile(keep, must(os.ReadFile(path)), 0o600))
	}
}

// Two hours of one person, written faster than real time: memory does not
// follow, and the file seeks anywhere, whether it was closed or cut.
func TestTwoHours(t *testing.T) {
	p := newPlace(t, t.TempDir())
	clip, tone := mediatest.Video(t, "VP8", width, height, 1, 600), mediatest.Opus(t, 20*time.Second)
	const loops = 360 // of 20 s
	w := p.journal("rec")
	v, a := open(t, w, "a", timeline.Camera, "VP8"), open(t, w, "a", timeline.Microphone, "Opus")
	began := time.Now()
	for i := range loops {
		at := time.Duration(i) * 20 * time.Second
		for sec := range 20 {
			put(t, w, v, at, clip.Frames[sec*30:sec*30+30])
			put(t, w, a, at, tone.Frames[sec*50:sec*50+50])
			w.Level(a, at+time.Duration(sec)*time.Second, 60)
		}
		if i >= loops-10 { // a cut then costs little, as it does in real time
			ok(t, w.Sync())
		}
	}
	ok(t, w.Close())
	t.Logf("journal of two hours: %d MB in %v", w.Written()>>20, time.Since(began).Round(time.Millisecond))

	path := final.JournalPath(p.live, "rec")
	cut := final.JournalPath(p.live, "cut")
	ok(t, os.Link(path, cut))
	for _, name := range []string{"rec", "cut"} {
		o := p.options("rec")
		o.Journal = final.JournalPath(p.live, name)
		if name == "cut" {
			ok(t, os.Truncate(o.Journal, w.Written()-5000))
		}
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		peak := uint64(0)
		o.Progress = func(float64) {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
		began := time.Now()
		r, err := final.Make(ctx, o)
		ok(t, err)
		grown := int64(peak) - int64(before.HeapAlloc)
		t.Logf("finished %s: %d MB in %v, %d MiB of memory", name, r.Bytes>>20, time.Since(began).Round(time.Millisecond), grown>>20)
		if grown > 48<<20 {
			t.Errorf("%d MiB of memory", grown>>20)
		}
		if r.Timeline.Recovered != (name == "cut") || r.Timeline.DurationMs < 7_170_000 {
			t.Errorf("%s: recovered %v, %d ms", name, r.Timeline.Recovered, r.Timeline.DurationMs)
		}
		file := p.file("rec", "t1")
		for _, at := range []int{0, 1, 599, 3601, 5003, 7161} {
			got := mediatest.Numbers(t, file, width, height, "-ss", strconv.Itoa(at), "-t", "0.5")
			if want := at%20*30 + 1; len(got) == 0 || got[0] != want {
				t.Errorf("%s: at %d s frame %v, want %d", name, at, got, want)
			}
		}
		ok(t, os.Remove(file))
	}
}

// BenchmarkFinish makes a finished recording of two hours of one person.
func BenchmarkFinish(b *testing.B) {
	p := newPlace(b, b.TempDir())
	clip, tone := mediatest.Video(b, "VP8", width, height, 1, 600), mediatest.Opus(b, 20*time.Second)
	w := p.journal("rec")
	v, a := open(b, w, "a", timeline.Camera, "VP8"), open(b, w, "a", timeline.Microphone, "Opus")
	for i := range 360 {
		put(b, w, v, time.Duration(i)*20*time.Second, clip.Frames)
		put(b, w, a, time.Duration(i)*20*time.Second, tone.Frames[:1000])
	}
	ok(b, w.Close())
	b.SetBytes(w.Written())
	path := final.JournalPath(p.live, "rec")
	saved := filepath.Join(b.TempDir(), "saved")
	ok(b, os.Link(path, saved))
	for b.Loop() {
		p.make("rec")
		ok(b, os.Link(saved, path))
	}
}

// BenchmarkSeek is what a player's jump costs in a finished two-hour-sized
// track: opening the object and reading a second of media.
func BenchmarkSeek(b *testing.B) {
	p := newPlace(b, b.TempDir())
	w := p.journal("rec")
	track := open(b, w, "a", timeline.Camera, "VP8")
	clip := mediatest.Video(b, "VP8", width, height, 1, 600)
	for i := range 60 {
		put(b, w, track, time.Duration(i)*20*time.Second, clip.Frames)
	}
	ok(b, w.Close())
	p.make("rec")
	key := p.key("rec")
	second := make([]byte, 200_000)
	i := int64(0)
	for b.Loop() {
		o, err := final.OpenTrack(ctx, p.store, key, "rec", "t1")
		ok(b, err)
		i = (i + 7_654_321) % (o.Size() - int64(len(second)))
		if _, err := o.ReadAt(second, i); err != nil {
			b.Fatal(err)
		}
		o.Close()
	}
}
