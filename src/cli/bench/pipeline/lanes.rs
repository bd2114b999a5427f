//! Contacts in all lanes at once, beside the same steps with one lane working at a time.
//!
//! Each lane is held, in both runs alike, to a rate by which its work takes as long as that of every other lane.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::evidence::bar::Row;
use super::field::{Field, census};
use super::form::{Form, rate};
use super::worker::Worker;
use crate::catalogue;
use crate::enrichment::graph::Step;
use crate::operations::actions::Action;

/// At once takes at most this part of one at a time.
const ALLOWED: f64 = 1.0 / 3.0;
/// Contacts of the long form.
const CONTACTS_MAX: usize = 1000;
/// How long each lane works, if all work at once: for the forms of 300 and of 1,000 contacts.
const SECONDS_PER_CONTACT: f64 = 0.02;

/// Shows it.
pub async fn show(common: &Common, form: &Form) -> Result<Vec<Row>, Failure> {
    let contacts = form.contacts.min(CONTACTS_MAX);
    let calls = census(common, form, contacts).await?;
    let length = contacts as f64 * SECONDS_PER_CONTACT;
    let rates: Vec<(String, String)> = calls.iter().map(|(lane, n)| rate(lane, *n as f64 / length)).collect();
    let told: Vec<String> = calls.iter().map(|(lane, n)| format!("{lane} {:.1}/s", *n as f64 / length)).collect();
    let field = Field::lay(common, form, contacts, Some(Duration::from_millis(50))).await?;
    let at_once = field.work(&rates).await?.as_secs_f64();
    field.clear().await?;
    let (one_by_one, left) = one_by_one(common, form, contacts, &rates).await?;
    Ok(vec![
        Row::figure("lanes/one_at_a_time", one_by_one, "s")
            .note(format!("{contacts} contacts; rates in both: {}", told.join(", "))),
        Row::at_most("lanes/left", left as f64, "jobs", 0.0).note("what one lane at a time left undone"),
        Row::at_most("lanes/all_at_once", at_once, "s", one_by_one * ALLOWED)
            .note("the bar is a third of one at a time"),
    ])
}

/// Every lane alone until it is empty, in the order of needs, again and again until nothing is left.
async fn one_by_one(
    common: &Common,
    form: &Form,
    contacts: usize,
    rates: &[(String, String)],
) -> Result<(f64, i64), Failure> {
    let field = Field::lay(common, form, contacts, Some(Duration::from_millis(50))).await?;
    let mut lanes: Vec<&'static str> = Vec::new();
    for source in Step::ALL.into_iter().flat_map(|step| step.sources()) {
        if !lanes.contains(&source.lane) {
            lanes.push(source.lane);
        }
    }
    for lane in catalogue::lanes() {
        field.act(Action::PauseLane { lane: lane.to_owned(), reason: Some("one lane at a time".into()) }).await?;
    }
    let mut worker = field.worker(rates, false)?;
    field.until(&mut worker, "SELECT EXISTS (SELECT FROM nodes WHERE state = 'live')").await?;
    let begun = Instant::now();
    // Each round ends at least one step of each contact that has any left.
    for _ in 0..Step::ALL.len() {
        for lane in &lanes {
            alone(&field, &mut worker, lane).await?;
        }
        if live(&field).await?.is_empty() {
            break;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let left = live(&field).await?.values().sum();
    worker.stop().await?;
    field.clear().await?;
    Ok((took, left))
}

async fn alone(field: &Field, worker: &mut Worker, lane: &str) -> Result<(), Failure> {
    if !live(field).await?.contains_key(lane) {
        return Ok(());
    }
    field.act(Action::ResumeLane { lane: lane.to_owned() }).await?;
    let begun = Instant::now();
    while live(field).await?.contains_key(lane) {
        if begun.elapsed() > Duration::from_secs(600) || worker.has_failed()? {
            return Err(Failure::new(format!(
                "lane {lane} alone did not come to its end; its worker said: {}",
                worker.said()
            )));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    field.act(Action::PauseLane { lane: lane.to_owned(), reason: Some("one lane at a time".into()) }).await?;
    Ok(())
}

/// Live jobs by lane.
async fn live(field: &Field) -> Result<BTreeMap<String, i64>, Failure> {
    let sql = "/* sample */ SELECT lane, count(*) FROM jobs WHERE state <> 'dead' GROUP BY lane";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(field.db.pool()).await?;
    Ok(rows.into_iter().collect())
}
