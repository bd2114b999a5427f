//! Jobs that wait in one lane and go on in another: the same rows, with their attempts anew.

use serde_json::Value;

use super::enqueue::wake;
use crate::database::{Db, Result};

/// Where a job goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Detour {
    /// The job.
    pub job: i64,
    /// Its new lane.
    pub lane: &'static str,
    /// Its new arguments.
    pub args: Value,
}

/// Up to `limit` jobs of this kind that nobody holds, with their arguments, the most urgent first.
pub async fn waiting(db: &Db, lane: &str, kind: &str, limit: i64) -> Result<Vec<(i64, Value)>> {
    let sql = "SELECT id, args FROM jobs WHERE lane = $1 AND kind = $2 AND state IN ('waiting', 'scheduled')
               ORDER BY priority, run_at, id LIMIT $3";
    Ok(sqlx::query_as(sql).bind(lane).bind(kind).bind(limit).fetch_all(db.pool()).await?)
}

/// Moves those of the jobs that still wait in `from`; says how many. A job that somebody has claimed meanwhile stays.
pub async fn reroute(db: &Db, from: &str, detours: &[Detour]) -> Result<u64> {
    if detours.is_empty() {
        return Ok(0);
    }
    let sql = "WITH picked AS (
            SELECT j.id, j.state AS was, u.lane, u.args FROM jobs j JOIN unnest($2::bigint[], $3::text[], $4::jsonb[]) AS u(id, lane, args) ON u.id = j.id
            WHERE j.id = ANY($2) AND j.lane = $1 AND j.state IN ('waiting', 'scheduled') FOR UPDATE OF j SKIP LOCKED),
        moved AS (
            UPDATE jobs j SET lane = p.lane, args = p.args, state = 'waiting', run_at = least(j.run_at, now()), attempt = 0, returns = 0, probes = 0
            FROM picked p WHERE j.id = p.id RETURNING p.lane, p.was),
        delta AS (
            INSERT INTO lane_deltas (lane, waiting, scheduled)
            SELECT $1, -count(*) FILTER (WHERE was = 'waiting'), -count(*) FILTER (WHERE was = 'scheduled') FROM moved HAVING count(*) > 0
            UNION ALL SELECT lane, count(*), 0 FROM moved GROUP BY lane)
        SELECT count(*) FROM moved";
    let mut tx = db.begin().await?;
    let moved: i64 = sqlx::query_scalar(sql)
        .bind(from)
        .bind(detours.iter().map(|d| d.job).collect::<Vec<_>>())
        .bind(detours.iter().map(|d| d.lane).collect::<Vec<_>>())
        .bind(detours.iter().map(|d| d.args.clone()).collect::<Vec<_>>())
        .fetch_one(&mut *tx)
        .await?;
    let mut lanes: Vec<&str> = detours.iter().map(|d| d.lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    for lane in lanes {
        wake(&mut tx, lane).await?;
    }
    tx.commit().await?;
    Ok(u64::try_from(moved).unwrap_or(0))
}
