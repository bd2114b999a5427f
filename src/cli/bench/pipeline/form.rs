//! How much is shown: a short form of seconds and a long one as the promises are worded.

use std::time::Duration;

use super::PipelineArgs;
use crate::catalogue;

/// Sizes of a form.
#[derive(Debug, Clone)]
pub struct Form {
    /// Contacts.
    pub contacts: usize,
    /// How long providers are down.
    pub outage: Duration,
    /// First cool-off of breakers; the longest is three times as long.
    pub cool_off: Duration,
    /// Runs of each outage.
    pub runs: usize,
    /// Longest wait before the second attempt.
    pub retry_base: Duration,
    /// Limit of a call, in outages.
    pub timeout: Duration,
    /// How long healthy answers take; none: as long as those of real providers.
    pub latency: Option<Duration>,
    /// Contacts that go alone through the chain.
    pub alone: usize,
}

impl Form {
    /// As the options say.
    pub fn of(args: &PipelineArgs) -> Form {
        let ms = Duration::from_millis;
        let mut form = if args.long {
            let (outage, cool_off, timeout) = (ms(60_000), ms(20_000), ms(10_000));
            Form {
                contacts: 5000,
                outage,
                cool_off,
                runs: 3,
                retry_base: ms(15_000),
                timeout,
                latency: None,
                alone: 20,
            }
        } else {
            let (outage, cool_off, timeout) = (ms(4000), ms(1500), ms(500));
            Form {
                contacts: 300,
                outage,
                cool_off,
                runs: 1,
                retry_base: ms(200),
                timeout,
                latency: Some(ms(40)),
                alone: 4,
            }
        };
        form.contacts = args.contacts.map_or(form.contacts, |n| n as usize);
        if let Some(seconds) = args.outage {
            form.outage = Duration::from_secs(seconds.into());
            form.cool_off = form.outage / 3;
        }
        form.runs = args.runs.map_or(form.runs, |n| n as usize);
        form
    }

    /// Settings of the workers.
    pub fn settings(&self) -> Vec<(String, String)> {
        let ms = |time: Duration| format!("{}ms", time.as_millis());
        let mut all = vec![
            ("SWITCHBOARD_JOBS__RETRY_BASE".to_owned(), ms(self.retry_base)),
            ("SWITCHBOARD_JOBS__HEARTBEAT".to_owned(), "1s".to_owned()),
            ("SWITCHBOARD_JOBS__DEAD_AFTER".to_owned(), "10s".to_owned()),
            ("SWITCHBOARD_TELEMETRY__LOG_LEVEL".to_owned(), "warn".to_owned()),
        ];
        for provider in catalogue::PROVIDERS.iter().filter(|p| p.has_lane && p.breaker.is_some()) {
            let name = provider.settings;
            all.push((format!("SWITCHBOARD_BREAKERS__{name}__COOL_OFF"), ms(self.cool_off)));
            all.push((format!("SWITCHBOARD_BREAKERS__{name}__COOL_OFF_CAP"), ms(self.cool_off * 3)));
        }
        all
    }

    /// The variable that limits a provider's calls.
    pub fn impatience(&self, provider: &str) -> (String, String) {
        (setting(provider, "TIMEOUT"), format!("{}ms", self.timeout.as_millis()))
    }

    /// Longest wait for the end of a run.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(120)
            + self.outage * 10
            + Duration::from_millis(100) * u32::try_from(self.contacts).unwrap_or(u32::MAX)
    }
}

/// The variable that holds a lane to so many calls a second.
pub fn rate(lane: &str, per_second: f64) -> (String, String) {
    (setting(lane, "RATE"), format!("{:.3}", per_second.max(0.2)))
}

fn setting(provider: &str, key: &str) -> String {
    let name = catalogue::provider(provider).map_or("TWILIO", |provider| provider.settings);
    format!("SWITCHBOARD_PROVIDERS__{name}__{key}")
}
