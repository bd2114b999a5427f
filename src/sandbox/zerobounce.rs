//! ZeroBounce: the key in the query, errors as a text, values as text.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    provider::{Answer, Asked, Provider},
    query::{self, given},
    world::Mailbox,
};

pub(super) const PROVIDER: Provider =
    Provider { id: "zerobounce", settings: "ZEROBOUNCE", base: "/v2", pace: 2.5, answer, error, busy, subject };

fn refusal(status: u16, words: &str) -> Answer {
    Answer::json(status, &json!({ "error": words }))
}

fn error(status: u16) -> Answer {
    match status {
        401 => refusal(200, "Invalid API key or your account ran out of credits"),
        402 => refusal(200, "Your account ran out of credits"),
        403 => Answer::html(403, "<html><body>Access denied</body></html>".to_owned()),
        404 => Answer::html(404, "<html><body>Not found</body></html>".to_owned()),
        status => Answer::html(status, "<html><body>Server error</body></html>".to_owned()),
    }
}

/// Nothing says how long.
fn busy(_: u32) -> Answer {
    refusal(429, "Too many requests")
}

/// Addresses that one request may hold.
const ADDRESSES_MAX: usize = 100;

/// Of a batch the first address.
fn subject(asked: &Asked<'_>) -> String {
    let single = query::value(asked.query, "email");
    if single.is_empty() && asked.path == "/v2/validatebatch" {
        let body: Value = serde_json::from_slice(asked.body).unwrap_or_default();
        return body["email_batch"][0]["email_address"].as_str().unwrap_or_default().to_owned();
    }
    single
}

fn answer(asked: &Asked<'_>) -> Answer {
    if asked.path == "/v2/validatebatch" {
        return if asked.method == "POST" { batch(asked) } else { error(404) };
    }
    if asked.method != "GET" {
        return error(404);
    }
    let is_ours = query::value(asked.query, "api_key") == asked.keys.of("zerobounce");
    match asked.path {
        "/v2/getcredits" => Answer::json(200, &json!({ "Credits": if is_ours { "1234" } else { "-1" } })),
        "/v2/validate" if is_ours => validate(asked.query),
        "/v2/validate" => error(401),
        _ => error(404),
    }
}

fn validate(query: &str) -> Answer {
    let known = query::read(query, &["api_key", "email", "ip_address", "timeout", "activity_data"]);
    let Ok(parameters) = known else { return refusal(400, "Invalid parameter") };
    match (given(&parameters, "email"), parameters.contains_key("ip_address")) {
        (Some(email), true) => Answer::json(200, &record(&email.to_lowercase())),
        (None, _) => refusal(400, "Missing parameter: email"),
        (_, false) => refusal(400, "Missing parameter: ip_address"),
    }
}

/// The key stands in the body; what is wrong with it is said of `all`.
fn batch(asked: &Asked<'_>) -> Answer {
    let is_json =
        asked.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let body: Value = serde_json::from_slice(asked.body).unwrap_or_default();
    let wishes = body["email_batch"].as_array().filter(|wishes| (1..=ADDRESSES_MAX).contains(&wishes.len()));
    let Some(wishes) = wishes.filter(|_| is_json) else { return refusal(400, "Invalid parameter: email_batch") };
    let wrong = |words: &str, address: &Value| json!({ "error": words, "email_address": address });
    if body["api_key"] != asked.keys.of("zerobounce") {
        let words = "Invalid API Key or your account ran out of credits";
        return Answer::json(200, &json!({ "email_batch": [], "errors": [wrong(words, &json!("all"))] }));
    }
    let (mut answered, mut errors) = (Vec::new(), Vec::new());
    for wish in wishes {
        match (wish["email_address"].as_str().filter(|email| !email.is_empty()), wish.get("ip_address")) {
            (Some(email), Some(_)) => answered.push(record(&email.to_lowercase())),
            _ => errors.push(wrong("Missing parameter: email_address or ip_address", &wish["email_address"])),
        }
    }
    Answer::json(200, &json!({ "email_batch": answered, "errors": errors }))
}

fn record(email: &str) -> Value {
    let dice = Dice::new(0, email);
    let (account, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let (status, sub_status) = match Mailbox::of(email) {
        _ if !query::is_email(email) => ("invalid", "failed_syntax_check"),
        Mailbox::Valid => ("valid", ""),
        Mailbox::Invalid => ("invalid", dice.pick("reason", &["mailbox_not_found", "does_not_accept_mail"])),
        Mailbox::CatchAll => ("catch-all", ""),
        Mailbox::Unknown => ("unknown", dice.pick("reason", &["greylisted", "timeout_exceeded", "antispam_system"])),
        Mailbox::Disposable => ("do_not_mail", "disposable"),
    };
    json!({
        "address": email, "status": status, "sub_status": sub_status, "free_email": false, "did_you_mean": null, "account": account, "domain": domain,
        "domain_age_days": (300 + dice.below("age", 9000)).to_string(), "smtp_provider": "google", "mx_found": "true", "mx_record": format!("mx.{domain}"),
        "catchall_domain": null, "firstname": null, "lastname": null, "gender": null, "country": null, "region": null, "city": null, "zipcode": null,
        "processed_at": "2025-06-01 10:11:12.131",
    })
}
