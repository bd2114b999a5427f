//! A query in words, so that an operator can check it without knowing the language.

use chrono::SecondsFormat;

use crate::contacts::fields::Kind;
use crate::contacts::filter::{CONTACTS, Condition, Expr, Op, Query, Value};
use crate::contacts::places::{COUNTRIES, STATES};

/// Such as `status is failed, and quality score is below 60; newest first`.
pub fn wording(query: &Query) -> String {
    let mut parts = vec![match query.filter.is_all() {
        true => "every contact".to_owned(),
        false => expr(query.filter.expr()),
    }];
    parts.extend(query.sort.map(|sort| format!("in the order {}", sort.name())));
    parts.extend(query.limit.map(|limit| format!("at most {limit}")));
    parts.join("; ")
}

fn expr(tree: &Expr) -> String {
    let inner = |part: &Expr| match part {
        Expr::All(_) | Expr::Any(_) => format!("({})", expr(part)),
        other => expr(other),
    };
    let join = |parts: &[Expr], by: &str| parts.iter().map(inner).collect::<Vec<_>>().join(by);
    match tree {
        Expr::All(parts) => join(parts, ", and "),
        Expr::Any(parts) => join(parts, ", or "),
        Expr::Not(part) => format!("not {}", inner(part)),
        Expr::Search(word) => format!("name, company, e-mail or number contains {word:?}"),
        Expr::Is(condition) => one(condition),
    }
}

fn one(condition: &Condition) -> String {
    let Condition { field, op, value } = condition;
    let kind = CONTACTS.find(field).map(|field| field.kind);
    let time = matches!(kind, Some(Kind::Time | Kind::Date));
    let name = field.replace('_', " ");
    let value = shown(value, kind);
    match op {
        Op::Eq => format!("{name} is {value}"),
        Op::Ne => format!("{name} is not {value}"),
        Op::Contains => format!("{name} contains {value}"),
        Op::StartsWith => format!("{name} starts with {value}"),
        Op::In => format!("{name} is one of {value}"),
        Op::IsNull => format!("{name} is not known"),
        Op::Lt if time => format!("{name} is before {value}"),
        Op::Gt if time => format!("{name} is after {value}"),
        Op::Lte if time => format!("{name} is {value} or before"),
        Op::Gte if time => format!("{name} is {value} or later"),
        Op::Lt => format!("{name} is below {value}"),
        Op::Lte => format!("{name} is {value} or below"),
        Op::Gt => format!("{name} is above {value}"),
        Op::Gte => format!("{name} is {value} or above"),
        Op::Between => format!("{name} is from {}", value.replacen(", ", " to ", 1)),
    }
}

fn shown(value: &Value, kind: Option<Kind>) -> String {
    match value {
        Value::None => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Time(value) => value.to_rfc3339_opts(SecondsFormat::Secs, true),
        Value::Text(text) => match kind {
            Some(Kind::State) => place(STATES.find(text).map(|place| place.name), text),
            Some(Kind::Country) => place(COUNTRIES.find(text).map(|place| place.name), text),
            Some(Kind::Enum(_) | Kind::Code) => text.clone(),
            _ => format!("{text:?}"),
        },
        Value::List(values) => values.iter().map(|value| shown(value, kind)).collect::<Vec<_>>().join(", "),
    }
}

fn place(name: Option<&str>, code: &str) -> String {
    name.map_or_else(|| format!("{code:?}"), |name| format!("{name} ({code})"))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn a_query_is_told_in_words() {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 15, 30, 0).unwrap();
        let told = |text: &str| wording(&Query::parse(text, now).unwrap());
        assert_eq!(
            told("status:failed state:TX created>=yesterday quality<60 limit:5"),
            "status is failed, and state is Texas (TX), and created at is 2026-11-23T00:00:00Z or later, and quality score is below 60; at most 5"
        );
        assert_eq!(
            told("!email:none (acme or risk:low,high)"),
            "not email is not known, and (name, company, e-mail or number contains \"acme\", or sms pumping risk level is one of low, high)"
        );
        assert_eq!(told("quality:40..60"), "quality score is from 40 to 60");
        assert_eq!(told(""), "every contact");
    }
}
