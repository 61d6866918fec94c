package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"mentara/internal/fault"
)

func TestCheckPassword(t *testing.T) {
	for _, tc := range []struct {
		password string
		ok       bool
	}{
		{"violet kettle ninety", true},
		{"correct horse battery staple", false},
		{"calm-river-42", true},
		{"xK9#mQ2$vL", true},
		{"Ünïcödé längs", true},
		{"日本語のパスワードです", true},
		{"short1!", false},
		{"Password123!", false},
		{"p4ssw0rd2026", false},
		{"!!Welcome!!2026", false},
		{"Summer2026!!", false},
		{"qwertyuiop", false},
		{"passwordpassword", false},
		{"aaaaaaaaaaaa", false},
		{"abababababab", false},
		{"1234567890", false},
		{"0987654321", false},
		{"abcdefghijkl", false},
		{"19.11.1987!", false},
		{"491711234567", false},
		{"theabergtheaberg", false},
		{"thea.berg@example", false},
		{"thea keeps nine goats", true},
		{strings.Repeat("word ", 51) + "x", true},
		{strings.Repeat("word ", 52), false},
		{"\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468\u2460", false}, // circled digits are digits
	} {
		err := checkPassword("body.password", tc.password, "thea.berg@example.org", "Thea Berg")
		if (err == nil) != tc.ok {
			t.Errorf("%q: %v", tc.password, err)
		}
		if f := fault.As(err); err != nil && (f == nil || f.Kind != fault.Invalid || f.Fields[0].Location != "body.password" || strings.Contains(f.Message, tc.password)) {
			t.Errorf("%q: %+v", tc.password, f)
		}
	}
}

// TestHash: what is stored is argon2id with our cost, and Unicode spellings of
// one password are one.
func TestHash(t *testing.T) {
	h := newHasher()
	hash, err := h.Hash(t.Context(), "a\u0301bc def ghi")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	for password, want := range map[string]bool{"\u00e1bc def ghi": true, "abc def ghi": false, "": false} {
		if ok, err := h.Matches(t.Context(), password, hash); err != nil || ok != want {
			t.Errorf("%q: %v %v", password, ok, err)
		}
	}
	if params, _, _, err := argon2id.DecodeHash(h.dummy); err != nil || *params != h.params {
		t.Errorf("the dummy costs %+v, %v", params, err)
	}
}

// TestHashSlots: as many hashes at once as there are slots, a bounded queue
// behind them, and 503 for the rest.
func TestHashSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher()
		h.slots = make(chan struct{}, 2)
		release := make(chan struct{})
		h.check = func(string, string) (bool, *argon2id.Params, error) { <-release; return false, nil, nil }
		var wg sync.WaitGroup
		var busy atomic.Int64
		results := make([]error, 30)
		for i := range results {
			wg.Go(func() {
				_, err := h.Matches(t.Context(), "x", "y")
				if fault.Is(err, fault.Unavailable) {
					busy.Add(1)
				}
				results[i] = err
			})
		}
		synctest.Wait()
		equal(t, "refused at once", busy.Load(), int64(30-2-2*waitersPerSlot))

		time.Sleep(hashWait) // those who wait give up
		synctest.Wait()
		close(release)
		wg.Wait()
		served := 0
		for _, err := range results {
			if err == nil {
				served++
			} else if f := fault.As(err); f == nil || f.RetryAfter <= 0 {
				t.Errorf("got %v", err)
			}
		}
		equal(t, "served", served, 2)

		h.slots <- struct{}{}
		h.slots <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestThrottle(t *testing.T) {
	th, now := newThrottle(), time.Unix(1_000_000, 0)
	// Ten thousand addresses, side by side, none answered yet.
	passed := 0
	for i := range 10_000 {
		if _, err := th.begin(now, "a@x", fmt.Sprint(i), ""); err == nil {
			passed++
		}
	}
	equal(t, "compared", passed, triesPerHour)
	if _, err := th.begin(now, "a@x", "y", "device"); err != nil {
		t.Errorf("the owner's browser: %v", err)
	}
	if _, err := th.begin(now.Add(tryWindow), "a@x", "y", ""); err != nil {
		t.Errorf("after an hour: %v", err)
	}

	// The wait doubles up to its cap.
	var waits []time.Duration
	at := now
	for range 16 {
		if _, err := th.begin(at, "b@x", "y", ""); err != nil {
			t.Fatal(err)
		}
		_, err := th.begin(at, "b@x", "y", "")
		if f := fault.As(err); f != nil {
			waits = append(waits, f.RetryAfter)
			at = at.Add(f.RetryAfter)
		}
	}
	equal(t, "first waits", waits[:3], []time.Duration{time.Second, 2 * time.Second, 4 * time.Second})
	equal(t, "longest", slices.Max(waits), maxDelay)

	// Success forgives, a try that compared nothing does not count.
	for range 50 {
		a, err := th.begin(now, "c@x", "y", "")
		if err != nil {
			t.Fatal(err)
		}
		a.Succeeded()
		if a, err = th.begin(now, "d@x", "y", ""); err != nil {
			t.Fatal(err)
		}
		a.Cancelled()
	}
}

// TestThrottleMemory: inventing addresses neither fills memory nor escapes.
func TestThrottleMemory(t *testing.T) {
	th, now := newThrottle(), time.Unix(1_000_000, 0)
	passed := 0
	for i := range maxTryKeys {
		if _, err := th.begin(now, fmt.Sprintf("u%d@x", i), "y", ""); err == nil {
			passed++
		}
	}
	if len(th.tries) > maxTryKeys+1 {
		t.Errorf("%d counts are kept", len(th.tries))
	}
	if passed > maxTryKeys/2+triesPerHour {
		t.Errorf("%d passed", passed)
	}
	if _, err := th.begin(now.Add(2*tryWindow), "late@x", "y", ""); err != nil || len(th.tries) > 2 {
		t.Errorf("hours later: %v, %d counts", err, len(th.tries))
	}
}

func TestDescribeDevice(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36":                                   "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Mobile Safari/537.36":                   "Chrome on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":                   "Safari on macOS",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36":                          "Chrome on ChromeOS",
		"curl/8.5.0": "curl", "Mozilla/5.0 (Linux)": "Browser on Linux", "": "Unknown browser", "<script>": "Unknown browser",
	} {
		equal(t, agent, describeDevice(agent), want)
	}
}

func TestCookieNamesFor(t *testing.T) {
	for public, secure := range map[string]bool{
		"https://practice.example": true, "https://localhost:8443": true, "http://localhost:8080": false, "http://127.0.0.1:8080": false,
		"http://[::1]:8080": false, "http://practice.example": true, "http://localhost.evil.example": true, "http://10.0.0.1": true,
	} {
		u, _ := url.Parse(public)
		n := cookieNamesFor(u)
		if n.secure != secure || strings.HasPrefix(n.session, "__Host-") != secure || strings.HasPrefix(n.device, "__Host-") != secure {
			t.Errorf("%s: %+v", public, n)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("Thea Berg", "thea@example.org", "de-CH", "Europe/Berlin")
	f.Add("a\u202eb", "Ann <a@b>", "en_US", "../../etc/passwd")
	f.Add("\xff", "a@\xff", "", "Local")
	f.Fuzz(func(t *testing.T, name, email, locale, zone string) {
		if got, err := normalName("n", name); err == nil {
			if again, err := normalName("n", got); err != nil || again != got || !utf8.ValidString(got) {
				t.Errorf("name %q became %q, then %q, %v", name, got, again, err)
			}
		}
		if got, err := normalEmail("e", email); err == nil {
			if again, err := normalEmail("e", got); err != nil || again != got || !strings.Contains(got, "@") || !utf8.ValidString(got) {
				t.Errorf("address %q became %q, then %q, %v", email, got, again, err)
			}
		}
		_ = checkLocale("l", locale)
		_ = checkZone("z", zone)
		_ = describeDevice(name)
		if folded := fold(name); utf8.ValidString(name) && fold(folded) != folded {
			t.Errorf("%q folds to %q, then %q", name, folded, fold(folded))
		}
	})
}

func FuzzCookie(f *testing.F) {
	names := cookieNames{session: "__Host-mentara", secure: true}
	f.Add("__Host-mentara=" + newToken())
	f.Add("__Host-mentara=a; __Host-mentara=b")
	f.Add("=;;\x00")
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Cookie": {header}}}
		token := names.read(r, names.session)
		if isToken(token) && !strings.Contains(header, token) {
			t.Errorf("%q is not in %q", token, header)
		}
	})
}

// BenchmarkMatches compares an unknown address with a wrong password: what a
// stranger could tell them apart by.
func BenchmarkMatches(b *testing.B) {
	h := newHasher()
	hash, err := h.Hash(b.Context(), goodPassword)
	if err != nil {
		b.Fatal(err)
	}
	for name, stored := range map[string]string{"wrong": hash, "unknown": ""} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if ok, err := h.Matches(b.Context(), "wrong password", stored); ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
