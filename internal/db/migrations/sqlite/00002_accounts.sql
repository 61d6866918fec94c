-- +goose Up
-- People with an account. email is lower-case; sort_name is the name folded for
-- order and search; password is an argon2id string, empty when there is none.
CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    email          TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    sort_name      TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('client', 'therapist', 'moderator', 'admin')),
    password       TEXT NOT NULL DEFAULT '',
    locale         TEXT NOT NULL,
    time_zone      TEXT NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    last_seen_at   TIMESTAMP,
    deactivated_at TIMESTAMP
) WITHOUT ROWID;
CREATE INDEX users_sort ON users (sort_name, id);

-- Signed-in devices. Only the hash of a token is kept, so a stolen database
-- opens no session. A guest has no account: its name and room are here.
CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    token_hash   TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL CHECK (kind IN ('user', 'guest')),
    method       TEXT NOT NULL,
    user_id      TEXT REFERENCES users (id) ON DELETE CASCADE,
    guest_id     TEXT NOT NULL DEFAULT '',
    guest_name   TEXT NOT NULL DEFAULT '',
    room_id      TEXT NOT NULL DEFAULT '',
    device       TEXT NOT NULL,
    address      TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    idle_at      TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    CHECK ((kind = 'user') = (user_id IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_idle ON sessions (idle_at);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Browsers from which a person has signed in before.
CREATE TABLE known_devices (
    token_hash   TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    last_used_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX known_devices_user ON known_devices (user_id, last_used_at);

CREATE TABLE invitations (
    id           TEXT PRIMARY KEY,
    token_hash   TEXT NOT NULL UNIQUE,
    email        TEXT NOT NULL,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('client', 'therapist', 'moderator', 'admin')),
    therapist_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    invited_by   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    accepted_at  TIMESTAMP,
    accepted_by  TEXT REFERENCES users (id) ON DELETE SET NULL,
    revoked_at   TIMESTAMP
) WITHOUT ROWID;
CREATE INDEX invitations_inviter ON invitations (invited_by, created_at, id);
CREATE INDEX invitations_created ON invitations (created_at, id);
CREATE INDEX invitations_email ON invitations (email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- One-time links: the first admin, a sign-in, a guest of one room.
CREATE TABLE links (
    id         TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL CHECK (kind IN ('setup', 'sign_in', 'guest')),
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    room_id    TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP,
    session_id TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX links_expires ON links (expires_at);

-- Who treats whom. A pair may start again after it ended.
CREATE TABLE care (
    id           TEXT PRIMARY KEY,
    therapist_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    since        TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP,
    CHECK (therapist_id <> client_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX care_open ON care (therapist_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX care_client ON care (client_id);

-- People treated together by one therapist.
CREATE TABLE care_units (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('couple', 'family', 'group')),
    therapist_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP
) WITHOUT ROWID;
CREATE INDEX care_units_therapist ON care_units (therapist_id);

CREATE TABLE care_unit_members (
    unit_id TEXT NOT NULL REFERENCES care_units (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (unit_id, user_id)
) WITHOUT ROWID;
CREATE INDEX care_unit_members_user ON care_unit_members (user_id);

-- +goose Down
DROP TABLE care_unit_members;
DROP TABLE care_units;
DROP TABLE care;
DROP TABLE links;
DROP TABLE invitations;
DROP TABLE known_devices;
DROP TABLE sessions;
DROP TABLE users;
