//! Migrations on a real server.

use switchboard::database::{Db, migrate};

use crate::support::TestDb;
use crate::support::postgres::server;

#[tokio::test]
async fn ten_processes_at_once_migrate_once() {
    let empty = TestDb::empty().await;
    let server = server().await;
    let runs = (0..10).map(|_| async {
        let db = Db::connect(server.options(&empty.name), 1).await.unwrap();
        let applied = migrate::run(&db).await.unwrap();
        db.close().await;
        applied
    });
    let all = futures_util::future::join_all(runs).await;
    let version = migrate::pending(&empty.db).await.unwrap().version;
    assert_eq!(all.iter().filter(|applied| applied.count > 0).count(), 1, "{all:?}");
    assert!(all.iter().all(|applied| applied.version == version), "{all:?}");
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let test = TestDb::new().await;
    assert_eq!(migrate::pending(&test.db).await.unwrap().count, 0);
    assert_eq!(migrate::run(&test.db).await.unwrap().count, 0);
}

#[tokio::test]
async fn an_edited_migration_is_named() {
    let test = TestDb::new().await;
    let sql = "UPDATE schema_migrations SET checksum = 'x' WHERE version = 2";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let refusal = migrate::run(&test.db).await.unwrap_err().to_string();
    assert!(refusal.starts_with("Migration 2 (jobs) was applied to this database in another form"), "{refusal}");
}

#[tokio::test]
async fn a_schema_from_the_future_decides_whom_it_admits() {
    let test = TestDb::new().await;
    let future = "INSERT INTO schema_migrations VALUES (9000, 'later', 'x')";
    sqlx::query(future).execute(test.db.pool()).await.unwrap();
    assert_eq!(migrate::run(&test.db).await.unwrap().version, 9000);
    sqlx::query("UPDATE schema_info SET oldest_program = '99.0.0'").execute(test.db.pool()).await.unwrap();
    let refusal = migrate::run(&test.db).await.unwrap_err().to_string();
    assert!(refusal.contains("asks for switchboard 99.0.0 or newer"), "{refusal}");
}

#[tokio::test]
async fn who_does_not_own_the_schema_is_told_the_command() {
    let test = TestDb::new().await;
    let guest = format!("guest_of_{}", test.name);
    let sql = format!("CREATE ROLE {guest} LOGIN; GRANT SELECT ON schema_migrations, schema_info TO {guest}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(test.db.pool()).await.unwrap();
    let sql = "DELETE FROM schema_migrations WHERE version = 6";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let options = server().await.options(&test.name).username(&guest);
    let refusal = migrate::run(&Db::connect(options, 1).await.unwrap()).await.unwrap_err().to_string();
    assert!(refusal.contains("lacks 1 migrations") && refusal.contains("run `switchboard migrate`"), "{refusal}");
}
