-- The command that does the same as an audited action: what a runbook is written from. None where no command could (an
-- import from a pipe, a secret that was typed) and in rows that are older than this column.
ALTER TABLE audit_log ADD COLUMN twin text;

-- What a hash covers now. A row without a twin is covered as before, so the chain of what is there already still holds; a
-- twin that is changed, added or taken away afterwards shows. `audit --verify` says the same by a statement of its own.
CREATE OR REPLACE FUNCTION audit_words(r audit_log) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (jsonb_build_array(r.seq, r.id, extract(epoch FROM r.at), r.login, r.claimed, r.node, r.door, r.verb, r.target, r.radius,
                              r.before, r.after, r.reason, r.request_id, r.inverse, r.result, r.undoes)
            || CASE WHEN r.twin IS NULL THEN '[]' ELSE jsonb_build_array(r.twin) END)::text
$$;
