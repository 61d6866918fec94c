// Package blobtest is the contract of blob.Store as tests, a store that fails
// where it is told to, and an S3 server for tests: gofakes3 in memory, behind
// real HTTP, which minio-go speaks to as to any other.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"mentara/internal/blob"
)

// Bucket is the one bucket of Server.
const Bucket = "recordings"

// Server is an S3 server on loopback.
type Server struct {
	// Fail, if set, may answer a request itself, and says whether it did.
	Fail   atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	Config blob.S3Config
}

// S3 starts a server that ends with the test.
func S3(t testing.TB) *Server {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	s := &Server{}
	next := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.Fail.Load(); f != nil && (*f)(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.Config = blob.S3Config{
		Endpoint: strings.TrimPrefix(srv.URL, "http://"), Region: "us-east-1", Bucket: Bucket, Prefix: "practice/",
		AccessKey: "test", SecretKey: "test-secret", Insecure: true,
	}
	return s
}

// Deny makes the server refuse requests that match, as a bucket whose rights
// were taken away does; minio-go does not try those again.
func (s *Server) Deny(match func(*http.Request) bool) {
	f := func(w http.ResponseWriter, r *http.Request) bool {
		if !match(r) {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
		return true
	}
	s.Fail.Store(&f)
}

// Allow ends Deny.
func (s *Server) Allow() { s.Fail.Store(nil) }

// Put writes a whole object.
func Put(t testing.TB, s blob.Store, name string, data []byte) {
	t.Helper()
	w, err := s.Create(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// Get reads a whole object.
func Get(t testing.TB, s blob.Store, name string) []byte {
	t.Helper()
	o, err := s.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Names lists the names with a prefix.
func Names(t testing.TB, s blob.Store, prefix string) []string {
	t.Helper()
	names := []string{}
	for info, err := range s.List(context.Background(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Name)
	}
	return names
}

// Noise is n bytes that look random and are the same for one seed.
func Noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b)
	return b
}

// Run holds a store to the contract. make returns an empty one.
func Run(t *testing.T, newStore func(*testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"an object appears whole, at Commit":  appears,
		"an abort leaves nothing":             aborts,
		"reads anywhere":                      reads,
		"a large object in bounded steps":     large,
		"a new object replaces the old":       replaces,
		"deletes":                             deletes,
		"lists by prefix, in order":           lists,
		"names cannot reach outside":          names,
		"an ended context ends the writing":   ends,
		"many write at once":                  concurrent,
		"after Commit nothing can be written": commitOnce,
		"an empty object":                     func(t *testing.T, s blob.Store) { Put(t, s, "empty", nil); wantBytes(t, s, "empty", []byte{}) },
	} {
		t.Run(name, func(t *testing.T) { test(t, newStore(t)) })
	}
}

func wantBytes(t *testing.T, s blob.Store, name string, want []byte) {
	t.Helper()
	if got := Get(t, s, name); !bytes.Equal(got, want) {
		t.Errorf("%s holds %d bytes that differ from the %d written", name, len(got), len(want))
	}
}

func wantAbsent(t *testing.T, s blob.Store, name string) {
	t.Helper()
	if o, err := s.Open(context.Background(), name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open %s: %v, %v", name, o, err)
	}
}

func create(t *testing.T, s blob.Store, name string) blob.Writer {
	t.Helper()
	w, err := s.Create(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func appears(t *testing.T, s blob.Store) {
	w := create(t, s, "a/b/c")
	for i := range 10 {
		if _, err := w.Write(Noise(1000, uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	wantAbsent(t, s, "a/b/c")
	if n := Names(t, s, ""); len(n) != 0 {
		t.Errorf("listed before Commit: %v", n)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := len(Get(t, s, "a/b/c")); got != 10_000 {
		t.Errorf("%d bytes", got)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("abort after commit: %v", err)
	}
	if got := len(Get(t, s, "a/b/c")); got != 10_000 {
		t.Errorf("%d bytes after abort", got)
	}
}

func aborts(t *testing.T, s blob.Store) {
	for _, size := range []int{0, 100, 9 << 20} {
		w := create(t, s, "gone")
		if _, err := w.Write(Noise(size, 1)); err != nil {
			t.Fatal(err)
		}
		if err := w.Abort(); err != nil {
			t.Errorf("abort: %v", err)
		}
		if err := w.Commit(); err == nil {
			t.Error("committed after abort")
		}
		wantAbsent(t, s, "gone")
	}
}

func reads(t *testing.T, s blob.Store) {
	data := Noise(100_000, 2)
	Put(t, s, "data", data)
	o, err := s.Open(context.Background(), "data")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Size() != int64(len(data)) {
		t.Errorf("size %d", o.Size())
	}
	for _, c := range []struct {
		off, n, want int
		err          error
	}{
		{0, 10, 10, nil},
		{99_990, 10, 10, nil},
		{99_990, 20, 10, io.EOF},
		{50_000, 50_000, 50_000, nil},
		{100_000, 1, 0, io.EOF},
		{200_000, 1, 0, io.EOF},
		{5, 0, 0, nil},
	} {
		b := make([]byte, c.n)
		n, err := o.ReadAt(b, int64(c.off))
		if n != c.want || !errors.Is(err, c.err) || n > 0 && !bytes.Equal(b[:n], data[c.off:c.off+n]) {
			t.Errorf("%d bytes at %d: %d, %v", c.n, c.off, n, err)
		}
	}
	if _, err := o.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is read")
	}
}

func large(t *testing.T, s blob.Store) {
	data := Noise(20<<20+12345, 3)
	w := create(t, s, "large")
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 777_777)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, s, "large", data)
}

func replaces(t *testing.T, s blob.Store) {
	Put(t, s, "one", []byte("first"))
	w := create(t, s, "one")
	if _, err := w.Write([]byte("second")); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, s, "one", []byte("first"))
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, s, "one", []byte("second"))
}

func deletes(t *testing.T, s blob.Store) {
	Put(t, s, "x/y/z", []byte("1"))
	Put(t, s, "x/w", []byte("2"))
	for range 2 {
		if err := s.Delete(context.Background(), "x/y/z"); err != nil {
			t.Fatal(err)
		}
	}
	wantAbsent(t, s, "x/y/z")
	wantBytes(t, s, "x/w", []byte("2"))
	if err := s.Delete(context.Background(), "x/w/below"); err != nil {
		t.Errorf("delete below an object: %v", err)
	}
	Put(t, s, "x/y/z", []byte("3"))
	wantBytes(t, s, "x/y/z", []byte("3"))
}

func lists(t *testing.T, s blob.Store) {
	all := []string{"a/1", "a/2", "a/b/3", "a-b/4", "b/5", "c"}
	for _, n := range all {
		Put(t, s, n, []byte(n))
	}
	slices.Sort(all)
	for prefix, want := range map[string][]string{
		"": all, "a/": {"a/1", "a/2", "a/b/3"}, "a": {"a-b/4", "a/1", "a/2", "a/b/3"}, "a/b/": {"a/b/3"}, "nothing/": {}, "c": {"c"},
	} {
		if got := Names(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("prefix %q: %v", prefix, got)
		}
	}
	for info, err := range s.List(context.Background(), "a/b/") {
		if err != nil || info.Size != 5 || time.Since(info.Modified).Abs() > time.Hour {
			t.Errorf("%+v, %v", info, err)
		}
		break // stopping early is fine
	}
}

func names(t *testing.T, s blob.Store) {
	for _, bad := range []string{"", "/", "a//b", "../x", "a/../b", "a/..", ".hidden", "a/.tmp/x", "/etc/passwd", `a\b`, "a\x00b", "ä", "a/", strings.Repeat("a", 600)} {
		if _, err := s.Create(context.Background(), bad); !errors.Is(err, blob.ErrName) {
			t.Errorf("create %q: %v", bad, err)
		}
		if _, err := s.Open(context.Background(), bad); !errors.Is(err, blob.ErrName) {
			t.Errorf("open %q: %v", bad, err)
		}
		if err := s.Delete(context.Background(), bad); !errors.Is(err, blob.ErrName) {
			t.Errorf("delete %q: %v", bad, err)
		}
	}
	for _, err := range s.List(context.Background(), "../") {
		if !errors.Is(err, blob.ErrName) {
			t.Errorf("list: %v", err)
		}
	}
}

func ends(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	w, err := s.Create(ctx, "late")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(Noise(9<<20, 4)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := w.Commit(); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	wantAbsent(t, s, "late")
}

func concurrent(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { Put(t, s, "same", Noise(50_000, uint64(i))) })
	}
	wg.Wait()
	got := Get(t, s, "same")
	for i := range 8 {
		if bytes.Equal(got, Noise(50_000, uint64(i))) {
			return
		}
	}
	t.Error("the object is a mixture")
}

func commitOnce(t *testing.T, s blob.Store) {
	w := create(t, s, "once")
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err == nil {
		t.Error("committed twice")
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("wrote after commit")
	}
}

// ErrInjected is how Failing fails.
var ErrInjected = errors.New("injected failure")

// Failing passes calls on to a store and lets the one numbered At, from 1,
// fail. A failed Commit has done nothing.
type Failing struct {
	blob.Store
	At    int64
	calls atomic.Int64
}

// Calls is how many there were.
func (f *Failing) Calls() int64 { return f.calls.Load() }

func (f *Failing) step() error {
	if f.calls.Add(1) == f.At {
		return ErrInjected
	}
	return nil
}

func (f *Failing) Create(ctx context.Context, name string) (blob.Writer, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	w, err := f.Store.Create(ctx, name)
	return &failingWriter{w, f}, err
}

func (f *Failing) Open(ctx context.Context, name string) (blob.Object, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	o, err := f.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &failingObject{o, f}, nil
}

func (f *Failing) Delete(ctx context.Context, name string) error {
	if err := f.step(); err != nil {
		return err
	}
	return f.Store.Delete(ctx, name)
}

func (f *Failing) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	if err := f.step(); err != nil {
		return func(yield func(blob.Info, error) bool) { yield(blob.Info{}, err) }
	}
	return f.Store.List(ctx, prefix)
}

type failingWriter struct {
	blob.Writer
	f *Failing
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if err := w.f.step(); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
}

func (w *failingWriter) Commit() error {
	if err := w.f.step(); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Writer.Commit()
}

type failingObject struct {
	blob.Object
	f *Failing
}

func (o *failingObject) ReadAt(p []byte, off int64) (int, error) {
	if err := o.f.step(); err != nil {
		return 0, err
	}
	return o.Object.ReadAt(p, off)
}
