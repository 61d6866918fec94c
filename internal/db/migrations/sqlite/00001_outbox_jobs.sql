-- +goose Up
-- Facts waiting for dispatch, and for a while those that were.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           TIMESTAMP NOT NULL,
    kind         TEXT NOT NULL,
    data         TEXT NOT NULL,
    owner        TEXT NOT NULL,
    leased_until TIMESTAMP NOT NULL,
    done_at      TIMESTAMP
);
CREATE INDEX outbox_pending ON outbox (owner, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- Who has reacted to what: the row is written in the consumer's transaction.
CREATE TABLE consumed (
    fact_id  INTEGER NOT NULL,
    consumer TEXT NOT NULL,
    PRIMARY KEY (fact_id, consumer)
) WITHOUT ROWID;

-- Reactions that failed, until they succeed or are given up (dead_at).
CREATE TABLE outbox_retry (
    fact_id  INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    consumer TEXT NOT NULL,
    tries    INTEGER NOT NULL,
    next_at  TIMESTAMP NOT NULL,
    dead_at  TIMESTAMP,
    error    TEXT NOT NULL,
    PRIMARY KEY (fact_id, consumer)
) WITHOUT ROWID;
CREATE INDEX outbox_retry_due ON outbox_retry (next_at) WHERE dead_at IS NULL;

-- Work to do. A job that runs holds a lease and has run_at at the lease's end:
-- if its process dies it is due again then. A job that is done has no row.
CREATE TABLE job (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,
    unique_key TEXT,
    created_at TIMESTAMP NOT NULL,
    run_at     TIMESTAMP NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    lease      TEXT,
    dead_at    TIMESTAMP,
    error      TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX job_due ON job (kind, run_at) WHERE dead_at IS NULL;
CREATE UNIQUE INDEX job_unique ON job (kind, unique_key) WHERE unique_key IS NOT NULL AND dead_at IS NULL;
CREATE INDEX job_dead ON job (dead_at) WHERE dead_at IS NOT NULL;

-- When each repeated job is enqueued next, whichever node does it.
CREATE TABLE job_schedule (
    kind    TEXT PRIMARY KEY,
    next_at TIMESTAMP NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE job_schedule;
DROP TABLE job;
DROP TABLE outbox_retry;
DROP TABLE consumed;
DROP TABLE outbox;
