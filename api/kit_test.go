package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"mentara/internal/fault"
)

// FuzzCheckJSON: what passes is JSON in the eyes of encoding/json, survives a
// round trip, and has no key twice.
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `"a"`, `1e400`, `-0`, `{"a":{"a":[{"a":1}]}}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`,
		`"\ud83d\ude00"`, `"\ud800"`, `"\ud800\u0041"`, `"\\ud800"`, "\"\xff\"", `"\u0000"`, `{} {}`, `[1,]`, `{"a"}`, "\"\\", `"\u12`, `"\ud800\`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := CheckJSON(data); err != nil {
			if fault.As(err) == nil {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatalf("passed: %q", data)
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("passed, yet %v: %q", err, data)
		}
		out, err := json.Marshal(v)
		if err != nil || CheckJSON(out) != nil {
			t.Fatalf("%q came back as %q", data, out)
		}
		if strings.ContainsRune(string(out), '\uFFFD') && !bytes.Contains(data, []byte("\uFFFD")) && !bytes.Contains(bytes.ToLower(data), []byte(`\ufffd`)) {
			t.Fatalf("text was replaced in silence: %q", data)
		}
	})
}

// FuzzCursor: a cursor of ours comes back as it was, and no other is a panic or
// an unnamed error.
func FuzzCursor(f *testing.F) {
	f.Add("", 2)
	f.Add(Cursor{"lindqvist", "ABC"}.String(), 2)
	f.Add("AAAA", 1)
	f.Add("!!", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		c, err := Page{Cursor: s}.After(n)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("not Invalid: %v", err)
			}
			return
		}
		if c.String() != s {
			t.Fatalf("%q came back as %q", s, c.String())
		}
	})
}

func TestCut(t *testing.T) {
	view := func(i int) string { return fmt.Sprint(i) }
	cursor := func(i int) Cursor { return Cursor{fmt.Sprint(i)} }
	full := Cut([]int{1, 2, 3}, 2, view, cursor)
	if len(full.Items) != 2 || full.Next != (Cursor{"2"}).String() {
		t.Errorf("%+v", full)
	}
	last := Cut([]int{3}, 2, view, cursor)
	if len(last.Items) != 1 || last.Next != "" {
		t.Errorf("%+v", last)
	}
	if none := Cut(nil, 2, view, cursor); none.Items == nil {
		t.Error("no items is null")
	}
}

func TestLimiter(t *testing.T) {
	l, now := NewLimiter(2, 3, 2), time.Unix(1000, 0)
	for i := range 3 {
		if err := l.Allow("a", now); err != nil {
			t.Fatalf("burst %d: %v", i, err)
		}
	}
	err := l.Allow("a", now)
	if f := fault.As(err); f == nil || f.Kind != fault.RateLimited || f.RetryAfter != 500*time.Millisecond {
		t.Fatalf("got %v", err)
	}
	if l.Allow("a", now.Add(-time.Hour)) == nil {
		t.Error("a clock that goes backward gives tokens")
	}
	if err := l.Allow("a", now.Add(500*time.Millisecond)); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	for range 3 {
		if l.Allow("b", now) != nil {
			t.Error("one key slows another")
		}
	}
	// Memory is full of keys in debt: new ones share a bucket.
	shared := 0
	for i := range 10 {
		if l.Allow(fmt.Sprint("new", i), now.Add(time.Second/2)) == nil {
			shared++
		}
	}
	if shared != 3 || len(l.buckets) != 2 {
		t.Errorf("%d of 10 new keys passed, %d remembered", shared, len(l.buckets))
	}
	// Long after, the old keys are forgotten.
	if l.Allow("late", now.Add(time.Hour)) != nil || len(l.buckets) != 1 {
		t.Errorf("%d remembered", len(l.buckets))
	}
}

func TestLimitPerAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t, Options{RequestsPerSecond: 1, Burst: 2})
		from := func(addr, path string) int {
			r := httptest.NewRequest("GET", path, nil)
			r.RemoteAddr = addr
			res, _ := do(t, s, r)
			return res.StatusCode
		}
		const doc = "/api/v1/openapi.json"
		for i, want := range []int{200, 200, 429} {
			if got := from("[2001:db8::1]:1", doc); got != want {
				t.Errorf("request %d: %d", i, got)
			}
		}
		if from("[2001:db8::2]:1", doc) != 429 || from("[2001:db8:0:1::2]:1", doc) != 200 || from("[2001:db8::1]:1", "/healthz") != 200 {
			t.Error("the limit counts by /64, on the API only")
		}
		time.Sleep(time.Second)
		if from("[2001:db8::1]:1", doc) != 200 {
			t.Error("no token after a second")
		}
	})
}

func TestClientIP(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tc := range []struct {
		name, peer, forwarded string
		trusted               []netip.Prefix
		want                  string
	}{
		{"nobody is trusted", "10.0.0.1:1", "203.0.113.9", nil, "10.0.0.1"},
		{"a stranger says so", "203.0.113.1:1", "192.0.2.9", proxy, "203.0.113.1"},
		{"a proxy says so", "10.0.0.1:1", "203.0.113.9", proxy, "203.0.113.9"},
		{"the client lied to the proxy", "10.0.0.1:1", "127.0.0.1, 203.0.113.9", proxy, "203.0.113.9"},
		{"two proxies", "10.0.0.1:1", "203.0.113.9, 10.0.0.2", proxy, "203.0.113.9"},
		{"all trusted", "10.0.0.1:1", "10.0.0.3", proxy, "10.0.0.3"},
		{"rubbish", "10.0.0.1:1", "203.0.113.9, what", proxy, "10.0.0.1"},
		{"mapped", "[::ffff:10.0.0.1]:1", "::ffff:203.0.113.9", proxy, "203.0.113.9"},
		{"none", "10.0.0.1:1", "", proxy, "10.0.0.1"},
		{"no peer", "@", "203.0.113.9", proxy, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tc.peer
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		if got := clientIP(r, tc.trusted).String(); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:1", "203.0.113.9, 10.0.0.2")
	f.Add("[fe80::1%eth0]:1", ",,fe80::1%x,")
	trusted := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		if ip := clientIP(r, trusted); ip.Is4In6() || ip.Zone() != "" {
			t.Errorf("%s is not in its one form", ip)
		}
	})
}

func TestWithoutNil(t *testing.T) {
	type inner struct{ L []string }
	type shape struct {
		A []int
		B []inner
		P *inner
		M map[string][]int
		R json.RawMessage
		Y []byte
		T time.Time
		n []int
	}
	for _, v := range []any{
		shape{B: []inner{{}}, P: &inner{}}, &shape{B: []inner{{}}, P: &inner{}},
	} {
		out, err := json.Marshal(withoutNil(v))
		if err != nil {
			t.Fatal(err)
		}
		want := `{"A":[],"B":[{"L":[]}],"P":{"L":[]},"M":null,"R":null,"Y":null,"T":"0001-01-01T00:00:00Z"}`
		if string(out) != want {
			t.Errorf("got %s", out)
		}
	}
	if withoutNil(nil) != nil || fmt.Sprint(withoutNil([]int(nil))) != "[]" {
		t.Error("bare values")
	}
	_ = shape{}.n
}

func TestWeb(t *testing.T) {
	s := testServer(t, Options{})
	s.Web(fstest.MapFS{
		"index.html":            {Data: []byte("<!doctype html>app")},
		"sw.js":                 {Data: []byte("worker")},
		"assets/app-1a2b.js":    {Data: []byte("plain script")},
		"assets/app-1a2b.js.br": {Data: []byte("brotli")},
		"assets/app-1a2b.js.gz": {Data: []byte("gzip")},
		"assets/app.js.map":     {Data: []byte("source")},
		".gitkeep":              {Data: []byte("")},
	})
	for _, tc := range []struct {
		method, path, encoding string
		status                 int
		body, cache            string
	}{
		{"GET", "/", "", 200, "<!doctype html>app", "no-cache"},
		{"GET", "/rooms/ABC", "", 200, "<!doctype html>app", "no-cache"},
		{"GET", "/index.html", "", 200, "<!doctype html>app", "no-cache"},
		{"GET", "/sw.js", "", 200, "worker", "no-cache"},
		{"GET", "/assets/app-1a2b.js", "", 200, "plain script", "public, max-age=31536000, immutable"},
		{"GET", "/assets/app-1a2b.js", "gzip, br", 200, "brotli", "public, max-age=31536000, immutable"},
		{"GET", "/assets/app-1a2b.js", "gzip, br;q=0", 200, "gzip", "public, max-age=31536000, immutable"},
		{"GET", "/assets/gone-9f.js", "", 404, "", "no-store"},
		{"GET", "/assets/app.js.map", "", 404, "", "no-store"},
		{"GET", "/.gitkeep", "", 404, "", "no-store"},
		{"GET", "/../server.go", "", 404, "", "no-store"},
		{"GET", "/favicon.ico", "", 404, "", "no-store"},
		{"GET", "/assets/", "", 404, "", "no-store"},
		{"POST", "/", "", 405, "", "no-store"},
		{"GET", "/api/v1/absent", "", 404, "", "no-store"},
		{"GET", "/api", "", 404, "", "no-store"},
	} {
		r := httptest.NewRequest(tc.method, tc.path, nil)
		r.Header.Set("Accept-Encoding", tc.encoding)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != tc.status || w.Header().Get("Cache-Control") != tc.cache || (tc.status == 200 && w.Body.String() != tc.body) {
			t.Errorf("%s %s: %d %q %q", tc.method, tc.path, w.Code, w.Header().Get("Cache-Control"), w.Body)
		}
		if tc.status != 200 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %s", tc.method, tc.path, w.Header().Get("Content-Type"))
		}
		if strings.HasPrefix(tc.path, "/assets/app-") && (w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8") {
			t.Errorf("%s: %v", tc.path, w.Header())
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/sw.js", nil)
	r.Header.Set("Range", "bytes=100-")
	s.Handler().ServeHTTP(w, r)
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 416 || p.Code != "bad_range" || w.Header().Get("Content-Range") != "bytes */6" {
		t.Errorf("range: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestWebNotBuilt(t *testing.T) {
	s := testServer(t, Options{})
	s.Web(fstest.MapFS{".gitkeep": {}})
	for _, page := range []string{"/", "/today"} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", page, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), "make build") {
			t.Errorf("%s: %d %s", page, w.Code, w.Body)
		}
	}
}

// TestAborted: http.ErrAbortHandler goes through to the server, which closes
// the connection without a word.
func TestAborted(t *testing.T) {
	s := testServer(t, Options{})
	s.web = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func BenchmarkEcho(b *testing.B) {
	h := testServer(b, Options{}).Handler()
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post("/api/v1/public/x", `{"name":"Ann","count":3,"tags":["a","b"]}`))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
