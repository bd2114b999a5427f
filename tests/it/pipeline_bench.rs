//! `bench pipeline` in its short form: what must hold on any machine, however busy. Times, rates and moments of arrival are
//! judged by its long form, on a machine that does nothing else.

use serde_json::Value;

use crate::support::{Program, TestDb};

/// The rows of these parts by name.
async fn shown(arguments: &[&str]) -> Vec<Value> {
    let test = TestDb::new().await;
    let program = Program::new().with("DATABASE_URL", &test.url);
    let ran = program.run(&[&["bench", "pipeline", "--json"], arguments].concat()).await;
    assert!(ran.code == 0 || ran.err.is_empty(), "{ran:?}");
    ran.json()["results"].as_array().unwrap().clone()
}

#[track_caller]
fn holds(rows: &[Value], names: &[&str]) {
    for name in names {
        let row = rows.iter().find(|row| row["name"] == **name).unwrap_or_else(|| panic!("no {name} in {rows:?}"));
        assert_eq!(row["holds"], true, "{row}");
    }
}

#[tokio::test]
async fn an_outage_costs_probes_alone_and_every_contact_ends() {
    let rows = shown(&["outage", "--kind", "garbage", "--contacts", "100"]).await;
    let names =
        ["openings", "attempts_burnt_while_open", "unfinished"].map(|figure| format!("outage/garbage/{figure}"));
    holds(&rows, &names.each_ref().map(String::as_str));
}

#[tokio::test]
async fn a_meltdown_burns_nothing_ends_and_is_one_incident() {
    let rows = shown(&["meltdown", "--contacts", "100"]).await;
    holds(&rows, &["meltdown/attempts_burnt_while_open", "meltdown/unfinished", "meltdown/incidents"]);
    assert!(rows.iter().any(|row| row["name"] == "meltdown/time" && row["value"].as_f64().unwrap() > 0.0), "{rows:?}");
}

#[tokio::test]
async fn the_same_contacts_come_again_from_the_cache_and_facts_of_a_moment_do_not() {
    let rows = shown(&["cache", "--contacts", "100"]).await;
    holds(&rows, &["cache/share", "cache/cost", "cache/moment_calls", "cache/moment_kept"]);
}
