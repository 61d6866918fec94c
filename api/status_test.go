package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"mentara/internal/fault"
)

func with(r *http.Request, headers ...string) *http.Request {
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

// TestStatusOfBadInput is the table of classes of bad REST input: each has its
// status and code, and none is a 500.
func TestStatusOfBadInput(t *testing.T) {
	s := testServer(t, Options{})
	const ok = `{"name":"Ann"}`
	nested := func(n int) string {
		return `{"name":"a","deep":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	for _, tc := range []struct {
		name   string
		r      *http.Request
		status int
		code   string
	}{
		{"fine", post("/api/v1/public/x", ok), 200, ""},
		{"fine with charset", with(post("/api/v1/public/x", ok), "Content-Type", "application/json; charset=UTF-8"), 200, ""},
		{"not JSON", post("/api/v1/public/x", `{"name":`), 400, "bad_json"},
		{"comment", post("/api/v1/public/x", `{"name":"a"/**/}`), 400, "bad_json"},
		{"NaN", post("/api/v1/public/x", `{"name":"a","count":NaN}`), 400, "bad_json"},
		{"no body", post("/api/v1/public/x", ``), 400, "body_missing"},
		{"only space", post("/api/v1/public/x", ` `), 400, "bad_json"},
		{"duplicate key", post("/api/v1/public/x", `{"name":"a","name":"b"}`), 400, "duplicate_key"},
		{"duplicate key by escape", post("/api/v1/public/x", `{"name":"a","n\u0061me":"b"}`), 400, "duplicate_key"},
		{"duplicate key, deep", post("/api/v1/public/x", `{"name":"a","deep":[{"x":{"y":1,"y":2}}]}`), 400, "duplicate_key"},
		{"NUL", post("/api/v1/public/x", `{"name":"a\u0000"}`), 400, "nul"},
		{"NUL in a key", post("/api/v1/public/x", `{"na\u0000me":"a"}`), 400, "nul"},
		{"bad UTF-8", post("/api/v1/public/x", "{\"name\":\"a\xff\"}"), 400, "bad_utf8"},
		{"overlong UTF-8", post("/api/v1/public/x", "{\"name\":\"\xc0\xaf\"}"), 400, "bad_utf8"},
		{"lone surrogate", post("/api/v1/public/x", `{"name":"\ud800"}`), 400, "bad_utf8"},
		{"reversed surrogates", post("/api/v1/public/x", `{"name":"\udc00\ud800"}`), 400, "bad_utf8"},
		{"surrogate pair is fine", post("/api/v1/public/x", `{"name":"\ud83d\ude00"}`), 200, ""},
		{"escaped backslash is fine", post("/api/v1/public/x", `{"name":"\\ud800"}`), 200, ""},
		{"trailing value", post("/api/v1/public/x", ok+`{}`), 400, "trailing_data"},
		{"trailing word", post("/api/v1/public/x", ok+`x`), 400, "trailing_data"},
		{"trailing space is fine", post("/api/v1/public/x", ok+" \n"), 200, ""},
		{"deep is fine", post("/api/v1/public/x", nested(31)), 200, ""},
		{"too deep", post("/api/v1/public/x", nested(32)), 400, "too_deep"},
		{"far too deep", post("/api/v1/public/x", nested(20000)), 400, "too_deep"},
		{"byte order mark", post("/api/v1/public/x", "\xef\xbb\xbf"+ok), 400, "bad_json"},
		{"NUL in the path", post("/api/v1/public/%00", ok), 400, "bad_url"},
		{"bad UTF-8 in the path", post("/api/v1/public/%ff", ok), 400, "bad_url"},
		{"query key twice", post("/api/v1/public/x?a=1&a=2", ok), 400, "bad_url"},
		{"query with a semicolon", post("/api/v1/public/x?a=1;b=2", ok), 400, "bad_url"},
		{"no identity", post("/api/v1/signed/x", ok), 401, "sign_in_required"},
		{"ended identity", with(post("/api/v1/signed/x", ok), "Authorization", "Bearer old"), 401, "session_ended"},
		{"ended identity where none is needed", with(post("/api/v1/public/x", ok), "Authorization", "Bearer old"), 200, ""},
		{"token where a session is needed", with(post("/api/v1/signed/x", ok), "Authorization", "Bearer token"), 403, "not_allowed"},
		{"token where any will do", with(post("/api/v1/any/x", ok), "Authorization", "Bearer token"), 200, ""},
		{"wrong role", with(post("/api/v1/staff/x", ok), "Authorization", "Bearer client"), 403, "not_allowed"},
		{"unknown role", with(post("/api/v1/signed/x", ok), "Authorization", "Bearer owner"), 403, "not_allowed"},
		{"right role", with(post("/api/v1/staff/x", ok), "Authorization", "Bearer admin"), 200, ""},
		{"identity before the body", post("/api/v1/signed/x", `{`), 401, "sign_in_required"},
		{"cross site", with(post("/api/v1/public/x", ok), "Sec-Fetch-Site", "cross-site"), 403, "cross_origin"},
		{"foreign origin", with(post("/api/v1/public/x", ok), "Origin", "https://evil.example"), 403, "cross_origin"},
		{"same origin", with(post("/api/v1/public/x", ok), "Sec-Fetch-Site", "same-origin"), 200, ""},
		{"absent", post("/api/v1/nothing", ok), 404, "not_found"},
		{"trailing slash is not redirected", post("/api/v1/public/x/", ok), 404, "not_found"},
		{"method", with(httptest.NewRequest("GET", "/api/v1/public/x", nil)), 405, "method_not_allowed"},
		{"unknown method", httptest.NewRequest("BREW", "/api/v1/public/x", nil), 405, "method_not_allowed"},
		{"trace", httptest.NewRequest("TRACE", "/api/v1/public/x", nil), 405, "method_not_allowed"},
		{"accepts only HTML", with(post("/api/v1/public/x", ok), "Accept", "text/html"), 406, "not_acceptable"},
		{"refuses JSON", with(post("/api/v1/public/x", ok), "Accept", "application/json;q=0, */*"), 406, "not_acceptable"},
		{"accepts anything", with(post("/api/v1/public/x", ok), "Accept", "text/html, */*;q=0.1"), 200, ""},
		{"body too large", post("/api/v1/public/x", `{"name":"`+strings.Repeat("a", 64<<10)+`"}`), 413, "too_large"},
		{"body too large, unannounced", func() *http.Request {
			r := post("/api/v1/public/x", `{"name":"`+strings.Repeat("a", 64<<10)+`"}`)
			r.ContentLength = -1
			return r
		}(), 413, "too_large"},
		{"address too long", post("/api/v1/public/x?q="+strings.Repeat("a", 9000), ok), 414, "url_too_long"},
		{"form", with(post("/api/v1/public/x", "name=a"), "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"},
		{"no content type", with(post("/api/v1/public/x", ok), "Content-Type", ""), 415, "unsupported_media_type"},
		{"broken content type", with(post("/api/v1/public/x", ok), "Content-Type", "application/json;;="), 415, "unsupported_media_type"},
		{"other charset", with(post("/api/v1/public/x", ok), "Content-Type", "application/json; charset=utf-16"), 415, "unsupported_media_type"},
		{"compressed", with(post("/api/v1/public/x", ok), "Content-Encoding", "gzip"), 415, "unsupported_encoding"},
		{"unknown key", post("/api/v1/public/x", `{"name":"a","role":"admin"}`), 422, "invalid"},
		{"key in other case", post("/api/v1/public/x", `{"NAME":"a"}`), 422, "invalid"},
		{"same key in two cases", post("/api/v1/public/x", `{"name":"a","NAME":"b"}`), 422, "invalid"},
		{"missing key", post("/api/v1/public/x", `{}`), 422, "invalid"},
		{"wrong type", post("/api/v1/public/x", `{"name":7}`), 422, "invalid"},
		{"not an object", post("/api/v1/public/x", `[]`), 422, "invalid"},
		{"null", post("/api/v1/public/x", `null`), 422, "invalid"},
		{"null for text", post("/api/v1/public/x", `{"name":null}`), 422, "invalid"},
		{"null for an optional list is as absent", post("/api/v1/public/x", `{"name":"a","tags":null}`), 200, ""},
		{"too long", post("/api/v1/public/x", `{"name":"aaaaaaaaaaa"}`), 422, "invalid"},
		{"out of range", post("/api/v1/public/x", `{"name":"a","count":10}`), 422, "invalid"},
		{"fraction for a whole number", post("/api/v1/public/x", `{"name":"a","count":1.5}`), 422, "invalid"},
		{"huge number", post("/api/v1/public/x", `{"name":"a","count":1e400}`), 422, "invalid"},
		{"huge whole number", post("/api/v1/public/x", `{"name":"a","count":99999999999999999999}`), 422, "invalid"},
		{"unknown query", post("/api/v1/public/x?admin=1", ok), 422, "invalid"},
		{"path value too long", post("/api/v1/public/123456789", ok), 422, "invalid"},
		{"headers too large", with(post("/api/v1/public/x", ok), "X-Padding", strings.Repeat("a", 16<<10)), 431, "headers_too_large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res, p := do(t, s, tc.r)
			if res.StatusCode != tc.status || p.Code != tc.code {
				t.Fatalf("got %d %q (%s), want %d %q", res.StatusCode, p.Code, p.Detail, tc.status, tc.code)
			}
			checkPolicy(t, res)
			if tc.status == 200 {
				return
			}
			if p.Type != "urn:mentara:problem:"+tc.code || p.Status != tc.status || p.Title == "" || p.Detail == "" || p.RequestID == "" {
				t.Errorf("incomplete problem: %+v", p)
			}
			if tc.status == 405 && res.Header.Get("Allow") != "POST" {
				t.Errorf("Allow is %q", res.Header.Get("Allow"))
			}
			if tc.status == 401 && res.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

func checkPolicy(t *testing.T, res *http.Response) {
	t.Helper()
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy", "X-Request-Id"} {
		if res.Header.Get(name) == "" {
			t.Errorf("%d without %s", res.StatusCode, name)
		}
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
}

// TestStatusOfFaults: whatever a feature refuses leaves with the status of its
// kind, and what is not a fault leaves as 500 without its words.
func TestStatusOfFaults(t *testing.T) {
	var log bytes.Buffer
	s := testServer(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	var current error
	type out struct{}
	Register(s, huma.Operation{OperationID: "failTyped", Method: "GET", Path: "/api/v1/typed"}, Public,
		func(context.Context, *struct{}) (*out, error) { return nil, fmt.Errorf("book: %w", current) })
	s.Raw("GET", "/api/v1/raw", Public, func(c *gin.Context) { WriteProblem(c.Writer, c.Request, current) })
	for _, tc := range []struct {
		err    error
		status int
		retry  string
	}{
		{fault.New(fault.Malformed, "x", "m"), 400, ""}, {fault.New(fault.Unauthenticated, "x", "m"), 401, ""},
		{fault.New(fault.Forbidden, "x", "m"), 403, ""}, {fault.New(fault.NotFound, "x", "m"), 404, ""},
		{fault.New(fault.Conflict, "x", "m"), 409, ""}, {fault.New(fault.Gone, "x", "m"), 410, ""},
		{fault.New(fault.Precondition, "x", "m"), 412, ""}, {fault.New(fault.TooLarge, "x", "m"), 413, ""},
		{fault.New(fault.Unsupported, "x", "m"), 415, ""}, {fault.New(fault.Invalid, "x", "m").With("body.a", "bad"), 422, ""},
		{fault.New(fault.PrecondRequired, "x", "m"), 428, ""},
		{fault.New(fault.RateLimited, "x", "m").After(1500 * time.Millisecond), 429, "2"}, {fault.New(fault.RateLimited, "x", "m"), 429, "1"},
		{fault.New(fault.NotImplemented, "x", "m"), 501, ""}, {fault.New(fault.Unavailable, "x", "m").After(time.Minute), 503, "60"},
		{fault.New(fault.Full, "x", "m"), 507, ""}, {context.DeadlineExceeded, 503, "1"},
		{fault.New(fault.Internal, "x", "secret"), 500, ""}, {fmt.Errorf("secret of %s", "ours"), 500, ""},
	} {
		current = tc.err
		for _, path := range []string{"/api/v1/typed", "/api/v1/raw"} {
			log.Reset()
			res, p := do(t, s, httptest.NewRequest("GET", path, nil))
			if res.StatusCode != tc.status || p.Status != tc.status || res.Header.Get("Retry-After") != tc.retry {
				t.Errorf("%s %v: got %d, Retry-After %q", path, tc.err, res.StatusCode, res.Header.Get("Retry-After"))
			}
			if tc.status == 422 && (len(p.Errors) != 1 || p.Errors[0].Location != "body.a") {
				t.Errorf("%s: errors %v", path, p.Errors)
			}
			if tc.status != 500 {
				continue
			}
			if p.Code != "internal" || strings.Contains(p.Detail, "secret") {
				t.Errorf("%s tells strangers: %+v", path, p)
			}
			if n := strings.Count(log.String(), "secret"); n != 1 || !strings.Contains(log.String(), p.RequestID) {
				t.Errorf("%s: logged %d times: %s", path, n, log.String())
			}
		}
	}
}

func TestPanic(t *testing.T) {
	var log bytes.Buffer
	s := testServer(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.Raw("GET", "/api/v1/raw/{token}", Public, func(*gin.Context) { panic("out of cheese") })
	res, p := do(t, s, httptest.NewRequest("GET", "/api/v1/raw/SECRETTOKEN?q=SECRETQUERY", nil))
	if res.StatusCode != 500 || p.Code != "internal" || p.RequestID == "" || p.RequestID != res.Header.Get("X-Request-Id") {
		t.Errorf("%d %+v", res.StatusCode, p)
	}
	checkPolicy(t, res)
	if strings.Count(log.String(), "out of cheese") != 1 || !strings.Contains(log.String(), "route=/api/v1/raw/:token") {
		t.Errorf("log: %s", log.String())
	}
	if strings.Contains(log.String(), "SECRET") {
		t.Errorf("the log holds what a path or query held: %s", log.String())
	}
}

// serve starts the server on a real connection.
func serve(t *testing.T, s *Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// TestSlowBody: a body that stops halfway is refused when its time is over, and
// the connection closes.
func TestSlowBody(t *testing.T) {
	s := testServer(t, Options{})
	s.slowBody = 50 * time.Millisecond
	conn, err := net.Dial("tcp", serve(t, s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /api/v1/public/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"name\"")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 408 || !res.Close || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d close=%v %s", res.StatusCode, res.Close, res.Header.Get("Content-Type"))
	}
}

// TestHugeHeaders: above our own limit there is a hard one.
func TestHugeHeaders(t *testing.T) {
	addr := serve(t, testServer(t, Options{}))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: %s\r\n\r\n", strings.Repeat("a", 80<<10))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 431 {
		t.Errorf("%v %v", res, err)
	}
}

// TestHead: HEAD has the headers of GET and no body.
func TestHead(t *testing.T) {
	addr := serve(t, testServer(t, Options{}))
	res, err := http.Head("http://" + addr + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || len(body) != 0 || res.ContentLength <= 0 {
		t.Errorf("%d, %d bytes, length %d", res.StatusCode, len(body), res.ContentLength)
	}
}

func TestPublicURL(t *testing.T) {
	public, _ := url.Parse("https://practice.example")
	s := testServer(t, Options{PublicURL: public})
	res, _ := do(t, s, with(post("/api/v1/public/x", `{"name":"a"}`), "Origin", "https://practice.example"))
	if res.StatusCode != 200 {
		t.Errorf("the public origin is refused when the Host differs: %d", res.StatusCode)
	}
	if res.Header.Get("Strict-Transport-Security") == "" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "connect-src 'self' wss://practice.example;") {
		t.Errorf("headers: %v", res.Header)
	}
	res, _ = do(t, testServer(t, Options{}), httptest.NewRequest("GET", "/healthz", nil))
	if res.Header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS on plain HTTP")
	}
}

func TestReady(t *testing.T) {
	broken := false
	s := testServer(t, Options{Ready: []Check{
		{"clock", func(context.Context) error { return nil }},
		{"database", func(context.Context) error {
			if broken {
				return fmt.Errorf("password of the database")
			}
			return nil
		}},
	}})
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if code, body := get("/healthz"); code != 200 || body != "" {
		t.Errorf("healthz: %d %s", code, body)
	}
	if code, body := get("/readyz"); code != 200 || body != `{"failing":[],"ready":true}` {
		t.Errorf("readyz: %d %s", code, body)
	}
	broken = true
	if code, body := get("/readyz"); code != 503 || body != `{"failing":["database"],"ready":false}` {
		t.Errorf("readyz: %d %s", code, body)
	}
}

// TestMissingPathField: an id nobody binds is found at start, not in production.
func TestMissingPathField(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("registered")
		}
	}()
	Register(testServer(t, Options{}), huma.Operation{OperationID: "getThing", Method: "GET", Path: "/api/v1/things/{id}"}, Public,
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
}
