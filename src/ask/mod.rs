//! Questions in plain words: a question becomes a query of the closed filter language, or marked contacts become a text
//! for a pane. The two never mix: who translates a question sees no value of any contact, who sees values can't act.

pub mod about;
pub mod built_in;
pub mod eval;
pub mod look;
pub mod memory;
pub mod models;
pub mod question;
pub mod sanitise;
pub mod wording;

use crate::contacts::filter::{Filter, Query};

/// A phrase of a question and the part of the filter that it became.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Understood {
    /// As it stands in the question.
    pub words: String,
    /// In the filter language.
    pub filter: String,
}

/// A question as a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation {
    /// What was understood; it is run only when nothing is left out.
    pub query: Query,
    /// Which words became what; empty where a model translated.
    pub understood: Vec<Understood>,
    /// Parts of the question that the query does not express.
    pub not_understood: Vec<String>,
}

impl Translation {
    pub(crate) fn nothing() -> Translation {
        Translation { query: Query::from(Filter::all()), understood: Vec::new(), not_understood: Vec::new() }
    }

    pub(crate) fn declined(reason: String) -> Translation {
        Translation { not_understood: vec![reason], ..Translation::nothing() }
    }

    /// Whether the whole question was understood.
    pub fn is_whole(&self) -> bool {
        self.not_understood.is_empty()
    }
}
