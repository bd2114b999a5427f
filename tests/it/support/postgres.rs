//! One private PostgreSQL for a run of the tests, and one migrated database for each test.
//!
//! The server lives in a folder of this process. A shell waits for the end of this process (however it ends: the pipe closes)
//! and then stops the server and removes the folder; what survived even that, the next run sweeps.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard::database::private::{PrivateOptions, PrivateServer};
use switchboard::database::{Db, migrate};
use tokio::sync::OnceCell;

const TEMPLATE: &str = "template_migrated";

/// Waits for end of input, then ends the process $1, and removes the folders $2 and $3 and the file $4. The lock file of the
/// server tells its end, since in a container nobody may bury the process itself.
const UNDERTAKER: &str = r#"
trap '' INT TERM HUP
cat > /dev/null
kill -QUIT "$1" 2> /dev/null
tries=0
while [ -e "$2/data/postmaster.pid" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
rm -rf "$2" "$3" "$4"
"#;

struct Running {
    server: PrivateServer,
    _lock: File,
    _undertaker: Child,
}

static SERVER: OnceCell<Running> = OnceCell::const_new();
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The server of this run; started by the first test that asks.
pub async fn server() -> &'static PrivateServer {
    &SERVER.get_or_init(start).await.server
}

/// A database of one test: migrated, empty, dropped at the end.
pub struct TestDb {
    /// Connected, at most 10 connections.
    pub db: Db,
    /// The same database for another process's `DATABASE_URL`.
    pub url: String,
    /// Its name in [`server`].
    pub name: String,
}

impl TestDb {
    /// A copy of the migrated template.
    pub async fn new() -> TestDb {
        TestDb::make(Some(TEMPLATE)).await
    }

    /// A database without any table.
    pub async fn empty() -> TestDb {
        TestDb::make(None).await
    }

    async fn make(template: Option<&str>) -> TestDb {
        let server = server().await;
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        match template {
            Some(template) => server.copy_database(template, &name).await.unwrap(),
            None => server.create_database(&name).await.unwrap(),
        };
        let db = Db::connect(server.options(&name), 10).await.unwrap();
        TestDb { db, url: server.url(&name), name }
    }
}

/// Best effort: the whole server is thrown away anyway.
impl Drop for TestDb {
    fn drop(&mut self) {
        let name = self.name.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                if let Some(running) = SERVER.get() {
                    drop(running.server.drop_database(&name).await);
                }
            });
        });
    }
}

async fn start() -> Running {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    sweep(folder).await;
    let home = folder.join(format!("pg-{}", std::process::id()));
    let lock_path = home.with_extension("lock");
    let lock = File::create(&lock_path).unwrap();
    lock.lock().unwrap();
    let server = private(home.clone()).await;
    let undertaker = undertaker(&server, &[home, lock_path]);
    server.create_database(TEMPLATE).await.unwrap();
    let db = Db::connect(server.options(TEMPLATE), 1).await.unwrap();
    migrate::run(&db).await.unwrap();
    db.close().await;
    Running { server, _lock: lock, _undertaker: undertaker }
}

async fn private(home: PathBuf) -> PrivateServer {
    PrivateServer::start(PrivateOptions { home: Some(home), durable: false }).await.unwrap()
}

/// Servers of runs whose process is gone: used once more, to be stopped properly, and removed.
async fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let is_lock = path.extension().is_some_and(|end| end == "lock")
            && path.file_name().unwrap().to_string_lossy().starts_with("pg-");
        if !is_lock || File::open(&path).is_ok_and(|file| file.try_lock().is_err()) {
            continue;
        }
        let home = path.with_extension("");
        if let Ok(left) = PrivateServer::start(PrivateOptions { home: Some(home.clone()), durable: false }).await {
            let real = left.folder().to_owned();
            drop(left.release().await);
            drop(std::fs::remove_dir_all(real));
        }
        drop(std::fs::remove_dir_all(home));
        drop(std::fs::remove_file(path));
    }
}

fn undertaker(server: &PrivateServer, paths: &[PathBuf; 2]) -> Child {
    use std::os::unix::process::CommandExt;
    Command::new("sh")
        .args(["-c", UNDERTAKER, "sh"])
        .arg(server.pid().unwrap().to_string())
        .arg(server.folder())
        .args(paths)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
