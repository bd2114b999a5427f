//! Half the peak for a long time: what must not grow is measured at the start and at the end.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::super::super::Failure;
use super::super::figure::{Figure, median};
use super::drill::Rig;
use super::ground::Ground;
use super::{KIND, LANE};
use crate::queue::depth;
use crate::queue::enqueue::{Work, enqueue, wake};

/// Jobs of the run that finds the peak.
const PEAK_RUN: i64 = 100_000;
/// Enqueues a second.
const BEATS: f64 = 20.0;
/// Growth is judged from here on: by then all buffers and pages are warm.
const WARM: Duration = Duration::from_secs(30);

/// What is looked at once a second.
#[derive(Debug, Clone, Copy)]
struct Look {
    done_per_s: f64,
    rss_mb: f64,
    table_mb: f64,
    index_mb: f64,
}

pub async fn measure(ground: &Ground, jobs: i64, length: Duration) -> Result<Vec<Figure>, Failure> {
    let rig = Rig::join(&ground.db).await?;
    ground.fill(jobs.min(PEAK_RUN)).await?;
    let begun = Instant::now();
    let engine = rig.engine(None, None);
    ground.down_to(0).await?;
    let peak = jobs.min(PEAK_RUN) as f64 / begun.elapsed().as_secs_f64();
    let looks = steady(ground, peak / 2.0, length).await?;
    engine.drain().await;
    rig.leave().await?;
    Ok(figures(&looks, peak / 2.0))
}

/// Enqueues at this rate for so long.
async fn steady(ground: &Ground, rate: f64, length: Duration) -> Result<Vec<Look>, Failure> {
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / BEATS));
    let (begun, batch) = (Instant::now(), (rate / BEATS) as i64);
    let (mut next, mut beats) = (1_i64, 0_u64);
    let (mut looks, mut last) = (Vec::new(), (Instant::now(), done(ground).await?));
    while begun.elapsed() < length {
        ticks.tick().await;
        let contacts: Vec<i64> = (next..next + batch).collect();
        next += batch;
        let mut tx = ground.db.begin().await?;
        enqueue(&mut tx, Work { lane: LANE, kind: KIND, max_attempts: 5, priority: 100 }, &contacts).await?;
        wake(&mut tx, LANE).await?;
        tx.commit().await?;
        beats += 1;
        if beats.is_multiple_of(BEATS as u64) {
            let now = (Instant::now(), done(ground).await?);
            let done_per_s = (now.1 - last.1) as f64 / now.0.duration_since(last.0).as_secs_f64();
            last = now;
            looks.push(look(ground, done_per_s).await?);
        }
        if beats.is_multiple_of(BEATS as u64 * 30) && std::io::stderr().is_terminal() {
            let depth = depth::of_lane(&ground.db, LANE).await?;
            let said = looks.last().map_or_else(String::new, |l| format!("{l:?}"));
            eprintln!("{:>5.0} s  {said}  waiting {}", begun.elapsed().as_secs_f64(), depth.waiting);
        }
    }
    Ok(looks)
}

async fn done(ground: &Ground) -> Result<i64, Failure> {
    let sql =
        "SELECT (l.done_total + coalesce(sum(d.done), 0))::bigint FROM lanes l LEFT JOIN lane_deltas d USING (lane)
               WHERE l.lane = $1 GROUP BY l.done_total";
    Ok(sqlx::query_scalar(sql).bind(LANE).fetch_one(ground.db.pool()).await?)
}

async fn look(ground: &Ground, done_per_s: f64) -> Result<Look, Failure> {
    let sql = "SELECT (pg_table_size('jobs') / 1048576.0)::float8, (pg_indexes_size('jobs') / 1048576.0)::float8";
    let (table_mb, index_mb): (f64, f64) = sqlx::query_as(sql).fetch_one(ground.db.pool()).await?;
    Ok(Look { done_per_s, rss_mb: rss_mb(), table_mb, index_mb })
}

/// This process's resident memory; 0 where the system does not tell.
fn rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}

/// Each minute's worth at the end beside the same when warm; the rate beside what was asked for.
fn figures(looks: &[Look], rate: f64) -> Vec<Figure> {
    let warm = looks.get((WARM.as_secs() as usize).min(looks.len() / 4)..).unwrap_or_default();
    let part = (warm.len() / 4).max(1);
    let (first, last) = (&warm[..part.min(warm.len())], &warm[warm.len().saturating_sub(part)..]);
    let column = |looks: &[Look], of: fn(&Look) -> f64| looks.iter().map(of).collect::<Vec<f64>>();
    let growth = |name, of: fn(&Look) -> f64| {
        Figure::new(name, "MiB", &column(last, of), ("the same when warm", &[median(&column(first, of))]))
    };
    let rates = column(warm, |l| l.done_per_s);
    vec![
        Figure::new("soak_rate", "jobs/s", &rates, ("half the peak", &[rate])),
        growth("soak_memory", |l| l.rss_mb),
        growth("soak_table", |l| l.table_mb),
        growth("soak_indexes", |l| l.index_mb),
    ]
}
