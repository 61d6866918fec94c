-- +goose Up
-- People with an account. email is lower-case; sort_name is the name folded for
-- order and search; password is an argon2id string, empty when there is none.
CREATE TABLE users (
    id             text PRIMARY KEY,
    email          text NOT NULL UNIQUE,
    name           text NOT NULL,
    sort_name      text COLLATE "C" NOT NULL,
    role           text NOT NULL CHECK (role IN ('client', 'therapist', 'moderator', 'admin')),
    password       text NOT NULL DEFAULT '',
    locale         text NOT NULL,
    time_zone      text NOT NULL,
    created_at     timestamptz NOT NULL,
    last_seen_at   timestamptz,
    deactivated_at timestamptz
);
CREATE INDEX users_sort ON users (sort_name, id);

-- Signed-in devices. Only the hash of a token is kept, so a stolen database
-- opens no session. A guest has no account: its name and room are here.
CREATE TABLE sessions (
    id           text PRIMARY KEY,
    token_hash   text NOT NULL UNIQUE,
    kind         text NOT NULL CHECK (kind IN ('user', 'guest')),
    method       text NOT NULL,
    user_id      text REFERENCES users (id) ON DELETE CASCADE,
    guest_id     text NOT NULL DEFAULT '',
    guest_name   text NOT NULL DEFAULT '',
    room_id      text NOT NULL DEFAULT '',
    device       text NOT NULL,
    address      text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    idle_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    CHECK ((kind = 'user') = (user_id IS NOT NULL))
);
CREATE INDEX sessions_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_idle ON sessions (idle_at);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Browsers from which a person has signed in before.
CREATE TABLE known_devices (
    token_hash   text PRIMARY KEY,
    user_id      text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    last_used_at timestamptz NOT NULL
);
CREATE INDEX known_devices_user ON known_devices (user_id, last_used_at);

CREATE TABLE invitations (
    id           text PRIMARY KEY,
    token_hash   text NOT NULL UNIQUE,
    email        text NOT NULL,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('client', 'therapist', 'moderator', 'admin')),
    therapist_id text REFERENCES users (id) ON DELETE SET NULL,
    invited_by   text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    accepted_at  timestamptz,
    accepted_by  text REFERENCES users (id) ON DELETE SET NULL,
    revoked_at   timestamptz
);
CREATE INDEX invitations_inviter ON invitations (invited_by, created_at, id);
CREATE INDEX invitations_created ON invitations (created_at, id);
CREATE INDEX invitations_email ON invitations (email) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- One-time links: the first admin, a sign-in, a guest of one room.
CREATE TABLE links (
    id         text PRIMARY KEY,
    token_hash text NOT NULL UNIQUE,
    kind       text NOT NULL CHECK (kind IN ('setup', 'sign_in', 'guest')),
    user_id    text REFERENCES users (id) ON DELETE CASCADE,
    room_id    text NOT NULL DEFAULT '',
    created_by text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    session_id text NOT NULL DEFAULT ''
);
CREATE INDEX links_expires ON links (expires_at);

-- Who treats whom. A pair may start again after it ended.
CREATE TABLE care (
    id           text PRIMARY KEY,
    therapist_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    since        timestamptz NOT NULL,
    ended_at     timestamptz,
    CHECK (therapist_id <> client_id)
);
CREATE UNIQUE INDEX care_open ON care (therapist_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX care_client ON care (client_id);

-- People treated together by one therapist.
CREATE TABLE care_units (
    id           text PRIMARY KEY,
    name         text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('couple', 'family', 'group')),
    therapist_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz
);
CREATE INDEX care_units_therapist ON care_units (therapist_id);

CREATE TABLE care_unit_members (
    unit_id text NOT NULL REFERENCES care_units (id) ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (unit_id, user_id)
);
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
