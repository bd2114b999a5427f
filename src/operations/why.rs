//! Why something waits: a chain of causes, from what was asked about down to the root, each with its time.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::views::{self, LaneView};
use crate::contacts::contact;
use crate::database::{Db, Result};

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A contact, by id or number.
    Contact(String),
    /// A job.
    Job(i64),
    /// A lane.
    Lane(String),
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Link {
    /// `contact 7`, `step email_find`, `job 12`, `lane hunter`.
    pub what: String,
    /// How it stands and why, in one sentence.
    pub because: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Until when, where that is known.
    pub until: Option<DateTime<Utc>>,
}

impl Link {
    fn new(what: String, because: impl Into<String>) -> Link {
        Link { what, because: because.into(), since: None, until: None }
    }

    /// The link in one line.
    pub fn text(&self) -> String {
        let at = |word: &str, time: Option<DateTime<Utc>>| {
            time.map_or_else(String::new, |time| format!(", {word} {}", time.format("%Y-%m-%d %H:%M:%SZ")))
        };
        format!("{}: {}{}{}", self.what, self.because, at("since", self.since), at("until", self.until))
    }
}

#[derive(sqlx::FromRow)]
struct JobRow {
    id: i64,
    lane: String,
    kind: String,
    state: String,
    run_at: DateTime<Utc>,
    attempt: i16,
    max_attempts: i16,
    last_error: Option<String>,
}

const JOB: &str = "SELECT id, lane, kind, state, run_at, attempt, max_attempts, last_error FROM jobs";

/// The chain, outermost first; never empty.
pub async fn why(db: &Db, subject: &Subject) -> Result<Vec<Link>> {
    match subject {
        Subject::Contact(which) => of_contact(db, which).await,
        Subject::Job(id) => {
            let sql = format!("{JOB} WHERE id = $1");
            let job: Option<JobRow> =
                sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(db.pool()).await?;
            match job {
                Some(job) => of_job(db, &job).await,
                None => Ok(vec![Link::new(format!("job {id}"), "is over, or never was: it waits for nothing")]),
            }
        }
        Subject::Lane(name) => Ok(vec![of_lane(db, name).await?]),
    }
}

async fn of_contact(db: &Db, which: &str) -> Result<Vec<Link>> {
    let Some(detail) = contact::show(db, which).await? else {
        return Ok(vec![Link::new(format!("contact {which}"), "there is none of this id or number")]);
    };
    let field = |name: &str| {
        detail.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let id = field("id").as_i64().unwrap_or_default();
    let text = |name: &str| field(name).as_str().unwrap_or_default().to_owned();
    let status = match text("error_message") {
        error if error.is_empty() => format!("is {}", text("status")),
        error => format!("is {}: {error}", text("status")),
    };
    let mut chain = vec![Link::new(format!("contact {id}"), status)];
    let sql = format!("{JOB} WHERE contact_id = $1 ORDER BY state = 'dead', id LIMIT 20");
    let jobs: Vec<JobRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(db.pool()).await?;
    for job in &jobs {
        chain.extend(of_job(db, job).await?);
    }
    for step in detail.steps.iter().filter(|step| step["job_id"].is_null()) {
        let word = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        let reason = [word("reason"), word("error_message")]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ");
        if word("state") != "done" && !reason.is_empty() {
            chain.push(Link::new(format!("step {}", word("step")), format!("{}: {reason}", word("state"))));
        }
    }
    Ok(chain)
}

async fn of_job(db: &Db, job: &JobRow) -> Result<Vec<Link>> {
    let error = job.last_error.as_ref().map_or_else(String::new, |error| format!(" after {error}"));
    let (attempt, most) = (job.attempt, job.max_attempts);
    let because = match job.state.as_str() {
        "scheduled" => format!("waits for its next attempt ({attempt} of {most} used){error}"),
        "running" => format!("is being run (attempt {attempt} of {most})"),
        "dead" => format!("used up its attempts{error}; `switchboard jobs retry {}` gives them anew", job.id),
        _ => format!("waits in lane {}", job.lane),
    };
    let what = format!("job {} ({})", job.id, job.kind);
    let until = (job.state == "scheduled").then_some(job.run_at);
    let mut chain =
        vec![Link { until, since: (job.state == "waiting").then_some(job.run_at), ..Link::new(what, because) }];
    if job.state == "waiting" {
        chain.push(of_lane(db, &job.lane).await?);
    }
    Ok(chain)
}

async fn of_lane(db: &Db, name: &str) -> Result<Link> {
    let lanes = views::lanes(db).await?;
    let Some(lane) = lanes.iter().find(|lane| lane.lane == name) else {
        return Ok(Link::new(format!("lane {name}"), crate::catalogue::no_such_lane(name)));
    };
    let breakers = views::breakers(db).await?;
    let probe = breakers.iter().find(|b| b.lane.as_deref() == Some(name)).and_then(|b| b.next_probe_s);
    let until = probe.map(|seconds| Utc::now() + chrono::TimeDelta::seconds(seconds));
    Ok(Link { since: lane.since, until, ..Link::new(format!("lane {name}"), lane_words(lane)) })
}

fn lane_words(lane: &LaneView) -> String {
    let queue = format!("{} wait, {} run, {} are scheduled", lane.depth, lane.running, lane.scheduled);
    match &lane.reason {
        Some(reason) => format!("is {} ({reason}); {queue}", lane.state),
        None => format!("is {}; {queue}", lane.state),
    }
}
