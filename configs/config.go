// Package configs reads the configuration: a YAML file, overlaid by MENTARA_*
// environment variables, overlaid by flags. Whatever is unknown or out of
// bounds is refused with the place it stands and what was expected; nothing is
// guessed and nothing is ignored.
package configs

import (
	"net/netip"
	"net/url"
	"time"
)

// Config is everything an operator decides. mentara.example.yaml documents each
// key and is tested to equal Default.
type Config struct {
	Listen      string `yaml:"listen"`      // host:port of the web server
	PublicURL   string `yaml:"publicUrl"`   // what people type; empty: derived from Listen or the first ACME domain
	Data        string `yaml:"data"`        // directory for database, keys and files
	Database    string `yaml:"database"`    // postgres://… ; empty: SQLite in Data
	BehindProxy bool   `yaml:"behindProxy"` // a proxy in front speaks TLS
	// TrustedProxies may name the client in X-Forwarded-For.
	TrustedProxies []netip.Prefix `yaml:"trustedProxies"`
	// AllowedOrigins may open the socket besides PublicURL.
	AllowedOrigins []string `yaml:"allowedOrigins"`
	// Metrics is a loopback host:port for Prometheus; empty: none.
	Metrics string `yaml:"metrics"`

	TLS       TLS       `yaml:"tls"`
	Media     Media     `yaml:"media"`
	Rooms     Rooms     `yaml:"rooms"`
	Recording Recording `yaml:"recording"`
	Practice  Practice  `yaml:"practice"`
	Log       Log       `yaml:"log"`
}

// TLS of the web server: a certificate of your own, or one by ACME.
type TLS struct {
	Cert string `yaml:"cert"` // PEM file, chain included
	Key  string `yaml:"key"`  // PEM file
	ACME ACME   `yaml:"acme"`
}

// ACME obtains and renews a certificate (RFC 8555, tls-alpn-01 on port 443).
type ACME struct {
	Domains []string `yaml:"domains"`
	Email   string   `yaml:"email"`
}

// Media is the SFU's side.
type Media struct {
	Port int  `yaml:"port"` // UDP, and TCP if TCP
	TCP  bool `yaml:"tcp"`
	// PublicIPs are told to browsers when this machine stands behind 1:1 NAT.
	PublicIPs []netip.Addr `yaml:"publicIPs"`
	// ICEServers are STUN and TURN URLs given to browsers (RFC 7064, RFC 7065).
	ICEServers     []string `yaml:"iceServers"`
	TURNUsername   string   `yaml:"turnUsername"`
	TURNCredential string   `yaml:"turnCredential"`
}

// Rooms bounds sessions.
type Rooms struct {
	MaxParticipants int           `yaml:"maxParticipants"` // in one room
	SeatGrace       time.Duration `yaml:"seatGrace"`       // a dropped person keeps the seat this long
	EmptyGrace      time.Duration `yaml:"emptyGrace"`      // an empty room ends this long after its time
}

// Recording says what people agree to when they are recorded, and where it is
// kept.
type Recording struct {
	PolicyVersion string `yaml:"policyVersion"` // a consent is to one version
	Policy        string `yaml:"policy"`        // shown to everybody who is asked
	Purpose       string `yaml:"purpose"`       // unless the host names another
	MaxLive       int    `yaml:"maxLive"`       // recorded at once on this node
	LowDisk       int    `yaml:"lowDisk"`       // percent free below which hosts are warned
	ReserveMB     int    `yaml:"reserveMB"`     // kept free for everything else
	BackupDays    int    `yaml:"backupDays"`    // backups are gone after; proofs of erasure say so
	Store         string `yaml:"store"`         // disk, s3
	S3            S3     `yaml:"s3"`
}

// S3 is a bucket for finished recordings. They are sealed before they leave.
type S3 struct {
	Endpoint  string `yaml:"endpoint"` // host:port
	Region    string `yaml:"region"`
	Bucket    string `yaml:"bucket"`
	Prefix    string `yaml:"prefix"`
	AccessKey string `yaml:"accessKey"`
	SecretKey string `yaml:"secretKey"`
	Insecure  bool   `yaml:"insecure"` // plain HTTP, on loopback
}

// Practice is who runs this server.
type Practice struct {
	Name string `yaml:"name"`
}

// Log is how the program speaks to its operator.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// Default is the configuration of an empty file.
func Default() Config {
	return Config{
		Listen:         "127.0.0.1:8080",
		Data:           "./data",
		TrustedProxies: []netip.Prefix{},
		AllowedOrigins: []string{},
		TLS:            TLS{ACME: ACME{Domains: []string{}}},
		Media:          Media{Port: 7881, TCP: true, PublicIPs: []netip.Addr{}, ICEServers: []string{}},
		Rooms:          Rooms{MaxParticipants: 12, SeatGrace: 30 * time.Second, EmptyGrace: 15 * time.Minute},
		Recording: Recording{
			PolicyVersion: "1",
			Policy: "The practice records this session to review it for your treatment. Only those who treat you, and colleagues " +
				"they consult, may watch it, and you can see who did. You may withdraw at any time.",
			Purpose: "Review by your therapist", MaxLive: 10, LowDisk: 10, ReserveMB: 256, BackupDays: 30, Store: "disk",
		},
		Practice: Practice{Name: "Mentara"},
		Log:      Log{Level: "info", Format: "text"},
	}
}

// Public is the address people type, always with scheme and host.
func (c Config) Public() *url.URL {
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err == nil {
			return u
		}
	}
	if len(c.TLS.ACME.Domains) > 0 {
		return &url.URL{Scheme: "https", Host: c.TLS.ACME.Domains[0]}
	}
	scheme := "http"
	if c.TLS.Cert != "" {
		scheme = "https"
	}
	host := c.Listen
	if addr, err := netip.ParseAddrPort(c.Listen); err == nil && addr.Addr().IsLoopback() {
		host = "localhost:" + portOf(c.Listen)
	}
	return &url.URL{Scheme: scheme, Host: host}
}
