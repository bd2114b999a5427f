//! The JSON form of the language, read as foreign text: bounded before it is parsed, no key twice, nothing that the
//! language does not know. What is read goes the way of typed text, so both mean the same.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json, json};
use unicode_normalization::UnicodeNormalization;

use super::check::check;
use super::parse::{Atom, Raw, RawValue, Sign};
use super::period::Anchor;
use super::value::relative;
use super::{Condition, DEPTH_MAX, Expr, LIST_MAX, Op, Value, Vocabulary};
use crate::catalogue::nearest;
use crate::contacts::fields::{Field, Kind};

/// Longest JSON text, in bytes.
pub const JSON_BYTES_MAX: usize = 16 * 1024;
/// Deepest nesting of objects and lists in it: two a level of the tree, the condition, its list, and what stands around.
pub const JSON_DEPTH_MAX: usize = 2 * DEPTH_MAX + 4;
/// Longest text value, in characters.
const VALUE_CHARS_MAX: usize = 200;

/// One JSON value from foreign text. Its size and depth are bounded before it is parsed; a key that stands twice in one
/// object, a number that is not finite, and anything behind the value are refused.
pub fn strict(text: &str) -> Result<Json, String> {
    if text.len() > JSON_BYTES_MAX {
        return Err(format!("the JSON is longer than {JSON_BYTES_MAX} bytes"));
    }
    if depth(text) > JSON_DEPTH_MAX {
        return Err(format!("the JSON is nested deeper than {JSON_DEPTH_MAX} levels"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Once.deserialize(&mut reader).map_err(|error| format!("it is no JSON: {error}"))?;
    reader.end().map_err(|_| "something stands behind the JSON".to_owned())?;
    Ok(value)
}

/// Deepest nesting of brackets outside of strings.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => now += 1,
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// A JSON value in which no object has a key twice.
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Once)? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            let value = entries.next_value_seed(Once)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice in one object")));
            }
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

/// The tree of a JSON form. The error begins with the place of the part that is outside the language.
pub(super) fn read(json: &Json, vocabulary: &'static Vocabulary, anchor: Anchor) -> Result<Expr, String> {
    let mut reader = Reader { vocabulary, places: vec!["filter".to_owned()] };
    let raw = reader.tree(json, "filter".to_owned(), 0)?;
    check(&raw, vocabulary, anchor).map_err(|error| {
        let place = reader.places.get(error.position).map_or("filter", String::as_str);
        format!("{place}: {}", error.message)
    })
}

/// Each condition's atoms stand at its number, so that an error finds its place again.
struct Reader {
    vocabulary: &'static Vocabulary,
    places: Vec<String>,
}

impl Reader {
    fn tree(&mut self, json: &Json, place: String, depth: usize) -> Result<Raw, String> {
        let Json::Object(map) = json else { return Err(format!("{place}: an object is wanted here")) };
        if depth > DEPTH_MAX {
            return Err(format!("{place}: all, any and not may stand {DEPTH_MAX} deep in one another, no deeper"));
        }
        let known = ["all", "any", "not", "search", "field", "op", "value"];
        if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("{place}: {key:?} does not belong there"));
        }
        if map.contains_key("field") || map.contains_key("op") || map.contains_key("value") {
            return self.condition(map, place);
        }
        let mut entries = map.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            return Err(format!("{place}: exactly one of all, any, not, search or a condition is wanted here"));
        };
        let place = format!("{place}.{key}");
        match (key.as_str(), value) {
            ("all" | "any", Json::Array(parts)) => {
                let each = parts.iter().enumerate();
                let parts = each.map(|(i, part)| self.tree(part, format!("{place}[{i}]"), depth + 1));
                let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
                Ok(match parts.len() {
                    0 if key == "any" => return Err(format!("{place}: an empty list would match nothing")),
                    1 => parts.remove(0),
                    _ if key == "any" => Raw::Any(parts),
                    _ => Raw::All(parts),
                })
            }
            ("not", value) => Ok(Raw::Not(Box::new(self.tree(value, place, depth + 1)?))),
            ("search", value) => {
                let word = self.text(value, &place)?;
                self.places.push(place);
                Ok(Raw::Word(Atom { text: word, quoted: true, star: false, at: self.places.len() - 1 }))
            }
            _ => Err(format!("{place}: a list is wanted here")),
        }
    }

    fn condition(&mut self, map: &Map<String, Json>, place: String) -> Result<Raw, String> {
        let text = |key: &str| map.get(key).and_then(Json::as_str).ok_or(format!("{place}.{key}: a text is missing"));
        let (name, op, value) = (text("field")?, text("op")?, map.get("value").unwrap_or(&Json::Null));
        if map.len() > 3 {
            return Err(format!("{place}: a condition has field, op and value, and nothing else"));
        }
        let Some(field) = self.vocabulary.fields().find(|field| field.name == name) else {
            let near = nearest(name, self.vocabulary.fields().map(|field| field.name));
            let hint = near.map_or_else(String::new, |near| format!(": did you mean {near}?"));
            return Err(format!("{place}: there is no field {name:?}{hint}"));
        };
        if !ops(field.kind).contains(&op) {
            return Err(format!("{place}: {name} takes {}, not {op:?}", ops(field.kind).join(", ")));
        }
        let value = match op {
            "is_null" if value.is_null() => RawValue::List(vec![plain("none".to_owned())]),
            "is_null" => return Err(format!("{place}.value: is_null takes null")),
            "in" | "between" => self.several(field, op, value, &place)?,
            _ => RawValue::List(vec![self.one(field, op, value, &place)?]),
        };
        self.places.push(place);
        let at = self.places.len() - 1;
        let here = |atom: Atom| Atom { at, ..atom };
        let value = match value {
            RawValue::List(atoms) => RawValue::List(atoms.into_iter().map(here).collect()),
            RawValue::Range(low, high) => RawValue::Range(here(low), here(high)),
        };
        Ok(Raw::Term { field: Atom { at, ..plain(name.to_owned()) }, sign: sign(op), value })
    }

    fn several(&self, field: &Field, op: &str, value: &Json, place: &str) -> Result<RawValue, String> {
        let items = value.as_array().filter(|items| (1..=LIST_MAX).contains(&items.len()));
        let items = items.ok_or_else(|| format!("{place}.value: a list of 1 to {LIST_MAX} values is wanted here"))?;
        let mut atoms = items.iter().map(|item| self.one(field, op, item, place)).collect::<Result<Vec<_>, _>>()?;
        match (op, atoms.len()) {
            ("between", 2) => {
                let high = atoms.remove(1);
                Ok(RawValue::Range(atoms.remove(0), high))
            }
            ("between", _) => Err(format!("{place}.value: between takes two values")),
            _ => Ok(RawValue::List(atoms)),
        }
    }

    fn one(&self, field: &Field, op: &str, value: &Json, place: &str) -> Result<Atom, String> {
        let wrong = |wanted: &str| Err(format!("{place}.value: {} takes {wanted}", field.name));
        match (field.kind, value) {
            (Kind::Bool, Json::Bool(value)) => Ok(plain(value.to_string())),
            (Kind::Bool, _) => wrong("true or false"),
            (Kind::Integer, Json::Number(number)) if number.is_i64() => Ok(plain(number.to_string())),
            (Kind::Integer, _) => wrong("a whole number"),
            (Kind::Decimal, Json::Number(number)) => Ok(plain(number.to_string())),
            (Kind::Decimal, _) => wrong("a number"),
            _ => {
                let text = self.text(value, place)?;
                if op == "within_last" && relative(&text).is_none() {
                    return wrong("a length of time such as 24h or 7d");
                }
                let quoted = field.kind != Kind::Country || text.eq_ignore_ascii_case("none");
                Ok(Atom { quoted, star: op == "starts_with", ..plain(text) })
            }
        }
    }

    /// A text in normal form C, without control characters, neither empty nor long.
    fn text(&self, value: &Json, place: &str) -> Result<String, String> {
        let text: String = value.as_str().ok_or_else(|| format!("{place}: a text is wanted here"))?.nfc().collect();
        if text.trim().is_empty() {
            return Err(format!("{place}: an empty text would match everything"));
        }
        if text.chars().count() > VALUE_CHARS_MAX {
            return Err(format!("{place}: a text ends at {VALUE_CHARS_MAX} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(format!("{place}: control characters can't be searched for"));
        }
        Ok(text)
    }
}

fn plain(text: String) -> Atom {
    Atom { text, quoted: false, star: false, at: 0 }
}

fn sign(op: &str) -> Sign {
    match op {
        "ne" => Sign::NotEqual,
        "lt" | "before" => Sign::Less,
        "lte" => Sign::AtMost,
        "gt" | "after" | "within_last" => Sign::More,
        "gte" => Sign::AtLeast,
        "contains" | "starts_with" | "is_null" => Sign::Colon,
        _ => Sign::Equal,
    }
}

/// What may be asked of a field of this kind.
pub(super) fn ops(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text | Kind::List | Kind::Phone | Kind::State => {
            &["eq", "ne", "contains", "starts_with", "in", "is_null"]
        }
        Kind::Code | Kind::Country => &["eq", "ne", "starts_with", "in", "is_null"],
        Kind::Enum(_) => &["eq", "ne", "in", "is_null"],
        Kind::Integer | Kind::Decimal => &["eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "is_null"],
        Kind::Bool => &["is", "ne", "is_null"],
        Kind::Time | Kind::Date => &["before", "after", "lte", "gte", "within_last", "between", "is_null"],
        Kind::Age(_) | Kind::Json => &[],
    }
}

/// The JSON form of a tree.
pub(super) fn write(expr: &Expr, vocabulary: &Vocabulary) -> Json {
    let list = |parts: &[Expr]| parts.iter().map(|part| write(part, vocabulary)).collect::<Vec<_>>();
    match expr {
        Expr::All(parts) => json!({ "all": list(parts) }),
        Expr::Any(parts) => json!({ "any": list(parts) }),
        Expr::Not(part) => json!({ "not": write(part, vocabulary) }),
        Expr::Search(word) => json!({ "search": word }),
        Expr::Is(Condition { field, op, value }) => {
            let kind = vocabulary.find(field).map(|field| field.kind);
            json!({ "field": field, "op": name(*op, kind), "value": value_json(value) })
        }
    }
}

fn name(op: Op, kind: Option<Kind>) -> &'static str {
    let time = matches!(kind, Some(Kind::Time | Kind::Date));
    match op {
        Op::Eq if kind == Some(Kind::Bool) => "is",
        Op::Lt if time => "before",
        Op::Gt if time => "after",
        Op::Eq => "eq",
        Op::Ne => "ne",
        Op::Contains => "contains",
        Op::StartsWith => "starts_with",
        Op::In => "in",
        Op::IsNull => "is_null",
        Op::Lt => "lt",
        Op::Lte => "lte",
        Op::Gt => "gt",
        Op::Gte => "gte",
        Op::Between => "between",
    }
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Decimal(value) => (*value).into(),
        Value::Time(value) => value.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true).into(),
        Value::Text(value) => value.as_str().into(),
        Value::List(values) => values.iter().map(value_json).collect(),
    }
}
