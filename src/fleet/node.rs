//! The rows of nodes: joining, beating, leaving. Each joining has an epoch of its own, which fences its leases.

use std::collections::BTreeMap;

use crate::database::{Db, Result};

/// Who joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// `host:pid`.
    pub node: String,
    /// `console`, `worker`, `serve`, `demo`.
    pub kind: &'static str,
    /// Host.
    pub host: String,
    /// Whether it runs jobs.
    pub runs_jobs: bool,
    /// Lanes that it can serve: switched on, with a credential.
    pub serves: Vec<String>,
}

impl Joining {
    /// This process.
    pub fn here(kind: &'static str, serves: Vec<String>) -> Joining {
        let host = nix::unistd::gethostname().map_or_else(|_| "localhost".into(), |h| h.to_string_lossy().into_owned());
        let node = format!("{host}:{}", std::process::id());
        Joining { node, kind, host, runs_jobs: !serves.is_empty() || kind == "worker", serves }
    }
}

/// Joins; returns the epoch.
pub async fn join(db: &Db, who: &Joining) -> Result<i64> {
    let sql = "WITH me AS (
            INSERT INTO nodes (node, kind, host, pid, version, runs_jobs, serves) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING epoch),
        line AS (
            INSERT INTO timeline (kind, subject, summary, actor) SELECT 'node', $1, 'joined as ' || $2 || ', version ' || $5, 'switchboard' FROM me)
        SELECT epoch FROM me";
    let epoch = sqlx::query_scalar(sql)
        .bind(&who.node)
        .bind(who.kind)
        .bind(&who.host)
        .bind(i32::try_from(std::process::id()).unwrap_or(0))
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(who.runs_jobs)
        .bind(&who.serves)
        .fetch_one(db.pool())
        .await?;
    Ok(epoch)
}

/// What a node says of itself with each beat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Jobs in its hands.
    pub in_flight: i32,
    /// Jobs that it would run at once.
    pub capacity: i32,
    /// Lanes that it can serve now: a credential may have been refused since it joined.
    pub serves: Vec<String>,
}

/// Beats. False: this epoch is gone, and what it held belongs to others.
pub async fn beat(db: &Db, epoch: i64, pulse: &Pulse) -> Result<bool> {
    let sql = "/* heartbeat */ UPDATE nodes SET heartbeat_at = now(), in_flight = $2, capacity = $3, serves = $4 WHERE epoch = $1 AND state IN ('live', 'draining')";
    let done = sqlx::query(sql)
        .bind(epoch)
        .bind(pulse.in_flight)
        .bind(pulse.capacity)
        .bind(&pulse.serves)
        .execute(db.pool())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down the limits that this node found, where they changed: what panes show as the adaptive limit.
pub async fn show_limits(db: &Db, limits: &[(&str, u32)]) -> Result<()> {
    let (lanes, found): (Vec<&str>, Vec<i32>) =
        limits.iter().map(|(lane, limit)| (*lane, i32::try_from(*limit).unwrap_or(i32::MAX))).unzip();
    let sql = "/* heartbeat */ UPDATE lanes l SET rate_limit = u.found FROM unnest($1::text[], $2::integer[]) AS u(lane, found)
               WHERE l.lane = u.lane AND l.rate_limit <> u.found";
    sqlx::query(sql).bind(lanes).bind(found).execute(db.pool()).await?;
    Ok(())
}

/// What a person wants of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It claims nothing.
    Quiet,
    /// It finishes what is in flight and ends.
    Drain,
}

/// What a person wants of this epoch now.
pub async fn wish(db: &Db, epoch: i64) -> Result<Option<Wish>> {
    let sql = "/* heartbeat */ SELECT wish = 'drain' FROM node_wishes WHERE epoch = $1";
    let drains: Option<bool> = sqlx::query_scalar(sql).bind(epoch).fetch_optional(db.pool()).await?;
    Ok(drains.map(|drains| if drains { Wish::Drain } else { Wish::Quiet }))
}

/// Claims nothing more: what is in flight is being finished.
pub async fn drain(db: &Db, epoch: i64) -> Result<()> {
    sqlx::query("UPDATE nodes SET state = 'draining' WHERE epoch = $1 AND state = 'live'")
        .bind(epoch)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Leaves: nothing is held any more.
pub async fn leave(db: &Db, epoch: i64) -> Result<()> {
    let sql = "WITH me AS (UPDATE nodes SET state = 'left', ended_at = now(), in_flight = 0 WHERE epoch = $1 AND state IN ('live', 'draining') RETURNING node)
               INSERT INTO timeline (kind, subject, summary, actor) SELECT 'node', node, 'left', 'switchboard' FROM me";
    sqlx::query(sql).bind(epoch).execute(db.pool()).await?;
    sqlx::query("UPDATE leader SET until = now() WHERE epoch = $1").bind(epoch).execute(db.pool()).await?;
    Ok(())
}

/// By lane: how many live nodes serve it, and the rank of `epoch` among them (0-based). A node without a credential for a
/// lane has no part in it, nor has one that claims nothing: a share given to it would be lost.
pub async fn places(db: &Db, epoch: i64) -> Result<BTreeMap<String, (u32, u32)>> {
    let sql = "/* heartbeat */ SELECT s.lane, count(*), count(*) FILTER (WHERE n.epoch < $1)
               FROM nodes n, unnest(n.serves) AS s(lane)
               WHERE n.state = 'live' AND n.runs_jobs AND NOT EXISTS (SELECT FROM node_wishes w WHERE w.epoch = n.epoch) GROUP BY s.lane";
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(sql).bind(epoch).fetch_all(db.pool()).await?;
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(rows.into_iter().map(|(lane, nodes, rank)| (lane, (number(nodes), number(rank)))).collect())
}
