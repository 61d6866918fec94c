package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"mentara/configs"
)

func serve(ctx context.Context, env environment, args []string) error {
	cfg, err := newSettings("serve", env).load(args)
	if err != nil {
		return err
	}
	return start(ctx, env, cfg, func(ctx context.Context, p *program) error {
		return p.announceSetup(ctx, env)
	})
}

// start builds and runs a program; ready is called when it answers.
func start(ctx context.Context, env environment, cfg configs.Config, ready func(context.Context, *program) error) error {
	log := newLogger(env, cfg)
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	ln, err := listen(ctx, &cfg, log)
	if err != nil {
		return err
	}
	p, err := build(ctx, cfg, log)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ran := make(chan error, 1)
	go func() { ran <- p.run(ctx, ln) }()
	log.Info("listening", "address", ln.Addr().String(), "url", cfg.Public().String(), "media", p.media.Port(), "version", version)
	if err := ready(ctx, p); err != nil {
		stop()
		return errors.Join(err, <-ran, p.close())
	}
	return errors.Join(<-ran, p.close())
}

// listen opens the web port before anything else is made, so that a second
// program on the same data directory fails early. A port of 0 is replaced by
// the one that was found.
func listen(ctx context.Context, cfg *configs.Config, log *slog.Logger) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	cfg.Listen = ln.Addr().String()
	conf, err := tlsConfig(*cfg, log)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	if conf != nil {
		return tls.NewListener(ln, conf), nil
	}
	return ln, nil
}

func newLogger(env environment, cfg configs.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo // configs allows only names slog knows
	}
	opt := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(env.stderr, opt))
	}
	return slog.New(slog.NewTextHandler(env.stderr, opt))
}

// announceSetup prints the link that makes the first administrator, while there
// is none.
func (p *program) announceSetup(ctx context.Context, env environment) error {
	needed, err := p.accounts.NeedsSetup(ctx)
	if err != nil || !needed {
		return err
	}
	token, err := p.accounts.CreateSetupToken(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "\nThis practice has no administrator yet. Open this link, once, within 30 minutes:\n\n  %s\n\n", p.accounts.SetupURL(token))
	return nil
}

// migrate brings the database to this program's schema and leaves.
func migrate(ctx context.Context, env environment, args []string) error {
	cfg, err := newSettings("migrate", env).load(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	store, err := openDatabase(ctx, cfg, nil, newLogger(env, cfg))
	if err != nil {
		return err
	}
	began := time.Now()
	if err := store.Migrate(ctx); err != nil {
		return errors.Join(err, store.Close())
	}
	fmt.Fprintf(env.stdout, "%s is up to date (%s)\n", store.Dialect(), time.Since(began).Round(time.Millisecond))
	return store.Close()
}
