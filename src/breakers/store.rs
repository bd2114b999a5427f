//! The shared row: every event is applied by the pure machine under the row's lock, with the database's clock.
//!
//! The transition, its history line and its timeline line commit together, and a NOTIFY tells the fleet. A row that does
//! not change is not written.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row, postgres::PgRow};

use super::breaker::{Breaker, Event, Hold, Probe, Rules, State, Time, Transition, Window};
use crate::database::{Db, Result};

/// Channel on which changes of breakers are announced.
pub const CHANNEL: &str = "switchboard_breakers";

/// What applying an event gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The row afterwards.
    pub breaker: Breaker,
    /// What changed.
    pub transitions: Vec<Transition>,
    /// The database's clock at that moment.
    pub now: Time,
}

const COLUMNS: &str =
    "name, state, generation, consecutive_failures, first_failure_at, window_started_at, window_calls, window_failures,
    opened_at, retry_at, cool_offs, healthy_since, probe_owner, probe_until, ramp_limit, ramp_done,
    held_by, held_reason, held_until, last_failure, clock_timestamp() AS now";

fn decode(row: &PgRow) -> Result<(Breaker, Time)> {
    let owner: Option<i64> = row.try_get("probe_owner")?;
    let until: Option<Time> = row.try_get("probe_until")?;
    let held_by: Option<String> = row.try_get("held_by")?;
    let reason: Option<String> = row.try_get("held_reason")?;
    let count = |name: &str| -> Result<u32> { Ok(u32::try_from(row.try_get::<i32, _>(name)?).unwrap_or(0)) };
    let breaker = Breaker {
        state: State::parse(row.try_get("state")?),
        generation: row.try_get("generation")?,
        consecutive: count("consecutive_failures")?,
        first_failure_at: row.try_get("first_failure_at")?,
        window: Window {
            since: row.try_get("window_started_at")?,
            calls: count("window_calls")?,
            failures: count("window_failures")?,
        },
        opened_at: row.try_get("opened_at")?,
        retry_at: row.try_get("retry_at")?,
        cool_offs: count("cool_offs")?,
        healthy_since: row.try_get("healthy_since")?,
        probe: owner.zip(until).map(|(owner, until)| Probe { owner, until }),
        ramp_limit: count("ramp_limit")?,
        ramp_done: count("ramp_done")?,
        hold: held_by
            .map(|by| {
                Ok::<_, sqlx::Error>(Hold { by, reason: reason.unwrap_or_default(), until: row.try_get("held_until")? })
            })
            .transpose()?,
        last_failure: row.try_get("last_failure")?,
    };
    Ok((breaker, row.try_get("now")?))
}

/// Every breaker by name, and the database's clock.
pub async fn load(db: &Db) -> Result<(BTreeMap<String, Breaker>, Option<Time>)> {
    let sql = format!("SELECT {COLUMNS} FROM breakers");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db.pool()).await?;
    let mut all = BTreeMap::new();
    let mut clock = None;
    for row in &rows {
        let (breaker, now) = decode(row)?;
        all.insert(row.try_get("name")?, breaker);
        clock = Some(now);
    }
    Ok((all, clock))
}

/// Applies `event` to the breaker `name` inside the caller's transaction; `actor` stands in its history.
pub async fn apply(tx: &mut PgConnection, name: &str, event: Event, rules: &Rules, actor: &str) -> Result<Applied> {
    let sql = format!("SELECT {COLUMNS} FROM breakers WHERE name = $1 FOR UPDATE");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).fetch_one(&mut *tx).await?;
    let (mut breaker, now) = decode(&row)?;
    let before = breaker.clone();
    let worked = matches!(&event, Event::Reported(r) if r.success_began.is_some());
    let transitions = breaker.step(event, now, rules, rand::random::<f64>());
    if breaker != before {
        save(tx, name, &breaker, worked).await?;
        record(tx, name, &breaker, &transitions, actor).await?;
        sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(name).execute(&mut *tx).await?;
    }
    Ok(Applied { breaker, transitions, now })
}

/// The same in a transaction of its own.
pub async fn apply_now(db: &Db, name: &str, event: Event, rules: &Rules, actor: &str) -> Result<Applied> {
    let mut tx = db.begin().await?;
    let applied = apply(&mut tx, name, event, rules, actor).await?;
    tx.commit().await?;
    Ok(applied)
}

/// So many open breakers are one incident: a network or a cloud is down, not so many providers.
pub const INCIDENT: i64 = 3;

/// Gives `owner` the probe of breaker `name`, if it is due. In an incident probes are staggered over all providers: at most
/// one a second, so that one recovers first and is the sign for the others.
pub async fn take_probe(db: &Db, name: &str, owner: i64, rules: &Rules) -> Result<Option<Applied>> {
    let mut tx = db.begin().await?;
    let sql = "SELECT count(*) FILTER (WHERE state IN ('open', 'half_open')) >= $1
                      AND EXISTS (SELECT FROM breaker_events WHERE event = 'probe' AND at > clock_timestamp() - interval '1 second') FROM breakers";
    // One after the other: two that look at once would both see a second without a probe.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('switchboard_probes'))").execute(&mut *tx).await?;
    if sqlx::query_scalar(sql).bind(INCIDENT).fetch_one(&mut *tx).await? {
        return Ok(None);
    }
    let applied = apply(&mut tx, name, Event::ProbeWanted { owner }, rules, "switchboard").await?;
    tx.commit().await?;
    Ok(Some(applied))
}

async fn save(tx: &mut PgConnection, name: &str, b: &Breaker, worked: bool) -> Result<()> {
    let int = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let sql = "UPDATE breakers SET state = $2, generation = $3, consecutive_failures = $4, first_failure_at = $5,
                   window_started_at = $6, window_calls = $7, window_failures = $8, opened_at = $9, retry_at = $10,
                   cool_offs = $11, healthy_since = $12, probe_owner = $13, probe_until = $14, ramp_limit = $15, ramp_done = $16,
                   held_by = $17, held_reason = $18, held_until = $19,
                   last_failure_at = CASE WHEN last_failure IS DISTINCT FROM $20 OR $4 > consecutive_failures THEN clock_timestamp() ELSE last_failure_at END,
                   last_failure = $20,
                   last_success_at = CASE WHEN $21 THEN clock_timestamp() ELSE last_success_at END,
                   changed_at = CASE WHEN state <> $2 THEN clock_timestamp() ELSE changed_at END
               WHERE name = $1";
    sqlx::query(sql)
        .bind(name)
        .bind(b.state.name())
        .bind(b.generation)
        .bind(int(b.consecutive))
        .bind(b.first_failure_at)
        .bind(b.window.since)
        .bind(int(b.window.calls))
        .bind(int(b.window.failures))
        .bind(b.opened_at)
        .bind(b.retry_at)
        .bind(int(b.cool_offs))
        .bind(b.healthy_since)
        .bind(b.probe.map(|p| p.owner))
        .bind(b.probe.map(|p| p.until))
        .bind(int(b.ramp_limit))
        .bind(int(b.ramp_done))
        .bind(b.hold.as_ref().map(|h| h.by.as_str()))
        .bind(b.hold.as_ref().map(|h| h.reason.as_str()))
        .bind(b.hold.as_ref().and_then(|h| h.until))
        .bind(&b.last_failure)
        .bind(worked)
        .execute(tx)
        .await?;
    Ok(())
}

async fn record(tx: &mut PgConnection, name: &str, b: &Breaker, transitions: &[Transition], actor: &str) -> Result<()> {
    for t in transitions {
        let sql =
            "INSERT INTO breaker_events (breaker, generation, from_state, to_state, event, cause, actor, retry_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(sql)
            .bind(name)
            .bind(b.generation)
            .bind(t.from.name())
            .bind(t.to.name())
            .bind(t.event)
            .bind(&t.cause)
            .bind(actor)
            .bind(b.retry_at)
            .execute(&mut *tx)
            .await?;
        if t.event == "ramp" {
            continue;
        }
        let severity = if t.to == State::Open && t.event != "reset" { "critical" } else { "info" };
        let line = "INSERT INTO timeline (kind, severity, subject, summary, actor) VALUES ('breaker', $1, $2, $3, $4)";
        let summary = format!("{} -> {}: {}", t.from.name().replace('_', "-"), t.to.name().replace('_', "-"), t.cause);
        sqlx::query(line).bind(severity).bind(name).bind(summary).bind(actor).execute(&mut *tx).await?;
    }
    Ok(())
}
