//! The pane in focus: one question at a time, answered anew at its own cadence until the next one.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use super::bounded;
use crate::console::effect::{Answer, Query};
use crate::database::{Db, Result};
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
const CADENCE: Duration = Duration::from_secs(2);
const SLOW_CADENCE: Duration = Duration::from_secs(5);

/// Answers one question until it is aborted.
pub async fn watch_query(db: Db, id: u64, query: Query, slow: bool, poke: Arc<Notify>, send: Arc<watch::Sender<Option<Answered>>>) {
    loop {
        let (at, result) = bounded(answer(&db, &query)).await;
        send.send_replace(Some(Answered { id, at, result: result.map(Arc::new) }));
        tokio::select! {
            () = tokio::time::sleep(if slow { SLOW_CADENCE } else { CADENCE }) => {}
            () = poke.notified() => {}
        }
    }
}

async fn answer(db: &Db, query: &Query) -> Result<Answer> {
    Ok(match query {
        Query::Jobs { lane, state, before, limit } => {
            Answer::Jobs(views::jobs(db, Some(lane), Some(state), *before, *limit).await?)
        }
        Query::Groups(lane) => Answer::Groups(views::dead_groups(db, Some(lane)).await?),
        Query::Job(id) => Answer::Job(views::job(db, *id).await?),
        Query::History(name) => Answer::History(views::breaker_history(db, name, HISTORY).await?),
        Query::Timeline(before) => Answer::Timeline(views::timeline(db, *before, TIMELINE_PAGE).await?),
    })
}
