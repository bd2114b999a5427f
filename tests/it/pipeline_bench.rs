//! `bench pipeline` in its short form: what must hold on any machine, however busy.

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
    let rows = shown(&["outage", "--kind", "5xx", "--kind", "garbage", "--contacts", "200"]).await;
    for kind in ["5xx", "garbage"] {
        let names = ["openings", "calls_while_open", "attempts_burnt_while_open", "unfinished"];
        let names = names.map(|figure| format!("outage/{kind}/{figure}"));
        holds(&rows, &names.each_ref().map(String::as_str));
    }
}

#[tokio::test]
async fn a_meltdown_ends_without_a_burst_and_is_one_incident() {
    let rows = shown(&["meltdown", "--contacts", "200"]).await;
    holds(
        &rows,
        &[
            "meltdown/attempts_burnt_while_open",
            "meltdown/calls_while_open",
            "meltdown/unfinished",
            "meltdown/incidents",
        ],
    );
    holds(&rows, &["meltdown/twilio/at_once_above_the_ramp"]);
    assert!(rows.iter().any(|row| row["name"] == "meltdown/time" && row["value"].as_f64().unwrap() > 0.0), "{rows:?}");
}

#[tokio::test]
async fn many_contacts_are_in_all_lanes_at_once_and_come_again_from_the_cache() {
    let rows = shown(&["lanes", "cache", "--contacts", "120"]).await;
    holds(
        &rows,
        &["lanes/left", "lanes/all_at_once", "cache/share", "cache/cost", "cache/moment_calls", "cache/moment_kept"],
    );
}
