-- +goose Up
-- Facts waiting for dispatch, and for a while those that were.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL,
    kind         text NOT NULL,
    data         text NOT NULL,
    owner        text NOT NULL,
    leased_until timestamptz NOT NULL,
    done_at      timestamptz
);
CREATE INDEX outbox_pending ON outbox (owner, id) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- Who has reacted to what: the row is written in the consumer's transaction.
CREATE TABLE consumed (
    fact_id  bigint NOT NULL,
    consumer text NOT NULL,
    PRIMARY KEY (fact_id, consumer)
);

-- Reactions that failed, until they succeed or are given up (dead_at).
CREATE TABLE outbox_retry (
    fact_id  bigint NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    consumer text NOT NULL,
    tries    integer NOT NULL,
    next_at  timestamptz NOT NULL,
    dead_at  timestamptz,
    error    text NOT NULL,
    PRIMARY KEY (fact_id, consumer)
);
CREATE INDEX outbox_retry_due ON outbox_retry (next_at) WHERE dead_at IS NULL;

-- Work to do. A job that runs holds a lease and has run_at at the lease's end:
-- if its process dies it is due again then. A job that is done has no row.
CREATE TABLE job (
    id         text PRIMARY KEY,
    kind       text NOT NULL,
    payload    text NOT NULL,
    unique_key text,
    created_at timestamptz NOT NULL,
    run_at     timestamptz NOT NULL,
    tries      integer NOT NULL DEFAULT 0,
    lease      text,
    dead_at    timestamptz,
    error      text NOT NULL DEFAULT ''
);
CREATE INDEX job_due ON job (kind, run_at) WHERE dead_at IS NULL;
CREATE UNIQUE INDEX job_unique ON job (kind, unique_key) WHERE unique_key IS NOT NULL AND dead_at IS NULL;
CREATE INDEX job_dead ON job (dead_at) WHERE dead_at IS NOT NULL;

-- When each repeated job is enqueued next, whichever node does it.
CREATE TABLE job_schedule (
    kind    text PRIMARY KEY,
    next_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE job_schedule;
DROP TABLE job;
DROP TABLE outbox_retry;
DROP TABLE consumed;
DROP TABLE outbox;
