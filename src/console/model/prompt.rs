//! One line to type: the name of a file.

use tui_input::Input;

use crate::operations::actions::JobTarget;

/// What the line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Where contacts that match are written.
    Export {
        /// The filter; empty = all.
        filter: String,
    },
    /// Under which name a filter is kept.
    Keep {
        /// In the person's words.
        question: Option<String>,
        /// In the filter language.
        filter: String,
    },
    /// Which file is imported.
    Import,
    /// Who is claimed first.
    Priority {
        /// Which jobs.
        target: JobTarget,
    },
    /// Fields of a contact.
    Fields {
        /// Its id.
        contact: i64,
    },
    /// Where a text is written.
    Text {
        /// What is written.
        text: String,
    },
}

/// One line to type.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What for.
    pub ask: Ask,
    /// What was typed.
    pub input: Input,
}

impl PartialEq for Prompt {
    fn eq(&self, other: &Prompt) -> bool {
        self.ask == other.ask && self.input.value() == other.input.value()
    }
}
