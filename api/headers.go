package api

import (
	"net/http"
	"net/url"
	"strings"
)

type header struct{ name, value string }

// policyHeaders are on every response, errors and files included. Scripts come
// from this origin only ('wasm-unsafe-eval' lets the background blur compile
// its WebAssembly). Styles allow 'unsafe-inline' because Mantine sets style
// attributes, which no nonce can bless. Images and media never leave this
// origin, so a message cannot make a browser call out.
func policyHeaders(public *url.URL) []header {
	connect := "'self'"
	if public != nil {
		// Safari before 15.4 does not take 'self' to mean ws and wss.
		connect += " " + strings.Replace(public.Scheme, "http", "ws", 1) + "://" + public.Host
	}
	csp := strings.Join([]string{
		"default-src 'self'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self' 'unsafe-inline'",
		"img-src 'self' data: blob:",
		"media-src 'self' blob:",
		"font-src 'self'",
		"connect-src " + connect,
		"worker-src 'self' blob:",
		"manifest-src 'self'",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
	h := []header{
		{"Content-Security-Policy", csp},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), " +
			"fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), " +
			"geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=()"},
	}
	if public != nil && public.Scheme == "https" {
		h = append(h, header{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"})
	}
	return h
}

func setPolicy(h http.Header, policy []header) {
	for _, p := range policy {
		h.Set(p.name, p.value)
	}
}
