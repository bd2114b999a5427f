-- Live and dead jobs. Finished ones move to job_history, so that the hot table stays small.
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane text NOT NULL,
    kind text NOT NULL,
    contact_id bigint NOT NULL,
    priority smallint NOT NULL DEFAULT 100,
    state text NOT NULL CHECK (state IN ('waiting', 'scheduled', 'running', 'dead')),
    run_at timestamptz NOT NULL DEFAULT now(),
    attempt smallint NOT NULL DEFAULT 0,
    max_attempts smallint NOT NULL DEFAULT 5,
    returns smallint NOT NULL DEFAULT 0,
    probes smallint NOT NULL DEFAULT 0,
    lease_epoch bigint,
    claimed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    args jsonb NOT NULL DEFAULT '{}',
    last_error text
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);

CREATE INDEX jobs_claim ON jobs (lane, priority, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_scheduled ON jobs (lane, run_at) WHERE state = 'scheduled';
CREATE INDEX jobs_leased ON jobs (lease_epoch) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (lane, id) WHERE state = 'dead';
CREATE UNIQUE INDEX jobs_one_live ON jobs (kind, contact_id) WHERE state IN ('waiting', 'scheduled', 'running');
CREATE INDEX jobs_contact ON jobs (contact_id);

CREATE TABLE job_history (
    id bigint NOT NULL,
    lane text NOT NULL,
    kind text NOT NULL,
    contact_id bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'cancelled')),
    attempt smallint NOT NULL,
    lease_epoch bigint,
    created_at timestamptz NOT NULL,
    claimed_at timestamptz,
    finished_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_history_finished ON job_history (finished_at);
CREATE INDEX job_history_contact ON job_history (contact_id);

-- One row per attempt that failed: what the dead-letter view and the count of burnt attempts are read from.
CREATE TABLE job_failures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id bigint NOT NULL,
    lane text NOT NULL,
    contact_id bigint NOT NULL,
    attempt smallint NOT NULL,
    burnt boolean NOT NULL,
    probe boolean NOT NULL DEFAULT false,
    lease_epoch bigint NOT NULL,
    error_kind text NOT NULL,
    http_status integer,
    provider_code text,
    message text NOT NULL,
    started_at timestamptz NOT NULL,
    took_ms integer NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_failures_job ON job_failures (job_id, id);
CREATE INDEX job_failures_at ON job_failures (failed_at);

-- A lane is a queue with a provider behind it. The depth columns hold what is folded; the rest waits in lane_deltas.
CREATE TABLE lanes (
    lane text PRIMARY KEY,
    paused boolean NOT NULL DEFAULT false,
    paused_by text,
    paused_at timestamptz,
    pause_reason text,
    parked_reason text,
    parked_at timestamptz,
    parked_detail text,
    concurrency integer CHECK (concurrency IS NULL OR concurrency BETWEEN 0 AND 10000),
    rate_limit integer NOT NULL DEFAULT 16,
    waiting bigint NOT NULL DEFAULT 0,
    scheduled bigint NOT NULL DEFAULT 0,
    running bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    enqueued_total bigint NOT NULL DEFAULT 0,
    done_total bigint NOT NULL DEFAULT 0,
    failed_total bigint NOT NULL DEFAULT 0
);

-- Every statement that moves jobs writes one row here; the leader folds them. depth = lanes + sum(lane_deltas), exact at any time.
CREATE TABLE lane_deltas (
    lane text NOT NULL,
    waiting integer NOT NULL DEFAULT 0,
    scheduled integer NOT NULL DEFAULT 0,
    running integer NOT NULL DEFAULT 0,
    dead integer NOT NULL DEFAULT 0,
    enqueued integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0);
