//! All that the console can ask for. Its result comes home as a message.

use chrono::{DateTime, Utc};

use crate::contacts::contact::ContactDetail;
use crate::contacts::page::{Estimate, Page, Start};
use crate::operations::actions::{Action, Confirmed};
use crate::operations::views::{BreakerEvent, JobDetail, JobGroup, JobPage, TimelineRow};

/// A wish that leaves the pure core.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Keep answering this question, until the next one.
    Watch {
        /// Its number; answers carry it.
        id: u64,
        /// The question; none = no question any more.
        query: Option<Query>,
    },
    /// Read everything anew now.
    Refresh,
    /// Count what an action would touch.
    Plan(Action),
    /// Run what was agreed to.
    Run(Box<Confirmed>),
    /// Take back the action of this audit row.
    Undo(i64),
    /// Clear and repaint the screen.
    Repaint,
    /// Stop claiming, hand back, give the terminal away.
    Suspend,
    /// Stop claiming and finish what is in flight.
    Drain,
    /// Give the terminal back and return.
    Leave,
}

/// What the pane in focus wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A page of jobs of a lane in one state, below a number.
    Jobs {
        /// Lane.
        lane: String,
        /// Job state.
        state: &'static str,
        /// Page's begin; none = the newest.
        before: Option<i64>,
        /// Rows.
        limit: i64,
    },
    /// The dead of a lane by error.
    Groups(String),
    /// One job.
    Job(i64),
    /// The history of a breaker.
    History(String),
    /// A page of contacts.
    Contacts {
        /// Text of the filter.
        filter: String,
        /// Where the page begins.
        start: Start,
    },
    /// One contact.
    Contact(i64),
    /// The timeline below a number.
    Timeline(Option<i64>),
}

/// An answer to a [`Query`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A page of jobs.
    Jobs(JobPage),
    /// Dead jobs by error.
    Groups(Vec<JobGroup>),
    /// One job; none if it has finished.
    Job(Option<JobDetail>),
    /// A breaker's history, newest first.
    History(Vec<BreakerEvent>),
    /// A page of contacts, and how many match.
    Contacts {
        /// The page.
        page: Page,
        /// How many match; not asked for without a filter.
        estimate: Option<Estimate>,
    },
    /// One contact; none if there is none.
    Contact(Option<Box<ContactDetail>>),
    /// A page of the timeline, newest first.
    Timeline(Vec<TimelineRow>),
}

/// An answer with its age, or the reason why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The question.
    pub query: Query,
    /// When it was answered last.
    pub at: DateTime<Utc>,
    /// The last good answer.
    pub answer: Option<std::sync::Arc<Answer>>,
    /// Why the last try failed.
    pub error: Option<String>,
}
