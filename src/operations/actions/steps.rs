//! Starting one step of one contact by hand: a job like those that the planner makes, at a price that is told before.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::draft::{Done, Draft, Refusal};
use super::{OneStep, Tier};
use crate::database::Db;
use crate::enrichment::Args;
use crate::enrichment::facts::Facts;
use crate::enrichment::graph::{Source, Step};
use crate::providers::{Input, PriceBook};
use crate::queue::enqueue::{LANE_LIMIT, room, wake};

/// A person waits for it: it goes before what was enqueued in bulk.
const PRIORITY: i16 = 50;

/// The step, if it can be started by hand.
fn step(wish: &OneStep) -> Result<Step, String> {
    match Step::parse(&wish.step) {
        Some(Step::Lookup) => Err("a lookup is more than a step: `switchboard lookup` enqueues it".into()),
        Some(step) => Ok(step),
        None => {
            let all = Step::ALL.iter().filter(|step| **step != Step::Lookup).map(|step| step.name());
            Err(format!("{} is no step: name one of {}", wish.step, all.collect::<Vec<_>>().join(", ")))
        }
    }
}

/// Whether the contact has what the step needs. Pure.
fn able(step: Step, facts: &Facts) -> Result<(), String> {
    let contact = facts.contact;
    if !facts.looked_up() {
        return Err(format!("contact {contact} was not looked up yet: its steps follow by themselves"));
    }
    if facts.card.is("is_duplicate") {
        return Err(format!("contact {contact} stands for another one: its steps are run there"));
    }
    match step.needs().iter().find(|need| !facts.has(**need)) {
        Some(need) => Err(format!(
            "{} needs {}, which contact {contact} lacks: an earlier step may find it, `switchboard contacts set` gives it",
            step.name(),
            need.name()
        )),
        None => Ok(()),
    }
}

/// The wish with whom it asks: who is named, else the first in whose lane anybody can be asked.
pub(super) async fn named(db: &Db, wish: OneStep) -> Result<OneStep, Refusal> {
    let step = step(&wish).map_err(Refusal::Impossible)?;
    let sources = step.sources();
    if let Some(name) = &wish.source {
        if sources.iter().any(|source| source.name == name) {
            return Ok(wish);
        }
        let all = sources.iter().map(|source| source.name).collect::<Vec<_>>().join(", ");
        return Err(Refusal::Impossible(format!("{name} can't answer {}: name one of {all}", step.name())));
    }
    let lanes = super::super::views::lanes(db).await?;
    let mute = |source: &&Source| {
        let no_key = |reason: &str| reason.starts_with("no_credential");
        lanes.iter().any(|lane| lane.lane == source.lane && lane.reason.as_deref().is_some_and(no_key))
    };
    let source = sources.iter().find(|source| !mute(source)).unwrap_or(&sources[0]);
    Ok(OneStep { source: Some(source.name.to_owned()), ..wish })
}

fn asked(step: Step, wish: &OneStep) -> &'static Source {
    step.source(wish.source.as_deref().unwrap_or_default())
}

pub(super) async fn plan(db: &Db, wish: &OneStep) -> Result<Draft, Refusal> {
    let (contact, step) = (wish.contact, step(wish).map_err(Refusal::Impossible)?);
    let card: Option<Value> = sqlx::query_scalar("SELECT to_jsonb(c) FROM contacts c WHERE id = $1")
        .bind(contact)
        .fetch_optional(db.pool())
        .await?;
    let Some(Value::Object(card)) = card else {
        return Err(Refusal::Impossible(format!("there is no contact {contact}")));
    };
    let facts = Facts { contact, card: Input::new(card), ..Facts::default() };
    able(step, &facts).map_err(Refusal::Impossible)?;
    let live =
        "SELECT id FROM jobs WHERE contact_id = $1 AND kind = $2 AND state IN ('waiting', 'scheduled', 'running')";
    let live: Option<i64> = sqlx::query_scalar(live).bind(contact).bind(step.name()).fetch_optional(db.pool()).await?;
    if let Some(job) = live {
        return Err(Refusal::Impossible(format!(
            "job {job} does so already: `switchboard jobs edit {job}` changes it"
        )));
    }
    let source = asked(step, wish);
    let price = PriceBook::load(db).await?.price(source.lane, source.operation);
    let cost_usd = price as f64 / 1e6;
    let cached = if wish.again { "" } else { "; a fresh answer of the cache costs nothing" };
    let sentence = match step {
        Step::Duplicates => format!("Look for duplicates of contact {contact} anew; nobody is asked."),
        _ => format!("Run {} for contact {contact}: ask {} at ${cost_usd:.4}{cached}.", step.name(), source.name),
    };
    Ok(Draft { things: 1, sentence, cost_usd, undoable: false, least: Tier::Light, bound: contact })
}

const ENQUEUE: &str = "
    WITH buried AS (
        DELETE FROM jobs WHERE contact_id = $1 AND kind = $2 AND state = 'dead' RETURNING id, lane, kind, contact_id, attempt, created_at),
    kept AS (
        INSERT INTO history_singles (id, lane, kind, contact_id, outcome, attempt, created_at)
        SELECT id, lane, kind, contact_id, 'cancelled', attempt, created_at FROM buried),
    made AS (
        INSERT INTO jobs (lane, kind, contact_id, priority, state, args)
        SELECT $3, $2, id, $4, 'waiting', $5 FROM contacts WHERE id = $1 AND status = 'completed' AND NOT is_duplicate
        ON CONFLICT (contact_id, kind) WHERE state IN ('waiting', 'scheduled', 'running') DO NOTHING RETURNING id, lane),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, enqueued, dead)
        SELECT lane, 1, 1, 0 FROM made UNION ALL SELECT lane, 0, 0, -count(*) FROM buried GROUP BY lane)
    SELECT id FROM made";

pub(super) async fn act(tx: &mut PgConnection, wish: &OneStep) -> Result<Done, Refusal> {
    let OneStep { contact, step: name, again, .. } = wish;
    let source = asked(step(wish).map_err(Refusal::Impossible)?, wish);
    let args = match source.lane {
        "local" => json!({}),
        _ => Args { source: source.name.to_owned(), tried: Vec::new(), fresh: *again }.json(),
    };
    let lane = source.lane;
    if room(tx, lane, LANE_LIMIT).await? == 0 {
        return Err(Refusal::Impossible(format!("lane {lane} holds {LANE_LIMIT} jobs; let it drain, then repeat")));
    }
    let query = sqlx::query_scalar(ENQUEUE).bind(contact).bind(name).bind(lane).bind(PRIORITY).bind(&args);
    let job: Option<i64> = query.fetch_optional(&mut *tx).await?;
    let Some(job) = job else {
        return Err(Refusal::Impossible(format!(
            "contact {contact} got a job for {name} meanwhile, or is no longer one to run it for: look again"
        )));
    };
    wake(tx, lane).await?;
    let summary = format!("enqueued {name} of contact {contact} as job {job} in lane {lane}");
    let after = json!({"job": job, "source": source.name});
    Ok(Done { changed: 1, summary, before: json!(null), after, inverse: None })
}
