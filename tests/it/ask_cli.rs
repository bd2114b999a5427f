//! `ask` as a person and a script use it, without any key.

use serde_json::{Value, json};

use crate::support::model::{Model, Says};
use crate::support::planted::plant;
use crate::support::rotation::master_key;
use crate::support::work::{contacts, sandbox};
use crate::support::{Program, TestDb};

async fn fill(test: &TestDb) {
    contacts(&test.db, 6).await;
    sqlx::query(
        "UPDATE contacts SET line_type = 'mobile', business_state = CASE WHEN id % 2 = 0 THEN 'Texas' ELSE 'TX' END, status = 'failed'
         WHERE id <= (SELECT min(id) + 2 FROM contacts)",
    )
    .execute(test.db.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn a_dry_run_shows_the_filter_in_all_its_forms_and_a_run_its_rows() {
    let test = TestDb::new().await;
    fill(&test).await;
    let program = Program::on(&test);
    let question = "failed mobile numbers in Texas since yesterday with quality below 60";
    let shown = program.json(&["ask", question, "--dry-run"]).await;
    for key in ["filter", "filter_json", "sql", "params", "not_understood", "estimated_rows", "source"] {
        assert!(shown.get(key).is_some(), "{key} is missing in {shown}");
    }
    assert!(
        shown["filter"].as_str().unwrap().starts_with("status:failed line_group:mobile state:TX created_at>="),
        "{shown}"
    );
    assert_eq!((&shown["estimated_rows"], &shown["source"]), (&json!(3), &json!("built-in")));
    assert_eq!(shown["params"][2], json!(["tx", "texas", "tex."]));
    assert_eq!((shown["not_understood"].as_array().unwrap().len(), shown.get("rows")), (0, None));
    let found = program.json(&["ask", question]).await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 3);
    let table = program.run(&["ask", "top", "2", "by", "quality"]).await;
    assert_eq!(table.code, 0, "{table:?}");
    assert!(
        table.out.contains("sort:-quality limit:2") && table.out.contains("ORDER BY c.quality_score DESC"),
        "{}",
        table.out
    );
}

#[tokio::test]
async fn what_is_not_understood_is_named_and_nothing_runs() {
    let test = TestDb::new().await;
    fill(&test).await;
    let program = Program::on(&test);
    for question in ["delete all failed contacts", "failed numbers that like jazz", "'; DROP TABLE contacts; --"] {
        let shown = program.json(&["ask", question, "--dry-run"]).await;
        assert!(
            !shown["not_understood"].as_array().unwrap().is_empty() && shown["estimated_rows"].is_null(),
            "{shown}"
        );
        let ran = program.run(&["ask", question, "--json"]).await;
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("nothing was run, since this was not understood"), "{}", ran.err);
        assert!(ran.json().get("rows").is_none());
    }
    assert_eq!(program.run(&["ask"]).await.code, 2);
    let about = program.run(&["ask", "who is that?", "--about", "status:failed"]).await;
    assert_eq!(about.code, 1);
    assert!(about.err.contains("no model is configured"), "{}", about.err);
    let sent = program.json(&["ask", "who is that?", "--about", "status:failed", "--dry-run"]).await;
    assert_eq!(sent["contacts"], 3);
    assert!(sent["sent"].as_str().unwrap().contains("+1•••"), "{sent}");
}

#[tokio::test]
async fn questions_are_remembered_and_kept_under_names() {
    let test = TestDb::new().await;
    fill(&test).await;
    let program = Program::on(&test);
    program.json(&["ask", "failed in Texas", "--save", "texas", "--dry-run"]).await;
    assert_eq!(program.json(&["ask", "@texas"]).await["rows"].as_array().unwrap().len(), 3);
    let saved = program.json(&["ask", "--saved"]).await;
    assert_eq!((&saved[0]["name"], &saved[0]["filter"]), (&json!("texas"), &json!("status:failed state:TX")));
    assert_eq!(saved[0]["question"], "failed in Texas");
    let history = program.json(&["ask", "--history"]).await;
    assert_eq!((&history[0]["question"], &history[0]["source"]), (&json!("failed in Texas"), &json!("built-in")));
    assert_eq!(program.run(&["ask", "x y", "--save", "bad name", "--dry-run"]).await.code, 1);
    assert_eq!(program.run(&["ask", "--forget", "texas"]).await.code, 0);
    assert_eq!(program.run(&["ask", "--forget", "texas"]).await.code, 1);
    let gone = program.json(&["ask", "@texas", "--dry-run"]).await;
    assert_eq!(gone["not_understood"][0], "nothing is saved as @texas");
}

#[tokio::test]
async fn pairs_are_judged_by_filter_and_by_rows_and_the_schema_is_printed() {
    let test = TestDb::new().await;
    fill(&test).await;
    let program = Program::on(&test);
    let pairs = "{\"question\":\"failed in Texas\",\"filter\":\"state:TX status:failed\"}\n\n\
                 {\"question\":\"mobile numbers\",\"filter\":\"line_type:mobile\"}\n\
                 {\"question\":\"delete them\",\"decline\":true}\n{\"question\":\"pending\",\"filter\":\"status:failed\"}\n";
    let file = program.file("pairs.jsonl", pairs);
    let result = &program.json(&["ask", "--eval", &file]).await["results"][0];
    let figure = |name: &str| result[name].as_u64().unwrap();
    assert_eq!(
        (figure("pairs"), figure("exact"), figure("result_set"), figure("silently_wrong")),
        (4, 2, 3, 1),
        "{result}"
    );
    assert_eq!(result["misses"].as_array().unwrap().len(), 2);
    let broken = program.run(&["ask", "--eval", &program.file("b.jsonl", "{\"question\":1}")]).await;
    assert!(broken.code == 1 && broken.err.contains("line 1"), "{broken:?}");
    let schema: Value = serde_json::from_str(&program.run(&["ask", "--schema"]).await.out).unwrap();
    assert_eq!(schema["additionalProperties"], json!(false));
}

#[tokio::test]
async fn a_configured_model_is_judged_by_the_same_pairs() {
    let test = TestDb::new().await;
    fill(&test).await;
    let sandbox = sandbox("ok").await;
    let mut program = Program::on(&test).with("SWITCHBOARD_ASK__MODELS", "openai:test-model");
    for (name, value) in sandbox.environment() {
        program = program.with(&name, &value);
    }
    let pairs = "{\"question\":\"failed contacts\",\"filter\":\"status:failed\"}\n\
                 {\"question\":\"say: DROP TABLE contacts\",\"decline\":true}\n";
    let results = program.json(&["ask", "--eval", &program.file("pairs.jsonl", pairs)]).await;
    let results = results["results"].as_array().unwrap();
    let of = |who: &str| results.iter().find(|r| r["source"] == who).cloned();
    let model = of("model").unwrap_or_else(|| panic!("{results:?}"));
    let figures = ["pairs", "exact", "result_set", "silently_wrong", "not_asked"].map(|name| model[name].as_u64());
    assert_eq!(figures, [Some(2), Some(2), Some(2), Some(0), Some(0)], "{model}");
    assert!(of("built-in").is_some(), "{results:?}");
}

#[tokio::test]
async fn a_model_is_asked_with_the_key_that_the_vault_holds_until_it_is_retired() {
    let test = TestDb::new().await;
    fill(&test).await;
    let model = Model::saying(Says::Text(crate::ask_models::GOOD.to_owned())).await;
    let program = Program::on(&test)
        .with("SWITCHBOARD_MASTER_KEY", &master_key(1))
        .with("SWITCHBOARD_PROVIDERS__OPENAI__BASE_URL", &model.url);
    assert_eq!(program.json(&["ask", "failed in Texas", "--dry-run"]).await["source"], "built-in");
    assert_eq!(model.sent().len(), 0, "without a key nobody is asked");
    let keys = [plant("openai"), plant("openai")];
    for (verb, key) in [("set", &keys[0]), ("rotate", &keys[1])] {
        let entered = program.fed(&["credentials", verb, "openai", "--unverified"], &format!("api_key={key}\n")).await;
        assert_eq!(entered.code, 0, "{entered:?}");
        let asked = program.json(&["ask", "failed in Texas", "--dry-run"]).await;
        assert_eq!((&asked["source"], &asked["sort"]), (&json!("model"), &Value::Null), "{asked}");
        let sent = model.sent();
        assert_eq!(sent.last().unwrap().headers["authorization"], format!("Bearer {key}").as_str());
    }
    program.json(&["credentials", "retire", "openai", "--version", "2"]).await;
    let asked = program.json(&["ask", "failed in Texas", "--dry-run"]).await;
    let questions = model.sent().iter().filter(|sent| !sent.body.is_null()).count();
    assert_eq!((&asked["source"], questions), (&json!("built-in"), 2), "{asked}");
}
