-- +goose Up
-- How long recordings stay: one set of rules with one version.
CREATE TABLE retention_policy (
    id          integer PRIMARY KEY CHECK (id = 1),
    version     integer NOT NULL,
    notice_days integer NOT NULL CHECK (notice_days > 0)
);
INSERT INTO retention_policy (id, version, notice_days) VALUES (1, 0, 7);
CREATE TABLE retention_rules (
    kind      text PRIMARY KEY CHECK (kind IN ('individual', 'couple', 'group')),
    keep_days integer NOT NULL CHECK (keep_days > 0)
);

-- What was announced to be erased, and for when. It is never erased earlier.
CREATE TABLE retention_due (
    recording_id text PRIMARY KEY,
    kind         text NOT NULL,
    stopped_at   timestamptz NOT NULL,
    noticed_at   timestamptz NOT NULL,
    purge_at     timestamptz NOT NULL
);
CREATE INDEX retention_due_order ON retention_due (purge_at, recording_id);

-- Legal holds: the last entry of a recording is what holds now.
CREATE TABLE retention_holds (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recording_id text NOT NULL,
    held         boolean NOT NULL,
    reason       text NOT NULL,
    by_id        text NOT NULL,
    by_name      text NOT NULL,
    at           timestamptz NOT NULL
);
CREATE INDEX retention_holds_recording ON retention_holds (recording_id, seq);
CREATE TRIGGER retention_holds_fixed BEFORE UPDATE OR DELETE ON retention_holds
    FOR EACH ROW EXECUTE FUNCTION review_refuse_change('the ledger of holds is append-only');

-- Erasures: asked for, under way, done with proof, or cancelled by a hold.
CREATE TABLE retention_erasures (
    id           text PRIMARY KEY,
    recording_id text NOT NULL,
    state        text NOT NULL CHECK (state IN ('pending', 'destroying', 'done', 'cancelled')),
    cause        text NOT NULL CHECK (cause IN ('request', 'policy')),
    reason       text NOT NULL,
    asked_by     text NOT NULL,
    asked_name   text NOT NULL,
    asked_for    text NOT NULL,
    asked_at     timestamptz NOT NULL,
    inventory    text NOT NULL,
    done_at      timestamptz,
    document     text NOT NULL,
    hash         text NOT NULL
);
CREATE UNIQUE INDEX retention_erasures_one ON retention_erasures (recording_id) WHERE state <> 'cancelled';
CREATE TRIGGER retention_erasures_fixed BEFORE UPDATE OR DELETE ON retention_erasures FOR EACH ROW
    WHEN (OLD.state = 'done') EXECUTE FUNCTION review_refuse_change('a proof of erasure does not change');

-- When retention last looked at the clock, and since when it doubts it.
CREATE TABLE retention_clock (
    id         integer PRIMARY KEY CHECK (id = 1),
    last_at    timestamptz,
    doubted_at timestamptz
);
INSERT INTO retention_clock (id) VALUES (1);

-- +goose Down
DROP TABLE retention_clock;
DROP TABLE retention_erasures;
DROP TABLE retention_holds;
DROP TABLE retention_due;
DROP TABLE retention_rules;
DROP TABLE retention_policy;
