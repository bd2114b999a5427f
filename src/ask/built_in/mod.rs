//! A question in plain words to a query, without a model: a grammar over words.
//!
//! What must stay true: every word of the question is either part of what was understood, known to say nothing, or
//! listed as not understood. A part is never dropped, narrowed or widened in silence.

mod assemble;
mod compare;
mod dates;
mod facts;
mod number;
mod order;
mod places;
mod read;
mod texts;
mod words;

use super::{Translation, Understood};
use crate::contacts::filter::{Anchor, Filter, Query};
use crate::telemetry::inert;
use words::Word;

/// Longest question, in characters.
pub const QUESTION_CHARS_MAX: usize = 500;

/// What stands at one place of a question.
#[derive(Debug, Clone, Default, PartialEq)]
struct Reading {
    /// A text of the filter language.
    text: String,
    /// How many words it takes.
    taken: usize,
    /// Whether its own words negate it.
    negated: bool,
    /// Whether another value of the same field may follow behind `or`.
    open: bool,
}

impl Reading {
    fn new(text: impl Into<String>, taken: usize) -> Reading {
        Reading { text: text.into(), taken, negated: false, open: false }
    }
}

/// Translates a question; days and relative times are those of the anchor.
pub fn translate(question: &str, anchor: &Anchor) -> Translation {
    let count = question.chars().count();
    if count > QUESTION_CHARS_MAX {
        let reason = format!("a question ends at {QUESTION_CHARS_MAX} characters, this one has {count}");
        return Translation { not_understood: vec![reason], ..Translation::nothing() };
    }
    let words = words::words(question);
    if words.is_empty() {
        return Translation { not_understood: vec!["there is no question".to_owned()], ..Translation::nothing() };
    }
    let read = read::read(question, &words, anchor);
    let (expr, mut left) = assemble::assemble(read.nodes);
    let mut not_understood = read.unknown;
    not_understood.append(&mut left);
    let filter = match Filter::from_expr(expr) {
        Ok(filter) => filter,
        Err(reason) => {
            not_understood.push(reason);
            Filter::all()
        }
    };
    if filter.is_all() && read.sort.is_none() && read.limit.is_none() && !read.everything && not_understood.is_empty() {
        not_understood.push(question.trim().to_owned());
    }
    Translation {
        query: Query { filter, sort: read.sort, limit: read.limit },
        understood: read.understood.iter().map(|part| understood(&inert(&part.words), &part.filter)).collect(),
        not_understood: not_understood.iter().map(|part| inert(part).into_owned()).collect(),
    }
}

/// The words as they stand in the question, as a value of the filter language.
fn quoted_value(question: &str, words: &[Word]) -> String {
    match words {
        [one] if one.quoted => quoted_text(&one.text),
        [first, .., last] => quoted_text(&question[first.start..last.end]),
        [one] => quoted_text(&question[one.start..one.end]),
        [] => String::new(),
    }
}

/// Quoted where a bare word would be read as something else.
fn quoted_text(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-@./&".contains(c);
    let reserved = ["or", "and", "not", "none"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if !text.is_empty() && text.chars().all(plain) && !text.contains("..") && !reserved {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A phrase and what it became.
fn understood(words: &str, filter: &str) -> Understood {
    Understood { words: words.to_owned(), filter: filter.to_owned() }
}
