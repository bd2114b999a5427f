//! Scenarios: a script for each provider, by a name that an operator knows.

use std::{fmt, str::FromStr, time::Duration};

use super::{Script, ScriptError, did_you_mean};

/// How the world behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scenario {
    /// All is well.
    #[default]
    Calm,
    /// Single failures, never enough in a row for a breaker.
    Flaky,
    /// One provider is down for a while, on a loop.
    Outage,
    /// Four providers are down for a while, on a loop, each in a way of its own.
    Meltdown,
}

/// Why a name is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scenario `{word}`{nearest}; choose one of calm, flaky, outage, meltdown")]
pub struct UnknownScenario {
    word: String,
    nearest: String,
}

/// Lengths that scenarios are made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) contacts_expected: u64,
    pub(super) down: &'static str,
    pub(super) outage: Duration,
    pub(super) gap: Duration,
}

impl Scenario {
    /// All of them, from harmless to bad.
    pub const ALL: [Self; 4] = [Self::Calm, Self::Flaky, Self::Outage, Self::Meltdown];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Flaky => "flaky",
            Self::Outage => "outage",
            Self::Meltdown => "meltdown",
        }
    }

    /// The script of the provider with this id.
    pub(super) fn script(self, provider: &str, lengths: &Lengths) -> Result<Script, ScriptError> {
        match self {
            Self::Outage if provider == lengths.down => outage(usize::from(provider != FIRST), lengths),
            Self::Meltdown => match DOWN_TOGETHER.iter().position(|down| *down == provider) {
                Some(place) => outage(place, lengths),
                None => Ok(Script::calm()),
            },
            Self::Calm | Self::Outage => Ok(Script::calm()),
            Self::Flaky => "ok:60c 500:1c ok:45c reset:1c ok:55c slow=2s:2c ok:35c 429=1:2c ok:70c 503:2c loop".parse(),
        }
    }
}

const FIRST: &str = "twilio";
/// Those that fail together in a meltdown, each in a way of its own.
const DOWN_TOGETHER: [&str; 4] = [FIRST, "clearbit-company", "hunter", "zerobounce"];

/// Begins after a share of the contacts, counted in calls, so that a fast and a slow machine both meet it: a fifth for the
/// first provider; the others see a few of them only, and fail after as many as have come to them by then.
fn outage(place: usize, lengths: &Lengths) -> Result<Script, ScriptError> {
    let Lengths { contacts_expected, outage, gap, .. } = lengths;
    let calls = (contacts_expected / if place == 0 { 5 } else { 40 }).max(1);
    let (most, rest) = (outage.as_millis() * 2 / 3, outage.as_millis() - outage.as_millis() * 2 / 3);
    let (first, then) = [("503", "reset"), ("reset", "500"), ("502", "504"), ("500", "garbage")]
        .get(place % 4)
        .unwrap_or(&("503", "500"));
    format!("ok:{calls}c loop {first}:{most}ms {then}:{rest}ms ok:{}ms", gap.as_millis()).parse()
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        Self::ALL.into_iter().find(|scenario| scenario.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let nearest = did_you_mean(text, &Self::ALL.map(Self::name));
            UnknownScenario { word: text.to_owned(), nearest }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::script::Player, *};
    use crate::sandbox::Mode;

    const LENGTHS: Lengths =
        Lengths { contacts_expected: 100, down: FIRST, outage: Duration::from_secs(12), gap: Duration::from_secs(45) };

    fn modes(scenario: Scenario, provider: &str, calls: u64) -> Vec<Mode> {
        let mut player = Player::new(scenario.script(provider, &LENGTHS).unwrap());
        (0..calls).map(|call| player.call(Duration::from_millis(call * 100))).collect()
    }

    #[test]
    fn the_outage_comes_after_a_fifth_of_the_contacts_and_lasts_its_time() {
        let modes = modes(Scenario::Outage, "twilio", 200);
        assert!(modes[..20].iter().all(|mode| *mode == Mode::Ok));
        assert!(modes[20..140].iter().all(|mode| matches!(mode, Mode::Status(503) | Mode::Reset)));
        assert!(modes[140..].iter().all(|mode| *mode == Mode::Ok));
    }

    #[test]
    fn an_outage_spares_the_other_providers_and_a_meltdown_takes_four() {
        assert!(modes(Scenario::Outage, "hunter", 500).iter().all(|mode| *mode == Mode::Ok));
        let other = Lengths { down: "hunter", ..LENGTHS };
        let hunter = Scenario::Outage.script("hunter", &other).unwrap();
        assert_eq!(hunter.to_string(), "ok:2c loop reset:8s 500:4s ok:45s");
        assert_eq!(Scenario::Outage.script(FIRST, &other).unwrap(), Script::calm());
        let down = |provider: &str| modes(Scenario::Meltdown, provider, 30)[25] != Mode::Ok;
        let all = super::super::Sandbox::providers();
        assert_eq!(all.filter(|provider| down(provider)).collect::<Vec<_>>(), DOWN_TOGETHER);
    }

    #[test]
    fn flaky_never_fails_three_times_in_a_row() {
        let modes = modes(Scenario::Flaky, "hunter", 2000);
        assert!(modes.windows(3).all(|three| three.contains(&Mode::Ok)));
        assert!(modes.contains(&Mode::Reset) && modes.contains(&Mode::TooMany(1)));
    }

    #[test]
    fn a_misspelt_scenario_is_answered_with_all_names() {
        let refusal = "outtage".parse::<Scenario>().unwrap_err().to_string();
        assert!(refusal.contains("did you mean `outage`?") && refusal.contains("calm, flaky, outage, meltdown"));
        assert_eq!("Meltdown".parse(), Ok(Scenario::Meltdown));
    }
}
