package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"mentara/api"
	"mentara/api/account"
	"mentara/configs"
	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/job"
	"mentara/recording"
	"mentara/recording/retain"
	"mentara/recording/review"
	"mentara/sfu"
	"mentara/signaling"
	"mentara/signaling/presence"
	"mentara/signaling/room"
	"mentara/web"
)

// program is every part of a running node. Read build from top to bottom to see
// how they meet.
type program struct {
	cfg configs.Config
	log *slog.Logger

	bus      *event.Bus[*db.Tx]
	store    *db.DB
	jobs     *job.Queue
	accounts *account.Service
	media    *sfu.Engine
	tokens   *room.TokenIssuer
	rooms    *room.Service
	records  *recording.Service
	reviews  *review.Service
	retained *retain.Service
	present  *presence.Service
	mux      *signaling.Mux
	hub      *signaling.Hub
	server   *api.Server
}

// build makes every part on an open, migrated database. Nothing runs yet.
func build(ctx context.Context, cfg configs.Config, log *slog.Logger) (_ *program, err error) {
	p := &program{cfg: cfg, log: log, bus: event.NewBus[*db.Tx]()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := os.MkdirAll(filepath.Join(cfg.Data, keysDir), 0o700); err != nil {
		return nil, err
	}
	if p.store, err = openDatabase(ctx, cfg, p.bus, log); err != nil {
		return nil, err
	}
	if err = p.store.Migrate(ctx); err != nil {
		return nil, err
	}
	p.jobs = job.New(p.store, log)
	p.accounts = account.New(p.store, account.Options{Log: log, PublicURL: cfg.Public(), Practice: cfg.Practice.Name})
	if p.tokens, err = openTokens(cfg); err != nil {
		return nil, err
	}
	if p.media, err = sfu.New(mediaConfig(cfg, log)); err != nil {
		return nil, fmt.Errorf("media port %d: %w", cfg.Media.Port, err)
	}

	p.mux = signaling.NewMux()
	p.hub = signaling.NewHub(p.mux, signaling.NewMemoryBroker(signaling.HistoryLimits{}), signaling.Options{
		Log:          log,
		Authenticate: func(_ context.Context, token string) (auth.Principal, error) { return p.tokens.Verify(token) },
		Verify:       p.accounts.Verify,
		Address:      func(r *http.Request) string { return api.AddressKey(api.ClientIP(r.Context())) },
		Origins:      append([]string{cfg.Public().String()}, cfg.AllowedOrigins...),
	})
	p.present = presence.New(p.hub)
	if p.records, err = newRecordings(cfg, recording.Options{
		DB: p.store, Jobs: p.jobs, Hub: p.hub, Media: p.media, Log: log, Now: time.Now, People: staff{p.accounts},
		Rooms:   func() recording.Rooms { return recorded{p.rooms} },
		Reviews: func() recording.Reviews { return beside{p.reviews} },
	}); err != nil {
		return nil, err
	}
	p.rooms = room.New(room.Options{
		DB: p.store, Hub: p.hub, Jobs: p.jobs, People: people{p.accounts}, Tokens: p.tokens,
		Engines:   map[string]room.Engine{"sfu": room.NewSFU(p.media, iceServers(cfg))},
		Caps:      room.Caps{Participants: cfg.Rooms.MaxParticipants, SeatGrace: cfg.Rooms.SeatGrace, EndGrace: cfg.Rooms.EmptyGrace},
		Log:       log,
		Now:       time.Now,
		SocketURL: socketURL(cfg),
		Recorder:  recorder{p.records},
	})
	p.reviews = review.New(p.store, reviewed{p.records}, time.Now)
	p.retained = retain.New(retain.Options{
		DB: p.store, Jobs: p.jobs, Recordings: retained{p.records}, Review: p.reviews,
		Blobs: p.records.Store, Keys: p.records.Keys, BackupsKept: backupsKept(cfg), Log: log, Now: time.Now,
	})
	p.server = api.New(api.Options{
		Log:               log,
		Authenticate:      []api.Authenticator{p.tokens.Authenticate, p.accounts.Authenticate},
		TrustedProxies:    cfg.TrustedProxies,
		PublicURL:         cfg.Public(),
		Version:           version,
		Ready:             []api.Check{{Name: "database", Run: p.store.Ready}, {Name: "disk", Run: p.diskReady}},
		RequestsPerSecond: 50,
		Burst:             300,
	})

	p.routes()
	p.frames()
	p.subscriptions()
	return p, nil
}

// routes lists everything this program answers over HTTP.
func (p *program) routes() {
	p.accounts.Routes(p.server)
	p.rooms.Routes(p.server)
	p.rooms.Doors(p.server, p.media) // WHIP and WHEP
	p.records.Routes(p.server)
	p.reviews.Routes(p.server)
	p.retained.Routes(p.server)
	p.server.Raw(http.MethodGet, "/api/v1/socket", api.Public, gin.WrapH(p.hub))
	p.server.Web(web.Dist())
}

// frames lists everything this program says over the socket.
func (p *program) frames() {
	p.rooms.Frames(p.mux, func() *signaling.Hub { return p.hub })
	p.records.Frames(p.mux)
	p.present.Register(p.mux)
	signaling.Push[event.AccountChanged](p.mux, "account.changed")
	signaling.Push[event.ReviewChanged](p.mux, "review.changed")
	p.mux.Topic("user:", room.OwnTopic)
}

// subscriptions lists who reacts to which fact.
func (p *program) subscriptions() {
	p.bus.Forward(p.hub.Forward)
	p.bus.Forward(p.closeRevoked)
	p.bus.Forward(p.showInSession)
	job.Register(p.jobs, "account.sweep", job.Options{}, func(ctx context.Context, _ struct{}) error { return p.accounts.Sweep(ctx) })
	p.jobs.Every("account.sweep", time.Hour)
	if bucket, ok := p.records.Store.(*blob.S3); ok { // a disk sweeps when it is opened
		job.Register(p.jobs, "recordings.uploads", job.Options{}, func(ctx context.Context, _ struct{}) error {
			return bucket.Sweep(ctx, time.Now().Add(-24*time.Hour))
		})
		p.jobs.Every("recordings.uploads", 24*time.Hour)
	}
}

// closeRevoked ends the sockets and the calls of a session that is over.
func (p *program) closeRevoked(_ context.Context, e event.Envelope) {
	if f, ok := e.Fact.(event.SessionRevoked); ok {
		p.hub.Revoke(f.Session)
		p.rooms.Revoked(f.Session)
	}
}

// showInSession tells presence who is in a call.
func (p *program) showInSession(_ context.Context, e event.Envelope) {
	switch f := e.Fact.(type) {
	case event.ParticipantJoined:
		p.present.InSession(f.Identity, true)
	case event.ParticipantLeft:
		p.present.InSession(f.Identity, false)
	}
}

// run serves on ln until ctx ends, then lets everything finish, in the order
// that loses nothing: first the doors, then calls, then the store.
func (p *program) run(ctx context.Context, ln net.Listener) error {
	// Parts stop after the web server has; what they need stops after them.
	parts, stopParts := context.WithCancel(context.WithoutCancel(ctx))
	base, stopBase := context.WithCancel(context.WithoutCancel(ctx))
	defer stopParts()
	defer stopBase()

	var front, middle, bottom errgroup.Group
	bottom.Go(func() error { return p.store.Run(base) })
	middle.Go(func() error { return p.rooms.Run(parts) })
	middle.Go(func() error { return p.records.Run(parts) })
	middle.Go(func() error { return p.jobs.Run(parts) })
	middle.Go(func() error { return p.present.Run(parts) })
	front.Go(func() error { return p.hub.Run(ctx) })
	front.Go(func() error { return p.server.Serve(ctx, ln) })
	if p.cfg.Metrics != "" {
		front.Go(func() error { return p.serveMetrics(ctx) })
	}

	err := front.Wait()
	stopParts()
	err = errors.Join(err, middle.Wait())
	stopBase()
	return errors.Join(err, bottom.Wait())
}

// close frees what build opened.
func (p *program) close() error {
	var err error
	if p.media != nil {
		err = p.media.Close()
	}
	if p.records != nil {
		if disk, ok := p.records.Store.(io.Closer); ok {
			err = errors.Join(err, disk.Close())
		}
	}
	if p.store != nil {
		err = errors.Join(err, p.store.Close())
	}
	return err
}

// people lets rooms ask about accounts.
type people struct{ *account.Service }

func (a people) Users(ctx context.Context, ids []string) (map[string]room.User, error) {
	found, err := a.Service.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]room.User, len(found))
	for id, u := range found {
		if u.Active() {
			out[id] = room.User{Name: u.Name, Role: u.Role}
		}
	}
	return out, nil
}
