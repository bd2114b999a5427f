//! What the leader does at each beat: free orphans, fold depths, renew statistics, end holds, sample, raise alerts, forget what is old.

use std::time::Duration;

use super::alerts;
use crate::breakers::{Event, Rules, store};
use crate::database::{Db, Result};
use crate::queue::{depth, lane, orphans};

/// How long records are kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Finished jobs.
    pub job_history: u32,
    /// Failed attempts.
    pub job_failures: u32,
    /// Timeline, breaker events, ended alerts.
    pub timeline: u32,
    /// Samples.
    pub samples: u32,
}

/// What a leader goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    /// Silence after which a node is lost, by the database's clock.
    pub dead_after: Duration,
    /// Alert thresholds.
    pub thresholds: alerts::Thresholds,
    /// How long records are kept.
    pub keep: Keep,
}

/// One round of duties; each is safe to repeat, and another leader's overlap does no harm. Nobody is reaped unless `may_reap`.
pub async fn round(db: &Db, orders: &Orders, may_reap: bool) -> Result<()> {
    let reaped = if may_reap { orphans::reap(db, orders.dead_after).await? } else { orphans::Reaped::default() };
    if reaped.nodes + reaped.freed + reaped.dead > 0 {
        tracing::warn!(nodes = reaped.nodes, freed = reaped.freed, dead = reaped.dead, "freed the jobs of lost nodes");
    }
    depth::fold(db).await?;
    renew_statistics(db).await?;
    end_holds(db).await?;
    watch_credentials(db).await?;
    sample(db).await?;
    alerts::judge(db, &orders.thresholds).await?;
    forget(db, orders.keep).await
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

async fn sample(db: &Db) -> Result<()> {
    let sql = "/* sample */ INSERT INTO samples (at, lane, waiting, scheduled, running, dead, done_total, failed_total, oldest_s, p50_ms, p95_ms, breaker, lane_state)
        SELECT now(), l.lane, l.waiting, l.scheduled, l.running, l.dead, l.done_total, l.failed_total,
               (SELECT extract(epoch FROM greatest(now() - j.run_at, interval '0'))::integer FROM jobs j
                 WHERE j.lane = l.lane AND j.state = 'waiting' ORDER BY j.priority, j.run_at, j.id LIMIT 1),
               p.p50, p.p95, coalesce(b.state, 'closed'),
               CASE WHEN l.paused THEN 'paused' WHEN l.parked_reason IS NOT NULL OR b.state IN ('open', 'forced_open') THEN 'parked'
                    WHEN b.state = 'half_open' THEN 'ramping' ELSE 'ok' END
        FROM lanes l LEFT JOIN breakers b ON b.lane = l.lane
        LEFT JOIN LATERAL (
            SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY took_ms) AS p50, percentile_disc(0.95) WITHIN GROUP (ORDER BY took_ms) AS p95
            FROM (SELECT took_ms FROM provider_results WHERE provider = l.lane AND id > (SELECT coalesce(max(id), 0) - 500 FROM provider_results)
                  AND fetched_at > now() - interval '10 s') recent) p ON true
        ON CONFLICT DO NOTHING";
    sqlx::query(sql).execute(db.pool()).await?;
    Ok(())
}

/// Small batches, so that no round takes long and no table is locked.
async fn forget(db: &Db, keep: Keep) -> Result<()> {
    let batches: [(&'static str, u32); 8] = [
        (
            "/* sample */ DELETE FROM job_history WHERE ctid IN (SELECT ctid FROM job_history WHERE finished_at < now() - make_interval(days => $1) LIMIT 5000)",
            keep.job_history,
        ),
        (
            "/* sample */ DELETE FROM job_failures WHERE ctid IN (SELECT ctid FROM job_failures WHERE failed_at < now() - make_interval(days => $1) LIMIT 5000)",
            keep.job_failures,
        ),
        (
            "/* sample */ DELETE FROM samples WHERE ctid IN (SELECT ctid FROM samples WHERE at < now() - make_interval(days => $1) LIMIT 5000)",
            keep.samples,
        ),
        (
            "/* sample */ DELETE FROM timeline WHERE ctid IN (SELECT ctid FROM timeline WHERE at < now() - make_interval(days => $1) LIMIT 5000)",
            keep.timeline,
        ),
        (
            "/* sample */ DELETE FROM breaker_events WHERE ctid IN (SELECT ctid FROM breaker_events WHERE at < now() - make_interval(days => $1) LIMIT 5000)",
            keep.timeline,
        ),
        (
            "/* sample */ DELETE FROM alerts WHERE ctid IN (SELECT ctid FROM alerts WHERE cleared_at < now() - make_interval(days => $1) LIMIT 1000)",
            keep.timeline,
        ),
        (
            "/* sample */ DELETE FROM provider_results WHERE expires_at < now() - make_interval(days => $1)
                 AND id IN (SELECT id FROM provider_results ORDER BY id LIMIT 1000)",
            0,
        ),
        (
            "/* sample */ DELETE FROM nodes WHERE ctid IN (SELECT ctid FROM nodes WHERE ended_at < now() - make_interval(days => $1) LIMIT 1000)",
            keep.timeline,
        ),
    ];
    for (sql, days) in batches {
        sqlx::query(sql).bind(i32::try_from(days).unwrap_or(i32::MAX)).execute(db.pool()).await?;
    }
    Ok(())
}
