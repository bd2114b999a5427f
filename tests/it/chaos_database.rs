//! The database itself fails for a while: read-only, full. Nothing is lost, and nothing is called for twice that need not be.

use switchboard::database::Db;

use crate::support::postgres::server;
use crate::support::work::{accounted, calls, count, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb};

const LOOKUPS: i64 = 300;

async fn read_only(test: &TestDb, on: bool) {
    let admin = Db::connect(server().await.options("postgres"), 1).await.unwrap();
    let word = if on { "on" } else { "off" };
    let sql = format!("ALTER DATABASE {} SET default_transaction_read_only = {word}", test.name);
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(admin.pool()).await.unwrap();
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
    sqlx::query(sql).bind(&test.name).execute(admin.pool()).await.unwrap();
    admin.close().await;
}

#[tokio::test]
async fn a_database_that_is_read_only_for_a_while_holds_work_up_and_loses_none() {
    let test = TestDb::new().await;
    queued(&test.db, LOOKUPS as usize).await;
    // So slow that it can't be over before the database is read-only: four calls at a time take seconds for all.
    let sandbox = sandbox("slow=50ms").await;
    let few = Program::calling(&test, &sandbox).twilio("CONCURRENCY_START", "4").twilio("CONCURRENCY_CAP", "4");
    let _worker = few.start(&["worker"]);
    until(&test.db, "SELECT count(*) > 0 FROM job_history").await;
    read_only(&test, true).await;
    let watch = Db::connect(server().await.options(&test.name), 1).await.unwrap();
    until(&watch, "SELECT max(heartbeat_at) < clock_timestamp() - interval '2 s' FROM nodes").await;
    let stood_at = count(&watch, "SELECT count(*) FROM job_history").await;
    assert!(stood_at < LOOKUPS, "it was held up");
    watch.close().await;
    read_only(&test, false).await;
    let again = Db::connect(server().await.options(&test.name), 2).await.unwrap();
    until(&again, "SELECT count(*) = 300 FROM contacts WHERE status = 'completed'").await;
    accounted(&again, LOOKUPS).await;
    again.close().await;
}

#[tokio::test]
async fn a_full_disk_makes_the_settler_wait_and_no_call_is_made_twice() {
    let test = TestDb::new().await;
    queued(&test.db, LOOKUPS as usize).await;
    let full = "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER disk_full BEFORE INSERT ON history_batches FOR EACH STATEMENT EXECUTE FUNCTION disk_full()";
    sqlx::raw_sql(full).execute(test.db.pool()).await.unwrap();
    let sandbox = sandbox("ok").await;
    let worker = Program::calling(&test, &sandbox).start(&["worker", "--until-empty"]);
    crate::support::eventually(crate::support::work::PATIENCE, || std::future::ready(calls(&sandbox) >= 16)).await;
    until(&test.db, "SELECT max(heartbeat_at) > min(started_at) + interval '1 s' FROM nodes").await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_history").await, 0);
    sqlx::raw_sql("DROP TRIGGER disk_full ON history_batches").execute(test.db.pool()).await.unwrap();
    assert_eq!(worker.ended().await.code, 0);
    assert_eq!((statuses(&test.db).await, calls(&sandbox) as i64), ((0, 0, LOOKUPS, 0), LOOKUPS));
    accounted(&test.db, LOOKUPS).await;
}
