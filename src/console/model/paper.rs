//! What is read aside and laid over the screen: why something waits, alerts, schedules, duplicates, the shift.

use chrono::TimeDelta;

use crate::operations::runbook::Wanted;
use crate::operations::why::Subject;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The chain of causes.
    Why(Subject),
    /// Open alerts.
    Alerts,
    /// Recurring work.
    Schedules,
    /// Pairs of contacts that may be the same.
    Duplicates,
    /// What a merge would bring, before it is wished for.
    Merge {
        /// The one that stays.
        primary: i64,
        /// The one that it stands for.
        duplicate: i64,
    },
    /// The dead of all lanes by error.
    Dead,
    /// Jobs of any lane that a filter matches.
    Jobs(String),
    /// The shift since then, as Markdown.
    Handover(TimeDelta),
    /// What was done, as a script; written to this file where one is named.
    Runbook(Box<Wanted>, Option<String>),
    /// Whether the audit log is whole; a head that was noted earlier.
    Audit(Option<(i64, String)>),
    /// What a file would bring, before it is imported.
    Preflight(crate::console::effect::Import),
    /// The log of another node, out of its machine's file.
    Log(String),
    /// What lanes did over a span.
    Throughput(TimeDelta),
    /// What works, what is missing, and what to do about it.
    Doctor,
    /// Who has a console open, and who asks for a second person.
    Deck,
}

impl Reading {
    /// What it is called.
    pub fn title(&self) -> String {
        match self {
            Reading::Why(Subject::Contact(which)) => format!("Why: contact {which}"),
            Reading::Why(Subject::Job(id)) => format!("Why: job {id}"),
            Reading::Why(Subject::Lane(name)) => format!("Why: lane {name}"),
            Reading::Alerts => "Open alerts".into(),
            Reading::Schedules => "Schedules, times in UTC".into(),
            Reading::Duplicates => "Pairs that may be the same, the surest first".into(),
            Reading::Merge { primary, duplicate } => {
                format!("Merge of {duplicate} into {primary}: nothing is done yet")
            }
            Reading::Dead => "Dead jobs of all lanes by error".into(),
            Reading::Jobs(filter) => format!("Jobs  / {filter}"),
            Reading::Handover(span) => {
                format!("Handover of the last {}", crate::console::widget::words::span(span.num_seconds()))
            }
            Reading::Runbook(..) => "Runbook: what was done, as a script that asks before each step".into(),
            Reading::Audit(_) => "Is the audit log whole?".into(),
            Reading::Preflight(import) => format!("Import of {}: nothing is done yet", import.path),
            Reading::Log(node) => format!("Log of {node}, newest first"),
            Reading::Throughput(span) => {
                format!("What lanes did in the last {}", crate::console::widget::words::span(span.num_seconds()))
            }
            Reading::Doctor => "Doctor".into(),
            Reading::Deck => "On deck: who is here, and who asks".into(),
        }
    }

    /// Whether its lines are a text that goes on in the next row, instead of a table's rows.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Reading::Why(_)
                | Reading::Handover(_)
                | Reading::Runbook(..)
                | Reading::Merge { .. }
                | Reading::Audit(_)
                | Reading::Preflight(_)
                | Reading::Doctor
                | Reading::Log(_)
        )
    }
}

/// One line of what was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaperLine {
    /// What it says.
    pub text: String,
    /// Whether it tells of something wrong.
    pub grave: bool,
    /// Lines of the palette that can follow: what they do, and the line; a blank at its end: something is typed behind it.
    pub verbs: Vec<(String, String)>,
}

impl PaperLine {
    /// A line that only says something.
    pub fn says(text: impl Into<String>) -> PaperLine {
        PaperLine { text: text.into(), ..PaperLine::default() }
    }

    /// The same line, as one that tells of something wrong.
    pub fn grave(self, grave: bool) -> PaperLine {
        PaperLine { grave, ..self }
    }

    /// The same line with something that can follow.
    pub fn then(mut self, label: &str, line: impl Into<String>) -> PaperLine {
        self.verbs.push((label.to_owned(), line.into()));
        self
    }
}

/// What was read aside, while it lies over the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// What is read.
    pub reading: Reading,
    /// Its lines, or why there are none; none while they are being read.
    pub lines: Option<Result<Vec<PaperLine>, String>>,
    /// The chosen line.
    pub at: usize,
}

impl Paper {
    /// One that is being read.
    pub fn new(reading: Reading) -> Paper {
        Paper { reading, lines: None, at: 0 }
    }

    /// Its lines, as far as they are known.
    pub fn lines(&self) -> &[PaperLine] {
        self.lines.as_ref().and_then(|lines| lines.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut text = self.lines().iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text
    }
}
