//! Order and number of rows in words: `top 10 by quality`, `newest first`, `the 20 worst`.

use super::number::number;
use super::words::{Word, longest, phrase};
use crate::contacts::page::Sort;

/// What stands here of an order or a limit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub sort: Option<Sort>,
    pub limit: Option<i64>,
    pub taken: usize,
}

const SUPERLATIVES: &[(&str, Sort)] = &[
    ("best|highest rated|scored|scoring?", Sort::QualityDesc),
    ("worst|lowest rated|scored|scoring?", Sort::Quality),
    ("newest|latest", Sort::CreatedDesc),
    ("most recent|recently added|created|imported?", Sort::CreatedDesc),
    ("oldest|earliest", Sort::Created),
];
/// These need no number beside them.
const ALONE: &[(&str, Sort)] = &[
    ("newest|latest first?", Sort::CreatedDesc),
    ("most recent first?", Sort::CreatedDesc),
    ("oldest|earliest first?", Sort::Created),
    ("best|highest quality|score? first", Sort::QualityDesc),
    ("worst|lowest quality|score? first", Sort::Quality),
    ("best|highest quality", Sort::QualityDesc),
    ("worst|lowest quality", Sort::Quality),
];
const FIELDS: &[(&str, (Sort, Sort))] = &[
    ("quality score?", (Sort::Quality, Sort::QualityDesc)),
    ("score", (Sort::Quality, Sort::QualityDesc)),
    ("created|creation at|date?", (Sort::Created, Sort::CreatedDesc)),
    ("date|age added|created|imported?", (Sort::Created, Sort::CreatedDesc)),
    ("id", (Sort::Id, Sort::IdDesc)),
];

/// The order or limit that stands here. `asked` says that what stood before was a wish such as "show".
pub(super) fn order(words: &[Word], asked: bool) -> Option<Order> {
    let readings = [sorted(words), top(words), superlative(words), alone(words), limit(words, asked)];
    readings.into_iter().flatten().max_by_key(|order| order.taken)
}

/// `sorted by quality descending`.
fn sorted(words: &[Word]) -> Option<Order> {
    let before = phrase("sorted|ordered|sort|order|ranked them|it? by", words)?;
    let (field, (up, down)) = longest(FIELDS, &words[before..])?;
    let at = before + field;
    let descending = phrase("descending|desc", &words[at..])
        .or_else(|| phrase("highest|best|newest|largest first", &words[at..]))
        .or_else(|| phrase("from high to low", &words[at..]));
    let ascending =
        phrase("ascending|asc", &words[at..]).or_else(|| phrase("lowest|worst|oldest|smallest first", &words[at..]));
    let sort = if descending.is_some() { *down } else { *up };
    Some(Order { sort: Some(sort), limit: None, taken: at + descending.or(ascending).unwrap_or(0) })
}

/// `top 10`, `top 10 contacts by quality`.
fn top(words: &[Word]) -> Option<Order> {
    let before = phrase("top", words)?;
    let (rows, taken) = rows(&words[before..])?;
    Some(Order { sort: Some(Sort::QualityDesc), limit: Some(rows), taken: before + taken })
}

/// `20 worst`, `best 5`.
fn superlative(words: &[Word]) -> Option<Order> {
    let (first, number_first) = rows(words).map_or((None, 0), |(rows, taken)| (Some(rows), taken));
    let (taken, sort) = longest(SUPERLATIVES, &words[number_first..])?;
    let at = number_first + taken;
    let (limit, last) = match first {
        Some(rows) => (rows, 0),
        None => rows(&words[at..])?,
    };
    Some(Order { sort: Some(*sort), limit: Some(limit), taken: at + last })
}

fn alone(words: &[Word]) -> Option<Order> {
    let (taken, sort) = longest(ALONE, words)?;
    Some(Order { sort: Some(*sort), limit: None, taken })
}

/// `first 10`, `limit 20`, `show 20 …`.
fn limit(words: &[Word], asked: bool) -> Option<Order> {
    let before = phrase("first|limit|limited to?", words).or_else(|| phrase("limit to|of", words));
    let at = before.or(asked.then_some(0))?;
    let (rows, taken) = rows(&words[at..])?;
    Some(Order { sort: None, limit: Some(rows), taken: at + taken })
}

/// A whole number of rows. What is above the limit of a list is none: it is not understood, and not cut in silence.
fn rows(words: &[Word]) -> Option<(i64, usize)> {
    let (value, taken) = number(words)?;
    let whole = value.fract() == 0.0 && (1.0..=1_000.0).contains(&value);
    let plain = words.first().is_some_and(|word| !word.text.contains(['$', '%', '+']));
    (whole && plain && taken == 1).then_some((value as i64, taken))
}

/// `by quality` behind `top 10 contacts`.
pub(super) fn by(words: &[Word]) -> Option<Order> {
    let before = phrase("by", words)?;
    let (taken, (_, down)) = longest(FIELDS, &words[before..])?;
    Some(Order { sort: Some(*down), limit: None, taken: before + taken })
}
