package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"mentara/api/account"
	"mentara/configs"
	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/internal/fault"
	"mentara/internal/job"
	"mentara/recording"
	"mentara/recording/final"
	"mentara/recording/retain"
	"mentara/recording/review"
)

// recordings looks after what was recorded, beside a running server or without
// one. It prints ids and times, and no name of anybody.
func recordings(ctx context.Context, env environment, args []string) error {
	verbs := map[string]func(context.Context, environment, []string) error{
		"list": listRecordings, "verify": verifyRecordings, "export": exportRecording, "erase": eraseRecording, "rotate-keys": rotateKeys,
	}
	if len(args) == 0 || verbs[args[0]] == nil {
		return usageError("expected list, verify, export, erase or rotate-keys")
	}
	return verbs[args[0]](ctx, env, args[1:])
}

// archive is the recordings of a data directory without the rest of a server.
type archive struct {
	service *recording.Service
	retain  *retain.Service
	jobs    *job.Queue
	keys    *blob.Keys
	blobs   blob.Store
}

func withArchive(ctx context.Context, env environment, cfg configs.Config, use func(archive) error) (err error) {
	log := newLogger(env, cfg)
	store, err := openDatabase(ctx, cfg, nil, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	accounts := account.New(store, account.Options{Log: log, PublicURL: cfg.Public(), Practice: cfg.Practice.Name})
	jobs := job.New(store, log)
	var reviews *review.Service
	service, err := newRecordings(cfg, recording.Options{
		DB: store, Jobs: jobs, Hub: nobody{}, Log: log, Now: time.Now, People: staff{accounts},
		Reviews: func() recording.Reviews { return beside{reviews} },
	})
	if err != nil {
		return err
	}
	reviews = review.New(store, reviewed{service}, time.Now)
	kept := retain.New(retain.Options{
		DB: store, Jobs: jobs, Recordings: retained{service}, Review: reviews,
		Blobs: service.Store, Keys: service.Keys, BackupsKept: backupsKept(cfg), Log: log, Now: time.Now,
	})
	if disk, ok := service.Store.(io.Closer); ok {
		defer func() { err = errors.Join(err, disk.Close()) }()
	}
	return use(archive{service: service, retain: kept, jobs: jobs, keys: service.Keys, blobs: service.Store})
}

// nobody listens to a command.
type nobody struct{}

func (nobody) Publish(string, string, any) {}

// operator is who runs the command, to the policy of recordings: one who may
// know of all, and watch none.
var operator = auth.Principal{ID: "operator", Kind: auth.User, Role: auth.Admin}

// each calls do with every recording, newest first.
func (a archive) each(ctx context.Context, do func(recording.Recording) error) error {
	for r, err := range a.service.All(ctx, operator) {
		if err != nil {
			return err
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

func listRecordings(ctx context.Context, env environment, args []string) error {
	cfg, err := newSettings("recordings list", env).load(args)
	if err != nil {
		return err
	}
	return withArchive(ctx, env, cfg, func(a archive) error {
		w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "RECORDING\tSTATE\tASKED\tDURATION\tMB\tNOTE")
		err := a.each(ctx, func(r recording.Recording) error {
			note := r.StopReason
			if r.Recovered {
				note = fmt.Sprintf("recovered, %d ms lost", r.LostMs)
			}
			if r.LegalHold {
				note = "held"
			}
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.1f\t%s\n", r.ID, r.State, r.AskedAt.Format(time.RFC3339),
				(time.Duration(r.DurationMs) * time.Millisecond).Round(time.Second), float64(r.Bytes)/1e6, note)
			return err
		})
		return errors.Join(err, w.Flush())
	})
}

// verifyRecordings reads finished recordings whole: all, or those named.
func verifyRecordings(ctx context.Context, env environment, args []string) error {
	s := newSettings("recordings verify", env)
	id := s.String("id", "", "only this recording")
	cfg, err := s.load(args)
	if err != nil {
		return err
	}
	return withArchive(ctx, env, cfg, func(a archive) error {
		failed, found := 0, 0
		err := a.each(ctx, func(r recording.Recording) error {
			if r.State != recording.Ready || *id != "" && r.ID != *id {
				return nil
			}
			found++
			key, err := a.keys.Get(r.ID)
			tracks := 0
			if err == nil {
				tl, verr := final.Verify(ctx, a.blobs, key, r.ID)
				tracks, err = len(tl.Tracks), verr
			}
			if err != nil {
				failed++
				fmt.Fprintf(env.stdout, "FAIL %s  %v\n", r.ID, err)
				return ctx.Err()
			}
			fmt.Fprintf(env.stdout, "pass %s  %d tracks, %.1f MB\n", r.ID, tracks, float64(r.Bytes)/1e6)
			return nil
		})
		switch {
		case err != nil:
			return err
		case *id != "" && found == 0:
			return fmt.Errorf("there is no finished recording %s", *id)
		case failed > 0:
			fmt.Fprintf(env.stdout, "%d of %d recordings are damaged\n", failed, found)
			return errReported
		}
		fmt.Fprintf(env.stdout, "%d recordings are whole\n", found)
		return nil
	})
}

// exportRecording writes a recording as standard files to a path of the
// operator's.
func exportRecording(ctx context.Context, env environment, args []string) error {
	s := newSettings("recordings export", env)
	id := s.String("id", "", "the recording")
	kind := s.String("kind", "tracks", "tracks (a ZIP) or combined (one WebM, needs ffmpeg)")
	out := s.String("out", "", "file to make")
	cfg, err := s.load(args)
	if err != nil {
		return err
	}
	switch {
	case *id == "" || *out == "":
		return usageError("--id and --out are needed")
	case *kind != "tracks" && *kind != "combined":
		return usageError("--kind: expected tracks or combined")
	}
	return withArchive(ctx, env, cfg, func(a archive) (err error) {
		r, err := a.service.Get(ctx, operator, *id)
		if err != nil {
			return err
		}
		if r.State != recording.Ready {
			return fmt.Errorf("recording %s is %s", r.ID, r.State)
		}
		key, err := a.keys.Get(*id)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() {
			if err = errors.Join(err, f.Close()); err != nil {
				err = errors.Join(err, os.Remove(*out))
			}
		}()
		if *kind == "combined" {
			err = final.ExportCombined(ctx, final.CombinedOptions{Store: a.blobs, Key: key, Recording: *id, Scratch: liveDir(cfg)}, f)
		} else {
			err = final.ExportTracks(ctx, a.blobs, key, *id, f, nil)
		}
		if err != nil {
			return err
		}
		if err := a.service.Taken(ctx, *id, *kind, operator.ID); err != nil {
			return err
		}
		fmt.Fprintf(env.stdout, "%s is in %s\n", *id, *out)
		return nil
	})
}

// eraseRecording destroys the key of a recording, then its files and what was
// written beside it, and prints what proves it.
func eraseRecording(ctx context.Context, env environment, args []string) error {
	s := newSettings("recordings erase", env)
	id := s.String("id", "", "the recording")
	reason := s.String("reason", "", "why, for the record")
	cfg, err := s.load(args)
	if err != nil {
		return err
	}
	if *id == "" || *reason == "" {
		return usageError("--id and --reason are needed")
	}
	return withArchive(ctx, env, cfg, func(a archive) error {
		_, err := a.retain.Erase(ctx, operator, *id, *reason, "")
		if f := fault.As(err); f != nil {
			return errors.New(f.Message)
		}
		if err != nil {
			return err
		}
		// The job is the one a server runs; whoever comes first does it.
		if err := a.jobs.Drain(ctx); err != nil {
			return err
		}
		e, err := a.retain.ErasureOf(ctx, operator, *id)
		if err != nil {
			return err
		}
		if e.Proof == nil {
			fmt.Fprintf(env.stdout, "%s is being erased by the server that runs\n", *id)
			return nil
		}
		fmt.Fprintf(env.stdout, "%s is erased: its key is destroyed, proof %s\n", *id, e.Hash)
		return nil
	})
}

// rotateKeys wraps every key with a new master key and forgets the old one.
func rotateKeys(ctx context.Context, env environment, args []string) error {
	cfg, err := newSettings("recordings rotate-keys", env).load(args)
	if err != nil {
		return err
	}
	keys, store, err := openRecordings(cfg)
	if err != nil {
		return err
	}
	if disk, ok := store.(io.Closer); ok {
		defer disk.Close()
	}
	n, err := keys.Rotate()
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%d keys are wrapped with a new master key\n", n)
	return nil
}
