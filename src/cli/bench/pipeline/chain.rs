//! A contact alone: it takes the calls of its longest chain of needs one after the other, and nothing else waits for them.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::evidence::bar::Row;
use super::super::figure::median;
use super::field::Field;
use super::form::Form;
use super::worker::Worker;
use crate::queue::enqueue::{Work, enqueue, wake};

/// A contact takes its chain and at most a tenth of it.
const ALLOWED: f64 = 1.1;
/// Contacts among which those with a whole chain are looked for, for each that is wanted.
const CANDIDATES: usize = 40;
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(2);
/// The chain: every step of it makes its call.
const CHAIN: [&str; 5] = ["twilio", "clearbit-phone", "clearbit-company", "hunter", "zerobounce"];
/// Contacts all of whose steps of the chain were answered by calls.
const WHOLE: &str = "SELECT c.phone_e164 FROM contacts c WHERE (
        SELECT count(DISTINCT r.provider) FROM provider_results r WHERE r.contact_id = c.id AND r.provider = ANY($1)) = 5
    AND (SELECT count(*) FROM provider_results r WHERE r.contact_id = c.id AND r.provider = 'hunter') = 1
    AND (SELECT count(*) FROM contact_steps s WHERE s.contact_id = c.id AND s.state = 'done'
         AND s.step IN ('business', 'company', 'email_find', 'email_verify')) = 4 ORDER BY c.id LIMIT $2";

/// One contact's way.
struct Way {
    took: f64,
    chain: f64,
    all: f64,
}

/// Shows it.
pub async fn show(common: &Common, form: &Form) -> Result<Vec<Row>, Failure> {
    let field = Field::lay(common, form, form.alone * CANDIDATES, Some(Duration::from_millis(5))).await?;
    field.work(&[]).await?;
    let query = sqlx::query_scalar(WHOLE).bind(CHAIN.map(str::to_owned).to_vec()).bind(form.alone as i64);
    let numbers: Vec<String> = query.fetch_all(field.db.pool()).await?;
    field.clear().await?;
    let field = Field::lay(common, form, 0, None).await?;
    let mut worker = field.worker(&[], false)?;
    field.until(&mut worker, "SELECT EXISTS (SELECT FROM nodes WHERE state = 'live')").await?;
    let mut ways = Vec::new();
    for number in &numbers {
        ways.extend(alone(&field, &mut worker, number).await?);
    }
    worker.stop().await?;
    field.clear().await?;
    let column = |of: fn(&Way) -> f64| ways.iter().map(of).collect::<Vec<f64>>();
    let ratio = median(&column(|way| way.took / way.chain.max(0.001)));
    Ok(vec![
        Row::at_least("chain/contacts", ways.len() as f64, "contacts", 1.0)
            .note("one after the other, all five steps by calls"),
        Row::figure("chain/calls_of_the_chain", median(&column(|way| way.chain)), "s")
            .note("at the stand-ins, one after the other; median"),
        Row::figure("chain/all_calls", median(&column(|way| way.all)), "s")
            .note("what one step at a time would take; median"),
        Row::figure("chain/took", median(&column(|way| way.took)), "s")
            .note("from the lookup's enqueueing to the verified address; median"),
        Row::at_most("chain/ratio", ratio, "of its chain", ALLOWED).note("median"),
    ])
}

/// Sends one contact through; none if an answer came from the cache after all.
async fn alone(field: &Field, worker: &mut Worker, number: &str) -> Result<Option<Way>, Failure> {
    let add = "INSERT INTO contacts (raw_phone_number, phone_e164) VALUES ($1, $1) RETURNING id";
    let contact: i64 = sqlx::query_scalar(add).bind(number).fetch_one(field.db.pool()).await?;
    let from = Utc::now();
    let mut tx = field.db.begin().await?;
    let work = Work { lane: "twilio", kind: "lookup", max_attempts: 5, priority: 100 };
    enqueue(&mut tx, work, &[contact]).await?;
    wake(&mut tx, "twilio").await?;
    tx.commit().await?;
    let begun = Instant::now();
    let verified = "/* sample */ SELECT EXISTS (SELECT FROM contact_steps WHERE contact_id = $1 AND step = 'email_verify' AND state <> 'blocked')";
    while !sqlx::query_scalar::<_, bool>(verified).bind(contact).fetch_one(field.db.pool()).await? {
        if begun.elapsed() > Duration::from_secs(60) {
            return Err(Failure::new(format!(
                "a contact alone did not come through; its worker said: {}",
                worker.said()
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
    let took = begun.elapsed().as_secs_f64();
    field.empty(worker).await?;
    Ok(way(field, from, took))
}

fn way(field: &Field, from: DateTime<Utc>, took: f64) -> Option<Way> {
    let calls: Vec<_> = field.sandbox.calls().into_iter().filter(|call| call.at >= from).collect();
    let seconds = |lane: &str| -> Option<f64> {
        let own: Vec<f64> =
            calls.iter().filter(|c| c.provider == lane).map(|c| f64::from(c.took_ms.unwrap_or(0)) / 1000.0).collect();
        (!own.is_empty()).then(|| own.iter().sum())
    };
    let chain: f64 = CHAIN.iter().map(|lane| seconds(lane)).collect::<Option<Vec<f64>>>()?.iter().sum();
    Some(Way { took, chain, all: calls.iter().map(|c| f64::from(c.took_ms.unwrap_or(0)) / 1000.0).sum() })
}
