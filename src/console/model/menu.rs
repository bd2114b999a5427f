//! A list to choose one thing from: actions, orders, what to copy, themes, works under way.

use crate::contacts::page::Sort;

/// What choosing an item does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// What a key does, by its name in the table.
    Do(&'static str),
    /// A line of the palette; a blank at its end: something is typed behind it.
    Line(String),
    /// An order of contacts.
    Contacts(Sort),
    /// An order of lanes or breakers, by its place.
    Order(usize),
    /// To the clipboard.
    Copy(String),
    /// A theme by its name.
    Theme(String),
    /// End an import or export.
    End(u64),
    /// Go on with an import that ended early.
    Resume(u64),
    /// Nothing: it only says something.
    Nothing,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub label: String,
    /// The key that does the same, or a remark.
    pub hint: String,
    /// Why it can't be chosen.
    pub why_not: Option<String>,
    /// What it does.
    pub pick: Pick,
}

/// A list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What is chosen.
    pub title: String,
    /// The items.
    pub items: Vec<Item>,
    /// The chosen one.
    pub at: usize,
}

impl Menu {
    /// A menu whose first item that can be chosen is chosen.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Menu {
        let at = items.iter().position(|i| i.why_not.is_none()).unwrap_or(0);
        Menu { title: title.into(), items, at }
    }
}

impl Item {
    /// An item that can be chosen.
    pub fn new(label: impl Into<String>, hint: impl Into<String>, pick: Pick) -> Item {
        Item { label: label.into(), hint: hint.into(), why_not: None, pick }
    }
}
