//! Workers killed, frozen and cut off, their database restarted under load; then every job is accounted for.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::work::{accounted, calls, count, play, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb, eventually};

#[tokio::test]
async fn the_account_balances_after_a_dozen_kills_freezes_restarts_and_cuts() {
    let program = Program::new();
    let faults = ["bench", "crash", "--kills", "12", "--freezes", "3", "--restarts", "2", "--cuts", "3", "--json"];
    let mut bench = program.start(&faults);
    eventually(Duration::from_secs(300), || std::future::ready(!bench.is_running())).await;
    let ran = bench.ended().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let account = ran.json();
    for must_be_0 in ["live", "lost", "double_effects", "stuck_leases", "wrong_depths"] {
        assert_eq!(account[must_be_0], 0, "{account}");
    }
    let number = |key: &str| account[key].as_i64().unwrap();
    assert!(number("enqueued") >= 600 && number("enqueued") == number("done") + number("dead"), "{account}");
    assert_eq!(number("calls"), number("done") + number("repeated_calls"), "{account}");
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_ends_dead_and_does_not_loop() {
    let test = TestDb::new().await;
    queued(&test.db, 1).await;
    sqlx::query("UPDATE jobs SET max_attempts = 3").execute(test.db.pool()).await.unwrap();
    let sandbox = sandbox("slow=60s").await;
    let program = Program::calling(&test, &sandbox);
    for death in 1..=3 {
        let worker = program.start(&["worker"]);
        eventually(Duration::from_secs(30), || std::future::ready(calls(&sandbox) == death)).await;
        worker.signal(Signal::SIGKILL);
    }
    // Whoever comes next finds what is left of it.
    play(&sandbox, "ok");
    let _next = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM jobs WHERE state = 'dead'").await;
    assert_eq!((statuses(&test.db).await, calls(&sandbox)), ((0, 0, 0, 1), 3));
    let told =
        "SELECT count(*) FROM jobs WHERE last_error = 'internal: its worker died in each attempt' AND attempt = 3";
    assert_eq!(count(&test.db, told).await, 1);
    accounted(&test.db, 1).await;
}
