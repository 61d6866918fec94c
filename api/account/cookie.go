package account

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"mentara/api"
)

// cookieNames of a server. With the __Host- prefix a browser takes a cookie
// only over TLS, from this very host, for its whole path: no subdomain can
// plant one. Plain HTTP on loopback, where there is no TLS, goes without.
type cookieNames struct {
	session, device string
	secure          bool
}

func cookieNamesFor(public *url.URL) cookieNames {
	if public.Scheme == "http" && isLoopback(public.Hostname()) {
		return cookieNames{session: "mentara", device: "mentara-device"}
	}
	return cookieNames{session: "__Host-mentara", device: "__Host-mentara-device", secure: true}
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// read returns a cookie's token, or "". Two cookies of one name mean that
// somebody planted one: neither counts.
func (n cookieNames) read(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

func (n cookieNames) cookie(name, value string, maxAge time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: n.secure, SameSite: http.SameSiteLaxMode, MaxAge: int(maxAge.Seconds())}
	if maxAge <= 0 {
		c.MaxAge = -1
	}
	return c
}

// hand gives a grant's tokens to the browser.
func (s *Service) hand(ctx context.Context, g Grant) {
	if g.Token != "" {
		api.SetCookie(ctx, s.cookies.cookie(s.cookies.session, g.Token, g.Expires.Sub(s.now())))
	}
	if g.Device != "" {
		api.SetCookie(ctx, s.cookies.cookie(s.cookies.device, g.Device, deviceAge))
	}
}

// client describes the browser behind the request.
func (s *Service) client(ctx context.Context) Client {
	r := api.Request(ctx)
	return Client{
		Address: api.ClientIP(ctx), UserAgent: r.UserAgent(),
		Session: s.cookies.read(r, s.cookies.session), Device: s.cookies.read(r, s.cookies.device),
	}
}
