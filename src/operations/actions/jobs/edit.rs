//! Changing what one waiting job will do: who goes first, when, how often, whom it asks. What was claimed meanwhile stays.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::super::draft::{Done, Draft, Inverse, Refusal};
use super::super::{Action, JobChange, Tier};
use super::PRIORITIES;
use crate::database::Db;
use crate::enrichment::graph::{Source, Step};
use crate::enrichment::{Args, ENRICH};

/// Most attempts of one job: the bound of the settings.
const ATTEMPTS_MAX: i16 = 100;

/// All of a waiting job that a person may change, and what changes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, sqlx::FromRow)]
pub struct JobTerms {
    lane: String,
    priority: i16,
    run_at: DateTime<Utc>,
    attempt: i16,
    max_attempts: i16,
    returns: i16,
    probes: i16,
    args: Value,
}

/// What a change means for these terms, and in words what it changes.
fn changed(kind: &str, old: &JobTerms, change: &JobChange, now: DateTime<Utc>) -> Result<(JobTerms, String), String> {
    let mut new = old.clone();
    let mut says = Vec::new();
    if let Some(priority) = change.priority.filter(|priority| *priority != old.priority) {
        if !PRIORITIES.contains(&priority) {
            return Err(format!("{priority} is no priority: write a number from 0 (first) to 1000"));
        }
        says.push(format!("priority {} instead of {}", priority, old.priority));
        new.priority = priority;
    }
    if let Some(source) = &change.source {
        let source = named(kind, source)?;
        let mut args = Args::read(&old.args);
        let before = asked(kind, &old.lane, &args).map_or("-", |source| source.name);
        if before != source.name {
            let anew = if source.lane == old.lane { "" } else { ", its attempts anew" };
            says.push(format!("asks {} in lane {} instead of {before}{anew}", source.name, source.lane));
            args.tried.retain(|name| name != source.name);
            args.source = source.name.to_owned();
            new.args = args.json();
        }
        if source.lane != old.lane {
            new.lane = source.lane.to_owned();
            (new.attempt, new.returns, new.probes) = (0, 0, 0);
        }
    }
    if let Some(fresh) = change.fresh {
        if matches!(Step::parse(kind), Some(Step::Lookup | Step::Duplicates)) {
            return Err(format!("a {kind} takes no answer of the cache: there is nothing to choose"));
        }
        let mut args = Args::read(&new.args);
        if std::mem::replace(&mut args.fresh, fresh) != fresh {
            says.push(if fresh { "no answer of the cache will do" } else { "an answer of the cache will do" }.into());
            new.args = args.json();
        }
    }
    if let Some(attempts) = change.attempts.filter(|attempts| *attempts != old.max_attempts) {
        if attempts <= new.attempt || attempts > ATTEMPTS_MAX {
            let least = new.attempt + 1;
            return Err(format!(
                "{attempts} attempts can't be: {} are used, so allow {least} to {ATTEMPTS_MAX}",
                new.attempt
            ));
        }
        says.push(format!("{attempts} attempts instead of {}", old.max_attempts));
        new.max_attempts = attempts;
    }
    if let Some(at) = change.run_at.filter(|at| *at != old.run_at && (*at > now || old.run_at > now)) {
        says.push(if at > now { format!("not before {}", at.format("%Y-%m-%d %H:%M:%SZ")) } else { "at once".into() });
        new.run_at = at.max(old.run_at.min(now));
    }
    if says.is_empty() {
        return Err("it is so already: name something that changes".into());
    }
    Ok((new, says.join("; ")))
}

/// The source of this name that can answer the step.
fn named(kind: &str, name: &str) -> Result<&'static Source, String> {
    let Some(step) = Step::parse(kind) else { return Err(format!("{kind} asks nobody: its source can't be changed")) };
    let sources = step.sources();
    sources.iter().find(|source| source.name == name).ok_or_else(|| {
        let all = sources.iter().map(|source| source.name).collect::<Vec<_>>().join(", ");
        format!("{name} can't answer {kind}: name one of {all}")
    })
}

/// Whom a job asks.
fn asked(kind: &str, lane: &str, args: &Args) -> Option<&'static Source> {
    let sources = Step::parse(kind).filter(|_| kind != ENRICH)?.sources();
    let named = sources.iter().find(|source| source.name == args.source && source.lane == lane);
    named.or_else(|| sources.iter().find(|source| source.lane == lane))
}

const TERMS: &str =
    "SELECT lane, priority, run_at, attempt, max_attempts, returns, probes, args, kind, contact_id, state, now() AS now
                     FROM jobs WHERE id = $1";

/// One job as it is.
struct There {
    terms: JobTerms,
    kind: String,
    contact: i64,
    state: String,
    now: DateTime<Utc>,
}

async fn there(connection: &mut PgConnection, job: i64, lock: bool) -> Result<There, Refusal> {
    let sql = if lock { format!("{TERMS} FOR UPDATE") } else { TERMS.to_owned() };
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(job).fetch_optional(connection).await?;
    let Some(row) = row else {
        return Err(Refusal::Impossible(format!("there is no live or dead job {job}: it has finished, or never was")));
    };
    let terms = sqlx::FromRow::from_row(&row)?;
    let (kind, contact) = (row.try_get("kind")?, row.try_get("contact_id")?);
    Ok(There { terms, kind, contact, state: row.try_get("state")?, now: row.try_get("now")? })
}

/// Only what nobody holds can be changed.
fn free(job: i64, state: &str) -> Result<(), Refusal> {
    match state {
        "waiting" | "scheduled" => Ok(()),
        "dead" => Err(Refusal::Impossible(format!(
            "job {job} is dead: `switchboard jobs retry {job}` gives it its attempts anew"
        ))),
        _ => {
            Err(Refusal::Impossible(format!("job {job} was claimed and runs: nothing was changed; it ends by itself")))
        }
    }
}

pub(super) async fn plan(db: &Db, job: i64, change: &JobChange) -> Result<Draft, Refusal> {
    let there = there(&mut *db.pool().acquire().await.map_err(crate::database::Error::from)?, job, false).await?;
    free(job, &there.state)?;
    let (_, says) = changed(&there.kind, &there.terms, change, there.now).map_err(Refusal::Impossible)?;
    let sentence = format!("Change job {job} ({} of contact {}): {says}.", there.kind, there.contact);
    Ok(Draft { things: 1, sentence, cost_usd: 0.0, undoable: true, least: Tier::Light, bound: job })
}

pub(super) async fn act(tx: &mut PgConnection, job: i64, change: &JobChange) -> Result<Done, Refusal> {
    let there = there(&mut *tx, job, true).await?;
    free(job, &there.state)?;
    let (new, says) = changed(&there.kind, &there.terms, change, there.now).map_err(Refusal::Impossible)?;
    let (before, summary) = (there.terms.clone(), format!("changed job {job}: {says}"));
    let after = write(tx, job, &there, &new).await?;
    let inverse = Inverse { action: Action::RestoreJob { job, terms: before.clone() }, expects: json!(after) };
    Ok(Done { changed: 1, summary, before: json!(before), after: json!(after), inverse: Some(inverse) })
}

pub(super) fn plan_back(job: i64) -> Draft {
    let sentence = format!("Give job {job} back what it was before it was changed.");
    Draft { things: 1, sentence, cost_usd: 0.0, undoable: false, least: Tier::Light, bound: job }
}

pub(super) async fn act_back(tx: &mut PgConnection, job: i64, terms: &JobTerms) -> Result<Done, Refusal> {
    let there = there(&mut *tx, job, true).await?;
    free(job, &there.state)?;
    let after = write(tx, job, &there, terms).await?;
    let summary = format!("job {job} is what it was");
    Ok(Done { changed: 1, summary, before: json!(there.terms), after: json!(after), inverse: None })
}

/// A waiting job's terms as they are; nothing where somebody holds it, or it has ended.
pub async fn terms(tx: &mut PgConnection, job: i64) -> Result<Value, Refusal> {
    match there(tx, job, true).await {
        Ok(there) if free(job, &there.state).is_ok() => Ok(json!(there.terms)),
        Ok(_) | Err(Refusal::Impossible(_)) => Ok(json!(null)),
        Err(error) => Err(error),
    }
}

/// Writes the terms of a job that is locked and waits.
async fn write(tx: &mut PgConnection, job: i64, old: &There, new: &JobTerms) -> Result<JobTerms, Refusal> {
    let sql = "WITH moved AS (
            UPDATE jobs SET lane = $2, priority = $3, run_at = $4, attempt = $5, max_attempts = $6, returns = $7, probes = $8, args = $9,
                state = CASE WHEN $4 > now() THEN 'scheduled' ELSE 'waiting' END
            WHERE id = $1 RETURNING lane, priority, run_at, attempt, max_attempts, returns, probes, args, state),
        delta AS (
            INSERT INTO lane_deltas (lane, waiting, scheduled)
            SELECT $10, -($11 = 'waiting')::integer, -($11 = 'scheduled')::integer
            UNION ALL SELECT lane, (state = 'waiting')::integer, (state = 'scheduled')::integer FROM moved)
        SELECT lane, priority, run_at, attempt, max_attempts, returns, probes, args FROM moved";
    let written: JobTerms = sqlx::query_as(sql)
        .bind(job)
        .bind(&new.lane)
        .bind(new.priority)
        .bind(new.run_at)
        .bind(new.attempt)
        .bind(new.max_attempts)
        .bind(new.returns)
        .bind(new.probes)
        .bind(&new.args)
        .bind(&old.terms.lane)
        .bind(&old.state)
        .fetch_one(&mut *tx)
        .await?;
    super::wake(tx, vec![written.lane.clone()]).await?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(1)
    }

    fn terms() -> JobTerms {
        let args = json!({"source": "whitepages", "tried": ["truecaller"]});
        let (lane, run_at) = ("whitepages".into(), now() - TimeDelta::minutes(5));
        JobTerms { lane, priority: 100, run_at, attempt: 3, max_attempts: 5, returns: 1, probes: 1, args }
    }

    #[test]
    fn another_source_is_another_lane_with_attempts_anew() {
        let change = JobChange { source: Some("truecaller".into()), ..JobChange::default() };
        let (new, says) = changed("address", &terms(), &change, now()).unwrap();
        assert_eq!((new.lane.as_str(), new.attempt, new.returns, new.probes), ("truecaller", 0, 0, 0));
        assert_eq!(new.args, json!({"source": "truecaller"}), "it was tried, and is asked again");
        assert!(says.contains("instead of whitepages, its attempts anew"), "{says}");
        let within = JobChange { source: Some("hunter-domain".into()), ..JobChange::default() };
        let hunter = JobTerms { lane: "hunter".into(), args: json!({}), ..terms() };
        let (new, _) = changed("email_find", &hunter, &within, now()).unwrap();
        assert_eq!((new.lane.as_str(), new.attempt), ("hunter", 3), "the same provider: its attempts count on");
    }

    #[test]
    fn what_can_not_be_true_is_refused_with_what_can() {
        let refused = |kind: &str, change: JobChange| changed(kind, &terms(), &change, now()).unwrap_err();
        let none = JobChange::default;
        assert!(
            refused("address", JobChange { source: Some("hunter".into()), ..none() })
                .contains("whitepages, truecaller")
        );
        assert!(refused("address", JobChange { attempts: Some(3), ..none() }).contains("allow 4 to 100"));
        assert!(refused("address", JobChange { priority: Some(1001), ..none() }).contains("0 (first) to 1000"));
        assert!(refused("lookup", JobChange { fresh: Some(true), ..none() }).contains("cache"));
        assert!(refused("enrich", JobChange { source: Some("twilio".into()), ..none() }).contains("asks nobody"));
        assert!(refused("address", none()).contains("so already"));
        assert!(
            refused("address", JobChange { priority: Some(100), run_at: Some(now()), ..none() }).contains("so already")
        );
    }

    #[test]
    fn a_job_is_put_off_and_called_back() {
        let later = now() + TimeDelta::minutes(30);
        let change = |at| JobChange { run_at: Some(at), ..JobChange::default() };
        let (off, says) = changed("address", &terms(), &change(later), now()).unwrap();
        assert!(off.run_at == later && says.starts_with("not before 1970-01-01 01:30:00Z"), "{says}");
        let (back, says) = changed("address", &off, &change(now()), now()).unwrap();
        assert!(back.run_at == now() && says == "at once", "{says}");
    }
}
