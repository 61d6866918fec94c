package room

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

var tokenSeed = []byte("0123456789abcdef0123456789abcdef")

func issuer(at time.Time) *TokenIssuer {
	return NewTokenIssuer(tokenSeed, func() time.Time { return at })
}

func TestTokenCarriesItsGrant(t *testing.T) {
	g := Grant{Room: "R", Identity: "obs", Name: "Camera", Publish: true, Admitted: true, Session: "S"}
	token, err := issuer(noon).Issue(g, time.Hour)
	must(t, err)
	p, err := issuer(noon.Add(time.Hour + 30*time.Second)).Verify(token.Token) // clocks differ
	must(t, err)
	if p.ID != "obs" || p.Kind != auth.Token || p.Name != "Camera" || p.SessionID != "S" || p.Role != "" ||
		*p.Room != (auth.RoomGrant{Room: "R", Publish: true, Admitted: true}) {
		t.Fatalf("%+v %+v", p, p.Room)
	}
	if !token.ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Fatalf("expires %v", token.ExpiresAt)
	}
}

func TestIssueRefuses(t *testing.T) {
	ok := Grant{Room: "R", Identity: "i", Publish: true}
	for name, c := range map[string]struct {
		change func(*Grant)
		ttl    time.Duration
	}{
		"no room":          {func(g *Grant) { g.Room = "" }, time.Hour},
		"no identity":      {func(g *Grant) { g.Identity = "" }, time.Hour},
		"long identity":    {func(g *Grant) { g.Identity = strings.Repeat("x", 65) }, time.Hour},
		"control in name":  {func(g *Grant) { g.Name = "a\x00b" }, time.Hour},
		"override in name": {func(g *Grant) { g.Name = "a\u202eb" }, time.Hour},
		"bad UTF-8":        {func(g *Grant) { g.Name = "a\xff" }, time.Hour},
		"nothing allowed":  {func(g *Grant) { g.Publish = false }, time.Hour},
		"no time":          {func(*Grant) {}, 0},
		"too long":         {func(*Grant) {}, maxTTL + time.Second},
	} {
		g := ok
		c.change(&g)
		if _, err := issuer(noon).Issue(g, c.ttl); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// forge signs any header and body with any key, as an attacker or an old
// version of us might.
func forge(t testing.TB, header, body any, key ed25519.PrivateKey) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	head := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(b)
	sig, err := key.Sign(nil, []byte(head), crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	return head + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestMutatedTokensAreRefused(t *testing.T) {
	key := ed25519.NewKeyFromSeed(tokenSeed)
	type m = map[string]any
	header := func() m { return m{"alg": "EdDSA", "typ": "JWT"} }
	body := func() m {
		return m{"aud": []string{tokenAudience}, "room": "R", "sub": "i", "jti": "j", "publish": true,
			"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix()}
	}
	with := func(base m, key string, value any) m {
		if value == nil {
			delete(base, key)
		} else {
			base[key] = value
		}
		return base
	}
	good := forge(t, header(), body(), key)
	if _, err := issuer(noon).Verify(good); err != nil {
		t.Fatalf("the token that is mutated below must be good: %v", err)
	}
	parts := strings.Split(good, ".")
	flipped := []byte(parts[2])
	flipped[10] ^= 1
	otherBody, err := json.Marshal(with(body(), "room", "S"))
	must(t, err)
	hs := func() string {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + parts[1]
		mac := hmac.New(sha256.New, key.Public().(ed25519.PublicKey)) // the classic confusion
		mac.Write([]byte(head))
		return head + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}()
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	_, foreign, err := ed25519.GenerateKey(nil)
	must(t, err)

	mutants := map[string]string{
		"empty":                "",
		"not a token":          "hello",
		"two parts":            parts[0] + "." + parts[1],
		"four parts":           good + ".x",
		"no signature":         parts[0] + "." + parts[1] + ".",
		"flipped signature":    parts[0] + "." + parts[1] + "." + string(flipped),
		"another body":         parts[0] + "." + base64.RawURLEncoding.EncodeToString(otherBody) + "." + parts[2],
		"padding":              parts[0] + "=." + parts[1] + "." + parts[2],
		"white space":          " " + good,
		"alg none":             none,
		"alg HS256":            hs,
		"alg case":             forge(t, with(header(), "alg", "eddsa"), body(), key),
		"kid":                  forge(t, with(header(), "kid", "../../dev/null"), body(), key),
		"jku":                  forge(t, with(header(), "jku", "https://example.org/keys"), body(), key),
		"jwk":                  forge(t, with(header(), "jwk", m{"kty": "OKP"}), body(), key),
		"crit":                 forge(t, with(header(), "crit", []string{"exp"}), body(), key),
		"no typ":               forge(t, with(header(), "typ", nil), body(), key),
		"foreign key":          forge(t, header(), body(), foreign),
		"huge":                 forge(t, header(), with(body(), "name", strings.Repeat("x", 4096)), key),
		"expired":              forge(t, header(), with(body(), "exp", noon.Add(-2*time.Minute).Unix()), key),
		"no expiry":            forge(t, header(), with(body(), "exp", nil), key),
		"expiry as text":       forge(t, header(), with(body(), "exp", "tomorrow"), key),
		"from the future":      forge(t, header(), with(body(), "iat", noon.Add(2*time.Minute).Unix()), key),
		"not yet":              forge(t, header(), with(body(), "nbf", noon.Add(2*time.Minute).Unix()), key),
		"no issue time":        forge(t, header(), with(body(), "iat", nil), key),
		"no audience":          forge(t, header(), with(body(), "aud", nil), key),
		"another audience":     forge(t, header(), with(body(), "aud", "mentara:mail"), key),
		"two audiences":        forge(t, header(), with(body(), "aud", []string{tokenAudience, "x"}), key),
		"no room":              forge(t, header(), with(body(), "room", nil), key),
		"empty room":           forge(t, header(), with(body(), "room", ""), key),
		"room of another type": forge(t, header(), with(body(), "room", []string{"R"}), key),
		"no subject":           forge(t, header(), with(body(), "sub", nil), key),
		"no id":                forge(t, header(), with(body(), "jti", nil), key),
		"grant as text":        forge(t, header(), with(body(), "publish", "yes"), key),
	}
	for name, token := range mutants {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if p, _, err := issuer(noon).Authenticate(r); !fault.Is(err, fault.Unauthenticated) || p.ID != "" {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}

	for name, headers := range map[string][]string{
		"another scheme": {"Basic " + good}, "no scheme": {good}, "two headers": {"Bearer " + good, "Bearer " + good},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header["Authorization"] = headers
		if _, _, err := issuer(noon).Authenticate(r); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok, err := issuer(noon).Authenticate(httptest.NewRequest("POST", "/", nil)); ok || err != nil {
		t.Error("no credential is not a bad one")
	}
}

func FuzzVerify(f *testing.F) {
	// Workers are processes of their own: the token must be the same in all.
	good := forge(f, map[string]any{"alg": "EdDSA", "typ": "JWT"}, map[string]any{
		"aud": []string{tokenAudience}, "room": "R", "sub": "i", "jti": "j", "publish": true,
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}, ed25519.NewKeyFromSeed(tokenSeed))
	f.Add(good)
	f.Add(strings.Replace(good, ".", "", 1))
	f.Add(good[:len(good)-1] + "x")
	f.Add("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := issuer(noon).Verify(token)
		if err == nil && token != good {
			t.Fatalf("accepted %q as %+v", token, p)
		}
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			t.Fatalf("%q: %v", token, err)
		}
	})
}
