//! The whole pipeline over real HTTP: every provider's stand-in, a real worker, and what the contact says afterwards.

use serde_json::Value;

use crate::support::work::{count, queued, sandbox, statuses};
use crate::support::{Program, TestDb};

/// A program that works on this database against this sandbox.
fn program(test: &TestDb, sandbox: &switchboard::sandbox::Sandbox) -> Program {
    sandbox.environment().into_iter().fold(Program::on(test), |program, (name, value)| program.with(&name, &value))
}

async fn worked(program: &Program) {
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
}

fn states(contact: &Value) -> Vec<(&str, &str)> {
    let steps = contact["steps"].as_array().unwrap();
    steps.iter().map(|s| (s["step"].as_str().unwrap(), s["state"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn every_contact_goes_through_the_whole_pipeline_and_every_step_says_how_it_ended() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = program(&test, &sandbox);
    queued(&test.db, 120).await;
    worked(&program).await;
    assert_eq!(statuses(&test.db).await, (0, 0, 120, 0));
    let open = "SELECT count(*) FROM contact_steps WHERE state NOT IN ('done', 'no_data', 'skipped')";
    assert_eq!(count(&test.db, open).await, 0);
    assert_eq!(count(&test.db, "SELECT count(*) FROM contact_steps").await, 120 * 9, "a row a step");
    for step in ["business", "company", "email_find", "email_verify", "person", "address", "duplicates"] {
        let sql = format!("SELECT count(*) FROM contact_steps WHERE step = '{step}' AND state = 'done'");
        let done: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(test.db.pool()).await.unwrap();
        assert!(done > 0, "no {step} was done");
    }
    let paid_for_invalid = "SELECT count(*) FROM provider_results r JOIN contacts c ON c.id = r.contact_id
                            WHERE NOT c.phone_valid AND r.provider <> 'twilio'";
    assert_eq!(count(&test.db, paid_for_invalid).await, 0);
    let consumers_asked_as_businesses = "SELECT count(*) FROM provider_results r JOIN contacts c ON c.id = r.contact_id
                                         WHERE c.caller_type = 'CONSUMER' AND r.provider IN ('clearbit-phone', 'clearbit-company')";
    assert_eq!(count(&test.db, consumers_asked_as_businesses).await, 0);
    let verified: i64 =
        count(&test.db, "SELECT min(contact_id) FROM contact_steps WHERE step = 'email_verify' AND state = 'done'")
            .await;
    let contact = program.json(&["contacts", "show", &verified.to_string()]).await;
    assert!(states(&contact).contains(&("email_verify", "done")), "{contact}");
    assert!(contact["provider_results"].as_array().unwrap().len() >= 3, "{contact}");
}

#[tokio::test]
async fn a_second_run_is_served_from_the_cache_and_costs_nothing() {
    let test = TestDb::new().await;
    let sandbox = sandbox("ok").await;
    let program = program(&test, &sandbox);
    queued(&test.db, 60).await;
    worked(&program).await;
    let calls = || sandbox.calls().len() as f64;
    let cached = "SELECT coalesce(sum(cached), 0)::bigint FROM usage";
    let (calls_before, cached_before) = (calls(), count(&test.db, cached).await);
    let cost = "SELECT (sum(cost) * 1000000)::bigint FROM usage";
    let cost_before = count(&test.db, cost).await;
    program.json(&["contacts", "enrich", "--all", "--yes"]).await;
    worked(&program).await;
    let (made, hits) = (calls() - calls_before, (count(&test.db, cached).await - cached_before) as f64);
    assert!(hits > 60.0 && hits / (hits + made) >= 0.95, "{hits} from the cache, {made} calls");
    assert_eq!(count(&test.db, cost).await, cost_before);
    let open = "SELECT count(*) FROM contact_steps WHERE state NOT IN ('done', 'no_data', 'skipped')";
    assert_eq!(count(&test.db, open).await, 0);
}
