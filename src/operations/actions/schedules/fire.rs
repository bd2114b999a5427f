//! Firing what is due: the next time and the work commit together, so that two leaders fire once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};
use sqlx::{Acquire, PgConnection};

use super::super::draft::{Done, Refusal, misplaced};
use super::super::{Action, Actor, Chore, contacts, enrich, record, twin};
use super::Every;
use crate::contacts::filter::Anchor;
use crate::database::Db;

/// Schedules that one round fires; the rest has its turn in the next.
const ROUND_MAX: usize = 20;

#[derive(Debug, sqlx::FromRow)]
struct Due {
    id: i64,
    name: String,
    every: String,
    work: Value,
    next_at: DateTime<Utc>,
    now: DateTime<Utc>,
}

/// Fires what is due, at most once each however many times were missed; days in filters are those of the zone at that moment.
/// Says how many.
pub async fn fire_due(db: &Db, zone: Tz) -> Result<usize, Refusal> {
    let mut fired = 0;
    while fired < ROUND_MAX && fire_one(db, zone).await? {
        fired += 1;
    }
    Ok(fired)
}

async fn fire_one(db: &Db, zone: Tz) -> Result<bool, Refusal> {
    let mut tx = db.begin().await?;
    let sql = "/* sample */ SELECT id, name, every, work, next_at, now() AS now FROM schedules WHERE next_at <= now()
               ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED";
    let Some(due) = sqlx::query_as::<_, Due>(sql).fetch_optional(&mut *tx).await? else { return Ok(false) };
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    let done = work(&mut tx, &due, zone).await;
    let next = Every::parse(&due.every).ok().and_then(|every| every.next(due.next_at, due.now));
    let result = match &done {
        Ok(done) => done.summary.clone(),
        Err(refusal) => format!("nothing was done: {refusal}"),
    };
    let sql =
        "UPDATE schedules SET next_at = coalesce($2, 'infinity'), last_at = now(), last_result = $3 WHERE id = $1";
    sqlx::query(sql).bind(due.id).bind(next).bind(&result).execute(&mut *tx).await?;
    if done.is_err() {
        let sql = "INSERT INTO timeline (kind, severity, subject, summary, actor) VALUES ('schedule', 'warning', $1, $2, 'switchboard')";
        sqlx::query(sql).bind(&due.name).bind(&result).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// In a savepoint: what is refused leaves nothing behind but its reason.
async fn work(tx: &mut PgConnection, due: &Due, zone: Tz) -> Result<Done, Refusal> {
    let chore: Chore = serde_json::from_value(due.work.clone())
        .map_err(|_| Refusal::Impossible("it was written by another version: remove it and add it anew".into()))?;
    let action = match chore {
        Chore::LookUp(wish) => Action::LookUp(wish),
        Chore::Enrich(wish) => Action::Enrich(wish),
    };
    let action = action.dated(Anchor::new(due.now, zone))?;
    let mut part = tx.begin().await?;
    let done = match &action {
        Action::LookUp(wish) => contacts::act(&mut part, wish, i64::MAX).await?,
        Action::Enrich(wish) => enrich::act(&mut part, wish, i64::MAX).await?,
        _ => return Err(misplaced()),
    };
    let actor = Actor {
        name: format!("schedule {}", due.name),
        claimed: json!({"schedule": due.name}),
        ..Actor::here("schedule")
    };
    let twin = twin::of(&action, due.now);
    record::write_row(&mut part, record::Row::plain(&action, &twin), &actor, &done).await?;
    part.commit().await?;
    Ok(done)
}
