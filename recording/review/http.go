package review

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/fault"
)

type (
	empty       struct{}
	body[T any] struct{ Body T }
	list[T any] struct{ Body api.List[T] }
)

// The types below are embedded in inputs, and exported because huma skips
// embedded structs that are not.

// RecordingPath is the recording in a path.
type RecordingPath struct {
	Recording string `path:"recording" maxLength:"64"`
}

// MarkPath is a bookmark in a path.
type MarkPath struct {
	RecordingPath
	Mark string `path:"mark" maxLength:"64"`
}

// NotePath is a note in a path.
type NotePath struct {
	RecordingPath
	Note string `path:"note" maxLength:"64"`
}

// IfMatch names the version that a change is made on. The body may name it
// instead.
type IfMatch struct {
	IfMatch string `header:"If-Match" maxLength:"32" doc:"The version last seen, in quotes; or say it in the body" example:"\"3\""`
}

// version is the one the request names: 428 without, 412 if the two differ.
func (m IfMatch) version(inBody *int) (int, error) {
	if m.IfMatch == "" {
		if inBody == nil {
			return 0, fault.New(fault.PrecondRequired, "version_missing", "Say which version you change, by If-Match or in the body.")
		}
		return *inBody, nil
	}
	tag, err := strconv.Unquote(m.IfMatch)
	if err != nil || !strings.HasPrefix(m.IfMatch, `"`) {
		return 0, stale()
	}
	v, err := strconv.Atoi(tag)
	if err != nil || v < 0 || inBody != nil && *inBody != v {
		return 0, stale()
	}
	return v, nil
}

type (
	newMarkIn struct {
		RecordingPath
		Body struct {
			AtMs  int64  `json:"atMs" minimum:"0" example:"754000"`
			Label string `json:"label,omitempty" maxLength:"120" example:"first mention of the move"`
		}
	}
	markIn struct {
		MarkPath
		Body struct {
			AtMs  *int64  `json:"atMs,omitempty" minimum:"0"`
			Label *string `json:"label,omitempty" maxLength:"120"`
		}
	}
	newNoteIn struct {
		RecordingPath
		Body struct {
			AtMs     int64  `json:"atMs,omitempty" minimum:"0" doc:"A reply has the time of its thread"`
			ToMs     *int64 `json:"toMs,omitempty" minimum:"0" doc:"End of a stretch"`
			Text     string `json:"text" minLength:"1" maxLength:"4000"`
			ParentID string `json:"parentId,omitempty" maxLength:"64" doc:"The first note of the thread this replies to"`
		}
	}
	noteIn struct {
		NotePath
		Body struct {
			Text *string `json:"text,omitempty" minLength:"1" maxLength:"4000"`
			AtMs *int64  `json:"atMs,omitempty" minimum:"0" doc:"Alone, it makes a stretch a moment"`
			ToMs *int64  `json:"toMs,omitempty" minimum:"0"`
		}
	}
	resolveIn struct {
		NotePath
		Body *struct {
			Resolved bool `json:"resolved" doc:"false reopens; without a body the thread is resolved"`
		}
	}
	tagsIn struct {
		RecordingPath
		Body RecordingTags
	}
	tagSetIn struct {
		IfMatch
		Body struct {
			Version *int  `json:"version,omitempty" minimum:"0"`
			Items   []Tag `json:"items" maxItems:"200"`
		}
	}
	chartIn struct {
		RecordingPath
		IfMatch
		Body struct {
			Format   Format    `json:"format" enum:"soap,dap"`
			Sections []Section `json:"sections" maxItems:"4"`
			Version  *int      `json:"version,omitempty" minimum:"0" doc:"0 begins a note"`
		}
	}
	signIn struct {
		RecordingPath
		IfMatch
		Body struct {
			Version *int    `json:"version,omitempty" minimum:"1" doc:"What the author has read"`
			Readers Readers `json:"readers,omitempty" enum:"author,team" doc:"Who may read it; as it was if absent"`
		}
	}
	amendIn struct {
		RecordingPath
		Body struct {
			Lines []Line `json:"lines" minItems:"1" maxItems:"200"`
		}
	}
	readersIn struct {
		RecordingPath
		Body struct {
			Readers Readers `json:"readers" enum:"author,team"`
		}
	}
	psychotherapyIn struct {
		RecordingPath
		IfMatch
		Body struct {
			Text    string `json:"text" maxLength:"50000"`
			Version *int   `json:"version,omitempty" minimum:"0" doc:"0 begins a note"`
		}
	}
	searchIn struct {
		RecordingPath
		api.Page
		Q string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Words; phrases in quotes; a star for a beginning"`
	}
)

// RecordingTags are the codes on a recording.
type RecordingTags struct {
	Codes []string `json:"codes" maxItems:"50"`
}

// TranscriptBody is a transcript with its captions.
type TranscriptBody struct {
	TranscriptInfo
	Items []Caption `json:"items"`
}

var (
	staff  = api.Roles(auth.Therapist, auth.Moderator, auth.Admin)
	admins = api.Roles(auth.Admin)
)

const onRecording = "/recordings/{recording}"

// op describes an operation. What may go wrong with any recording is the same.
func op(method, path, id, summary string, status int, errors ...int) huma.Operation {
	return huma.Operation{
		Method: method, Path: "/api/v1" + path, OperationID: id, Tags: []string{"review"}, Summary: summary, DefaultStatus: status,
		Errors: append([]int{http.StatusNotFound, http.StatusGone}, errors...),
	}
}

// caller is the principal of a request; the kit let no other in.
func caller(ctx context.Context) auth.Principal {
	p, _ := auth.From(ctx)
	return p
}

// Routes registers everything of this package.
func (s *Service) Routes(a *api.Server) {
	s.markRoutes(a)
	s.noteRoutes(a)
	s.tagRoutes(a)
	s.chartRoutes(a)
	s.transcriptRoutes(a)
	api.Register(a, op(http.MethodGet, onRecording+"/analytics", "getRecordingAnalytics", "Who spoke when, in figures with their definitions", 200, 409), staff,
		func(ctx context.Context, in *RecordingPath) (*body[Analytics], error) {
			out, err := s.Analytics(ctx, caller(ctx), in.Recording)
			return &body[Analytics]{out}, err
		})
}

func (s *Service) markRoutes(a *api.Server) {
	const marks = onRecording + "/marks"
	api.Register(a, op(http.MethodGet, marks, "listMarks", "One's own bookmarks", 200), staff,
		func(ctx context.Context, in *RecordingPath) (*list[Mark], error) {
			items, err := s.Marks(ctx, caller(ctx), in.Recording)
			return &list[Mark]{api.List[Mark]{Items: items}}, err
		})
	api.Register(a, op(http.MethodPost, marks, "addMark", "Set a bookmark; the same one again answers the first", 201, 409, 422), staff,
		func(ctx context.Context, in *newMarkIn) (*body[Mark], error) {
			if in.Body.AtMs > maxAtMs {
				return nil, invalid("body.atMs", "No recording is that long.")
			}
			m, err := s.Mark(ctx, caller(ctx), in.Recording, time.Duration(in.Body.AtMs)*time.Millisecond, in.Body.Label)
			return &body[Mark]{m}, err
		})
	api.Register(a, op(http.MethodPatch, marks+"/{mark}", "changeMark", "Rename or move a bookmark", 200, 409, 422), staff,
		func(ctx context.Context, in *markIn) (*body[Mark], error) {
			m, err := s.ChangeMark(ctx, caller(ctx), in.Recording, in.Mark, MarkChange(in.Body))
			return &body[Mark]{m}, err
		})
	api.Register(a, op(http.MethodDelete, marks+"/{mark}", "deleteMark", "Take a bookmark away", 204), staff,
		func(ctx context.Context, in *struct{ MarkPath }) (*empty, error) {
			return nil, s.Unmark(ctx, caller(ctx), in.Recording, in.Mark)
		})
}

func (s *Service) noteRoutes(a *api.Server) {
	const notes = onRecording + "/notes"
	api.Register(a, op(http.MethodGet, notes, "listNotes", "Threads of a recording, inside what one may watch", 200), staff,
		func(ctx context.Context, in *RecordingPath) (*list[Note], error) {
			items, err := s.Notes(ctx, caller(ctx), in.Recording)
			return &list[Note]{api.List[Note]{Items: items}}, err
		})
	api.Register(a, op(http.MethodPost, notes, "addNote", "Comment on a moment or a stretch, or reply", 201, 409, 422), staff,
		func(ctx context.Context, in *newNoteIn) (*body[Note], error) {
			b := in.Body
			n, err := s.AddNote(ctx, caller(ctx), in.Recording, NewNote{ParentID: b.ParentID, AtMs: b.AtMs, ToMs: b.ToMs, Text: b.Text})
			return &body[Note]{n}, err
		})
	api.Register(a, op(http.MethodPatch, notes+"/{note}", "changeNote", "Rewrite or move one's own note", 200, 422), staff,
		func(ctx context.Context, in *noteIn) (*body[Note], error) {
			n, err := s.ChangeNote(ctx, caller(ctx), in.Recording, in.Note, NoteChange(in.Body))
			return &body[Note]{n}, err
		})
	api.Register(a, op(http.MethodDelete, notes+"/{note}", "deleteNote", "Delete one's own note; replies stay readable", 204), staff,
		func(ctx context.Context, in *struct{ NotePath }) (*empty, error) {
			return nil, s.DeleteNote(ctx, caller(ctx), in.Recording, in.Note)
		})
	api.Register(a, op(http.MethodPost, notes+"/{note}/resolve", "resolveNote", "Resolve or reopen a thread", 200, 409), staff,
		func(ctx context.Context, in *resolveIn) (*body[Note], error) {
			n, err := s.ResolveNote(ctx, caller(ctx), in.Recording, in.Note, in.Body == nil || in.Body.Resolved)
			return &body[Note]{n}, err
		})
}

func (s *Service) tagRoutes(a *api.Server) {
	api.Register(a, op(http.MethodGet, "/review/tags", "getTagSet", "The practice's codes", 200), staff,
		func(ctx context.Context, _ *empty) (*body[TagSet], error) {
			set, err := s.TagSet(ctx)
			return &body[TagSet]{set}, err
		})
	api.Register(a, op(http.MethodPut, "/review/tags", "setTagSet", "Replace the practice's codes", 200, 409, 412, 422, 428), admins,
		func(ctx context.Context, in *tagSetIn) (*body[TagSet], error) {
			version, err := in.version(in.Body.Version)
			if err != nil {
				return nil, err
			}
			set, err := s.SetTagSet(ctx, caller(ctx), version, in.Body.Items)
			return &body[TagSet]{set}, err
		})
	api.Register(a, op(http.MethodGet, onRecording+"/tags", "getRecordingTags", "Codes on a recording", 200), staff,
		func(ctx context.Context, in *RecordingPath) (*body[RecordingTags], error) {
			codes, err := s.Tags(ctx, caller(ctx), in.Recording)
			return &body[RecordingTags]{RecordingTags{codes}}, err
		})
	api.Register(a, op(http.MethodPut, onRecording+"/tags", "setRecordingTags", "Replace the codes on a recording", 200, 422), staff,
		func(ctx context.Context, in *tagsIn) (*body[RecordingTags], error) {
			codes, err := s.SetTags(ctx, caller(ctx), in.Recording, in.Body.Codes)
			return &body[RecordingTags]{RecordingTags{codes}}, err
		})
}

func (s *Service) chartRoutes(a *api.Server) {
	const note = onRecording + "/clinical-note"
	large := func(o huma.Operation) huma.Operation {
		o.MaxBodyBytes = 1 << 20
		return o
	}
	// answer names the version for the next If-Match.
	answer := func(ctx context.Context, n ClinicalNote, err error) (*body[ClinicalNote], error) {
		if err == nil {
			api.SetHeader(ctx, "ETag", strconv.Quote(strconv.Itoa(n.Version)))
		}
		return &body[ClinicalNote]{n}, err
	}
	api.Register(a, op(http.MethodGet, note, "getClinicalNote", "The clinical note of a session", 200, 409), staff,
		func(ctx context.Context, in *RecordingPath) (*body[ClinicalNote], error) {
			n, err := s.ClinicalNote(ctx, caller(ctx), in.Recording)
			return answer(ctx, n, err)
		})
	api.Register(a, large(op(http.MethodPut, note, "saveClinicalNote", "Save a draft on the version last seen", 200, 409, 412, 422, 428)), staff,
		func(ctx context.Context, in *chartIn) (*body[ClinicalNote], error) {
			version, err := in.version(in.Body.Version)
			if err != nil {
				return nil, err
			}
			n, err := s.SaveClinicalNote(ctx, caller(ctx), in.Recording, version, in.Body.Format, in.Body.Sections)
			return answer(ctx, n, err)
		})
	api.Register(a, op(http.MethodPost, note+"/sign", "signClinicalNote", "Sign a note, which locks it", 200, 409, 412, 428), staff,
		func(ctx context.Context, in *signIn) (*body[ClinicalNote], error) {
			version, err := in.version(in.Body.Version)
			if err != nil {
				return nil, err
			}
			n, err := s.SignClinicalNote(ctx, caller(ctx), in.Recording, version, in.Body.Readers)
			return answer(ctx, n, err)
		})
	api.Register(a, large(op(http.MethodPost, note+"/amendments", "amendClinicalNote", "Add signed lines to a signed note", 201, 409, 422)), staff,
		func(ctx context.Context, in *amendIn) (*body[ClinicalNote], error) {
			n, err := s.AmendClinicalNote(ctx, caller(ctx), in.Recording, in.Body.Lines)
			return answer(ctx, n, err)
		})
	api.Register(a, op(http.MethodPut, note+"/readers", "openClinicalNote", "Say who reads a note once it is signed", 200), staff,
		func(ctx context.Context, in *readersIn) (*body[ClinicalNote], error) {
			n, err := s.OpenClinicalNote(ctx, caller(ctx), in.Recording, in.Body.Readers)
			return answer(ctx, n, err)
		})
	api.Register(a, op(http.MethodGet, note+"/versions", "listClinicalNoteVersions", "The history of one's own draft, newest first", 200), staff,
		func(ctx context.Context, in *RecordingPath) (*list[NoteVersion], error) {
			items, err := s.ClinicalNoteVersions(ctx, caller(ctx), in.Recording)
			return &list[NoteVersion]{api.List[NoteVersion]{Items: items}}, err
		})

	const private = onRecording + "/psychotherapy-note"
	api.Register(a, op(http.MethodGet, private, "getPsychotherapyNote", "One's own psychotherapy note; nobody else's", 200), staff,
		func(ctx context.Context, in *RecordingPath) (*body[PsychotherapyNote], error) {
			n, err := s.PsychotherapyNote(ctx, caller(ctx), in.Recording)
			return &body[PsychotherapyNote]{n}, err
		})
	api.Register(a, large(op(http.MethodPut, private, "savePsychotherapyNote", "Save it on the version last seen", 200, 412, 422, 428)), staff,
		func(ctx context.Context, in *psychotherapyIn) (*body[PsychotherapyNote], error) {
			version, err := in.version(in.Body.Version)
			if err != nil {
				return nil, err
			}
			n, err := s.SavePsychotherapyNote(ctx, caller(ctx), in.Recording, version, in.Body.Text)
			return &body[PsychotherapyNote]{n}, err
		})
	api.Register(a, op(http.MethodDelete, private, "deletePsychotherapyNote", "Forget it", 204), staff,
		func(ctx context.Context, in *RecordingPath) (*empty, error) {
			return nil, s.DeletePsychotherapyNote(ctx, caller(ctx), in.Recording)
		})
}

func (s *Service) transcriptRoutes(a *api.Server) {
	const transcript = onRecording + "/transcript"
	api.Register(a, op(http.MethodGet, transcript, "getTranscript", "The transcript, inside what one may watch", 200), staff,
		func(ctx context.Context, in *RecordingPath) (*body[TranscriptBody], error) {
			info, items, err := s.Transcript(ctx, caller(ctx), in.Recording)
			return &body[TranscriptBody]{TranscriptBody{info, items}}, err
		})
	api.Register(a, op(http.MethodGet, transcript+"/search", "searchTranscript", "Captions with some words, in order of time", 200, 422), staff,
		func(ctx context.Context, in *searchIn) (*list[Hit], error) {
			hits, err := s.SearchTranscript(ctx, caller(ctx), in.Recording, in.Q, in.Page)
			return &list[Hit]{hits}, err
		})
	api.Register(a, op(http.MethodDelete, transcript, "deleteTranscript", "Forget the transcript", 204), staff,
		func(ctx context.Context, in *RecordingPath) (*empty, error) {
			return nil, s.DeleteTranscript(ctx, caller(ctx), in.Recording)
		})
	// text/vtt in and out is no JSON, so these two read and write themselves.
	a.Raw(http.MethodPut, "/api/v1"+transcript, staff, s.putTranscript)
	a.Raw(http.MethodGet, "/api/v1"+transcript+"/file", staff, s.getTranscriptFile)
}

func (s *Service) putTranscript(c *gin.Context) {
	info, err := s.uploadTranscript(c)
	if err != nil {
		api.WriteProblem(c.Writer, c.Request, err)
		return
	}
	c.JSON(http.StatusOK, info)
}

// uploadTime is how long a transcript may take to arrive.
const uploadTime = 30 * time.Second

func (s *Service) uploadTranscript(c *gin.Context) (TranscriptInfo, error) {
	kind, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "text/vtt" || charset != "" && !strings.EqualFold(charset, "utf-8") || c.GetHeader("Content-Encoding") != "" {
		return TranscriptInfo{}, fault.New(fault.Unsupported, "unsupported_media_type", "Send text/vtt in UTF-8, uncompressed.")
	}
	recording, p := c.Param("recording"), caller(c.Request.Context())
	// Whoever may not is told before they send megabytes.
	if _, err := s.permit(c.Request.Context(), p, recording, judge); err != nil {
		return TranscriptInfo{}, err
	}
	// A writer without a connection, as in tests, cannot be slow either.
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(uploadTime))
	file, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxVTT))
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TranscriptInfo{}, fault.Newf(fault.TooLarge, "too_large", "A transcript has %d bytes at most.", tooBig.Limit)
	}
	if err != nil {
		return TranscriptInfo{}, fault.New(fault.Malformed, "body_cut", "The transcript ended early or came too slowly.")
	}
	return s.ImportTranscript(c.Request.Context(), p, recording, file)
}

func (s *Service) getTranscriptFile(c *gin.Context) {
	file, err := s.ExportTranscript(c.Request.Context(), caller(c.Request.Context()), c.Param("recording"))
	if err != nil {
		api.WriteProblem(c.Writer, c.Request, err)
		return
	}
	c.Header("Content-Disposition", `attachment; filename="transcript.vtt"`)
	c.Data(http.StatusOK, "text/vtt; charset=utf-8", file)
}
