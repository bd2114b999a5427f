//! Reading foreign JSON leniently: any field may be null, missing, a number as text or text as a number.

use serde_json::Value;

/// The longest text that is taken over, in characters, and the longest list.
const TEXT_MAX: usize = 2_000;
const LIST_MAX: usize = 100;

/// Trimmed text; a number or a boolean as its text; none if nothing is left.
pub fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then(|| text.chars().take(TEXT_MAX).collect())
}

/// A number, or text that holds one.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

/// A whole number, or text that holds one; fractions are cut.
pub fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = number(value)?.trunc();
        (number.abs() < 9e15).then_some(number as i64)
    })
}

/// 0-100, however it came.
pub fn score(value: &Value) -> Option<i64> {
    whole(value).map(|score| score.clamp(0, 100))
}

/// True or false, also as text.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The object itself, or the first entry of an array: some answers come in both shapes.
pub fn first(value: &Value) -> &Value {
    match value {
        Value::Array(items) => items.first().unwrap_or(&Value::Null),
        other => other,
    }
}

/// The entries of an array; none for anything else.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts in an array, at most a hundred; none if there is none.
pub fn texts(value: &Value) -> Option<Vec<String>> {
    let texts: Vec<String> = items(value).iter().filter_map(text).take(LIST_MAX).collect();
    (!texts.is_empty()).then_some(texts)
}

/// The first of these keys that holds text.
pub fn any_text(value: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| text(&value[*key]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_booleans_come_as_text_too() {
        assert_eq!((whole(&json!("4021")), whole(&json!(7.9)), whole(&json!(" x "))), (Some(4021), Some(7), None));
        assert_eq!(
            (truth(&json!("TRUE")), truth(&json!(false)), truth(&json!("perhaps"))),
            (Some(true), Some(false), None)
        );
        assert_eq!((text(&json!(" ")), text(&json!(12)).as_deref()), (None, Some("12")));
        assert_eq!((score(&json!(140)), score(&json!("-3"))), (Some(100), Some(0)));
        assert_eq!((number(&json!("1e999")), whole(&json!(1e300))), (None, None));
    }

    #[test]
    fn an_object_and_an_array_of_it_are_read_alike() {
        assert_eq!(first(&json!([{"a": 1}]))["a"], 1);
        assert_eq!(first(&json!({"a": 1}))["a"], 1);
        assert!(first(&json!([])).is_null());
    }
}
