//! What the leader does at each beat: free orphans, fold depths, renew statistics, end holds, sample, raise alerts, forget what is old, vacuum.

mod retain;
mod sample;
mod tidy;

use std::time::Duration;

use chrono_tz::Tz;
use futures_util::future::BoxFuture;

use super::alerts;
use crate::breakers::{Event, Rules, store};
use crate::database::{Db, Result};
use crate::queue::{depth, lane, orphans};

pub use retain::{Keep, forget};
pub use tidy::tidy;

/// What a leader goes by.
#[derive(Debug, Clone)]
pub struct Orders {
    /// Silence after which a node is lost, by the database's clock.
    pub dead_after: Duration,
    /// Alert thresholds.
    pub thresholds: alerts::Thresholds,
    /// What providers may cost in a day.
    pub budgets: alerts::Budgets,
    /// How long records are kept.
    pub keep: Keep,
    /// What a higher floor wants done.
    pub errand: Option<Errand>,
}

/// What is to be done in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// False after a time without the database: all beats are old, and the others get a chance to beat first.
    pub may_reap: bool,
    /// Everything; else only what can't wait for the next beat.
    pub full: bool,
}

/// Work of a higher floor that whoever leads does at each beat, with the zone whose days count: firing schedules.
pub type Errand = fn(Db, Tz) -> BoxFuture<'static, ()>;

/// One round of duties; each is safe to repeat, and another leader's overlap does no harm.
pub async fn round(db: &Db, orders: &Orders, round: Round) -> Result<()> {
    let reaped = if round.may_reap { orphans::reap(db, orders.dead_after).await? } else { orphans::Reaped::default() };
    if reaped.nodes + reaped.freed + reaped.dead > 0 {
        tracing::warn!(nodes = reaped.nodes, freed = reaped.freed, dead = reaped.dead, "freed the jobs of lost nodes");
    }
    if !round.full {
        return Ok(());
    }
    depth::fold(db).await?;
    renew_statistics(db).await?;
    end_holds(db).await?;
    watch_credentials(db).await?;
    lane::unpark_due(db).await?;
    sample::sample(db).await?;
    sample::roll_up(db).await?;
    alerts::judge(db, &orders.thresholds, &orders.budgets).await?;
    if let Some(errand) = orders.errand {
        errand(db.clone(), orders.budgets.zone).await;
    }
    retain::forget(db, &orders.keep).await?;
    tidy::tidy(db).await?;
    Ok(())
}

/// After a large import the planner believes in an empty table, and sorts all of it for each claim, until autovacuum comes
/// by (a minute). Whoever leads knows the sizes exactly and asks for statistics when they are far from it.
async fn renew_statistics(db: &Db) -> Result<()> {
    let sql = "/* sample */ WITH known AS (
            SELECT 'jobs' AS name, 'jobs'::regclass::oid AS oid, sum(waiting + scheduled + running + dead) AS size FROM lanes
            UNION ALL SELECT 'contacts', 'contacts'::regclass::oid, pending + processing + completed + failed FROM contact_totals)
        SELECT k.name FROM known k JOIN pg_class c USING (oid) LEFT JOIN pg_stat_user_tables s ON s.relid = k.oid
        WHERE k.size > 1000 AND (k.size > 2 * greatest(c.reltuples, 0) OR coalesce(s.last_analyze, s.last_autoanalyze) IS NULL)";
    let stale: Vec<String> = sqlx::query_scalar(sql).fetch_all(db.pool()).await?;
    for name in stale {
        let analyze = if name == "jobs" { "/* sample */ ANALYZE jobs" } else { "/* sample */ ANALYZE contacts" };
        sqlx::query(analyze).execute(db.pool()).await?;
    }
    Ok(())
}

async fn end_holds(db: &Db) -> Result<()> {
    let sql = "/* sample */ SELECT name FROM breakers WHERE held_until <= now()";
    let ended: Vec<String> = sqlx::query_scalar(sql).fetch_all(db.pool()).await?;
    for name in ended {
        store::apply_now(db, &name, Event::Tick, &Rules::default(), "switchboard").await?;
    }
    Ok(())
}

/// A lane for which no live worker has a credential is parked, and freed when one comes that has.
async fn watch_credentials(db: &Db) -> Result<()> {
    let sql = "/* sample */ WITH live AS (SELECT serves FROM nodes WHERE state = 'live' AND runs_jobs),
        served AS (SELECT DISTINCT unnest(serves) AS lane FROM live)
        SELECT l.lane, served.lane IS NOT NULL FROM lanes l LEFT JOIN served USING (lane)
        WHERE EXISTS (SELECT FROM live) AND l.lane <> 'local'
          AND ((served.lane IS NULL AND l.parked_reason IS NULL) OR (served.lane IS NOT NULL AND l.parked_reason = 'no_credential'))";
    let changes: Vec<(String, bool)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    for (name, served) in changes {
        let mut tx = db.begin().await?;
        if served {
            lane::unpark(&mut tx, &name, &["no_credential"]).await?;
        } else {
            // No line on the timeline: most providers have no key, and a dozen such lines at each start hide the others.
            let park = "UPDATE lanes SET parked_reason = 'no_credential', parked_at = now(),
                            parked_detail = 'no live worker has a credential for it' WHERE lane = $1 AND parked_reason IS NULL";
            sqlx::query(park).bind(&name).execute(&mut *tx).await?;
            lane::announce(&mut tx).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
