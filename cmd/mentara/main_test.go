package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// running is a whole program on ports of its own.
type running struct {
	demoPractice
	stderr *safeBuffer
}

// safeBuffer is a bytes.Buffer that a program may write to while a test reads.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// runDemo starts `mentara demo --json` in this process and stops it with the
// test.
func runDemo(t *testing.T, args ...string) *running {
	t.Helper()
	r, w := io.Pipe()
	stderr := &safeBuffer{}
	ctx, stop := context.WithCancel(context.Background())
	code := make(chan int, 1)
	args = append([]string{"demo", "--json", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--media-port", "0"}, args...)
	go func() {
		code <- run(ctx, environment{vars: os.Environ(), stdout: w, stderr: stderr}, args)
		w.Close()
	}()
	t.Cleanup(func() {
		stop()
		select {
		case c := <-code:
			if c != 0 {
				t.Errorf("exit code %d\n%s", c, stderr)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("did not stop\n%s", stderr)
		}
	})
	out := &running{stderr: stderr}
	if err := json.NewDecoder(r).Decode(&out.demoPractice); err != nil {
		t.Fatalf("no practice was printed: %v\n%s", err, stderr)
	}
	return out
}

// as signs in by a demo link and returns the person's browser.
func (r *running) as(t *testing.T, name string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	for _, who := range r.People {
		if who.Name == name {
			_, token, _ := strings.Cut(who.Link, "token=")
			r.call(t, c, http.MethodPost, "/api/v1/sign-in-links/"+token, "", http.StatusOK, nil)
			return c
		}
	}
	t.Fatalf("nobody is called %s", name)
	return nil
}

// call makes a request and decodes the answer, which must have the status.
func (r *running) call(t *testing.T, c *http.Client, method, path, body string, status int, answer any) http.Header {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, status, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return res.Header
}

func TestDemoIsFurnished(t *testing.T) {
	demo := runDemo(t)
	if len(demo.People) != 7 {
		t.Errorf("%d people", len(demo.People))
	}
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/openapi.json", "/"} {
		demo.call(t, http.DefaultClient, http.MethodGet, path, "", http.StatusOK, nil)
	}
	tara, cleo := demo.as(t, "Tara Therapist"), demo.as(t, "Cleo Client")
	var rooms struct {
		Items []struct{ ID, State, MyRole string }
	}
	demo.call(t, tara, http.MethodGet, "/api/v1/rooms", "", http.StatusOK, &rooms)
	if len(rooms.Items) < 3 || rooms.Items[0].ID != demo.Room || rooms.Items[0].MyRole != "host" {
		t.Errorf("the therapist's sessions: %+v", rooms.Items)
	}
	demo.call(t, cleo, http.MethodGet, "/api/v1/rooms/"+demo.Room, "", http.StatusOK, nil)
	cory := demo.as(t, "Cory Client")
	demo.call(t, cory, http.MethodGet, "/api/v1/rooms/"+demo.Room, "", http.StatusNotFound, nil)
	demo.call(t, http.DefaultClient, http.MethodGet, "/api/v1/rooms", "", http.StatusUnauthorized, nil)
}

func TestDemoAgainOnTheSameData(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		t.Run("start", func(t *testing.T) {
			demo := runDemo(t, "--data", dir)
			if len(demo.People) != 7 || demo.Room == "" {
				t.Errorf("%+v", demo.demoPractice)
			}
		})
	}
}

func TestNothingPersonalInTheLog(t *testing.T) {
	demo := runDemo(t)
	demo.as(t, "Cleo Client")
	_, secret, _ := strings.Cut(demo.People[3].Link, "token=")
	for _, word := range []string{"Cleo", "cleo@", secret, demo.Password} {
		if strings.Contains(demo.stderr.String(), word) {
			t.Errorf("the log has %q:\n%s", word, demo.stderr)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string // in either output
	}{
		{nil, 2, "usage: mentara COMMAND"},
		{[]string{"help"}, 0, "run the practice"},
		{[]string{"version"}, 0, "dev"},
		{[]string{"fly"}, 2, `there is no command "fly"`},
		{[]string{"serve", "--listen", ":80"}, 1, "browsers give no camera without TLS"},
		{[]string{"serve", "--lisen", "x"}, 2, "flag provided but not defined"},
		{[]string{"serve", "extra"}, 2, "unexpected argument extra"},
		{[]string{"serve", "--config", "/nowhere.yaml"}, 1, "/nowhere.yaml"},
		{[]string{"user", "remove"}, 2, "expected add"},
		{[]string{"user", "add", "--email", "a@example.org", "--name", "A", "--role", "king"}, 2, "--role: expected client"},
		{[]string{"token", "--room", "r"}, 2, "--identity"},
		{[]string{"token", "--room", "r", "--identity", "i"}, 2, "at least one of --publish"},
		{[]string{"recordings"}, 2, "expected list, verify, export, erase or rotate-keys"},
		{[]string{"recordings", "export", "--id", "r"}, 2, "--id and --out are needed"},
		{[]string{"recordings", "erase", "--id", "r"}, 2, "--id and --reason are needed"},
		{[]string{"check", "--listen", "0.0.0.0:80"}, 1, "FAIL configuration"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var out bytes.Buffer
			code := run(t.Context(), environment{stdout: &out, stderr: &out}, c.args)
			if code != c.code || !strings.Contains(out.String(), c.want) {
				t.Errorf("code %d, want %d; output:\n%s", code, c.code, out.String())
			}
		})
	}
}

func TestUserAddAndTokenAndCheck(t *testing.T) {
	dir := t.TempDir()
	command := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		args = append(args, "--data", dir, "--listen", "127.0.0.1:0", "--media-port", "0")
		if code := run(t.Context(), environment{stdout: &out, stderr: &errs}, args); code != 0 {
			t.Fatalf("%v: code %d\n%s%s", args, code, &out, &errs)
		}
		return out.String()
	}
	if out := command("migrate"); !strings.Contains(out, "up to date") {
		t.Errorf("migrate: %s", out)
	}
	if out := command("user", "add", "--email", "a@example.org", "--name", "A", "--role", "admin"); !strings.Contains(out, "/link#token=") {
		t.Errorf("user add: %s", out)
	}
	tok := strings.TrimSpace(command("token", "--room", "r1", "--identity", "cam", "--publish"))
	if strings.Count(tok, ".") != 2 {
		t.Errorf("token: %q", tok)
	}
	// Clock and disk depend on the machine; the lines must be there all the same.
	var out bytes.Buffer
	run(t.Context(), environment{stdout: &out, stderr: io.Discard}, []string{"check", "--data", dir, "--listen", "127.0.0.1:0", "--media-port", "0"})
	for _, line := range []string{"web port", "media port", "data", "disk", "secrets", "database", "clock", "tls", "turn"} {
		if !strings.Contains(out.String(), " "+line+" ") {
			t.Errorf("check has no line for %s:\n%s", line, out.String())
		}
	}
	for _, line := range []string{"pass web port", "pass media port", "pass data", "pass secrets", "pass database"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no %q in:\n%s", line, out.String())
		}
	}
}
