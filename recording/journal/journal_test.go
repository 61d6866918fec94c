package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mentara/internal/blob"
	"mentara/internal/blob/blobtest"
	"mentara/internal/fault"
	"mentara/recording/journal"
	"mentara/recording/timeline"
)

var (
	key    = blob.Key{1, 2, 3}
	header = journal.Header{Recording: "rec", Room: "room", Meeting: "meeting", StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	camera = journal.Track{Person: "p", Participant: "s", Source: timeline.Camera, Kind: timeline.Video, Codec: "VP8", Width: 1280, Height: 720}
	mic    = journal.Track{Person: "p", Participant: "s", Source: timeline.Microphone, Kind: timeline.Audio, Codec: "Opus"}
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// kept is a record as a test compares it.
func kept(r *journal.Record) string {
	return fmt.Sprintf("%d %d %v %v %x %d %+v %+v %+v %+v %+v %+v", r.Type, r.Track, r.At, r.Key, r.Payload, r.Level, r.Opened, r.Person, r.Event, r.Gap, r.Quality, r.Consent)
}

func readAll(t *testing.T, r *journal.Reader) (records []string, errs []error) {
	t.Helper()
	for rec, err := range r.Records() {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		records = append(records, kept(rec))
	}
	return records, errs
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rec.journal")
	w := must(journal.Create(path, key, header))
	if _, err := journal.Create(path, key, header); err == nil {
		t.Error("created twice")
	}
	if _, err := journal.Read(path, key); !errors.Is(err, journal.ErrLive) {
		t.Errorf("read while it is written: %v", err)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(w.Person(timeline.Person{ID: "p", Name: "Name", Role: timeline.Host}))
	video, audio := must(w.OpenTrack(camera)), must(w.OpenTrack(mic))
	if video != 1 || audio != 2 || journal.TrackID(video) != "t1" {
		t.Errorf("tracks %d and %d", video, audio)
	}
	check(w.Event(timeline.Event{AtMs: 1, Type: timeline.Joined, Person: "p"}))
	check(w.Consent(timeline.Consent{AtMs: -5, Person: "p", State: timeline.ConsentAgreed, PolicyVersion: "1"}))
	var want []string
	frame := func(track uint16, at time.Duration, k bool, b []byte) {
		t.Helper()
		check(w.Frame(track, at, k, b))
		want = append(want, kept(&journal.Record{Type: journal.FrameRecord, Track: track, At: at, Key: k, Payload: b}))
	}
	for i := range 300 {
		at := time.Duration(i) * 33_333 * time.Microsecond
		frame(video, at, i%60 == 0, blobtest.Noise(1+i*37%5000, uint64(i)))
		frame(audio, at+time.Microsecond, true, blobtest.Noise(80, uint64(i)))
		if i == 100 {
			check(w.Sync()) // another segment: times begin anew
			frame(video, at-time.Second, false, []byte{1})
		}
	}
	for i := range 30 {
		w.Level(audio, time.Duration(i)*20*time.Millisecond, uint8(i))
	}
	check(w.Gap(timeline.Gap{Track: "t1", FromMs: 5, ToMs: 9, Reason: timeline.Loss}))
	check(w.Quality(timeline.Quality{AtMs: 7, Person: "p", Up: 50, Reason: "loss"}))
	check(w.Close())
	check(w.Close())
	if err := w.Frame(video, 0, true, []byte{1}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("frame after close: %v", err)
	}

	r := must(journal.Read(path, key))
	defer r.Close()
	if !reflect.DeepEqual(r.Header, header) || r.Size() != w.Written() {
		t.Errorf("header %+v, %d of %d bytes", r.Header, r.Size(), w.Written())
	}
	for range 2 { // it can be read again
		var frames, others []string
		var levels []uint8
		for rec, err := range r.Records() {
			check(err)
			switch rec.Type {
			case journal.FrameRecord:
				frames = append(frames, kept(rec))
			case journal.LevelRecord:
				levels = append(levels, rec.Level)
			default:
				others = append(others, kept(rec))
			}
		}
		if !reflect.DeepEqual(frames, want) {
			t.Errorf("%d frames, want %d", len(frames), len(want))
		}
		if !reflect.DeepEqual(levels, []uint8{4, 9, 14, 19, 24, 29}) {
			t.Errorf("levels %v", levels)
		}
		if len(others) != 7 || !r.Proper() || r.Torn() != 0 {
			t.Errorf("%d others, proper %v, torn %d", len(others), r.Proper(), r.Torn())
		}
		if want := time.Duration(299)*33_333*time.Microsecond + time.Microsecond; r.End() != want {
			t.Errorf("end %v, want %v", r.End(), want)
		}
	}
	raw := must(os.ReadFile(path))
	for _, plain := range []string{"Name", "VP8", "joined"} {
		if bytes.Contains(raw, []byte(plain)) {
			t.Errorf("%q is on the disk", plain)
		}
	}
	if info := must(os.Stat(path)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestRefusedFrames(t *testing.T) {
	w := must(journal.Create(filepath.Join(t.TempDir(), "j"), key, header))
	defer w.Close()
	track := must(w.OpenTrack(camera))
	for name, err := range map[string]error{
		"no such track":  w.Frame(track+1, 0, true, []byte{1}),
		"track 0":        w.Frame(0, 0, true, []byte{1}),
		"before 0":       w.Frame(track, -1, true, []byte{1}),
		"in a year":      w.Frame(track, 365*24*time.Hour, true, []byte{1}),
		"nothing":        w.Frame(track, 0, true, nil),
		"a huge frame":   w.Frame(track, 0, true, make([]byte, journal.MaxFrame+1)),
		"a bad codec":    second(w.OpenTrack(journal.Track{Kind: timeline.Video, Codec: "MPEG1"})),
		"a mixed kind":   second(w.OpenTrack(journal.Track{Kind: timeline.Video, Codec: "Opus"})),
		"a huge picture": second(w.OpenTrack(journal.Track{Kind: timeline.Video, Codec: "VP8", Width: 1 << 20})),
	} {
		if !errors.Is(err, journal.ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Event(timeline.Event{Type: "sneezed"}); !errors.Is(err, timeline.ErrInvalid) {
		t.Errorf("event: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// Whatever is told, the timeline of a journal can be written: there is an end
// to what is taken, and media goes on after it.
func TestTooMuchToTell(t *testing.T) {
	w := must(journal.CreateOn(&slow{}, key, header))
	track := must(w.OpenTrack(camera))
	e := timeline.Event{Type: timeline.Layer, Value: strings.Repeat("x", 1000)}
	told := 0
	for {
		err := w.Event(e)
		if errors.Is(err, journal.ErrBehind) {
			err = w.Sync()
		}
		if err != nil {
			if !errors.Is(err, journal.ErrFrame) {
				t.Fatal(err)
			}
			break
		}
		told++
	}
	if told < 20_000 {
		t.Errorf("only %d events", told)
	}
	if err := w.Frame(track, 0, true, []byte{1}); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// build writes a journal of several segments and returns it with the records
// that each segment ends with.
func build(t testing.TB, segments int) (raw []byte, ends []int, counts []int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "j")
	w := must(journal.Create(path, key, header))
	track := must(w.OpenTrack(camera))
	n := 1
	for i := range segments {
		for j := range 10 {
			if err := w.Frame(track, time.Duration(i*10+j)*33*time.Millisecond, j == 0, blobtest.Noise(60, uint64(n))); err != nil {
				t.Fatal(err)
			}
			n++
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		ends, counts = append(ends, int(w.Written())), append(counts, n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return must(os.ReadFile(path)), ends, counts
}

// Cut anywhere, a journal gives every record up to its last whole segment, and
// says that it did not end.
func TestTornAnywhere(t *testing.T) {
	raw, ends, counts := build(t, 4)
	for cut := range len(raw) {
		r, err := journal.ReadFrom(bytes.NewReader(raw[:cut]), int64(cut), key)
		if errors.Is(err, journal.ErrEmpty) && cut < ends[0] {
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		records, errs := readAll(t, r)
		want, at := 0, cut
		for i, e := range ends {
			if e <= cut {
				want, at = counts[i], e
			}
		}
		if len(errs) != 0 || r.Proper() || len(records) != want {
			t.Fatalf("cut at %d: %d records, want %d, %v, proper %v", cut, len(records), want, errs, r.Proper())
		}
		if want > 0 && r.Torn() != int64(cut-at) {
			t.Fatalf("cut at %d: torn %d, want %d", cut, r.Torn(), cut-at)
		}
	}
	// A tail of zeros is what a power cut leaves where the size was written
	// and the data was not.
	zeros := append(bytes.Clone(raw[:ends[2]]), make([]byte, 5000)...)
	r := must(journal.ReadFrom(bytes.NewReader(zeros), int64(len(zeros)), key))
	if records, errs := readAll(t, r); len(errs) != 0 || len(records) != counts[2] || r.Torn() != 5000 {
		t.Errorf("zeros: %d records, %v, torn %d", len(records), errs, r.Torn())
	}
}

// A flipped bit is said with its place; the segments around it stay usable,
// and no altered record is ever handed out.
func TestDamage(t *testing.T) {
	raw, ends, counts := build(t, 4)
	good, _ := readAll(t, must(journal.ReadFrom(bytes.NewReader(raw), int64(len(raw)), key)))
	genuine := map[string]bool{}
	for _, g := range good {
		genuine[g] = true
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		b := bytes.Clone(raw)
		at := r.IntN(len(b))
		b[at] ^= 1 << r.IntN(8)
		jr, err := journal.ReadFrom(bytes.NewReader(b), int64(len(b)), key)
		if err != nil {
			var d *journal.Damage
			if at >= ends[0] || !errors.As(err, &d) && !errors.Is(err, journal.ErrForeign) && !errors.Is(err, journal.ErrEmpty) {
				t.Errorf("bit at %d: %v", at, err)
			}
			continue
		}
		records, errs := readAll(t, jr)
		if len(errs) == 0 && jr.Torn() == 0 {
			t.Fatalf("bit at %d: nobody noticed", at)
		}
		for _, rec := range records {
			if !genuine[rec] {
				t.Fatalf("bit at %d: an altered record %.80s", at, rec)
			}
		}
	}
	b := bytes.Clone(raw)
	b[ends[1]+100] ^= 1
	jr := must(journal.ReadFrom(bytes.NewReader(b), int64(len(b)), key))
	records, errs := readAll(t, jr)
	var d *journal.Damage
	if len(errs) != 1 || !errors.As(errs[0], &d) || d.Offset != int64(ends[1]) || d.Bytes != int64(ends[2]-ends[1]) {
		t.Errorf("damage: %v", errs)
	}
	if len(records) != counts[3]-10 || !jr.Proper() {
		t.Errorf("%d records around the damage, proper %v", len(records), jr.Proper())
	}
}

func TestForeign(t *testing.T) {
	raw, ends, _ := build(t, 3)
	other, otherEnds, _ := build(t, 3)
	var d *journal.Damage
	if _, err := journal.ReadFrom(bytes.NewReader(raw), int64(len(raw)), blob.Key{9}); !errors.As(err, &d) {
		t.Errorf("another key: %v", err)
	}
	renamed := bytes.Clone(raw)
	renamed[24] = 'x'
	if _, err := journal.ReadFrom(bytes.NewReader(renamed), int64(len(raw)), key); !errors.As(err, &d) {
		t.Errorf("another recording's name: %v", err)
	}
	if _, err := journal.ReadFrom(strings.NewReader(strings.Repeat("x", 500)), 500, key); !errors.Is(err, journal.ErrForeign) {
		t.Errorf("no journal: %v", err)
	}
	spliced := append(bytes.Clone(raw[:ends[0]]), other[otherEnds[0]:]...)
	jr := must(journal.ReadFrom(bytes.NewReader(spliced), int64(len(spliced)), key))
	if records, errs := readAll(t, jr); len(records) != 11 || len(errs) == 0 {
		t.Errorf("segments of another journal: %d records, %v", len(records), errs)
	}
	swapped := append(bytes.Clone(raw[:ends[0]]), raw[ends[1]:]...)
	jr = must(journal.ReadFrom(bytes.NewReader(swapped), int64(len(swapped)), key))
	if records, errs := readAll(t, jr); len(records) != 11 || len(errs) == 0 {
		t.Errorf("a segment left out: %d records, %v", len(records), errs)
	}
}

// slow is a disk that can be held up, filled and broken.
type slow struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	gate   chan struct{} // nil is open
	limit  int           // bytes that fit; 0 is no limit
	broken error         // of Sync
	syncs  atomic.Int64
}

func (s *slow) Write(p []byte) (int, error) {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && s.buf.Len()+len(p) > s.limit {
		n, _ := s.buf.Write(p[:s.limit-s.buf.Len()])
		return n, &os.PathError{Op: "write", Path: "journal", Err: syscall.ENOSPC}
	}
	return s.buf.Write(p)
}

func (s *slow) Sync() error { s.syncs.Add(1); return s.broken }
func (s *slow) Truncate(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Truncate(int(n))
	return nil
}
func (s *slow) Close() error { return nil }

// A disk that hangs costs frames, said at once, and neither time nor memory;
// what is not media still gets in, and afterwards it goes on.
func TestBehind(t *testing.T) {
	disk := &slow{}
	w := must(journal.CreateOn(disk, key, header))
	track := must(w.OpenTrack(camera))
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	disk.gate = make(chan struct{})
	payload := make([]byte, 100_000)
	taken, behind := 0, 0
	for i := range 1000 {
		switch err := w.Frame(track, time.Duration(i)*time.Millisecond, true, payload); {
		case err == nil:
			taken++
		case errors.Is(err, journal.ErrBehind):
			behind++
		default:
			t.Fatal(err)
		}
	}
	if behind == 0 || taken*len(payload) > 2*journal.MaxBuffer {
		t.Errorf("%d taken, %d refused", taken, behind)
	}
	if err := w.Event(timeline.Event{AtMs: 1000, Type: timeline.Left}); err != nil {
		t.Errorf("an event while behind: %v", err)
	}
	close(disk.gate)
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := w.Frame(track, 2*time.Second, true, payload); err != nil {
		t.Errorf("after the disk is back: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := must(journal.ReadFrom(bytes.NewReader(disk.buf.Bytes()), int64(disk.buf.Len()), key))
	records, errs := readAll(t, r)
	if len(records) != taken+3 || len(errs) != 0 || !r.Proper() {
		t.Errorf("%d records, want %d, %v", len(records), taken+3, errs)
	}
}

func TestDiskFull(t *testing.T) {
	disk := &slow{limit: 100_000}
	w := must(journal.CreateOn(disk, key, header))
	track := must(w.OpenTrack(camera))
	kept := 0
	for i := 0; ; i++ {
		if w.Frame(track, time.Duration(i)*time.Millisecond, true, make([]byte, 10_000)) != nil || w.Sync() != nil {
			break
		}
		kept++
	}
	err := <-w.Failed()
	if !fault.Is(err, fault.Full) {
		t.Errorf("failed with %v", err)
	}
	if err := w.Frame(track, time.Second, true, []byte{1}); !fault.Is(err, fault.Full) {
		t.Errorf("frame after: %v", err)
	}
	if err := w.Close(); !fault.Is(err, fault.Full) {
		t.Errorf("close after: %v", err)
	}
	r := must(journal.ReadFrom(bytes.NewReader(disk.buf.Bytes()), int64(disk.buf.Len()), key))
	records, errs := readAll(t, r)
	if kept == 0 || len(records) != kept+1 || len(errs) != 0 || r.Proper() || r.Torn() != 0 {
		t.Errorf("%d records of %d, %v, proper %v, torn %d", len(records), kept, errs, r.Proper(), r.Torn())
	}
}

func TestFullFileSystem(t *testing.T) {
	path := filepath.Join(blobtest.Tmpfs(t, "1m"), "j")
	w := must(journal.Create(path, key, header))
	track := must(w.OpenTrack(camera))
	for i := 0; w.Frame(track, time.Duration(i)*time.Millisecond, true, make([]byte, 50_000)) == nil; i++ {
		_ = w.Sync()
	}
	if err := <-w.Failed(); !fault.Is(err, fault.Full) {
		t.Errorf("failed with %v", err)
	}
	w.Close()
	r := must(journal.Read(path, key))
	defer r.Close()
	if records, errs := readAll(t, r); len(records) < 15 || len(errs) != 0 || r.Torn() != 0 {
		t.Errorf("%d records, %v, torn %d", len(records), errs, r.Torn())
	}
	_ = os.WriteFile(path+".filler", make([]byte, 1<<20), 0o600) // the last free pages
	if _, err := journal.Create(path+"2", key, header); !fault.Is(err, fault.Full) {
		t.Errorf("create on a full disk: %v", err)
	}
	if _, err := os.Stat(path + "2"); err == nil {
		t.Error("a journal that could not begin is left")
	}
}

// durable is a disk that remembers what a power cut would leave.
type durable struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	safe   int
	delays time.Duration // of Sync
}

func (d *durable) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.Write(p)
}

func (d *durable) Sync() error {
	d.mu.Lock()
	n := d.buf.Len()
	d.mu.Unlock()
	time.Sleep(d.delays)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.safe = n
	return nil
}

func (d *durable) left() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Clone(d.buf.Bytes()[:d.safe])
}

func (d *durable) Truncate(int64) error { return nil }
func (d *durable) Close() error         { return nil }

// The power may go at any moment of a minute, on a disk whose sync takes a
// quarter of a second: less than a second is missing, whether much or little
// is recorded, and after a pause.
func TestPowerCutLosesLessThanASecond(t *testing.T) {
	for name, size := range map[string]int{"much": 10_000, "little": 60} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &durable{delays: 250 * time.Millisecond}
				w := must(journal.CreateOn(disk, key, header))
				track := must(w.OpenTrack(camera))
				began := time.Now()
				worst := time.Duration(0)
				for i := range 300 {
					if i%100 < 80 { // then a pause
						if err := w.Frame(track, time.Since(began), i%30 == 0, blobtest.Noise(size, uint64(i))); err != nil {
							t.Fatal(err)
						}
					}
					newest := time.Since(began)
					time.Sleep(33 * time.Millisecond)
					synctest.Wait()
					if i%100 >= 80 {
						continue
					}
					left := disk.left()
					r := must(journal.ReadFrom(bytes.NewReader(left), int64(len(left)), key))
					for _, err := range r.Records() {
						if err != nil {
							t.Fatal(err)
						}
					}
					if i%100 > 35 || i < 100 { // the end of a pause is not a loss
						worst = max(worst, newest-r.End())
					}
				}
				t.Logf("at most %v is missing", worst)
				if worst >= time.Second {
					t.Errorf("%v would be lost", worst)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// A disk that takes ten seconds to sync does not keep what it takes meanwhile
// from surviving the death of the program.
func TestWritesGoOnDuringASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &durable{delays: 10 * time.Second}
		w := must(journal.CreateOn(disk, key, header))
		track := must(w.OpenTrack(camera))
		began := time.Now()
		for range 200 {
			if err := w.Frame(track, time.Since(began), true, []byte{1}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(33 * time.Millisecond)
		}
		disk.mu.Lock()
		raw := bytes.Clone(disk.buf.Bytes())
		disk.mu.Unlock()
		r := must(journal.ReadFrom(bytes.NewReader(raw), int64(len(raw)), key))
		for range r.Records() {
		}
		if behind := time.Since(began) - r.End(); behind > 300*time.Millisecond {
			t.Errorf("%v is only in memory", behind)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSyncFails(t *testing.T) {
	disk := &slow{}
	w := must(journal.CreateOn(disk, key, header))
	track := must(w.OpenTrack(camera))
	disk.broken = errors.New("I/O error")
	if err := w.Frame(track, 0, true, []byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(); err == nil {
		t.Error("synced on a broken disk")
	}
	if err := <-w.Failed(); err == nil {
		t.Error("no failure told")
	}
	if err := w.Close(); err == nil {
		t.Error("closed well")
	}
}

func TestReaderMemoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	w := must(journal.Create(path, key, header))
	track := must(w.OpenTrack(camera))
	payload := blobtest.Noise(40_000, 1)
	for i := range 5000 { // 200 MB
		for w.Frame(track, time.Duration(i)*time.Millisecond, true, payload) != nil {
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := must(journal.Read(path, key))
	defer r.Close()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	for _, err := range r.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%500 == 0 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	if grown := int64(peak) - int64(before.HeapAlloc); n != 5001 || grown > 16<<20 {
		t.Errorf("%d records, %d MiB", n, grown>>20)
	}
}

// At 720p the file is within 3 % of the media: a packet's worth of frame and
// an Opus frame each pay a few bytes, a segment 32.
func TestOverheadOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	w := must(journal.Create(path, key, header))
	video, audio := must(w.OpenTrack(camera)), must(w.OpenTrack(mic))
	media := 0
	at := time.Duration(0)
	put := func(track uint16, n int) {
		if err := w.Frame(track, at, true, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		media += n
	}
	for ms := 0; ms < 60_000; ms += 10 {
		at = time.Duration(ms) * time.Millisecond
		if ms%30 == 0 {
			put(video, 5000) // 1.3 Mbit/s
		}
		if ms%20 == 0 {
			put(audio, 80)
			w.Level(audio, at, 50)
		}
		if ms%400 == 0 {
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	over := 100 * (float64(w.Written())/float64(media) - 1)
	t.Logf("%d media bytes, %d in the file: %.2f %% more", media, w.Written(), over)
	if over > 3 {
		t.Errorf("%.2f %% overhead", over)
	}
}

func FuzzRead(f *testing.F) {
	raw, ends, _ := build(f, 3)
	f.Add(raw)
	f.Add(raw[:ends[1]+7])
	f.Add(append(bytes.Clone(raw[:ends[0]]), raw[ends[1]:]...))
	f.Add([]byte("MNTJRNL\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := journal.ReadFrom(bytes.NewReader(b), int64(len(b)), key)
		if err != nil {
			return
		}
		for range r.Records() {
		}
	})
}

// Records are only parsed when they authenticate; the parser does not rely on
// that.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{1, 3, 2, 3, 'a', 'b', 'c', 2, 1, 5, 100})
	f.Add(append([]byte{6, 24}, `{"atMs":1,"type":"left"}`...))
	f.Add(append([]byte{5, 60}, `{"track":2,"kind":"audio","codec":"Opus","source":"screen"} `...))
	f.Add(append([]byte{10, 10}, `{"atMs":5}`...))
	f.Add(binary.AppendUvarint([]byte{1, 2, 0}, 1<<62))
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		_ = journal.ParseSegment(b, func(r *journal.Record, _ error) bool {
			if r.At < 0 || r.Track > 1<<16-2 {
				t.Fatalf("%+v", r)
			}
			total += len(r.Payload)
			return true
		})
		if total > len(b) {
			t.Fatalf("%d bytes of payload in %d", total, len(b))
		}
	})
}

// BenchmarkFrame is one packet-sized frame, handed over, sealed, written and
// synced.
func BenchmarkFrame(b *testing.B) {
	w := must(journal.Create(filepath.Join(b.TempDir(), "j"), key, header))
	track := must(w.OpenTrack(camera))
	payload := blobtest.Noise(1100, 1)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	i, behind := 0, 0
	for b.Loop() {
		for w.Frame(track, time.Duration(i)*time.Microsecond, false, payload) != nil {
			behind++
			if err := w.Sync(); err != nil { // the disk, not the journal
				b.Fatal(err)
			}
		}
		i++
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(behind), "behind")
}

// BenchmarkFrameSealed is the same without a disk: the cost in CPU.
func BenchmarkFrameSealed(b *testing.B) {
	w := must(journal.CreateOn(nowhere{}, key, header))
	track := must(w.OpenTrack(camera))
	payload := blobtest.Noise(1100, 1)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		for w.Frame(track, time.Duration(i)*time.Microsecond, false, payload) != nil {
			runtime.Gosched()
		}
		i++
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Sync() error                 { return nil }
func (nowhere) Truncate(int64) error        { return nil }
func (nowhere) Close() error                { return nil }
