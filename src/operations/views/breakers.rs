//! Breakers as operators see them, and their history.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::database::{Db, Result};

/// One breaker now.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct BreakerView {
    /// Breaker's name.
    pub name: String,
    /// The lane that it guards; models have none.
    pub lane: Option<String>,
    /// `closed`, `open`, `half_open`, `forced_open` or `forced_closed`.
    pub state: String,
    /// Failures in a row, over the whole fleet.
    pub consecutive_failures: i32,
    /// Jobs that wait in its lane.
    pub waiting: i64,
    /// Contacts that wait in its lane.
    pub waiting_contacts: i64,
    /// Seconds until the next probe may start; 0 = now.
    pub next_probe_s: Option<i64>,
    /// Since when it has been open.
    pub opened_at: Option<DateTime<Utc>>,
    /// Calls allowed at once in the fleet while it ramps; 0 before the probe succeeded.
    pub ramp_limit: i32,
    /// Cool-offs in a row: each makes the next one twice as long.
    pub cool_offs: i32,
    /// Who holds it, why and until when.
    pub held_by: Option<String>,
    /// Reason of the hold.
    pub held_reason: Option<String>,
    /// End of the hold.
    pub held_until: Option<DateTime<Utc>>,
    /// Last failure: kind and redacted text.
    pub last_failure: Option<String>,
    /// When that was.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Last change of state.
    pub changed_at: DateTime<Utc>,
    /// Probes since it opened; none while it is closed or held, and of the past.
    #[sqlx(default)]
    pub probes: Option<i64>,
    /// Seconds from its last change to the next probe; none unless it is open, and of the past.
    #[sqlx(default)]
    pub back_off_s: Option<i64>,
}

/// One transition, or one probe, with its cause.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct BreakerEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// State before.
    pub from_state: String,
    /// State after.
    pub to_state: String,
    /// `opened`, `probe`, `probe_failed`, `probe_succeeded`, `ramp`, `closed`, `reset`, `held`, `released`.
    pub event: String,
    /// Why, in words.
    pub cause: String,
    /// `switchboard` or a person.
    pub actor: String,
}

const BREAKERS: &str = "
    WITH d AS (SELECT lane, sum(waiting) AS waiting FROM lane_deltas GROUP BY lane)
    SELECT b.name, b.lane, b.state, b.consecutive_failures,
           greatest(coalesce(l.waiting, 0) + coalesce(d.waiting, 0), 0)::bigint AS waiting,
           greatest(coalesce(l.waiting, 0) + coalesce(d.waiting, 0), 0)::bigint AS waiting_contacts,
           CASE WHEN b.state = 'open' THEN greatest(ceil(extract(epoch FROM b.retry_at - now())), 0)::bigint END AS next_probe_s,
           b.opened_at, b.ramp_limit, b.cool_offs, b.held_by, b.held_reason, b.held_until, b.last_failure, b.last_failure_at, b.changed_at,
           CASE WHEN b.state IN ('open', 'half_open') THEN
             (SELECT count(*) FROM breaker_events e WHERE e.breaker = b.name AND e.event = 'probe' AND e.at >= b.opened_at) END AS probes,
           CASE WHEN b.state = 'open' THEN extract(epoch FROM b.retry_at - b.changed_at)::bigint END AS back_off_s
    FROM breakers b LEFT JOIN lanes l ON l.lane = b.lane LEFT JOIN d ON d.lane = b.lane
    ORDER BY array_position(ARRAY['open', 'half_open', 'forced_open', 'forced_closed', 'closed'], b.state), b.name";

/// All breakers, the worst first.
pub async fn breakers(db: &Db) -> Result<Vec<BreakerView>> {
    Ok(sqlx::query_as(BREAKERS).fetch_all(db.pool()).await?)
}

/// The latest `limit` (at most 1,000) events of one breaker, newest first.
pub async fn breaker_history(db: &Db, name: &str, limit: i64) -> Result<Vec<BreakerEvent>> {
    let sql = "SELECT at, from_state, to_state, event, cause, actor FROM breaker_events WHERE breaker = $1 ORDER BY id DESC LIMIT least($2, 1000)";
    Ok(sqlx::query_as(sql).bind(name).bind(limit).fetch_all(db.pool()).await?)
}
