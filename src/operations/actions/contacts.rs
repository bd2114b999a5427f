//! Enqueueing lookups of what a filter matches: one statement, whatever the number. A dead lookup of such a contact is
//! over with it: nobody revives it later beside the new one.

use chrono::Utc;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::draft::{Done, Draft, Part, Reach, Refusal};
use super::estimate::Each;
use super::{LookUp, Tier};
use crate::contacts::filter::{Bind, Filter, Statement};
use crate::database::Db;
use crate::providers::twilio::Ask;
use crate::queue::enqueue::{room, wake};

/// What a lookup may take: not in a worker's hands, not queued already, and completed ones only when asked again.
const ELIGIBLE: &str = ") AND c.status <> 'processing' AND NOT EXISTS (SELECT FROM jobs l WHERE l.kind = 'lookup' AND l.contact_id = c.id AND l.state IN ('waiting', 'scheduled', 'running'))";

const ENQUEUE: &str = " FOR UPDATE OF c),
    reset AS (
        UPDATE contacts SET status = 'pending', phone_valid = NULL, lookup_performed_at = NULL, updated_at = now(),
               error_kind = NULL, error_provider = NULL, error_code = NULL, error_http_status = NULL, error_message = NULL
        WHERE id IN (SELECT id FROM chosen WHERE status <> 'pending')),
    contact_delta AS (
        INSERT INTO contact_deltas (pending, completed, failed)
        SELECT count(*) FILTER (WHERE status <> 'pending'), -count(*) FILTER (WHERE status = 'completed'), -count(*) FILTER (WHERE status = 'failed') FROM chosen),
    made AS (
        INSERT INTO jobs (lane, kind, contact_id, state, max_attempts)
        SELECT 'twilio', 'lookup', id, 'waiting', attempts FROM chosen ORDER BY id
        ON CONFLICT (kind, contact_id) WHERE state IN ('waiting', 'scheduled', 'running') DO NOTHING RETURNING 1),
    buried AS (
        DELETE FROM jobs WHERE kind = 'lookup' AND state = 'dead' AND contact_id IN (SELECT id FROM chosen)
        RETURNING id, lane, kind, contact_id, attempt, created_at),
    kept AS (
        INSERT INTO history_singles (id, lane, kind, contact_id, outcome, attempt, created_at)
        SELECT id, lane, kind, contact_id, 'cancelled', attempt, created_at FROM buried),
    lane_delta AS (
        INSERT INTO lane_deltas (lane, waiting, enqueued, dead)
        SELECT 'twilio', m.n, m.n, -b.n FROM (SELECT count(*) AS n FROM made) m, (SELECT count(*) AS n FROM buried) b WHERE m.n + b.n > 0)
    SELECT count(*), (SELECT max(id) FROM chosen) FROM made";

fn parse(text: &str) -> Result<Filter, Refusal> {
    Filter::parse(text, Utc::now()).map_err(|error| Refusal::Impossible(format!("the filter can not be read: {error}")))
}

fn eligible(start: Statement, filter: &Filter, again: bool) -> Statement {
    let statement = start.filter(filter).text(ELIGIBLE);
    if again { statement } else { statement.text(" AND c.status <> 'completed'") }
}

/// How many contacts up to `bound` would be looked up, and the highest id among them.
pub(super) async fn count(db: &Db, wish: &LookUp, bound: i64) -> Result<(i64, i64), Refusal> {
    let filter = parse(&wish.filter)?;
    let count = "SELECT count(*) AS n, coalesce(max(c.id), 0) AS bound FROM contacts c WHERE (";
    let statement = eligible(Statement::new(count), &filter, wish.again);
    let mut tx = db.begin().await?;
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    let row = statement.text(" AND c.id <= ").bind(Bind::Integer(bound)).query().fetch_one(&mut *tx).await?;
    Ok((row.try_get("n")?, row.try_get("bound")?))
}

pub(super) async fn plan(db: &Db, wish: &LookUp) -> Result<Draft, Refusal> {
    let (things, bound) = count(db, wish, i64::MAX).await?;
    let ask = Ask::parse(&wish.packages).map_err(Refusal::Impossible)?;
    let each = Each::load(db, &ask).await?;
    let sentence = format!("Look up {things} contacts {}.", each.words(things));
    Ok(Draft { things, sentence, cost_usd: each.usd(things), undoable: false, least: Tier::Light, bound })
}

pub(super) async fn act(tx: &mut PgConnection, wish: &LookUp, bound: i64) -> Result<Done, Refusal> {
    Ok(part(tx, wish, Reach::whole(bound)).await?.done)
}

/// Those of the contacts that are within reach.
pub(super) async fn part(tx: &mut PgConnection, wish: &LookUp, reach: Reach) -> Result<Part, Refusal> {
    let filter = parse(&wish.filter)?;
    let attempts = Bind::Integer(i64::from(wish.attempts.clamp(1, 1000)));
    let start = Statement::new("WITH chosen AS MATERIALIZED (SELECT c.id, c.status, ")
        .bind(attempts)
        .text("::smallint AS attempts FROM contacts c WHERE (");
    let statement = reach.pick(eligible(start, &filter, wish.again)).text(ENQUEUE);
    let row = statement.query().fetch_one(&mut *tx).await?;
    let changed: i64 = row.try_get(0)?;
    let limit = wish.lane_limit;
    if changed > 0 && room(tx, "twilio", limit).await? == 0 {
        let text = format!(
            "nothing was enqueued: lane twilio would hold more than {limit} jobs; let it drain or narrow the filter, then repeat"
        );
        return Err(Refusal::Impossible(text));
    }
    wake(tx, "twilio").await?;
    let summary = format!("enqueued {changed} lookups");
    let done = Done { changed, summary, before: json!(null), after: json!({"enqueued": changed}), inverse: None };
    Ok(Part { done, last: row.try_get(1)? })
}
