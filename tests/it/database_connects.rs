//! Connecting: what a session is given, and the sentence for each way in which it fails.

use std::time::Instant;

use switchboard::database::{Database, Db, Manners, migrate};

use crate::support::TestDb;
use crate::support::postgres::server;

async fn refusal(url: &str) -> String {
    Database::at(url, None, 2).await.unwrap_err().to_string()
}

async fn show(db: &Db, name: &str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_session_plans_for_its_values_and_lets_nothing_run_for_ever() {
    let test = TestDb::new().await;
    assert_eq!(show(&test.db, "plan_cache_mode").await, "force_custom_plan");
    assert_eq!(show(&test.db, "statement_timeout").await, "30s");
    assert_eq!(show(&test.db, "idle_in_transaction_session_timeout").await, "1min");
    assert_eq!(show(&test.db, "application_name").await, "switchboard");
}

#[tokio::test]
async fn each_failure_is_one_sentence_at_once_and_without_the_password() {
    let test = TestDb::new().await;
    let missing = test.url.replace(&test.name, "nowhere");
    let begun = Instant::now();
    let sentences = [
        (refusal(&missing).await, "has no database nowhere"),
        (refusal(&test.url.replace("user=switchboard", "user=stranger&password=hunter2")).await, "no role stranger"),
        (refusal("postgres://ops:hunter2@127.0.0.1:1/x").await, "No PostgreSQL server listens at 127.0.0.1:1"),
        (refusal("postgres:///x?host=/nonexistent").await, "No PostgreSQL server listens at /nonexistent"),
        (refusal("postgres://ops:hunter2@[bad/x").await, "DATABASE_URL can not be read"),
        (refusal("hunter2").await, "DATABASE_URL is not a URL of PostgreSQL"),
    ];
    for (sentence, expected) in sentences {
        assert!(sentence.contains(expected), "{sentence}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
    assert!(begun.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn beside_a_pooler_migrations_go_straight_to_the_server() {
    let test = TestDb::empty().await;
    let database = Database::at(&test.url, Some(&test.url), 2).await.unwrap();
    assert_eq!(database.db.manners(), Manners::Pooled);
    assert_eq!(show(&database.db, "plan_cache_mode").await, "auto", "a pooler takes no start-up options");
    assert!(migrate::run(&database.db).await.unwrap().count > 0);
    database.close().await.unwrap();
}

#[tokio::test]
async fn statements_are_counted_where_the_library_is_installed() {
    let name = "counted";
    server().await.create_database(name).await.unwrap();
    let db = Db::connect(server().await.options(name), 1).await.unwrap();
    if show(&db, "shared_preload_libraries").await.contains("pg_stat_statements") {
        let calls: i64 =
            sqlx::query_scalar("SELECT count(*) FROM pg_stat_statements").fetch_one(db.pool()).await.unwrap();
        assert!(calls >= 0);
    }
    db.close().await;
}
