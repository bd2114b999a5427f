//! What an outage may not cost a job, a lane, or those who look at it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use switchboard::database::Db;
use switchboard::enrichment::step::Settlement;
use switchboard::outcome::{ErrorKind, Verdict};
use switchboard::queue::claim::claim;
use switchboard::queue::{Claimed, End};

use crate::support::settlement::{failed, settle};
use crate::support::work::{PATIENCE, count, epoch, play, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb, eventually};

/// The last attempt of a job whose call failed as calls fail in an outage.
fn last(job: &Claimed, epoch: i64) -> Settlement {
    let mut settlement = failed(job.clone(), epoch, ErrorKind::UpstreamError, End::Dead);
    settlement.result.verdict = Verdict::Failure;
    settlement.result.spared_until = Some(Utc::now() + TimeDelta::seconds(60));
    settlement
}

async fn states(db: &Db) -> Vec<(String, i16)> {
    sqlx::query_as("SELECT state, attempt FROM jobs ORDER BY id").fetch_all(db.pool()).await.unwrap()
}

async fn answered(db: &Db, at: &'static str) {
    let sql = format!("UPDATE breakers SET last_success_at = {at} WHERE name = 'twilio'");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(db.pool()).await.unwrap();
}

async fn failed_before(db: &Db, job: i64, epoch: i64, at: &'static str) {
    let sql = format!(
        "INSERT INTO job_failures (job_id, lane, contact_id, attempt, burnt, lease_epoch, error_kind, message, started_at, took_ms, failed_at)
         VALUES ($1, 'twilio', 1, 1, true, $2, 'timeout', 'x', {at}, 1, {at})"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(job).bind(epoch).execute(db.pool()).await.unwrap();
}

#[tokio::test]
async fn a_job_alone_in_its_lane_outlives_an_outage_that_its_breaker_has_not_seen() {
    let test = TestDb::new().await;
    let db = &test.db;
    queued(db, 1).await;
    let epoch = epoch(db).await;
    let job = claim(db, "twilio", epoch, 1).await.unwrap().pop().unwrap();
    answered(db, "now() - interval '10 minutes'").await;
    failed_before(db, job.id, epoch, "now() - interval '1 minute'").await;
    settle(db, &[last(&job, epoch)]).await.unwrap();
    assert_eq!(states(db).await, [("scheduled".into(), 0)], "it waits, and its attempt is not burnt");
    assert_eq!(statuses(db).await, (1, 0, 0, 0));
}

#[tokio::test]
async fn a_job_whose_provider_answered_others_meanwhile_dies() {
    let test = TestDb::new().await;
    let db = &test.db;
    queued(db, 1).await;
    let epoch = epoch(db).await;
    let job = claim(db, "twilio", epoch, 1).await.unwrap().pop().unwrap();
    failed_before(db, job.id, epoch, "now() - interval '10 minutes'").await;
    answered(db, "now() - interval '1 minute'").await;
    settle(db, &[last(&job, epoch)]).await.unwrap();
    assert_eq!(states(db).await, [("dead".into(), 1)]);
}

#[tokio::test]
async fn nobody_dies_where_all_fail_together_and_a_job_alone_not_before_its_twentieth_time() {
    let test = TestDb::new().await;
    let db = &test.db;
    queued(db, 2).await;
    let epoch = epoch(db).await;
    let jobs = claim(db, "twilio", epoch, 2).await.unwrap();
    for job in &jobs {
        failed_before(db, job.id, epoch, "now() - interval '10 minutes'").await;
    }
    answered(db, "now() - interval '1 minute'").await;
    let batch: Vec<Settlement> = jobs.iter().map(|job| last(job, epoch)).collect();
    settle(db, &batch).await.unwrap();
    assert_eq!(states(db).await, [("scheduled".into(), 0), ("scheduled".into(), 0)]);
    sqlx::raw_sql("DELETE FROM job_failures; UPDATE jobs SET state = 'waiting'; DELETE FROM jobs WHERE id > (SELECT min(id) FROM jobs)")
        .execute(db.pool())
        .await
        .unwrap();
    let mut job = claim(db, "twilio", epoch, 1).await.unwrap().pop().unwrap();
    job.returns = 20;
    failed_before(db, job.id, epoch, "now()").await;
    settle(db, &[last(&job, epoch)]).await.unwrap();
    assert_eq!(states(db).await, [("dead".into(), 1)], "alone, it proves nothing, and has an end");
}

#[tokio::test]
async fn a_job_alone_behind_an_open_breaker_outlives_any_outage() {
    let test = TestDb::new().await;
    let db = &test.db;
    queued(db, 1).await;
    let epoch = epoch(db).await;
    let mut job = claim(db, "twilio", epoch, 1).await.unwrap().pop().unwrap();
    failed_before(db, job.id, epoch, "now() - interval '9 days'").await;
    answered(db, "now() - interval '10 days'").await;
    let open = "UPDATE breakers SET state = 'half_open', generation = generation + 1 WHERE name = 'twilio'";
    sqlx::query(open).execute(db.pool()).await.unwrap();
    (job.returns, job.probes) = (5, 500);
    let mut probe = last(&job, epoch);
    probe.failure.as_mut().unwrap().probe = true;
    settle(db, &[probe]).await.unwrap();
    assert_eq!(states(db).await, [("waiting".into(), 0)], "it is the next probe, too, and its attempt is not burnt");
    let job = claim(db, "twilio", epoch, 1).await.unwrap().pop().unwrap();
    answered(db, "now()").await;
    failed_before(db, job.id, epoch, "now() - interval '9 days'").await;
    settle(db, &[last(&job, epoch)]).await.unwrap();
    assert_eq!(states(db).await, [("dead".into(), 1)], "its provider works for others");
}

/// A worker in all lanes of the sandbox.
fn everywhere(test: &TestDb, sandbox: &switchboard::sandbox::Sandbox) -> Program {
    sandbox.environment().into_iter().fold(Program::calling(test, sandbox), |p, (name, value)| p.with(&name, &value))
}

#[tokio::test]
async fn a_step_that_prefers_speed_takes_what_waits_already_to_the_next_provider() {
    let test = TestDb::new().await;
    queued(&test.db, 60).await;
    let addresses = "UPDATE contacts SET email = 'jane.doe.' || id || '@harbor.example', email_source = 'import'";
    sqlx::query(addresses).execute(test.db.pool()).await.unwrap();
    let sandbox = sandbox("ok").await;
    sandbox.set_script("zerobounce", "503".parse().unwrap()).unwrap();
    let program = everywhere(&test, &sandbox)
        .with("SWITCHBOARD_STEPS__EMAIL_VERIFY__POLICY", "speed")
        .with("SWITCHBOARD_BREAKERS__ZEROBOUNCE__COOL_OFF", "5m");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 60, 0)), "{ran:?}");
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM breakers WHERE name = 'zerobounce-api' AND state = 'open'").await,
        1
    );
    let how = "SELECT coalesce(provider, '') || ' ' || state || ' ' || count(*) FROM contact_steps WHERE step = 'email_verify' GROUP BY provider, state";
    let how: Vec<String> = sqlx::query_scalar(how).fetch_all(test.db.pool()).await.unwrap();
    let asked = "SELECT count(*) FROM contact_steps WHERE step = 'email_verify' AND provider = 'hunter-verifier'";
    assert!(count(&test.db, asked).await >= 5, "{how:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM contact_steps WHERE state = 'dead'").await, 0);
    let depths = switchboard::queue::depth::total(&test.db).await.unwrap();
    assert_eq!((depths.live(), depths.dead), (0, 0), "{depths:?}");
}

/// Starts a worker on 400 slow lookups and waits until it is in the middle of them.
async fn in_the_middle(test: &TestDb) -> (switchboard::sandbox::Sandbox, Program, crate::support::program::Running) {
    queued(&test.db, 400).await;
    let sandbox = sandbox("slow=50ms").await;
    let program = Program::calling(test, &sandbox).twilio("BUDGET_CALLS", "60");
    let worker = program.start(&["worker"]);
    (sandbox, program, worker)
}

/// Soon after `since` nobody holds a job of the lane, and no attempt of what waits is burnt. It takes less than a second; the
/// machine may be busy.
async fn all_is_back(db: &Db, since: std::time::Instant) {
    let held = "SELECT count(*) FROM jobs WHERE state = 'running'";
    eventually(PATIENCE, || async { count(db, held).await == 0 }).await;
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
    assert_eq!(count(db, "SELECT count(*) FROM jobs WHERE attempt > 0").await, 0);
    assert!(count(db, "SELECT count(*) FROM jobs WHERE state = 'waiting'").await > 100);
}

#[tokio::test]
async fn a_pause_takes_back_what_was_claimed_and_burns_nothing() {
    let test = TestDb::new().await;
    let (sandbox, program, _worker) = in_the_middle(&test).await;
    eventually(PATIENCE, || std::future::ready(sandbox.counters()["twilio"].total >= 20)).await;
    program.json(&["lanes", "pause", "twilio"]).await;
    all_is_back(&test.db, std::time::Instant::now()).await;
}

#[tokio::test]
async fn a_job_that_waits_for_the_rate_goes_back_when_its_lane_stands_still() {
    let test = TestDb::new().await;
    queued(&test.db, 120).await;
    let sandbox = sandbox("ok").await;
    let program = Program::calling(&test, &sandbox).twilio("RATE", "0.02");
    let _worker = program.start(&["worker"]);
    // One was sent, and the next may be fifty seconds later.
    until(&test.db, "SELECT EXISTS (SELECT FROM job_history) AND EXISTS (SELECT FROM jobs WHERE state = 'running')")
        .await;
    program.json(&["lanes", "pause", "twilio"]).await;
    all_is_back(&test.db, std::time::Instant::now()).await;
    assert_eq!(sandbox.counters()["twilio"].total, 1);
}

#[tokio::test]
async fn a_refused_credential_parks_the_lane_and_takes_back_what_was_claimed() {
    let test = TestDb::new().await;
    queued(&test.db, 400).await;
    let sandbox = sandbox("slow=50ms").await;
    let program = Program::calling(&test, &sandbox);
    let _worker = program.start(&["worker"]);
    eventually(PATIENCE, || std::future::ready(sandbox.counters()["twilio"].total >= 20)).await;
    play(&sandbox, "401");
    until(&test.db, "SELECT EXISTS (SELECT FROM lanes WHERE lane = 'twilio' AND parked_reason = 'credential')").await;
    all_is_back(&test.db, std::time::Instant::now()).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM breaker_events").await, 0, "a wrong key is no outage");
}

#[tokio::test]
async fn an_open_breaker_takes_back_what_was_claimed_and_burns_nothing_of_it() {
    let test = TestDb::new().await;
    queued(&test.db, 400).await;
    let sandbox = sandbox("slow=50ms").await;
    let program = Program::calling(&test, &sandbox)
        .with("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF", "5m")
        .with("SWITCHBOARD_BREAKERS__TWILIO__COOL_OFF_CAP", "5m");
    let _worker = program.start(&["worker"]);
    eventually(PATIENCE, || std::future::ready(sandbox.counters()["twilio"].total >= 20)).await;
    play(&sandbox, "503");
    until(&test.db, "SELECT EXISTS (SELECT FROM breakers WHERE name = 'twilio' AND state = 'open')").await;
    until(&test.db, "SELECT NOT EXISTS (SELECT FROM jobs WHERE state = 'running')").await;
    let untouched = "SELECT count(*) FROM jobs j WHERE attempt > 0 AND NOT EXISTS (SELECT FROM job_failures f WHERE f.job_id = j.id)";
    assert_eq!(count(&test.db, untouched).await, 0, "only what was called and failed has used an attempt");
    assert!(count(&test.db, "SELECT count(*) FROM jobs WHERE state = 'waiting'").await > 100);
}

#[tokio::test]
async fn a_spent_budget_parks_the_lane_takes_back_what_was_claimed_and_raises_an_alert() {
    let test = TestDb::new().await;
    let (sandbox, _program, _worker) = in_the_middle(&test).await;
    until(&test.db, "SELECT EXISTS (SELECT FROM lanes WHERE lane = 'twilio' AND parked_reason = 'budget')").await;
    all_is_back(&test.db, std::time::Instant::now()).await;
    assert!(sandbox.counters()["twilio"].total <= 60, "{} calls of 60", sandbox.counters()["twilio"].total);
    until(&test.db, "SELECT EXISTS (SELECT FROM alerts WHERE key = 'budget/twilio' AND severity = 'critical' AND cleared_at IS NULL)").await;
    let told = "SELECT count(*) FROM timeline WHERE kind = 'alert' AND subject = 'twilio' AND summary LIKE '%100 \\% of the day''s budget is spent'";
    assert_eq!(count(&test.db, told).await, 1);
}

#[tokio::test]
async fn three_open_breakers_are_one_incident_with_staggered_probes_and_fewer_calls_at_once() {
    let test = TestDb::new().await;
    queued(&test.db, 500).await;
    let sandbox = sandbox("slow=100ms").await;
    let mut program = everywhere(&test, &sandbox).twilio("CONCURRENCY_START", "8").twilio("CONCURRENCY_CAP", "8");
    for (id, name) in [
        ("clearbit-phone", "CLEARBIT_PHONE"),
        ("whitepages", "WHITEPAGES"),
        ("truecaller", "TRUECALLER"),
        ("numverify", "NUMVERIFY"),
    ] {
        sandbox.set_script(id, "503".parse().unwrap()).unwrap();
        program = program.with(&format!("SWITCHBOARD_BREAKERS__{name}__COOL_OFF"), "200ms");
        program = program.with(&format!("SWITCHBOARD_BREAKERS__{name}__COOL_OFF_CAP"), "300ms");
    }
    let worker = program.start(&["worker"]);
    let alert = "SELECT EXISTS (SELECT FROM alerts WHERE key = 'incident/breakers' AND cleared_at IS NULL)";
    until(&test.db, alert).await;
    let raised = Utc::now();
    until(
        &test.db,
        "SELECT count(*) >= 5 FROM breaker_events WHERE event = 'probe' AND at > (SELECT min(raised_at) FROM alerts)",
    )
    .await;
    let sql =
        "SELECT at FROM breaker_events WHERE event = 'probe' AND at > (SELECT min(raised_at) FROM alerts) ORDER BY at";
    let probes: Vec<DateTime<Utc>> = sqlx::query_scalar(sql).fetch_all(test.db.pool()).await.unwrap();
    assert!(probes.windows(2).all(|pair| pair[1] - pair[0] >= TimeDelta::milliseconds(999)), "{probes:?}");
    // The workers look at the world every two seconds.
    let damped = |call: &switchboard::sandbox::CallRecord| {
        call.provider == "twilio" && call.at > raised + TimeDelta::milliseconds(2500)
    };
    let late: Vec<u32> = sandbox.calls().iter().filter(|call| damped(call)).map(|call| call.at_once).collect();
    assert!(late.iter().all(|at_once| *at_once <= 4), "{late:?}");
    assert_eq!(count(&test.db, "SELECT count(*) FROM alerts WHERE key = 'incident/breakers'").await, 1);
    drop(worker);
}
