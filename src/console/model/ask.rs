//! The Ask screen: a question, what it was understood as, and what this person asked and keeps.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tui_input::Input;

use super::List;
use crate::ask::about::AboutAnswer;
use crate::console::desks::{Memory, Prepared};
use crate::operations::ask::Proposal;

/// Questions that may be under way at once: each may cost money, also when nobody waits for it any more.
pub const QUESTIONS_MAX: usize = 3;
/// Longest line, in characters; the translator says itself what is too long for a question.
pub const LINE_MAX: usize = 600;

/// The four parts of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AskTab {
    /// A question becomes a filter.
    #[default]
    Find,
    /// A question about contacts: a model sees them.
    About,
    /// What was asked before.
    History,
    /// What is kept under a name.
    Saved,
}

impl AskTab {
    /// All of them, in their order.
    pub const ALL: [(AskTab, &'static str); 4] =
        [(AskTab::Find, "find"), (AskTab::About, "about"), (AskTab::History, "history"), (AskTab::Saved, "saved")];

    /// Whether it is a list of rows.
    pub fn is_list(self) -> bool {
        matches!(self, AskTab::History | AskTab::Saved)
    }
}

/// The question that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub id: u64,
    /// What is done.
    pub what: &'static str,
    /// Since when.
    pub since: DateTime<Utc>,
    /// For how long, in seconds.
    pub age_s: i64,
}

/// What stands below the line of a question about contacts.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum About {
    /// Nothing yet.
    #[default]
    Nothing,
    /// Ready to be sent.
    Ready(Arc<Prepared>),
    /// A model's answer.
    Answer(Box<AboutAnswer>),
}

/// The Ask screen.
#[derive(Debug, Clone, Default)]
pub struct AskPane {
    /// Which part is shown.
    pub tab: AskTab,
    /// The line of the question, and the line of the question about contacts.
    pub lines: [Input; 2],
    /// Whether keys go to the line.
    pub typing: bool,
    /// Which question of the history stands in the line.
    pub recalled: Option<usize>,
    /// The question that is waited for, the last number given, and how many are under way.
    pub calls: (Option<Waiting>, u64, usize),
    /// The question, and what it was understood as.
    pub proposal: Option<(String, Box<Proposal>)>,
    /// What came of a question about contacts.
    pub about: About,
    /// Why the last one came to nothing.
    pub error: Option<String>,
    /// History, what is kept, and the models.
    pub memory: Memory,
    /// Ask no model; and: send numbers and addresses as they are, the next time only.
    pub switches: (bool, bool),
    /// Whether what is sent is shown in full.
    pub inspecting: bool,
    /// The row of a list, and lines that are scrolled away.
    pub at: (List<usize>, u16),
}

impl AskPane {
    /// The line of the part that is shown.
    pub fn line(&self) -> &Input {
        &self.lines[usize::from(self.tab == AskTab::About)]
    }

    /// The same, to be changed.
    pub fn line_mut(&mut self) -> &mut Input {
        &mut self.lines[usize::from(self.tab == AskTab::About)]
    }

    /// Rows of the list that is shown.
    pub fn rows(&self) -> usize {
        match self.tab {
            AskTab::History => self.memory.history.len(),
            AskTab::Saved => self.memory.saved.len(),
            AskTab::Find | AskTab::About => 0,
        }
    }

    /// Whether `q` leads one level back rather than out.
    pub fn can_go_back(&self) -> bool {
        self.calls.0.is_some() || self.inspecting || self.tab.is_list()
    }

    /// Whether a model would be asked.
    pub fn has_models(&self) -> bool {
        !self.memory.models.is_empty()
    }
}
