//! When a worker may end: nothing is live any more, or all that is left waits for a person.

use std::time::{Duration, Instant};

use super::Failure;
use crate::catalogue;
use crate::database::{self, Db};
use crate::operations::views::{self, LaneView};
use crate::vault::Credentials;

/// How long a database may be away.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(250);
/// Looks in a row that must agree before a worker gives up on waiting.
const PATIENCE: u32 = 8;

/// Why waiting is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No live job is left.
    Empty,
    /// Retries, running jobs or breakers that will reopen: wait.
    Wait,
    /// All that is left waits for a person; what to do, in words.
    Stuck(String),
}

/// Waits until nothing is live. Fails with one sentence when only a person can help.
pub async fn until_empty(db: &Db) -> Result<(), Failure> {
    let (mut stuck, mut since_answer) = (0, Instant::now());
    loop {
        let (lanes, serves) = match look(db).await {
            Ok(seen) => seen,
            // The workers ride out a restart of the database, and so does whoever waits for them.
            Err(error) if since_answer.elapsed() > DATABASE_PATIENCE => return Err(error.into()),
            Err(_) => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
        };
        since_answer = Instant::now();
        match verdict(&lanes, &serves) {
            Verdict::Empty => return Ok(()),
            Verdict::Wait => stuck = 0,
            Verdict::Stuck(sentence) => {
                stuck += 1;
                if stuck >= PATIENCE {
                    return Err(Failure::new(sentence));
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn look(db: &Db) -> database::Result<(Vec<LaneView>, Vec<String>)> {
    let lanes = views::lanes(db).await?;
    let sql = "SELECT DISTINCT unnest(serves) FROM nodes WHERE state = 'live' AND runs_jobs";
    Ok((lanes, sqlx::query_scalar(sql).fetch_all(db.pool()).await?))
}

/// Judges the lanes; `serves` are the lanes for which a live worker has a credential.
pub fn verdict(lanes: &[LaneView], serves: &[String]) -> Verdict {
    let live: Vec<&LaneView> = lanes.iter().filter(|l| l.depth + l.running + l.scheduled > 0).collect();
    if live.is_empty() {
        return Verdict::Empty;
    }
    let reasons: Vec<String> = live.iter().filter_map(|lane| needs_person(lane, serves)).collect();
    if reasons.len() < live.len() || live.iter().any(|l| l.running > 0) {
        return Verdict::Wait;
    }
    Verdict::Stuck(reasons.join("; "))
}

fn needs_person(lane: &LaneView, serves: &[String]) -> Option<String> {
    let waiting = lane.depth + lane.scheduled;
    let name = &lane.lane;
    let reason = lane.reason.as_deref().unwrap_or_default();
    if lane.state == "paused" {
        return Some(format!("{waiting} jobs wait in lane {name}, which is paused: `switchboard lanes resume {name}`"));
    }
    if lane.concurrency == Some(0) {
        return Some(format!(
            "{waiting} jobs wait in lane {name}, which is scaled to 0: `switchboard lanes scale {name} auto`"
        ));
    }
    if reason.starts_with("credential") {
        return Some(format!(
            "{waiting} jobs wait in lane {name}: its credential was refused ({reason}); set a valid one and start again"
        ));
    }
    if !serves.contains(name) || reason.starts_with("no_credential") {
        let slot = catalogue::provider(name).and_then(|p| p.slot)?;
        let missing = Credentials::missing(slot);
        return Some(format!("{waiting} jobs wait in lane {name} for a credential of {}: set {missing}", slot.name));
    }
    if reason.starts_with("budget") {
        return Some(format!(
            "{waiting} jobs wait in lane {name}: its quota is used up ({reason}); raise it and start again"
        ));
    }
    if reason.starts_with("configuration") {
        return Some(format!(
            "{waiting} jobs wait in lane {name}: it does not accept how it is called ({reason}); check its base_url and \
             dialect, and start again"
        ));
    }
    let held = reason.starts_with("breaker held open");
    held.then(|| format!("{waiting} jobs wait in lane {name}, whose {reason}: `switchboard breakers auto {name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(state: &str, reason: Option<&str>, depth: i64, running: i64) -> LaneView {
        LaneView {
            lane: "twilio".into(),
            state: state.into(),
            reason: reason.map(str::to_owned),
            since: None,
            depth,
            running,
            scheduled: 0,
            dead: 9,
            oldest_s: None,
            done_per_s: None,
            failed_per_s: None,
            p50_ms: None,
            p95_ms: None,
            p99_ms: None,
            concurrency: None,
            node_concurrency: None,
            budget_usd: None,
            spent_today: 0.0,
            rate_limit: 16,
            done_total: 0,
        }
    }

    fn judged(lane: LaneView) -> Verdict {
        verdict(&[lane], &["twilio".into()])
    }

    #[test]
    fn dead_jobs_are_not_waited_for() {
        assert_eq!(judged(lane("ok", None, 0, 0)), Verdict::Empty);
    }

    #[test]
    fn an_open_breaker_is_waited_for_and_a_held_one_is_not() {
        assert_eq!(judged(lane("parked", Some("breaker open: HTTP 503"), 3, 0)), Verdict::Wait);
        assert!(matches!(judged(lane("parked", Some("breaker held open by ada: drill"), 3, 0)), Verdict::Stuck(_)));
    }

    #[test]
    fn a_missing_credential_is_named_by_its_variables() {
        let Verdict::Stuck(sentence) = verdict(&[lane("ok", None, 3, 0)], &[]) else { panic!("not stuck") };
        assert!(sentence.contains("SWITCHBOARD_PROVIDERS__TWILIO__ACCOUNT_SID"), "{sentence}");
    }

    #[test]
    fn what_runs_is_waited_for_even_in_a_paused_lane() {
        assert_eq!(judged(lane("paused", None, 3, 1)), Verdict::Wait);
    }
}
