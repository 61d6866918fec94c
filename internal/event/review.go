package event

// reviewFacts are the facts of recording/review, and those of recording/retain
// that are about rules and requests; the rest of its facts are in the life of a
// recording. None carries what somebody wrote: the rows do, and they can be erased.
var reviewFacts = []Fact{
	ReviewNoteChanged{}, RecordingTagged{}, TagSetChanged{},
	ClinicalNoteSigned{}, ClinicalNoteAmended{}, ClinicalNoteShared{}, ClinicalNoteViewed{},
	TranscriptImported{}, TranscriptDeleted{},
	RetentionPolicyChanged{}, ErasureRequested{}, ErasureCancelled{}, ErasureProven{},
}

// ReviewChanged tells a person's pages that something beside a recording
// changed. What is "notes", "tags", "clinical-note" or "transcript".
type ReviewChanged struct {
	Recording string `json:"recording"`
	What      string `json:"what"`
}

func reviewChanged(people []string, recording, what string) []Notice {
	notices := make([]Notice, 0, len(people))
	for _, id := range people {
		notices = append(notices, Notice{Topic: "user:" + id, Type: "review.changed", Data: ReviewChanged{recording, what}})
	}
	return notices
}

// ReviewNoteChanged says that a note or a reply beside a recording was added,
// edited, deleted, resolved or reopened. Audience is who hears of it: the host
// and those who wrote in the thread.
type ReviewNoteChanged struct {
	Recording string   `json:"recording"`
	Note      string   `json:"note"`
	Thread    string   `json:"thread"`
	Change    string   `json:"change"`
	By        string   `json:"by"`
	Audience  []string `json:"audience"`
}

func (ReviewNoteChanged) Kind() string     { return "review.note_changed" }
func (f ReviewNoteChanged) Live() []Notice { return reviewChanged(f.Audience, f.Recording, "notes") }

// RecordingTagged says that codes were put on a recording or taken off.
type RecordingTagged struct {
	Recording string   `json:"recording"`
	Added     []string `json:"added"`
	Removed   []string `json:"removed"`
	By        string   `json:"by"`
	Audience  []string `json:"audience"`
}

func (RecordingTagged) Kind() string     { return "review.tagged" }
func (f RecordingTagged) Live() []Notice { return reviewChanged(f.Audience, f.Recording, "tags") }

// TagSetChanged says that an admin changed the practice's codes.
type TagSetChanged struct {
	Version int    `json:"version"`
	By      string `json:"by"`
}

func (TagSetChanged) Kind() string   { return "review.tag_set_changed" }
func (TagSetChanged) Live() []Notice { return nil }

// ClinicalNoteSigned says that its author signed a clinical note: it is locked.
type ClinicalNoteSigned struct {
	Recording string `json:"recording"`
	Hash      string `json:"hash"`
	By        string `json:"by"`
}

func (ClinicalNoteSigned) Kind() string { return "clinical_note.signed" }
func (f ClinicalNoteSigned) Live() []Notice {
	return reviewChanged([]string{f.By}, f.Recording, "clinical-note")
}

// ClinicalNoteAmended says that its author signed an addition to a note.
type ClinicalNoteAmended struct {
	Recording string `json:"recording"`
	Seq       int    `json:"seq"`
	Hash      string `json:"hash"`
	By        string `json:"by"`
}

func (ClinicalNoteAmended) Kind() string { return "clinical_note.amended" }
func (f ClinicalNoteAmended) Live() []Notice {
	return reviewChanged([]string{f.By}, f.Recording, "clinical-note")
}

// ClinicalNoteShared says that the author opened a note to those who treat with
// them ("team") or closed it ("author").
type ClinicalNoteShared struct {
	Recording string `json:"recording"`
	Readers   string `json:"readers"`
	By        string `json:"by"`
}

func (ClinicalNoteShared) Kind() string { return "clinical_note.shared" }
func (f ClinicalNoteShared) Live() []Notice {
	return reviewChanged([]string{f.By}, f.Recording, "clinical-note")
}

// ClinicalNoteViewed says that somebody else than the author read a note.
type ClinicalNoteViewed struct {
	Recording string `json:"recording"`
	By        string `json:"by"`
}

func (ClinicalNoteViewed) Kind() string   { return "clinical_note.viewed" }
func (ClinicalNoteViewed) Live() []Notice { return nil }

// TranscriptImported says that a transcript was put beside a recording, in
// place of another one if there was.
type TranscriptImported struct {
	Recording string   `json:"recording"`
	Cues      int      `json:"cues"`
	By        string   `json:"by"`
	Audience  []string `json:"audience"`
}

func (TranscriptImported) Kind() string { return "transcript.imported" }
func (f TranscriptImported) Live() []Notice {
	return reviewChanged(f.Audience, f.Recording, "transcript")
}

// TranscriptDeleted says that a transcript is gone.
type TranscriptDeleted struct {
	Recording string   `json:"recording"`
	By        string   `json:"by"`
	Audience  []string `json:"audience"`
}

func (TranscriptDeleted) Kind() string { return "transcript.deleted" }
func (f TranscriptDeleted) Live() []Notice {
	return reviewChanged(f.Audience, f.Recording, "transcript")
}

// RetentionPolicyChanged says that an admin changed how long recordings stay.
type RetentionPolicyChanged struct {
	Version int    `json:"version"`
	By      string `json:"by"`
}

func (RetentionPolicyChanged) Kind() string   { return "retention.policy_changed" }
func (RetentionPolicyChanged) Live() []Notice { return nil }

// ErasureRequested says that a recording is to be erased: Cause is "request",
// of By, for the person For if somebody acted for them; or "policy".
type ErasureRequested struct {
	RecordingSubject
	Cause string `json:"cause"`
	By    string `json:"by,omitempty"`
	For   string `json:"for,omitempty"`
}

func (ErasureRequested) Kind() string     { return "recording.erasure_requested" }
func (f ErasureRequested) Live() []Notice { return f.live("erasing") }

// ErasureCancelled says that a legal hold came before an erasure had begun.
type ErasureCancelled struct {
	RecordingSubject
	By string `json:"by,omitempty"`
}

func (ErasureCancelled) Kind() string     { return "recording.erasure_cancelled" }
func (f ErasureCancelled) Live() []Notice { return f.live("ready") }

// ErasureProven says that nothing of an erased recording was found any more.
// Hash is of the document that says what was destroyed.
type ErasureProven struct {
	RecordingSubject
	Hash string `json:"hash"`
}

func (ErasureProven) Kind() string     { return "recording.erasure_proven" }
func (f ErasureProven) Live() []Notice { return f.live("erased") }
