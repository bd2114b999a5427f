-- Four roles that the database itself enforces. They belong to the whole server, so another database may make them at the
-- same moment, or may have made them before; where this login may not make roles, there are none, and `doctor` says so.
DO $$
DECLARE
    role name;
    pair name[];
BEGIN
    IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    FOREACH role IN ARRAY ARRAY['switchboard_viewer', 'switchboard_operator', 'switchboard_admin', 'switchboard_worker']::name[] LOOP
        BEGIN
            IF to_regrole(role::text) IS NULL THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    -- An operator may what a viewer may, an admin what an operator may. A worker is no operator.
    FOREACH pair SLICE 1 IN ARRAY ARRAY[['switchboard_viewer', 'switchboard_operator'], ['switchboard_operator', 'switchboard_admin'],
                                        ['switchboard_viewer', 'switchboard_worker']]::name[][] LOOP
        BEGIN
            IF NOT pg_has_role(pair[2], pair[1], 'MEMBER') THEN
                EXECUTE format('GRANT %I TO %I', pair[1], pair[2]);
            END IF;
        EXCEPTION WHEN unique_violation OR insufficient_privilege OR internal_error THEN NULL;
        END;
    END LOOP;
END $$;

-- A relation with rows here is granted by them alone; one without is read by viewers and written by operators and workers.
-- A migration that adds a table which needs other rules adds its rows.
CREATE TABLE role_rules (
    relation name NOT NULL,
    grantee name NOT NULL,
    privileges text NOT NULL,
    PRIMARY KEY (relation, grantee)
);
INSERT INTO role_rules (relation, grantee, privileges) VALUES
    ('role_rules', 'switchboard_viewer', 'SELECT'),
    ('schema_migrations', 'switchboard_viewer', 'SELECT'),
    ('schema_info', 'switchboard_viewer', 'SELECT'),
    ('environment', 'switchboard_viewer', 'SELECT'),
    ('environment', 'switchboard_admin', 'UPDATE'),
    ('prices', 'switchboard_viewer', 'SELECT'),
    ('prices', 'switchboard_admin', 'INSERT, UPDATE, DELETE'),
    ('usage', 'switchboard_viewer', 'SELECT'),
    ('usage', 'switchboard_operator', 'DELETE'),
    ('usage', 'switchboard_worker', 'INSERT, UPDATE, DELETE'),
    ('audit_head', 'switchboard_viewer', 'SELECT'),
    ('audit_log', 'switchboard_viewer', 'SELECT'),
    ('audit_log', 'switchboard_operator', 'INSERT'),
    ('audit_log', 'switchboard_worker', 'INSERT'),
    ('vault', 'switchboard_viewer', 'SELECT (one, id, version, changed_at, key_id)'),
    ('vault', 'switchboard_admin', 'SELECT, UPDATE (version, changed_at, key_id, wrap_nonce, wrapped_key)'),
    ('vault', 'switchboard_worker', 'SELECT, UPDATE (version, changed_at)'),
    ('vault_nodes', 'switchboard_viewer', 'SELECT'),
    ('vault_nodes', 'switchboard_worker', 'INSERT, UPDATE, DELETE'),
    ('credentials', 'switchboard_viewer', 'SELECT'),
    ('credentials', 'switchboard_admin',
     'INSERT (slot, version, fields, fingerprint, set_by, expires_at), UPDATE (state, activated_at, watch_until, watched_at, ended_at, ended_why, verified_at, verdict, verdict_detail, verify_wanted_at, refusals, refusals_since, expires_at, reminded_at)'),
    ('credentials', 'switchboard_worker',
     'UPDATE (state, activated_at, watch_until, watched_at, ended_at, ended_why, last_used_at, verified_at, verdict, verdict_detail, verify_wanted_at, doubt_until, refusals, refusals_since, reminded_at)'),
    ('credential_secrets', 'switchboard_admin',
     'INSERT, DELETE, SELECT (credential_id, key_id, wrap_nonce, wrapped_key), UPDATE (key_id, wrap_nonce, wrapped_key)'),
    ('credential_secrets', 'switchboard_worker', 'SELECT');

-- Grants all of it anew: run after every migration, since tables may have come. Does nothing where there are no roles.
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    roles CONSTANT text := 'switchboard_viewer, switchboard_operator, switchboard_admin, switchboard_worker';
    r record;
BEGIN
    IF EXISTS (SELECT FROM unnest(string_to_array(roles, ', ')) AS role WHERE to_regrole(role) IS NULL) THEN
        RETURN;
    END IF;
    BEGIN
        -- Before PostgreSQL 15 everybody may create in the schema, and so could plant a function that an admin calls.
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', current_schema(), roles);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
    FOR r IN
        SELECT c.relname, c.relkind FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
          AND pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, %s', r.relname, roles);
        IF NOT EXISTS (SELECT FROM role_rules WHERE relation = r.relname) THEN
            EXECUTE format('GRANT SELECT ON %I TO switchboard_viewer', r.relname);
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I TO switchboard_operator, switchboard_worker', r.relname);
        END IF;
    END LOOP;
    FOR r IN SELECT * FROM role_rules WHERE to_regclass(quote_ident(relation)) IS NOT NULL LOOP
        EXECUTE format('GRANT %s ON %I TO %I', r.privileges, r.relation, r.grantee);
    END LOOP;
    -- Whoever may use a function with its owner's rights in a trigger of their own could run it on their own rows.
    FOR r IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace AND pg_has_role(p.proowner, 'USAGE')
          AND (p.prosecdef OR p.proname = 'grant_roles') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, %s', r.signature, roles);
    END LOOP;
END $$;
