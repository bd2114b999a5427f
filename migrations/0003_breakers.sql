CREATE TABLE breakers (
    name text PRIMARY KEY,
    lane text,
    state text NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'open', 'half_open', 'forced_open', 'forced_closed')),
    generation bigint NOT NULL DEFAULT 1,
    consecutive_failures integer NOT NULL DEFAULT 0,
    first_failure_at timestamptz,
    window_started_at timestamptz,
    window_calls integer NOT NULL DEFAULT 0,
    window_failures integer NOT NULL DEFAULT 0,
    opened_at timestamptz,
    retry_at timestamptz,
    cool_offs integer NOT NULL DEFAULT 0,
    healthy_since timestamptz,
    probe_owner bigint,
    probe_until timestamptz,
    ramp_limit integer NOT NULL DEFAULT 0,
    ramp_done integer NOT NULL DEFAULT 0,
    held_by text,
    held_reason text,
    held_until timestamptz,
    last_failure text,
    last_failure_at timestamptz,
    last_success_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE breaker_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    breaker text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    generation bigint NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    event text NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL,
    retry_at timestamptz
);
CREATE INDEX breaker_events_breaker ON breaker_events (breaker, id DESC);
