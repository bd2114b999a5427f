//! What operators do to many contacts and to two: few statements, counted at the server; merges that can be undone.

use serde_json::{Value, json};
use switchboard::contacts::import::{ImportOptions, Source};
use switchboard::contacts::synthetic;
use switchboard::database::Db;
use switchboard::operations::actions::{
    Action, Actor, Confirmation, Enrich, ImportWish, Limits, LookUp, plan, run, run_import, undo,
};

use crate::support::TestDb;
use crate::support::work::{count, statements};

/// So many statements may a bulk action over 1,000 contacts issue, everything included.
const STATEMENTS_MAX: i64 = 40;

async fn act(db: &Db, action: Action) -> i64 {
    let planned = plan(db, action).await.unwrap();
    run(db, planned.confirm(Confirmation::Unattended).unwrap(), &Actor::here("test")).await.unwrap().changed
}

#[tokio::test]
async fn a_bulk_action_over_a_thousand_contacts_issues_at_most_forty_statements() {
    let test = TestDb::new().await;
    let db = &test.db;
    switchboard::queue::lane::seed(db).await.unwrap();
    if statements(db).await.is_none() {
        eprintln!("skipped: this server has no pg_stat_statements");
        return;
    }
    let numbers: Vec<String> = synthetic::generate(1000, 1).collect();
    let mut before = statements(db).await.unwrap();
    let mut at_most = async |what: &str| {
        let now = statements(db).await.unwrap();
        let issued = now - before;
        before = now + 1;
        assert!(issued <= STATEMENTS_MAX, "{what}: {issued} statements");
    };
    let source = Source::Reader(Box::new(std::io::Cursor::new(format!("phone\n{}\n", numbers.join("\n")))));
    let wish = ImportWish {
        source,
        options: ImportOptions::default(),
        lookups: Some(Limits { attempts: 5, lane_limit: 20_000_000 }),
    };
    let report = run_import(db, wish, &Actor::here("test"), &mut |_| {}).await.unwrap();
    assert_eq!(report.inserted, 1000);
    at_most("import").await;
    sqlx::raw_sql("DELETE FROM jobs; UPDATE contacts SET status = 'failed'; UPDATE lanes SET waiting = 0; DELETE FROM lane_deltas")
        .execute(db.pool())
        .await
        .unwrap();
    at_most("setting up").await;
    let wish = LookUp {
        filter: "status:failed".into(),
        again: false,
        packages: String::new(),
        attempts: 5,
        lane_limit: 20_000_000,
    };
    assert_eq!(act(db, Action::LookUp(wish)).await, 1000);
    at_most("status change").await;
    sqlx::raw_sql("DELETE FROM jobs; UPDATE contacts SET status = 'processing'; UPDATE contacts SET status = 'completed', lookup_performed_at = now()")
        .execute(db.pool())
        .await
        .unwrap();
    at_most("setting up").await;
    for checks_only in [false, true] {
        let wish = Enrich { filter: String::new(), again: false, checks_only };
        assert_eq!(act(db, Action::Enrich(wish)).await, 1000);
        at_most("enrichment and score").await;
    }
}

async fn person(db: &Db, phone: &str, email: Option<&str>, verified: bool) -> i64 {
    let sql = "INSERT INTO contacts (raw_phone_number, phone_e164, full_name, email, email_verified) VALUES ($1, $1, 'Jane Doe', $2, $3) RETURNING id";
    sqlx::query_scalar(sql).bind(phone).bind(email).bind(verified).fetch_one(db.pool()).await.unwrap()
}

async fn card(db: &Db, id: i64) -> Value {
    let sql = "SELECT to_jsonb(c) - 'updated_at' FROM contacts c WHERE id = $1";
    sqlx::query_scalar(sql).bind(id).fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_merge_shows_what_it_would_do_and_is_undone_to_the_last_column() {
    let test = TestDb::new().await;
    let db = &test.db;
    let first = person(db, "+14155550120", None, false).await;
    let second = person(db, "+14155550121", Some("jane@harbor.example"), true).await;
    let (one, two) = (card(db, first).await, card(db, second).await);
    let merge = Action::Merge { primary: first, duplicate: second };
    let planned = plan(db, merge.clone()).await.unwrap();
    assert!(planned.sentence.contains("email") && card(db, first).await == one, "{}", planned.sentence);
    let receipt = run(db, planned.confirm(Confirmation::Yes).unwrap(), &Actor::here("test")).await.unwrap();
    assert_eq!(card(db, first).await["email"], "jane@harbor.example");
    assert_eq!(card(db, second).await["duplicate_of_id"], json!(first));
    assert!(plan(db, merge).await.is_err(), "a duplicate is merged once");
    undo(db, receipt.audit_id, &Actor::here("test")).await.unwrap();
    assert_eq!((card(db, first).await, card(db, second).await), (one, two));
}

#[tokio::test]
async fn a_field_set_by_hand_is_audited_and_taken_back() {
    let test = TestDb::new().await;
    let db = &test.db;
    let id = person(db, "+14155550120", Some("old@harbor.example"), true).await;
    let before = card(db, id).await;
    let fields = json!({"email": "new@harbor.example", "position": "Head"}).as_object().cloned().unwrap();
    let planned = plan(db, Action::SetContact { contact: id, fields }).await.unwrap();
    let receipt = run(db, planned.confirm(Confirmation::Yes).unwrap(), &Actor::here("test")).await.unwrap();
    let after = card(db, id).await;
    assert_eq!(
        (&after["email"], &after["email_verified"], &after["position"]),
        (&json!("new@harbor.example"), &Value::Null, &json!("Head"))
    );
    let wrong = json!({"emial": "x"}).as_object().cloned().unwrap();
    let refusal = plan(db, Action::SetContact { contact: id, fields: wrong }).await.unwrap_err().to_string();
    assert!(refusal.contains("did you mean email?"), "{refusal}");
    undo(db, receipt.audit_id, &Actor::here("test")).await.unwrap();
    assert_eq!(card(db, id).await, before);
    assert_eq!(count(db, "SELECT count(*) FROM audit_log WHERE verb = 'contacts set'").await, 2);
}
