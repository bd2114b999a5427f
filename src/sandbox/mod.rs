//! Stands in for every provider on the loopback interface: answers as strictly as they do, counts what reaches it, and
//! misbehaves on a script. It serves the demo, drills and tests, and imports nothing of the other floors.
//!
//! The way of a call: `wire` (the connection), `serve` (the call), `script` (what goes wrong), `provider` (who answers),
//! `ledger` (what is counted).

mod clearbit;
mod control;
mod dice;
mod hunter;
mod keys;
mod ledger;
mod line;
mod models;
mod number;
mod numverify;
mod provider;
mod query;
mod scenario;
mod script;
mod script_text;
mod serve;
mod truecaller;
mod twilio;
mod whitepages;
mod wicket;
mod wire;
mod world;
mod zerobounce;

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use keys::Credential;
pub use ledger::{CALLS_MAX, CallRecord, Counters};
pub use scenario::{Scenario, UnknownScenario};
pub use script::{Bound, Mode, PHASES_MAX, Phase, Player, STATUSES, Script};
pub use script_text::ScriptError;
pub use wire::CONNECTIONS_MAX;

use keys::Keys;
use ledger::Ledger;
use provider::{MODELS, PROVIDERS};
use serve::Shared;

/// How long `stop` waits for calls in flight before it leaves them to the end of the process.
const STOP_MAX: Duration = Duration::from_secs(2);
const LATENCY_SCALE_MAX: f64 = 100.0;
/// Providers that a Switchboard calls only if it is told to.
const OFF_BY_DEFAULT: [&str; 2] = ["whitepages", "truecaller"];

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// A loopback address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Who misbehaves, and how.
    pub scenario: Scenario,
    /// Contacts of the run: the first outage begins after a fifth as many calls.
    pub contacts_expected: u64,
    /// Who is down in an outage; in a meltdown it is always the same four.
    pub down: &'static str,
    /// 1 answers in about 60-120 ms (Twilio) to 300 (ZeroBounce), 0 at once; at most 100.
    pub latency_scale: f64,
    /// How long an outage of a scenario lasts.
    pub outage: Duration,
    /// How long all is well before the next one.
    pub gap: Duration,
    /// Every answer takes exactly so long, whatever the scale.
    pub latency: Option<Duration>,
    /// For latencies and the credentials; answers depend on what is asked alone.
    pub seed: u64,
    /// What Twilio's stand-in accepts; none makes one from the seed.
    pub credential: Option<Credential>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: Scenario::Calm,
            contacts_expected: 5000,
            down: PROVIDERS[0].id,
            latency_scale: 1.0,
            latency: None,
            outage: Duration::from_secs(12),
            gap: Duration::from_secs(45),
            seed: 1,
            credential: None,
        }
    }
}

/// Why a sandbox was not started or changed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// An address that others could reach.
    #[error("the sandbox listens on this machine only and {0} is open to others; choose 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not ours.
    #[error("the sandbox can't listen on {address} ({source}); choose another port, or 0 for any free one")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A factor that is no number from 0 to 100.
    #[error("a latency scale of {0} makes no sense; choose a number from 0 to {LATENCY_SCALE_MAX}")]
    Latency(f64),
    /// A script that can't be played, or an outage or gap of no length.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// No stand-in bears this name.
    #[error("{}", control::unknown(.0))]
    UnknownProvider(String),
}

/// A running server; it ends with `stop`, or when this is dropped.
pub struct Sandbox {
    address: SocketAddr,
    shared: Shared,
    server: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Listens and serves on the runtime that this is called on.
    ///
    /// # Errors
    /// A reachable or taken address, a senseless latency scale, an outage or gap of no length.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let Options { listen, scenario, contacts_expected, down, latency_scale, latency, outage, gap, .. } = options;
        let Options { seed, credential, .. } = options;
        if !listen.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(listen));
        }
        if !(0.0..=LATENCY_SCALE_MAX).contains(&latency_scale) {
            return Err(SandboxError::Latency(latency_scale));
        }
        let lengths = scenario::Lengths { contacts_expected, down, outage, gap };
        let scripts: Result<_, _> = PROVIDERS.iter().map(|provider| scenario.script(provider.id, &lengths)).collect();
        let ledger = Arc::new(Ledger::new(scripts?));
        let taken = |source| SandboxError::Bind { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let keys = Arc::new(Keys::new(seed, credential));
        let wicket = wicket::Wicket::new(&keys);
        let shared = Shared { ledger, keys, wicket, seed, latency_scale, latency, stop: CancellationToken::new() };
        let server = tokio::spawn(serve::run(listener, shared.clone()));
        Ok(Self { address, shared, server: Some(server) })
    }

    /// Where it listens, such as `http://127.0.0.1:40123`: the base URL of Twilio.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL of a provider.
    ///
    /// # Errors
    /// No stand-in bears that id.
    pub fn base_url(&self, provider: &str) -> Result<String, SandboxError> {
        let index = known(provider)?;
        let base = PROVIDERS.get(index).map_or("", |provider| provider.base);
        Ok(match index {
            0 => self.url(),
            _ => format!("{}/{provider}{base}", self.url()),
        })
    }

    /// What Twilio's stand-in accepts.
    pub fn credential(&self) -> &Credential {
        &self.shared.keys.twilio
    }

    /// What is accepted: slot, field, value, for every slot.
    pub fn accepted(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        self.shared.keys.all()
    }

    /// The variables that make a Switchboard work against this sandbox: addresses, credentials, and what is off by default.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variable = |name: &str, key: &str| format!("SWITCHBOARD_PROVIDERS__{name}__{key}");
        let mut all = Vec::new();
        for provider in PROVIDERS {
            let url = self.base_url(provider.id).unwrap_or_default();
            all.push((variable(provider.settings, "BASE_URL"), url));
            if OFF_BY_DEFAULT.contains(&provider.id) {
                all.push((variable(provider.settings, "ENABLED"), "true".to_owned()));
            }
        }
        let keys = self.accepted();
        all.extend(
            keys.map(|(slot, field, value)| (variable(&slot.to_uppercase(), &field.to_uppercase()), value.to_owned())),
        );
        all
    }

    /// Lets one more credential in at Twilio; returns its number (the first of all is 0).
    pub fn accept(&self, credential: Credential) -> u32 {
        self.shared.wicket.accept(credential)
    }

    /// Refuses the credential with this number after that time; false if there is none.
    pub fn refuse(&self, number: u32, after: Duration) -> bool {
        self.shared.wicket.refuse(number, after)
    }

    /// When a call with the credential of this number first arrived and was let in.
    pub fn first_seen(&self, number: u32) -> Option<chrono::DateTime<chrono::Utc>> {
        self.shared.wicket.first_seen(number)
    }

    /// Ids of all providers of data for which it stands in.
    pub fn providers() -> impl Iterator<Item = &'static str> {
        PROVIDERS[..PROVIDERS.len() - MODELS].iter().map(|provider| provider.id)
    }

    /// Ids of all providers of models for which it stands in.
    pub fn models() -> impl Iterator<Item = &'static str> {
        PROVIDERS[PROVIDERS.len() - MODELS..].iter().map(|provider| provider.id)
    }

    /// Starts a provider's script anew, now; its counters go on.
    ///
    /// # Errors
    /// No stand-in bears that id.
    pub fn set_script(&self, provider: &str, script: Script) -> Result<(), SandboxError> {
        self.shared.ledger.set_script(known(provider)?, script);
        Ok(())
    }

    /// The same by the clock: its first phase begins now, and not with the first call that meets it.
    ///
    /// # Errors
    /// No stand-in bears that id.
    pub fn begin_script(&self, provider: &str, script: Script) -> Result<(), SandboxError> {
        self.shared.ledger.begin_script(known(provider)?, script);
        Ok(())
    }

    /// The newest calls (at most [`CALLS_MAX`]) in the order of their arrival.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.ledger.calls(0, CALLS_MAX).0
    }

    /// Counters by provider.
    pub fn counters(&self) -> BTreeMap<&'static str, Counters> {
        self.shared.ledger.counters()
    }

    /// Accepts nothing more, answers what is in flight without further delay (at most two seconds), and ends.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        if let Some(server) = self.server.take() {
            let _ = tokio::time::timeout(STOP_MAX, server).await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

fn known(provider: &str) -> Result<usize, SandboxError> {
    provider::index(provider).ok_or_else(|| SandboxError::UnknownProvider(provider.to_owned()))
}

/// `; did you mean ...?` if one of the names is near, else nothing.
fn did_you_mean(word: &str, names: &[&str]) -> String {
    let near = names.iter().map(|name| (strsim::damerau_levenshtein(&word.to_lowercase(), name), *name)).min();
    near.filter(|(distance, _)| *distance <= 2).map(|(_, name)| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod strictness_tests;
