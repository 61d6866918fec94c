package main

import (
	"context"
	"time"

	"mentara/configs"
	"mentara/internal/auth"
	"mentara/recording"
	"mentara/recording/retain"
	"mentara/recording/review"
)

// backupsKept is what a proof of erasure promises of backups.
func backupsKept(cfg configs.Config) time.Duration {
	return time.Duration(cfg.Recording.BackupDays) * 24 * time.Hour
}

// reviewed lets reviews ask about recordings.
type reviewed struct{ *recording.Service }

func (r reviewed) Access(ctx context.Context, p auth.Principal, id string) (review.Grant, error) {
	g, err := r.Service.Access(ctx, p, id)
	if err != nil {
		return review.Grant{}, err
	}
	return review.Grant{
		Access: review.Access(g.Level), FromMs: g.FromMs, ToMs: g.ToMs, DurationMs: g.Recording.DurationMs,
		Host: g.Recording.Host.ID, Erased: g.Recording.State == recording.Erased,
	}, nil
}

// retained lets retention ask about recordings.
type retained struct{ *recording.Service }

func (r retained) Access(ctx context.Context, p auth.Principal, id string) (retain.Grant, error) {
	g, err := r.Service.Access(ctx, p, id)
	if err != nil {
		return retain.Grant{}, err
	}
	out := retain.Grant{Level: string(g.Level), Erased: g.Recording.State == recording.Erased}
	switch g.Recording.State {
	case recording.Asking, recording.Live, recording.Finalising:
		out.Live = true
	}
	for _, who := range g.Recording.People {
		out.People = append(out.People, who.Identity)
	}
	return out, nil
}

func (r retained) StoredBefore(ctx context.Context, before time.Time, kind string, limit int) ([]retain.Stored, error) {
	found, err := r.Service.StoredBefore(ctx, before, kind, limit)
	if err != nil {
		return nil, err
	}
	out := make([]retain.Stored, len(found))
	for i, s := range found {
		out[i] = retain.Stored{ID: s.ID, Kind: s.Kind, StoppedAt: s.StoppedAt}
	}
	return out, nil
}

// beside lets recordings show what is written beside them.
type beside struct{ *review.Service }

func (b beside) Mark(ctx context.Context, p auth.Principal, id string, at time.Duration, label string) (recording.RecordingMark, error) {
	m, err := b.Service.Mark(ctx, p, id, at, label)
	return recording.RecordingMark{ID: m.ID, AtMs: m.AtMs, Label: m.Label}, err
}
