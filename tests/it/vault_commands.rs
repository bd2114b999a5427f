//! Credentials from the command line: entered without a trace, verified before they count, turned and taken back.

use serde_json::json;
use switchboard::vault::store;

use crate::support::logins::login;
use crate::support::rotation::{enter, fields, master_key, secret, set_first, slot, states, vaulted};
use crate::support::work::{count, queued, sandbox, statuses, until};
use crate::support::{Program, TestDb};

fn listed(states: &[(i64, String)]) -> Vec<(i64, &str)> {
    states.iter().map(|(version, state)| (*version, state.as_str())).collect()
}

#[tokio::test]
async fn a_credential_is_verified_made_current_turned_rolled_back_and_retired() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    let first = set_first(&program, &sandbox).await;
    assert_eq!(
        (&first["version"], &first["state"], &first["verdict"]),
        (&json!(1), &json!("current"), &json!("accepted"))
    );
    sandbox.accept(secret(2));
    let turned = enter(&program, "rotate", &secret(2), &["--expires", "2031-05-01"]).await.json();
    assert_eq!((&turned["state"], turned["watch_until"].is_string()), (&json!("current"), true), "{turned}");
    assert_eq!(listed(&states(&program).await), [(2, "current"), (1, "previous")]);
    program.json(&["credentials", "rollback", "twilio"]).await;
    assert_eq!(listed(&states(&program).await), [(2, "previous"), (1, "current")]);
    program.json(&["credentials", "retire", "twilio"]).await;
    assert_eq!(listed(&states(&program).await), [(2, "retired"), (1, "current")]);
    assert_eq!(count(&test.db, "SELECT count(*) FROM credential_secrets").await, 1, "a retired version has no secret");
    let refusal = program.run(&["credentials", "rollback", "twilio"]).await.refusal(1);
    assert!(refusal.contains("no previous version"), "{refusal}");
    let table = program.run(&["credentials", "list"]).await.out;
    assert!(table.contains("current") && !table.contains(&secret(2).auth_token), "{table}");
    let verbs: Vec<String> =
        sqlx::query_scalar("SELECT verb FROM audit_log ORDER BY seq").fetch_all(test.db.pool()).await.unwrap();
    let entered = ["credentials set", "credentials verify", "credentials activate"];
    let ended = ["credentials rollback", "credentials retire"];
    assert_eq!(verbs, [&entered[..], &entered, &ended].concat());
    let told = "SELECT count(*) FROM timeline WHERE subject = 'twilio' AND audit_id IS NOT NULL";
    assert_eq!(count(&test.db, told).await, 8);
    assert_eq!(program.json(&["audit", "--verify"]).await["whole"], true);
}

#[tokio::test]
async fn lanes_that_wait_for_a_credential_go_on_by_themselves_when_it_is_set() {
    let test = TestDb::new().await;
    queued(&test.db, 12).await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    let _worker = program.start(&["worker"]);
    until(&test.db, "SELECT parked_reason IS NOT DISTINCT FROM 'no_credential' FROM lanes WHERE lane = 'twilio'").await;
    set_first(&program, &sandbox).await;
    until(&test.db, "SELECT count(*) = 12 FROM contacts WHERE status = 'completed'").await;
    until(&test.db, "SELECT last_used_at IS NOT NULL FROM credentials").await;
    let slot = slot(&program).await;
    assert_eq!(
        (&slot["source"], &slot["version"], &slot["nodes"][0]["version"]),
        (&json!("vault"), &json!("v1"), &json!("v1"))
    );
}

#[tokio::test]
async fn what_the_provider_refuses_never_becomes_current_and_what_it_does_not_say_stays_pending() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    set_first(&program, &sandbox).await;
    let refusal = enter(&program, "rotate", &secret(2), &[]).await.refusal(1);
    assert!(refusal.contains("twilio v2 was refused by the provider"), "{refusal}");
    let away = Program::calling(&test, &sandbox);
    let away = vaulted(&test, &sandbox)
        .with("SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL", "http://127.0.0.1:9")
        .with("HOME", away.home().to_str().unwrap());
    let refusal = enter(&away, "rotate", &secret(3), &[]).await.refusal(1);
    assert!(refusal.contains("v3 could not be verified") && refusal.contains("--activate"), "{refusal}");
    assert_eq!(listed(&states(&program).await), [(3, "pending"), (2, "refused"), (1, "current")]);
    // Its console is gone: whoever comes finds it, may not pass over it, and can finish it.
    let refusal = enter(&program, "rotate", &secret(4), &[]).await.refusal(1);
    assert!(refusal.contains("is turning twilio already: v3 waits since"), "{refusal}");
    assert!(slot(&program).await["note"].as_str().unwrap().contains("v3, entered by"));
    sandbox.accept(secret(3));
    let turned = program.json(&["credentials", "verify", "twilio", "--activate"]).await;
    assert_eq!((&turned["version"], &turned["state"]), (&json!(3), &json!("current")));
    sandbox.accept(secret(5));
    enter(&away, "rotate", &secret(4), &["--no-activate"]).await;
    assert_eq!(enter(&program, "rotate", &secret(5), &["--replace"]).await.code, 0);
    assert_eq!(listed(&states(&program).await)[..3], [(5, "current"), (4, "retired"), (3, "previous")]);
}

#[tokio::test]
async fn wrong_fields_are_refused_by_name_and_never_repeated() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    for (input, code, said) in [
        ("{\"account_sid\":\"hushhush\"}", 1, "twilio needs account_sid + auth_token, or"),
        ("account_sid=hushhush\nauth_tokn=hushhush", 1, "twilio has no field auth_tokn: it takes"),
        ("hushhush", 2, "neither a JSON object"),
        ("", 2, "neither a JSON object"),
    ] {
        let refusal = program.fed(&["credentials", "set", "twilio"], input).await.refusal(code);
        assert!(refusal.contains(said) && !refusal.contains("hushhush"), "{refusal}");
    }
    let refusal = program.fed(&["credentials", "set", "twlio"], "a=b").await.refusal(1);
    assert!(refusal.contains("did you mean twilio?"), "{refusal}");
    assert_eq!(
        program.run(&["credentials", "set", "twilio", "auth_token=x"]).await.code,
        2,
        "no secret on the command line"
    );
}

#[tokio::test]
async fn a_credential_of_the_environment_wins_and_says_why_it_is_not_turned_here() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = Program::calling(&test, &sandbox);
    let slot = slot(&program).await;
    assert_eq!((&slot["source"], &slot["version"]), (&json!("env"), &json!("env")));
    assert!(slot["note"].as_str().unwrap().contains("it can't be turned here"), "{slot}");
    for command in [&["credentials", "rotate", "twilio"][..], &["credentials", "rollback", "twilio"]] {
        let refusal = program.fed(command, &fields(&secret(2))).await.refusal(1);
        assert!(refusal.contains("comes from the environment (SWITCHBOARD_PROVIDERS__TWILIO__…)"), "{refusal}");
    }
    assert_eq!(program.json(&["credentials", "verify", "twilio"]).await["verdict"], "accepted");
}

#[tokio::test]
async fn the_first_credential_makes_a_key_file_and_another_machine_is_told_which_key_it_lacks() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox).without("SWITCHBOARD_MASTER_KEY");
    set_first(&program, &sandbox).await;
    let file = program.home().join("data/switchboard/master.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let id: String = sqlx::query_scalar("SELECT key_id FROM vault").fetch_one(test.db.pool()).await.unwrap();
    for other in [vaulted(&test, &sandbox), vaulted(&test, &sandbox).without("SWITCHBOARD_MASTER_KEY")] {
        let refusal = enter(&other, "rotate", &secret(2), &[]).await.refusal(1);
        assert!(
            refusal.contains(&format!("sealed under master key {id}, which this machine does not hold")),
            "{refusal}"
        );
        let doctor = other.run(&["doctor"]).await.out;
        assert!(doctor.contains(&format!("v1 can't be opened here: it is sealed under master key {id}")), "{doctor}");
        assert!(!other.home().join("data/switchboard/master.key").exists(), "no second key is made");
    }
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
    let refusal = program.run(&["worker", "--until-empty"]).await;
    assert!(refusal.code == 1 && refusal.err.contains("may be read by others (mode 604)"), "{refusal:?}");
}

#[tokio::test]
async fn keys_are_wrapped_anew_only_when_every_live_worker_holds_the_new_one() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let old = vaulted(&test, &sandbox);
    set_first(&old, &sandbox).await;
    sandbox.accept(secret(2));
    assert_eq!(enter(&old, "rotate", &secret(2), &[]).await.code, 0);
    let both = format!("{},{}", master_key(2), master_key(1));
    let worker = old.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM vault_nodes").await;
    let operator = vaulted(&test, &sandbox).with("SWITCHBOARD_MASTER_KEY", &both);
    let refusal = operator.run(&["credentials", "rekey"]).await.refusal(1);
    assert!(refusal.contains("do not hold key"), "{refusal}");
    drop(worker);
    let new_worker = vaulted(&test, &sandbox).with("SWITCHBOARD_MASTER_KEY", &both);
    let _worker = new_worker.start(&["worker"]);
    until(&test.db, "SELECT count(*) = 1 FROM nodes WHERE state = 'live' AND EXISTS (SELECT FROM vault_nodes v WHERE v.epoch = nodes.epoch)").await;
    until(&test.db, "SELECT NOT EXISTS (SELECT FROM nodes n LEFT JOIN vault_nodes v USING (epoch) WHERE n.state = 'live' AND coalesce(cardinality(v.key_ids), 0) < 2)").await;
    assert_eq!(operator.json(&["credentials", "rekey"]).await["versions"], 2);
    // The sealed values are untouched and open under the new key alone.
    let only_new = vaulted(&test, &sandbox).with("SWITCHBOARD_MASTER_KEY", &master_key(2));
    assert_eq!(only_new.json(&["credentials", "verify", "twilio"]).await["verdict"], "accepted");
    assert!(old.run(&["doctor"]).await.out.contains("can't be opened here"));
    queued(&test.db, 4).await;
    until(&test.db, "SELECT count(*) = 4 FROM contacts WHERE status = 'completed'").await;
}

#[tokio::test]
async fn of_two_admins_one_wins_and_the_other_is_told() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = vaulted(&test, &sandbox);
    set_first(&program, &sandbox).await;
    for number in 2..8 {
        sandbox.accept(secret(number));
    }
    let others: Vec<Program> = (2..8).map(|_| vaulted(&test, &sandbox)).collect();
    let races = others
        .iter()
        .zip(2..8)
        .map(|(admin, number)| async move { enter(admin, "rotate", &secret(number), &[]).await });
    let ran = futures_util::future::join_all(races).await;
    let won = ran.iter().filter(|r| r.code == 0).count();
    assert!(won >= 1, "{ran:?}");
    for lost in ran.iter().filter(|r| r.code != 0) {
        let told =
            ["is turning twilio already", "was turned by somebody else meanwhile", "is no longer", "not pending"];
        assert!(told.iter().any(|words| lost.err.contains(words)), "{lost:?}");
    }
    let current = "SELECT count(*) FROM credentials WHERE state = 'current'";
    assert_eq!(count(&test.db, current).await, 1);
    assert_eq!(count(&test.db, "SELECT count(*) FROM credentials WHERE state = 'pending'").await, 0);
}

#[tokio::test]
async fn an_operator_rotates_nothing_and_an_admins_login_lets_a_worker_verify_what_it_may_not_read() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let (operator, admin, worker) =
        (login(&test, "operator").await, login(&test, "admin").await, login(&test, "worker").await);
    let as_login = |url: &str| vaulted(&test, &sandbox).with("DATABASE_URL", url);
    let refusal = enter(&as_login(&operator.url), "set", sandbox.credential(), &[]).await.refusal(1);
    assert!(refusal.contains("this login may not do that"), "{refusal}");
    let admins = as_login(&admin.url);
    set_first(&admins, &sandbox).await;
    queued(&test.db, 5).await;
    // An operator's console has its pool by the worker's login.
    let _pool = as_login(&operator.url).with("SWITCHBOARD_DATABASE__WORKER_URL", &worker.url).start(&["worker"]);
    until(&test.db, "SELECT count(*) = 5 FROM contacts WHERE status = 'completed'").await;
    sandbox.accept(secret(2));
    enter(&admins, "rotate", &secret(2), &["--no-activate"]).await;
    let verified = admins.json(&["credentials", "verify", "twilio", "--activate"]).await;
    assert_eq!((&verified["state"], &verified["verdict"]), (&json!("current"), &json!("accepted")), "{verified}");
    let by: String =
        sqlx::query_scalar("SELECT login FROM audit_log WHERE verb = 'credentials verify' ORDER BY seq DESC LIMIT 1")
            .fetch_one(test.db.pool())
            .await
            .unwrap();
    assert_eq!(by, worker.name);
    assert_eq!(statuses(&test.db).await, (0, 0, 5, 0));
    assert!(store::slot("twilio").is_ok());
}
