package account

import (
	"context"
	"crypto/rand"
	_ "embed" // the list of common passwords
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"mentara/internal/fault"
)

const (
	minPassword = 10  // characters
	maxPassword = 256 // characters; longer ones only cost time

	hashWait       = 3 * time.Second
	waitersPerSlot = 8
)

// hasher computes argon2id (RFC 9106) with as many slots as there are cores:
// each hash takes 64 MiB and a core, and calls must not starve while somebody
// tries passwords. Those who find the queue full get 503 at once.
type hasher struct {
	params  argon2id.Params
	slots   chan struct{}
	waiting atomic.Int64
	dummy   string
	check   func(password, hash string) (bool, *argon2id.Params, error)
}

func newHasher() *hasher {
	h := &hasher{
		params: argon2id.Params{Memory: 64 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		slots:  make(chan struct{}, runtime.GOMAXPROCS(0)),
		check:  argon2id.CheckHash,
	}
	h.dummy = h.dummyHash()
	return h
}

// dummyHash costs as much to compare as a real one and equals no password. It
// stands in when an address is unknown, so that both answers take one hash.
func (h *hasher) dummyHash() string {
	noise := make([]byte, h.params.SaltLength+h.params.KeyLength)
	_, _ = rand.Read(noise) // never fails
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.params.Memory, h.params.Iterations, h.params.Parallelism,
		enc.EncodeToString(noise[:h.params.SaltLength]), enc.EncodeToString(noise[h.params.SaltLength:]))
}

// Hash makes the stored form of a password.
func (h *hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := argon2id.CreateHash(norm.NFKC.String(password), &h.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Matches compares a password with its stored form. An empty hash, of an
// account without a password or of nobody, costs the same and never matches.
func (h *hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	ok, _, err := h.check(norm.NFKC.String(password), hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && known, nil
}

func (h *hasher) acquire(ctx context.Context) (release func(), err error) {
	release = func() { <-h.slots }
	select {
	case h.slots <- struct{}{}:
		return release, nil
	default:
	}
	busy := fault.New(fault.Unavailable, "sign_in_busy", "Many people are signing in. Please try again in a moment.").After(2 * time.Second)
	if h.waiting.Add(1) > int64(waitersPerSlot*cap(h.slots)) {
		h.waiting.Add(-1)
		return nil, busy
	}
	defer h.waiting.Add(-1)
	timer := time.NewTimer(hashWait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return release, nil
	case <-timer.C:
		return nil, busy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// checkPassword says whether a new password may be used: long enough, not
// common, not made of what the account shows (NIST SP 800-63B §3.1.1.2: length
// and a blocklist, no composition rules). location names the field in the fault.
func checkPassword(location, password, email, name string) error {
	weak := func(message string) error {
		return fault.New(fault.Invalid, "weak_password", message).With(location, message)
	}
	n := utf8.RuneCountInString(password)
	switch {
	case n < minPassword:
		return weak(fmt.Sprintf("Please use at least %d characters.", minPassword))
	case n > maxPassword:
		return weak(fmt.Sprintf("Please use at most %d characters.", maxPassword))
	case isCommon(password):
		return weak("This password is too common. Try a few unrelated words.")
	case isPersonal(password, email, name):
		return weak("Please choose a password that does not contain your name or address.")
	}
	return nil
}

//go:embed common.txt
var commonWords string

// isCommon reduces a password the way people decorate one: case, look-alike
// digits, and what is tacked on at both ends. What is left is looked up.
func isCommon(password string) bool {
	plain := strings.ToLower(norm.NFKC.String(password))
	if isRun(plain) {
		return true
	}
	bare := func(s string) string {
		return strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	}
	core := bare(plain)
	lookAlike := strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")
	words := map[string]bool{}
	for _, form := range []string{plain, core, lookAlike.Replace(plain), lookAlike.Replace(core), bare(lookAlike.Replace(plain))} {
		words[strings.Join(strings.FieldsFunc(form, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "")] = true
	}
	if core == "" {
		return len(plain) < 14 // digits and signs only: a date, a telephone number
	}
	for line := range strings.Lines(commonWords) {
		word := strings.TrimSpace(line)
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if words[word] || words[word+word] {
			return true
		}
	}
	return false
}

// isRun finds one character or one step repeated: aaaaaaaaaa, 1234567890,
// abababababab.
func isRun(s string) bool {
	r := []rune(s)
	steps := true
	for i := 2; i < len(r); i++ {
		steps = steps && r[i]-r[i-1] == r[1]-r[0]
	}
	distinct := map[rune]bool{}
	for _, c := range r {
		distinct[c] = true
	}
	return steps || len(distinct) <= 3
}

func isPersonal(password, email, name string) bool {
	plain := fold(password)
	local, domain, _ := strings.Cut(email, "@")
	parts := append(strings.Fields(fold(name)), fold(local), strings.Split(fold(domain), ".")[0])
	rest := plain
	for _, p := range parts {
		if utf8.RuneCountInString(p) >= 3 {
			rest = strings.ReplaceAll(rest, p, "")
		}
	}
	// Containing one's name is fine in a long phrase, not as most of it.
	return rest != plain && utf8.RuneCountInString(rest) < minPassword-2
}

// fold is how names are compared and found: without case, accents or runs of
// spaces.
func fold(s string) string {
	stripped := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	return strings.Join(strings.Fields(stripped), " ")
}
