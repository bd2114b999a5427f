//! Using the private server: enter by the gate, start it if nobody did, leave it, and stop it if nobody else is left.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::ScratchDatabase;
use super::cluster::{self, USER};
use super::place::{Place, failed};
use super::postmaster::{self, Postmaster};
use super::{databases, keeper, lock, scratch};
use crate::database::{Error, Result};

/// The database of the program itself.
const DATABASE: &str = "switchboard";
/// Recovery after a crash may take its time; a server that failed says so at once.
const START_LIMIT: Duration = Duration::from_secs(300);
/// How long a server that neither answers nor ends is waited for.
const MUTE_LIMIT: Duration = Duration::from_secs(60);
/// A fast shutdown takes some 15 ms, and longer where much is to be written.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// The same for a value that is dropped without [`PrivateServer::release`], for instance by a panic.
const DROP_LIMIT: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Which private server, and how careful it is.
#[derive(Debug, Clone)]
pub struct PrivateOptions {
    /// Its folder; `None` is `$XDG_DATA_HOME/switchboard/postgres`.
    pub home: Option<PathBuf>,
    /// False for tests only: a crash of the machine may then lose data.
    pub durable: bool,
}

impl Default for PrivateOptions {
    fn default() -> Self {
        PrivateOptions { home: None, durable: true }
    }
}

/// One user's hold on the private server. It runs as long as any process holds one.
#[derive(Debug)]
pub struct PrivateServer {
    place: Place,
    socket_folder: PathBuf,
    /// The shared lock; `None` once it was given back.
    hold: Option<File>,
    /// Mends a crash of the server; `None` until it answered for the first time.
    keeper: Option<tokio::task::JoinHandle<()>>,
}

impl PrivateServer {
    /// Finds the server running, or starts it; makes its data folder and the database `switchboard` the first time.
    pub async fn start(options: PrivateOptions) -> Result<PrivateServer> {
        let (place, gate, hold) = blocking(move || enter(options.home)).await?;
        let mut server = PrivateServer { place, socket_folder: PathBuf::new(), hold: Some(hold), keeper: None };
        // Bound anew to be let go before `server`, whose end needs it when this future is dropped half-way.
        let gate = gate;
        let brought_up = server.bring_up(options.durable).await;
        drop(gate.unlock());
        drop(gate);
        brought_up?;
        server.keeper = Some(tokio::spawn(keeper::keep(server.place.clone(), options.durable)));
        Ok(server)
    }

    /// How to connect to one of its databases.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        connect_options(&self.socket_folder, database)
    }

    /// The same as text, for `DATABASE_URL` of another process.
    pub fn url(&self, database: &str) -> String {
        let folder: String = self.socket_folder.to_string_lossy().bytes().fold(String::new(), |mut text, byte| {
            match byte {
                b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => text.push(char::from(byte)),
                other => text.push_str(&format!("%{other:02X}")),
            }
            text
        });
        format!("postgresql:///{database}?host={folder}&port=5432&user={USER}&sslmode=disable")
    }

    /// The folder that everything of this server is in.
    pub fn folder(&self) -> &Path {
        &self.place.home
    }

    /// Process id of the running server.
    pub fn pid(&self) -> Option<i32> {
        Postmaster::read(&self.place.data()).map(|server| server.pid)
    }

    /// Makes an empty database if there is none of this name. True if it was made.
    pub async fn create_database(&self, name: &str) -> Result<bool> {
        databases::create(&self.options("postgres"), name, None).await
    }

    /// Makes a database that is a copy of another one, to which nobody may be connected.
    pub async fn copy_database(&self, template: &str, name: &str) -> Result<bool> {
        databases::create(&self.options("postgres"), name, Some(template)).await
    }

    /// Drops a database, with whoever is connected to it.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        databases::drop_it(&self.options("postgres"), name).await
    }

    /// Makes a database `<prefix>_…` that ends with this process at the latest, once someone sweeps.
    pub async fn scratch_database(&self, prefix: &str) -> Result<ScratchDatabase> {
        scratch::make(&self.scratch_folder()?, self.options("postgres"), prefix).await
    }

    /// Drops the scratch databases of processes that are gone, never one that is in use; returns their names.
    pub async fn sweep_scratch(&self, prefix: &str) -> Result<Vec<String>> {
        scratch::sweep(&self.scratch_folder()?, &self.options("postgres"), prefix).await
    }

    /// Gives the server back; the last one to do so stops it and waits for its end. Close all pools before.
    pub async fn release(mut self) -> Result<()> {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
            drop(keeper.await);
        }
        let Some(hold) = self.hold.take() else { return Ok(()) };
        let place = self.place.clone();
        blocking(move || leave(&place, &hold, STOP_LIMIT)).await
    }

    fn scratch_folder(&self) -> Result<PathBuf> {
        let folder = self.place.home.join("scratch");
        std::fs::create_dir_all(&folder).map_err(|cause| failed("make", &folder, &cause))?;
        Ok(folder)
    }

    async fn bring_up(&mut self, durable: bool) -> Result<()> {
        self.socket_folder = running_or_started(&self.place, durable).await?.0;
        self.create_database(DATABASE).await.map(|_| ())
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
        }
        if let Some(hold) = self.hold.take()
            && let Err(cause) = leave(&self.place, &hold, DROP_LIMIT)
        {
            tracing::warn!(%cause, "the private database was left running");
        }
    }
}

/// Takes the gate and a share of the users' lock. The gate is open again when the server answers.
fn enter(home: Option<PathBuf>) -> Result<(Place, File, File)> {
    let place = Place::find(home)?;
    let gate = lock::open(&place.home.join("gate.lock"))?;
    if !lock::wait_whole(&gate, START_LIMIT)? {
        return Err(Error::Unavailable(format!(
            "Another process has been starting or stopping the private database in {} for minutes: end it and try again",
            place.home.display()
        )));
    }
    let hold = lock::open(&place.home.join("users.lock"))?;
    lock::share(&hold)?;
    Ok((place, gate, hold))
}

/// Gives the share back and, when no other is left, stops the server; nobody can enter meanwhile.
fn leave(place: &Place, hold: &File, limit: Duration) -> Result<()> {
    let gate = lock::open(&place.home.join("gate.lock"))?;
    if !lock::wait_whole(&gate, limit)? {
        return Ok(());
    }
    drop(hold.unlock());
    let stopped = match Postmaster::read(&place.data()) {
        Some(server) if lock::try_whole(hold)? => {
            let stopped = server.stop(&place.data(), limit);
            if stopped && !server.socket_folder.starts_with(&place.home) {
                drop(std::fs::remove_dir(&server.socket_folder));
            }
            stopped
        }
        _ => true,
    };
    drop(hold.unlock());
    drop(gate.unlock());
    if stopped {
        return Ok(());
    }
    Err(Error::Unavailable(format!("The private database in {} is still stopping: give it time", place.home.display())))
}

/// The socket's folder of the server, and whether this call started it. The caller holds the gate.
pub(super) async fn running_or_started(place: &Place, durable: bool) -> Result<(PathBuf, bool)> {
    match wait_for_running(place).await? {
        Some(folder) => Ok((folder, false)),
        None => Ok((start(place, durable).await?, true)),
    }
}

/// The socket's folder of a server that answers; `None` when none runs. One that starts or stops is waited for.
async fn wait_for_running(place: &Place) -> Result<Option<PathBuf>> {
    let data = place.data();
    let deadline = Instant::now() + MUTE_LIMIT;
    while let Some(server) = Postmaster::read(&data) {
        if answers(&server.socket_folder).await {
            return Ok(Some(server.socket_folder));
        }
        if !server.is_alive(&data) {
            postmaster::disown(&data, &server)?;
            return Ok(None);
        }
        if Instant::now() >= deadline {
            return Err(Error::Unavailable(format!(
                "The private database in {} (process {}) runs but does not answer: end it with `kill -INT {}` and try again",
                place.home.display(),
                server.pid,
                server.pid
            )));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(None)
}

async fn start(place: &Place, durable: bool) -> Result<PathBuf> {
    let careful = place.clone();
    let binaries = blocking(move || cluster::prepare(&careful, durable)).await?;
    let socket_folder = place.socket_folder()?;
    let begun = Instant::now();
    let mut starting = postmaster::spawn(place, &binaries, durable)?;
    while begun.elapsed() < START_LIMIT {
        if let Some(status) = starting.ended() {
            let complaint = postmaster::last_complaint(place);
            if !complaint.contains("shared memory block") || begun.elapsed() > MUTE_LIMIT {
                return Err(did_not_start(place, &format!("{complaint} ({status})")));
            }
            // A backend of a killed server is still finishing its statement; it ends by itself.
            tokio::time::sleep(LOOK_AGAIN * 20).await;
            starting = postmaster::spawn(place, &binaries, durable)?;
        }
        if answers(&socket_folder).await {
            starting.answers();
            return Ok(socket_folder);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(did_not_start(place, "it did not answer for minutes"))
}

async fn answers(socket_folder: &Path) -> bool {
    let options = connect_options(socket_folder, "postgres");
    match tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(&options)).await {
        Ok(Ok(connection)) => connection.close().await.is_ok(),
        _ => false,
    }
}

/// Every field is set, since PG… variables of the environment speak of other servers.
fn connect_options(socket_folder: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_folder)
        .port(5432)
        .username(USER)
        .password("")
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

fn did_not_start(place: &Place, why: &str) -> Error {
    Error::Unavailable(format!(
        "The private database in {} did not start: {why}; its log is {}",
        place.home.display(),
        place.log().display()
    ))
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|cause| Err(Error::Unavailable(format!("The private database could not be managed: {cause}"))))
}
