//! The Timeline screen: events and logs.

use std::sync::Arc;

use crate::console::model::List;
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
}

/// The Timeline screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Events or logs.
    pub tab: TimelineTab,
    /// Events by number.
    pub list: List<i64>,
    /// Which page of events.
    pub page: Page,
    /// Log lines, newest first.
    pub lines: Vec<Arc<LogLine>>,
    /// The selected log line, by its number.
    pub line: List<u64>,
}

impl Timeline {
    /// Whether the newest event stays selected as others arrive.
    pub fn follows(&self) -> bool {
        self.page.at.is_none() && self.list.at == 0
    }
}
