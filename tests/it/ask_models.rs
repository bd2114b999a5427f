//! Models behind the gateway: what they are sent, what is made of hostile answers, who is asked when one can't be.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use switchboard::cli::ask_desk;
use switchboard::contacts::filter::Query;
use switchboard::database::Db;
use switchboard::operations::ask::{AskDesk, Proposal};
use switchboard::queue::lane;
use switchboard::sandbox::{Options, Sandbox};
use switchboard::settings::Settings;

use crate::support::TestDb;
use crate::support::logins::login;
use crate::support::model::{Model, Says, completion};

pub const GOOD: &str = r#"{"filter":{"all":[{"field":"status","op":"eq","value":"failed"},{"field":"state","op":"eq","value":"Texas"}]},"sort":"-quality","limit":5,"not_understood":[]}"#;

async fn desk(db: &Db, settings: &[(&str, &str)]) -> AskDesk {
    lane::seed(db).await.unwrap();
    let overrides: Vec<_> = settings.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    ask_desk(db, &Settings::isolated(&overrides).unwrap()).unwrap()
}

async fn openai(db: &Db, model: &Model) -> AskDesk {
    let settings = [
        ("providers.openai.base_url", model.url.as_str()),
        ("providers.openai.api_key", "test-key"),
        ("providers.openai.timeout", "700ms"),
        ("breakers.openai.threshold", "1000"),
        ("breakers.openai.rate_rule", "false"),
    ];
    desk(db, &settings).await
}

/// Everything in the database but what a question is meant to write: its usage, its memory, the health of its model.
async fn dump(db: &Db) -> Vec<(String, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
         AND table_name NOT IN ('usage', 'ask_history', 'breakers', 'breaker_events', 'timeline') ORDER BY 1",
    )
    .fetch_all(db.pool())
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let sql = format!("SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '') FROM {table} AS t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(db.pool()).await.unwrap();
        all.push((table, text));
    }
    all
}

fn zeros(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; bytes]).unwrap();
    encoder.finish().unwrap()
}

pub fn hostile() -> Vec<(&'static str, Says)> {
    let text = |text: &str| Says::Text(text.to_owned());
    let whole =
        |filter: &str| Says::Text(format!(r#"{{"filter":{filter},"sort":null,"limit":null,"not_understood":[]}}"#));
    let message = |message: Value| {
        Says::Raw(200, json!({ "choices": [{ "finish_reason": "tool_calls", "message": message }] }).to_string())
    };
    vec![
        ("an unknown field", whole(r#"{"field":"password","op":"eq","value":"x"}"#)),
        ("an unknown operator", whole(r#"{"field":"status","op":"raw_sql","value":"1=1"}"#)),
        (
            "an unknown key",
            text(r#"{"filter":{"all":[]},"sort":null,"limit":null,"not_understood":[],"sql":"DROP TABLE contacts"}"#),
        ),
        ("SQL", text("SELECT * FROM contacts; DROP TABLE contacts;")),
        (
            "SQL as a sort",
            text(r#"{"filter":{"all":[]},"sort":"id; DROP TABLE contacts","limit":null,"not_understood":[]}"#),
        ),
        ("a wider limit", text(r#"{"filter":{"all":[]},"sort":null,"limit":10000000,"not_understood":[]}"#)),
        ("prose", text("Sure! Here is your filter: {\"filter\":{\"all\":[]}}")),
        ("markdown", text("# Filter\n```sql\nDROP TABLE contacts\n```\n![x](https://evil.example/?q=1)")),
        ("broken JSON", text(r#"{"filter":{"all":[{"field":"#)),
        (
            "a key twice",
            text(r#"{"filter":{"all":[]},"filter":{"search":"x"},"sort":null,"limit":null,"not_understood":[]}"#),
        ),
        ("deep nesting", text(&format!("{}{}", r#"{"filter":{"not":"#.repeat(200), "}".repeat(400)))),
        ("brackets", text(&"[".repeat(15_000))),
        ("a megabyte of text", text(&"x".repeat(1_000_000))),
        ("a hundred conditions", whole(&format!(r#"{{"any":[{}]}}"#, vec![r#"{"search":"x"}"#; 100].join(",")))),
        ("no number", whole(r#"{"field":"quality_score","op":"lt","value":NaN}"#)),
        ("an endless number", whole(r#"{"field":"quality_score","op":"lt","value":1e400}"#)),
        (
            "escape sequences",
            whole("{\"field\":\"full_name\",\"op\":\"contains\",\"value\":\"\\u001b]52;c;eA==\\u0007\"}"),
        ),
        (
            "escapes in the rest",
            text("{\"filter\":{\"all\":[]},\"sort\":null,\"limit\":null,\"not_understood\":[\"\\u001b[2J\\u202e\"]}"),
        ),
        ("no text", message(json!({ "role": "assistant", "content": null }))),
        (
            "a tool call",
            message(json!({ "role": "assistant", "content": GOOD, "tool_calls": [{ "id": "1", "type": "function",
            "function": { "name": "run_sql", "arguments": "{}" } }] })),
        ),
        ("a refusal", message(json!({ "role": "assistant", "content": null, "refusal": "no" }))),
        ("an answer that was cut", Says::Raw(200, completion(GOOD).replace("stop", "length"))),
        ("another shape", Says::Raw(200, r#"{"choices":{"0":1}}"#.to_owned())),
        ("a page", Says::Raw(200, "<html>\u{1b}[2J".to_owned())),
        ("a nested envelope", Says::Raw(200, "{\"choices\":".repeat(50_000))),
        ("three megabytes", Says::Raw(200, completion(&"x".repeat(3_000_000)))),
        ("a gzip bomb", Says::Gzip(zeros(8_000_000))),
        ("broken gzip", Says::Gzip(b"\x1f\x8bnot gzip".to_vec())),
        ("an error inside of a 200", Says::Raw(200, r#"{"error":{"code":502,"message":"x"}}"#.to_owned())),
        ("an endless drip", Says::Drip),
    ]
}

/// Nothing that a terminal would obey, in anything that is shown.
fn is_inert(proposal: &Proposal) -> bool {
    let shown = [&proposal.filter, &proposal.more.words]
        .into_iter()
        .chain(&proposal.not_understood)
        .chain(&proposal.more.notes);
    shown.into_iter().all(|text| text.chars().all(|c| !c.is_control() && c != '\u{202e}'))
}

#[tokio::test]
async fn whatever_a_model_answers_is_a_filter_of_the_language_or_a_refusal_with_a_reason() {
    let test = TestDb::new().await;
    sqlx::query("INSERT INTO contacts (raw_phone_number, phone_e164) VALUES ('1', '+14155550100')")
        .execute(test.db.pool())
        .await
        .unwrap();
    let model = Model::saying(Says::Drip).await;
    let desk = openai(&test.db, &model).await;
    let before = dump(&test.db).await;
    for (name, says) in hostile() {
        model.say(vec![says]);
        let proposal = desk.propose("who needs a \u{1b}[31mred\u{7} pencil?", false).await.unwrap();
        assert!(!proposal.not_understood.is_empty() && proposal.estimated_rows.is_none(), "{name}: {proposal:?}");
        assert!(proposal.not_understood.iter().all(|reason| !reason.trim().is_empty()), "{name}");
        assert!(Query::parse(&proposal.filter, desk.anchor()).is_ok() && is_inert(&proposal), "{name}: {proposal:?}");
        assert!((1..=2).contains(&model.sent().len()), "{name}: one round of repair at most");
    }
    assert_eq!(dump(&test.db).await, before);
}

#[tokio::test]
async fn a_good_answer_is_shown_and_run_and_a_bad_one_is_repaired_once() {
    let test = TestDb::new().await;
    let model = Model::saying(Says::Text(GOOD.to_owned())).await;
    let desk = openai(&test.db, &model).await;
    let proposal = desk.propose("worst five in Texas", false).await.unwrap();
    assert_eq!(proposal.filter, "status:failed state:TX sort:-quality limit:5");
    assert_eq!((proposal.source, proposal.more.model.as_deref()), ("model", Some("openai/gpt-4o-mini")));
    assert_eq!(proposal.more.cost, 0.00021, "1,000 tokens in and 100 out");
    assert!(desk.run(&proposal.query).await.unwrap().rows.is_empty());
    let sent = &model.sent()[0];
    assert_eq!(sent.path, "/v1/chat/completions");
    assert_eq!(sent.headers["authorization"], "Bearer test-key");
    assert_eq!((&sent.body["store"], &sent.body["response_format"]["type"]), (&json!(false), &json!("json_schema")));

    model.say(vec![Says::Text("{}".to_owned()), Says::Text(GOOD.to_owned())]);
    let repaired = desk.propose("worst five in Texas", false).await.unwrap();
    assert_eq!((repaired.filter.as_str(), model.sent().len()), (proposal.filter.as_str(), 2));
    assert!(model.sent()[1].body.to_string().contains("That was refused: the filter is missing"));
    let usage: (i64, f64) =
        sqlx::query_as("SELECT calls, cost::float8 FROM usage WHERE provider = 'openai' AND operation = 'ask'")
            .fetch_one(test.db.pool())
            .await
            .unwrap();
    assert_eq!(usage, (3, 0.00063));
}

#[tokio::test]
async fn the_sql_is_the_same_for_every_value_however_hostile() {
    let test = TestDb::new().await;
    let model = Model::saying(Says::Drip).await;
    let desk = openai(&test.db, &model).await;
    let mut texts = Vec::new();
    for value in
        ["Ann", "'; DROP TABLE contacts; --", "x' OR '1'='1", "$1", "%_\\", "{{7*7}}", "\u{202e}", "漢字", "\"; \\copy"]
    {
        let answer = json!({ "filter": { "all": [{ "field": "full_name", "op": "contains", "value": value },
            { "field": "email_status", "op": "eq", "value": value }, { "search": format!("s{value}") }] },
            "sort": null, "limit": null, "not_understood": [] });
        model.say(vec![Says::Text(answer.to_string())]);
        let proposal = desk.propose("x", false).await.unwrap();
        assert!(proposal.not_understood.is_empty(), "{value}: {proposal:?}");
        assert!(desk.run(&proposal.query).await.unwrap().rows.is_empty());
        texts.push(proposal.sql);
    }
    assert!(texts.iter().all(|sql| *sql == texts[0]), "{texts:#?}");
}

#[tokio::test]
async fn the_next_model_is_asked_when_a_breaker_is_open_and_the_grammar_when_all_are() {
    let test = TestDb::new().await;
    let broken = Model::saying(Says::Raw(503, "{}".to_owned())).await;
    let anthropic = json!({ "type": "message", "role": "assistant", "content": [{ "type": "text", "text": GOOD }],
        "stop_reason": "end_turn", "usage": { "input_tokens": 10, "output_tokens": 5 } });
    let second = Model::saying(Says::Raw(200, anthropic.to_string())).await;
    let settings = [
        ("providers.openai.base_url", broken.url.as_str()),
        ("providers.openai.api_key", "k1"),
        ("providers.anthropic.base_url", second.url.as_str()),
        ("providers.anthropic.api_key", "k2"),
        ("ask.models", "openai,anthropic:claude-test"),
        ("breakers.openai.threshold", "2"),
        ("breakers.anthropic.threshold", "2"),
    ];
    let desk = desk(&test.db, &settings).await;
    for _ in 0..2 {
        let proposal = desk.propose("x", false).await.unwrap();
        assert_eq!(proposal.more.model.as_deref(), Some("anthropic/claude-test"));
        assert!(
            proposal.more.notes[0].starts_with("openai was not asked or gave nothing"),
            "{:?}",
            proposal.more.notes
        );
    }
    assert_eq!(second.sent()[0].headers["x-api-key"], "k2");
    assert_eq!(second.sent()[0].path, "/v1/messages");
    desk.propose("x", false).await.unwrap();
    assert_eq!(broken.sent().len(), 2, "the breaker is open: nothing is sent");
    second
        .say(vec![Says::Raw(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#.to_owned())]);
    for _ in 0..3 {
        let proposal = desk.propose("failed in Texas", false).await.unwrap();
        assert_eq!((proposal.filter.as_str(), proposal.source), ("status:failed state:TX", "built-in"));
        assert!(proposal.not_understood.is_empty());
    }
    assert_eq!(second.sent().len(), 2);
    let states: Vec<(String, String)> =
        sqlx::query_as("SELECT name, state FROM breakers WHERE state <> 'closed' ORDER BY name")
            .fetch_all(test.db.pool())
            .await
            .unwrap();
    assert_eq!(states.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["anthropic-api", "openai-api"]);
}

#[tokio::test]
async fn after_its_cool_off_a_model_is_probed_by_the_next_question() {
    let test = TestDb::new().await;
    let model = Model::saying(Says::Raw(500, "{}".to_owned())).await;
    let settings = [
        ("providers.compatible.base_url", model.url.as_str()),
        ("ask.models", "compatible:local"),
        ("breakers.compatible.threshold", "1"),
        ("breakers.compatible.cool_off", "300ms"),
    ];
    let desk = desk(&test.db, &settings).await;
    assert_eq!(desk.propose("failed", false).await.unwrap().source, "built-in");
    model.say(vec![Says::Text(GOOD.to_owned())]);
    crate::support::eventually(std::time::Duration::from_secs(20), || async {
        desk.propose("failed", false).await.unwrap().source == "model"
    })
    .await;
    let sent = &model.sent()[0];
    assert_eq!((sent.path.as_str(), &sent.body["model"]), ("/v1/chat/completions", &json!("local")));
    assert!(sent.body.get("store").is_none() && sent.body["max_tokens"].is_u64());
}

#[tokio::test]
async fn money_of_the_day_and_a_missing_key_lead_to_the_grammar() {
    let test = TestDb::new().await;
    let model = Model::saying(Says::Text(GOOD.to_owned())).await;
    let settings = [
        ("providers.openai.base_url", model.url.as_str()),
        ("providers.openai.api_key", "k"),
        ("providers.openai.budget_usd", "0.02"),
    ];
    let desk = desk(&test.db, &settings).await;
    assert_eq!(desk.propose("failed", false).await.unwrap().source, "model");
    sqlx::query("UPDATE usage SET cost = 0.0195 WHERE provider = 'openai'").execute(test.db.pool()).await.unwrap();
    let proposal = desk.propose("failed", false).await.unwrap();
    assert_eq!(proposal.source, "built-in");
    assert!(proposal.more.notes[0].contains("money for today is spent"), "{:?}", proposal.more.notes);
    assert_eq!(model.sent().len(), 1);
    assert_eq!(desk.propose("failed", true).await.unwrap().source, "built-in");
    let keyless = super::ask_models::desk(&test.db, &[("providers.openai.base_url", model.url.as_str())]).await;
    assert!(!keyless.has_models());
    assert_eq!(keyless.propose("failed", false).await.unwrap().source, "built-in");
}

#[tokio::test]
async fn a_rate_holds_for_every_process_and_who_may_not_count_a_call_makes_none() {
    let test = TestDb::new().await;
    let model = Model::saying(Says::Text(GOOD.to_owned())).await;
    let settings = [
        ("providers.openai.base_url", model.url.as_str()),
        ("providers.openai.api_key", "k"),
        ("providers.openai.rate", "0.001"),
    ];
    lane::seed(&test.db).await.unwrap();
    let overrides: Vec<_> = settings.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::isolated(&overrides).unwrap();
    let operator = login(&test, "operator").await;
    let first = ask_desk(&operator.db, &settings).unwrap().propose("failed", false).await.unwrap();
    assert_eq!((first.source, first.more.cost), ("model", 0.00021), "{first:?}");
    let second = ask_desk(&test.db, &settings).unwrap().propose("failed", false).await.unwrap();
    assert!(second.more.notes[0].contains("rate is used up") && second.source == "built-in", "{second:?}");
    let viewer = login(&test, "viewer").await;
    sqlx::query("DELETE FROM model_pace").execute(test.db.pool()).await.unwrap();
    let third = ask_desk(&viewer.db, &settings).unwrap().propose("failed in Texas", false).await.unwrap();
    assert!(third.more.notes[0].contains("needs role operator"), "{third:?}");
    assert_eq!((third.source, third.filter.as_str()), ("built-in", "status:failed state:TX"));
    assert_eq!(model.sent().len(), 1);
}

#[tokio::test]
async fn every_provider_of_models_takes_our_requests_as_they_are() {
    let test = TestDb::new().await;
    let sandbox = Sandbox::start(Options { latency_scale: 0.0, ..Options::default() }).await.unwrap();
    lane::seed(&test.db).await.unwrap();
    for model in Sandbox::models() {
        let only = vec![("ask.models".to_owned(), format!("{model}:test-model"))];
        let settings = Settings::resolve(None, sandbox.environment().into_iter(), &only).unwrap();
        let desk = ask_desk(&test.db, &settings).unwrap();
        let proposal = desk.propose("failed contacts", false).await.unwrap();
        let shown = (proposal.filter.as_str(), proposal.source, proposal.not_understood.len());
        assert_eq!(shown, ("status:failed", "model", 0), "{model}: {proposal:?}");
        assert!(proposal.more.tokens.input > 0 && proposal.more.tokens.output > 0);
        let refused = desk.propose("say: DROP TABLE contacts", false).await.unwrap();
        assert!(refused.not_understood[0].starts_with("the model's answer was refused"), "{refused:?}");
        let wrong = [only[0].clone(), (format!("providers.{model}.api_key"), "wrong".to_owned())];
        let settings = Settings::resolve(None, sandbox.environment().into_iter(), &wrong).unwrap();
        let proposal = ask_desk(&test.db, &settings).unwrap().propose("failed contacts", false).await.unwrap();
        assert_eq!(proposal.source, "built-in");
        let note = &proposal.more.notes[0];
        assert!(note.contains("auth") && !note.contains("wrong"), "{note}");
    }
}

#[tokio::test]
async fn defect_36_no_word_of_a_question_or_an_answer_stands_in_an_address() {
    let test = TestDb::new().await;
    for (maker, path) in [
        ("openai", "/v1/chat/completions"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/v1beta/models/m:generateContent"),
        ("openrouter", "/api/v1/chat/completions"),
        ("compatible", "/v1/chat/completions"),
    ] {
        let model = Model::saying(Says::Text("zebra".to_owned())).await;
        let (base, key) = (format!("providers.{maker}.base_url"), format!("providers.{maker}.api_key"));
        let models = format!("{maker}:m");
        let desk = desk(&test.db, &[(&base, &model.url), (&key, "k"), ("ask.models", &models)]).await;
        desk.propose("failed quagga contacts", false).await.unwrap();
        let sent = model.sent();
        assert!(sent[0].body.to_string().contains("quagga"), "{maker} was not asked: {sent:?}");
        // Where the answer is readable at all, it goes back for repair: in the body.
        assert_eq!(sent.len() == 2, sent.last().unwrap().body.to_string().contains("zebra"), "{maker}");
        assert!(sent.iter().all(|call| call.address == path), "{maker}: {:?}", sent[0].address);
    }
}
