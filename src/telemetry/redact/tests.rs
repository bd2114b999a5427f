//! A corpus of what must be hidden, what must stay, and the laws. Samples are put together at run time, so that no
//! scanner finds a secret in these sources.

use std::sync::LazyLock;

use proptest::prelude::*;
use secrecy::SecretString;

use super::{Level, Lines, LiveSecret, Redactor, SharedRedactor};

const HEX: &str = "0123456789abcdef";

fn hex(digits: usize) -> String {
    HEX.chars().rev().cycle().step_by(3).take(digits).collect()
}

fn mixed(length: usize) -> String {
    "aZ3kP9xQ7mB2vT".chars().cycle().take(length).collect()
}

fn live(kind: &str, value: &str) -> LiveSecret {
    LiveSecret { kind: kind.to_owned(), value: SecretString::from(value.to_owned()) }
}

/// Patterns take long to compile without optimisation: once is enough.
static NONE_LIVE: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(&[]));

fn hide(text: &str) -> String {
    NONE_LIVE.redact(text, Level::Secrets).into_owned()
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Text with the place of the secret left open; the secret.
fn must_hide() -> Vec<(&'static str, String)> {
    let (t32, t24) = (hex(32), mixed(24));
    let basic = base64(&format!("{}{t32}:{t32}", "AC"));
    let jwt = format!("{}J{}.{}J{}.{}", "ey", mixed(20), "ey", mixed(30), mixed(43));
    let bare = [
        format!("{}{}", "AC", hex(32)),
        format!("{}{}", "SK", hex(32)),
        format!("{}-proj-{}", "sk", mixed(60)),
        format!("{}-or-v1-{}", "sk", hex(64)),
        format!("{}_{}", "sk", hex(32)),
        format!("{}{}", "AIza", mixed(35)),
        format!("{}-na1-{}-{}-{}-{}-{}", "pat", hex(8), hex(4), hex(4), hex(4), hex(12)),
        format!("{}b-{}", "xox", mixed(30)),
        jwt.clone(),
    ];
    let around = ["x {} y", "\u{1b}[31m{}\u{1b}[0m", "https://h.example/a%3D{}", "line\\n{} z", "(\"{}\")"];
    let mut all: Vec<_> =
        bare.iter().flat_map(|secret| around.iter().map(move |text| (*text, secret.clone()))).collect();
    let pairs = [
        "api_key={}&x=1",
        "apiKey: {}",
        "{\"auth_token\":\"{}\"}",
        "{\\\"auth_token\\\":\\\"{}\\\"}",
        "Creds { auth_token: \"{}\" }",
        "Creds { auth_token: Some(Secret(\"{}\")) }",
        "HUNTER_API_KEY={}",
        "GET /v2?access_key={}&n=1",
        "u?q%26api_key%3D{}%26x",
        "\"token\\u003d{}\\u0026b\"",
        "?key={}",
        "&amp;key={}",
        "password: '{}'",
        "client-secret={}",
        "x-api-key: {}",
        "X-Goog-Api-Key: {}",
        "<api_key>{}</api_key>",
        "token=\u{1b}[32m{}\u{1b}[0m",
        "\u{1b}[3mtoken\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"{}\"",
        "(\"x-api-key\", \"{}\")",
        "X-Twilio-Signature: {}",
        "the token is {} now",
        "db postgres://app:{}@db.example/x",
        "redis://:{}@h/0",
        "Authorization: Bearer {}",
        "\"authorization\": \"Bearer {}\"",
        "proxy-authorization: {}",
        "bearer {}",
        "hooks.slack.com/services/{}",
        "{\"a\":[{\"refresh_token\":\"{}\"}]}",
        "panicked: Auth { key: \"k\", api_token: \"{}\" }",
        "Auth {\n    auth_token: Some(\n        \"{}\",\n    ),\n}",
    ];
    all.extend(pairs.iter().map(|text| (*text, t24.clone())));
    let in_context = ["token {} refused", "https://h.example/v?trace={}&a", "https://{}@h.example/", "auth_token={}"];
    all.extend(in_context.iter().map(|text| (*text, t32.clone())));
    all.extend(
        ["Basic {}", "authorization: Basic {}", "-H 'Authorization: Basic {}'"].map(|text| (text, basic.clone())),
    );
    all
}

/// Lines of a log that hold nothing to hide.
const INNOCENT: [&str; 36] = [
    "password: none, token: null, secret=true",
    "basic authentication is required",
    "bearer of good news",
    "md5 9e107d9d372bb6826bd81d3542a419d6 of file",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7",
    "id 550e8400-e29b-41d4-a716-446655440000 done",
    "2026-11-24T03:20:10.123456Z INFO started",
    "token expired",
    "SELECT token, secret FROM t WHERE token = $1 AND api_key = ?",
    "unexpected token: identifier at line 3",
    "next token is a comma",
    "the secret: it works",
    "GET /v2/PhoneNumbers 200 12ms",
    "key=value pairs, key: primary",
    "max_tokens=512 temperature=0.2",
    "token: 512",
    "signature verification failed",
    "http://localhost:8080/a@b?x=1",
    "postgres://app@db.example/switchboard",
    "password_reset_at = now()",
    "api key missing for hunter",
    "PWD=/srv/app",
    "token=Token::Eof",
    "secret: SecretString",
    "credentials for lane twilio: missing",
    "etag=\"33a64df551425fcc\"",
    "claimed 200 jobs in 3.25 ms (lane=twilio)",
    "task-management-system-component",
    "branch sk-learn-pipeline-rework",
    "author: x, key: a, keyboard=1",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "token_count: 12, token_type: bearer",
    "password=${DB_PASSWORD}",
    "auth_token: None, api_key: Some(\"\")",
    "usage: --token <TOKEN> --filter F",
    "Authorization: Sensitive",
];

#[test]
fn every_secret_of_the_corpus_is_hidden_and_its_neighbours_stay() {
    for (text, secret) in must_hide() {
        let out = hide(&text.replace("{}", &secret));
        assert!(!out.contains(&secret) && out.contains("[redacted:"), "{text}: {out}");
        let (before, after) = text.split_once("{}").unwrap();
        assert!(out.starts_with(before) && out.ends_with(after), "{text}: {out}");
        assert_eq!(hide(&out), out);
    }
}

#[test]
fn innocent_lines_stay_as_they_are_also_where_people_are_masked() {
    let redactor = NONE_LIVE.with_live(&[live("twilio/env", &mixed(32))]);
    for line in INNOCENT {
        assert_eq!(redactor.redact(line, Level::SecretsAndPeople), line);
    }
}

#[test]
fn a_live_secret_is_found_in_every_spelling() {
    let secret = format!("p/{}\"ä {}", mixed(9), mixed(4));
    let redactor = NONE_LIVE.with_live(&[live("twilio/env", &secret)]);
    let json = serde_json::to_string(&secret).unwrap();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = "p%2FaZ3kP9xQ7%22%C3%A4%20aZ3k".to_owned();
    for spelled in [secret.clone(), json.trim_matches('"').to_owned(), percent.to_lowercase(), hex] {
        let with_case = if spelled.starts_with("p%2f") { percent.clone() } else { spelled };
        assert_eq!(redactor.redact(&format!("a {with_case} b"), Level::Secrets), "a [redacted:twilio/env] b");
    }
    for user in ["", "u:", "us:", "usr:", "user:"] {
        let out = redactor.redact(&format!("q {} b", base64(&format!("{user}{secret}"))), Level::Secrets).into_owned();
        assert!(out.contains("[redacted:twilio/env]"), "{user}: {out}");
    }
}

#[test]
fn what_was_found_once_is_hidden_everywhere_in_the_event() {
    let token = mixed(20);
    let out = hide(&format!("auth_token={token} retry with {token}, url https://h.example/{token}/x"));
    assert_eq!(
        out,
        "auth_token=[redacted:secret] retry with [redacted:secret], url https://h.example/[redacted:secret]/x"
    );
}

#[test]
fn cookies_are_hidden_by_value() {
    assert_eq!(
        hide(&format!("set-cookie: id={}; Path=/\nnext", mixed(12))),
        "set-cookie: id=[redacted:cookie]; Path=/\nnext"
    );
}

#[test]
fn a_private_key_is_hidden_over_several_lines_in_one_text_and_in_a_stream() {
    let body = [mixed(64), mixed(60)];
    let key = format!("-----BEGIN {0}-----\n{1}\n{2}\n-----END {0}-----", "RSA PRIVATE KEY", body[0], body[1]);
    assert_eq!(hide(&format!("a {key} b")), "a [redacted:private-key] b");
    let redactor = &*NONE_LIVE;
    let mut lines = Lines::new(redactor, Level::Secrets);
    let text = format!("before\n{key}\nafter");
    let out: Vec<_> = text.lines().filter_map(|line| lines.next(line)).collect();
    assert_eq!(out, ["before", "[redacted:private-key]", "after"]);
}

#[test]
fn people_are_masked_at_their_level_only() {
    let text = "mail jane.doe@northwind-harbor.example from +15550100123 or +44 7700 900123, (555) 010-0199";
    let redactor = &*NONE_LIVE;
    assert_eq!(redactor.redact(text, Level::Secrets), text);
    assert_eq!(
        redactor.redact(text, Level::SecretsAndPeople),
        "mail j***@northwind-harbor.example from +1•••••••123 or +44•••••••123, •••••••199"
    );
    for (text, masked) in [
        ("GET /v2/PhoneNumbers/+15550100123?Fields=x", "GET /v2/PhoneNumbers/+1•••••••123?Fields=x"),
        ("to=%2B15550100123&a", "to=%2B1•••••••123&a"),
        ("phone: 5550100199", "phone: •••••••199"),
        ("call 555-010-0199.", "call •••••••199."),
        ("tel 07700 900123", "tel ••••••••123"),
    ] {
        assert_eq!(redactor.redact(text, Level::SecretsAndPeople), masked);
    }
}

#[test]
fn a_long_line_is_cut_with_a_mark_and_no_half_of_a_secret_is_left() {
    let secret = mixed(40);
    let redactor = Redactor { max_text: 200, ..NONE_LIVE.with_live(&[live("twilio/v7", &secret)]) };
    for before in 100..220 {
        let text = format!("{}{secret}{}", "- ".repeat(before / 2), " tail".repeat(2000));
        let out = redactor.redact(&text, Level::Secrets).into_owned();
        assert!(out.len() <= 200 && out.contains("[cut, was "), "{out}");
        assert!(!out.contains(&secret[..8]), "{out}");
        assert_eq!(redactor.redact(&out, Level::Secrets), out);
    }
}

#[test]
fn a_rotation_changes_what_is_looked_for() {
    let (old, new) = (mixed(30), hex(30));
    let shared = SharedRedactor::new(&[live("twilio/v6", &old)]);
    shared.set_live(&[live("twilio/v7", &new), live("Odd Kind]", &old)]);
    let out = shared.clone().redact(&format!("{old} {new}"), Level::Secrets).into_owned();
    assert_eq!(out, "[redacted:live] [redacted:twilio/v7]");
}

#[test]
fn an_endless_line_takes_linear_time() {
    let redactor = &*NONE_LIVE;
    for piece in ["token=", "a@", "\\\"", "://a:", "+1 ", "-----BEGIN PRIVATE KEY", "Some(", "[redacted:", "0"] {
        let out = redactor.redact(&piece.repeat(400_000 / piece.len()), Level::SecretsAndPeople).into_owned();
        assert!(out.len() <= super::MAX_TEXT);
    }
}

fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "token=",
        "\"",
        "\\\"",
        ": ",
        "authorization: ",
        "Bearer ",
        "password",
        "=",
        "&",
        "@",
        "://",
        "+1",
        "555 010 0123",
        "[redacted:secret]",
        "[redacted:",
        "]",
        "•",
        " ",
        "\n",
        "user@host.example",
        "key",
        "?key=",
        "cookie: a=b",
        "%3D",
        "Some(",
        "<secret>",
        "</secret>",
        "\u{1b}[31m",
        "basic ",
        "-",
        "\\u003d",
        "-----BEGIN PRIVATE KEY-----",
    ];
    let fixed = proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned);
    let secrets = proptest::sample::select(must_hide()).prop_map(|(_, secret)| secret);
    prop_oneof![4 => fixed, 1 => secrets, 1 => "[a-zA-Z0-9:/+_.-]{1,24}", 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once_and_no_live_secret_comes_out(pieces in prop::collection::vec(piece(), 0..14), small in any::<bool>()) {
        let secret = format!("L{}", mixed(11));
        let made = NONE_LIVE.with_live(&[live("twilio/env", &secret)]);
        let redactor = Redactor { max_text: if small { 60 } else { super::MAX_TEXT }, ..made };
        let text = pieces.join("") + &secret;
        for level in [Level::Secrets, Level::SecretsAndPeople] {
            let once = redactor.redact(&text, level).into_owned();
            prop_assert!(!once.contains(&secret));
            prop_assert_eq!(redactor.redact(&once, level), once.as_str(), "from {}", text);
        }
    }
}
