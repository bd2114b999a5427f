//! Jobs of a lane: pages by key, groups of the dead by their error, and one job with its attempts.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use crate::contacts::filter::{Bind, Filter, Statement};
use crate::database::{Db, Result};

/// One live or dead job.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct JobRow {
    /// Number.
    pub id: i64,
    /// Lane.
    pub lane: String,
    /// The step that it runs.
    pub kind: String,
    /// `waiting`, `scheduled`, `running` or `dead`.
    pub state: String,
    /// Whose job it is.
    pub contact_id: i64,
    /// That contact's number.
    pub phone: Option<String>,
    /// Attempts begun so far.
    pub attempt: i16,
    /// Attempts allowed.
    pub max_attempts: i16,
    /// Smaller goes first.
    pub priority: i16,
    /// When it may run.
    pub run_at: DateTime<Utc>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// Last error, if an attempt failed.
    pub last_error: Option<String>,
}

/// A keyset page of jobs, newest number first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobPage {
    /// The rows.
    pub rows: Vec<JobRow>,
    /// Pass as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

/// Dead jobs with one error text.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct JobGroup {
    /// Lane.
    pub lane: String,
    /// Error text of the last attempt.
    pub error: String,
    /// How many died of it.
    pub count: i64,
    /// An example.
    pub example: i64,
    /// When the last attempt of one of them began for the first time.
    pub first_at: DateTime<Utc>,
    /// The same for the last time.
    pub last_at: DateTime<Utc>,
}

/// One failed attempt.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct FailureView {
    /// Attempt's number.
    pub attempt: i16,
    /// Whether the attempt was used up.
    pub burnt: bool,
    /// Whether it was a breaker's probe.
    pub probe: bool,
    /// Closed list of domain kinds, for example `timeout`.
    pub error_kind: String,
    /// HTTP status, if there was an answer.
    pub http_status: Option<i32>,
    /// Redacted text.
    pub message: String,
    /// When the call began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: i32,
    /// Which node made it.
    pub node: Option<String>,
}

/// One job with its failed attempts, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobDetail {
    /// The job.
    pub job: JobRow,
    /// What it was made with: whom it asks (`source`), who had no answer before (`tried`), whether no answer of the cache
    /// will do (`fresh`); what is usual is left out.
    pub args: serde_json::Value,
    /// Its failures.
    pub failures: Vec<FailureView>,
}

const COLUMNS: &str = "j.id, j.lane, j.kind, j.state, j.contact_id, c.phone_e164 AS phone, j.attempt, j.max_attempts, j.priority, j.run_at, j.created_at, j.last_error";

/// A page of jobs below number `before`, of one lane and one state where given; `limit` at most 1,000.
pub async fn jobs(
    db: &Db,
    lane: Option<&str>,
    state: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<JobPage> {
    let limit = limit.clamp(1, 1000);
    let sql = "SELECT j.id, j.lane, j.kind, j.state, j.contact_id, c.phone_e164 AS phone, j.attempt, j.max_attempts, j.priority, j.run_at, j.created_at, j.last_error
               FROM jobs j LEFT JOIN contacts c ON c.id = j.contact_id
               WHERE ($1::text IS NULL OR j.lane = $1) AND ($2::text IS NULL OR j.state = $2) AND ($3::bigint IS NULL OR j.id < $3)
               ORDER BY j.id DESC LIMIT $4";
    let rows: Vec<JobRow> =
        sqlx::query_as(sql).bind(lane).bind(state).bind(before).bind(limit).fetch_all(db.pool()).await?;
    let next = if rows.len() as i64 == limit { rows.last().map(|r| r.id) } else { None };
    Ok(JobPage { rows, next })
}

/// The same for jobs that `filter` matches.
pub async fn jobs_matching(db: &Db, filter: &Filter, before: Option<i64>, limit: i64) -> Result<JobPage> {
    let limit = limit.clamp(1, 1000);
    let statement = Statement::new(
        "SELECT j.id, j.lane, j.kind, j.state, j.contact_id, c.phone_e164 AS phone, j.attempt, j.max_attempts, j.priority, j.run_at, j.created_at, j.last_error
         FROM jobs AS j LEFT JOIN contacts AS c ON c.id = j.contact_id WHERE (",
    );
    let statement = statement.filter(filter).text(") AND j.id < ").bind(Bind::Integer(before.unwrap_or(i64::MAX)));
    let statement = statement.text(" ORDER BY j.id DESC LIMIT ").bind(Bind::Integer(limit));
    let found = statement.query().fetch_all(db.pool()).await?;
    let rows = found.iter().map(JobRow::from_row).collect::<std::result::Result<Vec<_>, _>>()?;
    let next = if rows.len() as i64 == limit { rows.last().map(|r: &JobRow| r.id) } else { None };
    Ok(JobPage { rows, next })
}

/// The dead of a lane (or of all) by what went wrong, the largest group first; looks at the newest 10,000. Numbers, ids and
/// times in the texts differ from job to job and stand as `#`; an HTTP status stays.
pub async fn dead_groups(db: &Db, lane: Option<&str>) -> Result<Vec<JobGroup>> {
    let sql = r"SELECT lane, fingerprint AS error, count(*) AS count, max(id) AS example, min(at) AS first_at, max(at) AS last_at
               FROM (SELECT id, lane, coalesce(claimed_at, run_at) AS at, regexp_replace(coalesce(last_error, 'unknown'), '(?<!HTTP )(\+|\m)[0-9a-fA-F:.-]*[0-9][0-9a-fA-F:.-]*', '#', 'g') AS fingerprint
                     FROM jobs WHERE state = 'dead' AND ($1::text IS NULL OR lane = $1) ORDER BY id DESC LIMIT 10000) d
               GROUP BY lane, fingerprint ORDER BY count DESC, lane LIMIT 200";
    Ok(sqlx::query_as(sql).bind(lane).fetch_all(db.pool()).await?)
}

/// One job with its failures; none if it has finished or never was.
pub async fn job(db: &Db, id: i64) -> Result<Option<JobDetail>> {
    let sql = format!("SELECT {COLUMNS} FROM jobs j LEFT JOIN contacts c ON c.id = j.contact_id WHERE j.id = $1");
    let job: Option<JobRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(db.pool()).await?;
    let Some(job) = job else { return Ok(None) };
    let args: Option<serde_json::Value> =
        sqlx::query_scalar("SELECT args FROM jobs WHERE id = $1").bind(id).fetch_optional(db.pool()).await?;
    let failures = "SELECT f.attempt, f.burnt, f.probe, f.error_kind, f.http_status, f.message, f.started_at, f.took_ms, n.node
                    FROM job_failures f LEFT JOIN nodes n ON n.epoch = f.lease_epoch WHERE f.job_id = $1 ORDER BY f.id LIMIT 200";
    let failures = sqlx::query_as(failures).bind(id).fetch_all(db.pool()).await?;
    Ok(Some(JobDetail { job, args: args.unwrap_or_default(), failures }))
}

impl JobDetail {
    /// What it was made with, in words; empty where all is as usual.
    pub fn asks(&self) -> String {
        let tried: Vec<&str> = self.args["tried"].as_array().into_iter().flatten().filter_map(|t| t.as_str()).collect();
        let mut says: Vec<String> =
            self.args["source"].as_str().map(|name| format!("asks {name}")).into_iter().collect();
        says.extend((!tried.is_empty()).then(|| format!("after {}", tried.join(", "))));
        says.extend((self.args["fresh"] == true).then(|| "no answer of the cache will do".to_owned()));
        says.join("; ")
    }
}
