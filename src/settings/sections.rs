//! The sections of the settings and their defaults. Plain data; what may be in a field is said in `registry`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Which database, and how.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `None`: the private server.
    pub url: Option<SecretString>,
    /// The server itself, where `url` leads to a pooler in transaction mode.
    pub direct_url: Option<SecretString>,
    /// Login of the embedded pool of workers; `None`: the same as `url`.
    pub worker_url: Option<SecretString>,
    /// Connections of one process.
    pub max_connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        DatabaseSettings { url: None, direct_url: None, worker_url: None, max_connections: 10 }
    }
}

/// What a provider may cost in a day of `time_zone`, in the whole fleet; `None`: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BudgetSettings {
    /// USD.
    pub usd: Option<f64>,
    /// Calls.
    pub calls: Option<u64>,
}

/// How numbers are looked up; only Twilio has these.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupSettings {
    /// Data packages asked for.
    pub packages: Vec<String>,
    /// The number that a verifying call asks about; such a lookup is free.
    pub verify_number: String,
    /// Numbers in one request where the account has `batch/query`, or addresses in one of ZeroBounce's; 1: a request each.
    pub batch: u16,
    /// Told with `sms_pumping_risk`: which of our own customers asks; at most 64 characters.
    pub partner_sub_id: Option<String>,
}

/// One provider.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// False: passed over when steps are planned.
    pub enabled: bool,
    /// Without a slash at its end; `None`: the provider's own.
    pub base_url: Option<String>,
    /// Calls per second in the whole fleet; `None`: no limit.
    pub rate: Option<f64>,
    /// What it may cost in a day.
    pub budget: BudgetSettings,
    /// Calls at once in the whole fleet, where the adapting limit starts.
    pub concurrency_start: u32,
    /// Calls at once in the whole fleet, where the adapting limit ends.
    pub concurrency_cap: u32,
    /// Limit of a whole call, from connecting to the last byte.
    pub timeout: Duration,
    /// How numbers are looked up.
    pub lookup: LookupSettings,
    /// Which of its ways to be spoken to; one of the catalogue's words, empty for models.
    pub dialect: &'static str,
    /// Whether its answers may be served again; some contracts forbid it.
    pub cache: bool,
}

impl ProviderSettings {
    /// Defaults; a model (which has no lane) may think for longer.
    pub(super) fn of(id: &str, has_lane: bool) -> ProviderSettings {
        let packages: &[&str] = if id == "twilio" { &["line_type_intelligence", "caller_name"] } else { &[] };
        ProviderSettings {
            // The address of the one may be gone, the other has none.
            enabled: !matches!(id, "whitepages" | "truecaller"),
            base_url: None,
            rate: None,
            budget: BudgetSettings::default(),
            concurrency_start: 16,
            concurrency_cap: 64,
            timeout: SECOND * if has_lane { 10 } else { 30 },
            lookup: LookupSettings {
                packages: packages.iter().map(|&name| name.to_owned()).collect(),
                // The number of the examples in https://www.twilio.com/docs/lookup/v2-api
                verify_number: "+14155552671".to_owned(),
                batch: 1,
                partner_sub_id: None,
            },
            dialect: crate::catalogue::dialects(id).first().map_or("", |dialect| dialect.name),
            cache: true,
        }
    }
}

/// How long answers stay fresh in the result cache, by what they are about.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheSettings {
    /// Line type, carrier, caller name of a number.
    pub line: Duration,
    /// Risk scores of a number.
    pub risk: Duration,
    /// Who is behind a number.
    pub owner: Duration,
    /// A company, by its domain.
    pub company: Duration,
    /// A person, by an e-mail address.
    pub person: Duration,
    /// A person's e-mail address that was found.
    pub address: Duration,
    /// How a domain's addresses are built.
    pub pattern: Duration,
    /// An address that was judged.
    pub verified: Duration,
    /// An address that could not be judged.
    pub unverified: Duration,
    /// That nothing is known.
    pub nothing: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        CacheSettings {
            line: DAY * 30,
            risk: DAY,
            owner: DAY * 30,
            company: DAY * 30,
            person: DAY * 30,
            address: DAY * 30,
            pattern: DAY * 90,
            verified: DAY * 14,
            unverified: DAY,
            nothing: DAY * 7,
        }
    }
}

/// One breaker.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerSettings {
    /// Consecutive failures that open it.
    pub threshold: u32,
    /// First time open before a probe.
    pub cool_off: Duration,
    /// Longest time open before a probe.
    pub cool_off_cap: Duration,
    /// Whether half of at least 20 calls within 60 s opens it, too.
    pub rate_rule: bool,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        BreakerSettings { threshold: 5, cool_off: MINUTE, cool_off_cap: MINUTE * 15, rate_rule: true }
    }
}

/// Attempts, delays and leases of jobs.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// Attempts of a lookup.
    pub lookup_attempts: u16,
    /// Attempts of every other step.
    pub step_attempts: u16,
    /// Longest delay before the second attempt; doubles with each.
    pub retry_base: Duration,
    /// Longest delay of all.
    pub retry_cap: Duration,
    /// Longest `Retry-After` that is honoured.
    pub retry_after_cap: Duration,
    /// How often a node says that it lives.
    pub heartbeat: Duration,
    /// Silence after which a node is dead.
    pub dead_after: Duration,
    /// Jobs in one lane beyond which enqueueing is refused.
    pub lane_limit: u64,
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings {
            lookup_attempts: 5,
            step_attempts: 3,
            retry_base: SECOND * 15,
            retry_cap: MINUTE * 15,
            retry_after_cap: MINUTE * 60,
            heartbeat: SECOND * 5,
            dead_after: SECOND * 15,
            lane_limit: 20_000_000,
        }
    }
}

/// Thresholds of alerts.
#[derive(Debug, Clone)]
pub struct AlertSettings {
    /// Jobs in one lane.
    pub depth_warning: u64,
    /// Jobs in one lane.
    pub depth_critical: u64,
    /// Jobs in all lanes.
    pub total_critical: u64,
    /// Age of the oldest waiting job of a lane that runs.
    pub oldest_warning: Duration,
}

impl Default for AlertSettings {
    fn default() -> Self {
        AlertSettings { depth_warning: 500, depth_critical: 2_000, total_critical: 5_000, oldest_warning: SECOND * 300 }
    }
}

/// How long what is kept. Audit and contacts are kept for ever.
#[derive(Debug, Clone)]
pub struct RetentionSettings {
    /// Calls and cost per provider and hour.
    pub usage: Duration,
    /// Timeline, breaker events, alerts.
    pub timeline: Duration,
    /// Samples of a minute.
    pub samples: Duration,
    /// Samples of five seconds.
    pub fine_samples: Duration,
    /// Attempts that failed.
    pub job_failures: Duration,
    /// Finished jobs.
    pub job_history: Duration,
    /// Discarded jobs.
    pub job_trash: Duration,
    /// Keys by which a webhook that comes twice is known.
    pub webhook_keys: Duration,
    /// Raw answers, at least; their time to live may be longer.
    pub payloads: Duration,
    /// Number of log files, one a day.
    pub log_files: u32,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        RetentionSettings {
            usage: DAY * 396,
            timeline: DAY * 90,
            samples: DAY * 30,
            fine_samples: DAY,
            job_failures: DAY * 30,
            job_history: DAY * 7,
            job_trash: DAY * 7,
            webhook_keys: DAY * 30,
            payloads: DAY * 30,
            log_files: 7,
        }
    }
}

/// HTTP in.
#[derive(Debug, Clone, Default)]
pub struct InboundSettings {
    /// The address that the world sees, which webhooks are signed for.
    pub public_url: Option<String>,
    /// Where `worker` and `serve` listen if no flag says so.
    pub listen: Option<SocketAddr>,
}

/// Logs.
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// Whether people (numbers, names, e-mails) are masked in logs.
    pub mask_pii: bool,
    /// The least severe level that is written.
    pub log_level: tracing::level_filters::LevelFilter,
    /// `None`: the XDG state folder.
    pub log_dir: Option<PathBuf>,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        TelemetrySettings { mask_pii: true, log_level: tracing::level_filters::LevelFilter::INFO, log_dir: None }
    }
}

/// Credentials in the database.
#[derive(Debug, Clone, Copy)]
pub struct VaultSettings {
    /// How long a new version is watched: a refusal that is confirmed meanwhile rolls it back.
    pub watch: Duration,
    /// How long before its expiry a credential raises an alert.
    pub remind: Duration,
}

impl Default for VaultSettings {
    fn default() -> Self {
        VaultSettings { watch: MINUTE, remind: DAY * 14 }
    }
}

/// How much a redraw may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// Found out by asking the terminal.
    #[default]
    Measured,
    /// Slow, whatever is measured.
    Slow,
    /// Normal, whatever is measured.
    Normal,
}

/// The terminal.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// Name of a theme.
    pub theme: String,
    /// How long a bare Esc waits for the rest of a torn escape sequence.
    pub esc_delay: Duration,
    /// How much a redraw may cost.
    pub link: Link,
    /// Whether a critical alert rings the bell and sends a desktop notice.
    pub notify: bool,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        ConsoleSettings {
            theme: "terminal".into(),
            esc_delay: Duration::from_millis(50),
            link: Link::Measured,
            notify: false,
        }
    }
}

/// Models for questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskSettings {
    /// Provider and, where it is not the provider's default, model: in the order in which they are asked.
    pub models: Vec<(String, Option<String>)>,
}

impl Default for AskSettings {
    fn default() -> Self {
        let models = crate::catalogue::models().map(|id| (id.to_owned(), None)).collect();
        AskSettings { models }
    }
}

/// Name and kind of an environment; `None`: what the database says.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentSettings {
    /// Shown by every console.
    pub name: Option<String>,
    /// Production asks more before it acts.
    pub production: Option<bool>,
}
