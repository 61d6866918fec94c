-- +goose Up
CREATE TABLE rooms (
    id           TEXT PRIMARY KEY,
    meeting_id   TEXT NOT NULL,
    title        TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('individual', 'couple', 'group')),
    engine       TEXT NOT NULL CHECK (engine IN ('sfu', 'jitsi')),
    state        TEXT NOT NULL CHECK (state IN ('scheduled', 'open', 'live', 'ended')),
    host_id      TEXT NOT NULL,
    waiting_room BOOLEAN NOT NULL,
    locked       BOOLEAN NOT NULL,
    starts_at    TIMESTAMP NOT NULL,
    ends_at      TIMESTAMP NOT NULL,
    started_at   TIMESTAMP,
    ended_at     TIMESTAMP,
    created_by   TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    CHECK (starts_at < ends_at)
) WITHOUT ROWID;
-- One meeting, one room at a time.
CREATE UNIQUE INDEX rooms_meeting ON rooms (meeting_id) WHERE state <> 'ended';
CREATE INDEX rooms_time ON rooms (starts_at, id);
CREATE INDEX rooms_open ON rooms (ends_at) WHERE state <> 'ended';

-- Whom a room is for. The host has a row too.
CREATE TABLE room_members (
    room_id TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    role    TEXT NOT NULL CHECK (role IN ('host', 'participant')),
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE INDEX room_members_user ON room_members (user_id, room_id);

-- What the door knows of a person: admitted for this session, or kicked.
CREATE TABLE room_access (
    room_id     TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    identity    TEXT NOT NULL,
    name        TEXT NOT NULL,
    admitted_at TIMESTAMP,
    admitted_by TEXT,
    banned_at   TIMESTAMP,
    banned_by   TEXT,
    PRIMARY KEY (room_id, identity)
) WITHOUT ROWID;

-- One row per stay. left_at is null while it lasts; seen_at is the heartbeat
-- that a crash leaves behind.
CREATE TABLE room_attendance (
    id             TEXT PRIMARY KEY,
    room_id        TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    participant_id TEXT NOT NULL,
    identity       TEXT NOT NULL,
    name           TEXT NOT NULL,
    role           TEXT NOT NULL,
    joined_at      TIMESTAMP NOT NULL,
    seen_at        TIMESTAMP NOT NULL,
    left_at        TIMESTAMP,
    reason         TEXT NOT NULL DEFAULT '',
    samples        INTEGER NOT NULL DEFAULT 0,
    up_total       INTEGER NOT NULL DEFAULT 0,
    up_worst       INTEGER NOT NULL DEFAULT 100,
    down_total     INTEGER NOT NULL DEFAULT 0,
    down_worst     INTEGER NOT NULL DEFAULT 100
) WITHOUT ROWID;
CREATE INDEX room_attendance_room ON room_attendance (room_id, joined_at);
CREATE INDEX room_attendance_live ON room_attendance (seen_at) WHERE left_at IS NULL;
CREATE INDEX room_attendance_participant ON room_attendance (participant_id);

-- +goose Down
DROP TABLE room_attendance;
DROP TABLE room_access;
DROP TABLE room_members;
DROP TABLE rooms;
