//! Contacts, lookups in the queue, and what the tables say about them.

use std::time::Duration;

use switchboard::contacts::synthetic;
use switchboard::database::Db;
use switchboard::fleet::node::{self, Joining};
use switchboard::queue::enqueue::{Work, enqueue};
use switchboard::queue::lane;
use switchboard::sandbox::{Options, Sandbox};

use super::eventually;

/// So long a worker may take for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A sandbox that answers at once, on this script.
pub async fn sandbox(script: &str) -> Sandbox {
    let sandbox = Sandbox::start(Options { latency_scale: 0.0, ..Options::default() }).await.unwrap();
    play(&sandbox, script);
    sandbox
}

/// Starts a script of Twilio's stand-in now.
pub fn play(sandbox: &Sandbox, script: &str) {
    sandbox.set_script("twilio", script.parse().unwrap()).unwrap();
}

/// Calls that reached Twilio's stand-in.
pub fn calls(sandbox: &Sandbox) -> u64 {
    sandbox.counters()["twilio"].total
}

/// Adds so many pending contacts with numbers kept for fiction; returns their ids in order.
pub async fn contacts(db: &Db, how_many: usize) -> Vec<i64> {
    let numbers: Vec<String> = synthetic::generate(how_many, 1).collect();
    let sql =
        "INSERT INTO contacts (raw_phone_number, phone_e164) SELECT n, n FROM unnest($1::text[]) AS n RETURNING id";
    let mut ids: Vec<i64> = sqlx::query_scalar(sql).bind(numbers).fetch_all(db.pool()).await.unwrap();
    ids.sort_unstable();
    ids
}

/// Puts the lookups of these contacts into Twilio's lane.
pub async fn look_up(db: &Db, ids: &[i64]) {
    lane::seed(db).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let work = Work { lane: "twilio", kind: "lookup", max_attempts: 5, priority: 100 };
    enqueue(&mut tx, work, ids).await.unwrap();
    tx.commit().await.unwrap();
}

/// So many contacts with their lookups in the queue.
pub async fn queued(db: &Db, how_many: usize) -> Vec<i64> {
    let ids = contacts(db, how_many).await;
    look_up(db, &ids).await;
    ids
}

/// Joins a node that runs jobs; returns its epoch.
pub async fn epoch(db: &Db) -> i64 {
    node::join(db, &Joining::here("worker", vec!["twilio".into()])).await.unwrap()
}

/// Statements that the server has counted for this database; none where its library is missing.
pub async fn statements(db: &Db) -> Option<i64> {
    let sql = "SELECT sum(s.calls)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()";
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.ok()
}

/// One number that a statement gives.
pub async fn count(db: &Db, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}

/// Contacts that are pending, processing, completed, failed: counted.
pub async fn statuses(db: &Db) -> (i64, i64, i64, i64) {
    let sql = "SELECT count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'processing'),
                      count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed') FROM contacts";
    sqlx::query_as(sql).fetch_one(db.pool()).await.unwrap()
}

/// Every one of `enqueued` lookups ended, once; nothing is held, nothing was done twice to the data.
pub async fn accounted(db: &Db, enqueued: i64) {
    let sql = "SELECT (SELECT count(*) FROM job_history WHERE kind = 'lookup') + (SELECT count(*) FROM jobs WHERE kind = 'lookup' AND state = 'dead'),
                      (SELECT count(*) FROM jobs WHERE kind = 'lookup' AND state <> 'dead'),
                      (SELECT count(*) FROM (SELECT contact_id FROM provider_results WHERE provider = 'twilio' GROUP BY 1 HAVING count(*) > 1) r)
                      + (SELECT count(*) FROM (SELECT id FROM job_history GROUP BY 1 HAVING count(*) > 1) h),
                      (SELECT count(*) FROM contacts WHERE status IN ('pending', 'processing'))";
    let (over, live, double, held): (i64, i64, i64, i64) = sqlx::query_as(sql).fetch_one(db.pool()).await.unwrap();
    assert_eq!((over, live, double, held), (enqueued, 0, 0, 0), "over, live, double effects, held");
    let depth = switchboard::queue::depth::of_lane(db, "twilio").await.unwrap();
    assert_eq!(depth.live(), 0, "{depth:?}");
}

/// Waits until the statement gives true.
#[track_caller]
pub fn until(db: &Db, sql: &'static str) -> impl Future<Output = ()> + use<> {
    let db = db.clone();
    eventually(PATIENCE, move || {
        let db = db.clone();
        async move { sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap() }
    })
}

/// Events of Twilio's breaker so far, oldest first.
pub async fn events(db: &Db) -> Vec<String> {
    sqlx::query_scalar("SELECT event FROM breaker_events WHERE breaker = 'twilio' ORDER BY id")
        .fetch_all(db.pool())
        .await
        .unwrap()
}
