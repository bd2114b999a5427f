//! All that the console can ask for. Its result comes home as a message.

use chrono::{DateTime, Utc};

use super::desks::{AskWish, CredentialWish};
use super::model::Reading;
use crate::contacts::contact::ContactDetail;
use crate::contacts::page::{Estimate, Page, Sort, Start};
use crate::operations::actions::{Action, Confirmed, Limits, Plan};
use crate::operations::views::{
    AuditRow, BreakerEvent, ChartView, JobDetail, JobGroup, JobPage, SlotView, SpendRow, TimelineRow,
};

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
    /// Ask the others for a second person.
    AskSecond(Box<Plan>),
    /// Run what was agreed to.
    Run(Box<Confirmed>),
    /// Run what takes long as a work with this number: it can be ended, and then nothing was done.
    RunLong(u64, Box<Confirmed>),
    /// Take back the action of this audit row.
    Undo(i64),
    /// Put a question to its desk; the number comes back with the answer, 0 where nobody waits.
    Ask(u64, AskWish),
    /// Turn credentials.
    Credential(CredentialWish),
    /// Read the state at a moment.
    Past(DateTime<Utc>),
    /// Read something aside, once.
    Read(Reading),
    /// Begin an import or export with this number.
    Work(u64, Job),
    /// End it; what was done stays.
    EndWork(u64),
    /// End the import of another process of this machine.
    EndOther(String),
    /// Send a text to the terminal's clipboard.
    Copy(String),
    /// Hear the mouse, or no more.
    Mouse(bool),
    /// Change the theme.
    Theme(String),
    /// Read the theme in use anew: its file may have changed.
    Restyle,
    /// Record the pictures in a new file, people's data blanked; none: record no more.
    Record(Option<String>),
    /// Say how fast the link is.
    Link,
    /// Ask the terminal anew how fast it reads.
    Measure,
    /// Give the terminal to another program until it ends.
    Outside(Outside),
    /// Clear and repaint the screen.
    Repaint,
    /// Stop claiming, hand back, give the terminal away.
    Suspend,
    /// Stop claiming and finish what is in flight.
    Drain,
    /// Give the terminal back and return.
    Leave,
}

/// A program that takes the terminal for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// This program with these words, such as a demo or a drill: it makes a database of its own.
    Ourselves(Vec<String>),
    /// The user's editor, with this text; its result comes home as [`super::message::Msg::Edited`].
    Editor(String),
}

/// Work that goes on in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Read contacts from a file; with limits for their lookups.
    Import(Import, Limits),
    /// Write a text to a file.
    Text {
        /// The file.
        path: String,
        /// What is written.
        text: String,
    },
    /// Write contacts to a file.
    Export {
        /// The file; its end says the format.
        path: String,
        /// Filter; empty = all.
        filter: String,
        /// Whose days it means.
        zone: chrono_tz::Tz,
    },
}

/// A file to import, and how it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// The file.
    pub path: String,
    /// Whether its new contacts are looked up.
    pub lookup: bool,
    /// Country of numbers without `+`; none = the United States.
    pub region: Option<String>,
    /// Columns and the fields that they fill.
    pub map: Vec<(String, String)>,
    /// Where rejected rows go, with their reasons.
    pub rejects: Option<String>,
    /// Packages of a lookup, for its price.
    pub packages: String,
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
        /// What else they must match, in the filter language; empty = all.
        filter: String,
        /// Page's begin; none = the newest.
        before: Option<i64>,
        /// Rows.
        limit: i64,
        /// Whose days the filter means.
        zone: chrono_tz::Tz,
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
        /// In which order.
        sort: Sort,
        /// Where the page begins.
        start: Start,
        /// Whose days the filter means.
        zone: chrono_tz::Tz,
    },
    /// One contact.
    Contact(i64),
    /// The timeline below a number.
    Timeline(Option<i64>),
    /// The audit log below a number.
    Audit(Option<i64>),
    /// Calls and cost by provider and day, so many days back.
    Spend(i32),
    /// The chart, so many minutes back.
    Chart(i32),
    /// Credentials; the slots that this process's environment gives.
    Credentials(Vec<&'static str>),
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
    /// A page of the audit log, newest first.
    Audit(Vec<AuditRow>),
    /// Calls and cost, newest day first.
    Spend(Vec<SpendRow>),
    /// What was done, and the events beside it.
    Chart(ChartView),
    /// Slots, in the catalogue's order.
    Credentials(Vec<SlotView>),
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
