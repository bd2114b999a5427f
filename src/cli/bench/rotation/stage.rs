//! What rotations are tried on: a database, a stand-in for each worker, one for whoever turns, and lookups without end.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::super::Failure;
use super::{Pace, RotationArgs};
use crate::contacts::import::{ImportOptions, Source};
use crate::contacts::synthetic;
use crate::database::private::{PrivateOptions, PrivateServer};
use crate::database::{Db, migrate};
use crate::operations::actions::{Actor, ImportWish, Limits, run_import};
use crate::queue::{depth, lane};
use crate::sandbox::{Credential, Options, Sandbox};

/// Lookups that are added at a time.
const CHUNK: usize = 5_000;
/// More numbers than any run uses.
const NUMBERS_MAX: usize = 5_000_000;
const DATABASE: &str = "switchboard";
/// How long the stand-in for Twilio takes as a rule: 60 to 120 ms.
const USUAL_LATENCY: Duration = Duration::from_millis(90);
/// So many answers' times until lookups that began together are spread.
const SPREAD: u32 = 4;
const LOOK: Duration = Duration::from_millis(50);
/// How long the lane may take to fill, or to come down at the end.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct Stage {
    pub db: Db,
    server: PrivateServer,
    pub home: TempDir,
    /// One a worker.
    pub doors: Vec<Sandbox>,
    /// Where whoever turns asks whether a secret is taken.
    desk: Sandbox,
    master_key: String,
    /// Put together at random: no two runs have a secret in common.
    seed: u128,
}

impl Stage {
    pub async fn begin(args: &RotationArgs, pace: Pace) -> Result<Stage, Failure> {
        let home = tempfile::Builder::new().prefix("switchboard-rotation-").tempdir()?;
        // The server may run as another user, who has to reach its folder.
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755))?;
        let options = PrivateOptions { home: Some(home.path().join("postgres")), ..PrivateOptions::default() };
        let server = PrivateServer::start(options).await?;
        let db = Db::connect(server.options(DATABASE), 4).await?;
        migrate::run(&db).await?;
        lane::seed(&db).await?;
        let seed = rand::random();
        // Around the latency and not all alike: lookups that end together would begin together, in waves with nothing between.
        let sandbox = |latency: Duration| {
            let credential = Some(made(seed, 0));
            let latency_scale = latency.as_secs_f64() / USUAL_LATENCY.as_secs_f64();
            Sandbox::start(Options { latency_scale, credential, ..Options::default() })
        };
        let mut doors = Vec::new();
        for _ in 0..args.workers {
            doors.push(sandbox(pace.latency).await?);
        }
        let desk = sandbox(Duration::ZERO).await?;
        let bytes: [u8; 32] = rand::random();
        let master_key = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Stage { db, server, home, doors, desk, master_key, seed })
    }

    /// The credential with this number.
    pub fn credential(&self, number: u32) -> Credential {
        made(self.seed, number)
    }

    /// Every stand-in lets the credential in; they were given in order, so that its number is the same everywhere.
    pub fn accept(&self, number: u32) -> Credential {
        let credential = self.credential(number);
        self.doors.iter().chain([&self.desk]).for_each(|door| _ = door.accept(credential.clone()));
        credential
    }

    /// Every stand-in of a worker refuses the credential after that time.
    pub fn refuse(&self, number: u32, after: Duration) {
        self.doors.iter().for_each(|door| _ = door.refuse(number, after));
    }

    /// Variables of a process that calls this stand-in.
    pub fn variables(&self, door: &Sandbox) -> Vec<(String, String)> {
        let folder = self.home.path().to_string_lossy().into_owned();
        let mut all: Vec<(String, String)> =
            ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
                .map(|name| (name.to_owned(), folder.clone()))
                .into();
        all.push(("PATH".into(), std::env::var("PATH").unwrap_or_default()));
        all.push(("DATABASE_URL".into(), self.server.url(DATABASE)));
        all.push(("SWITCHBOARD_MASTER_KEY".into(), self.master_key.clone()));
        all.push(("SWITCHBOARD_PROVIDERS__TWILIO__BASE_URL".into(), door.url()));
        all
    }

    /// `credentials set` or `rotate`, as a process of its own; what it prints.
    pub async fn enter(&self, verb: &str, credential: &Credential) -> Result<Value, Failure> {
        let fields = json!({"account_sid": credential.account_sid, "auth_token": credential.auth_token}).to_string();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["credentials", verb, "twilio", "--json"])
            .env_clear()
            .envs(self.variables(&self.desk))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(fields.as_bytes()).await?;
        }
        let ended = child.wait_with_output().await?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
            return Err(Failure::new(format!("a credential was not turned: {said}")));
        }
        Ok(serde_json::from_slice(&ended.stdout)?)
    }

    /// Keeps the lane full until it is told to end.
    pub fn supply(&self, in_flight: i64) -> Supply {
        let stop = CancellationToken::new();
        Supply { task: tokio::spawn(supply(self.db.clone(), in_flight * 3, stop.clone())), stop }
    }

    /// Lookups that the provider is answering now.
    pub fn in_flight(&self) -> u64 {
        let of = |door: &Sandbox| door.counters().get("twilio").map_or(0, |counters| counters.at_once);
        self.doors.iter().map(of).sum()
    }

    /// Calls by their status, over all stand-ins of workers.
    pub fn calls(&self, status: &str) -> u64 {
        let of = |door: &Sandbox| {
            door.counters().get("twilio").and_then(|counters| counters.by_status.get(status).copied()).unwrap_or(0)
        };
        self.doors.iter().map(of).sum()
    }

    /// Waits until nearly as many are in flight as there may be, and no longer in waves.
    pub async fn warmed_up(&self, in_flight: u32, latency: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        while self.in_flight() < u64::from(in_flight) * 9 / 10 {
            if begun.elapsed() > PATIENCE {
                let now = self.in_flight();
                return Err(Failure::new(format!("only {now} of {in_flight} lookups came to be in flight: try fewer")));
            }
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(latency * SPREAD).await;
        Ok(())
    }

    /// Waits until no lookup is left.
    pub async fn drained(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        while depth::total(&self.db).await?.live() > 0 && begun.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    pub async fn end(self) -> Result<(), Failure> {
        for door in self.doors.into_iter().chain([self.desk]) {
            door.stop().await;
        }
        self.db.close().await;
        Ok(self.server.release().await?)
    }
}

/// In the shape of Twilio's.
fn made(seed: u128, number: u32) -> Credential {
    let mix = |salt: u128| seed.rotate_left(7).wrapping_mul(2 * u128::from(number) + 1).wrapping_add(salt) ^ seed;
    Credential { account_sid: format!("AC{:032x}", mix(1)), auth_token: format!("{:032x}", mix(2 << 90)) }
}

/// Adds lookups for as long as it is wanted.
pub struct Supply {
    task: JoinHandle<Result<i64, Failure>>,
    stop: CancellationToken,
}

impl Supply {
    /// Adds no more; returns how many there were.
    pub async fn end(self) -> Result<i64, Failure> {
        self.stop.cancel();
        self.task.await.map_err(|_| Failure::new("the supply of lookups broke; please report it"))?
    }
}

async fn supply(db: Db, live_min: i64, stop: CancellationToken) -> Result<i64, Failure> {
    let mut numbers = synthetic::generate(NUMBERS_MAX, 1);
    let mut enqueued = 0;
    while !stop.is_cancelled() {
        if depth::total(&db).await?.live() >= live_min {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        let chunk: Vec<String> = numbers.by_ref().take(CHUNK.min(live_min.unsigned_abs() as usize)).collect();
        let source = Source::Reader(Box::new(std::io::Cursor::new(format!("phone\n{}\n", chunk.join("\n")))));
        let options = ImportOptions { source_name: Some("rotation".into()), ..ImportOptions::default() };
        let wish = ImportWish { source, options, lookups: Some(Limits::default()) };
        let report = run_import(&db, wish, &Actor::here("bench"), &mut |_| {}).await?;
        enqueued += report.inserted as i64;
    }
    Ok(enqueued)
}
