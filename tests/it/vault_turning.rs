//! Rotations that do not go as a person means them: whose console dies, whose secret expires, of a slot without a lane; and
//! the small form of `bench rotation`.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use switchboard::sandbox::Sandbox;

use crate::support::rotation::{enter, fields, secret, set_first, states, vaulted};
use crate::support::work::{calls, count, play, sandbox, until};
use crate::support::{Program, TestDb, eventually};

#[tokio::test]
async fn a_rotation_whose_process_is_killed_is_found_and_finished_or_discarded_by_another() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    set_first(&program, &sandbox).await;
    for (number, last) in [(2, &["verify", "twilio", "--activate"][..]), (3, &["retire", "twilio", "--version", "3"])] {
        sandbox.accept(secret(number));
        play(&sandbox, "hang");
        let before = calls(&sandbox);
        let input = program.file("typed", &fields(&secret(number)));
        let console = program.start_fed(&["credentials", "rotate", "twilio"], &input);
        // It waits for the provider's word, and gets no other.
        eventually(Duration::from_secs(30), || std::future::ready(calls(&sandbox) > before)).await;
        console.signal(Signal::SIGKILL);
        console.ended().await;
        play(&sandbox, "ok");
        assert_eq!(states(&program).await[0], (i64::from(number), "pending".into()));
        let other = vaulted(&test, &sandbox);
        assert_eq!(enter(&other, "rotate", &secret(9), &[]).await.code, 1, "it may not be passed over");
        other.json(&[&["credentials"], last].concat()).await;
    }
    let states: Vec<_> = states(&program).await;
    assert_eq!(states, [(3, "retired".into()), (2, "current".into()), (1, "previous".into())]);
}

#[tokio::test]
async fn a_credential_that_expires_soon_raises_an_alert_once_until_it_is_turned() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    let soon = (chrono::Utc::now() + chrono::TimeDelta::days(3)).format("%Y-%m-%d").to_string();
    assert_eq!(enter(&program, "set", sandbox.credential(), &["--expires", &soon]).await.code, 0);
    let _worker = program.start(&["worker"]);
    until(&test.db, "SELECT EXISTS (SELECT FROM alerts WHERE key = 'credential/twilio' AND cleared_at IS NULL)").await;
    let summary: String = sqlx::query_scalar("SELECT summary FROM alerts").fetch_one(test.db.pool()).await.unwrap();
    assert_eq!(summary, format!("v1 expires on {soon}: `switchboard credentials rotate twilio`"));
    let _second = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 2 FROM vault_nodes").await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM timeline WHERE summary LIKE 'v1 expires on%'").await, 1);
    sandbox.accept(secret(2));
    assert_eq!(enter(&program, "rotate", &secret(2), &[]).await.code, 0);
    assert_eq!(count(&test.db, "SELECT count(*) FROM alerts WHERE cleared_at IS NULL").await, 0);
}

#[tokio::test]
async fn the_key_of_a_model_is_verified_turned_and_taken_back_like_any_other() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    for model in Sandbox::models() {
        let name = model.to_uppercase();
        let program = vaulted(&test, &sandbox)
            .with(&format!("SWITCHBOARD_PROVIDERS__{name}__BASE_URL"), &sandbox.base_url(model).unwrap());
        let key = sandbox.accepted().find(|(slot, _, _)| *slot == model).unwrap().2.to_owned();
        let input = json!({"api_key": key}).to_string();
        let set = program.fed(&["credentials", "set", model, "--json"], &input).await;
        assert_eq!((set.code, &set.json()["verdict"]), (0, &json!("accepted")), "{set:?}");
        let wrong = program.fed(&["credentials", "rotate", model], "api_key=no-such-key").await.refusal(1);
        assert!(wrong.contains(&format!("{model} v2 was refused by the provider (auth: HTTP 40")), "{wrong}");
        let turned = program.fed(&["credentials", "rotate", model, "--json"], &input).await.json();
        assert_eq!((&turned["version"], &turned["state"]), (&json!(3), &json!("current")));
        program.json(&["credentials", "rollback", model]).await;
        assert_eq!(program.json(&["credentials", "verify", model]).await["version"], 1);
    }
}

#[tokio::test]
async fn the_small_form_of_the_measurement_finds_no_failed_lookup() {
    let small =
        ["--rotations", "3", "--workers", "2", "--in-flight", "40", "--latency", "100ms", "--dies-after", "1500ms"];
    let mut bench = Program::new().start(&[&["bench", "rotation", "--json"][..], &small].concat());
    eventually(Duration::from_secs(200), || std::future::ready(!bench.is_running())).await;
    // Its exit also judges the time to hear, which a machine that is busy with other tests can't promise.
    let ran = bench.ended().await;
    let report = ran.json();
    let account = &report["account"];
    assert_eq!((&report["rotations"], &account["rolled_back"]), (&json!(3), &json!(1)), "{ran:?}");
    for must_be_0 in ["failed", "burnt", "live", "breaker_events"] {
        assert_eq!(account[must_be_0], 0, "{must_be_0}: {ran:?}");
    }
    assert!(account["completed"].as_i64().unwrap() > 100 && account["completed"] == account["enqueued"], "{ran:?}");
    let heard = report["results"].as_array().unwrap().iter().find(|row| row["name"] == "propagation_p99").unwrap();
    assert!(heard["value"].as_f64().unwrap() > 0.0, "{heard}");
}
