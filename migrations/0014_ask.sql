-- What a person asked and keeps, per database login (which the server vouches for) and operating-system user (as claimed).
CREATE TABLE saved (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL DEFAULT session_user,
    os_user text NOT NULL,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,40}$'),
    question text,
    filter text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (login, os_user, name)
);

CREATE TABLE ask_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    login text NOT NULL DEFAULT session_user,
    os_user text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('question', 'filter', 'about')),
    question text NOT NULL,
    filter text NOT NULL,
    source text NOT NULL,
    understood boolean NOT NULL,
    cost numeric(12, 6) NOT NULL DEFAULT 0
);
CREATE INDEX ask_history_person ON ask_history (login, os_user, id DESC);

-- USD list prices of models, input and output apart; `input` and `output` alone stand for a model that has no row of its own.
INSERT INTO prices (provider, operation, unit, usd) VALUES
    ('openai', 'gpt-4o-mini input', 'million tokens', 0.15),
    ('openai', 'gpt-4o-mini output', 'million tokens', 0.60),
    ('openai', 'input', 'million tokens', 2.50),
    ('openai', 'output', 'million tokens', 10.00),
    ('anthropic', 'input', 'million tokens', 3.00),
    ('anthropic', 'output', 'million tokens', 15.00),
    ('gemini', 'input', 'million tokens', 1.25),
    ('gemini', 'output', 'million tokens', 10.00),
    ('openrouter', 'input', 'million tokens', 3.00),
    ('openrouter', 'output', 'million tokens', 15.00),
    ('compatible', 'input', 'million tokens', 0),
    ('compatible', 'output', 'million tokens', 0);
