//! A tree back to text, such that reading the text gives the same tree.

use super::place::known;
use super::{Condition, Expr, Op, Value, Vocabulary};
use crate::contacts::fields::Kind;

/// The tree as text, with absolute times.
pub(super) fn print(expr: &Expr, vocabulary: &Vocabulary) -> String {
    let join = |parts: &[Expr], same: fn(&Expr) -> bool, by| {
        parts.iter().map(|part| inner(part, same(part), vocabulary)).collect::<Vec<_>>().join(by)
    };
    match expr {
        Expr::All(parts) => join(parts, |part| matches!(part, Expr::All(_)), " "),
        Expr::Any(parts) => join(parts, |part| matches!(part, Expr::Any(_)), " or "),
        Expr::Not(part) => format!("!{}", inner(part, matches!(**part, Expr::All(_)), vocabulary)),
        Expr::Search(word) => quote(word, word.contains(':')),
        Expr::Is(condition) => term(condition, vocabulary),
    }
}

/// A part of a larger tree: `or` binds weaker than anything, so it always stands in parentheses.
fn inner(part: &Expr, same: bool, vocabulary: &Vocabulary) -> String {
    let text = print(part, vocabulary);
    if same || matches!(part, Expr::Any(_)) { format!("({text})") } else { text }
}

fn term(condition: &Condition, vocabulary: &Vocabulary) -> String {
    let Condition { field, op, value } = condition;
    let kind = vocabulary.find(field).map(|field| field.kind);
    let partial = match (kind, value) {
        (Some(Kind::Text | Kind::List | Kind::Phone), _) => true,
        (Some(kind @ Kind::State), Value::Text(text)) => known(kind, text).is_none(),
        (Some(Kind::State), _) => true,
        _ => false,
    };
    let value = if kind == Some(Kind::Country) { countries(value) } else { one(value) };
    match op {
        Op::Between => format!("{field}:{}", value.replacen(',', "..", 1)),
        Op::IsNull => format!("{field}:none"),
        Op::StartsWith => format!("{field}:{value}*"),
        Op::Eq | Op::In if partial => format!("{field}={value}"),
        Op::Eq | Op::Contains | Op::In => format!("{field}:{value}"),
        Op::Ne => format!("{field}!={value}"),
        Op::Lt => format!("{field}<{value}"),
        Op::Lte => format!("{field}<={value}"),
        Op::Gt => format!("{field}>{value}"),
        Op::Gte => format!("{field}>={value}"),
    }
}

/// A country that the table lacks is read only in quotation marks.
fn countries(value: &Value) -> String {
    match value {
        Value::Text(text) => quote(text, known(Kind::Country, text).is_none()),
        Value::List(values) => values.iter().map(countries).collect::<Vec<_>>().join(","),
        other => one(other),
    }
}

fn one(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Time(value) => value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Value::Text(text) => quote(text, false),
        Value::List(values) => values.iter().map(one).collect::<Vec<_>>().join(","),
    }
}

/// Quotes what would otherwise be read as something else.
fn quote(text: &str, must: bool) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_+-@./#&$:".contains(c);
    let reserved = ["or", "and", "not", "none"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if !must && !reserved && !text.is_empty() && text.chars().all(plain) && !text.contains("..") {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
