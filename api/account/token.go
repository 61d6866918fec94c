package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// tokenLength of what newToken makes: two times 26 characters of base32, 260
// bits. A digest of that needs no salt and no slowness.
const tokenLength = 52

func newID() string { return rand.Text() }

func newToken() string { return rand.Text() + rand.Text() }

// hashToken is what is stored of a token. Lookups go by the hash, so the time
// they take tells nothing about a stored token.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isToken reports whether s could be a token of ours at all.
func isToken(s string) bool {
	if len(s) != tokenLength {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// Pages of the web app that take a one-time token. It travels behind the #,
// which browsers never send: no access log and no Referer holds it.
const (
	setupPage      = "/setup"
	signInPage     = "/link"
	guestPage      = "/guest"
	invitationPage = "/invitation"
)

// SetupURL is where the first admin uses the console token.
func (s *Service) SetupURL(token string) string { return s.pageURL(setupPage, token) }

// SignInURL is where a sign-in link is used.
func (s *Service) SignInURL(token string) string { return s.pageURL(signInPage, token) }

// GuestURL is where a guest link is used.
func (s *Service) GuestURL(token string) string { return s.pageURL(guestPage, token) }

// InvitationURL is where an invitation is accepted.
func (s *Service) InvitationURL(token string) string { return s.pageURL(invitationPage, token) }

func (s *Service) pageURL(page, token string) string {
	u := url.URL{Scheme: s.public.Scheme, Host: s.public.Host, Path: strings.TrimSuffix(s.public.Path, "/") + page, Fragment: "token=" + token}
	return u.String()
}
