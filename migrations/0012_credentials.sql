-- Which vault this is: sealed values name it, so that a row of another database can't be put in. `version` grows with each
-- change, which processes look at every few seconds; the wrapped key makes fingerprints of secrets.
CREATE TABLE vault (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    version bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now(),
    key_id text,
    wrap_nonce bytea,
    wrapped_key bytea
);
INSERT INTO vault DEFAULT VALUES;

-- One row per version of a credential: who, when, how it fares. Never a secret.
CREATE TABLE credentials (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slot text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'current', 'previous', 'retired', 'refused')),
    fields text[] NOT NULL,
    fingerprint text NOT NULL,
    set_by text NOT NULL,
    set_login text NOT NULL DEFAULT session_user,
    set_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    watch_until timestamptz,
    watched_at timestamptz,
    ended_at timestamptz,
    ended_why text,
    last_used_at timestamptz,
    verified_at timestamptz,
    verdict text CHECK (verdict IN ('accepted', 'refused', 'unknown', 'no_call')),
    verdict_detail text,
    verify_wanted_at timestamptz,
    doubt_until timestamptz,
    refusals integer NOT NULL DEFAULT 0,
    refusals_since timestamptz,
    expires_at timestamptz,
    reminded_at timestamptz,
    UNIQUE (slot, version)
);
CREATE UNIQUE INDEX credentials_one_current ON credentials (slot) WHERE state = 'current';
CREATE UNIQUE INDEX credentials_one_pending ON credentials (slot) WHERE state = 'pending';
CREATE UNIQUE INDEX credentials_one_previous ON credentials (slot) WHERE state = 'previous';

-- The sealed values, apart: the fields under a key of this version, and that key under the master key that key_id names.
CREATE TABLE credential_secrets (
    credential_id bigint PRIMARY KEY REFERENCES credentials ON DELETE CASCADE,
    nonce bytea NOT NULL,
    sealed bytea NOT NULL,
    key_id text NOT NULL,
    wrap_nonce bytea NOT NULL,
    wrapped_key bytea NOT NULL
);

CREATE FUNCTION refuse_loss_of_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM credentials WHERE id = OLD.credential_id AND state <> 'retired') THEN
        RAISE EXCEPTION 'only a retired credential may lose its secret' USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER credential_secrets_kept BEFORE DELETE ON credential_secrets FOR EACH ROW EXECUTE FUNCTION refuse_loss_of_secret();

-- What each node of the fleet holds: its keys, and the versions that it uses now.
CREATE TABLE vault_nodes (
    epoch bigint PRIMARY KEY,
    key_ids text[] NOT NULL DEFAULT '{}',
    held jsonb NOT NULL DEFAULT '{}',
    seen_version bigint NOT NULL DEFAULT 0,
    confirmed_at timestamptz NOT NULL DEFAULT now()
);
