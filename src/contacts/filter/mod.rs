//! One filter language: text, a closed tree, and SQL whose every value is a bind parameter.
//!
//! `parse` reads the text, `check` gives each value its field's type and refuses what a field can't answer, `print`
//! writes the tree back, `sql` compiles it, `complete` helps to type it. Nothing outside the grammar is ever dropped in
//! silence: it is an error that names the part.

mod check;
mod complete;
mod jobs;
mod json;
mod parse;
mod period;
mod place;
mod print;
mod query;
mod schema;
mod sql;
mod value;

use chrono::{DateTime, Utc};

pub use complete::{Candidate, Completion, complete};
pub use json::{JSON_BYTES_MAX, JSON_DEPTH_MAX, strict};
pub use period::{Anchor, Moment};
pub use query::{Query, ROWS_MAX};
pub use schema::schema;
pub use sql::{Bind, Compiled, Statement};

use super::fields::{CONTACT_FIELDS, Field};

/// Longest text of a filter, in characters.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Deepest nesting of and, or, not.
pub const DEPTH_MAX: usize = 4;
/// Most conditions in one filter.
pub const CONDITIONS_MAX: usize = 20;
/// Most values in one list.
pub const LIST_MAX: usize = 100;

/// The fields that a list may be filtered by, and what a bare word searches in it.
pub struct Vocabulary {
    fields: &'static [&'static [Field]],
    texts: &'static [&'static str],
    phone: &'static str,
}

/// Contacts, read as `contacts AS c`.
pub static CONTACTS: Vocabulary = Vocabulary {
    fields: CONTACT_FIELDS,
    texts: &["c.full_name", "c.business_name", "c.email", "c.phone_e164"],
    phone: "c.phone_e164",
};

/// Jobs, read as `jobs AS j JOIN contacts AS c ON c.id = j.contact_id`.
pub static JOBS: Vocabulary = Vocabulary {
    fields: &[jobs::JOB_FIELDS],
    texts: &["j.lane", "j.kind", "j.last_error", "c.full_name", "c.business_name", "c.phone_e164"],
    phone: "c.phone_e164",
};

impl Vocabulary {
    /// Every field that a filter may ask for.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().copied().flatten().filter(|field| field.filterable())
    }

    /// The field of this name or short name.
    pub fn find(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.is_called(name))
    }
}

/// The closed tree between text and SQL. As JSON: `{"all":[…]}`, `{"any":[…]}`, `{"not":…}`, `{"search":"word"}`,
/// `{"field":…,"op":…,"value":…}`.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Every one of these; the empty one matches everything.
    All(Vec<Expr>),
    /// At least one of these.
    Any(Vec<Expr>),
    /// What does not match; a row that does not know the answer does not match, and so is in here.
    Not(Box<Expr>),
    /// A bare word: name, company, e-mail or number contains it.
    Search(String),
    /// One question to one field.
    Is(Condition),
}

/// One question to one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The field's own name, never a short one.
    pub field: String,
    /// What is asked.
    pub op: Op,
    /// What it is compared with: two values for `between`, several for `in`, none for `is_null`.
    pub value: Value,
}

/// What can be asked of a field; which of them depends on its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Is; texts in any case.
    Eq,
    /// Is not; a field without value is not.
    Ne,
    /// Contains, in any case.
    Contains,
    /// Begins with, in any case.
    StartsWith,
    /// Is one of several.
    In,
    /// Has no value.
    IsNull,
    /// Less, or before.
    Lt,
    /// At most, or not after.
    Lte,
    /// More, or after.
    Gt,
    /// At least, or not before.
    Gte,
    /// From one value to another, both included.
    Between,
}

/// A value of the type that its field wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    None,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Money.
    Decimal(f64),
    /// An instant, to the microsecond.
    Time(DateTime<Utc>),
    /// A text, a code, or part of a number.
    Text(String),
    /// Several values, all of one type.
    List(Vec<Value>),
}

/// A filter that was understood in full, with the vocabulary that it was checked against.
#[derive(Clone)]
pub struct Filter {
    expr: Expr,
    vocabulary: &'static Vocabulary,
}

/// The part that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", .position + 1)]
pub struct FilterError {
    /// Where it begins, in characters from 0.
    pub position: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FilterError {
    pub(super) fn new(position: usize, message: impl Into<String>) -> FilterError {
        FilterError { position, message: message.into() }
    }
}

impl Filter {
    /// The filter of contacts that matches all of them.
    pub fn all() -> Filter {
        Filter { expr: Expr::All(Vec::new()), vocabulary: &CONTACTS }
    }

    /// Reads a filter of contacts; relative times such as `7d` count from the anchor, days are those of its zone. Blank
    /// text matches everything.
    pub fn parse(text: &str, anchor: impl Into<Anchor>) -> Result<Filter, FilterError> {
        Filter::parse_for(&CONTACTS, text, anchor)
    }

    /// The same language over another list.
    pub fn parse_for(
        vocabulary: &'static Vocabulary,
        text: &str,
        anchor: impl Into<Anchor>,
    ) -> Result<Filter, FilterError> {
        let raw = parse::parse(text)?;
        let expr = check::check(&raw, vocabulary, anchor.into())?;
        Ok(Filter { expr, vocabulary })
    }

    /// A filter of contacts from its JSON form, which is held to the same fields, types and limits as its text. The error
    /// names the part that is outside the language.
    pub fn from_json(json: &serde_json::Value, anchor: impl Into<Anchor>) -> Result<Filter, String> {
        json::read(json, &CONTACTS, anchor.into()).map(|expr| Filter { expr, vocabulary: &CONTACTS })
    }

    /// A filter of contacts from a tree whose conditions were checked; refuses one that is too deep or too long.
    pub(crate) fn from_expr(expr: Expr) -> Result<Filter, String> {
        let expr = check::bounded(expr).map_err(|error| error.message)?;
        Ok(Filter { expr, vocabulary: &CONTACTS })
    }

    /// The JSON form: what [`schema`] describes.
    pub fn to_json(&self) -> serde_json::Value {
        json::write(&self.expr, self.vocabulary)
    }

    /// Whether it matches every row.
    pub fn is_all(&self) -> bool {
        matches!(&self.expr, Expr::All(parts) if parts.is_empty())
    }

    /// The tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The filter as text, with absolute times; reading it again gives the same tree.
    pub fn text(&self) -> String {
        print::print(&self.expr, self.vocabulary)
    }

    /// The filter as the condition of a WHERE clause, its first bind parameter numbered `first_bind` (from 1).
    pub fn sql(&self, first_bind: usize) -> Compiled {
        sql::compile(&self.expr, self.vocabulary, first_bind)
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        self.expr == other.expr && std::ptr::eq(self.vocabulary, other.vocabulary)
    }
}

#[cfg(test)]
mod tests;
