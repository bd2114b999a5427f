-- What on-call reads first: written by the transaction that makes each line true.
CREATE TABLE timeline (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    severity text NOT NULL DEFAULT 'info' CHECK (severity IN ('info', 'warning', 'critical')),
    subject text NOT NULL,
    summary text NOT NULL,
    actor text NOT NULL,
    audit_id bigint
);
CREATE INDEX timeline_at ON timeline (at DESC, id DESC);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    login text NOT NULL DEFAULT session_user,
    claimed jsonb NOT NULL DEFAULT '{}',
    node text NOT NULL,
    door text NOT NULL,
    verb text NOT NULL,
    target text NOT NULL,
    radius bigint NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    request_id uuid NOT NULL,
    inverse jsonb,
    result text NOT NULL
);
CREATE INDEX audit_log_at ON audit_log (at DESC);

CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
    subject text NOT NULL,
    summary text NOT NULL,
    incident boolean NOT NULL DEFAULT false,
    raised_at timestamptz NOT NULL DEFAULT now(),
    below_since timestamptz,
    cleared_at timestamptz
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (key) WHERE cleared_at IS NULL;

CREATE TABLE usage (
    provider text NOT NULL,
    hour timestamptz NOT NULL,
    operation text NOT NULL,
    calls bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    cached bigint NOT NULL DEFAULT 0,
    cost numeric(14, 6) NOT NULL DEFAULT 0,
    took_ms bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (provider, hour, operation)
);

CREATE TABLE prices (
    provider text NOT NULL,
    operation text NOT NULL,
    unit text NOT NULL,
    usd numeric(12, 6) NOT NULL,
    valid_from timestamptz NOT NULL DEFAULT '2000-01-01Z',
    PRIMARY KEY (provider, operation, valid_from)
);

-- USD list prices; each is a row that an operator may supersede with a later valid_from.
INSERT INTO prices (provider, operation, unit, usd) VALUES
    ('twilio', 'basic', 'call', 0),
    ('twilio', 'line_type_intelligence', 'call', 0.008),
    ('twilio', 'caller_name', 'call', 0.010),
    ('twilio', 'sms_pumping_risk', 'call', 0.025),
    ('twilio', 'sim_swap', 'call', 0.010),
    ('twilio', 'call_forwarding', 'call', 0.010),
    ('twilio', 'line_status', 'call', 0.010),
    ('twilio', 'identity_match', 'call', 0.010),
    ('twilio', 'reassigned_number', 'call', 0.010),
    ('twilio', 'phone_number_quality_score', 'call', 0.010),
    ('twilio', 'pre_fill', 'call', 0.010);

CREATE TABLE environment (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    name text NOT NULL DEFAULT 'local',
    production boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO environment DEFAULT VALUES;
