//! The Timeline screen: events and logs.

use std::sync::Arc;

use crate::console::model::{List, Marks, Search};
use crate::telemetry::LogLine;

/// Pages of a list that is read by key, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Begins of the pages before this one.
    back: Vec<Option<i64>>,
    /// This page's begin; none = the newest.
    pub at: Option<i64>,
}

impl Page {
    /// On to the page that begins below `next`.
    pub fn on(&mut self, next: i64) {
        self.back.push(self.at);
        self.at = Some(next);
    }

    /// Back to the page before; false on the first.
    pub fn back(&mut self) -> bool {
        match self.back.pop() {
            Some(at) => {
                self.at = at;
                true
            }
            None => false,
        }
    }

    /// This page's number, from 1.
    pub fn number(&self) -> usize {
        self.back.len() + 1
    }
}

/// What the Timeline shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimelineTab {
    /// Breakers, people, nodes, alerts.
    #[default]
    Events,
    /// The log of this process.
    Logs,
    /// What people did.
    Audit,
}

/// The least severe level that the log shows, in the order of the key that switches.
pub const LEVELS: [(&str, tracing::Level); 3] =
    [("all", tracing::Level::TRACE), ("warn", tracing::Level::WARN), ("error", tracing::Level::ERROR)];

/// The Timeline screen.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// Events, logs or audit.
    pub tab: TimelineTab,
    /// Events by number.
    pub list: List<i64>,
    /// Which page of events.
    pub page: Page,
    /// Log lines, newest first.
    pub lines: Vec<Arc<LogLine>>,
    /// The selected log line, by its number.
    pub line: List<u64>,
    /// Audit rows by number.
    pub audit: List<i64>,
    /// Which page of audit rows.
    pub audit_page: Page,
    /// Marked audit rows.
    pub marks: Marks,
    /// What of it all is shown.
    pub search: Search,
    /// The place in [`LEVELS`].
    pub level: usize,
    /// Whether the chosen line is shown in full, instead of more lines.
    pub wrap: bool,
}

impl Timeline {
    /// Whether the newest event stays selected as others arrive.
    pub fn follows(&self) -> bool {
        match self.tab {
            TimelineTab::Events => self.page.at.is_none() && self.list.at == 0,
            TimelineTab::Logs => self.line.at == 0,
            TimelineTab::Audit => self.audit_page.at.is_none() && self.audit.at == 0,
        }
    }
}
