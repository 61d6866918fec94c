package retain

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/fault"
)

type (
	empty       struct{}
	body[T any] struct{ Body T }
	list[T any] struct{ Body api.List[T] }
)

// RecordingPath is the recording in a path. It is exported because huma skips
// embedded structs that are not.
type RecordingPath struct {
	Recording string `path:"recording" maxLength:"64"`
}

type (
	reasonIn struct {
		RecordingPath
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"For the record"`
		}
	}
	eraseIn struct {
		RecordingPath
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"For the record; part of the proof"`
			For    string `json:"for,omitempty" maxLength:"64" doc:"The person in the recording who asked for it"`
		}
	}
	policiesIn struct {
		IfMatch string `header:"If-Match" maxLength:"32" doc:"The version last seen, in quotes; or say it in the body"`
		Body    struct {
			Version    *int   `json:"version,omitempty" minimum:"0"`
			NoticeDays int    `json:"noticeDays,omitempty" minimum:"1" maximum:"90" default:"7"`
			Rules      []Rule `json:"rules" maxItems:"3"`
		}
	}
	previewIn struct {
		Body struct {
			NoticeDays int    `json:"noticeDays,omitempty" minimum:"1" maximum:"90" default:"7"`
			Rules      []Rule `json:"rules" maxItems:"3"`
		}
	}
)

// Due is a recording that was announced to be erased.
type Due struct {
	RecordingID string    `json:"recordingId"`
	Kind        string    `json:"kind"`
	StoppedAt   time.Time `json:"stoppedAt"`
	NoticedAt   time.Time `json:"noticedAt"`
	PurgeAt     time.Time `json:"purgeAt"`
}

var (
	everybody = api.SignedIn
	staff     = api.Roles(auth.Therapist, auth.Moderator, auth.Admin)
	admins    = api.Roles(auth.Admin)
)

func op(method, path, id, summary string, status int, errors ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: "/api/v1" + path, OperationID: id, Tags: []string{"retention"}, Summary: summary, DefaultStatus: status, Errors: errors,
	}
}

// caller is the principal of a request; the kit let no other in.
func caller(ctx context.Context) auth.Principal {
	p, _ := auth.From(ctx)
	return p
}

// Routes registers everything of this package.
func (s *Service) Routes(a *api.Server) {
	const recording = "/recordings/{recording}"
	api.Register(a, op(http.MethodGet, recording+"/hold", "getRecordingHold", "Whether a legal hold keeps a recording, and its ledger", 200, 404), staff,
		func(ctx context.Context, in *RecordingPath) (*body[Hold], error) {
			h, err := s.HoldOf(ctx, caller(ctx), in.Recording)
			return &body[Hold]{h}, err
		})
	api.Register(a, op(http.MethodPut, recording+"/hold", "holdRecording", "Put a recording under legal hold", 200, 404, 409, 410, 422), admins,
		func(ctx context.Context, in *reasonIn) (*body[Hold], error) {
			h, err := s.Hold(ctx, caller(ctx), in.Recording, in.Body.Reason)
			return &body[Hold]{h}, err
		})
	api.Register(a, op(http.MethodDelete, recording+"/hold", "releaseRecording", "Release a legal hold", 200, 404, 409, 410, 422), admins,
		func(ctx context.Context, in *reasonIn) (*body[Hold], error) {
			h, err := s.Release(ctx, caller(ctx), in.Recording, in.Body.Reason)
			return &body[Hold]{h}, err
		})
	api.Register(a, op(http.MethodDelete, recording, "eraseRecording", "Erase a recording for good", 202, 404, 409, 410, 422, 423), admins,
		func(ctx context.Context, in *eraseIn) (*body[Erasure], error) {
			e, err := s.Erase(ctx, caller(ctx), in.Recording, in.Body.Reason, in.Body.For)
			return &body[Erasure]{e}, err
		})
	api.Register(a, op(http.MethodGet, recording+"/erasure", "getRecordingErasure", "How an erasure stands; its proof when it is done", 200, 404), everybody,
		func(ctx context.Context, in *RecordingPath) (*body[Erasure], error) {
			e, err := s.ErasureOf(ctx, caller(ctx), in.Recording)
			return &body[Erasure]{e}, err
		})
	api.Register(a, op(http.MethodGet, "/retention/policies", "getRetentionPolicies", "How long recordings stay", 200), admins,
		func(ctx context.Context, _ *empty) (*body[Policies], error) {
			p, err := s.Policies(ctx)
			return &body[Policies]{p}, err
		})
	api.Register(a, op(http.MethodPut, "/retention/policies", "setRetentionPolicies", "Change how long recordings stay", 200, 412, 422, 428), admins,
		func(ctx context.Context, in *policiesIn) (*body[Policies], error) {
			version, err := version(in.IfMatch, in.Body.Version)
			if err != nil {
				return nil, err
			}
			p, err := s.SetPolicies(ctx, caller(ctx), Policies{version, in.Body.NoticeDays, in.Body.Rules})
			return &body[Policies]{p}, err
		})
	api.Register(a, op(http.MethodPost, "/retention/preview", "previewRetention", "What rules would do now, without doing it", 200, 422), admins,
		func(ctx context.Context, in *previewIn) (*body[Preview], error) {
			p, err := s.Preview(ctx, Policies{NoticeDays: in.Body.NoticeDays, Rules: in.Body.Rules})
			return &body[Preview]{p}, err
		})
	api.Register(a, op(http.MethodGet, "/retention/due", "listRetentionDue", "Recordings announced to be erased: all for admins, else those one may watch", 200, 422), staff,
		func(ctx context.Context, in *struct{ api.Page }) (*list[Due], error) {
			l, err := s.Due(ctx, caller(ctx), in.Page)
			return &list[Due]{l}, err
		})
}

// version is the one a request names: 428 without, 412 if its two ways differ.
func version(ifMatch string, inBody *int) (int, error) {
	if ifMatch == "" {
		if inBody == nil {
			return 0, fault.New(fault.PrecondRequired, "version_missing", "Say which version you change, by If-Match or in the body.")
		}
		return *inBody, nil
	}
	var v int
	if _, err := fmt.Sscanf(ifMatch, `"%d"`, &v); err != nil || fmt.Sprintf(`"%d"`, v) != ifMatch || inBody != nil && *inBody != v {
		return 0, stale()
	}
	return v, nil
}

// Due lists what was announced, by its time: everything for an admin, for others
// what they may watch.
func (s *Service) Due(ctx context.Context, p auth.Principal, page api.Page) (api.List[Due], error) {
	after, err := page.After(2)
	if err != nil {
		return api.List[Due]{}, err
	}
	var from dueRow
	if after != nil {
		at, err := time.Parse(time.RFC3339Nano, after[0])
		if err != nil {
			return api.List[Due]{}, api.BadCursor()
		}
		from.PurgeAt, from.RecordingID = at.UTC(), after[1]
	}
	var visible []dueRow
	for len(visible) <= page.Limit {
		var rows []dueRow
		q := s.DB.Read().NewSelect().Model(&rows).OrderExpr("rd.purge_at, rd.recording_id").Limit(200)
		if from.RecordingID != "" {
			q = q.Where("rd.purge_at > ? OR (rd.purge_at = ? AND rd.recording_id > ?)", from.PurgeAt, from.PurgeAt, from.RecordingID)
		}
		if err := q.Scan(ctx); err != nil {
			return api.List[Due]{}, fmt.Errorf("list due: %w", err)
		}
		for _, r := range rows {
			from = dueRow{PurgeAt: r.PurgeAt.UTC(), RecordingID: r.RecordingID}
			if !p.Is(auth.Admin) {
				g, err := s.Recordings.Access(ctx, p, r.RecordingID)
				if fault.Is(err, fault.NotFound) || err == nil && g.Level != "full" {
					continue
				}
				if err != nil {
					return api.List[Due]{}, wrap("list due", err)
				}
			}
			visible = append(visible, r)
		}
		if len(rows) < 200 {
			break
		}
	}
	return api.Cut(visible, page.Limit, func(r dueRow) Due {
		return Due{r.RecordingID, r.Kind, r.StoppedAt.UTC(), r.NoticedAt.UTC(), r.PurgeAt.UTC()}
	}, func(r dueRow) api.Cursor {
		return api.Cursor{r.PurgeAt.UTC().Format(time.RFC3339Nano), r.RecordingID}
	}), nil
}
