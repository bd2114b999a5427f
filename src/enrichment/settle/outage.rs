//! What an outage may not cost: attempts that began while the breaker was open, and the life of a job.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use crate::database::Result;
use crate::enrichment::policy::RETURNS_MAX;
use crate::enrichment::step::Settlement;
use crate::outcome::Verdict;
use crate::queue::End;

/// Probes that one job may fail while nobody else is there to prove its provider: ten days of the longest default cool-off.
const PROBES_MAX: i32 = 1000;

/// Takes back what the outage of the lane's provider would cost.
pub(super) async fn spare(tx: &mut PgConnection, lane_name: &str, held: &mut [Settlement]) -> Result<()> {
    give_back(tx, lane_name, held).await?;
    keep_alive(tx, lane_name, held).await
}

/// An attempt whose call began while the breaker was open is not burnt: this process had not yet heard of it. The history
/// tells, not the present: a call that times out may outlive the outage in which it began.
async fn give_back(tx: &mut PgConnection, lane_name: &str, held: &mut [Settlement]) -> Result<()> {
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

/// A job that used up its attempts dies only if its provider answers others. While the provider fails somebody else, too, and
/// has answered nobody since, the fault is not the job's. A job that is alone in its lane proves nothing. While the breaker is open
/// it lives as a probe, up to [`PROBES_MAX`] times; else it is tried again up to [`RETURNS_MAX`] times: a lane with few jobs may not
/// see enough failures for its breaker before these are used up.
async fn keep_alive(tx: &mut PgConnection, lane_name: &str, held: &mut [Settlement]) -> Result<()> {
    let failing: BTreeSet<i64> = held.iter().filter(|s| is_the_providers(s)).map(|s| s.job.id).collect();
    let dying: Vec<&Settlement> = held.iter().filter(|s| may_be_spared(s)).collect();
    if dying.is_empty() {
        return Ok(());
    }
    let (jobs, began): (Vec<i64>, Vec<_>) =
        dying.iter().filter_map(|s| Some((s.job.id, s.failure.as_ref()?.started_at))).unzip();
    let tries = |s: &&Settlement| i32::from(s.job.returns) + i32::from(s.job.probes);
    let tries: Vec<i32> = dying.iter().map(tries).collect();
    let sql = "SELECT u.job FROM unnest($2::bigint[], $3::timestamptz[], $4::integer[]) AS u(job, began, tries)
               CROSS JOIN (SELECT coalesce(max(last_success_at), '-infinity') AS at, coalesce(bool_or(state IN ('open', 'half_open')), false) AS is_open
                           FROM breakers WHERE lane = $1) answered
               WHERE EXISTS (SELECT FROM job_failures f WHERE f.lane = $1 AND f.job_id <> u.job AND f.failed_at > answered.at
                             AND f.error_kind IN ('timeout', 'network', 'upstream_error', 'invalid_response'))
                  OR EXISTS (SELECT FROM unnest($5::bigint[]) AS other WHERE other <> u.job)
                  OR u.tries < CASE WHEN answered.is_open THEN $7 ELSE $6 END AND answered.at <= (SELECT least(u.began, min(f.started_at)) FROM job_failures f WHERE f.job_id = u.job AND f.lane = $1)";
    let failing: Vec<i64> = failing.into_iter().collect();
    let query = sqlx::query_scalar(sql).bind(lane_name).bind(jobs).bind(began).bind(tries).bind(failing);
    let query = query.bind(i32::from(RETURNS_MAX)).bind(PROBES_MAX);
    let spared: Vec<i64> = query.fetch_all(tx).await?;
    for settlement in held.iter_mut().filter(|s| spared.contains(&s.job.id)) {
        let Some(at) = settlement.result.spared_until else { continue };
        let probe = settlement.failure.as_ref().is_some_and(|failure| failure.probe);
        settlement.end = if probe { End::Behind } else { End::Again { at, burnt: false } };
    }
    Ok(())
}

/// Whether its call failed as calls fail in an outage.
fn is_the_providers(settlement: &Settlement) -> bool {
    settlement.failure.is_some() && settlement.result.verdict == Verdict::Failure
}

fn may_be_spared(settlement: &Settlement) -> bool {
    settlement.end == End::Dead && settlement.result.spared_until.is_some() && settlement.failure.is_some()
}
