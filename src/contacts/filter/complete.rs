//! What could stand at the cursor: names of fields, or values of the field before it.

use super::Vocabulary;
use super::parse::{SIGNS, Sign};
use super::place::gazetteer;
use super::schema::unit;
use crate::contacts::fields::{Field, Kind};
use crate::contacts::places::{Gazetteer, Place};

/// Most candidates that are offered at once.
const CANDIDATES_MAX: usize = 50;

/// One thing that could be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The text that takes the place of the piece.
    pub insert: String,
    /// What it is, for a second column.
    pub detail: String,
}

/// Candidates for the piece of text that the cursor stands in or behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Where the piece begins, in characters.
    pub start: usize,
    /// Where it ends (the cursor), in characters.
    pub end: usize,
    /// What could take its place, best first.
    pub candidates: Vec<Candidate>,
}

/// Completes `text` at `cursor`, in characters from 0. Inside of quotation marks nothing is offered.
pub fn complete(vocabulary: &Vocabulary, text: &str, cursor: usize) -> Completion {
    let before: Vec<char> = text.chars().take(cursor).collect();
    let end = before.len();
    let nothing = Completion { start: end, end, candidates: Vec::new() };
    if before.iter().filter(|c| **c == '"').count() % 2 == 1 {
        return nothing;
    }
    let start = before.iter().rposition(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"')).map_or(0, |at| at + 1);
    let start = start + before[start..].iter().take_while(|c| **c == '!').count();
    let piece: String = before[start..].iter().collect();
    let name_chars = piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count();
    let (name, rest) = split_chars(&piece, name_chars);
    if rest.is_empty() {
        return Completion { start, end, candidates: names(vocabulary, name) };
    }
    let Some((field, (sign_text, sign))) =
        vocabulary.find(name).zip(SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)))
    else {
        return nothing;
    };
    let typed = rest.strip_prefix(sign_text).unwrap_or(rest);
    let last = typed.rsplit(',').next().unwrap_or(typed);
    Completion { start: end - last.chars().count(), end, candidates: values(field, *sign, last) }
}

fn split_chars(text: &str, chars: usize) -> (&str, &str) {
    let at = text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

/// Fields whose name begins with what was typed, then those that contain it; the shortest name of each.
fn names(vocabulary: &Vocabulary, typed: &str) -> Vec<Candidate> {
    let typed = typed.to_ascii_lowercase();
    let rank = |field: &Field| {
        let best = field
            .names()
            .filter(|name| name.contains(&typed))
            .min_by_key(|name| (!name.starts_with(&typed), name.len()))?;
        Some((!best.starts_with(&typed), best))
    };
    let mut found: Vec<_> = vocabulary.fields().filter_map(|field| Some((rank(field)?, field))).collect();
    found.sort_by_key(|((contains, name), _)| (*contains, *name));
    found
        .into_iter()
        .take(CANDIDATES_MAX)
        .map(|((_, name), field)| Candidate {
            insert: format!("{name}{}", usual_sign(field.kind)),
            detail: describe(field),
        })
        .collect()
}

fn usual_sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer | Kind::Decimal | Kind::Time | Kind::Date | Kind::Age(_) => ">",
        _ => ":",
    }
}

fn describe(field: &Field) -> String {
    match field.kind {
        Kind::Enum(words) => words.join(", "),
        Kind::Text | Kind::List => "text: contains".to_owned(),
        Kind::Code => "word: is".to_owned(),
        Kind::State => "state or province: TX, Texas".to_owned(),
        Kind::Country => "country: DE, Germany".to_owned(),
        Kind::Phone => "number, or part of one".to_owned(),
        Kind::Integer | Kind::Decimal => match unit(field) {
            Some(unit) => format!("number, {unit}: < > a..b"),
            None => "number: < > a..b".to_owned(),
        },
        Kind::Bool => "true or false".to_owned(),
        Kind::Time | Kind::Date => "time: 7d, 2026-01-31".to_owned(),
        Kind::Age(_) => "how old: 90s, 5m, 2h".to_owned(),
        Kind::Json => String::new(),
    }
}

fn values(field: &Field, sign: Sign, typed: &str) -> Vec<Candidate> {
    let known: &[&str] = match field.kind {
        Kind::Enum(words) => words,
        Kind::Bool => &["true", "false"],
        Kind::Time | Kind::Date => &["1h", "24h", "7d", "30d", "today", "yesterday", "last-week", "this-month"],
        Kind::Age(_) => &["1h", "24h", "7d", "30d"],
        _ => &[],
    };
    if let Some(table) = gazetteer(field.kind) {
        return places(table, typed);
    }
    let none = (matches!(sign, Sign::Colon | Sign::NotEqual) && !matches!(field.kind, Kind::Age(_))).then_some("none");
    let typed = typed.to_ascii_lowercase();
    known
        .iter()
        .copied()
        .chain(none)
        .filter(|word| word.to_ascii_lowercase().starts_with(&typed))
        .map(|word| Candidate {
            insert: word.to_owned(),
            detail: if word == "none" { "has no value" } else { "" }.to_owned(),
        })
        .collect()
}

/// Places whose code or name begins with what was typed.
fn places(table: &Gazetteer, typed: &str) -> Vec<Candidate> {
    let typed = typed.to_lowercase();
    let fits = |place: &&Place| place.spellings().any(|text| text.to_lowercase().starts_with(&typed));
    let candidate = |place: &Place| Candidate { insert: place.code.to_owned(), detail: place.name.to_owned() };
    table.all().iter().filter(fits).take(CANDIDATES_MAX).map(candidate).collect()
}
