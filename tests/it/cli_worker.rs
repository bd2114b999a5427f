//! The worker as a process: how it ends, and what is left when it is ended.

use nix::sys::signal::Signal;

use crate::support::work::{PATIENCE, calls, contacts, count, play, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb, eventually};

#[tokio::test]
async fn until_empty_ends_with_0_when_everything_is_finished() {
    let test = TestDb::new().await;
    queued(&test.db, 150).await;
    let sandbox = sandbox("ok").await;
    let ran = Program::calling(&test, &sandbox).run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert_eq!(statuses(&test.db).await, (0, 0, 150, 0));
    assert_eq!(calls(&sandbox), 150);
    let fields = "SELECT count(*) FROM contacts WHERE phone_valid IS NOT NULL AND lookup_performed_at IS NOT NULL";
    assert_eq!(count(&test.db, fields).await, 150);
    assert_eq!(count(&test.db, "SELECT count(*) FROM nodes WHERE state = 'left' AND ended_at IS NOT NULL").await, 1);
}

#[tokio::test]
async fn without_a_credential_nothing_fails_and_the_missing_variables_are_named() {
    let test = TestDb::new().await;
    queued(&test.db, 7).await;
    let program = Program::on(&test).with("SWITCHBOARD_JOBS__HEARTBEAT", "300ms");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let sentence = ran.err.lines().last().unwrap();
    assert!(
        sentence.starts_with("switchboard: 7 jobs wait in lane twilio for a credential of twilio: set "),
        "{ran:?}"
    );
    assert!(
        sentence.contains("SWITCHBOARD_PROVIDERS__TWILIO__ACCOUNT_SID and SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN")
    );
    assert_eq!(statuses(&test.db).await, (7, 0, 0, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempt = 0").await, 7);
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_failures").await, 0);
    let parked = "SELECT count(*) FROM lanes WHERE lane = 'twilio' AND parked_reason = 'no_credential'";
    assert_eq!(count(&test.db, parked).await, 1);
}

#[tokio::test]
async fn what_waits_for_a_person_ends_it_with_1_and_names_the_command() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let sandbox = sandbox("ok").await;
    let program = Program::calling(&test, &sandbox);
    for (hold, release) in [
        (["lanes", "pause", "twilio"].as_slice(), ["lanes", "resume", "twilio"].as_slice()),
        (&["breakers", "open", "twilio", "--reason", "drill"], &["breakers", "auto", "twilio"]),
        (&["lanes", "scale", "twilio", "0"], &["lanes", "scale", "twilio", "auto"]),
    ] {
        program.json(hold).await;
        let ran = program.run(&["worker", "--until-empty"]).await;
        let sentence = ran.err.lines().last().unwrap();
        assert!(ran.code == 1 && sentence.contains("3 jobs wait in lane twilio"), "{ran:?}");
        assert!(sentence.ends_with(&format!("`switchboard {}`", release.join(" "))), "{sentence}");
        assert_eq!((statuses(&test.db).await, calls(&sandbox)), ((3, 0, 0, 0), 0));
        program.json(release).await;
    }
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    assert_eq!(statuses(&test.db).await, (0, 0, 3, 0));
}

#[tokio::test]
async fn a_paused_lane_gives_back_what_waits_and_a_resumed_one_goes_on() {
    let test = TestDb::new().await;
    queued(&test.db, 300).await;
    let sandbox = sandbox("slow=150ms").await;
    let program = Program::calling(&test, &sandbox).twilio("CONCURRENCY_CAP", "16");
    let worker = program.start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) > 20 FROM job_history").await;
    program.json(&["lanes", "pause", "twilio", "--reason", "check"]).await;
    // A claim that was under way when the lane was paused may land after the others went back.
    until(&test.db, "SELECT count(*) = 0 FROM jobs WHERE state = 'running' OR attempt > 0").await;
    let paused = calls(&sandbox);
    assert!(paused < 300);
    play(&sandbox, "ok");
    program.json(&["lanes", "resume", "twilio"]).await;
    assert_eq!(worker.ended().await.code, 0);
    assert_eq!((statuses(&test.db).await, calls(&sandbox)), ((0, 0, 300, 0), 300));
}

#[tokio::test]
async fn sigterm_finishes_what_is_in_flight_and_gives_the_rest_back() {
    let test = TestDb::new().await;
    queued(&test.db, 200).await;
    let sandbox = sandbox("slow=300ms").await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let worker = Program::calling(&test, &sandbox).start(&["worker"]);
        let before = calls(&sandbox);
        eventually(PATIENCE, || std::future::ready(calls(&sandbox) >= before + 20)).await;
        worker.signal(signal);
        let ran = worker.ended().await;
        assert_eq!(ran.code, 0, "{ran:?}");
        let left = "SELECT count(*) FROM jobs WHERE state <> 'waiting' OR attempt <> 0 OR lease_epoch IS NOT NULL";
        assert_eq!(count(&test.db, left).await, 0);
        let (pending, processing, completed, failed) = statuses(&test.db).await;
        assert_eq!(
            (processing, failed, completed as u64),
            (0, 0, calls(&sandbox)),
            "each call that was made was settled"
        );
        assert!(pending > 0);
        assert_eq!(count(&test.db, "SELECT count(*) FROM nodes WHERE state <> 'left'").await, 0);
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_costs_a_lease_and_nothing_else() {
    let test = TestDb::new().await;
    queued(&test.db, 400).await;
    let sandbox = sandbox("slow=40ms").await;
    let program = Program::calling(&test, &sandbox);
    let mut killed = 0;
    for _ in 0..2 {
        let worker = program.start(&["worker"]);
        let before = count(&test.db, "SELECT count(*) FROM job_history").await;
        eventually(PATIENCE, || async { count(&test.db, "SELECT count(*) FROM job_history").await > before + 50 })
            .await;
        worker.signal(Signal::SIGKILL);
        drop(worker);
        killed += count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'running'").await;
    }
    assert!(killed > 0, "it held jobs when it was killed");
    play(&sandbox, "ok");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(statuses(&test.db).await, (0, 0, 400, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
    for once in ["job_history WHERE kind = 'lookup'", "provider_results", "contact_steps WHERE step = 'lookup'"] {
        let sql = format!("SELECT count(*) = 400 AND count(DISTINCT contact_id) = 400 FROM {once}");
        let is_once: bool = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(test.db.pool()).await.unwrap();
        assert!(is_once, "{once}");
    }
    assert_eq!(
        count(&test.db, "SELECT calls FROM usage WHERE operation = 'call'").await,
        400,
        "usage is counted once, too"
    );
    assert_eq!(count(&test.db, "SELECT count(*) FROM nodes WHERE state = 'lost'").await, 2);
    assert!(calls(&sandbox) as i64 <= 400 + killed);
}

#[tokio::test]
async fn work_that_arrives_while_a_worker_idles_is_picked_up_at_once() {
    let test = TestDb::new().await;
    contacts(&test.db, 5).await;
    let sandbox = sandbox("ok").await;
    let program = Program::calling(&test, &sandbox);
    let worker = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM nodes WHERE state = 'live'").await;
    program.json(&["lookup", "--all"]).await;
    until(&test.db, "SELECT count(*) = 5 FROM contacts WHERE status = 'completed'").await;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.ended().await.code, 0);
}

#[tokio::test]
async fn an_answer_that_the_database_refuses_ends_its_own_job_dead_and_no_other() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 40).await;
    let sql = format!("ALTER TABLE contacts ADD CHECK (status <> 'completed' OR id <> {})", ids[17]);
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(test.db.pool()).await.unwrap();
    let sandbox = sandbox("ok").await;
    let ran = Program::calling(&test, &sandbox).run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(statuses(&test.db).await, (0, 0, 39, 1));
    let dead: Vec<(i64, String)> = sqlx::query_as("SELECT contact_id, last_error FROM jobs WHERE state = 'dead'")
        .fetch_all(test.db.pool())
        .await
        .unwrap();
    assert_eq!(dead, [(ids[17], "internal: the database refused what was found; see the log".to_owned())]);
    assert_eq!(count(&test.db, "SELECT calls FROM usage WHERE operation = 'call'").await, 40);
}
