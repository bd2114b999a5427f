//! The published JSON Schema of the language, made from the registry of fields: what a model may answer, and nothing else.
//!
//! It keeps to what providers call strict: every property is required, nothing may stand beside them, and no reference
//! is circular, so that depth is bounded by the schema itself.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::json::ops;
use super::{CONDITIONS_MAX, CONTACTS, DEPTH_MAX, LIST_MAX, ROWS_MAX};
use crate::contacts::fields::{Field, Kind};
use crate::contacts::page::Sort;

/// The schema of a question's answer: filter, order, number of rows, and what was not understood.
pub fn schema() -> Json {
    let mut defs = BTreeMap::from([("condition".to_owned(), json!({ "anyOf": conditions() }))]);
    let condition = json!({ "$ref": "#/$defs/condition" });
    let search = object(&[(
        "search",
        json!({ "type": "string", "description": "name, company, e-mail or number contains it" }),
    )]);
    let mut inner = json!({ "anyOf": [condition, search] });
    for depth in 1..=DEPTH_MAX {
        let name = format!("depth{}", depth - 1);
        let below = json!({ "$ref": format!("#/$defs/{name}") });
        let many = json!({ "type": "array", "items": below, "maxItems": CONDITIONS_MAX });
        defs.insert(name, inner);
        let groups = [object(&[("all", many.clone())]), object(&[("any", many)]), object(&[("not", below)])];
        let all: Vec<Json> = [condition.clone(), search.clone()].into_iter().chain(groups).collect();
        inner = json!({ "anyOf": all });
    }
    let sorts: Vec<Json> = Sort::ALL.iter().map(|sort| sort.name().into()).chain([Json::Null]).collect();
    let mut root = object(&[
        ("filter", inner),
        ("sort", json!({ "type": ["string", "null"], "enum": sorts, "description": "`-` is descending" })),
        ("limit", json!({ "type": ["integer", "null"], "minimum": 1, "maximum": ROWS_MAX })),
        (
            "not_understood",
            json!({ "type": "array", "items": { "type": "string" },
            "description": "the words of the question that the filter does not express; empty if it expresses all" }),
        ),
    ]);
    if let Json::Object(root) = &mut root {
        root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        root.insert("title".to_owned(), "A filter of contacts".into());
        root.insert("$defs".to_owned(), json!(defs));
    }
    root
}

fn object(properties: &[(&str, Json)]) -> Json {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Json> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// One kind of question: these fields, these operators, this value.
fn condition(fields: &[&str], ops: &[&str], value: Json) -> Json {
    let word = |words: &[&str]| json!({ "type": "string", "enum": words });
    object(&[("field", word(fields)), ("op", word(ops)), ("value", value)])
}

fn conditions() -> Vec<Json> {
    let mut groups: Vec<(Kind, Vec<&'static str>)> = Vec::new();
    for field in CONTACTS.fields().filter(|field| !ops(field.kind).is_empty()) {
        match groups.iter_mut().find(|(kind, _)| *kind == field.kind) {
            Some((_, names)) => names.push(field.name),
            None => groups.push((field.kind, vec![field.name])),
        }
    }
    let mut all = Vec::new();
    for (kind, names) in &groups {
        let single: Vec<&str> =
            ops(*kind).iter().copied().filter(|op| !["in", "between", "is_null"].contains(op)).collect();
        all.push(condition(names, &single, value(*kind, names)));
        let many = json!({ "type": "array", "items": value(*kind, &[]), "maxItems": LIST_MAX });
        if ops(*kind).contains(&"in") {
            all.push(condition(names, &["in"], many));
        }
        if ops(*kind).contains(&"between") {
            let two = json!({ "type": "array", "items": value(*kind, &[]), "minItems": 2, "maxItems": 2 });
            all.push(condition(names, &["between"], two));
        }
    }
    let names: Vec<&str> = CONTACTS.fields().filter(|f| !ops(f.kind).is_empty()).map(|f| f.name).collect();
    all.push(condition(&names, &["is_null"], json!({ "type": "null" })));
    all
}

fn value(kind: Kind, names: &[&str]) -> Json {
    let units: Vec<String> = names
        .iter()
        .filter_map(|name| CONTACTS.find(name))
        .filter_map(|field| unit(field).map(|unit| format!("{}: {unit}", field.name)))
        .collect();
    let mut value = match kind {
        Kind::Enum(words) => json!({ "type": "string", "enum": words }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Decimal => json!({ "type": "number" }),
        Kind::Time | Kind::Date => json!({ "type": "string",
            "description": "2026-01-31, 2026-01-31T18:00:00Z, today, yesterday, this-week, last-week, this-month, last-month, this-year, last-year, or 7d, 24h, 90m for so long ago" }),
        Kind::State => json!({ "type": "string", "description": "code or name, such as TX or Texas" }),
        Kind::Country => json!({ "type": "string", "description": "ISO code or name, such as DE or Germany" }),
        Kind::Phone => json!({ "type": "string", "description": "a number in E.164, or part of one" }),
        _ => json!({ "type": "string" }),
    };
    if !units.is_empty() {
        value["description"] = units.join("; ").into();
    }
    value
}

/// What a number counts.
pub(super) fn unit(field: &Field) -> Option<&'static str> {
    Some(match field.name {
        "quality_score"
        | "completeness"
        | "email_score"
        | "sms_pumping_risk_score"
        | "business_confidence"
        | "address_confidence" => "0 to 100",
        "business_employee_count" => "people",
        "business_annual_revenue" => "USD a year",
        "business_founded_year" => "a year",
        "api_cost" => "USD",
        "api_response_time_ms" => "milliseconds",
        "error_http_status" => "an HTTP status",
        _ => return None,
    })
}
