//! Roles by the server's own word: whatever SQL a lesser login sends, it does no more than its role may.

use sqlx::AssertSqlSafe;
use switchboard::database::private::{PrivateOptions, PrivateServer};
use switchboard::database::{Db, migrate, roles};
use switchboard::operations::views::audit_chain;

use crate::support::logins::{Login, login};
use crate::support::work::count;
use crate::support::{Program, TestDb};

/// What no login of ours may send with success; `{me}` is its own name.
const NOBODY: &[&str] = &[
    "SET ROLE switchboard",
    "SET SESSION AUTHORIZATION switchboard",
    "GRANT switchboard_admin TO {me}",
    "GRANT switchboard_worker TO {me}",
    "ALTER ROLE {me} SUPERUSER",
    "ALTER ROLE {me} CREATEROLE",
    "CREATE ROLE other_{me} IN ROLE switchboard_admin",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "ALTER TABLE audit_log OWNER TO {me}",
    "SET session_replication_role = replica",
    "UPDATE audit_log SET reason = 'x'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "UPDATE audit_head SET seq = 0",
    "WITH gone AS (DELETE FROM audit_head RETURNING 1) SELECT * FROM gone",
    "DELETE FROM schema_migrations",
    "UPDATE schema_info SET oldest_program = '99.0.0'",
    "UPDATE role_rules SET privileges = 'SELECT'",
    "INSERT INTO role_rules VALUES ('credential_secrets', 'switchboard_viewer', 'SELECT')",
    "SELECT grant_roles()",
    "CREATE TABLE public.mine (x int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMP TABLE mine (x int); CREATE TRIGGER t BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION chain_audit()",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/out_of_reach'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT lo_import('/etc/passwd')",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "SELECT set_config('role', 'switchboard', false)",
    "SELECT set_config('session_authorization', 'switchboard', false)",
    "DO $$ BEGIN SET LOCAL session_replication_role = replica; DELETE FROM audit_log; END $$",
    "CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.audit_log'; SELECT pg_temp.f()",
    "CREATE TEMP TABLE t (x int); CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN TRUNCATE public.audit_log; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.f(); INSERT INTO t VALUES (1)",
    "CREATE TRIGGER t AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit()",
    "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.now()'",
    "CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = texteq)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION pgcrypto",
    "CREATE EXTENSION dblink",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION chain_audit()",
    "CREATE POLICY p ON credentials USING (true)",
    "ALTER TABLE credential_secrets DISABLE ROW LEVEL SECURITY",
    "ALTER FUNCTION chain_audit() OWNER TO {me}",
    "CREATE OR REPLACE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "ALTER ROLE switchboard_admin SET search_path = pg_temp",
    "ALTER ROLE switchboard SET search_path = pg_temp",
    "ALTER DEFAULT PRIVILEGES FOR ROLE switchboard GRANT ALL ON TABLES TO {me}",
    "REASSIGN OWNED BY switchboard TO {me}",
    "DROP OWNED BY switchboard",
    "COPY breakers FROM PROGRAM 'id'",
    "MERGE INTO audit_log a USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT pg_reload_conf()",
    "SELECT pg_create_physical_replication_slot('s')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'switchboard' LIMIT 1",
    "VACUUM FULL audit_log; DELETE FROM audit_log",
    "DROP TABLE breakers",
    "CREATE RULE r AS ON SELECT TO breakers DO INSTEAD SELECT 1",
];
/// Reading what is sealed, in every way.
const UNSEALING: &[&str] = &[
    "SELECT sealed FROM credential_secrets",
    "SELECT * FROM credential_secrets",
    "SELECT count(sealed) FROM credential_secrets",
    "COPY credential_secrets TO STDOUT",
    "COPY (SELECT sealed FROM credential_secrets) TO STDOUT",
    "SELECT query_to_xml('SELECT sealed FROM credential_secrets', true, false, '')",
    "SELECT table_to_xml('credential_secrets', true, false, '')",
    "DO $$ BEGIN PERFORM sealed FROM credential_secrets; END $$",
    "CREATE TEMP VIEW v AS SELECT sealed FROM credential_secrets; SELECT * FROM v",
    "UPDATE credential_secrets SET key_id = key_id RETURNING sealed",
    "DELETE FROM credential_secrets WHERE sealed IS NOT NULL",
    "SELECT row_to_json(s) FROM credential_secrets s",
    "SELECT s FROM credential_secrets s",
    "CREATE TEMP TABLE t AS TABLE credential_secrets",
    "DECLARE c CURSOR WITH HOLD FOR SELECT sealed FROM credential_secrets",
    "PREPARE p AS SELECT sealed FROM credential_secrets; EXECUTE p",
    "SELECT 1 FROM credential_secrets WHERE get_byte(sealed, 0) > 0",
    "SELECT 1 FROM credentials ORDER BY (SELECT sealed FROM credential_secrets LIMIT 1)",
    "CREATE FUNCTION pg_temp.f() RETURNS SETOF bytea LANGUAGE sql AS 'SELECT sealed FROM public.credential_secrets'; SELECT pg_temp.f()",
];
/// Entering and turning credentials.
const ROTATING: &[&str] = &[
    "INSERT INTO credentials (slot, version, fields, fingerprint, set_by) VALUES ('twilio', 9, '{}', 'x', 'x')",
    "UPDATE credentials SET state = 'retired'",
    "UPDATE credentials SET fingerprint = 'x'",
    "UPDATE credential_secrets SET key_id = 'x'",
    "UPDATE vault SET version = version + 1",
    "SELECT wrapped_key FROM vault",
    "SELECT * FROM vault FOR UPDATE",
    "INSERT INTO vault_nodes (epoch) VALUES (1)",
    "SET ROLE switchboard_admin",
    "SET ROLE switchboard_worker",
];
/// An operator's work.
const ACTING: &[&str] = &[
    "UPDATE breakers SET state = 'closed'",
    "UPDATE lanes SET paused = false",
    "WITH u AS (UPDATE breakers SET generation = 9 RETURNING 1) SELECT * FROM u",
    "EXPLAIN ANALYZE UPDATE breakers SET generation = 9",
    "DO $$ BEGIN UPDATE breakers SET generation = 9; END $$",
    "DELETE FROM jobs",
    "INSERT INTO contacts (raw_phone_number, phone_e164) VALUES ('1', '+12125550100')",
    "INSERT INTO audit_log (node, door, verb, target, radius, request_id, result) VALUES ('n', 'd', 'v', 't', 1, gen_random_uuid(), 'done')",
    "INSERT INTO timeline (kind, subject, summary, actor) VALUES ('person', 's', 's', 'a')",
    "LOCK TABLE breakers IN ACCESS EXCLUSIVE MODE",
    "SELECT * FROM breakers FOR UPDATE",
    "UPDATE prices SET usd = 0",
    "UPDATE environment SET production = false",
    "SET ROLE switchboard_operator",
];

/// Everything that a right too many could have changed.
async fn state(db: &Db) -> String {
    let sql = "SELECT concat((SELECT string_agg(b::text, ',' ORDER BY name) FROM breakers b), (SELECT string_agg(l::text, ',' ORDER BY lane) FROM lanes l),
                   (SELECT string_agg(a::text, ',') FROM audit_log a), (SELECT h::text FROM audit_head h), (SELECT v::text FROM vault v),
                   (SELECT string_agg(c::text, ',') FROM credentials c), (SELECT string_agg(s::text, ',') FROM credential_secrets s),
                   (SELECT count(*) FROM contacts), (SELECT count(*) FROM timeline), (SELECT sum(usd) FROM prices), (SELECT e::text FROM environment e),
                   (SELECT string_agg(concat(grantor, grantee, table_name, privilege_type), ',' ORDER BY 1) FROM information_schema.table_privileges WHERE table_schema = 'public'))";
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}

/// A database with a sealed row of which nobody knows the key: what is tested is the way to it.
async fn stage() -> TestDb {
    let test = TestDb::new().await;
    Program::on(&test).json(&["lanes", "pause", "twilio"]).await;
    let sql = "WITH c AS (INSERT INTO credentials (slot, version, state, fields, fingerprint, set_by)
                   VALUES ('twilio', 1, 'current', '{account_sid,auth_token}', 'ab12', 'ann') RETURNING id)
               INSERT INTO credential_secrets SELECT id, '\\x01', '\\x02', 'k1', '\\x03', '\\x04' FROM c";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    test
}

async fn is_refused(test: &TestDb, login: &Login, attacks: &[&str]) {
    let before = state(&test.db).await;
    for attack in attacks {
        let sql = attack.replace("{me}", &login.name);
        let mut session = login.db.pool().acquire().await.unwrap();
        let sent = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut *session).await;
        assert!(sent.is_err(), "{} was allowed: {sql}", login.name);
        // A role that was taken must not stay with the connection.
        session.close().await.unwrap();
    }
    assert_eq!(state(&test.db).await, before, "{} changed something", login.name);
}

#[tokio::test]
async fn a_viewer_can_only_look_whatever_sql_it_sends() {
    let test = stage().await;
    let viewer = login(&test, "viewer").await;
    for attacks in [NOBODY, UNSEALING, ROTATING, ACTING] {
        is_refused(&test, &viewer, attacks).await;
    }
    let statistics = "SELECT count(*) FROM pg_stats WHERE tablename = 'credential_secrets'";
    assert_eq!(count(&viewer.db, statistics).await, 0);
    let program = Program::new().with("DATABASE_URL", &viewer.url);
    for command in [
        &["status"][..],
        &["lanes", "list"],
        &["breakers", "list"],
        &["timeline"],
        &["audit"],
        &["audit", "--verify"],
        &["doctor"],
    ] {
        program.json(command).await;
    }
    let refusal = program.run(&["lanes", "resume", "twilio"]).await.refusal(1);
    assert!(refusal.contains("this login may not do that") && refusal.contains("switchboard doctor"), "{refusal}");
    let refusal = program.run(&["worker"]).await.refusal(1);
    assert!(refusal.contains("is viewer, no worker"), "{refusal}");
    let doctor = program.run(&["doctor"]).await;
    assert!(doctor.out.contains(&format!("enforced by the database: {} is viewer", viewer.name)), "{doctor:?}");
}

#[tokio::test]
async fn an_operator_acts_but_can_not_rotate_unseal_or_rise_whatever_sql_it_sends() {
    let test = stage().await;
    let operator = login(&test, "operator").await;
    for attacks in [NOBODY, UNSEALING, ROTATING] {
        is_refused(&test, &operator, attacks).await;
    }
    let program = Program::new().with("DATABASE_URL", &operator.url);
    let receipt = program.json(&["lanes", "resume", "twilio"]).await;
    let login: String = sqlx::query_scalar("SELECT login FROM audit_log WHERE id = $1")
        .bind(receipt["audit_id"].as_i64())
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    assert_eq!(login, operator.name);
    // A table of the session's own must not stand in for the chain's head.
    let shadow = "CREATE TEMP TABLE audit_head (one boolean, seq bigint, hash bytea); INSERT INTO audit_head VALUES (true, 900, 'x');
                  SET search_path = pg_temp, public;
                  INSERT INTO public.audit_log (node, door, verb, target, radius, request_id, result) VALUES ('n', 'd', 'v', 't', 1, gen_random_uuid(), 'done')";
    sqlx::raw_sql(AssertSqlSafe(shadow)).execute(operator.db.pool()).await.unwrap();
    let chain = audit_chain(&test.db, None).await.unwrap();
    assert!(chain.whole && chain.rows == 3, "{chain:?}");
    let refusal = program.run(&["deck", "require", "on", "--yes"]).await.refusal(1);
    assert!(refusal.contains("this login may not do that"), "{refusal}");
    let told: (String, String) =
        sqlx::query_as("SELECT verb, result FROM audit_log WHERE login = $1 ORDER BY seq DESC LIMIT 1")
            .bind(&operator.name)
            .fetch_one(test.db.pool())
            .await
            .unwrap();
    assert_eq!(told, ("deck require".to_owned(), format!("refused: {refusal}")));
}

#[tokio::test]
async fn an_admin_enters_what_it_can_not_read_and_a_worker_reads_what_it_can_not_enter() {
    let test = stage().await;
    let (admin, worker) = (login(&test, "admin").await, login(&test, "worker").await);
    is_refused(&test, &admin, NOBODY).await;
    let by_column = UNSEALING.iter().filter(|sql| !sql.starts_with("DELETE"));
    is_refused(&test, &admin, &by_column.copied().collect::<Vec<_>>()).await;
    is_refused(
        &test,
        &admin,
        &[
            "UPDATE credential_secrets SET sealed = '\\x00'",
            "DELETE FROM credential_secrets",
            "SET ROLE switchboard_worker",
        ],
    )
    .await;
    is_refused(&test, &worker, NOBODY).await;
    is_refused(
        &test,
        &worker,
        &[
            ROTATING[0],
            ROTATING[2],
            ROTATING[3],
            "UPDATE credential_secrets SET sealed = '\\x00'",
            "SET ROLE switchboard_admin",
            "SET ROLE switchboard_operator",
            "SELECT wrapped_key FROM vault FOR UPDATE NOWAIT; UPDATE vault SET wrapped_key = NULL",
        ],
    )
    .await;
    assert_eq!(count(&worker.db, "SELECT count(sealed) FROM credential_secrets").await, 1);
    let of = async |login: &Login| roles::rights(&login.db).await.unwrap();
    let (admins, workers) = (of(&admin).await, of(&worker).await);
    assert!(admins.enforced && admins.admin && admins.operator && !admins.worker, "{admins:?}");
    assert!(workers.worker && !workers.admin, "{workers:?}");
    assert!(!roles::rights(&test.db).await.unwrap().enforced);
}

#[tokio::test]
async fn a_table_that_comes_later_is_granted_with_the_next_migration() {
    let test = TestDb::new().await;
    let (viewer, operator) = (login(&test, "viewer").await, login(&test, "operator").await);
    sqlx::raw_sql("CREATE TABLE comes_later (x int)").execute(test.db.pool()).await.unwrap();
    migrate::grant_roles(&test.db).await.unwrap();
    assert_eq!(count(&viewer.db, "SELECT count(*) FROM comes_later").await, 0);
    let insert = "INSERT INTO comes_later VALUES (1)";
    assert!(sqlx::query(insert).execute(viewer.db.pool()).await.is_err());
    sqlx::query(insert).execute(operator.db.pool()).await.unwrap();
}

#[tokio::test]
async fn two_databases_of_a_new_server_make_the_roles_at_once() {
    let home = tempfile::Builder::new().prefix("sb-").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let options = PrivateOptions { home: Some(home.path().join("pg")), durable: false };
    let server = PrivateServer::start(options).await.unwrap();
    let mut databases = Vec::new();
    for name in ["one", "two", "three"] {
        server.create_database(name).await.unwrap();
        databases.push(Db::connect(server.options(name), 2).await.unwrap());
    }
    let applied = futures_util::future::join_all(databases.iter().map(migrate::run)).await;
    for (db, applied) in databases.iter().zip(applied) {
        assert!(applied.unwrap().count > 0);
        let granted = "SELECT count(*) FROM information_schema.table_privileges WHERE grantee = 'switchboard_viewer' AND table_name = 'breakers'";
        assert_eq!(count(db, granted).await, 1);
        db.close().await;
    }
    server.release().await.unwrap();
}
