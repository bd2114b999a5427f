//! The pane in focus: one question at a time, answered anew at its own cadence until the next one.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tokio::sync::{Notify, watch};

use super::bounded;
use crate::console::effect::{Answer, Query};
use crate::contacts::contact;
use crate::contacts::filter::{Anchor, Filter, JOBS};
use crate::contacts::page::{self, Estimate, Sort, Start};
use crate::database::{Db, Error, Result};
use crate::operations::views;

/// An answer to the question with this number.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The question's number.
    pub id: u64,
    /// When it was read.
    pub at: DateTime<Utc>,
    /// The data, or why there is none.
    pub result: std::result::Result<Arc<Answer>, String>,
}

/// Transitions of a breaker that its pane can show.
const HISTORY: i64 = 100;
/// Lines of a page of the timeline.
const TIMELINE_PAGE: i64 = 200;
/// Rows of a page of contacts.
const CONTACTS_PAGE: i64 = 200;
const CADENCE: Duration = Duration::from_secs(2);
const SLOW_CADENCE: Duration = Duration::from_secs(5);

/// A chart of hours moves once a minute.
const LONG_CADENCE: Duration = Duration::from_secs(30);

/// A question and how often it is answered.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its number; answers carry it.
    pub id: u64,
    /// What is asked.
    pub query: Query,
    /// Whether the link is slow.
    pub slow: bool,
    /// Asks for an answer at once.
    pub bell: Arc<Notify>,
}

/// Answers one question until it is aborted.
pub async fn watch_query(db: Db, question: Question, send: Arc<watch::Sender<Option<Answered>>>) {
    let Question { id, query, slow, bell } = question;
    let mut estimate = None;
    loop {
        let (at, result) = bounded(answer(&db, &query, &mut estimate)).await;
        send.send_replace(Some(Answered { id, at, result: result.map(Arc::new) }));
        tokio::select! {
            () = tokio::time::sleep(cadence(&query, slow)) => {}
            () = bell.notified() => {}
        }
    }
}

/// How long an answer is good.
fn cadence(query: &Query, slow: bool) -> Duration {
    match query {
        Query::Chart(minutes) if *minutes > 60 => LONG_CADENCE,
        Query::Chart(_) => SLOW_CADENCE,
        _ if slow => SLOW_CADENCE,
        _ => CADENCE,
    }
}

/// Answers a question once. `estimate`: how many contacts match, if that was found out before.
pub async fn answer(db: &Db, query: &Query, estimate: &mut Option<Estimate>) -> Result<Answer> {
    Ok(match query {
        Query::Jobs { lane, state, filter, before, limit, zone } if !filter.is_empty() => {
            let text = format!("lane:{lane} state:{state} ({filter})");
            let filter = Filter::parse_for(&JOBS, &text, Anchor::new(Utc::now(), *zone))
                .map_err(|e| Error::Unavailable(e.to_string()))?;
            Answer::Jobs(views::jobs_matching(db, &filter, *before, *limit).await?)
        }
        Query::Jobs { lane, state, before, limit, .. } => {
            Answer::Jobs(views::jobs(db, Some(lane), Some(state), *before, *limit).await?)
        }
        Query::Groups(lane) => Answer::Groups(views::dead_groups(db, Some(lane)).await?),
        Query::Job(id) => Answer::Job(views::job(db, *id).await?),
        Query::History(name) => Answer::History(views::breaker_history(db, name, HISTORY).await?),
        Query::Contacts { filter, sort, start, zone } => {
            contacts(db, (filter, *zone), (*sort, *start), estimate).await?
        }
        Query::Contact(id) => Answer::Contact(contact::show(db, &id.to_string()).await?.map(Box::new)),
        Query::Timeline(before) => Answer::Timeline(views::timeline(db, *before, TIMELINE_PAGE).await?),
        Query::Audit(before) => Answer::Audit(views::audit(db, *before, TIMELINE_PAGE).await?),
        Query::Credentials(here) => Answer::Credentials(views::credentials(db, here).await?),
        Query::Chart(minutes) => Answer::Chart(views::chart(db, *minutes).await?),
        Query::Spend(days) => Answer::Spend(views::spend(db, *days).await?),
    })
}

/// A page, and at the first reading how many match: the planner is asked once for each question.
async fn contacts(
    db: &Db,
    (filter, zone): (&str, Tz),
    (sort, start): (Sort, Start),
    estimate: &mut Option<Estimate>,
) -> Result<Answer> {
    let filter =
        Filter::parse(filter, Anchor::new(Utc::now(), zone)).map_err(|error| Error::Unavailable(error.to_string()))?;
    let page = page::page(db, &filter, sort, start, CONTACTS_PAGE).await?;
    if estimate.is_none() && !filter.is_all() {
        *estimate = Some(page::estimate(db, &filter).await?);
    }
    Ok(Answer::Contacts { page, estimate: *estimate })
}
