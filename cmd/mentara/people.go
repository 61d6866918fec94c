package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"mentara/api/account"
	"mentara/configs"
	"mentara/internal/auth"
	"mentara/signaling/room"
)

// consoleLinkTTL is how long a sign-in link printed here works.
const consoleLinkTTL = time.Hour

// user adds a person, or makes a new sign-in link for one who is there.
func user(ctx context.Context, env environment, args []string) error {
	if len(args) == 0 || args[0] != "add" {
		return usageError("expected add")
	}
	s := newSettings("user add", env)
	email := s.String("email", "", "address to sign in with")
	name := s.String("name", "", "name others see")
	role := s.String("role", "", "client, therapist, moderator or admin")
	cfg, err := s.load(args[1:])
	if err != nil {
		return err
	}
	switch auth.Role(*role) {
	case auth.Client, auth.Therapist, auth.Moderator, auth.Admin:
	default:
		return usageError("--role: expected client, therapist, moderator or admin")
	}
	if *email == "" || *name == "" {
		return usageError("--email and --name are needed")
	}
	return withAccounts(ctx, env, cfg, func(accounts *account.Service) error {
		u, err := accounts.CreateUser(ctx, account.NewUser{Email: *email, Name: *name, Role: auth.Role(*role)})
		if err != nil {
			return err
		}
		link, err := accounts.CreateSignInLink(ctx, u.ID, consoleLinkTTL)
		if err != nil {
			return err
		}
		fmt.Fprintf(env.stdout, "%s\n\nSign in once, within an hour, and choose a password under Settings:\n\n  %s\n\n", u.ID, accounts.SignInURL(link))
		return nil
	})
}

func withAccounts(ctx context.Context, env environment, cfg configs.Config, use func(*account.Service) error) (err error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	log := newLogger(env, cfg)
	store, err := openDatabase(ctx, cfg, nil, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	return use(account.New(store, account.Options{Log: log, PublicURL: cfg.Public(), Practice: cfg.Practice.Name}))
}

// token prints a room access token. It needs no running server: whoever can
// read the key may sign.
func token(_ context.Context, env environment, args []string) error {
	s := newSettings("token", env)
	in := s.String("room", "", "id of the room, or any name for a room of the media plane alone")
	identity := s.String("identity", "", "who the bearer is")
	name := s.String("name", "", "name others see; the identity if absent")
	publish := s.Bool("publish", false, "may send media (WHIP)")
	subscribe := s.Bool("subscribe", false, "may receive media (WHEP)")
	moderator := s.Bool("moderator", false, "may admit, mute and remove others")
	ttl := s.Duration("ttl", room.DefaultTokenTTL, "how long the token works")
	cfg, err := s.load(args)
	if err != nil {
		return err
	}
	if *in == "" || *identity == "" {
		return usageError("--room and --identity are needed")
	}
	if !*publish && !*subscribe && !*moderator {
		return usageError("at least one of --publish, --subscribe and --moderator is needed")
	}
	tokens, err := openTokens(cfg)
	if err != nil {
		return err
	}
	t, err := tokens.Issue(room.Grant{
		Room: *in, Identity: *identity, Name: *name,
		Publish: *publish, Subscribe: *subscribe, Moderator: *moderator, Admitted: true,
	}, *ttl)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, t.Token)
	return nil
}
