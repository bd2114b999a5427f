//! Actions of many rows in batches: told how far they are, ended between two of them, refused when what they touch has drifted.

use serde_json::Value;
use switchboard::database::Db;
use switchboard::operations::actions::{
    Action, Actor, Confirmation, Confirmed, JobTarget, Receipt, Refusal, Watch, plan, run_bulk, undo,
};
use tokio_util::sync::CancellationToken;

use crate::support::TestDb;
use crate::support::work::count;

const JOBS: i64 = 5_000;

async fn dead(db: &Db, many: i64) {
    switchboard::queue::lane::seed(db).await.unwrap();
    for sql in [
        "INSERT INTO contacts (raw_phone_number, phone_e164, status) SELECT n, n, 'failed' FROM (SELECT '+1415' || (5000000 + i) AS n FROM generate_series(1, $1) i) x",
        "INSERT INTO contact_deltas (failed) VALUES ($1)",
        "INSERT INTO jobs (lane, kind, contact_id, state, last_error) SELECT 'twilio', 'lookup', id, 'dead', 'bad answer' FROM contacts LIMIT $1",
        "INSERT INTO lane_deltas (lane, dead) VALUES ('twilio', $1)",
    ] {
        sqlx::query(sql).bind(many).execute(db.pool()).await.unwrap();
    }
}

async fn agreed(db: &Db) -> Confirmed {
    let target = JobTarget::Dead { lane: Some("twilio".into()) };
    let plan = plan(db, Action::DiscardJobs { target }).await.unwrap();
    plan.confirm(Confirmation::Unattended).unwrap()
}

/// Runs it; `until`: after so many rows it is ended by hand.
async fn run(db: &Db, confirmed: Confirmed, until: i64) -> (Result<Receipt, Refusal>, Vec<i64>) {
    let stop = CancellationToken::new();
    let mut steps = Vec::new();
    let mut progress = |rows: i64| {
        steps.push(rows);
        if rows >= until {
            stop.cancel();
        }
    };
    let watch = Watch { progress: &mut progress, stop: &stop };
    let done = run_bulk(db, confirmed, &Actor::here("test"), watch).await;
    (done, steps)
}

async fn audited(db: &Db) -> Vec<(i64, String, Option<Value>)> {
    let sql = "SELECT radius, result, inverse FROM audit_log WHERE verb = 'jobs discard' ORDER BY id";
    let rows: Vec<(i64, String, Option<Value>)> = sqlx::query_as(sql).fetch_all(db.pool()).await.unwrap();
    rows
}

#[tokio::test]
async fn many_rows_go_in_batches_and_come_back_by_one_undo() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let (done, steps) = run(&test.db, agreed(&test.db).await, i64::MAX).await;
    let receipt = done.unwrap();
    assert_eq!((receipt.changed, steps), (JOBS, vec![2_000, 4_000, 5_000]));
    let audit = audited(&test.db).await;
    assert_eq!((audit[0].0, audit[0].1.as_str(), audit[0].2.is_none()), (JOBS, "accepted", true));
    assert_eq!((audit[1].0, audit[1].1.as_str(), audit[1].2.is_some()), (JOBS, "done", true));
    let same = "SELECT count(DISTINCT request_id) FROM audit_log WHERE verb = 'jobs discard'";
    assert_eq!(count(&test.db, same).await, 1);
    let back = undo(&test.db, receipt.audit_id, &Actor::here("test")).await.unwrap();
    assert_eq!(back.changed, JOBS);
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'dead'").await, JOBS);
}

#[tokio::test]
async fn ended_between_two_batches_what_was_done_stays_and_can_be_taken_back() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let (done, _) = run(&test.db, agreed(&test.db).await, 1).await;
    let told = done.unwrap_err().to_string();
    assert!(told.contains("ended by hand after 2000 of 5000 rows; undo "), "{told}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, JOBS - 2_000);
    let id = count(&test.db, "SELECT max(id) FROM audit_log").await;
    undo(&test.db, id, &Actor::here("test")).await.unwrap();
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'dead'").await, JOBS);
}

#[tokio::test]
async fn what_has_drifted_since_it_was_shown_is_not_touched() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let shown = agreed(&test.db).await;
    sqlx::query("DELETE FROM jobs WHERE id % 10 = 0").execute(test.db.pool()).await.unwrap();
    let (done, steps) = run(&test.db, shown, i64::MAX).await;
    assert!(matches!(done, Err(Refusal::Drifted { shown: JOBS, .. })), "{done:?}");
    assert!(steps.is_empty() && audited(&test.db).await.is_empty());
}
