-- A finished job was a row and an entry of an index, a third of what its end costs. Jobs that end together are one row now:
-- lists of the same length, kept as they are, since packing them would cost more than it saves. What people take out of the
-- queue stays a row each, which undo looks for by its contact.
ALTER TABLE job_history RENAME TO history_singles;

CREATE TABLE history_batches (
    lane text NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'cancelled')),
    lease_epoch bigint,
    finished_at timestamptz NOT NULL DEFAULT now(),
    ids bigint[] NOT NULL,
    contacts bigint[] NOT NULL,
    attempts smallint[] NOT NULL,
    created_at timestamptz[] NOT NULL,
    claimed_at timestamptz[] NOT NULL
);
ALTER TABLE history_batches ALTER ids SET STORAGE EXTERNAL, ALTER contacts SET STORAGE EXTERNAL, ALTER attempts SET STORAGE EXTERNAL,
    ALTER created_at SET STORAGE EXTERNAL, ALTER claimed_at SET STORAGE EXTERNAL;
CREATE INDEX history_batches_finished ON history_batches (finished_at);

-- All finished jobs, one a row, as before.
CREATE VIEW job_history AS
    SELECT id, lane, kind, contact_id, outcome, attempt, lease_epoch, created_at, claimed_at, finished_at FROM history_singles
    UNION ALL
    SELECT j.id, b.lane, b.kind, j.contact_id, b.outcome, j.attempt, b.lease_epoch, j.created_at, j.claimed_at, b.finished_at
    FROM history_batches b, unnest(b.ids, b.contacts, b.attempts, b.created_at, b.claimed_at) AS j(id, contact_id, attempt, created_at, claimed_at);

-- Programs from before this step write into it while they still run.
CREATE FUNCTION write_job_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM history_singles WHERE id = OLD.id AND contact_id = OLD.contact_id AND outcome = OLD.outcome;
        RETURN OLD;
    END IF;
    INSERT INTO history_singles (id, lane, kind, contact_id, outcome, attempt, lease_epoch, created_at, claimed_at, finished_at)
    VALUES (NEW.id, NEW.lane, NEW.kind, NEW.contact_id, NEW.outcome, NEW.attempt, NEW.lease_epoch, NEW.created_at, NEW.claimed_at, coalesce(NEW.finished_at, now()));
    RETURN NEW;
END $$;
CREATE TRIGGER write_job_history INSTEAD OF INSERT OR DELETE ON job_history FOR EACH ROW EXECUTE FUNCTION write_job_history();
