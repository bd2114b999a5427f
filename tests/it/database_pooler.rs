//! Through PgBouncer in transaction mode, where it is installed: no session, statements of strangers on every loan.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use switchboard::database::{Database, Manners, migrate};
use tempfile::TempDir;

use crate::private_server_life::home;
use crate::support::postgres::server;
use crate::support::work::{accounted, queued, sandbox, until};
use crate::support::{Program, TestDb};

const PROGRAMS: &[&str] = &["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];

struct Pooler {
    process: Child,
    folder: TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Two sessions for everybody, so that loans wander between them.
async fn pooler() -> Option<Pooler> {
    let program = PROGRAMS.iter().find(|program| Path::new(program).exists())?;
    let folder = home();
    let server_socket = server().await.options("x").get_socket().unwrap().display().to_string();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&server_socket).unwrap());
    std::os::unix::fs::chown(folder.path(), Some(owner), None).unwrap();
    let here = folder.path().display();
    let users = folder.path().join("users");
    std::fs::write(&users, "\"switchboard\" \"\"\n").unwrap();
    let config = format!(
        "[databases]\n* = host={server_socket} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = 6543\n\
         unix_socket_dir = {here}\nauth_type = trust\nauth_file = {here}/users\npool_mode = transaction\n\
         default_pool_size = 2\nmax_client_conn = 100\n"
    );
    let path = folder.path().join("config.ini");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new(program);
    command.arg(path).uid(owner).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().unwrap();
    let socket = folder.path().join(".s.PGSQL.6543");
    let pooler = Pooler { process, folder };
    crate::support::eventually(std::time::Duration::from_secs(5), || async { socket.exists() }).await;
    Some(pooler)
}

impl Pooler {
    fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&port=6543&user=switchboard&sslmode=disable",
            self.folder.path().display()
        )
    }
}

#[tokio::test]
async fn a_pooler_is_recognised_and_units_work_though_clients_number_their_statements_alike() {
    let Some(pooler) = pooler().await else { return };
    let test = TestDb::new().await;
    let clients = (0..8).map(|client: i64| {
        let url = pooler.url(&test.name);
        async move {
            let database = Database::at(&url, None, 2).await.unwrap();
            assert_eq!(database.db.manners(), Manners::Pooled);
            assert!(database.db.sessions().is_none());
            for number in 0..20_i64 {
                let mut unit = database.db.begin().await.unwrap();
                let sql = if (client + number) % 2 == 0 { "SELECT $1 + 1" } else { "SELECT 1 + $1" };
                let sum: i64 = sqlx::query_scalar(sql).bind(number).fetch_one(&mut *unit).await.unwrap();
                assert_eq!(sum, number + 1);
                unit.commit().await.unwrap();
            }
            database.close().await.unwrap();
        }
    });
    futures_util::future::join_all(clients).await;
}

#[tokio::test]
async fn migrations_apply_once_through_a_pooler_too() {
    let Some(pooler) = pooler().await else { return };
    let test = TestDb::empty().await;
    let runs = (0..10).map(|_| async {
        let database = Database::at(&pooler.url(&test.name), None, 1).await.unwrap();
        let applied = migrate::run(&database.db).await.unwrap();
        database.close().await.unwrap();
        applied.count
    });
    let counts = futures_util::future::join_all(runs).await;
    assert_eq!(counts.iter().filter(|&&count| count > 0).count(), 1, "{counts:?}");
}

#[tokio::test]
async fn workers_behind_a_pooler_finish_everything_though_one_is_killed() {
    let Some(pooler) = pooler().await else { return };
    let test = TestDb::new().await;
    queued(&test.db, 300).await;
    let sandbox = sandbox("slow=20ms").await;
    let program = Program::calling(&test, &sandbox)
        .with("DATABASE_URL", &pooler.url(&test.name))
        .with("SWITCHBOARD_DATABASE__DIRECT_URL", &test.url);
    let killed = program.start(&["worker"]);
    until(&test.db, "SELECT count(*) > 20 FROM job_history").await;
    killed.signal(nix::sys::signal::Signal::SIGKILL);
    let ran = program.run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    accounted(&test.db, 300).await;
}
