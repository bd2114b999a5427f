//! The demo's report: calls counted at the far end and laid against the breaker's events; the rest counted by SQL.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::super::Failure;
use super::super::output::{self, thousands};
use crate::database::Db;
use crate::sandbox::{CallRecord, Sandbox};

/// What a fleet needs to hear of an opening.
const HEARING: TimeDelta = TimeDelta::milliseconds(250);

/// The report, by the contract's keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Contacts.
    pub contacts: Contacts,
    /// Jobs.
    pub jobs: Jobs,
    /// Calls, counted by the stand-ins.
    pub calls: Calls,
    /// Attempts used up by calls that began while the breaker was open; probes apart.
    pub attempts_burnt_while_open: i64,
    /// Times that a breaker opened.
    pub breaker_openings: i64,
    /// Statements that the server executed, less heartbeats and samples; none where it does not count them.
    pub sql_statements: Option<i64>,
    /// From the first lookup to the empty queue.
    pub seconds: f64,
    /// Contacts finished a second.
    pub contacts_per_s: f64,
    /// USD.
    pub cost: f64,
}

/// Contacts at the end.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Contacts {
    /// All.
    pub total: i64,
    /// Twilio answered.
    pub completed: i64,
    /// Ended for a stated reason.
    pub failed: i64,
    /// Pending, processing, or completed with steps that have not ended.
    pub unfinished: i64,
}

/// Jobs at the end.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Jobs {
    /// All that were ever enqueued.
    pub enqueued: i64,
    /// Ended.
    pub done: i64,
    /// Attempts used up.
    pub dead: i64,
    /// Live.
    pub left: i64,
}

/// Calls that reached the stand-ins.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Calls {
    /// All.
    pub total: usize,
    /// From 250 ms after an opening until a probe succeeded; probes included.
    pub while_open: usize,
    /// Probes that breakers sent.
    pub probes: i64,
    /// Answers taken from the result cache instead of a call.
    pub cached: i64,
}

/// A time during which a breaker was open.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outage {
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

/// Counts everything after the last job.
pub async fn report(db: &Db, sandbox: &Sandbox, seconds: f64) -> Result<Report, Failure> {
    let contacts: Contacts = sqlx::query_as(
        "SELECT count(*) AS total, count(*) FILTER (WHERE status = 'completed') AS completed, count(*) FILTER (WHERE status = 'failed') AS failed,
                count(*) FILTER (WHERE status IN ('pending', 'processing') OR (status = 'completed' AND EXISTS (
                    SELECT FROM jobs j WHERE j.contact_id = c.id AND j.state IN ('waiting', 'scheduled', 'running')))) AS unfinished
         FROM contacts c",
    )
    .fetch_one(db.pool())
    .await?;
    let jobs: Jobs = sqlx::query_as(
        "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM job_history) AS enqueued,
                (SELECT count(*) FROM job_history WHERE outcome = 'done') AS done,
                (SELECT count(*) FROM jobs WHERE state = 'dead') AS dead, (SELECT count(*) FROM jobs WHERE state <> 'dead') AS left",
    )
    .fetch_one(db.pool())
    .await?;
    let (openings, probes): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE event IN ('opened', 'ramp_failed')), count(*) FILTER (WHERE event = 'probe') FROM breaker_events",
    )
    .fetch_one(db.pool())
    .await?;
    let (cached, cost): (i64, f64) =
        sqlx::query_as("SELECT coalesce(sum(cached), 0)::bigint, coalesce(sum(cost), 0)::float8 FROM usage")
            .fetch_one(db.pool())
            .await?;
    let outages = outages(db).await?;
    let arrived = sandbox.calls();
    let calls = Calls { total: arrived.len(), while_open: while_open(&arrived, &outages), probes, cached };
    let finished = contacts.completed + contacts.failed;
    Ok(Report {
        calls,
        attempts_burnt_while_open: burnt(db, &outages).await?,
        breaker_openings: openings,
        sql_statements: statements(db).await,
        seconds: (seconds * 1000.0).round() / 1000.0,
        contacts_per_s: (finished as f64 / seconds.max(0.001) * 10.0).round() / 10.0,
        cost,
        contacts,
        jobs,
    })
}

async fn outages(db: &Db) -> Result<Vec<Outage>, Failure> {
    let sql = "SELECT at, event FROM breaker_events WHERE event IN ('opened', 'ramp_failed', 'probe_succeeded', 'closed') ORDER BY id";
    let events: Vec<(DateTime<Utc>, String)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    Ok(intervals(&events))
}

fn intervals(events: &[(DateTime<Utc>, String)]) -> Vec<Outage> {
    let mut out: Vec<Outage> = Vec::new();
    for (at, event) in events {
        let open = out.last_mut().filter(|outage| outage.until.is_none());
        match (event.as_str(), open) {
            ("opened" | "ramp_failed", None) => out.push(Outage { from: *at, until: None }),
            ("probe_succeeded" | "closed", Some(outage)) => outage.until = Some(*at),
            _ => {}
        }
    }
    out
}

fn while_open(calls: &[CallRecord], outages: &[Outage]) -> usize {
    let during =
        |at: DateTime<Utc>| outages.iter().any(|o| at > o.from + HEARING && o.until.is_none_or(|until| at < until));
    calls.iter().filter(|call| during(call.at)).count()
}

async fn burnt(db: &Db, outages: &[Outage]) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM job_failures f WHERE f.burnt AND NOT f.probe AND EXISTS (
                   SELECT FROM unnest($1::timestamptz[], $2::timestamptz[]) AS o(began, ended)
                   WHERE f.started_at > o.began AND (o.ended IS NULL OR f.started_at < o.ended))";
    let (from, until): (Vec<_>, Vec<_>) = outages.iter().map(|o| (o.from, o.until)).unzip();
    Ok(sqlx::query_scalar(sql).bind(from).bind(until).fetch_one(db.pool()).await?)
}

/// None where the server's library of statistics is missing.
async fn statements(db: &Db) -> Option<i64> {
    let sql = "SELECT sum(s.calls)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
               WHERE d.datname = current_database() AND s.query NOT LIKE '%/* heartbeat */%' AND s.query NOT LIKE '%/* sample */%'";
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.ok()
}

/// Prints the report for people.
pub fn print(r: &Report) -> Result<(), Failure> {
    let n = |n: usize| thousands(n as i64);
    output::line("")?;
    output::line(&format!(
        "contacts   {}: {} completed, {} failed for a stated reason, {} unfinished",
        thousands(r.contacts.total),
        thousands(r.contacts.completed),
        thousands(r.contacts.failed),
        thousands(r.contacts.unfinished)
    ))?;
    output::line(&format!(
        "jobs       {} done, {} dead, {} left",
        thousands(r.jobs.done),
        thousands(r.jobs.dead),
        thousands(r.jobs.left)
    ))?;
    output::line(&format!("calls      {}, counted by the stand-ins", n(r.calls.total)))?;
    output::line(&format!(
        "outages    breakers opened: {}; {} calls while open, of which {} were probes; {} attempts burnt",
        r.breaker_openings,
        n(r.calls.while_open),
        r.calls.probes,
        r.attempts_burnt_while_open
    ))?;
    if let Some(statements) = r.sql_statements {
        output::line(&format!("database   {} statements", thousands(statements)))?;
    }
    output::line(&format!(
        "time       {:.1} s, {:.0} contacts a second; ${:.2} at list prices",
        r.seconds, r.contacts_per_s, r.cost
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn an_outage_lasts_from_its_opening_to_the_probe_that_succeeded() {
        let events =
            [(0, "opened"), (6000, "opened"), (12_000, "probe_succeeded"), (13_000, "closed"), (20_000, "opened")];
        let events: Vec<_> = events.iter().map(|(ms, e)| (at(*ms), (*e).to_owned())).collect();
        let expected = [Outage { from: at(0), until: Some(at(12_000)) }, Outage { from: at(20_000), until: None }];
        assert_eq!(intervals(&events), expected);
    }
}
