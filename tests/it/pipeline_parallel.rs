//! Contacts in all lanes at once, and a contact alone on the longest chain of its needs: read from the calls that the stand-ins
//! recorded, whose order and overlapping show it however slow the machine is.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use switchboard::sandbox::{CallRecord, Options, Sandbox};

use crate::support::work::{count, look_up, queued, statuses};
use crate::support::{Program, TestDb};

/// Every step of the chain makes its call.
const CHAIN: [&str; 5] = ["twilio", "clearbit-phone", "clearbit-company", "hunter", "zerobounce"];

async fn slow(latency: Duration) -> Sandbox {
    Sandbox::start(Options { latency: Some(latency), ..Options::default() }).await.unwrap()
}

async fn worked(test: &TestDb, sandbox: &Sandbox, lookups_at_once: &str) {
    let program = sandbox.environment().into_iter().fold(Program::on(test), |p, (name, value)| p.with(&name, &value));
    let program = program.twilio("CONCURRENCY_START", lookups_at_once).twilio("CONCURRENCY_CAP", lookups_at_once);
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// When a call was being answered.
fn span(call: &CallRecord) -> (DateTime<Utc>, DateTime<Utc>) {
    (call.at, call.at + TimeDelta::milliseconds(call.took_ms.unwrap_or(0).into()))
}

/// Lanes that had a call at this moment.
fn busy(calls: &[CallRecord], at: DateTime<Utc>) -> BTreeSet<&'static str> {
    let is_here = |call: &&CallRecord| span(call).0 <= at && at < span(call).1;
    calls.iter().filter(is_here).map(|call| call.provider).collect()
}

/// A contact all of whose steps of the chain were answered by calls of its own.
const WHOLE: &str = "SELECT c.phone_e164 FROM contacts c WHERE (SELECT count(*) FROM provider_results r WHERE r.contact_id = c.id AND r.provider = ANY($1)) = 5
    AND (SELECT count(DISTINCT r.provider) FROM provider_results r WHERE r.contact_id = c.id AND r.provider = ANY($1)) = 5
    AND (SELECT count(*) FROM contact_steps s WHERE s.contact_id = c.id AND s.state = 'done' AND s.step IN ('business', 'company', 'email_find', 'email_verify')) = 4
    ORDER BY c.id LIMIT 1";
/// A contact whose address came with its owner: the company and the address are asked about at once.
const TWO: &str = "SELECT c.phone_e164 FROM contacts c WHERE (SELECT count(DISTINCT r.provider) FROM provider_results r WHERE r.contact_id = c.id AND r.provider = ANY($1)) = 3
    AND NOT EXISTS (SELECT FROM provider_results r WHERE r.contact_id = c.id AND r.provider = 'hunter') ORDER BY c.id LIMIT 1";

async fn one(test: &TestDb, sql: &'static str, lanes: &[&str]) -> String {
    let lanes: Vec<String> = lanes.iter().map(|lane| (*lane).to_owned()).collect();
    sqlx::query_scalar(sql).bind(lanes).fetch_one(test.db.pool()).await.unwrap()
}

#[tokio::test]
async fn contacts_are_in_all_lanes_at_once_and_one_alone_waits_for_nothing_but_its_needs() {
    let (test, sandbox) = (TestDb::new().await, slow(Duration::from_millis(80)).await);
    queued(&test.db, 400).await;
    // Five at once: lookups go on while all others are at work.
    worked(&test, &sandbox, "5").await;
    assert_eq!(statuses(&test.db).await, (0, 0, 400, 0));
    let calls = sandbox.calls();
    let most = calls.iter().map(|call| busy(&calls, call.at)).max_by_key(BTreeSet::len).unwrap();
    assert!(most.len() >= 4, "at most in these lanes at once: {most:?}");
    let (whole, two) =
        (one(&test, WHOLE, &CHAIN).await, one(&test, TWO, &["clearbit-phone", "clearbit-company", "zerobounce"]).await);
    tokio::join!(one_after_the_other(&whole), side_by_side(&two));
}

/// The calls that one contact alone makes.
async fn alone(number: &str) -> Vec<CallRecord> {
    let (test, sandbox) = (TestDb::new().await, slow(Duration::from_millis(1500)).await);
    let add = "INSERT INTO contacts (raw_phone_number, phone_e164) VALUES ($1, $1) RETURNING id";
    let id: i64 = sqlx::query_scalar(add).bind(number).fetch_one(test.db.pool()).await.unwrap();
    look_up(&test.db, &[id]).await;
    worked(&test, &sandbox, "16").await;
    let wrong = "SELECT count(*) FROM contact_steps WHERE state IN ('dead', 'failed', 'blocked')";
    assert_eq!(count(&test.db, wrong).await, 0);
    sandbox.calls()
}

#[track_caller]
fn of(calls: &[CallRecord], lane: &str) -> (DateTime<Utc>, DateTime<Utc>) {
    calls.iter().find(|call| call.provider == lane).map_or_else(|| panic!("{lane}: {calls:?}"), span)
}

/// Each call of the chain begins when the one before it has ended.
async fn one_after_the_other(number: &str) {
    let calls = alone(number).await;
    let chain = CHAIN.map(|lane| of(&calls, lane));
    let in_order = |pair: &[(DateTime<Utc>, DateTime<Utc>)]| pair[0].1 <= pair[1].0 + TimeDelta::milliseconds(2);
    assert!(chain.windows(2).all(in_order), "{chain:?}");
}

/// Two steps that need what the owner of the number gave do not wait for each other.
async fn side_by_side(number: &str) {
    let calls = alone(number).await;
    let (one, other) = (of(&calls, "clearbit-company"), of(&calls, "zerobounce"));
    assert!(one.0 < other.1 && other.0 < one.1, "one waited for the other: {one:?} {other:?}");
}
