//! The demo's report: calls counted at the far end and laid against the breaker's events; the rest counted by SQL.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::super::Failure;
use super::super::output::{self, thousands};
use crate::catalogue;
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
    /// By provider.
    pub providers: Vec<ProviderRow>,
}

/// One provider's part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProviderRow {
    /// Its id.
    pub provider: &'static str,
    /// Calls that reached its stand-in.
    pub calls: usize,
    /// Answers taken from the result cache instead of a call.
    pub cached: i64,
    /// Answers without data.
    pub no_data: i64,
    /// Times that its breaker opened.
    pub openings: usize,
    /// Seconds that it was open.
    pub open_s: f64,
    /// Calls while it was open, probes included.
    pub while_open: usize,
    /// Probes that its breaker sent.
    pub probes: i64,
    /// Most calls at once, at the stand-in.
    pub most_at_once: u64,
    /// Most calls that arrived within a tenth of a second, at the stand-in.
    pub most_in_100_ms: u64,
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
pub(super) struct Outage {
    pub provider: &'static str,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
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
    let providers = providers(db, sandbox, &outages).await?;
    let while_open = providers.iter().map(|row| row.while_open).sum();
    let total = providers.iter().map(|row| row.calls).sum();
    let calls = Calls { total, while_open, probes, cached };
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
        providers,
    })
}

async fn providers(db: &Db, sandbox: &Sandbox, outages: &[Outage]) -> Result<Vec<ProviderRow>, Failure> {
    let sql =
        "SELECT provider, sum(cached)::bigint, sum(no_data)::bigint, sum(cost)::float8 FROM usage GROUP BY provider";
    let usage: Vec<(String, i64, i64, f64)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    let sql = "SELECT breaker, count(*) FROM breaker_events WHERE event = 'probe' GROUP BY breaker";
    let probes: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    let of = |breaker: &str| catalogue::by_breaker(breaker).map(|provider| provider.id);
    let (arrived, counters) = (sandbox.calls(), sandbox.counters());
    let row = |provider: &'static str| {
        let own: Vec<Outage> = outages.iter().filter(|outage| outage.provider == provider).copied().collect();
        let calls: Vec<&CallRecord> = arrived.iter().filter(|call| call.provider == provider).collect();
        let used = usage.iter().find(|(id, ..)| id == provider);
        let open = |o: &Outage| o.until.map_or(0.0, |until| (until - o.from).num_milliseconds() as f64 / 1000.0);
        ProviderRow {
            provider,
            calls: calls.len(),
            cached: used.map_or(0, |u| u.1),
            no_data: used.map_or(0, |u| u.2),
            openings: own.len(),
            // The sum of nothing is -0.0.
            open_s: own.iter().map(open).sum::<f64>() + 0.0,
            while_open: while_open(&calls, &own),
            probes: probes.iter().find(|(breaker, _)| of(breaker) == Some(provider)).map_or(0, |(_, probes)| *probes),
            most_at_once: counters.get(provider).map_or(0, |counted| counted.most_at_once),
            most_in_100_ms: counters.get(provider).map_or(0, |counted| counted.most_in_100_ms),
            cost: used.map_or(0.0, |u| u.3),
        }
    };
    Ok(catalogue::PROVIDERS.iter().filter(|p| p.has_lane && p.breaker.is_some()).map(|p| row(p.id)).collect())
}

/// Every time that a breaker was open.
pub(super) async fn outages(db: &Db) -> Result<Vec<Outage>, Failure> {
    let sql = "SELECT at, event, breaker FROM breaker_events WHERE event IN ('opened', 'ramp_failed', 'probe_succeeded', 'closed') ORDER BY id";
    let events: Vec<(DateTime<Utc>, String, String)> = sqlx::query_as(sql).fetch_all(db.pool()).await?;
    Ok(intervals(&events))
}

fn intervals(events: &[(DateTime<Utc>, String, String)]) -> Vec<Outage> {
    let mut out: Vec<Outage> = Vec::new();
    for (at, event, breaker) in events {
        let Some(provider) = catalogue::by_breaker(breaker).map(|p| p.id) else { continue };
        let open = out.iter_mut().rev().find(|outage| outage.provider == provider && outage.until.is_none());
        match (event.as_str(), open) {
            ("opened" | "ramp_failed", None) => out.push(Outage { provider, from: *at, until: None }),
            ("probe_succeeded" | "closed", Some(outage)) => outage.until = Some(*at),
            _ => {}
        }
    }
    out
}

fn while_open(calls: &[&CallRecord], outages: &[Outage]) -> usize {
    let during =
        |at: DateTime<Utc>| outages.iter().any(|o| at > o.from + HEARING && o.until.is_none_or(|until| at < until));
    calls.iter().filter(|call| during(call.at)).count()
}

async fn burnt(db: &Db, outages: &[Outage]) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM job_failures f WHERE f.burnt AND NOT f.probe AND EXISTS (
                   SELECT FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS o(lane, began, ended)
                   WHERE f.lane = o.lane AND f.started_at > o.began AND (o.ended IS NULL OR f.started_at < o.ended))";
    let lanes: Vec<&str> = outages.iter().map(|o| o.provider).collect();
    let (from, until): (Vec<_>, Vec<_>) = outages.iter().map(|o| (o.from, o.until)).unzip();
    Ok(sqlx::query_scalar(sql).bind(lanes).bind(from).bind(until).fetch_one(db.pool()).await?)
}

/// None where the server's library of statistics is missing.
pub(super) async fn statements(db: &Db) -> Option<i64> {
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
    for p in r.providers.iter().filter(|p| p.calls > 0) {
        output::line(&format!(
            "  {:<17} {:>6} calls, {:>5} from the cache, {:>5} without data; open {} times, {:.1} s; at most {} at once, {} in 100 ms; ${:.2}",
            p.provider,
            n(p.calls),
            thousands(p.cached),
            thousands(p.no_data),
            p.openings,
            p.open_s,
            p.most_at_once,
            p.most_in_100_ms,
            p.cost
        ))?;
    }
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
        let events: Vec<_> = events.iter().map(|(ms, e)| (at(*ms), (*e).to_owned(), "twilio".to_owned())).collect();
        let outage = |from, until: Option<i64>| Outage { provider: "twilio", from: at(from), until: until.map(at) };
        let expected = [outage(0, Some(12_000)), outage(20_000, None)];
        assert_eq!(intervals(&events), expected);
    }
}
