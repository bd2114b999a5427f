//! What operators do to jobs: taken out, put back, put first; every job stays accounted for.

use serde_json::json;
use switchboard::database::Db;
use switchboard::outcome::ErrorKind;
use switchboard::queue::{End, claim::claim, depth};

use crate::support::settlement::{failed, found, settle};
use crate::support::work::{count, epoch, queued, statuses};
use crate::support::{Program, TestDb};

/// Enqueued, and where they are: live, dead, done, cancelled; by SQL, and by the depths that nobody counts.
async fn account(db: &Db, enqueued: i64) {
    let row: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM jobs WHERE state <> 'dead'), (SELECT count(*) FROM jobs WHERE state = 'dead'), (SELECT count(*) FROM job_history)",
    )
    .fetch_one(db.pool())
    .await
    .unwrap();
    assert_eq!(row.0 + row.1 + row.2, enqueued, "live {}, dead {}, over {}", row.0, row.1, row.2);
    let depth = depth::total(db).await.unwrap();
    assert_eq!((depth.live(), depth.dead), (row.0, row.1), "{depth:?}");
    let counted: (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'processing') FROM contacts",
    )
    .fetch_one(db.pool())
    .await
    .unwrap();
    let known = switchboard::operations::views::contact_counts(db).await.unwrap();
    assert_eq!((known.pending, known.processing), counted);
}

#[tokio::test]
async fn a_cancelled_job_leaves_its_worker_with_nothing_to_settle_and_comes_back_by_undo() {
    let test = TestDb::new().await;
    queued(&test.db, 10).await;
    let epoch = epoch(&test.db).await;
    let held = claim(&test.db, "twilio", epoch, 4).await.unwrap();
    let program = Program::on(&test);
    let receipt = program.json(&["jobs", "cancel", "--lane", "twilio"]).await;
    assert_eq!((&receipt["changed"], &receipt["undoable"]), (&json!(10), &json!(true)), "{receipt}");
    assert_eq!(statuses(&test.db).await, (10, 0, 0, 0));
    account(&test.db, 10).await;
    let late: Vec<_> = held.into_iter().map(|job| found(job, epoch, json!({"phone_valid": true}))).collect();
    settle(&test.db, &late).await.unwrap();
    assert_eq!(statuses(&test.db).await, (10, 0, 0, 0), "what a call still finds counts for nothing");
    let back = program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    assert_eq!(back["changed"], 10, "{back}");
    account(&test.db, 10).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting'").await, 10);
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_trash").await, 0);
    let twice = program.run(&["undo", &receipt["audit_id"].to_string()]).await.refusal(1);
    assert!(twice.contains("taken back already"), "{twice}");
}

#[tokio::test]
async fn undo_does_not_put_a_job_beside_the_one_that_was_enqueued_meanwhile() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 3).await;
    let program = Program::on(&test);
    let receipt = program.json(&["jobs", "cancel", "--all"]).await;
    crate::support::work::look_up(&test.db, &ids[..1]).await;
    let back = program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    assert_eq!(back["changed"], 2, "{back}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 3);
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_trash").await, 1);
    account(&test.db, 4).await;
}

#[tokio::test]
async fn a_filter_picks_the_jobs_and_a_bound_keeps_later_ones_out() {
    let test = TestDb::new().await;
    queued(&test.db, 6).await;
    let program = Program::on(&test);
    let sql = "UPDATE jobs SET last_error = CASE WHEN id % 2 = 0 THEN 'timeout: no whole answer within 10 s' END";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let receipt = program.json(&["jobs", "reprioritise", "--filter", "error:timeout", "--priority", "5"]).await;
    assert_eq!(receipt["changed"], 3, "{receipt}");
    let first = program.json(&["jobs", "list", "--filter", "priority<100"]).await;
    assert_eq!(first.as_array().unwrap().len(), 3);
    let epoch = epoch(&test.db).await;
    let next: Vec<i64> = claim(&test.db, "twilio", epoch, 3).await.unwrap().iter().map(|job| job.id % 2).collect();
    assert_eq!(next, [0, 0, 0], "smaller goes first");
    program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE priority = 100").await, 6);
    let refusal = program.run(&["jobs", "cancel", "--filter", "eror:timeout", "--json"]).await.refusal(1);
    assert!(refusal.contains("did you mean"), "{refusal}");
    let refusal = program.run(&["jobs", "discard", "--all", "--json"]).await.refusal(1);
    assert!(refusal.contains("nothing to discard"), "{refusal}");
}

#[tokio::test]
async fn the_dead_are_grouped_by_what_went_wrong_and_discarded_with_a_way_back() {
    let test = TestDb::new().await;
    queued(&test.db, 5).await;
    let epoch = epoch(&test.db).await;
    let jobs = claim(&test.db, "twilio", epoch, 5).await.unwrap();
    let dead = jobs.into_iter().enumerate().map(|(i, job)| {
        let mut end = failed(job, epoch, ErrorKind::UpstreamError, End::Dead);
        if let Some(failure) = &mut end.failure {
            let text = if i < 3 {
                format!("upstream_error: request {i}4f9 of +1415555012{i} failed")
            } else {
                format!("upstream_error: HTTP 50{i}")
            };
            failure.message = text;
        }
        end
    });
    settle(&test.db, &dead.collect::<Vec<_>>()).await.unwrap();
    let program = Program::on(&test);
    let groups = program.json(&["jobs", "dead"]).await;
    let seen: Vec<(i64, &str)> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (g["count"].as_i64().unwrap(), g["error"].as_str().unwrap()))
        .collect();
    assert_eq!(seen[0], (3, "upstream_error: request # of # failed"), "{groups}");
    assert!(
        seen.contains(&(1, "upstream_error: HTTP 503")) && seen.contains(&(1, "upstream_error: HTTP 504")),
        "{groups}"
    );
    let receipt = program.json(&["jobs", "discard", "--filter", "error:request"]).await;
    assert_eq!(receipt["changed"], 3);
    assert_eq!(statuses(&test.db).await, (0, 0, 0, 5));
    account(&test.db, 5).await;
    program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    account(&test.db, 5).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'dead'").await, 5);
    let retried = program.json(&["jobs", "retry", "--filter", "error:request"]).await;
    assert_eq!(retried["changed"], 3);
    assert_eq!(statuses(&test.db).await, (3, 0, 0, 2));
    account(&test.db, 5).await;
}

#[tokio::test]
async fn a_full_lane_refuses_a_lookup_and_lets_an_import_wait() {
    let test = TestDb::new().await;
    queued(&test.db, 20).await;
    let program = Program::on(&test).with("SWITCHBOARD_JOBS__LANE_LIMIT", "20");
    let sql = "INSERT INTO contacts (raw_phone_number, phone_e164) VALUES ('+14155550199', '+14155550199')";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let refusal = program.run(&["lookup", "--filter", "id>20", "--json"]).await;
    assert!(refusal.err.contains("would hold more than 20 jobs"), "{refusal:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 20, "nothing was enqueued");
    let file = program.file("one.csv", "phone\n+14155550198\n");
    let mut import = program.start(&["import", &file, "--lookup", "--json"]);
    crate::support::work::until(
        &test.db,
        "SELECT count(*) = 1 FROM audit_log WHERE verb = 'import' AND result = 'accepted'",
    )
    .await;
    assert!(import.is_running(), "it waits for room");
    assert_eq!(count(&test.db, "SELECT count(*) FROM contacts WHERE phone_e164 = '+14155550198'").await, 0);
    Program::on(&test).json(&["jobs", "cancel", "--all"]).await;
    let ran = import.ended().await;
    assert_eq!((ran.code, ran.json()["inserted"].clone()), (0, json!(1)), "{ran:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 1);
}
