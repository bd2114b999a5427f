//! The contract of the command line: keys of the JSON, exit codes, and one sentence where something is refused.

use serde_json::{Value, json};
use switchboard::breakers::{Event, Report, Rules, store};

use crate::support::work::{contacts, count, queued, statuses};
use crate::support::{Program, TestDb};

/// Wants these keys in the object; more may stand beside them.
#[track_caller]
fn keys(value: &Value, names: &str) {
    for name in names.split(' ') {
        assert!(value.get(name).is_some(), "{name} is missing in {value}");
    }
}

#[tokio::test]
async fn import_counts_every_row_and_twice_the_same_file_changes_nothing() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    let file =
        program.file("a.csv", "phone,name\n+1 212 555 0100,Ann\n+12125550100,Again\n12,Short\n\n+12125550101,Bob\n");
    let (first, second) = (program.json(&["import", &file]).await, program.json(&["import", &file]).await);
    keys(&first, "read inserted updated duplicates rejected seconds");
    let numbers =
        |report: &Value| ["read", "inserted", "updated", "duplicates", "rejected"].map(|k| report[k].as_i64().unwrap());
    assert_eq!((numbers(&first), numbers(&second)), ([4, 2, 0, 1, 1], [4, 0, 0, 3, 1]));
    assert_eq!((statuses(&test.db).await, count(&test.db, "SELECT count(*) FROM jobs").await), ((2, 0, 0, 0), 0));
    let piped = program.fed(&["import", "-", "--lookup", "--json"], "tel;x\n+442079460000;1\n").await;
    assert_eq!((piped.json()["inserted"].as_i64(), count(&test.db, "SELECT count(*) FROM jobs").await), (Some(1), 1));
}

#[tokio::test]
async fn status_has_the_keys_of_the_contract() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let status = Program::on(&test).json(&["status"]).await;
    keys(&status, "contacts lanes breakers nodes alerts cost_today");
    assert_eq!(status["contacts"], json!({"pending": 3, "processing": 0, "completed": 0, "failed": 0}));
    for lane in status["lanes"].as_array().unwrap() {
        keys(lane, "lane state reason depth running scheduled dead oldest_s done_per_s");
    }
    for breaker in status["breakers"].as_array().unwrap() {
        keys(breaker, "name lane state consecutive_failures waiting waiting_contacts next_probe_s");
    }
    let twilio = status["lanes"].as_array().unwrap().iter().find(|l| l["lane"] == "twilio").unwrap();
    assert_eq!((twilio["depth"].as_i64(), twilio["state"].as_str()), (Some(3), Some("ok")));
    assert_eq!(status["breakers"], Program::on(&test).json(&["breakers", "list"]).await);
}

#[tokio::test]
async fn what_prints_json_prints_one_line_and_people_get_a_table() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 2).await;
    let program = Program::on(&test);
    let id = ids[0].to_string();
    let job = count(&test.db, "SELECT min(id) FROM jobs").await.to_string();
    for command in [
        &["status"][..],
        &["lanes", "list"],
        &["breakers", "list"],
        &["breakers", "show", "numverify"],
        &["contacts", "list"],
        &["contacts", "show", &id],
        &["jobs", "list"],
        &["jobs", "show", &job],
        &["timeline"],
        &["audit"],
        &["nodes"],
        &["migrate"],
        &["doctor"],
    ] {
        program.json(command).await;
        let ran = program.run(command).await;
        assert!(ran.code == 0 && ran.err.is_empty() && !ran.out.is_empty(), "{command:?}: {ran:?}");
        assert!(!ran.out.starts_with(['{', '[']), "{command:?}: {ran:?}");
    }
}

#[tokio::test]
async fn a_contact_is_found_by_its_id_and_by_its_number() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 3).await;
    let program = Program::on(&test);
    let by_id = program.json(&["contacts", "show", &ids[1].to_string()]).await;
    keys(&by_id, "phone_e164 raw_phone_number status carrier_name line_type steps provider_results extra");
    assert_eq!(by_id, program.json(&["contacts", "show", by_id["phone_e164"].as_str().unwrap()]).await);
    assert_eq!(by_id["steps"][0]["state"], "queued");
    let listed = program.json(&["contacts", "list", "--filter", "status = pending", "--limit", "2"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let refusal = program.run(&["contacts", "show", "+12125550199"]).await.refusal(1);
    assert!(refusal.starts_with("there is no contact +12125550199: "), "{refusal}");
    program.run(&["contacts", "list", "--filter", "statsu = pending"]).await.refusal(1);
}

#[tokio::test]
async fn a_name_that_nobody_bears_is_refused_with_its_neighbour() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    for (command, near) in [
        (["lanes", "pause", "twillio"], "did you mean twilio?"),
        (["lanes", "resume", "hunt"], "did you mean hunter?"),
        (["breakers", "reset", "numverfy-api"], "did you mean numverify-api?"),
        (["breakers", "open", "twlio"], "did you mean twilio?"),
        (["breakers", "show", "twlio"], "did you mean twilio?"),
        (["jobs", "list", "--lane=twlio"], "did you mean twilio?"),
        (["jobs", "retry", "--lane=twlio"], "did you mean twilio?"),
    ] {
        let refusal = program.run(&command).await.refusal(1);
        assert!(refusal.contains(near), "{command:?}: {refusal}");
    }
    assert_eq!(count(&test.db, "SELECT count(*) FROM audit_log").await, 0);
}

#[tokio::test]
async fn wrong_usage_ends_with_2_and_says_nothing_on_stdout() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    for command in [
        &["nonsense"][..],
        &["lookup"],
        &["lookup", "--all", "--filter", "status = failed"],
        &["lanes", "pause"],
        &["lanes", "scale", "twilio", "many"],
        &["breakers", "open", "twilio", "--for", "soon"],
        &["jobs", "retry"],
        &["jobs", "retry", "1", "--all"],
        &["contacts", "list", "--limit", "0"],
        &["timeline", "--limit", "-5"],
        &["export", "--format", "pdf"],
        &["import", "x.csv", "--map", "nonsense"],
        &["demo", "--contacts", "0"],
        &["export", "--json"],
    ] {
        let ran = program.run(command).await;
        assert!(ran.code == 2 && ran.out.is_empty() && !ran.err.is_empty(), "{command:?}: {ran:?}");
    }
}

#[tokio::test]
async fn every_command_explains_itself() {
    let program = Program::new();
    let help = program.run(&["--help"]).await;
    let commands = help.out.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let commands: Vec<&str> = commands
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    for wanted in [
        "console", "demo", "worker", "sandbox", "import", "export", "contacts", "lookup", "jobs", "lanes", "breakers",
        "status", "migrate", "doctor",
    ] {
        assert!(commands.contains(&wanted), "{wanted} is not in {commands:?}");
    }
    for command in commands.into_iter().filter(|c| *c != "help") {
        let ran = program.run(&[command, "--help"]).await;
        assert!(ran.code == 0 && ran.out.contains("Usage: switchboard"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_database_that_can_not_be_reached_is_one_sentence() {
    let program = Program::new().with("DATABASE_URL", "postgres://nobody:hush@127.0.0.1:1/none");
    for command in [
        &["status"][..],
        &["lookup", "--all"],
        &["worker", "--until-empty"],
        &["lanes", "list", "--json"],
        &["migrate"],
    ] {
        let refusal = program.run(command).await.refusal(1);
        assert!(refusal.starts_with("No PostgreSQL server listens at 127.0.0.1:1: check DATABASE_URL"), "{refusal}");
    }
    let doctor = program.run(&["doctor", "--json"]).await;
    let checks = doctor.json();
    let database = checks.as_array().unwrap().iter().find(|c| c["what"] == "database").unwrap();
    assert_eq!((doctor.code, &database["ok"]), (1, &json!(false)), "{doctor:?}");
    assert!(!doctor.out.contains("hush"));
}

#[tokio::test]
async fn migrate_and_doctor_agree_about_the_schema() {
    let test = TestDb::empty().await;
    let program = Program::on(&test);
    let schema = |checks: Value| checks.as_array().unwrap().iter().find(|c| c["what"] == "schema").unwrap().clone();
    let doctor = program.run(&["doctor", "--json"]).await;
    let before = schema(doctor.json());
    assert_eq!((doctor.code, &before["ok"]), (1, &json!(false)));
    assert!(before["detail"].as_str().unwrap().contains("run `switchboard migrate`"), "{before}");
    let applied = program.json(&["migrate"]).await;
    assert!(applied["applied"].as_i64() > Some(0) && applied["version"].as_i64() > Some(0), "{applied}");
    assert_eq!(program.json(&["migrate"]).await["applied"], 0);
    assert_eq!(schema(program.json(&["doctor"]).await)["ok"], true);
}

#[tokio::test]
async fn an_export_carries_back_what_an_import_brought() {
    let test = TestDb::new().await;
    let program = Program::on(&test);
    let file = program.file("in.csv", "phone,name,notes\n+12125550100,Ann,\"a, \"\"b\"\"\nc\"\n+12125550101,=1+1,x\n");
    program.json(&["import", &file]).await;
    let out = program.home().join("out.csv").to_string_lossy().into_owned();
    assert_eq!(program.json(&["export", "--out", &out]).await, json!({"exported": 2}));
    let other = TestDb::new().await;
    let again = Program::on(&other);
    assert_eq!(again.json(&["import", &out]).await["inserted"], 2);
    let rows = "SELECT jsonb_agg(jsonb_build_object('p', phone_e164, 'n', full_name, 'x', extra->'notes') ORDER BY phone_e164) FROM contacts";
    let (a, b): (Value, Value) = (
        sqlx::query_scalar(rows).fetch_one(test.db.pool()).await.unwrap(),
        sqlx::query_scalar(rows).fetch_one(other.db.pool()).await.unwrap(),
    );
    assert_eq!(a[0], b[0]);
    let stdout = program.run(&["export", "--filter", "phone = +12125550101"]).await;
    assert_eq!((stdout.code, stdout.out.lines().count()), (0, 2), "{stdout:?}");
    assert!(!stdout.out.contains(",=1+1"), "a formula is made harmless: {}", stdout.out);
}

#[tokio::test]
async fn an_open_breaker_shows_in_the_list_with_its_next_probe_and_its_history() {
    let test = TestDb::new().await;
    queued(&test.db, 4).await;
    let failures = Report {
        generation: 1,
        calls: 5,
        failures: 5,
        success_began: None,
        trailing: 5,
        trailing_began: None,
        last_failure: Some("HTTP 503".into()),
    };
    store::apply_now(&test.db, "twilio", Event::Reported(failures), &Rules::default(), "switchboard").await.unwrap();
    let program = Program::on(&test);
    let first = &program.json(&["breakers", "list"]).await[0];
    assert_eq!((&first["name"], &first["state"], &first["waiting"]), (&json!("twilio"), &json!("open"), &json!(4)));
    assert_eq!((&first["consecutive_failures"], &first["waiting_contacts"]), (&json!(5), &json!(4)));
    let next = first["next_probe_s"].as_i64().unwrap();
    assert!((55..=72).contains(&next), "{next}");
    let shown = program.json(&["breakers", "show", "twilio"]).await;
    assert_eq!(shown["history"][0]["event"], "opened");
    let lane = program
        .json(&["lanes", "list"])
        .await
        .as_array()
        .unwrap()
        .iter()
        .find(|l| l["lane"] == "twilio")
        .unwrap()
        .clone();
    assert_eq!((&lane["state"], &lane["reason"]), (&json!("parked"), &json!("breaker open: HTTP 503")));
}

#[tokio::test]
async fn contacts_of_a_large_page_are_not_counted_one_by_one() {
    let test = TestDb::new().await;
    contacts(&test.db, 1200).await;
    let page = Program::on(&test).json(&["contacts", "list", "--limit", "1000"]).await;
    assert_eq!(page.as_array().unwrap().len(), 1000);
}
