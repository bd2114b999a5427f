//! Attempts that began while their breaker was open.

use sqlx::PgConnection;

use crate::database::Result;
use crate::enrichment::step::Settlement;
use crate::queue::End;

/// An attempt whose call began while the breaker was open is not burnt: this process had not yet heard of it. The history
/// tells, not the present: a call that times out may outlive the outage in which it began.
pub(super) async fn spare(tx: &mut PgConnection, lane_name: &str, held: &mut [Settlement]) -> Result<()> {
    let burnt = |s: &Settlement| {
        let burns = matches!(s.end, End::Again { burnt: true, .. } | End::Dead);
        s.failure.as_ref().filter(|f| burns && !f.probe).map(|f| f.started_at)
    };
    let (jobs, began): (Vec<i64>, Vec<_>) = held.iter().filter_map(|s| Some((s.job.id, burnt(s)?))).unzip();
    if jobs.is_empty() {
        return Ok(());
    }
    // An opening that has not committed yet is waited for: it may be older than the call.
    let settled = "SELECT FROM breakers WHERE lane = $1 FOR SHARE";
    sqlx::query(settled).bind(lane_name).execute(&mut *tx).await?;
    let sql = "SELECT u.job FROM unnest($2::bigint[], $3::timestamptz[]) AS u(job, began) CROSS JOIN LATERAL (
                   SELECT e.event, e.to_state FROM breaker_events e JOIN breakers b ON b.name = e.breaker
                   WHERE b.lane = $1 AND e.at <= u.began ORDER BY e.id DESC LIMIT 1) seen
               WHERE seen.to_state IN ('open', 'forced_open') OR seen.event = 'probe'";
    let spared: Vec<i64> = sqlx::query_scalar(sql).bind(lane_name).bind(jobs).bind(began).fetch_all(tx).await?;
    for settlement in held.iter_mut().filter(|s| spared.contains(&s.job.id)) {
        settlement.end = End::Back;
    }
    Ok(())
}
