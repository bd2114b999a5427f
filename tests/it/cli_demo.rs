//! The demo as a newcomer runs it: no server, no key, no settings, and nothing of the user's is looked at.

use serde_json::Value;
use switchboard::database::Db;
use switchboard::database::private::{PrivateOptions, PrivateServer};

use crate::support::Program;

const DEMO: [&str; 5] = ["demo", "--headless", "--json", "--contacts", "300"];

#[track_caller]
fn is_whole(report: &Value) {
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
    assert_eq!(number("/contacts/total"), 300);
    assert_eq!(number("/contacts/completed") + number("/contacts/failed"), 300);
    assert_eq!(
        (number("/contacts/unfinished"), number("/jobs/left"), number("/attempts_burnt_while_open")),
        (0, 0, 0),
        "{report}"
    );
    assert!(number("/jobs/enqueued") >= 300, "{report}");
    assert!(number("/breaker_openings") >= 1 && number("/calls/probes") >= 1, "{report}");
    assert_eq!(number("/calls/while_open"), number("/calls/probes"), "{report}");
    assert!(number("/calls/total") > 300, "calls in flight failed when the outage began: {report}");
}

#[tokio::test]
async fn two_demos_at_once_are_blind_to_the_user_meet_an_outage_and_leave_nothing() {
    let program = Program::new()
        .with("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .with("SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL", "http://127.0.0.1:1")
        .with("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN", "nonsense")
        .with("SWITCHBOARD_NONSENSE", "1");
    let (one, two) = (program.start(&DEMO), program.start(&DEMO));
    let (one, two) = tokio::join!(one.ended(), two.ended());
    for ran in [one, two] {
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        is_whole(&ran.json());
    }
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
