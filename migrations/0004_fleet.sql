-- One row per joining of a process. `epoch` fences: a process whose row is no longer 'live' may settle nothing.
CREATE TABLE nodes (
    epoch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node text NOT NULL,
    kind text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'draining', 'left', 'lost')),
    runs_jobs boolean NOT NULL,
    in_flight integer NOT NULL DEFAULT 0,
    capacity integer NOT NULL DEFAULT 0,
    serves text[] NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX nodes_present ON nodes (heartbeat_at) WHERE state IN ('live', 'draining');

CREATE TABLE leader (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch bigint NOT NULL,
    node text NOT NULL,
    elected_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL
);

-- Written every 5 s by the leader: what charts, rates and the scrubbed past are read from.
CREATE TABLE samples (
    at timestamptz NOT NULL,
    lane text NOT NULL,
    waiting bigint NOT NULL,
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
CREATE INDEX samples_at ON samples (at);
