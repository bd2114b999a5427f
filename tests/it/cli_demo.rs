//! The demo as a newcomer runs it: no server, no key, no settings, and nothing of the user's is looked at.

use serde_json::Value;
use switchboard::database::Db;
use switchboard::database::private::{PrivateOptions, PrivateServer};

use crate::support::Program;

const OUTAGE: [&str; 5] = ["demo", "--headless", "--json", "--contacts", "300"];
const MELTDOWN: [&str; 9] =
    ["demo", "--headless", "--json", "--contacts", "600", "--scenario", "meltdown", "--outage", "6"];

#[track_caller]
fn is_whole(report: &Value, contacts: i64) {
    for (group, keys) in [
        ("contacts", "total completed failed unfinished"),
        ("jobs", "enqueued done dead left"),
        ("calls", "total while_open probes cached"),
    ] {
        assert!(keys.split(' ').all(|key| report[group][key].is_i64()), "{report}");
    }
    let numbers = "attempts_burnt_while_open breaker_openings seconds contacts_per_s cost";
    assert!(
        numbers.split(' ').all(|key| report[key].is_number()) && report.get("sql_statements").is_some(),
        "{report}"
    );
    let number = |path: &str| report.pointer(path).and_then(Value::as_i64).unwrap();
    assert_eq!(number("/contacts/total"), contacts);
    assert_eq!(number("/contacts/completed") + number("/contacts/failed"), contacts);
    assert_eq!(
        (number("/contacts/unfinished"), number("/jobs/left"), number("/attempts_burnt_while_open")),
        (0, 0, 0),
        "{report}"
    );
    assert!(number("/jobs/enqueued") >= contacts, "{report}");
    assert!(number("/breaker_openings") >= 1 && number("/calls/probes") >= 1, "{report}");
    assert_eq!(number("/calls/while_open"), number("/calls/probes"), "{report}");
    assert!(number("/calls/total") > contacts, "calls in flight failed when the outage began: {report}");
}

fn figure<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["figures"].as_array().unwrap();
    all.iter().find(|row| row["name"] == *name).unwrap_or_else(|| panic!("no figure {name}: {report}"))
}

/// The figures say the same as what was counted: calls and probes by provider, the sum beside the time, and nothing lost.
#[track_caller]
fn figures_agree(report: &Value, run: &str, down: &[&str]) {
    let providers = report["providers"].as_array().unwrap();
    let calls: i64 = providers.iter().map(|row| row["calls"].as_i64().unwrap()).sum();
    assert_eq!(Some(calls), report["calls"]["total"].as_i64());
    for row in providers.iter().filter(|row| row["openings"].as_u64() > Some(0)) {
        let open = figure(report, &format!("{run}/{}/calls_while_open", row["provider"].as_str().unwrap()));
        let told = [open["value"].as_f64(), open["ceiling"].as_f64()];
        assert_eq!(told, [row["while_open"].as_f64(), row["probes"].as_f64()], "{report}");
        assert!(row["probes"].as_i64() >= Some(1), "{report}");
    }
    for name in ["attempts_burnt_while_open", "unfinished"] {
        let row = figure(report, &format!("{run}/{name}"));
        assert_eq!((row["value"].as_f64(), row["holds"].as_bool()), (Some(0.0), Some(true)), "{report}");
    }
    assert_eq!(figure(report, &format!("{run}/incidents"))["unit"], "alerts");
    let time = figure(report, &format!("{run}/time"));
    let ways = down.iter().map(|id| figure(report, &format!("{run}/unavoidable/{id}"))["value"].as_f64().unwrap());
    assert_eq!(time["ceiling"].as_f64().unwrap(), ways.fold(0.0, f64::max), "the longest way: {report}");
    assert_eq!((time["value"].as_f64(), time["holds"].is_null()), (report["seconds"].as_f64(), true), "{report}");
    assert!(
        figure(report, &format!("{run}/rate_kept"))["note"].as_str().unwrap().contains("every lane needs something")
    );
    for each in ["contacts_per_s", "process_cpu", "server_cpu"] {
        assert!(figure(report, &format!("{run}/{each}"))["value"].as_f64() > Some(0.0), "{report}");
    }
}

#[tokio::test]
async fn two_demos_at_once_are_blind_to_the_user_meet_an_outage_and_leave_nothing() {
    let program = Program::new()
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .with("SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL", "http://127.0.0.1:1")
        .with("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN", "nonsense")
        .with("SWITCHBOARD_NONSENSE", "1");
    let (one, two) = (program.start(&OUTAGE), program.start(&MELTDOWN));
    let (one, two) = tokio::join!(one.ended(), two.ended());
    for (ran, contacts) in [(&one, 300), (&two, 600)] {
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        is_whole(&ran.json(), contacts);
    }
    figures_agree(&one.json(), "outage", &["twilio"]);
    figures_agree(&two.json(), "meltdown", &["twilio", "clearbit-company", "hunter", "zerobounce"]);
    assert_eq!(databases(&program).await, Vec::<String>::new());
}

/// Databases of demos that the private server of this home still has.
async fn databases(program: &Program) -> Vec<String> {
    let data = program.home().join("data");
    let home = std::fs::read_dir(&data).unwrap().flatten().map(|entry| entry.path()).next().unwrap();
    let server = PrivateServer::start(PrivateOptions { home: Some(home), durable: true }).await.unwrap();
    let db = Db::connect(server.options("switchboard"), 1).await.unwrap();
    let sql = "SELECT datname::text FROM pg_database WHERE datname LIKE 'demo%'";
    let found = sqlx::query_scalar(sql).fetch_all(db.pool()).await.unwrap();
    db.close().await;
    server.release().await.unwrap();
    found
}
