//! Jobs of lost nodes: back to their lanes with the attempt counted, and dead at last.

use std::time::Duration;

use serde_json::json;
use switchboard::fleet::node::{self, Pulse};
use switchboard::queue::claim::claim;
use switchboard::queue::orphans::{Reaped, reap};

use crate::support::TestDb;
use crate::support::settlement::{found, settle};
use crate::support::work::{count, epoch, queued, statuses};

const DEAD_AFTER: Duration = Duration::from_secs(15);

#[tokio::test]
async fn the_jobs_of_a_silent_node_go_back_with_their_attempts_counted() {
    let test = TestDb::new().await;
    queued(&test.db, 5).await;
    let (silent, alive) = (epoch(&test.db).await, epoch(&test.db).await);
    let lost = claim(&test.db, "twilio", silent, 3).await.unwrap();
    claim(&test.db, "twilio", alive, 1).await.unwrap();
    let sql = "UPDATE nodes SET heartbeat_at = now() - interval '16 s' WHERE epoch = $1";
    sqlx::query(sql).bind(silent).execute(test.db.pool()).await.unwrap();
    assert_eq!(reap(&test.db, DEAD_AFTER).await.unwrap(), Reaped { nodes: 1, freed: 3, dead: 0 });
    assert_eq!(reap(&test.db, DEAD_AFTER).await.unwrap(), Reaped::default());
    assert_eq!(statuses(&test.db).await, (4, 1, 0, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempt = 1").await, 3);
    let told = "SELECT count(*) FROM timeline WHERE kind = 'node' AND severity = 'warning' AND summary LIKE 'lost: silent since %'";
    assert_eq!(count(&test.db, told).await, 1);
    assert!(!node::beat(&test.db, silent, &Pulse::default()).await.unwrap(), "who was taken for dead has to join anew");
    let late: Vec<_> = lost.into_iter().map(|job| found(job, silent, json!({"line_type": "mobile"}))).collect();
    assert_eq!(settle(&test.db, &late).await.unwrap(), 0);
}

#[tokio::test]
async fn a_node_that_left_holds_nothing() {
    let test = TestDb::new().await;
    queued(&test.db, 2).await;
    let gone = epoch(&test.db).await;
    claim(&test.db, "twilio", gone, 2).await.unwrap();
    node::leave(&test.db, gone).await.unwrap();
    assert_eq!(reap(&test.db, DEAD_AFTER).await.unwrap(), Reaped { nodes: 0, freed: 2, dead: 0 });
    assert_eq!(statuses(&test.db).await, (2, 0, 0, 0));
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_ends_dead_and_its_contact_failed() {
    let test = TestDb::new().await;
    queued(&test.db, 1).await;
    for attempt in 1..=5 {
        let epoch = epoch(&test.db).await;
        let jobs = claim(&test.db, "twilio", epoch, 1).await.unwrap();
        assert_eq!(jobs[0].attempt, attempt);
        node::leave(&test.db, epoch).await.unwrap();
        reap(&test.db, DEAD_AFTER).await.unwrap();
    }
    assert_eq!(statuses(&test.db).await, (0, 0, 0, 1));
    let dead = "SELECT count(*) FROM jobs j JOIN contacts c ON c.id = j.contact_id
                WHERE j.state = 'dead' AND j.last_error LIKE 'internal: %' AND c.error_kind = 'internal' AND c.error_message <> ''";
    assert_eq!(count(&test.db, dead).await, 1);
}

#[tokio::test]
async fn a_quiet_round_of_the_reaper_writes_nothing() {
    let test = TestDb::new().await;
    reap(&test.db, DEAD_AFTER).await.unwrap();
    assert_eq!(
        count(&test.db, "SELECT (SELECT count(*) FROM contact_deltas) + (SELECT count(*) FROM lane_deltas)").await,
        0
    );
}
