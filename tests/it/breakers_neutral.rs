//! What is no outage: wrong numbers, refused credentials, spent quotas, throttling. None opens the breaker.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::support::twilio::Twilio;
use crate::support::work::{PATIENCE, calls, count, events, play, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb, eventually};

#[tokio::test]
async fn a_number_that_twilio_does_not_know_fails_for_good_at_the_first_answer() {
    let test = TestDb::new().await;
    queued(&test.db, 30).await;
    let sandbox = sandbox("404:20c ok").await;
    let ran = Program::calling(&test, &sandbox).run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(statuses(&test.db).await, (0, 0, 10, 20));
    assert_eq!(calls(&sandbox), 30);
    let kinds = "SELECT count(*) FROM contacts WHERE status = 'failed' AND error_kind = 'invalid_input' AND error_code = '20404'
                 AND error_http_status = 404 AND error_provider = 'twilio' AND error_message <> ''";
    assert_eq!(count(&test.db, kinds).await, 20);
    assert_eq!(events(&test.db).await, Vec::<String>::new());
    assert_eq!(count(&test.db, "SELECT consecutive_failures::bigint FROM breakers WHERE name = 'twilio'").await, 0);
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_refused_credential_parks_the_lane_and_the_next_worker_with_a_right_one_goes_on() {
    let test = TestDb::new().await;
    queued(&test.db, 60).await;
    let sandbox = sandbox("ok").await;
    let wrong =
        Program::quick(&test, &sandbox.url(), &sandbox.credential().account_sid, "00000000000000000000000000000000");
    let ran = wrong.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let sentence = ran.err.lines().last().unwrap();
    assert!(sentence.starts_with("switchboard: 60 jobs wait in lane twilio: its credential was refused"), "{ran:?}");
    assert_eq!(statuses(&test.db).await, (60, 0, 0, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs WHERE attempt <> 0").await, 0);
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_failures WHERE burnt").await, 0);
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM lanes WHERE lane = 'twilio' AND parked_reason = 'credential'").await,
        1
    );
    // Those that were on their way, and the one that confirmed it.
    assert!(calls(&sandbox) <= 17, "{} calls with a credential that is refused", calls(&sandbox));
    let ran = Program::calling(&test, &sandbox).run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(statuses(&test.db).await, (0, 0, 60, 0));
    assert_eq!(events(&test.db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_spent_quota_parks_the_lane_until_somebody_starts_again() {
    let test = TestDb::new().await;
    queued(&test.db, 5).await;
    let spent = json!({"code": 20005, "message": "Account not active", "status": 403}).to_string();
    let answers =
        vec![(403, spent.clone()), (403, spent.clone()), (403, spent), (200, json!({"valid": true}).to_string())];
    let twilio = Twilio::answering(answers).await;
    let program =
        Program::quick(&test, &twilio.url, "AC1", "t").twilio("CONCURRENCY_START", "3").twilio("CONCURRENCY_CAP", "3");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (1, (5, 0, 0, 0)), "{ran:?}");
    assert!(ran.err.contains("lane twilio: its quota is used up (budget: quota: Account not active)"), "{ran:?}");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 5, 0)), "{ran:?}");
}

#[tokio::test]
async fn throttling_halves_the_calls_at_once_waits_as_told_and_burns_nothing() {
    let test = TestDb::new().await;
    queued(&test.db, 100).await;
    let sandbox = sandbox("slow=30ms:40c 429=1:8c slow=30ms").await;
    let worker = Program::calling(&test, &sandbox).start(&["worker", "--until-empty"]);
    let ran = worker.ended().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(statuses(&test.db).await, (0, 0, 100, 0));
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM job_failures WHERE burnt OR error_kind <> 'rate_limited'").await,
        0
    );
    assert_eq!(count(&test.db, "SELECT max(attempt)::bigint FROM job_history").await, 1);
    assert_eq!(events(&test.db).await, Vec::<String>::new());
    let all = sandbox.calls();
    let refused: Vec<_> = all.iter().filter(|call| call.status == Some(429)).map(|call| call.at).collect();
    assert_eq!(refused.len(), 8);
    let quiet = |at: DateTime<Utc>| (200..900).contains(&(at - refused[0]).num_milliseconds());
    assert_eq!(all.iter().filter(|call| quiet(call.at)).count(), 0, "the provider asked for a second of silence");
    // A call takes 30 ms at the far end: what arrives within less than that was on its way at once. It began at 16; half of
    // that grows by one a round.
    let after: Vec<_> =
        all.iter().map(|call| call.at).filter(|at| (*at - refused[0]).num_milliseconds() >= 900).collect();
    let at_once =
        |from: &DateTime<Utc>| after.iter().filter(|at| (0..25).contains(&(**at - *from).num_milliseconds())).count();
    assert!(after.iter().map(at_once).max() <= Some(13), "{after:?}");
}

#[tokio::test]
async fn a_success_between_two_rows_of_four_failures_keeps_it_closed() {
    let test = TestDb::new().await;
    queued(&test.db, 24).await;
    let sandbox = sandbox("503:4c ok:1c 503:4c ok").await;
    let program = Program::calling(&test, &sandbox)
        .twilio("CONCURRENCY_START", "1")
        .twilio("CONCURRENCY_CAP", "1")
        .with("SWITCHBOARD_BREAKERS__TWILIO__RATE_RULE", "false");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 24, 0)), "{ran:?}");
    assert_eq!(events(&test.db).await, Vec::<String>::new());
    assert_eq!(count(&test.db, "SELECT count(*) FROM job_failures WHERE burnt").await, 8);
}

#[tokio::test]
async fn a_poison_job_can_not_keep_a_healthy_provider_shut() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 12).await;
    // The provider is down; when it is back, one number alone still fails.
    let sandbox = sandbox("503").await;
    let worker = Program::calling(&test, &sandbox).start(&["worker", "--until-empty"]);
    until(&test.db, "SELECT count(*) > 1 FROM breaker_events WHERE event = 'probe_failed'").await;
    let probed = "SELECT count(DISTINCT job_id) FROM job_failures WHERE probe";
    eventually(PATIENCE, || async { count(&test.db, probed).await >= 2 }).await;
    let burnt = "SELECT count(*) FROM job_failures WHERE probe AND burnt";
    assert_eq!(count(&test.db, burnt).await, 0, "the first failed probe of a job is free");
    play(&sandbox, "ok");
    let ran = tokio::time::timeout(Duration::from_secs(30), worker.ended()).await.unwrap();
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, ids.len() as i64, 0)), "{ran:?}");
}

#[tokio::test]
async fn a_worker_without_a_credential_takes_no_share_of_the_lane() {
    let test = TestDb::new().await;
    queued(&test.db, 20).await;
    let sandbox = sandbox("ok").await;
    let idle = Program::calling(&test, &sandbox).without("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN");
    let _idle = idle.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM nodes WHERE state = 'live'").await;
    let program = Program::calling(&test, &sandbox);
    program.json(&["lanes", "scale", "twilio", "1"]).await;
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 20, 0)), "{ran:?}");
    assert_eq!(sandbox.counters()["twilio"].most_at_once, 1);
}

#[tokio::test]
async fn a_worker_whose_credential_was_refused_does_not_hinder_one_with_a_right_one() {
    let test = TestDb::new().await;
    queued(&test.db, 20).await;
    let sandbox = sandbox("ok").await;
    let accepted = sandbox.credential();
    let wrong = Program::quick(&test, &sandbox.url(), &accepted.account_sid, "00000000000000000000000000000000");
    let mut wrong = wrong.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM lanes WHERE lane = 'twilio' AND parked_reason = 'credential'").await;
    until(&test.db, "SELECT count(*) = 1 FROM nodes WHERE state = 'live' AND serves = '{}'").await;
    let program = Program::calling(&test, &sandbox);
    program.json(&["lanes", "scale", "twilio", "1"]).await;
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 20, 0)), "{ran:?}");
    assert!(wrong.is_running());
}
