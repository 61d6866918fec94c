package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"mentara/configs"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/sfu"
	"mentara/signaling/room"
)

// keysDir holds the secrets, under data.
const keysDir = "keys"

func sqlitePath(cfg configs.Config) string { return filepath.Join(cfg.Data, "mentara.db") }

func openDatabase(ctx context.Context, cfg configs.Config, bus *event.Bus[*db.Tx], log *slog.Logger) (*db.DB, error) {
	dsn := cfg.Database
	if dsn == "" {
		dsn = "sqlite:" + sqlitePath(cfg)
	}
	return db.Open(ctx, dsn, bus, log)
}

// openTokens reads the key that signs room access tokens, or makes it.
func openTokens(cfg configs.Config) (*room.TokenIssuer, error) {
	seed, err := configs.Secret(filepath.Join(cfg.Data, keysDir), "room-token", room.TokenSeed)
	if err != nil {
		return nil, fmt.Errorf("room token key: %w", err)
	}
	return room.NewTokenIssuer(seed, time.Now), nil
}

func mediaConfig(cfg configs.Config, log *slog.Logger) sfu.Config {
	ips := make([]string, len(cfg.Media.PublicIPs))
	for i, ip := range cfg.Media.PublicIPs {
		ips[i] = ip.String()
	}
	return sfu.Config{
		Listen: listenAddr(cfg), Port: cfg.Media.Port, TCP: cfg.Media.TCP, PublicIPs: ips, Log: log,
		Limits: sfu.Limits{PeersPerRoom: cfg.Rooms.MaxParticipants + waitingExtra},
	}
}

// waitingExtra is how many may wait at the door of a full room.
const waitingExtra = 20

// iceServers are what browsers are told beside our own address.
func iceServers(cfg configs.Config) []room.ICEServer {
	if len(cfg.Media.ICEServers) == 0 {
		return nil
	}
	return []room.ICEServer{{
		URLs: cfg.Media.ICEServers, Username: cfg.Media.TURNUsername, Credential: cfg.Media.TURNCredential,
	}}
}

func socketURL(cfg configs.Config) string {
	u := url.URL{Scheme: "wss", Host: cfg.Public().Host, Path: "/api/v1/socket"}
	if cfg.Public().Scheme == "http" {
		u.Scheme = "ws"
	}
	return u.String()
}

// minFreeReady is below what /readyz calls the disk full, in bytes.
const minFreeReady = 64 << 20

func (p *program) diskReady(context.Context) error {
	var st unix.Statfs_t
	if err := unix.Statfs(p.cfg.Data, &st); err != nil {
		return err
	}
	if free := st.Bavail * uint64(st.Bsize); free < minFreeReady {
		return fmt.Errorf("%d bytes left", free)
	}
	return nil
}
