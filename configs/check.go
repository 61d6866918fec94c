package configs

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check holds the rules that span more than one value's type. where tells the
// source of a key.
func check(c Config, where func(key string) string) []error {
	var errs []error
	refuse := func(key, format string, args ...any) {
		errs = append(errs, &Error{Where: where(key), Key: key, Message: fmt.Sprintf(format, args...)})
	}

	host, port, err := net.SplitHostPort(c.Listen)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		refuse("listen", "expected host:port such as 127.0.0.1:8080 or :443, got %q", c.Listen)
	} else if !loopback(host) && !c.hasTLS() && !c.BehindProxy {
		refuse("listen", "%s is reachable from other machines, and browsers give no camera without TLS: expected tls.acme.domains, tls.cert and tls.key, or behindProxy", c.Listen)
	}
	if c.hasTLS() && c.BehindProxy {
		refuse("behindProxy", "expected either behindProxy or tls, not both")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		refuse("tls.cert", "expected tls.cert and tls.key together")
	}
	if c.TLS.Cert != "" && len(c.TLS.ACME.Domains) > 0 {
		refuse("tls.acme.domains", "expected either a certificate of your own or ACME, not both")
	}
	for _, d := range c.TLS.ACME.Domains {
		if _, err := netip.ParseAddr(d); err == nil || !strings.Contains(d, ".") || strings.ContainsAny(d, "/:* ") {
			refuse("tls.acme.domains", "expected a domain name, got %q", d)
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		switch {
		case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.User != nil:
			refuse("publicUrl", "expected https://host without a path, got %q", c.PublicURL)
		case u.Scheme == "http" && !loopback(u.Hostname()):
			refuse("publicUrl", "expected https: browsers give no camera to %q", c.PublicURL)
		}
	} else if c.BehindProxy {
		refuse("publicUrl", "expected the https address of the proxy, since behindProxy is set")
	} else if addr, err := netip.ParseAddr(host); c.TLS.Cert != "" && (host == "" || err == nil && addr.IsUnspecified()) {
		refuse("publicUrl", "expected the https address people type, since listen names no host")
	}
	for _, p := range c.TrustedProxies {
		if p.Bits() == 0 {
			refuse("trustedProxies", "%s lets anyone name any client address: expected the networks of your proxies", p)
		}
	}
	for _, o := range c.AllowedOrigins {
		if u, err := url.Parse(o); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.TrimSuffix(u.Path, "/") != "" {
			refuse("allowedOrigins", "expected an origin such as https://example.org, got %q", o)
		}
	}
	if c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://") {
		refuse("database", "expected postgres://user@host/name, or nothing for SQLite")
	}
	if c.Data == "" {
		refuse("data", "expected a directory")
	}
	if c.Metrics != "" {
		if h, _, err := net.SplitHostPort(c.Metrics); err != nil || !loopback(h) {
			refuse("metrics", "expected a loopback host:port such as 127.0.0.1:9090, got %q", c.Metrics)
		}
	}
	if c.Media.Port < 0 || c.Media.Port > 65535 {
		refuse("media.port", "expected a port from 0 (any) to 65535, got %d", c.Media.Port)
	}
	if c.Media.TCP && c.Media.Port != 0 && port == strconv.Itoa(c.Media.Port) {
		refuse("media.port", "expected a port other than that of listen, or media.tcp: false")
	}
	for _, a := range c.Media.PublicIPs {
		if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.Zone() != "" {
			refuse("media.publicIPs", "expected addresses that browsers can reach, got %s", a)
		}
	}
	for _, s := range c.Media.ICEServers {
		if scheme, rest, ok := strings.Cut(s, ":"); !ok || rest == "" || !slices.Contains([]string{"stun", "stuns", "turn", "turns"}, scheme) {
			refuse("media.iceServers", "expected stun:host:port, turn:host:port or turns:host:port, got %q", s)
		} else if strings.HasPrefix(scheme, "turn") && (c.Media.TURNUsername == "" || c.Media.TURNCredential == "") {
			refuse("media.iceServers", "expected media.turnUsername and media.turnCredential for %q", s)
		}
	}
	if n := c.Rooms.MaxParticipants; n < 2 || n > 100 {
		refuse("rooms.maxParticipants", "expected 2 to 100, got %d", n)
	}
	if d := c.Rooms.SeatGrace; d < time.Second || d > 10*time.Minute {
		refuse("rooms.seatGrace", "expected 1s to 10m, got %s", d)
	}
	if d := c.Rooms.EmptyGrace; d < time.Minute || d > 24*time.Hour {
		refuse("rooms.emptyGrace", "expected 1m to 24h, got %s", d)
	}
	errs = append(errs, checkRecording(c.Recording, where)...)
	if n := strings.TrimSpace(c.Practice.Name); n == "" || len(n) > 100 {
		refuse("practice.name", "expected 1 to 100 characters")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		refuse("log.level", "expected debug, info, warn or error, got %q", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		refuse("log.format", "expected text or json, got %q", c.Log.Format)
	}
	return errs
}

func checkRecording(r Recording, where func(key string) string) []error {
	var errs []error
	refuse := func(key, format string, args ...any) {
		errs = append(errs, &Error{Where: where(key), Key: key, Message: fmt.Sprintf(format, args...)})
	}
	for key, v := range map[string]struct {
		text string
		most int
	}{
		"recording.policyVersion": {r.PolicyVersion, 40}, "recording.policy": {r.Policy, 4000}, "recording.purpose": {r.Purpose, 200},
	} {
		if n := len(strings.TrimSpace(v.text)); n == 0 || n > v.most {
			refuse(key, "expected 1 to %d characters", v.most)
		}
	}
	if r.MaxLive < 1 || r.MaxLive > 1000 {
		refuse("recording.maxLive", "expected 1 to 1000, got %d", r.MaxLive)
	}
	if r.LowDisk < 1 || r.LowDisk > 90 {
		refuse("recording.lowDisk", "expected 1 to 90 percent, got %d", r.LowDisk)
	}
	if r.ReserveMB < 1 || r.ReserveMB > 1<<20 {
		refuse("recording.reserveMB", "expected 1 to %d, got %d", 1<<20, r.ReserveMB)
	}
	if r.BackupDays < 0 || r.BackupDays > 3650 {
		refuse("recording.backupDays", "expected 0 to 3650, got %d", r.BackupDays)
	}
	host, _, err := net.SplitHostPort(r.S3.Endpoint)
	switch {
	case r.Store == "disk":
	case r.Store != "s3":
		refuse("recording.store", "expected disk or s3, got %q", r.Store)
	case err != nil || r.S3.Bucket == "" || r.S3.AccessKey == "" || r.S3.SecretKey == "":
		refuse("recording.s3.endpoint", "expected endpoint (host:port), bucket, accessKey and secretKey")
	case r.S3.Insecure && !loopback(host):
		refuse("recording.s3.insecure", "expected TLS: %s is another machine", r.S3.Endpoint)
	}
	return errs
}

func (c Config) hasTLS() bool { return c.TLS.Cert != "" || len(c.TLS.ACME.Domains) > 0 }

// loopback reports whether host names only this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func portOf(hostport string) string {
	_, port, _ := net.SplitHostPort(hostport)
	return port
}
