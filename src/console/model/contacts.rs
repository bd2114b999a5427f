//! The Contacts screen: pages by key, a filter line, one contact.

use tui_input::Input;

use crate::console::effect::Query;
use crate::console::model::{List, Marks};
use crate::contacts::filter::Completion;
use crate::contacts::page::{Sort, Start};

/// The Contacts screen.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    /// Contacts by id.
    pub list: List<i64>,
    /// Where the page begins.
    pub start: Start,
    /// The filter that is applied: one that is understood.
    pub filter: String,
    /// In which order they stand.
    pub sort: Sort,
    /// Marked contacts, with their numbers.
    pub marks: Marks,
    /// The filter line while it is edited.
    pub editing: Option<Editing>,
    /// The contact that is shown in full, and how many of its lines are scrolled away.
    pub open: Option<(i64, u16)>,
}

/// The filter line while it is edited.
#[derive(Debug, Clone)]
pub struct Editing {
    /// What was typed.
    pub input: Input,
    /// The filter before, to which Esc goes back.
    pub before: String,
    /// What is not understood: where, in characters, and why.
    pub error: Option<(usize, String)>,
    /// What could stand at the cursor.
    pub offers: Option<Completion>,
}

impl Contacts {
    /// What the pane wants to know.
    pub fn wanted(&self, zone: chrono_tz::Tz) -> Query {
        match self.open {
            Some((id, _)) => Query::Contact(id),
            None => Query::Contacts { filter: self.filter.clone(), sort: self.sort, start: self.start, zone },
        }
    }

    /// Applies another filter: back to the first page.
    pub fn apply(&mut self, filter: String) {
        if self.filter != filter {
            self.filter = filter;
            self.begin();
            self.marks = Marks::default();
        }
    }

    /// Back to the first page.
    pub fn begin(&mut self) {
        (self.start, self.list) = (Start::First, List::default());
    }
}
