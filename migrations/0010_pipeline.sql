-- What the pipeline keeps beside the lookup: fingerprints and pairs of duplicates, merges with what was there before, answers
-- without data in the usage, and until when a lane is parked.
ALTER TABLE contacts
    ADD COLUMN phone_fingerprint text,
    ADD COLUMN name_fingerprint text,
    ADD COLUMN email_fingerprint text,
    ADD COLUMN is_duplicate boolean NOT NULL DEFAULT false,
    ADD COLUMN duplicate_of_id bigint REFERENCES contacts,
    ADD COLUMN duplicate_confidence integer,
    ADD COLUMN duplicate_checked_at timestamptz;
CREATE INDEX contacts_email_fingerprint ON contacts (email_fingerprint) WHERE email_fingerprint IS NOT NULL;
CREATE INDEX contacts_name_fingerprint ON contacts (name_fingerprint) WHERE name_fingerprint IS NOT NULL;
CREATE INDEX contacts_duplicate_of ON contacts (duplicate_of_id) WHERE duplicate_of_id IS NOT NULL;

-- Two contacts that may be the same, the lower id first. Decided ones stay, so that nobody is asked twice.
CREATE TABLE duplicate_pairs (
    first_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    second_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    confidence integer NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    parts jsonb NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    merge_id bigint,
    PRIMARY KEY (first_id, second_id),
    CHECK (first_id < second_id)
);
CREATE INDEX duplicate_pairs_open ON duplicate_pairs (confidence DESC, first_id, second_id) WHERE merge_id IS NULL;
CREATE INDEX duplicate_pairs_second ON duplicate_pairs (second_id);

-- A merge keeps both rows as they were: what undo restores.
CREATE TABLE merges (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    primary_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    duplicate_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    primary_before jsonb NOT NULL,
    duplicate_before jsonb NOT NULL,
    primary_after jsonb NOT NULL,
    undone_at timestamptz
);
CREATE INDEX merges_contacts ON merges (primary_id, duplicate_id);

ALTER TABLE usage ADD COLUMN no_data bigint NOT NULL DEFAULT 0;
ALTER TABLE lanes ADD COLUMN parked_until timestamptz;

-- A step's row names its contact, and contacts are never deleted one by one; checking the reference for each of a dozen rows
-- a contact costs more than writing them.
ALTER TABLE contact_steps DROP CONSTRAINT contact_steps_contact_id_fkey;

CREATE FUNCTION forget_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM contact_steps s USING touched t WHERE s.contact_id = t.id;
    RETURN NULL;
END $$;

CREATE TRIGGER contacts_steps_forgotten AFTER DELETE ON contacts REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION forget_steps();
