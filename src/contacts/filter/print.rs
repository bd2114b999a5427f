//! A tree back to text, such that reading the text gives the same tree.

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
    let partial =
        vocabulary.find(field).is_some_and(|field| matches!(field.kind, Kind::Text | Kind::List | Kind::Phone));
    match (op, value) {
        (Op::Between, Value::List(ends)) => format!("{field}:{}", list(ends, "..")),
        (Op::IsNull, _) => format!("{field}:none"),
        (Op::StartsWith, _) => format!("{field}:{}*", one(value)),
        (Op::Eq, _) if partial => format!("{field}={}", one(value)),
        (Op::Eq | Op::Contains | Op::In | Op::Between, _) => format!("{field}:{}", one(value)),
        (Op::Ne, _) => format!("{field}!={}", one(value)),
        (Op::Lt, _) => format!("{field}<{}", one(value)),
        (Op::Lte, _) => format!("{field}<={}", one(value)),
        (Op::Gt, _) => format!("{field}>{}", one(value)),
        (Op::Gte, _) => format!("{field}>={}", one(value)),
    }
}

fn list(values: &[Value], by: &str) -> String {
    values.iter().map(one).collect::<Vec<_>>().join(by)
}

fn one(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Time(value) => value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Value::Text(text) => quote(text, false),
        Value::List(values) => list(values, ","),
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
