//! What is left for the next person, and the rehearsal before the night.

use serde_json::Value;

use crate::support::work::queued;
use crate::support::{Program, TestDb};

#[tokio::test]
async fn a_handover_names_what_is_held_who_did_it_and_why() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let program = Program::on(&test);
    program.json(&["breakers", "open", "twilio", "--reason", "vendor *maintenance*", "--for", "30m"]).await;
    program.json(&["lanes", "pause", "twilio", "--reason", "cost"]).await;
    let written = program.run(&["handover", "--since", "1h"]).await;
    assert_eq!((written.code, written.err.as_str()), (0, ""), "{written:?}");
    for part in [
        "# Handover local:",
        "lane **twilio** is paused",
        "3 jobs wait",
        "breaker **twilio** is forced open, held by",
        "vendor \\*maintenance\\*",
        "lanes pause twilio (done; audit",
        "reason: cost",
    ] {
        assert!(written.out.contains(part), "no {part:?} in {}", written.out);
    }
    let value = program.json(&["handover"]).await;
    assert_eq!(value["actions"].as_array().map(Vec::len), Some(2), "{value}");
    assert_eq!(program.run(&["handover", "--since", "soon"]).await.code, 2);
}

#[tokio::test]
async fn a_drill_leaves_a_clock_and_nothing_else() {
    let program = Program::new();
    let ran = program.run(&["drill", "outage", "--contacts", "200", "--json"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let debrief = ran.json();
    let kinds: Vec<&str> = debrief["moments"].as_array().unwrap().iter().filter_map(|m| m["kind"].as_str()).collect();
    assert!(kinds.starts_with(&["outage"]) && kinds.contains(&"recovery") && !kinds.contains(&"person"), "{debrief}");
    assert_eq!((&debrief["scenario"], &debrief["first_act_s"]), (&Value::from("outage"), &Value::Null));
}
