//! The accounting: what was enqueued is known outside of the database, everything else is counted in it.

use serde::Serialize;

use super::super::super::Failure;
use super::load::Load;

/// What became of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub enqueued: i64,
    pub done: i64,
    pub dead: i64,
    pub cancelled: i64,
    pub live: i64,
    pub lost: i64,
    pub double_effects: i64,
    pub stuck_leases: i64,
    pub wrong_depths: i64,
    pub calls: i64,
    pub repeated_calls: i64,
    pub nodes_lost: i64,
}

/// Lookups alone: what follows one is enqueued by the transaction that ends it, and is known nowhere else. No follower may
/// be left, either, nor end twice.
const JOBS: &str = "SELECT (SELECT count(*) FROM job_history WHERE kind = 'lookup' AND outcome = 'done'), (SELECT count(*) FROM jobs WHERE kind = 'lookup' AND state = 'dead'),
    (SELECT count(*) FROM job_history WHERE kind = 'lookup' AND outcome = 'cancelled'), (SELECT count(*) FROM jobs WHERE state <> 'dead')";

const LIVE_LOOKUPS: &str = "SELECT count(*) FROM jobs WHERE kind = 'lookup' AND state <> 'dead'";

/// Each contact is looked up once here, so that a second result of one is a result too many.
const DOUBLE: &str =
    "SELECT (SELECT count(*) FROM (SELECT contact_id FROM provider_results WHERE provider = 'twilio' GROUP BY contact_id HAVING count(*) > 1) r)
    + (SELECT count(*) FROM (SELECT id FROM job_history GROUP BY id HAVING count(*) > 1) h)
    + (SELECT count(*) FROM job_history h JOIN jobs j USING (id))
    + (SELECT count(*) FROM (SELECT request_id FROM provider_results GROUP BY request_id HAVING count(*) > 1) q)";

const STUCK: &str = "SELECT (SELECT count(*) FROM jobs WHERE state = 'running') + (SELECT count(*) FROM contacts WHERE status IN ('pending', 'processing'))
    + (SELECT count(*) FROM contacts c WHERE c.status = 'completed' AND NOT EXISTS (SELECT FROM provider_results r WHERE r.contact_id = c.id))";

const DEPTHS: &str = "WITH counted AS (
        SELECT lane, count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
               count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'dead') AS dead FROM jobs GROUP BY lane),
    known AS (
        SELECT l.lane, l.waiting + coalesce(sum(d.waiting), 0) AS waiting, l.scheduled + coalesce(sum(d.scheduled), 0) AS scheduled,
               l.running + coalesce(sum(d.running), 0) AS running, l.dead + coalesce(sum(d.dead), 0) AS dead
        FROM lanes l LEFT JOIN lane_deltas d ON d.lane = l.lane GROUP BY l.lane, l.waiting, l.scheduled, l.running, l.dead)
    SELECT count(*) FROM known k LEFT JOIN counted c USING (lane)
    WHERE (k.waiting, k.scheduled, k.running, k.dead)
       IS DISTINCT FROM (coalesce(c.waiting, 0), coalesce(c.scheduled, 0), coalesce(c.running, 0), coalesce(c.dead, 0))";

impl Account {
    /// Counts.
    pub async fn of(load: &Load) -> Result<Account, Failure> {
        let pool = load.db.pool();
        let (done, dead, cancelled, live): (i64, i64, i64, i64) = sqlx::query_as(JOBS).fetch_one(pool).await?;
        let count = async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await;
        let results = count("SELECT count(*) FROM provider_results WHERE provider = 'twilio'").await?;
        let calls = i64::try_from(load.calls()).unwrap_or(i64::MAX);
        Ok(Account {
            enqueued: load.enqueued,
            done,
            dead,
            cancelled,
            live,
            lost: load.enqueued - done - dead - cancelled - count(LIVE_LOOKUPS).await?,
            double_effects: count(DOUBLE).await?,
            stuck_leases: count(STUCK).await?,
            wrong_depths: count(DEPTHS).await?,
            calls,
            repeated_calls: calls - results,
            nodes_lost: count("SELECT count(*) FROM nodes WHERE state = 'lost'").await?,
        })
    }

    /// What is wrong, if anything is.
    pub fn verdict(&self) -> Option<String> {
        let wrong = [self.lost, self.live, self.double_effects, self.stuck_leases, self.wrong_depths];
        (wrong != [0; 5]).then(|| {
            let [lost, live, double, stuck, depths] = wrong;
            format!("the account does not balance: {lost} lost, {live} live, {double} double effects, {stuck} stuck, {depths} wrong depths; please report it with this output")
        })
    }
}
