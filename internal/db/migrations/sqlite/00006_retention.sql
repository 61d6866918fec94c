-- +goose Up
-- How long recordings stay: one set of rules with one version.
CREATE TABLE retention_policy (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    version     INTEGER NOT NULL,
    notice_days INTEGER NOT NULL CHECK (notice_days > 0)
);
INSERT INTO retention_policy (id, version, notice_days) VALUES (1, 0, 7);
CREATE TABLE retention_rules (
    kind      TEXT PRIMARY KEY CHECK (kind IN ('individual', 'couple', 'group')),
    keep_days INTEGER NOT NULL CHECK (keep_days > 0)
) WITHOUT ROWID;

-- What was announced to be erased, and for when. It is never erased earlier.
CREATE TABLE retention_due (
    recording_id TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    stopped_at   TIMESTAMP NOT NULL,
    noticed_at   TIMESTAMP NOT NULL,
    purge_at     TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE INDEX retention_due_order ON retention_due (purge_at, recording_id);

-- Legal holds: the last entry of a recording is what holds now.
CREATE TABLE retention_holds (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    recording_id TEXT NOT NULL,
    held         BOOLEAN NOT NULL,
    reason       TEXT NOT NULL,
    by_id        TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    at           TIMESTAMP NOT NULL
);
CREATE INDEX retention_holds_recording ON retention_holds (recording_id, seq);
-- +goose StatementBegin
CREATE TRIGGER retention_holds_fixed BEFORE UPDATE ON retention_holds
BEGIN SELECT RAISE(ABORT, 'the ledger of holds is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER retention_holds_kept BEFORE DELETE ON retention_holds
BEGIN SELECT RAISE(ABORT, 'the ledger of holds is append-only'); END;
-- +goose StatementEnd

-- Erasures: asked for, under way, done with proof, or cancelled by a hold.
CREATE TABLE retention_erasures (
    id           TEXT PRIMARY KEY,
    recording_id TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('pending', 'destroying', 'done', 'cancelled')),
    cause        TEXT NOT NULL CHECK (cause IN ('request', 'policy')),
    reason       TEXT NOT NULL,
    asked_by     TEXT NOT NULL,
    asked_name   TEXT NOT NULL,
    asked_for    TEXT NOT NULL,
    asked_at     TIMESTAMP NOT NULL,
    inventory    TEXT NOT NULL,
    done_at      TIMESTAMP,
    document     TEXT NOT NULL,
    hash         TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX retention_erasures_one ON retention_erasures (recording_id) WHERE state <> 'cancelled';
-- +goose StatementBegin
CREATE TRIGGER retention_erasures_fixed BEFORE UPDATE ON retention_erasures WHEN OLD.state = 'done'
BEGIN SELECT RAISE(ABORT, 'a proof of erasure does not change'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER retention_erasures_kept BEFORE DELETE ON retention_erasures WHEN OLD.state = 'done'
BEGIN SELECT RAISE(ABORT, 'a proof of erasure stays'); END;
-- +goose StatementEnd

-- When retention last looked at the clock, and since when it doubts it.
CREATE TABLE retention_clock (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    last_at    TIMESTAMP,
    doubted_at TIMESTAMP
);
INSERT INTO retention_clock (id) VALUES (1);

-- +goose Down
DROP TABLE retention_clock;
DROP TABLE retention_erasures;
DROP TABLE retention_holds;
DROP TABLE retention_due;
DROP TABLE retention_rules;
DROP TABLE retention_policy;
