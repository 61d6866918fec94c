-- +goose Up
-- A recording from the moment people are asked. Its key is never here.
CREATE TABLE recordings (
    id              TEXT PRIMARY KEY,
    room_id         TEXT NOT NULL,
    meeting_id      TEXT NOT NULL,
    title           TEXT NOT NULL,
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('asking', 'recording', 'finalising', 'ready', 'failed', 'cancelled', 'erased')),
    purpose         TEXT NOT NULL,
    policy_version  TEXT NOT NULL,
    policy_text     TEXT NOT NULL,
    asked_at        TIMESTAMP NOT NULL,
    started_at      TIMESTAMP,
    seen_at         TIMESTAMP NOT NULL,
    stopped_at      TIMESTAMP,
    stop_reason     TEXT NOT NULL DEFAULT '',
    duration_ms     BIGINT NOT NULL DEFAULT 0,
    bytes           BIGINT NOT NULL DEFAULT 0,
    started_by      TEXT NOT NULL,
    started_by_name TEXT NOT NULL,
    host_id         TEXT NOT NULL,
    host_name       TEXT NOT NULL,
    recovered       BOOLEAN NOT NULL DEFAULT FALSE,
    lost_ms         BIGINT NOT NULL DEFAULT 0,
    failure         TEXT NOT NULL DEFAULT '',
    legal_hold      BOOLEAN NOT NULL DEFAULT FALSE,
    purge_at        TIMESTAMP,
    erased_at       TIMESTAMP
) WITHOUT ROWID;
-- One room, one live recording.
CREATE UNIQUE INDEX recordings_live ON recordings (room_id) WHERE state IN ('asking', 'recording');
CREATE INDEX recordings_time ON recordings (asked_at, id);
CREATE INDEX recordings_meeting ON recordings (meeting_id);
CREATE INDEX recordings_host ON recordings (host_id, asked_at);

-- Who hosted the session: they may watch while they treat somebody in it.
CREATE TABLE recording_hosts (
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL,
    PRIMARY KEY (recording_id, user_id)
) WITHOUT ROWID;
CREATE INDEX recording_hosts_user ON recording_hosts (user_id, recording_id);

-- Everybody who was asked, with what they decided last.
CREATE TABLE recording_people (
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    identity     TEXT NOT NULL,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('host', 'participant', 'guest')),
    client       BOOLEAN NOT NULL,
    consent      TEXT NOT NULL CHECK (consent IN ('wait', 'agreed', 'declined', 'withdrawn')),
    review       BOOLEAN NOT NULL,
    PRIMARY KEY (recording_id, identity)
) WITHOUT ROWID;
CREATE INDEX recording_people_identity ON recording_people (identity, recording_id);

-- The ledger of consent. Nothing in it is ever changed or removed.
CREATE TABLE recording_consents (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id   TEXT NOT NULL,
    identity       TEXT NOT NULL,
    name           TEXT NOT NULL,
    role           TEXT NOT NULL,
    scope          TEXT NOT NULL CHECK (scope IN ('recording', 'review')),
    state          TEXT NOT NULL CHECK (state IN ('wait', 'agreed', 'declined', 'withdrawn')),
    purpose        TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    at             TIMESTAMP NOT NULL
);
CREATE INDEX recording_consents_recording ON recording_consents (recording_id, seq);
-- +goose StatementBegin
CREATE TRIGGER recording_consents_update BEFORE UPDATE ON recording_consents
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recording_consents_delete BEFORE DELETE ON recording_consents
BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END;
-- +goose StatementEnd

-- The finished tracks; with a share_id, those cut for the range of a share.
CREATE TABLE recording_tracks (
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    share_id     TEXT NOT NULL DEFAULT '',
    id           TEXT NOT NULL,
    person       TEXT NOT NULL,
    source       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    codec        TEXT NOT NULL,
    mime         TEXT NOT NULL,
    start_ms     BIGINT NOT NULL,
    duration_ms  BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    PRIMARY KEY (recording_id, share_id, id)
) WITHOUT ROWID;

-- Recordings shown to colleagues. to_ms 0 is the end.
CREATE TABLE recording_shares (
    id           TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL,
    user_name    TEXT NOT NULL,
    from_ms      BIGINT NOT NULL,
    to_ms        BIGINT NOT NULL,
    note         TEXT NOT NULL,
    cut_at       TIMESTAMP,
    created_by   TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    revoked_at   TIMESTAMP
) WITHOUT ROWID;
CREATE INDEX recording_shares_recording ON recording_shares (recording_id, created_at);
CREATE INDEX recording_shares_user ON recording_shares (user_id, expires_at);

-- Somebody opened a recording to watch it.
CREATE TABLE recording_plays (
    id           TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    identity     TEXT NOT NULL,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    share_id     TEXT NOT NULL,
    from_ms      BIGINT NOT NULL,
    to_ms        BIGINT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX recording_plays_recording ON recording_plays (recording_id, created_at);
CREATE INDEX recording_plays_expires ON recording_plays (expires_at);

-- What they saw of it. Stretches that follow each other are one row.
CREATE TABLE recording_watched (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    play_id      TEXT NOT NULL,
    identity     TEXT NOT NULL,
    from_ms      BIGINT NOT NULL,
    to_ms        BIGINT NOT NULL,
    first_at     TIMESTAMP NOT NULL,
    last_at      TIMESTAMP NOT NULL
);
CREATE INDEX recording_watched_recording ON recording_watched (recording_id, identity, id);
CREATE INDEX recording_watched_play ON recording_watched (play_id, id);

CREATE TABLE recording_exports (
    id           TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('tracks', 'combined')),
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'ready', 'failed')),
    progress     INTEGER NOT NULL DEFAULT 0,
    bytes        BIGINT NOT NULL DEFAULT 0,
    mime         TEXT NOT NULL DEFAULT '',
    file         TEXT NOT NULL DEFAULT '',
    failure      TEXT NOT NULL DEFAULT '',
    created_by   TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX recording_exports_recording ON recording_exports (recording_id, created_at);
CREATE INDEX recording_exports_expires ON recording_exports (expires_at);

-- +goose Down
DROP TABLE recording_exports;
DROP TABLE recording_watched;
DROP TABLE recording_plays;
DROP TABLE recording_shares;
DROP TABLE recording_tracks;
DROP TABLE recording_consents;
DROP TABLE recording_people;
DROP TABLE recording_hosts;
DROP TABLE recordings;
