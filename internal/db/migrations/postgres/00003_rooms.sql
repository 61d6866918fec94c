-- +goose Up
CREATE TABLE rooms (
    id           text PRIMARY KEY,
    meeting_id   text NOT NULL,
    title        text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('individual', 'couple', 'group')),
    engine       text NOT NULL CHECK (engine IN ('sfu', 'jitsi')),
    state        text NOT NULL CHECK (state IN ('scheduled', 'open', 'live', 'ended')),
    host_id      text NOT NULL,
    waiting_room boolean NOT NULL,
    locked       boolean NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    started_at   timestamptz,
    ended_at     timestamptz,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    CHECK (starts_at < ends_at)
);
-- One meeting, one room at a time.
CREATE UNIQUE INDEX rooms_meeting ON rooms (meeting_id) WHERE state <> 'ended';
CREATE INDEX rooms_time ON rooms (starts_at, id);
CREATE INDEX rooms_open ON rooms (ends_at) WHERE state <> 'ended';

-- Whom a room is for. The host has a row too.
CREATE TABLE room_members (
    room_id text NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id text NOT NULL,
    role    text NOT NULL CHECK (role IN ('host', 'participant')),
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_members_user ON room_members (user_id, room_id);

-- What the door knows of a person: admitted for this session, or kicked.
CREATE TABLE room_access (
    room_id     text NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    identity    text NOT NULL,
    name        text NOT NULL,
    admitted_at timestamptz,
    admitted_by text,
    banned_at   timestamptz,
    banned_by   text,
    PRIMARY KEY (room_id, identity)
);

-- One row per stay. left_at is null while it lasts; seen_at is the heartbeat
-- that a crash leaves behind.
CREATE TABLE room_attendance (
    id             text PRIMARY KEY,
    room_id        text NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    participant_id text NOT NULL,
    identity       text NOT NULL,
    name           text NOT NULL,
    role           text NOT NULL,
    joined_at      timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    left_at        timestamptz,
    reason         text NOT NULL DEFAULT '',
    samples        integer NOT NULL DEFAULT 0,
    up_total       integer NOT NULL DEFAULT 0,
    up_worst       integer NOT NULL DEFAULT 100,
    down_total     integer NOT NULL DEFAULT 0,
    down_worst     integer NOT NULL DEFAULT 100
);
CREATE INDEX room_attendance_room ON room_attendance (room_id, joined_at);
CREATE INDEX room_attendance_live ON room_attendance (seen_at) WHERE left_at IS NULL;
CREATE INDEX room_attendance_participant ON room_attendance (participant_id);

-- +goose Down
DROP TABLE room_attendance;
DROP TABLE room_access;
DROP TABLE room_members;
DROP TABLE rooms;
