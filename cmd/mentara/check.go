package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mentara/configs"
)

// check looks at what usually goes wrong before the first call, and prints one
// line each. It changes nothing.
func check(ctx context.Context, env environment, args []string) error {
	s := newSettings("check", env)
	cfg, err := s.load(args)
	if err != nil {
		var bad usageError
		if errors.As(err, &bad) {
			return err
		}
		fmt.Fprintf(env.stdout, "FAIL configuration  %s\n", strings.ReplaceAll(err.Error(), "\n", "\n                    "))
		return errReported
	}
	failed := false
	for _, c := range []struct {
		name string
		run  func(context.Context, configs.Config) (string, error)
	}{
		{"web port", checkWebPort},
		{"media port", checkMediaPort},
		{"data", checkData},
		{"disk", checkDisk},
		{"secrets", checkSecrets},
		{"database", checkDatabase},
		{"clock", checkClock},
		{"tls", checkTLS},
		{"turn", checkTURN},
	} {
		found, err := c.run(ctx, cfg)
		if err != nil {
			failed = true
			fmt.Fprintf(env.stdout, "FAIL %-14s %v\n", c.name, err)
			continue
		}
		fmt.Fprintf(env.stdout, "pass %-14s %s\n", c.name, found)
	}
	if failed {
		return errReported
	}
	return nil
}

func checkWebPort(ctx context.Context, cfg configs.Config) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err == nil {
		return cfg.Listen + " is free", l.Close()
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return cfg.Listen + " is in use, by Mentara if it runs", nil
	}
	return "", fmt.Errorf("%s: %w", cfg.Listen, err)
}

func checkMediaPort(ctx context.Context, cfg configs.Config) (string, error) {
	host, _, _ := net.SplitHostPort(cfg.Listen)
	addr := net.JoinHostPort(host, strconv.Itoa(cfg.Media.Port))
	var lc net.ListenConfig
	var inUse []string
	p, err := lc.ListenPacket(ctx, "udp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		inUse = append(inUse, "UDP")
	case err != nil:
		return "", fmt.Errorf("UDP %s: %w", addr, err)
	default:
		p.Close()
	}
	if cfg.Media.TCP {
		l, err := lc.Listen(ctx, "tcp", addr)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			inUse = append(inUse, "TCP")
		case err != nil:
			return "", fmt.Errorf("TCP %s: %w", addr, err)
		default:
			l.Close()
		}
	}
	if len(inUse) > 0 {
		return fmt.Sprintf("%d is in use (%s), by Mentara if it runs", cfg.Media.Port, strings.Join(inUse, ", ")), nil
	}
	return fmt.Sprintf("%d is free; open it for UDP and TCP in the firewall", cfg.Media.Port), nil
}

func checkData(_ context.Context, cfg configs.Config) (string, error) {
	dir := existing(cfg.Data)
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("x")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	return dir + " can be written", nil
}

// minFree is what a disk should have left for recordings and the database.
const minFree = 0.10

func checkDisk(_ context.Context, cfg configs.Config) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(existing(cfg.Data), &st); err != nil {
		return "", err
	}
	free := float64(st.Bavail) / float64(max(st.Blocks, 1))
	words := fmt.Sprintf("%.0f %% free, %.1f GB", free*100, float64(st.Bavail)*float64(st.Bsize)/1e9)
	if free < minFree {
		return "", fmt.Errorf("%s: expected %.0f %% or more", words, minFree*100)
	}
	return words, nil
}

// existing is dir, or the nearest parent that is there already.
func existing(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for {
		if _, err := os.Stat(abs); err == nil || abs == filepath.Dir(abs) {
			return abs
		}
		abs = filepath.Dir(abs)
	}
}

func checkSecrets(_ context.Context, cfg configs.Config) (string, error) {
	var loose []string
	count := 0
	err := filepath.WalkDir(filepath.Join(cfg.Data, keysDir), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		count++
		if info, err := e.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			loose = append(loose, path)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if len(loose) > 0 {
		return "", fmt.Errorf("others can read %s, expected mode 600", strings.Join(loose, ", "))
	}
	if count == 0 {
		return "none yet; made at first start", nil
	}
	return fmt.Sprintf("%d, readable by their owner alone", count), nil
}

func checkDatabase(ctx context.Context, cfg configs.Config) (string, error) {
	if cfg.Database == "" {
		if _, err := os.Stat(sqlitePath(cfg)); errors.Is(err, fs.ErrNotExist) {
			return "SQLite, made at first start", nil
		}
	}
	store, err := openDatabase(ctx, cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	defer store.Close()
	if err := store.Ready(ctx); err != nil {
		return "", err
	}
	return store.Dialect().String() + " answers", nil
}

// checkClock asks the kernel whether something keeps the clock right: tokens
// and invitations end by it.
func checkClock(context.Context, configs.Config) (string, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	now := time.Now().UTC().Format(time.RFC3339)
	switch {
	case err != nil:
		return now + "; whether it is synchronised cannot be told here", nil
	case state == unix.TIME_ERROR:
		return "", fmt.Errorf("%s: not synchronised, run an NTP client", now)
	}
	return now + ", synchronised", nil
}

// renewBefore is how long before its end a certificate should be renewed.
const renewBefore = 14 * 24 * time.Hour

func checkTLS(_ context.Context, cfg configs.Config) (string, error) {
	switch {
	case cfg.BehindProxy:
		return "spoken by the proxy at " + cfg.Public().String(), nil
	case len(cfg.TLS.ACME.Domains) > 0:
		return "by ACME for " + strings.Join(cfg.TLS.ACME.Domains, ", "), nil
	case cfg.TLS.Cert == "":
		return "none needed: only this machine reaches " + cfg.Listen, nil
	}
	pair, err := tls.LoadX509KeyPair(cfg.TLS.Cert, cfg.TLS.Key)
	if err != nil {
		return "", err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return "", err
	}
	if err := leaf.VerifyHostname(cfg.Public().Hostname()); err != nil {
		return "", err
	}
	left := time.Until(leaf.NotAfter)
	if left < renewBefore {
		return "", fmt.Errorf("the certificate ends %s", leaf.NotAfter.Format(time.DateOnly))
	}
	return fmt.Sprintf("valid for %d days", int(left.Hours()/24)), nil
}

// stunTimeout is how long a STUN or TURN server may take to answer.
const stunTimeout = 3 * time.Second

func checkTURN(ctx context.Context, cfg configs.Config) (string, error) {
	if len(cfg.Media.ICEServers) == 0 {
		way := "UDP"
		if cfg.Media.TCP {
			way = "UDP or TCP"
		}
		return fmt.Sprintf("none set; browsers reach port %d by %s", cfg.Media.Port, way), nil
	}
	for _, url := range cfg.Media.ICEServers {
		if err := askICEServer(ctx, url); err != nil {
			return "", fmt.Errorf("%s: %w", url, err)
		}
	}
	return strings.Join(cfg.Media.ICEServers, ", ") + " answer", nil
}

// askICEServer sends a STUN Binding request (RFC 8489 §5) by UDP, or opens the
// connection where the URL says TCP or TLS.
func askICEServer(ctx context.Context, url string) error {
	scheme, rest, _ := strings.Cut(url, ":")
	hostport, query, _ := strings.Cut(rest, "?")
	if _, _, err := net.SplitHostPort(hostport); err != nil {
		port := "3478"
		if strings.HasSuffix(scheme, "s") {
			port = "5349"
		}
		hostport = net.JoinHostPort(strings.Trim(hostport, "[]"), port)
	}
	ctx, cancel := context.WithTimeout(ctx, stunTimeout)
	defer cancel()
	network := "udp"
	if strings.HasSuffix(scheme, "s") || strings.Contains(query, "transport=tcp") {
		network = "tcp"
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, hostport)
	if err != nil {
		return err
	}
	defer conn.Close()
	if network == "tcp" {
		return nil
	}
	const magic = "\x21\x12\xa4\x42"
	request := "\x00\x01\x00\x00" + magic + "mentaracheck"
	if _, err := conn.Write([]byte(request)); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	answer := make([]byte, 1500)
	n, err := conn.Read(answer)
	if err != nil {
		return err
	}
	if n < 20 || string(answer[4:20]) != request[4:20] {
		return errors.New("the answer is not STUN")
	}
	return nil
}

// listenAddr is the address part of cfg.Listen; the zero address is all.
func listenAddr(cfg configs.Config) netip.Addr {
	host, _, _ := net.SplitHostPort(cfg.Listen)
	if host == "localhost" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	addr, _ := netip.ParseAddr(host)
	return addr
}
