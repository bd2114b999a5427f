//! Actions of many rows in batches: told how far they are, ended between two of them, refused when what they touch has drifted.

use serde_json::Value;
use switchboard::database::Db;
use switchboard::operations::actions::{
    Action, Actor, Confirmation, Confirmed, JobTarget, Receipt, Refusal, Watch, close_left, plan, run_bulk, undo,
};
use tokio_util::sync::CancellationToken;

use crate::support::TestDb;
use crate::support::program::Program;
use crate::support::pty::Pty;
use crate::support::work::{count, until};

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

/// Runs it; `until`: after so many rows it is stopped.
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
    assert!(told.contains("stopped after 2000 of 5000 rows; undo "), "{told}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, JOBS - 2_000);
    let id = count(&test.db, "SELECT max(id) FROM audit_log").await;
    undo(&test.db, id, &Actor::here("test")).await.unwrap();
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'dead'").await, JOBS);
}

/// Holds a job of the second batch, so that an action stands still after the first.
async fn held(db: &Db) -> sqlx::PgTransaction<'static> {
    let mut tx = db.pool().begin().await.unwrap();
    let sql = "SELECT id FROM jobs WHERE id = (SELECT id FROM jobs ORDER BY id OFFSET 3000 LIMIT 1) FOR UPDATE";
    sqlx::query(sql).execute(&mut *tx).await.unwrap();
    tx
}

const FIRST_IS_DONE: &str = "SELECT EXISTS (SELECT FROM bulk_works WHERE changed = 2000)";

#[tokio::test]
async fn what_a_process_left_behind_is_ended_by_the_fleet_and_can_be_taken_back() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let held = held(&test.db).await;
    let (db, confirmed) = (test.db.clone(), agreed(&test.db).await);
    let killed = tokio::spawn(async move { run(&db, confirmed, i64::MAX).await });
    until(&test.db, FIRST_IS_DONE).await;
    killed.abort();
    assert!(killed.await.is_err());
    held.rollback().await.unwrap();
    assert_eq!(close_left(&test.db).await.unwrap(), 0, "it moved a moment ago");
    sqlx::query("UPDATE bulk_works SET moved_at = now() - interval '61 s'").execute(test.db.pool()).await.unwrap();
    assert_eq!(close_left(&test.db).await.unwrap(), 1);
    assert_eq!(close_left(&test.db).await.unwrap(), 0);
    let audit = audited(&test.db).await;
    assert_eq!((audit[1].0, audit[1].1.as_str()), (2_000, "its test went away after 2000 of 5000 rows"));
    let told = "SELECT count(*) FROM timeline WHERE summary LIKE '%its test went away after 2000 of 5000 rows%'";
    assert_eq!(count(&test.db, told).await, 1);
    let id = count(&test.db, "SELECT max(id) FROM audit_log").await;
    undo(&test.db, id, &Actor::here("test")).await.unwrap();
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'dead'").await, JOBS);
}

#[tokio::test]
async fn a_process_that_was_taken_for_gone_changes_nothing_more() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let held = held(&test.db).await;
    let (db, confirmed) = (test.db.clone(), agreed(&test.db).await);
    let frozen = tokio::spawn(async move { run(&db, confirmed, i64::MAX).await.0 });
    until(&test.db, FIRST_IS_DONE).await;
    sqlx::query("UPDATE bulk_works SET moved_at = now() - interval '61 s'").execute(test.db.pool()).await.unwrap();
    assert_eq!(close_left(&test.db).await.unwrap(), 1);
    held.rollback().await.unwrap();
    let told = frozen.await.unwrap().unwrap_err().to_string();
    assert!(told.contains("stood still"), "{told}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, JOBS - 2_000);
    assert_eq!(audited(&test.db).await.len(), 2, "its end is written once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_works_in_batches_and_stops_after_one_at_ctrl_c() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let held = held(&test.db).await;
    let program = Program::on(&test);
    let mut pty = Pty::of(&program, &["jobs", "discard", "--lane", "twilio", "--yes"], (100, 24));
    pty.shows(&["2,000 of 5,000"]);
    pty.press("\x03");
    pty.shows(&["stops after this batch"]);
    held.rollback().await.unwrap();
    pty.shows(&["stopped after ", " of 5000 rows; undo "]);
    assert!(!pty.ends(std::time::Duration::from_secs(30)).success());
    let (rows, ended, _) = &audited(&test.db).await[1];
    // After the first batch, or after the one that stood still.
    assert!(*rows == 2_000 || *rows == 4_000, "{rows}");
    assert_eq!(*ended, format!("stopped after {rows} of 5000 rows"));
    assert_eq!(count(&test.db, "SELECT count(*) FROM bulk_works").await, 0);
    undo(&test.db, count(&test.db, "SELECT max(id) FROM audit_log").await, &Actor::here("test")).await.unwrap();
    let receipt = program.json(&["jobs", "discard", "--lane", "twilio"]).await;
    assert_eq!(receipt["changed"], JOBS);
    let audit = audited(&test.db).await;
    assert_eq!((audit[2].1.as_str(), audit[3].1.as_str()), ("accepted", "done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_left_says_how_far_its_bulk_action_came() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let held = held(&test.db).await;
    let mut pty = Pty::of(&Program::on(&test), &["console", "--no-workers"], (120, 36));
    pty.shows(&["LIVE"]);
    pty.press(":");
    pty.shows(&["Enter runs"]);
    pty.press("jobs discard --lane twilio");
    pty.shows(&["jobs discard --lane twilio"]);
    pty.press("\r");
    pty.agree("bad deploy", "5000");
    until(&test.db, FIRST_IS_DONE).await;
    pty.press("\x03");
    pty.shows(&["draining since"]);
    held.rollback().await.unwrap();
    assert!(pty.ends(std::time::Duration::from_secs(30)).success());
    let (rows, ended, _) = &audited(&test.db).await[1];
    assert!(*rows == 2_000 || *rows == 4_000, "{rows}");
    assert_eq!(*ended, format!("stopped after {rows} of 5000 rows"));
}

#[tokio::test]
async fn what_has_drifted_since_it_was_shown_is_not_touched() {
    let test = TestDb::new().await;
    dead(&test.db, JOBS).await;
    let shown = agreed(&test.db).await;
    sqlx::query("DELETE FROM jobs WHERE id % 10 = 0").execute(test.db.pool()).await.unwrap();
    let (done, steps) = run(&test.db, shown, i64::MAX).await;
    assert!(matches!(done, Err(Refusal::Drifted { shown: JOBS, .. })), "{done:?}");
    assert!(steps.is_empty());
    let audit = audited(&test.db).await;
    let told = format!("refused: {}", done.unwrap_err());
    assert_eq!(audit, [(0, told, None)], "the one row says that nothing was done");
}
