-- +goose Up
-- What a therapist makes of a recording. A recording's row stays when its media
-- is erased; what goes with the media and what stays is decided in
-- recording/review, so nothing here hangs on that row.

-- Recordings whose review was forgotten, so that nothing is added to it by who
-- was still writing.
CREATE TABLE review_forgotten (
    recording_id text PRIMARY KEY,
    at           timestamptz NOT NULL
);

-- Private bookmarks.
CREATE TABLE review_marks (
    id           text PRIMARY KEY,
    recording_id text NOT NULL,
    author_id    text NOT NULL,
    at_ms        bigint NOT NULL CHECK (at_ms >= 0),
    label        text NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX review_marks_moment ON review_marks (recording_id, author_id, at_ms);

-- Notes and their replies: a thread is a note and those that name it.
CREATE TABLE review_notes (
    id           text PRIMARY KEY,
    recording_id text NOT NULL,
    parent_id    text REFERENCES review_notes (id) ON DELETE CASCADE,
    author_id    text NOT NULL,
    author_name  text NOT NULL,
    at_ms        bigint NOT NULL CHECK (at_ms >= 0),
    to_ms        bigint CHECK (to_ms >= at_ms),
    body         text NOT NULL,
    created_at   timestamptz NOT NULL,
    edited_at    timestamptz,
    deleted_at   timestamptz,
    resolved_at  timestamptz,
    resolved_by  text
);
CREATE INDEX review_notes_recording ON review_notes (recording_id, created_at, id);
CREATE INDEX review_notes_parent ON review_notes (parent_id);

-- The practice's own code set, and the codes on recordings. A set has one
-- version, so that two admins do not overwrite each other.
CREATE TABLE review_tag_set (
    id      integer PRIMARY KEY CHECK (id = 1),
    version integer NOT NULL
);
INSERT INTO review_tag_set (id, version) VALUES (1, 0);
CREATE TABLE review_tags (
    code     text PRIMARY KEY,
    label    text NOT NULL,
    colour   text NOT NULL,
    archived boolean NOT NULL,
    place    integer NOT NULL
);
CREATE TABLE review_recording_tags (
    recording_id text NOT NULL,
    code         text NOT NULL REFERENCES review_tags (code),
    added_by     text NOT NULL,
    added_at     timestamptz NOT NULL,
    PRIMARY KEY (recording_id, code)
);
CREATE INDEX review_recording_tags_code ON review_recording_tags (code, recording_id);

-- The clinical note of a session: a draft with its history, then what was
-- signed. It is a medical record and outlives the recording.
CREATE TABLE clinical_notes (
    recording_id text PRIMARY KEY,
    author_id    text NOT NULL,
    author_name  text NOT NULL,
    format       text NOT NULL CHECK (format IN ('soap', 'dap')),
    sections     text NOT NULL,
    version      integer NOT NULL,
    readers      text NOT NULL CHECK (readers IN ('author', 'team')),
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    signed_at    timestamptz
);
CREATE TABLE clinical_note_drafts (
    recording_id text NOT NULL REFERENCES clinical_notes (recording_id),
    version      integer NOT NULL,
    format       text NOT NULL,
    sections     text NOT NULL,
    began_at     timestamptz NOT NULL,
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (recording_id, version)
);
-- content is the exact text that was hashed. seq 0 is the note, the others are
-- its amendments; each hash covers the one before.
CREATE TABLE clinical_note_signed (
    recording_id text NOT NULL REFERENCES clinical_notes (recording_id),
    seq          integer NOT NULL,
    content      text NOT NULL,
    signed_by    text NOT NULL,
    signed_name  text NOT NULL,
    signed_at    timestamptz NOT NULL,
    hash         text NOT NULL,
    PRIMARY KEY (recording_id, seq)
);
-- +goose StatementBegin
CREATE FUNCTION review_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER clinical_note_signed_fixed BEFORE UPDATE OR DELETE ON clinical_note_signed
    FOR EACH ROW EXECUTE FUNCTION review_refuse_change('what is signed does not change');
CREATE TRIGGER clinical_notes_locked BEFORE UPDATE ON clinical_notes FOR EACH ROW
    WHEN (OLD.signed_at IS NOT NULL AND (NEW.sections <> OLD.sections OR NEW.format <> OLD.format OR NEW.version <> OLD.version
        OR NEW.author_id <> OLD.author_id OR NEW.signed_at IS DISTINCT FROM OLD.signed_at))
    EXECUTE FUNCTION review_refuse_change('a signed note is locked');
CREATE TRIGGER clinical_notes_kept BEFORE DELETE ON clinical_notes FOR EACH ROW
    WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION review_refuse_change('a signed note stays');

-- A therapist's own process notes, apart from the record: no query of anything
-- else touches this table (45 CFR 164.501).
CREATE TABLE psychotherapy_notes (
    recording_id text NOT NULL,
    author_id    text NOT NULL,
    body         text NOT NULL,
    version      integer NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (recording_id, author_id)
);

-- Transcripts, cue by cue. words is what is searched: folded by the program, the
-- same on both engines.
CREATE TABLE transcripts (
    recording_id text PRIMARY KEY,
    language     text NOT NULL,
    cues         integer NOT NULL,
    imported_by  text NOT NULL,
    imported_at  timestamptz NOT NULL
);
CREATE TABLE transcript_cues (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recording_id text NOT NULL REFERENCES transcripts (recording_id),
    seq          integer NOT NULL,
    name         text NOT NULL,
    start_ms     bigint NOT NULL,
    end_ms       bigint NOT NULL,
    settings     text NOT NULL,
    payload      text NOT NULL,
    words        text NOT NULL
);
CREATE UNIQUE INDEX transcript_cues_order ON transcript_cues (recording_id, seq);
CREATE INDEX transcript_cues_words ON transcript_cues USING gin (to_tsvector('simple', words));

-- +goose Down
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
DROP FUNCTION review_refuse_change();
