//! Rotations under load, over real HTTP and with two processes: nothing fails, nothing is burnt, and what is bad goes back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use switchboard::database::Db;
use switchboard::sandbox::{Options, Sandbox};

use crate::support::program::Running;
use crate::support::rotation::{enter, secret, set_first, slot, states, vaulted};
use crate::support::work::{PATIENCE, contacts, count, events, look_up, play, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb, eventually};

/// More than a fleet needs to hear of a rotation, on a machine that it shares with other tests.
const HEARING: TimeDelta = TimeDelta::milliseconds(2500);

/// Two workers at full load on half of `contacts` lookups, each of which takes 60 ms; all credentials come from the vault.
/// The other half is for when the rotation is over, however long that took.
async fn loaded(test: &TestDb, sandbox: &Sandbox, how_many: usize) -> (Program, [Running; 2], Vec<i64>) {
    let program = vaulted(test, sandbox);
    set_first(&program, sandbox).await;
    play(sandbox, "slow=60ms");
    let mut first = contacts(&test.db, how_many).await;
    let rest = first.split_off(how_many / 2);
    look_up(&test.db, &first).await;
    let workers = [program.start(&["worker"]), program.start(&["worker"])];
    until(&test.db, "SELECT count(DISTINCT lease_epoch) = 2 FROM job_history").await;
    (program, workers, rest)
}

async fn activated(db: &Db, version: i32) -> DateTime<Utc> {
    sqlx::query_scalar("SELECT activated_at FROM credentials WHERE version = $1")
        .bind(version)
        .fetch_one(db.pool())
        .await
        .unwrap()
}

/// No lookup failed and none was tried twice at a cost.
async fn nothing_failed(db: &Db, contacts: i64) {
    assert_eq!(statuses(db).await, (0, 0, contacts, 0));
    assert_eq!(count(db, "SELECT count(*) FROM job_failures").await, 0, "no call counted as a failure");
    assert_eq!(events(db).await, Vec::<String>::new(), "no breaker opened");
    assert_eq!(count(db, "SELECT max(attempt)::bigint FROM job_history").await, 1);
    assert_eq!(count(db, "SELECT count(*) FROM lanes WHERE parked_reason IS NOT NULL AND lane = 'twilio'").await, 0);
}

#[tokio::test]
async fn a_rotation_under_load_is_invisible_and_every_process_uses_the_new_one() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let (program, _workers, rest) = loaded(&test, &sandbox, 500).await;
    let number = sandbox.accept(secret(2));
    assert_eq!(enter(&program, "rotate", &secret(2), &[]).await.code, 0);
    // The old one dies a little later, as with providers that have one key.
    sandbox.refuse(0, Duration::from_millis(800));
    look_up(&test.db, &rest).await;
    until(&test.db, "SELECT count(*) = 500 FROM contacts WHERE status = 'completed'").await;
    nothing_failed(&test.db, 500).await;
    let at = activated(&test.db, 2).await;
    let calls = sandbox.calls();
    let heard = calls.iter().filter(|c| c.at > at && c.credential == Some(number)).map(|c| c.at).min().unwrap();
    assert!(heard - at < HEARING, "{} ms to the first call with it", (heard - at).num_milliseconds());
    let late = calls.iter().filter(|c| c.at > at + HEARING && c.credential == Some(0)).count();
    assert_eq!(late, 0, "calls with the old one");
    let nodes = "SELECT count(DISTINCT h.lease_epoch) FROM provider_results r JOIN job_history h USING (contact_id) WHERE r.credential_version = 'v2'";
    assert_eq!(count(&test.db, nodes).await, 2, "both processes used it");
}

#[tokio::test]
async fn a_bad_new_secret_goes_back_by_itself_within_its_watch_and_no_lookup_fails() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let (program, _workers, rest) = loaded(&test, &sandbox, 400).await;
    // It passes its verification and is refused right after.
    let bad = sandbox.accept(secret(2));
    assert_eq!(enter(&program, "rotate", &secret(2), &[]).await.code, 0);
    sandbox.refuse(bad, Duration::ZERO);
    look_up(&test.db, &rest).await;
    until(&test.db, "SELECT state = 'refused' FROM credentials WHERE version = 2").await;
    until(&test.db, "SELECT count(*) = 400 FROM contacts WHERE status = 'completed'").await;
    nothing_failed(&test.db, 400).await;
    assert_eq!(states(&program).await, [(2, "refused".into()), (1, "current".into())]);
    let alert: String =
        sqlx::query_scalar("SELECT summary FROM alerts WHERE key = 'credential/twilio' AND cleared_at IS NULL")
            .fetch_one(test.db.pool())
            .await
            .unwrap();
    assert!(alert.starts_with("v2 was refused within its watch") && alert.ends_with("back on v1 by itself"), "{alert}");
    let audited = "SELECT count(*) FROM audit_log WHERE verb = 'credentials rollback' AND door = 'switchboard'";
    assert_eq!(count(&test.db, audited).await, 1, "one process of the fleet rolled it back");
    // The provider was asked about the refused one once in the fleet, and once when it was entered.
    let verify = |c: &&switchboard::sandbox::CallRecord| &*c.number == "+14155552671";
    let refused = sandbox.calls().iter().filter(verify).filter(|c| c.status == Some(401)).count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn a_refusal_after_the_watch_parks_the_lane_burns_nothing_and_a_new_credential_frees_it() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let (program, _workers, rest) = loaded(&test, &sandbox, 400).await;
    sandbox.refuse(0, Duration::ZERO);
    look_up(&test.db, &rest).await;
    until(&test.db, "SELECT parked_reason IS NOT DISTINCT FROM 'credential' FROM lanes WHERE lane = 'twilio'").await;
    until(&test.db, "SELECT running + coalesce((SELECT sum(running) FROM lane_deltas WHERE lane = 'twilio'), 0) = 0 FROM lanes WHERE lane = 'twilio'").await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_failures WHERE burnt").await, 0);
    assert_eq!(events(&test.db).await, Vec::<String>::new(), "the provider is not down");
    let seen = slot(&program).await;
    assert!(seen["note"].as_str().unwrap().contains("v1 was refused"), "{seen}");
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM alerts WHERE key = 'credential/twilio' AND cleared_at IS NULL").await,
        1
    );
    let before = sandbox.calls().len();
    sandbox.accept(secret(2));
    assert_eq!(enter(&program, "rotate", &secret(2), &[]).await.code, 0);
    until(&test.db, "SELECT count(*) = 400 FROM contacts WHERE status = 'completed'").await;
    assert_eq!(
        sandbox.calls()[before..].iter().filter(|c| c.status == Some(401)).count(),
        0,
        "the refused one is not sent again"
    );
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM alerts WHERE key = 'credential/twilio' AND cleared_at IS NULL").await,
        0
    );
    assert_eq!(count(&test.db, "SELECT max(attempt)::bigint FROM job_history").await, 1);
}

#[tokio::test]
async fn a_provider_that_takes_it_again_is_believed_when_somebody_asks() {
    let test = TestDb::new().await;
    let sandbox = sandbox("401").await;
    let program = vaulted(&test, &sandbox);
    play(&sandbox, "ok");
    set_first(&program, &sandbox).await;
    play(&sandbox, "401");
    queued(&test.db, 5).await;
    let _worker = program.start(&["worker"]);
    until(&test.db, "SELECT parked_reason IS NOT DISTINCT FROM 'credential' FROM lanes WHERE lane = 'twilio'").await;
    play(&sandbox, "ok");
    let verified = program.json(&["credentials", "verify", "twilio"]).await;
    assert_eq!((&verified["state"], &verified["verdict"]), (&json!("current"), &json!("accepted")), "{verified}");
    until(&test.db, "SELECT count(*) = 5 FROM contacts WHERE status = 'completed'").await;
}

#[tokio::test]
async fn a_call_that_is_refused_although_the_credential_is_taken_parks_nothing_and_is_tried_again() {
    let test = TestDb::new().await;
    queued(&test.db, 6).await;
    // The third call is refused, and the verifying call that follows is answered.
    let sandbox = sandbox("ok:2c 401:1c ok").await;
    let program = Program::calling(&test, &sandbox).twilio("CONCURRENCY_START", "1").twilio("CONCURRENCY_CAP", "1");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 6, 0)), "{ran:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_failures WHERE error_kind = 'denied' AND NOT burnt").await, 1);
}

#[tokio::test]
async fn a_change_that_nobody_announced_is_found_within_seconds() {
    let test = TestDb::new().await;
    let sandbox = Sandbox::start(Options { latency_scale: 0.0, ..Options::default() }).await.unwrap();
    let program = vaulted(&test, &sandbox);
    set_first(&program, &sandbox).await;
    let worker = program.start(&["worker"]);
    queued(&test.db, 3).await;
    until(&test.db, "SELECT count(*) = 3 FROM contacts WHERE status = 'completed'").await;
    // Without LISTEN's word, by the look every few seconds: nobody announces this change.
    let sql = "UPDATE credentials SET state = 'refused', ended_at = now(); ";
    sqlx::raw_sql(sql).execute(test.db.pool()).await.unwrap();
    sqlx::raw_sql("UPDATE vault SET version = version + 1").execute(test.db.pool()).await.unwrap();
    let gone = "SELECT held = '{}' FROM vault_nodes";
    let begun = std::time::Instant::now();
    until(&test.db, gone).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    eventually(PATIENCE, || async { slot(&program).await["source"] == "none" }).await;
    drop(worker);
}
