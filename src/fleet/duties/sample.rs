//! Samples: every 5 s a row a lane; once a minute is over, one row stands for it. Charts, rates and alerts are read from them.

use crate::database::{Db, Result};

const SAMPLE: &str = "/* sample */ INSERT INTO samples (at, lane, waiting, scheduled, running, dead, done_total, failed_total, oldest_s, p50_ms, p95_ms, p99_ms, breaker, lane_state)
    SELECT now(), l.lane, l.waiting, l.scheduled, l.running, l.dead, l.done_total, l.failed_total,
           (SELECT extract(epoch FROM greatest(now() - j.run_at, interval '0'))::integer FROM jobs j
             WHERE j.lane = l.lane AND j.state = 'waiting' ORDER BY j.priority, j.run_at, j.id LIMIT 1),
           p.p50, p.p95, p.p99, coalesce(b.state, 'closed'),
           CASE WHEN l.paused THEN 'paused' WHEN l.parked_reason IS NOT NULL OR b.state IN ('open', 'forced_open') THEN 'parked'
                WHEN b.state = 'half_open' THEN 'ramping' ELSE 'ok' END
    FROM lanes l LEFT JOIN breakers b ON b.lane = l.lane
    LEFT JOIN LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY took_ms) AS p50, percentile_disc(0.95) WITHIN GROUP (ORDER BY took_ms) AS p95,
               percentile_disc(0.99) WITHIN GROUP (ORDER BY took_ms) AS p99
        FROM (SELECT took_ms FROM provider_results WHERE provider = l.lane AND id > (SELECT coalesce(max(id), 0) - 500 FROM provider_results)
              AND fetched_at > now() - interval '10 s') recent) p ON true
    ON CONFLICT DO NOTHING";

/// Worst of the minute where that is what people look for: the deepest depth, an open breaker.
const ROLL_UP: &str = "/* sample */ INSERT INTO samples_minute (at, lane, waiting, waiting_max, scheduled, running, dead, done_total, failed_total, oldest_s,
           p50_ms, p95_ms, p99_ms, breaker, lane_state)
    SELECT date_trunc('minute', at) AS minute, lane, avg(waiting)::bigint, max(waiting), avg(scheduled)::bigint, avg(running)::bigint, max(dead),
           max(done_total), max(failed_total), max(oldest_s), avg(p50_ms)::integer, max(p95_ms), max(p99_ms),
           CASE WHEN bool_or(breaker IN ('open', 'forced_open')) THEN 'open' ELSE (array_agg(breaker ORDER BY at DESC))[1] END,
           CASE WHEN bool_or(lane_state = 'parked') THEN 'parked' ELSE (array_agg(lane_state ORDER BY at DESC))[1] END
    FROM samples
    WHERE at < date_trunc('minute', now()) AND at >= coalesce((SELECT max(at) + interval '1 minute' FROM samples_minute), '-infinity')
    GROUP BY minute, lane ON CONFLICT DO NOTHING";

/// Takes a sample of every lane.
pub async fn sample(db: &Db) -> Result<()> {
    sqlx::query(SAMPLE).execute(db.pool()).await?;
    Ok(())
}

/// Rolls minutes that are over up, also those that no leader saw to.
pub async fn roll_up(db: &Db) -> Result<()> {
    sqlx::query(ROLL_UP).execute(db.pool()).await?;
    Ok(())
}
