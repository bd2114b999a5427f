//! Planning steps of what a filter matches anew: one job of our own a contact, in one statement, whatever the number.
//!
//! Workers plan, since they know who can be called; answers within their time to live come from the cache.

use chrono::Utc;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::draft::{Done, Draft, Part, Reach, Refusal};
use super::estimate::Behind;
use super::{Enrich, Tier};
use crate::contacts::filter::{Bind, Filter, Statement};
use crate::database::Db;
use crate::queue::enqueue::{LANE_LIMIT, room, wake};

const ELIGIBLE: &str =
    ") AND c.status = 'completed' AND NOT c.is_duplicate AND NOT EXISTS (SELECT FROM jobs l WHERE l.kind = ";
const NOT_LIVE: &str = " AND l.contact_id = c.id AND l.state IN ('waiting', 'scheduled', 'running'))";

const ENQUEUE: &str = "),
    made AS (
        INSERT INTO jobs (lane, kind, contact_id, priority, state, max_attempts, args)
        SELECT 'local', kind, id, 150, 'waiting', 3, CASE WHEN again THEN '{\"fresh\": true}'::jsonb ELSE '{}' END FROM chosen
        ON CONFLICT (kind, contact_id) WHERE state IN ('waiting', 'scheduled', 'running') DO NOTHING RETURNING 1),
    buried AS (
        DELETE FROM jobs WHERE kind <> 'lookup' AND state = 'dead' AND contact_id IN (SELECT id FROM chosen)
        RETURNING id, lane, kind, contact_id, attempt, created_at),
    kept AS (
        INSERT INTO history_singles (id, lane, kind, contact_id, outcome, attempt, created_at)
        SELECT id, lane, kind, contact_id, 'cancelled', attempt, created_at FROM buried),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, enqueued, dead)
        SELECT 'local', count(*), count(*), 0 FROM made HAVING count(*) > 0
        UNION ALL SELECT lane, 0, 0, -count(*) FROM buried GROUP BY lane)
    SELECT count(*), (SELECT max(id) FROM chosen) FROM made";

fn eligible(start: Statement, wish: &Enrich) -> Result<Statement, Refusal> {
    let filter = Filter::parse(&wish.filter, Utc::now())
        .map_err(|error| Refusal::Impossible(format!("the filter can not be read: {error}")))?;
    Ok(start.filter(&filter).text(ELIGIBLE).bind(Bind::Text(wish.kind().to_owned())).text(NOT_LIVE))
}

/// How many contacts up to `bound` would be planned anew, and the highest id among them.
pub(super) async fn count(db: &Db, wish: &Enrich, bound: i64) -> Result<(i64, i64), Refusal> {
    let count = Statement::new("SELECT count(*) AS n, coalesce(max(c.id), 0) AS bound FROM contacts c WHERE (");
    let statement = eligible(count, wish)?.text(" AND c.id <= ").bind(Bind::Integer(bound));
    let mut tx = db.begin().await?;
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    let row = statement.query().fetch_one(&mut *tx).await?;
    Ok((row.try_get("n")?, row.try_get("bound")?))
}

pub(super) async fn plan(db: &Db, wish: &Enrich) -> Result<Draft, Refusal> {
    let (things, bound) = count(db, wish, i64::MAX).await?;
    let behind = Behind::load(db).await?;
    let cost_usd = if wish.checks_only { 0.0 } else { behind.usd(things) };
    let sentence = if wish.checks_only {
        format!("Look for duplicates of {things} contacts anew; scores are always current.")
    } else {
        let price = match behind {
            Behind::Unknown => "at a price that is not known before a worker has run".to_owned(),
            Behind::AtMost(_) => format!("at up to ${cost_usd:.2}"),
            Behind::Usual(_) => format!("at about ${cost_usd:.2}"),
        };
        format!("Enrich {things} contacts {price}; fresh answers cost nothing.")
    };
    Ok(Draft { things, sentence, cost_usd, undoable: false, least: Tier::Light, bound })
}

pub(super) async fn act(tx: &mut PgConnection, wish: &Enrich, bound: i64) -> Result<Done, Refusal> {
    Ok(part(tx, wish, Reach::whole(bound)).await?.done)
}

/// Those of the contacts that are within reach.
pub(super) async fn part(tx: &mut PgConnection, wish: &Enrich, reach: Reach) -> Result<Part, Refusal> {
    let start = Statement::new("WITH chosen AS MATERIALIZED (SELECT c.id, ")
        .bind(Bind::Text(wish.kind().to_owned()))
        .text("::text AS kind, ")
        .bind(Bind::Integer(i64::from(wish.again)))
        .text("::bigint <> 0 AS again FROM contacts c WHERE (");
    let row = reach.pick(eligible(start, wish)?).text(ENQUEUE).query().fetch_one(&mut *tx).await?;
    let changed: i64 = row.try_get(0)?;
    if room(tx, "local", LANE_LIMIT).await? == 0 {
        let text = format!("lane local would hold more than {LANE_LIMIT} jobs; let it drain, then repeat");
        return Err(Refusal::Impossible(text));
    }
    wake(tx, "local").await?;
    let summary = format!(
        "enqueued {changed} contacts for {}",
        if wish.checks_only { "a check for duplicates" } else { "enrichment" }
    );
    let done = Done { changed, summary, before: json!(null), after: json!({"enqueued": changed}), inverse: None };
    Ok(Part { done, last: row.try_get(1)? })
}
