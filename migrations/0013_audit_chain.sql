-- The audit log as a chain: seq has no gap, and each row's hash covers the row and the hash of the row before it.
-- The rows can't be changed, so what took an action back names it in `undoes`.
ALTER TABLE audit_log
    ADD COLUMN seq bigint,
    ADD COLUMN undoes bigint,
    ADD COLUMN prev_hash bytea,
    ADD COLUMN hash bytea;

-- The end of the chain; one person's action at a time is appended, by the trigger alone.
CREATE TABLE audit_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, sha256(convert_to('switchboard audit log', 'UTF8')));

-- What a hash covers. `audit --verify` computes it by a statement of its own; the two must say the same.
CREATE FUNCTION audit_words(r audit_log) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_array(r.seq, r.id, extract(epoch FROM r.at), r.login, r.claimed, r.node, r.door, r.verb, r.target, r.radius,
                             r.before, r.after, r.reason, r.request_id, r.inverse, r.result, r.undoes)::text
$$;

-- Runs with its owner's rights, so that nobody else needs any on the head. Time and login are the server's, not the client's.
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    head audit_head;
BEGIN
    UPDATE audit_head SET seq = seq + 1 RETURNING * INTO head;
    NEW.seq := head.seq;
    NEW.at := clock_timestamp();
    NEW.login := session_user;
    NEW.prev_hash := head.hash;
    NEW.hash := sha256(head.hash || convert_to(audit_words(NEW), 'UTF8'));
    UPDATE audit_head SET hash = NEW.hash;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

-- Without a fixed path, a temporary table could stand in for the head.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION chain_audit() SET search_path = %I, pg_temp', current_schema());
END $$;

-- What is there already is chained in the order of its numbers.
DO $$
DECLARE
    r audit_log;
    head audit_head;
BEGIN
    FOR r IN SELECT * FROM audit_log ORDER BY id LOOP
        UPDATE audit_head SET seq = seq + 1 RETURNING * INTO head;
        r.seq := head.seq;
        UPDATE audit_head SET hash = sha256(head.hash || convert_to(audit_words(r), 'UTF8'));
        UPDATE audit_log SET seq = r.seq, prev_hash = head.hash, hash = (SELECT hash FROM audit_head) WHERE id = r.id;
    END LOOP;
END $$;

ALTER TABLE audit_log ALTER COLUMN seq SET NOT NULL, ALTER COLUMN prev_hash SET NOT NULL, ALTER COLUMN hash SET NOT NULL;
CREATE UNIQUE INDEX audit_log_seq ON audit_log (seq);
CREATE UNIQUE INDEX audit_log_undone_once ON audit_log (undoes) WHERE undoes IS NOT NULL;

CREATE TRIGGER audit_log_chained BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
