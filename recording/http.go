package recording

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/event"
	"mentara/recording/timeline"
)

// Inputs and outputs of the routes.
type (
	RecordingPath struct {
		Recording string `path:"recording" maxLength:"64"`
	}
	RecordingRoomPath struct {
		Room string `path:"room" maxLength:"64"`
	}
	startInput struct {
		RecordingRoomPath
		Body *struct {
			Purpose string `json:"purpose,omitempty" maxLength:"200" doc:"The practice's own if absent"`
		}
	}
	recordingBody struct{ Body Recording }

	listInput struct {
		api.Page
		From   time.Time `query:"from" doc:"Asked for at or after this time"`
		To     time.Time `query:"to" doc:"Asked for before this time"`
		Person string    `query:"person" maxLength:"64" doc:"Recordings with this person"`
		State  []State   `query:"state" enum:"asking,recording,finalising,ready,failed,cancelled,erased" maxItems:"7"`
		Text   string    `query:"q" maxLength:"100" doc:"Words of the title or of a name"`
		Tag    string    `query:"tag" maxLength:"40" doc:"Recordings with this code, for therapists"`
	}
	listOutput struct{ Body api.List[Recording] }

	meetingInput struct {
		Meeting string `path:"meeting" maxLength:"64"`
	}
	// RecordingList is every recording of a meeting.
	RecordingList struct {
		Items []Recording `json:"items"`
	}
	recordingsOutput struct{ Body RecordingList }

	timelineOutput struct{ Body RecordingTimeline }
	// RecordingTimeline is the timeline document of a recording (FORMAT.md).
	RecordingTimeline struct {
		Version    int               `json:"version"`
		Recording  string            `json:"recording"`
		Room       string            `json:"room"`
		Meeting    string            `json:"meeting"`
		StartedAt  time.Time         `json:"startedAt" doc:"Millisecond 0"`
		DurationMs int64             `json:"durationMs"`
		Recovered  bool              `json:"recovered"`
		LostMs     int64             `json:"lostMs"`
		People     []TimelinePerson  `json:"people"`
		Tracks     []TimelineTrack   `json:"tracks"`
		Levels     []TimelineLevels  `json:"levels"`
		Events     []TimelineEvent   `json:"events"`
		Gaps       []TimelineGap     `json:"gaps"`
		Quality    []TimelineQuality `json:"quality"`
		Consents   []TimelineConsent `json:"consents"`
	}
	// The parts of a timeline, by names that are theirs in the whole API.
	TimelinePerson  timeline.Person
	TimelineTrack   timeline.Track
	TimelineLevels  timeline.Levels
	TimelineEvent   timeline.Event
	TimelineGap     timeline.Gap
	TimelineQuality timeline.Quality
	TimelineConsent timeline.Consent

	playOutput struct{ Body Play }
	// WatchedReport is what a player showed since its last report.
	WatchedReport struct {
		Ranges []event.WatchedRange `json:"ranges" maxItems:"100" doc:"Empty while it is paused"`
	}
	watchedInput struct {
		RecordingPath
		Play string `path:"play" maxLength:"64"`
		Body WatchedReport
	}

	// ConsentList is the ledger of a recording, in order.
	ConsentList struct {
		Items []ConsentEntry `json:"items"`
	}
	consentsOutput struct{ Body ConsentList }
	reviewInput    struct {
		RecordingPath
		Body struct {
			Decision Consent `json:"decision" enum:"agreed,withdrawn" doc:"Whether one's own part may be watched from now on"`
		}
	}

	// ViewerList is who watched a recording.
	ViewerList struct {
		Items []Viewer `json:"items"`
	}
	viewersOutput struct{ Body ViewerList }

	shareInput struct {
		RecordingPath
		Body NewShare
	}
	shareOutput struct{ Body RecordingShare }
	// ShareList is with whom a recording is, or was, shared.
	ShareList struct {
		Items []RecordingShare `json:"items"`
	}
	sharesOutput struct{ Body ShareList }
	sharePath    struct {
		RecordingPath
		Share string `path:"share" maxLength:"64"`
	}

	exportInput struct {
		RecordingPath
		Body struct {
			Kind string `json:"kind" enum:"tracks,combined"`
		}
	}
	exportOutput struct{ Body RecordingExport }
	// ExportList is the copies of a recording.
	ExportList struct {
		Items []RecordingExport `json:"items"`
	}
	exportsOutput struct{ Body ExportList }
	exportPath    struct {
		RecordingPath
		Export string `path:"export" maxLength:"64"`
	}
	nothing struct{}
)

// Routes registers the REST door.
func (s *Service) Routes(a *api.Server) {
	get := func(id, path, summary string) huma.Operation {
		return operation(http.MethodGet, id, path, summary, http.StatusOK)
	}
	post := func(id, path, summary string, status int) huma.Operation {
		return operation(http.MethodPost, id, path, summary, status)
	}
	remove := func(id, path, summary string) huma.Operation {
		return operation(http.MethodDelete, id, path, summary, http.StatusNoContent)
	}
	const (
		room = "/api/v1/rooms/{room}/recordings"
		one  = "/api/v1/recordings/{recording}"
	)
	api.Register(a, post("startRecording", room, "Ask everybody in a room to be recorded", 201), api.AnyPrincipal, s.startRecording)
	api.Register(a, post("stopRecording", room+"/stop", "Stop the recording of a room", 200), api.AnyPrincipal, s.stopRecording)
	api.Register(a, get("listMeetingRecordings", "/api/v1/meetings/{meeting}/recordings", "List a meeting's recordings"), api.SignedIn, s.listMeetingRecordings)
	api.Register(a, get("listRecordings", "/api/v1/recordings", "List recordings, newest first"), api.SignedIn, s.listRecordings)
	api.Register(a, get("getRecording", one, "Get a recording"), api.SignedIn, s.getRecording)
	api.Register(a, get("getRecordingTimeline", one+"/timeline", "Get what happened when"), api.SignedIn, s.getTimeline)
	api.Register(a, post("openRecordingPlay", one+"/plays", "Open a recording to watch it", 201), api.SignedIn, s.openPlay)
	api.Register(a, post("reportWatched", one+"/plays/{play}/watched", "Report what was watched, every five seconds", 204), api.SignedIn, s.reportWatched)
	api.Register(a, get("listRecordingConsents", one+"/consents", "List what everybody decided; one's own for clients"), api.SignedIn, s.listConsents)
	api.Register(a, post("decideRecordingReview", one+"/consents", "Decide whether one's own part may be watched", 204), api.SignedIn, s.decideReview)
	api.Register(a, get("listRecordingViewers", one+"/viewers", "List who watched, and what"), api.SignedIn, s.listViewers)
	api.Register(a, get("listRecordingShares", one+"/shares", "List with whom a recording is shared"), api.SignedIn, s.listShares)
	api.Register(a, post("shareRecording", one+"/shares", "Let a colleague watch", 201), api.SignedIn, s.shareRecording)
	api.Register(a, remove("unshareRecording", one+"/shares/{share}", "End a share"), api.SignedIn, s.unshareRecording)
	api.Register(a, get("listRecordingExports", one+"/exports", "List copies of a recording"), api.SignedIn, s.listExports)
	api.Register(a, post("exportRecording", one+"/exports", "Make a copy that can be taken away", 202), api.SignedIn, s.exportRecording)
	api.Register(a, get("getRecordingExport", one+"/exports/{export}", "Get how far a copy is"), api.SignedIn, s.getExport)
	api.Register(a, remove("removeRecordingExport", one+"/exports/{export}", "Remove a copy"), api.SignedIn, s.removeExport)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		a.Raw(method, one+"/tracks/{track}/media", api.SignedIn, s.media)
		a.Raw(method, one+"/exports/{export}/file", api.SignedIn, s.file)
	}
}

func operation(method, id, path, summary string, status int) huma.Operation {
	return huma.Operation{
		Method: method, OperationID: id, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{"recordings"},
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusGone},
	}
}

// caller is the principal of a request; Access has seen to it that there is one.
func caller(ctx context.Context) auth.Principal {
	p, _ := auth.From(ctx)
	return p
}

// Get is a recording as p may see it.
func (s *Service) Get(ctx context.Context, p auth.Principal, id string) (Recording, error) {
	g, err := s.Access(ctx, p, id)
	return g.Recording, err
}

// live is a recording as a host sees it who has just started or stopped it.
func (s *Service) fresh(ctx context.Context, id string) (Recording, error) {
	r, err := s.store.get(ctx, s.DB.Read(), id)
	if err != nil {
		return Recording{}, err
	}
	people, err := s.store.people(ctx, s.DB.Read(), id)
	v := view(r, people[id])
	v.Access = Full
	return v, err
}

func (s *Service) startRecording(ctx context.Context, in *startInput) (*recordingBody, error) {
	purpose := ""
	if in.Body != nil {
		purpose = in.Body.Purpose
	}
	st, err := s.Start(ctx, caller(ctx), in.Room, purpose)
	if err != nil {
		return nil, err
	}
	r, err := s.fresh(ctx, st.ID)
	return &recordingBody{r}, err
}

func (s *Service) stopRecording(ctx context.Context, in *RecordingRoomPath) (*recordingBody, error) {
	st, err := s.Stop(ctx, caller(ctx), in.Room)
	if err != nil {
		return nil, err
	}
	r, err := s.fresh(ctx, st.ID)
	return &recordingBody{r}, err
}

func (s *Service) listMeetingRecordings(ctx context.Context, in *meetingInput) (*recordingsOutput, error) {
	items, err := s.OfMeeting(ctx, caller(ctx), in.Meeting)
	return &recordingsOutput{RecordingList{items}}, err
}

func (s *Service) listRecordings(ctx context.Context, in *listInput) (*listOutput, error) {
	cursor, err := in.After(2)
	if err != nil {
		return nil, err
	}
	q := Query{From: in.From, To: in.To, Person: in.Person, Text: in.Text, Tag: in.Tag, States: in.State, Limit: in.Limit}
	if cursor != nil {
		at, err := time.Parse(time.RFC3339Nano, cursor[0])
		if err != nil {
			return nil, api.BadCursor()
		}
		q.After = &mark{at.UTC(), cursor[1]}
	}
	items, next, err := s.List(ctx, caller(ctx), q)
	out := &listOutput{api.List[Recording]{Items: items}}
	if next != nil {
		out.Body.Next = api.Cursor{next.AskedAt.Format(time.RFC3339Nano), next.ID}.String()
	}
	return out, err
}

func (s *Service) getRecording(ctx context.Context, in *RecordingPath) (*recordingBody, error) {
	r, err := s.Get(ctx, caller(ctx), in.Recording)
	return &recordingBody{r}, err
}

func (s *Service) getTimeline(ctx context.Context, in *RecordingPath) (*timelineOutput, error) {
	tl, err := s.TimelineFor(ctx, caller(ctx), in.Recording)
	return &timelineOutput{RecordingTimeline{
		Version: tl.Version, Recording: tl.Recording, Room: tl.Room, Meeting: tl.Meeting, StartedAt: tl.StartedAt,
		DurationMs: tl.DurationMs, Recovered: tl.Recovered, LostMs: tl.LostMs,
		People:   each(tl.People, func(v timeline.Person) TimelinePerson { return TimelinePerson(v) }),
		Tracks:   each(tl.Tracks, func(v timeline.Track) TimelineTrack { return TimelineTrack(v) }),
		Levels:   each(tl.Levels, func(v timeline.Levels) TimelineLevels { return TimelineLevels(v) }),
		Events:   each(tl.Events, func(v timeline.Event) TimelineEvent { return TimelineEvent(v) }),
		Gaps:     each(tl.Gaps, func(v timeline.Gap) TimelineGap { return TimelineGap(v) }),
		Quality:  each(tl.Quality, func(v timeline.Quality) TimelineQuality { return TimelineQuality(v) }),
		Consents: each(tl.Consents, func(v timeline.Consent) TimelineConsent { return TimelineConsent(v) }),
	}}, err
}

func each[F, T any](list []F, as func(F) T) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = as(v)
	}
	return out
}

func (s *Service) openPlay(ctx context.Context, in *RecordingPath) (*playOutput, error) {
	p, err := s.OpenPlay(ctx, caller(ctx), in.Recording)
	return &playOutput{p}, err
}

func (s *Service) reportWatched(ctx context.Context, in *watchedInput) (*nothing, error) {
	return &nothing{}, s.Watched(ctx, caller(ctx), in.Recording, in.Play, in.Body.Ranges)
}

func (s *Service) listConsents(ctx context.Context, in *RecordingPath) (*consentsOutput, error) {
	items, err := s.Consents(ctx, caller(ctx), in.Recording)
	return &consentsOutput{ConsentList{items}}, err
}

func (s *Service) decideReview(ctx context.Context, in *reviewInput) (*nothing, error) {
	return &nothing{}, s.Review(ctx, caller(ctx), in.Recording, in.Body.Decision)
}

func (s *Service) listViewers(ctx context.Context, in *RecordingPath) (*viewersOutput, error) {
	items, err := s.Viewers(ctx, caller(ctx), in.Recording)
	return &viewersOutput{ViewerList{items}}, err
}

func (s *Service) listShares(ctx context.Context, in *RecordingPath) (*sharesOutput, error) {
	items, err := s.Shares(ctx, caller(ctx), in.Recording)
	return &sharesOutput{ShareList{items}}, err
}

func (s *Service) shareRecording(ctx context.Context, in *shareInput) (*shareOutput, error) {
	sh, err := s.Share(ctx, caller(ctx), in.Recording, in.Body)
	return &shareOutput{sh}, err
}

func (s *Service) unshareRecording(ctx context.Context, in *sharePath) (*nothing, error) {
	return &nothing{}, s.Unshare(ctx, caller(ctx), in.Recording, in.Share)
}

func (s *Service) listExports(ctx context.Context, in *RecordingPath) (*exportsOutput, error) {
	items, err := s.Exports(ctx, caller(ctx), in.Recording)
	return &exportsOutput{ExportList{items}}, err
}

func (s *Service) exportRecording(ctx context.Context, in *exportInput) (*exportOutput, error) {
	e, err := s.Export(ctx, caller(ctx), in.Recording, in.Body.Kind)
	return &exportOutput{e}, err
}

func (s *Service) getExport(ctx context.Context, in *exportPath) (*exportOutput, error) {
	e, err := s.ExportOf(ctx, caller(ctx), in.Recording, in.Export)
	return &exportOutput{e}, err
}

func (s *Service) removeExport(ctx context.Context, in *exportPath) (*nothing, error) {
	return &nothing{}, s.Unexport(ctx, caller(ctx), in.Recording, in.Export)
}
