//! Options of what runs until it is told to stop: console, demo, worker, sandbox.

use std::net::SocketAddr;

use clap::Args;

/// Options of `console`.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleArgs {
    /// Look, but change nothing.
    #[arg(long)]
    pub read_only: bool,
    /// Run no jobs in this process.
    #[arg(long)]
    pub no_workers: bool,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
    /// How the connection is: measured when not given.
    #[arg(long, value_parser = ["slow", "normal"])]
    pub link: Option<String>,
    /// Lines of text instead of a screen, for screen readers and pipes; also where TERM is dumb.
    #[arg(long)]
    pub plain: bool,
    /// Take the keys from this file instead of keys.toml; a mistake in it is said at once.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<std::path::PathBuf>,
}

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Contacts to look up.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub contacts: u32,
    /// How the stand-ins behave: calm, flaky, outage or meltdown.
    #[arg(long, default_value = "outage")]
    pub scenario: crate::sandbox::Scenario,
    /// Who is down in the scenario outage, such as zerobounce.
    #[arg(long, value_name = "PROVIDER", default_value = "twilio")]
    pub down: String,
    /// Seconds for which providers are down in outage and meltdown; 12 unless it is given.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=600))]
    pub outage: Option<u32>,
    /// Print progress and a report instead of opening the console.
    #[arg(long)]
    pub headless: bool,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

impl DemoArgs {
    /// With the scenario's own lengths; headless or not, ASCII alone or not.
    pub fn of(scenario: crate::sandbox::Scenario, contacts: u32, (headless, ascii): (bool, bool)) -> DemoArgs {
        DemoArgs { contacts, scenario, down: "twilio".to_owned(), outage: None, headless, ascii }
    }
}

/// Options of `worker`.
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {
    /// End when no live job is left: 0, or 1 when all that is left waits for a person.
    #[arg(long)]
    pub until_empty: bool,
}

/// Options of `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// Loopback address to listen on.
    #[arg(long, default_value = "127.0.0.1:8800")]
    pub listen: SocketAddr,
    /// How the stand-ins behave: calm, flaky, outage or meltdown.
    #[arg(long, default_value = "calm")]
    pub scenario: crate::sandbox::Scenario,
    /// Contacts that a drill will look up: the outage begins after a fifth of them.
    #[arg(long, default_value_t = 5000)]
    pub contacts: u64,
}
