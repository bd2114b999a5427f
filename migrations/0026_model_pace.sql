-- When each provider of models may be called again: one row a provider, so that its rate holds in the whole fleet.
CREATE TABLE model_pace (
    provider text PRIMARY KEY,
    free_at timestamptz NOT NULL
);

-- Whoever asks a model writes down what it cost. A viewer asks none.
UPDATE role_rules SET privileges = 'INSERT, UPDATE, DELETE' WHERE relation = 'usage' AND grantee = 'switchboard_operator';
