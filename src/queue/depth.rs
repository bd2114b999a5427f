//! Depths: what is folded in `lanes` plus what waits in `lane_deltas`; exact at any time, cheap at ten million jobs.

use crate::database::{Db, Result};

/// What one lane holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Depth {
    /// May run now, parked ones included.
    pub waiting: i64,
    /// Wait for their time.
    pub scheduled: i64,
    /// Held by a worker.
    pub running: i64,
    /// Attempts used up.
    pub dead: i64,
}

impl Depth {
    /// Jobs that are not over.
    pub fn live(&self) -> i64 {
        self.waiting + self.scheduled + self.running
    }
}

/// Depth of one lane; zeros if there is no such lane.
pub async fn of_lane(db: &Db, lane: &str) -> Result<Depth> {
    let sql = "SELECT (l.waiting + coalesce(sum(d.waiting), 0))::bigint AS waiting, (l.scheduled + coalesce(sum(d.scheduled), 0))::bigint AS scheduled,
                      (l.running + coalesce(sum(d.running), 0))::bigint AS running, (l.dead + coalesce(sum(d.dead), 0))::bigint AS dead
               FROM lanes l LEFT JOIN lane_deltas d ON d.lane = l.lane WHERE l.lane = $1
               GROUP BY l.waiting, l.scheduled, l.running, l.dead";
    Ok(sqlx::query_as(sql).bind(lane).fetch_optional(db.pool()).await?.unwrap_or_default())
}

/// Depth of all lanes together.
pub async fn total(db: &Db) -> Result<Depth> {
    let sql = "SELECT sum(waiting)::bigint AS waiting, sum(scheduled)::bigint AS scheduled, sum(running)::bigint AS running, sum(dead)::bigint AS dead
               FROM (SELECT waiting, scheduled, running, dead FROM lanes
                     UNION ALL SELECT waiting, scheduled, running, dead FROM lane_deltas UNION ALL SELECT 0, 0, 0, 0) all_rows";
    Ok(sqlx::query_as(sql).fetch_one(db.pool()).await?)
}

/// Folds what waits into the totals of lanes and contacts; the leader's duty. Readers see the same sums before and after.
pub async fn fold(db: &Db) -> Result<()> {
    let lanes = "WITH gone AS (DELETE FROM lane_deltas RETURNING *),
        sums AS (SELECT lane, sum(waiting) AS waiting, sum(scheduled) AS scheduled, sum(running) AS running, sum(dead) AS dead,
                        sum(enqueued) AS enqueued, sum(done) AS done, sum(failed) AS failed FROM gone GROUP BY lane)
        UPDATE lanes l SET waiting = l.waiting + s.waiting, scheduled = l.scheduled + s.scheduled, running = l.running + s.running,
               dead = l.dead + s.dead, enqueued_total = l.enqueued_total + s.enqueued, done_total = l.done_total + s.done,
               failed_total = l.failed_total + s.failed
        FROM sums s WHERE s.lane = l.lane";
    let contacts = "WITH gone AS (DELETE FROM contact_deltas RETURNING *),
        s AS (SELECT sum(pending) AS pending, sum(processing) AS processing, sum(completed) AS completed, sum(failed) AS failed FROM gone)
        UPDATE contact_totals t SET pending = t.pending + s.pending, processing = t.processing + s.processing,
               completed = t.completed + s.completed, failed = t.failed + s.failed
        FROM s WHERE s.pending IS NOT NULL";
    sqlx::query(lanes).execute(db.pool()).await?;
    sqlx::query(contacts).execute(db.pool()).await?;
    Ok(())
}
