//! Logins that hold one role of the house each, on the database of a test.

use sqlx::AssertSqlSafe;
use switchboard::database::Db;

use super::TestDb;
use super::postgres::server;

/// A login of one role.
pub struct Login {
    /// Its name.
    pub name: String,
    /// Connected with it.
    pub db: Db,
    /// The database by this login, for another process's `DATABASE_URL`.
    pub url: String,
}

/// Makes a login for `role` (`viewer`, `operator`, `admin`, `worker`).
pub async fn login(test: &TestDb, role: &str) -> Login {
    let name = format!("{role}_of_{}", test.name);
    // A server that outlived its run may have it already.
    let sql = format!(
        "DO $$ BEGIN IF to_regrole('{name}') IS NULL THEN CREATE ROLE {name} LOGIN IN ROLE switchboard_{role}; END IF; END $$"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(test.db.pool()).await.unwrap();
    let db = Db::connect(server().await.options(&test.name).username(&name), 3).await.unwrap();
    Login { db, url: test.url.replace("user=switchboard", &format!("user={name}")), name }
}
