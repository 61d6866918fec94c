-- +goose Up
-- What a therapist makes of a recording. A recording's row stays when its media
-- is erased; what goes with the media and what stays is decided in
-- recording/review, so nothing here hangs on that row.

-- Recordings whose review was forgotten, so that nothing is added to it by who
-- was still writing.
CREATE TABLE review_forgotten (
    recording_id TEXT PRIMARY KEY,
    at           TIMESTAMP NOT NULL
) WITHOUT ROWID;

-- Private bookmarks.
CREATE TABLE review_marks (
    id           TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL,
    author_id    TEXT NOT NULL,
    at_ms        INTEGER NOT NULL CHECK (at_ms >= 0),
    label        TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX review_marks_moment ON review_marks (recording_id, author_id, at_ms);

-- Notes and their replies: a thread is a note and those that name it.
CREATE TABLE review_notes (
    id           TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL,
    parent_id    TEXT REFERENCES review_notes (id) ON DELETE CASCADE,
    author_id    TEXT NOT NULL,
    author_name  TEXT NOT NULL,
    at_ms        INTEGER NOT NULL CHECK (at_ms >= 0),
    to_ms        INTEGER CHECK (to_ms >= at_ms),
    body         TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    edited_at    TIMESTAMP,
    deleted_at   TIMESTAMP,
    resolved_at  TIMESTAMP,
    resolved_by  TEXT
) WITHOUT ROWID;
CREATE INDEX review_notes_recording ON review_notes (recording_id, created_at, id);
CREATE INDEX review_notes_parent ON review_notes (parent_id);

-- The practice's own code set, and the codes on recordings. A set has one
-- version, so that two admins do not overwrite each other.
CREATE TABLE review_tag_set (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
INSERT INTO review_tag_set (id, version) VALUES (1, 0);
CREATE TABLE review_tags (
    code     TEXT PRIMARY KEY,
    label    TEXT NOT NULL,
    colour   TEXT NOT NULL,
    archived BOOLEAN NOT NULL,
    place    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE review_recording_tags (
    recording_id TEXT NOT NULL,
    code         TEXT NOT NULL REFERENCES review_tags (code),
    added_by     TEXT NOT NULL,
    added_at     TIMESTAMP NOT NULL,
    PRIMARY KEY (recording_id, code)
) WITHOUT ROWID;
CREATE INDEX review_recording_tags_code ON review_recording_tags (code, recording_id);

-- The clinical note of a session: a draft with its history, then what was
-- signed. It is a medical record and outlives the recording.
CREATE TABLE clinical_notes (
    recording_id TEXT PRIMARY KEY,
    author_id    TEXT NOT NULL,
    author_name  TEXT NOT NULL,
    format       TEXT NOT NULL CHECK (format IN ('soap', 'dap')),
    sections     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    readers      TEXT NOT NULL CHECK (readers IN ('author', 'team')),
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    signed_at    TIMESTAMP
) WITHOUT ROWID;
CREATE TABLE clinical_note_drafts (
    recording_id TEXT NOT NULL REFERENCES clinical_notes (recording_id),
    version      INTEGER NOT NULL,
    format       TEXT NOT NULL,
    sections     TEXT NOT NULL,
    began_at     TIMESTAMP NOT NULL,
    saved_at     TIMESTAMP NOT NULL,
    PRIMARY KEY (recording_id, version)
) WITHOUT ROWID;
-- content is the exact text that was hashed. seq 0 is the note, the others are
-- its amendments; each hash covers the one before.
CREATE TABLE clinical_note_signed (
    recording_id TEXT NOT NULL REFERENCES clinical_notes (recording_id),
    seq          INTEGER NOT NULL,
    content      TEXT NOT NULL,
    signed_by    TEXT NOT NULL,
    signed_name  TEXT NOT NULL,
    signed_at    TIMESTAMP NOT NULL,
    hash         TEXT NOT NULL,
    PRIMARY KEY (recording_id, seq)
) WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER clinical_note_signed_fixed BEFORE UPDATE ON clinical_note_signed
BEGIN SELECT RAISE(ABORT, 'what is signed does not change'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clinical_note_signed_kept BEFORE DELETE ON clinical_note_signed
BEGIN SELECT RAISE(ABORT, 'what is signed stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clinical_notes_locked BEFORE UPDATE ON clinical_notes
WHEN OLD.signed_at IS NOT NULL AND (NEW.sections <> OLD.sections OR NEW.format <> OLD.format OR NEW.version <> OLD.version
    OR NEW.author_id <> OLD.author_id OR NEW.signed_at IS NOT OLD.signed_at)
BEGIN SELECT RAISE(ABORT, 'a signed note is locked'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clinical_notes_kept BEFORE DELETE ON clinical_notes WHEN OLD.signed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a signed note stays'); END;
-- +goose StatementEnd

-- A therapist's own process notes, apart from the record: no query of anything
-- else touches this table (45 CFR 164.501).
CREATE TABLE psychotherapy_notes (
    recording_id TEXT NOT NULL,
    author_id    TEXT NOT NULL,
    body         TEXT NOT NULL,
    version      INTEGER NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    updated_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (recording_id, author_id)
) WITHOUT ROWID;

-- Transcripts, cue by cue. words is what is searched: folded by the program, the
-- same on both engines.
CREATE TABLE transcripts (
    recording_id TEXT PRIMARY KEY,
    language     TEXT NOT NULL,
    cues         INTEGER NOT NULL,
    imported_by  TEXT NOT NULL,
    imported_at  TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE TABLE transcript_cues (
    id           INTEGER PRIMARY KEY,
    recording_id TEXT NOT NULL REFERENCES transcripts (recording_id),
    seq          INTEGER NOT NULL,
    name         TEXT NOT NULL,
    start_ms     INTEGER NOT NULL,
    end_ms       INTEGER NOT NULL,
    settings     TEXT NOT NULL,
    payload      TEXT NOT NULL,
    words        TEXT NOT NULL
);
CREATE UNIQUE INDEX transcript_cues_order ON transcript_cues (recording_id, seq);
-- The recording is a word of the index too: a search meets one transcript.
CREATE VIRTUAL TABLE transcript_words USING fts5 (
    recording_id, words, content = 'transcript_cues', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3');

-- +goose Down
DROP TABLE transcript_words;
DROP TABLE transcript_cues;
DROP TABLE transcripts;
DROP TABLE psychotherapy_notes;
DROP TABLE clinical_note_signed;
DROP TABLE clinical_note_drafts;
DROP TABLE clinical_notes;
DROP TABLE review_recording_tags;
DROP TABLE review_tags;
DROP TABLE review_tag_set;
DROP TABLE review_notes;
DROP TABLE review_marks;
DROP TABLE review_forgotten;
