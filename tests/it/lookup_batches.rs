//! Many numbers, or addresses, in one request, where the provider takes that.

use serde_json::json;
use switchboard::sandbox::Sandbox;

use crate::support::twilio::Twilio;
use crate::support::work::{accounted, calls, count, queued, sandbox, statuses};
use crate::support::{Program, TestDb};

const CALLS: &str = "SELECT calls FROM usage WHERE provider = 'twilio' AND operation = 'call'";

fn twenty_at_once(test: &TestDb, sandbox: &Sandbox) -> Program {
    Program::calling(test, sandbox).twilio("CONCURRENCY_START", "20").twilio("CONCURRENCY_CAP", "20")
}

#[tokio::test]
async fn the_doctor_proves_and_switches_it_and_sixty_numbers_take_a_few_requests() {
    let test = TestDb::new().await;
    queued(&test.db, 60).await;
    let sandbox = sandbox("ok").await;
    let program = twenty_at_once(&test, &sandbox);
    let doctor = program.run(&["doctor", "--batch", "20", "--yes"]).await;
    assert!(doctor.code == 0 && doctor.out.contains("20 numbers in one request"), "{doctor:?}");
    let proof = calls(&sandbox);
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    accounted(&test.db, 60).await;
    let made = calls(&sandbox) - proof;
    assert!((3..=20).contains(&made), "{made} requests for 60 numbers");
    assert_eq!(count(&test.db, CALLS).await, made as i64, "usage counts requests, not numbers");
    assert_eq!(statuses(&test.db).await, (0, 0, 60, 0));
}

#[tokio::test]
async fn a_failed_request_fails_each_of_its_numbers_once_and_all_are_done_in_the_end() {
    let test = TestDb::new().await;
    queued(&test.db, 40).await;
    let sandbox = sandbox("503:2c ok").await;
    let program = twenty_at_once(&test, &sandbox).twilio("BATCH", "20");
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    accounted(&test.db, 40).await;
    assert_eq!(statuses(&test.db).await, (0, 0, 40, 0));
}

#[tokio::test]
async fn an_account_without_it_is_told_so_and_asked_one_by_one() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let refusal = (404, json!({"code": 20404, "message": "not found", "status": 404}).to_string());
    let answer = (200, json!({"valid": true}).to_string());
    let twilio = Twilio::answering(vec![refusal.clone(), refusal, answer]).await;
    let program = Program::quick(&test, &twilio.url, "AC1", "t")
        .twilio("BATCH", "10")
        .twilio("CONCURRENCY_START", "3")
        .twilio("CONCURRENCY_CAP", "3");
    let doctor = program.run(&["doctor", "--batch", "50", "--yes"]).await;
    assert!(doctor.code == 1 && doctor.err.contains("has no batch/query"), "{doctor:?}");
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    assert_eq!(statuses(&test.db).await, (0, 0, 3, 0));
    let methods: Vec<String> = twilio.asked().iter().map(|asked| asked.method.clone()).collect();
    assert_eq!(methods, ["POST", "POST", "GET", "GET", "GET"]);
}

#[tokio::test]
async fn addresses_are_verified_in_a_few_requests_where_the_setting_wants_it() {
    let test = TestDb::new().await;
    queued(&test.db, 60).await;
    let addresses = "UPDATE contacts SET email = 'jane.doe.' || id || '@harbor.example', email_source = 'import'";
    sqlx::query(addresses).execute(test.db.pool()).await.unwrap();
    let sandbox = sandbox("ok").await;
    let all = sandbox.environment().into_iter();
    let program = all.fold(Program::calling(&test, &sandbox), |program, (name, value)| program.with(&name, &value));
    let program = program.with("SWITCHBOARD_PROVIDERS__ZEROBOUNCE__BATCH", "100");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let answers = count(&test.db, "SELECT count(*) FROM provider_results WHERE provider = 'zerobounce'").await;
    let counted = count(&test.db, "SELECT calls FROM usage WHERE provider = 'zerobounce' AND operation = 'call'").await;
    let made = sandbox.calls().iter().filter(|call| call.provider == "zerobounce").count() as i64;
    assert!(answers > 30 && made < answers && counted == made, "{answers} answers, {made} requests, {counted} counted");
    let paid =
        "SELECT (sum(cost) * 1000)::bigint FROM usage WHERE provider = 'zerobounce' AND operation = 'zerobounce'";
    assert_eq!(count(&test.db, paid).await, answers * 8, "each address is a credit");
    assert_eq!(count(&test.db, "SELECT count(*) FROM contact_steps WHERE state IN ('dead', 'failed')").await, 0);
}
