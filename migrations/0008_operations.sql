-- What operators take out of the queue comes here first: whole rows, so that undo can put them back.
CREATE TABLE job_trash (
    id bigint PRIMARY KEY,
    lane text NOT NULL,
    kind text NOT NULL,
    contact_id bigint NOT NULL,
    priority smallint NOT NULL,
    state text NOT NULL,
    run_at timestamptz NOT NULL,
    attempt smallint NOT NULL,
    max_attempts smallint NOT NULL,
    returns smallint NOT NULL,
    probes smallint NOT NULL,
    created_at timestamptz NOT NULL,
    args jsonb NOT NULL,
    last_error text,
    batch uuid NOT NULL,
    discarded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_trash_batch ON job_trash (batch);
CREATE INDEX job_trash_discarded ON job_trash (discarded_at);

-- Calls a second in the whole fleet, set live by an operator; it wins over the setting.
ALTER TABLE lanes ADD COLUMN rate double precision CHECK (rate IS NULL OR rate > 0);

-- Recurring work. One leader fires a row: it moves next_at on, in the transaction that enqueues.
CREATE TABLE schedules (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    every text NOT NULL,
    work jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz NOT NULL,
    last_at timestamptz,
    last_result text
);
CREATE INDEX schedules_next ON schedules (next_at);

-- Samples of a minute: what charts of a day or a month are read from.
CREATE TABLE samples_minute (
    at timestamptz NOT NULL,
    lane text NOT NULL,
    waiting bigint NOT NULL,
    waiting_max bigint NOT NULL,
    scheduled bigint NOT NULL,
    running bigint NOT NULL,
    dead bigint NOT NULL,
    done_total bigint NOT NULL,
    failed_total bigint NOT NULL,
    oldest_s integer,
    p50_ms integer,
    p95_ms integer,
    breaker text NOT NULL,
    lane_state text NOT NULL,
    PRIMARY KEY (lane, at)
);
CREATE INDEX samples_minute_at ON samples_minute (at);

-- An open alert remembers since when it has been calm, for each of its two levels, and who took it on.
ALTER TABLE alerts
    ADD COLUMN value bigint NOT NULL DEFAULT 0,
    ADD COLUMN eased_since timestamptz,
    ADD COLUMN reminded_at timestamptz,
    ADD COLUMN acked_by text,
    ADD COLUMN acked_at timestamptz;
CREATE INDEX alerts_cleared ON alerts (cleared_at) WHERE cleared_at IS NOT NULL;

-- What nobody wants to be told for a while, by the alert's key.
CREATE TABLE alert_silences (
    key text PRIMARY KEY,
    until timestamptz NOT NULL,
    reason text,
    by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- For retention: what is old is found by an index, never by a scan.
CREATE INDEX breaker_events_at ON breaker_events (at);
CREATE INDEX nodes_ended ON nodes (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX provider_results_fetched ON provider_results (fetched_at);
CREATE INDEX usage_hour ON usage (hour);
