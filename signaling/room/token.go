package room

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// Room access tokens are JWTs (RFC 7519) signed with EdDSA (RFC 8037) by a key
// that never leaves this installation. One is good for one room.
const (
	tokenAudience = "mentara:room"
	tokenLeeway   = time.Minute // clocks differ
	tokenBytes    = 2048        // ours are under 600
	joinTTL       = 5 * time.Minute
	maxTTL        = 30 * 24 * time.Hour

	// DefaultTokenTTL is how long a token for WHIP tools lasts unless told.
	DefaultTokenTTL = 6 * time.Hour
)

// Grant is what a token is to say.
type Grant struct {
	Room      string
	Identity  string
	Name      string // shown to others; the identity if empty
	Publish   bool
	Subscribe bool
	Moderator bool // hosts the room
	Admitted  bool // passes by the waiting room
	Session   string
}

// claims are a token's body. Times are whole seconds.
type claims struct {
	jwt.RegisteredClaims
	Room      string `json:"room"`
	Name      string `json:"name,omitempty"`
	Publish   bool   `json:"publish,omitempty"`
	Subscribe bool   `json:"subscribe,omitempty"`
	Moderator bool   `json:"moderator,omitempty"`
	Admitted  bool   `json:"admitted,omitempty"`
	Session   string `json:"sid,omitempty"`
}

// Token is an issued token; JTI names it in the record.
type Token struct {
	Token     string
	JTI       string
	ExpiresAt time.Time
}

// TokenIssuer makes and checks room access tokens.
type TokenIssuer struct {
	key ed25519.PrivateKey
	now func() time.Time
}

// TokenSeed is how many secret bytes an issuer is made from.
const TokenSeed = ed25519.SeedSize

// NewTokenIssuer makes an issuer from a secret of TokenSeed bytes that never
// leaves this installation. Another secret makes every token ever issued
// worthless.
func NewTokenIssuer(seed []byte, now func() time.Time) *TokenIssuer {
	return &TokenIssuer{key: ed25519.NewKeyFromSeed(seed), now: now}
}

// Issue makes a token that expires after ttl. It refuses grants that nobody
// could use, and lifetimes over 30 days.
func (t *TokenIssuer) Issue(g Grant, ttl time.Duration) (Token, error) {
	if g.Name == "" {
		g.Name = g.Identity
	}
	switch {
	case !validName(g.Room, 64) || !validName(g.Identity, 64) || !validName(g.Name, 80):
		return Token{}, fault.New(fault.Invalid, "bad_grant", "A token needs a room and an identity of 1 to 64 printable characters.")
	case !g.Publish && !g.Subscribe && !g.Moderator:
		return Token{}, fault.New(fault.Invalid, "bad_grant", "A token must allow to publish, to subscribe or to moderate.")
	case ttl < time.Second || ttl > maxTTL:
		return Token{}, fault.New(fault.Invalid, "bad_ttl", "A token lasts from one second to 30 days.")
	}
	now := t.now().Truncate(time.Second)
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Audience: jwt.ClaimStrings{tokenAudience}, Subject: g.Identity, ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		Room: g.Room, Name: g.Name, Publish: g.Publish, Subscribe: g.Subscribe,
		Moderator: g.Moderator, Admitted: g.Admitted, Session: g.Session,
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(t.key)
	if err != nil {
		return Token{}, fmt.Errorf("sign room token: %w", err)
	}
	return Token{Token: signed, JTI: c.ID, ExpiresAt: c.ExpiresAt.UTC()}, nil
}

// Verify returns the identity a token proves, or fault.Unauthenticated, which
// does not say what was wrong: the bearer knows, or should not.
func (t *TokenIssuer) Verify(token string) (auth.Principal, error) {
	bad := fault.New(fault.Unauthenticated, "bad_token", "This token is not valid, or no longer.")
	if len(token) > tokenBytes || !plainHeader(token) {
		return auth.Principal{}, bad
	}
	var c claims
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithAudience(tokenAudience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(tokenLeeway), jwt.WithTimeFunc(t.now), jwt.WithStrictDecoding(),
	).ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return t.key.Public(), nil })
	if err != nil || len(c.Audience) != 1 || c.Room == "" || c.Subject == "" || c.ID == "" || c.IssuedAt == nil {
		return auth.Principal{}, bad
	}
	return auth.Principal{
		ID: c.Subject, Kind: auth.Token, Name: c.Name, SessionID: c.Session,
		Room: &auth.RoomGrant{Room: c.Room, Publish: c.Publish, Subscribe: c.Subscribe, Moderator: c.Moderator, Admitted: c.Admitted},
	}, nil
}

// plainHeader reports whether the header says exactly what ours say. Key ids,
// key URLs and embedded keys (RFC 7515 §4.1) have no meaning here, so a token
// that brings one was not made here.
func plainHeader(token string) bool {
	head, _, _ := strings.Cut(token, ".")
	raw, err := jwt.NewParser(jwt.WithStrictDecoding()).DecodeSegment(head)
	if err != nil {
		return false
	}
	var h map[string]any
	if json.Unmarshal(raw, &h) != nil {
		return false
	}
	return len(h) == 2 && h["alg"] == "EdDSA" && h["typ"] == "JWT"
}

// Authenticate is an api.Authenticator for "Authorization: Bearer" (RFC 6750
// §2.1).
func (t *TokenIssuer) Authenticate(r *http.Request) (auth.Principal, bool, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return auth.Principal{}, false, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return auth.Principal{}, true, fault.New(fault.Unauthenticated, "bad_token", "This token is not valid, or no longer.")
	}
	p, err := t.Verify(token)
	return p, true, err
}

// validName accepts 1 to limit characters, none of them a control or a
// formatting character that could make one name look like another.
func validName(s string, limit int) bool {
	if s == "" || utf8.RuneCountInString(s) > limit || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	return !slices.ContainsFunc([]rune(s), isHidden)
}

// isHidden reports characters that are not seen, or that change how their
// neighbours are: controls, bidirectional overrides, zero-width marks.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar ||
		unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
