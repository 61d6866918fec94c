package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"mentara/configs"
)

// tlsConfig is how the web listener speaks TLS, or nil where it speaks plain
// HTTP: on loopback and behind a proxy (configs refuses anything else).
func tlsConfig(cfg configs.Config, log *slog.Logger) (*tls.Config, error) {
	switch {
	case len(cfg.TLS.ACME.Domains) > 0:
		m := &autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			HostPolicy: autocert.HostWhitelist(cfg.TLS.ACME.Domains...),
			Cache:      autocert.DirCache(filepath.Join(cfg.Data, "acme")),
			Email:      cfg.TLS.ACME.Email,
		}
		t := m.TLSConfig() // answers tls-alpn-01 (RFC 8737) on the listener itself
		t.MinVersion = tls.VersionTLS12
		return t, nil
	case cfg.TLS.Cert != "":
		pair := &reloadingPair{cert: cfg.TLS.Cert, key: cfg.TLS.Key, log: log}
		if err := pair.load(); err != nil {
			return nil, err
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, NextProtos: []string{"h2", "http/1.1"}}, nil
	}
	return nil, nil
}

// reloadingPair serves a certificate from files and notices when they are
// renewed, so that a renewal needs no restart and drops no call.
type reloadingPair struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	written time.Time // of the certificate file
	looked  time.Time
}

const lookEvery = time.Minute

func (p *reloadingPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.looked) > lookEvery {
		p.looked = now
		if info, err := os.Stat(p.cert); err == nil && !info.ModTime().Equal(p.written) {
			if err := p.loadLocked(); err != nil {
				p.log.Error("certificate not renewed, the old one stays", "file", p.cert, "error", err)
			} else {
				p.log.Info("certificate renewed", "file", p.cert)
			}
		}
	}
	return p.current, nil
}

func (p *reloadingPair) load() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loadLocked()
}

func (p *reloadingPair) loadLocked() error {
	info, err := os.Stat(p.cert)
	if err != nil {
		return fmt.Errorf("tls.cert: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return fmt.Errorf("tls.cert, tls.key: %w", err)
	}
	p.current, p.written, p.looked = &pair, info.ModTime(), time.Now()
	return nil
}
