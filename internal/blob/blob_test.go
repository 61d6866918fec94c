package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mentara/internal/blob"
	"mentara/internal/blob/blobtest"
	"mentara/internal/fault"
)

func newDisk(t testing.TB, dir string) *blob.Disk {
	t.Helper()
	d, err := blob.NewDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func newS3(t testing.TB, c blob.S3Config) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDisk(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return newDisk(t, t.TempDir()) })
}

func TestS3(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return newS3(t, blobtest.S3(t).Config) })
}

// The sealed store holds the same contract, but for empty objects.
func TestSealedRoundTrip(t *testing.T) {
	stores := map[string]blob.Store{"disk": newDisk(t, t.TempDir()), "S3": newS3(t, blobtest.S3(t).Config)}
	for where, s := range stores {
		for _, size := range []int{1, 100, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3 << 20, 9<<20 + 7} {
			data := blobtest.Noise(size, uint64(size))
			key := blob.Key{1, 2, 3}
			seal(t, s, key, "r/x", data)
			if raw := blobtest.Get(t, s, "r/x"); size > 100 && bytes.Contains(raw, data[:50]) {
				t.Errorf("%s: plain bytes in the store", where)
			}
			o := open(t, s, key, "r/x")
			if o.Size() != int64(size) {
				t.Errorf("%s: size %d, want %d", where, o.Size(), size)
			}
			got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes: %v", where, size, err)
			}
			r := rand.New(rand.NewPCG(1, uint64(size)))
			for range 50 {
				off := r.IntN(size + 10)
				b := make([]byte, r.IntN(200_000))
				n, err := o.ReadAt(b, int64(off))
				want := max(min(len(b), size-off), 0)
				if n != want || !bytes.Equal(b[:n], data[min(off, size):min(off, size)+n]) || (n < len(b)) != errors.Is(err, io.EOF) {
					t.Fatalf("%s: %d bytes at %d of %d: %d, %v", where, len(b), off, size, n, err)
				}
			}
			o.Close()
		}
	}
}

func seal(t testing.TB, s blob.Store, k blob.Key, name string, data []byte) {
	t.Helper()
	w, err := s.Create(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	sw, err := blob.SealedWriter(w, k, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(sw, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := sw.Commit(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, s blob.Store, k blob.Key, name string) blob.Object {
	t.Helper()
	o, err := s.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := blob.OpenSealed(o, k, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// memory is an object in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func readAll(raw []byte, k blob.Key, name string) ([]byte, error) {
	o, err := blob.OpenSealed(memory{bytes.NewReader(raw)}, k, name)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
}

func TestSealedRefusesWhatItDidNotWrite(t *testing.T) {
	s, key := newDisk(t, t.TempDir()), blob.Key{7}
	data := blobtest.Noise(200_000, 1)
	seal(t, s, key, "r/a", data)
	old := blobtest.Get(t, s, "r/a")
	seal(t, s, key, "r/a", data)
	raw := blobtest.Get(t, s, "r/a")
	const pack = 64<<10 + 32

	want := func(what string, b []byte, k blob.Key, name string) {
		t.Helper()
		if got, err := readAll(b, k, name); !errors.Is(err, blob.ErrDamaged) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
	}
	want("another name", raw, key, "r/b")
	want("another key", raw, blob.Key{8}, "r/a")
	for _, cut := range []int{0, 1, 39, 40, 41, 40 + pack, 40 + 2*pack, 40 + 3*pack, len(raw) - 1} {
		want("cut", raw[:cut], key, "r/a")
	}
	want("longer", append(bytes.Clone(raw), 0), key, "r/a")
	swapped := bytes.Clone(raw)
	copy(swapped[40:], raw[40+pack:40+2*pack])
	copy(swapped[40+pack:], raw[40:40+pack])
	want("two packages swapped", swapped, key, "r/a")
	spliced := bytes.Clone(raw)
	copy(spliced[40:], old[40:40+pack])
	want("a package of the older version", spliced, key, "r/a")
	r := rand.New(rand.NewPCG(5, 5))
	for i := range 400 {
		b := bytes.Clone(raw)
		at := i // every byte of the prologue and first header, then anywhere
		if i >= 60 {
			at = r.IntN(len(b))
		}
		b[at] ^= 1 << r.IntN(8)
		want("a flipped bit", b, key, "r/a")
	}

	// What is before the damage can be read; the damage cannot.
	b := bytes.Clone(raw)
	b[40+pack+100] ^= 1
	o, err := blob.OpenSealed(memory{bytes.NewReader(b)}, key, "r/a")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1000)
	if _, err := o.ReadAt(got, 0); err != nil || !bytes.Equal(got, data[:1000]) {
		t.Errorf("before the damage: %v", err)
	}
	if n, err := o.ReadAt(got, 64<<10-10); !errors.Is(err, blob.ErrDamaged) || n != 10 {
		t.Errorf("into the damage: %d, %v", n, err)
	}
	if _, err := o.ReadAt(got, 2*64<<10); err != nil {
		t.Errorf("behind the damage: %v", err)
	}
}

func TestSealedEmptyIsRefused(t *testing.T) {
	s := newDisk(t, t.TempDir())
	w, err := s.Create(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	sw, err := blob.SealedWriter(w, blob.Key{}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := sw.Commit(); !errors.Is(err, blob.ErrEmpty) {
		t.Errorf("commit: %v", err)
	}
	if names := blobtest.Names(t, s, ""); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func FuzzOpenSealed(f *testing.F) {
	key := blob.Key{9}
	dir := newDisk(f, f.TempDir())
	for _, n := range []int{1, 1000, 70_000} {
		seal(f, dir, key, "x", blobtest.Noise(n, 3))
		raw := blobtest.Get(f, dir, "x")
		f.Add(raw, false)
		f.Add(raw[:len(raw)-5], true)
	}
	f.Add([]byte("MNTSEAL\x01"), true)
	f.Fuzz(func(t *testing.T, raw []byte, random bool) {
		o, err := blob.OpenSealed(memory{bytes.NewReader(raw)}, key, "x")
		if err != nil {
			return
		}
		if o.Size() > int64(len(raw)) {
			t.Fatalf("%d bytes of %d", o.Size(), len(raw))
		}
		if random {
			_, _ = o.ReadAt(make([]byte, 100), o.Size()/2)
		}
		_, _ = io.Copy(io.Discard, io.NewSectionReader(o, 0, o.Size()))
	})
}

func TestDiskSweepsWhatADeadWriterLeft(t *testing.T) {
	dir := t.TempDir()
	s := newDisk(t, dir)
	w, err := s.Create(context.Background(), "live")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".tmp", "DEAD"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := newDisk(t, dir) // another process
	entries, err := os.ReadDir(filepath.Join(dir, ".tmp"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if _, err := w.Write([]byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Errorf("the live writer: %v", err)
	}
	blobtest.Get(t, again, "live")
}

func TestDiskFollowsNoLinkOutside(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	s := newDisk(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	w, err := s.Create(context.Background(), "link/x")
	if err == nil {
		_, _ = w.Write([]byte("x"))
		err = w.Commit()
	}
	if err == nil {
		t.Error("wrote through a link")
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("outside: %v", entries)
	}
}

func TestDiskFull(t *testing.T) {
	s := newDisk(t, blobtest.Tmpfs(t, "1m"))
	blobtest.Put(t, s, "small", []byte("kept"))
	w, err := s.Create(context.Background(), "big")
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err = w.Write(blobtest.Noise(1<<20, 1)); err != nil {
			break
		}
	}
	if !fault.Is(err, fault.Full) {
		t.Errorf("write on a full disk: %v", err)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("abort: %v", err)
	}
	if got := blobtest.Names(t, s, ""); len(got) != 1 {
		t.Errorf("objects: %v", got)
	}
	blobtest.Put(t, s, "after", blobtest.Noise(500_000, 2)) // the space is back
}

func TestDiskReadOnly(t *testing.T) {
	dir := blobtest.Tmpfs(t, "1m")
	s := newDisk(t, dir)
	blobtest.Put(t, s, "x", []byte("kept"))
	blobtest.ReadOnly(t, dir)
	if w, err := s.Create(context.Background(), "y"); err == nil {
		t.Errorf("created on a read-only disk: %v", w)
	}
	if err := s.Delete(context.Background(), "x"); err == nil {
		t.Error("deleted on a read-only disk")
	}
	if got := blobtest.Get(t, s, "x"); string(got) != "kept" {
		t.Errorf("read %q", got)
	}
	if d, err := blob.NewDisk(dir); err != nil {
		t.Errorf("open a read-only store: %v", err)
	} else {
		d.Close()
	}
}

// Every request of an upload fails once, in turn: the error is told, nothing
// is visible, and no part stays in the bucket.
func TestS3Faults(t *testing.T) {
	server := blobtest.S3(t)
	s := newS3(t, server.Config)
	data := blobtest.Noise(17<<20, 1)
	put := func(name string) error {
		w, err := s.Create(context.Background(), name)
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return errors.Join(err, w.Abort())
		}
		return w.Commit()
	}
	for fail := 1; ; fail++ {
		n, aborted := 0, false
		server.Deny(func(r *http.Request) bool {
			if r.Method == http.MethodDelete {
				aborted = true
				return false
			}
			n++
			return n == fail
		})
		err := put("x")
		server.Allow()
		if n < fail {
			if err != nil {
				t.Errorf("without a failure: %v", err)
			}
			if fail != 6 { // begin, three parts, complete
				t.Errorf("%d requests", fail-1)
			}
			break
		}
		if err == nil {
			t.Errorf("request %d failed and nobody said so", fail)
		}
		if fail > 1 && !aborted {
			t.Errorf("request %d: the upload was not taken back", fail)
		}
		if _, err := s.Open(context.Background(), "x"); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("request %d: %v", fail, err)
		}
	}

	o, err := s.Open(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	server.Deny(func(*http.Request) bool { return true })
	if _, err := o.ReadAt(make([]byte, 10), 5); err == nil || errors.Is(err, blob.ErrNotFound) {
		t.Errorf("read while denied: %v", err)
	}
	for _, err := range s.List(context.Background(), "") {
		if err == nil {
			t.Error("listed while denied")
		}
	}
	server.Allow()
}

// An object that is replaced while it is read is an error, not a mixture.
func TestS3ReadsOneVersion(t *testing.T) {
	server := blobtest.S3(t)
	s := newS3(t, server.Config)
	blobtest.Put(t, s, "x", []byte("first"))
	o, err := s.Open(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	match := ""
	f := func(_ http.ResponseWriter, r *http.Request) bool { match = r.Header.Get("If-Match"); return false }
	server.Fail.Store(&f)
	if _, err := o.ReadAt(make([]byte, 5), 0); err != nil || match == "" {
		t.Errorf("read: %v, If-Match %q", err, match)
	}
}

// An upload whose writer died is found and taken back; one that goes on is not.
func TestS3Sweep(t *testing.T) {
	server := blobtest.S3(t)
	s := newS3(t, server.Config)
	w, err := s.Create(context.Background(), "dead")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(blobtest.Noise(9<<20, 1)); err != nil {
		t.Fatal(err)
	}
	aborted := 0
	count := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			aborted++
		}
		return false
	}
	server.Fail.Store(&count)
	for _, c := range []struct {
		before time.Time
		want   int
	}{{time.Now().Add(-time.Hour), 0}, {time.Now().Add(time.Hour), 1}, {time.Now().Add(time.Hour), 1}} {
		if err := s.Sweep(context.Background(), c.before); err != nil || aborted != c.want {
			t.Errorf("sweep: %v, %d taken back, want %d", err, aborted, c.want)
		}
	}
	if err := w.Commit(); err == nil {
		t.Error("committed an upload that was taken back")
	}
}

func TestS3MemoryIsBounded(t *testing.T) {
	// The stand-in keeps objects in memory, so the server here throws them away.
	server := blobtest.S3(t)
	f := func(w http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case r.URL.Query().Has("uploads"):
			_, _ = io.WriteString(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><Bucket>recordings</Bucket><ETag>"x"</ETag></CompleteMultipartUploadResult>`)
		default:
			w.Header().Set("ETag", `"x"`)
		}
		return true
	}
	server.Fail.Store(&f)
	s := newS3(t, server.Config)
	w, err := s.Create(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	chunk := blobtest.Noise(1<<20, 1)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	for range 200 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("200 MiB took %d MiB", grown>>20)
	}
}

// ---- keys

func newKeys(t testing.TB, dir string) *blob.Keys {
	t.Helper()
	k, err := blob.OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeys(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	k := newKeys(t, dir)
	a, err := k.Create("rec-a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Create("rec-b")
	if err != nil || a == b || a == (blob.Key{}) {
		t.Fatalf("two keys: %v", err)
	}
	if _, err := k.Create("rec-a"); !fault.Is(err, fault.Conflict) {
		t.Errorf("create twice: %v", err)
	}
	if got, err := newKeys(t, dir).Get("rec-a"); err != nil || got != a {
		t.Errorf("get: %v", err)
	}
	if _, err := k.Get("rec-c"); !fault.Is(err, fault.Gone) {
		t.Errorf("get an absent one: %v", err)
	}
	for _, bad := range []string{"", "..", "../x", "a/b", ".x", strings.Repeat("x", 200)} {
		if _, err := k.Create(bad); !errors.Is(err, blob.ErrName) {
			t.Errorf("create %q: %v", bad, err)
		}
	}
	for _, f := range []string{"master.json", "recordings/rec-a.key"} {
		info, err := os.Stat(filepath.Join(dir, f))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil || bytes.Contains(raw, a[:]) {
			t.Errorf("%s holds a plain data key, %v", f, err)
		}
	}
	for range 2 {
		if err := k.Destroy("rec-a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Get("rec-a"); !fault.Is(err, fault.Gone) {
		t.Errorf("get a destroyed one: %v", err)
	}
	if got, err := k.Get("rec-b"); err != nil || got != b {
		t.Errorf("the other: %v", err)
	}
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	k := newKeys(t, dir)
	keys := map[string]blob.Key{}
	for _, id := range []string{"a", "b", "c"} {
		key, err := k.Create(id)
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = key
	}
	copied, err := os.ReadFile(filepath.Join(dir, "recordings/a.key"))
	if err != nil {
		t.Fatal(err)
	}
	other := newKeys(t, dir) // another process, opened before
	if n, err := k.Rotate(); n != 3 || err != nil {
		t.Fatalf("rotate: %d, %v", n, err)
	}
	for id, want := range keys {
		if got, err := other.Get(id); err != nil || got != want {
			t.Errorf("%s: %v", id, err)
		}
	}
	// A copy from before opens nothing now.
	if err := k.Destroy("a"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "recordings/a.key"), copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get("a"); err == nil {
		t.Errorf("an old copy of a destroyed key opens: %v", got)
	}
	if _, err := k.Rotate(); err == nil || !strings.Contains(err.Error(), "key of a") {
		t.Errorf("rotate over a foreign key file: %v", err)
	}
	if got, err := k.Get("b"); err != nil || got != keys["b"] {
		t.Errorf("after a rotation that stopped: %v", err)
	}
	if err := k.Destroy("a"); err != nil {
		t.Fatal(err)
	}
	if n, err := k.Rotate(); n != 2 || err != nil {
		t.Errorf("rotate again: %d, %v", n, err)
	}
}

func TestKeysRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"a master file others can read": {func(t *testing.T, dir string) { os.Chmod(filepath.Join(dir, "master.json"), 0o640) }, "mode 0640"},
		"a folder others can read":      {func(t *testing.T, dir string) { os.Chmod(dir, 0o755) }, "mode 0755"},
		"a master file that is gone":    {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "master.json")) }, "restore it"},
		"a master file that is no ring": {func(t *testing.T, dir string) { write(t, dir, "master.json", "{}") }, "holds no key"},
		"a master file of nonsense":     {func(t *testing.T, dir string) { write(t, dir, "master.json", "\x00\x01") }, "not a key file"},
		"a short master key": {func(t *testing.T, dir string) {
			write(t, dir, "master.json", `{"version":1,"keys":[{"id":"x","key":"AAAA"}]}`)
		}, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "keys")
			if _, err := newKeys(t, dir).Create("a"); err != nil {
				t.Fatal(err)
			}
			c.spoil(t, dir)
			if _, err := blob.OpenKeys(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("opened: %v", err)
			}
		})
	}
	dir := filepath.Join(t.TempDir(), "keys")
	k := newKeys(t, dir)
	for _, id := range []string{"a", "b"} {
		if _, err := k.Create(id); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "recordings/a.key"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "recordings/b.key", string(raw))
	if _, err := k.Get("b"); !errors.Is(err, blob.ErrDamaged) {
		t.Errorf("a key under another's name: %v", err)
	}
	write(t, dir, "recordings/b.key", strings.Replace(string(raw), `"id":"a"`, `"id":"b"`, 1))
	if _, err := k.Get("b"); !errors.Is(err, blob.ErrDamaged) {
		t.Errorf("a renamed key: %v", err)
	}
	os.Chmod(filepath.Join(dir, "recordings/a.key"), 0o644)
	if _, err := k.Get("a"); err == nil || !strings.Contains(err.Error(), "mode 0644") {
		t.Errorf("a key others can read: %v", err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeysOnAFullDisk(t *testing.T) {
	dir := filepath.Join(blobtest.Tmpfs(t, "64k"), "keys")
	k := newKeys(t, dir)
	if _, err := k.Create("a"); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600)
	if _, err := k.Create("b"); !fault.Is(err, fault.Full) {
		t.Errorf("create: %v", err)
	}
	if _, err := k.Rotate(); !fault.Is(err, fault.Full) {
		t.Errorf("rotate: %v", err)
	}
	if _, err := k.Get("a"); err != nil {
		t.Errorf("the key that was there: %v", err)
	}
	if err := k.Destroy("a"); err != nil {
		t.Errorf("erasing must work on a full disk: %v", err)
	}
}

func FuzzKeyFile(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "keys")
	k := newKeys(f, dir)
	if _, err := k.Create("a"); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "recordings/a.key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"version":1,"id":"a","nonce":"AA=="}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, "recordings/a.key"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = k.Get("a")
	})
}

func BenchmarkSealedWrite(b *testing.B) {
	data := blobtest.Noise(1<<20, 1)
	b.SetBytes(int64(len(data)))
	sw, err := blob.SealedWriter(discard{}, blob.Key{1}, "x")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := sw.Write(data); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Commit() error               { return nil }
func (discard) Abort() error                { return nil }

// A seek: one read somewhere else.
func BenchmarkSealedSeek(b *testing.B) {
	s := newDisk(b, b.TempDir())
	seal(b, s, blob.Key{1}, "x", blobtest.Noise(64<<20, 1))
	o := open(b, s, blob.Key{1}, "x")
	p := make([]byte, 4096)
	r := rand.New(rand.NewPCG(1, 1))
	for b.Loop() {
		if _, err := o.ReadAt(p, r.Int64N(o.Size()-4096)); err != nil {
			b.Fatal(err)
		}
	}
}
