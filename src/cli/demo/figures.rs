//! What the demo's run showed beside what was promised: the figures of the report, each with how it was got.
//!
//! A demo is short, holds no lane to a rate and runs no calm run beside its own: what can't be judged so is told without a verdict,
//! and `bench pipeline` judges it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::super::Failure;
use super::super::evidence::bar::Row;
use super::super::evidence::bursts::bursts;
use super::super::evidence::process;
use super::super::evidence::rates::{CALLS_MIN, around};
use super::super::evidence::schedule::{Recovery, history, recoveries};
use super::super::evidence::sums::{Calm, Down, told, ways};
use super::report::{Outage, Report, outages, statements};
use crate::catalogue;
use crate::database::Db;
use crate::enrichment::graph;
use crate::sandbox::{CallRecord, Mode, Sandbox, Scenario};

/// The lane that every contact goes through first.
const LOOKUPS: &str = "twilio";
/// So many breakers open at once are an incident.
const INCIDENT: usize = 3;

/// What a run began with.
pub struct Run {
    scenario: Scenario,
    /// How long an outage lasts, and how long all is well before the next one.
    lengths: (TimeDelta, TimeDelta),
    begun: Instant,
    at: DateTime<Utc>,
    statements: Option<i64>,
    /// Processor time of this process.
    own: Option<Duration>,
    /// The server's process, where it can be seen, and the time of all of its processes.
    server: Option<(u32, Duration)>,
}

impl Run {
    /// Reads the counters before the first job.
    pub async fn begin(db: &Db, scenario: Scenario, (outage, gap): (Duration, Duration), server: Option<i32>) -> Run {
        let length = |time| TimeDelta::from_std(time).unwrap_or(TimeDelta::zero());
        let server = server.and_then(|pid| u32::try_from(pid).ok());
        Run {
            scenario,
            lengths: (length(outage), length(gap)),
            statements: statements(db).await,
            own: process::time(std::process::id(), false),
            server: server.and_then(|pid| Some((pid, process::family(pid)?))),
            at: Utc::now(),
            begun: Instant::now(),
        }
    }

    /// When.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Processor time since then: of this process, and of the server.
    pub fn spent(&self) -> Spent {
        let since = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64() * 1000.0;
        let own = process::time(std::process::id(), false).zip(self.own).map(|(now, then)| since(now, then));
        let server = self.server.and_then(|(pid, then)| Some(since(process::family(pid)?, then)));
        Spent { own, server }
    }

    /// The figures of the run when all is done.
    pub async fn figures(
        &self,
        db: &Db,
        sandbox: &Sandbox,
        (report, spent): (&Report, Spent),
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = self.each(report, spent);
        rows.push(
            Row::at_most(
                self.name("unfinished"),
                (report.contacts.unfinished + report.jobs.left) as f64,
                "contacts",
                0.0,
            )
            .note("unfinished contacts and jobs left, with no operator action"),
        );
        if report.breaker_openings > 0 {
            rows.extend(self.open(db, report).await?);
        }
        let calls = sandbox.calls();
        let downs = match self.scenario {
            Scenario::Outage | Scenario::Meltdown => downs(&calls, self.lengths),
            Scenario::Calm | Scenario::Flaky => Vec::new(),
        };
        if !downs.is_empty() {
            let recoveries = recoveries(db).await?;
            rows.extend(self.times(db, (&downs, &recoveries, &calls), report.seconds).await?);
            rows.extend(bursts(self.scenario.name(), &recoveries, &calls));
            rows.push(self.kept(&downs, &calls));
        }
        Ok(rows)
    }

    fn name(&self, figure: &str) -> String {
        format!("{}/{figure}", self.scenario)
    }

    /// What a contact took of processor and server.
    fn each(&self, report: &Report, spent: Spent) -> Vec<Row> {
        let ended = (report.contacts.completed + report.contacts.failed).max(1) as f64;
        let mut rows = vec![
            Row::figure(self.name("contacts_per_s"), ended / report.seconds.max(0.001), "contacts/s")
                .note(format!("{ended} contacts in {:.1} s, outages included", report.seconds)),
        ];
        if let Some(ms) = spent.own {
            rows.push(
                Row::figure(self.name("process_cpu"), ms / ended, "ms/contact")
                    .note("this process: the pool and the stand-ins together"),
            );
        }
        if let Some(ms) = spent.server {
            rows.push(
                Row::figure(self.name("server_cpu"), ms / ended, "ms/contact")
                    .note("all processes of the private server"),
            );
        }
        if let Some((all, before)) = report.sql_statements.zip(self.statements) {
            rows.push(Row::figure(self.name("statements"), (all - before) as f64 / ended, "statements/contact").note(
                format!(
                    "{} counted by the server (pg_stat_statements) since the first job, less heartbeats and samples",
                    all - before
                ),
            ));
        }
        rows
    }

    /// What open breakers let through, and what they cost.
    async fn open(&self, db: &Db, report: &Report) -> Result<Vec<Row>, Failure> {
        let opened = report.providers.iter().filter(|row| row.openings > 0);
        let mut rows: Vec<Row> = opened
            .map(|row| {
                let name = self.name(&format!("{}/calls_while_open", row.provider));
                Row::at_most(name, row.while_open as f64, "calls", row.probes as f64).note(format!(
                    "at the stand-in, in {:.1} s from 250 ms after an opening to the probe that was answered; the bar is the number of probes",
                    row.open_s
                ))
            })
            .collect();
        let burnt = report.attempts_burnt_while_open as f64;
        rows.push(
            Row::at_most(self.name("attempts_burnt_while_open"), burnt, "attempts", 0.0)
                .note("of calls that began while a breaker was open"),
        );
        let sql = "SELECT count(*) FROM alerts WHERE key = 'incident/breakers'";
        let raised: i64 = sqlx::query_scalar(sql).fetch_one(db.pool()).await?;
        let together = together(&outages(db).await?);
        rows.push(Row::at_most(self.name("incidents"), raised as f64, "alerts", together as f64).note(format!(
            "the bar: how many times {INCIDENT} or more breakers came to be open at once; {} openings in all",
            report.breaker_openings
        )));
        Ok(rows)
    }

    /// The time beside the sum of what can't be avoided.
    async fn times(
        &self,
        db: &Db,
        (downs, recoveries, calls): (&[Down], &[Recovery], &[CallRecord]),
        took: f64,
    ) -> Result<Vec<Row>, Failure> {
        let Some(calm) = Calm::before(downs, (LOOKUPS, calls)) else {
            let note = "too few lookups came before the outage for a calm rate: take more contacts";
            return Ok(vec![Row::figure(self.name("time"), took, "s").note(note)]);
        };
        let ways = ways(&calm, (self.at, downs), recoveries, calls);
        let mut rows = told(self.scenario.name(), &ways, &history(db, self.at).await?);
        if let Some(way) = ways.first() {
            let (ratio, rate) = (took / way.sum().max(0.001), calm.rate(LOOKUPS).unwrap_or(0.0));
            rows.push(Row::beside(self.name("time"), took, "s", way.sum()).note(format!(
                "{ratio:.2} times the longest of these ways, {}'s. No verdict: the calm rate is that of the lookups before the first outage, \
                 {rate:.1}/s, when the lanes behind them were hardly begun; `bench pipeline meltdown` judges it by a calm run",
                way.provider
            )));
        }
        Ok(rows)
    }

    /// What lanes that need nothing from those that were down kept of their rate, in the first outage.
    fn kept(&self, downs: &[Down], calls: &[CallRecord]) -> Row {
        let name = self.name("rate_kept");
        let elsewhere = "`bench pipeline outage` holds lanes to rates below what the processor can do, and judges it";
        let is_untouched =
            |lane: &&'static str| downs.iter().all(|down| graph::untouched_by(down.provider).contains(lane));
        let lanes: Vec<&'static str> = catalogue::lanes().filter(is_untouched).collect();
        let Some(first) = downs.iter().min_by_key(|down| down.from) else { return Row::figure(name, 0.0, "lanes") };
        if lanes.is_empty() {
            let down: BTreeSet<&str> = downs.iter().map(|down| down.provider).collect();
            let down: Vec<&str> = down.into_iter().collect();
            return Row::figure(name, 0.0, "lanes").note(format!(
                "every lane needs something from {}: none goes on for long. With `--scenario outage --down zerobounce` others do; {elsewhere}",
                down.join(", ")
            ));
        }
        let length = (first.until - first.from).to_std().unwrap_or_default();
        let counted: Vec<(&str, (usize, usize))> = around(calls, &lanes, (first.from, length)).into_iter().collect();
        let whole = length.as_secs_f64();
        let had = (first.from - self.at).as_seconds_f64().clamp(0.1, whole);
        // The run may be younger than the outage is long.
        let part = |(before, during): &(usize, usize)| *during as f64 / (*before).max(1) as f64 * had / whole;
        let told: Vec<String> =
            counted.iter().map(|(lane, (before, during))| format!("{lane} {before} -> {during}")).collect();
        let judged = counted.iter().filter(|(_, (before, _))| *before >= CALLS_MIN).map(|(_, calls)| part(calls));
        let worst = judged.fold(f64::MAX, f64::min);
        let told = format!(
            "the slowest lane with {CALLS_MIN} calls or more; calls in {had:.1} s before the outage and in its {} s: {}. \
             No verdict: no lane is held to a rate here, and each ends when its work does; {elsewhere}",
            length.as_secs(),
            told.join(", ")
        );
        if worst == f64::MAX {
            return Row::figure(name, 0.0, "lanes").note(told);
        }
        Row::figure(name, worst, "of the rate before").note(told)
    }
}

/// Processor time in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    own: Option<f64>,
    server: Option<f64>,
}

/// When providers were down, as their scripts say and their calls show: the first call that was not answered well begins an outage,
/// and the clock the ones after it. Outages in which nobody called are left out.
fn downs(calls: &[CallRecord], (outage, gap): (TimeDelta, TimeDelta)) -> Vec<Down> {
    let mut failed: BTreeMap<&'static str, Vec<DateTime<Utc>>> = BTreeMap::new();
    for call in calls.iter().filter(|call| !matches!(call.mode, Mode::Ok | Mode::Slow(_))) {
        failed.entry(call.provider).or_default().push(call.at);
    }
    let mut found = Vec::new();
    for (provider, at) in failed {
        let (Some(first), Some(last)) = (at.iter().min().copied(), at.iter().max().copied()) else { continue };
        let mut from = first;
        while from <= last {
            let until = from + outage;
            if at.iter().any(|at| *at >= from && *at < until) {
                found.push(Down { provider, from, until });
            }
            from = until + gap;
        }
    }
    found
}

/// How many times so many breakers came to be open at once that it is an incident.
fn together(outages: &[Outage]) -> usize {
    let open =
        |at: DateTime<Utc>| outages.iter().filter(|o| o.from <= at && o.until.is_none_or(|until| at < until)).count();
    outages.iter().filter(|outage| open(outage.from) == INCIDENT).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn call(provider: &'static str, seconds: i64, mode: Mode) -> CallRecord {
        CallRecord {
            provider,
            at: at(seconds),
            number: "".into(),
            credential: None,
            mode,
            status: Some(200),
            at_once: 1,
            took_ms: Some(1),
        }
    }

    #[test]
    fn outages_are_where_calls_failed_and_the_clock_says_so() {
        let lengths = (TimeDelta::seconds(12), TimeDelta::seconds(45));
        let calls = [
            call("hunter", 1, Mode::Ok),
            call("hunter", 5, Mode::Status(503)),
            call("hunter", 10, Mode::Reset),
            call("hunter", 20, Mode::Ok),
            // The round after the next one: nobody called in the one between.
            call("hunter", 5 + 2 * 57 + 3, Mode::Status(503)),
            call("twilio", 8, Mode::Slow(Duration::from_secs(1))),
        ];
        let down = |from| Down { provider: "hunter", from: at(from), until: at(from + 12) };
        assert_eq!(downs(&calls, lengths), [down(5), down(5 + 114)]);
    }

    #[test]
    fn an_incident_is_counted_when_the_third_opens_and_not_again_with_the_fourth() {
        let outage = |provider, from, until| Outage { provider, from: at(from), until: Some(at(until)) };
        let two = [outage("twilio", 0, 10), outage("hunter", 1, 10)];
        assert_eq!(together(&two), 0);
        let four = [two.to_vec(), vec![outage("zerobounce", 2, 9), outage("numverify", 3, 8)]].concat();
        assert_eq!(together(&four), 1);
        let again = [four, vec![outage("zerobounce", 9, 10)]].concat();
        assert_eq!(together(&again), 2);
    }
}
