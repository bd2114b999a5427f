//! No secret in a line of the log or in a row of the database, whatever a provider says and however much is logged.

use base64::Engine as _;
use serde_json::json;
use switchboard::database::Db;
use switchboard::sandbox::{Credential, Options, Sandbox};

use crate::support::twilio::Twilio;
use crate::support::work::{play, queued, statuses};
use crate::support::{Program, TestDb};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// Assembled, so that no scanner of repositories takes it for a real one.
fn canary() -> String {
    ["c0ffee", "5ec2e7", "0dd5", "0123456789abcdef"].concat()
}

/// The secret in the spellings in which it travels.
fn spellings() -> Vec<String> {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    vec![canary(), encode(&canary()), encode(&format!("{ACCOUNT}:{}", canary()))]
}

/// Every row of every table as text.
async fn dump(db: &Db) -> String {
    let sql = "SELECT coalesce(string_agg(query_to_xml(format('SELECT * FROM %I', tablename), true, false, '')::text, ''), '')
               FROM pg_tables WHERE schemaname = 'public'";
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}

fn logs(program: &Program) -> String {
    let folder = program.home().join("logs");
    std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[track_caller]
fn is_clean(text: &str) {
    for secret in spellings() {
        if let Some(at) = text.find(&secret) {
            panic!("...{}...", &text[at.saturating_sub(200)..(at + 50).min(text.len())]);
        }
    }
}

fn talkative(program: Program) -> Program {
    let folder = program.home().join("logs").to_string_lossy().into_owned();
    program.with("SWITCHBOARD_TELEMETRY__LOG_LEVEL", "trace").with("SWITCHBOARD_TELEMETRY__LOG_DIR", &folder)
}

#[tokio::test]
async fn a_run_through_every_kind_of_failure_at_the_finest_level_writes_no_secret() {
    let test = TestDb::new().await;
    queued(&test.db, 60).await;
    let credential = Some(Credential { account_sid: ACCOUNT.into(), auth_token: canary() });
    let sandbox = Sandbox::start(Options { latency_scale: 0.0, credential, ..Options::default() }).await.unwrap();
    play(&sandbox, "ok:5c 500:1c ok:2c garbage:1c reset:1c hang:1c ok:2c 429=0:1c 404:1c 502:1c ok");
    let program = talkative(Program::calling(&test, &sandbox)).twilio("TIMEOUT", "4s");
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 59, 1)), "{ran:?}");
    let log = logs(&program);
    assert!(log.contains("DEBUG") && log.contains("answered"), "the log says something: {}", log.len());
    let rows = dump(&test.db).await;
    assert!(rows.contains("provider_results") || rows.contains("phone_e164"), "the dump holds something");
    for text in [&log, &ran.err, &ran.out, &rows] {
        is_clean(text);
    }
}

#[tokio::test]
async fn a_provider_that_repeats_our_credential_does_not_get_it_stored() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let [token, encoded, header] = <[String; 3]>::try_from(spellings()).unwrap();
    let answers = vec![
        (400, json!({"code": 20001, "message": format!("bad header Basic {header} with {token}")}).to_string()),
        (503, format!("<html>{token} {encoded}")),
        (200, json!({"valid": true, "national_format": token, "echo": {"authorization": format!("Basic {header}"), "list": [encoded]}}).to_string()),
    ];
    let twilio = Twilio::answering(answers).await;
    let program = talkative(Program::quick(&test, &twilio.url, ACCOUNT, &canary()));
    let ran = program.twilio("CONCURRENCY_START", "1").run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, statuses(&test.db).await), (0, (0, 0, 2, 1)), "{ran:?}");
    let rows = dump(&test.db).await;
    assert!(rows.contains("[redacted:twilio/env]"), "the rest of the message is kept");
    is_clean(&rows);
    is_clean(&ran.err);
}

#[tokio::test]
async fn no_command_prints_a_secret_of_its_environment() {
    let test = TestDb::new().await;
    let program = Program::quick(&test, "http://127.0.0.1:9", ACCOUNT, &canary());
    for arguments in [["doctor", "--json"], ["status", "--json"], ["doctor", "--verbose"], ["worker", "--nonsense"]] {
        let ran = program.run(&arguments).await;
        is_clean(&(ran.out + &ran.err));
    }
    let wrong = program.with("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKN", &canary());
    let refusal = wrong.run(&["status"]).await.refusal(1);
    assert!(refusal.contains("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN"), "{refusal}");
    is_clean(&refusal);
}
