//! What a provider does wrong, and when: a list of phases, each as long as some calls or some seconds.
//!
//! Pure: the time of a call is an argument. Phases by seconds follow one another by the clock, called or not; the first
//! one, and one after a phase by calls, begins with the call that finds it. After the last phase all is well.

use std::{fmt, time::Duration};

pub use super::script_text::ScriptError;

/// How a call is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Answered as the real provider would, refusals of wrong requests included.
    Ok,
    /// As `Ok`, but only after this long.
    Slow(Duration),
    /// What this HTTP status (one of [`STATUSES`]) stands for, in the provider's own way: 401 a refused key, 402 a used-up
    /// quota, 202 a record that is not there yet.
    Status(u16),
    /// Too many calls, in the provider's own way, with this wait in seconds where it says one.
    TooMany(u32),
    /// Accepted, never answered.
    Hang,
    /// The connection is torn down with a TCP RST.
    Reset,
    /// Status 200 with a body that is no JSON and holds control characters.
    Garbage,
    /// Every second call gets a 500, the others are `Ok`.
    Half,
    /// The right answer, one byte a second.
    Drip,
}

/// The statuses that a script may ask for by their number; 429 is [`Mode::TooMany`].
pub const STATUSES: [u16; 10] = [500, 502, 503, 504, 401, 402, 403, 404, 202, 451];

/// How long a phase lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// This many calls, at least one.
    Calls(u64),
    /// This long, at least a millisecond.
    Time(Duration),
    /// For ever: only the last phase of a script without a loop.
    Endless,
}

/// One stretch of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// What happens to its calls.
    pub mode: Mode,
    /// When it ends.
    pub bound: Bound,
}

/// Phases in order, and where the repeated part begins. Read from text such as `ok:1000c loop 503:12s ok:45s`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    phases: Vec<Phase>,
    loop_from: Option<usize>,
}

/// A script holds at most this many phases.
pub const PHASES_MAX: usize = 1000;

impl Script {
    /// Phases, repeated from the index `loop_from` on if it is given; none at all means that all is well.
    ///
    /// # Errors
    /// A bound of nothing, a phase behind an endless one, a loop without phases, or too many phases.
    pub fn new(phases: Vec<Phase>, loop_from: Option<usize>) -> Result<Self, ScriptError> {
        if phases.len() > PHASES_MAX {
            return Err(ScriptError::TooLong);
        }
        if loop_from.is_some_and(|from| from >= phases.len()) {
            return Err(ScriptError::EmptyLoop);
        }
        for (index, phase) in phases.iter().enumerate() {
            match phase.bound {
                Bound::Endless if index + 1 < phases.len() || loop_from.is_some() => return Err(ScriptError::Endless),
                Bound::Calls(0) => return Err(ScriptError::EmptyPhase),
                Bound::Time(time) if time < Duration::from_millis(1) => return Err(ScriptError::EmptyPhase),
                _ => {}
            }
        }
        Ok(Self { phases, loop_from })
    }

    /// Always well.
    pub fn calm() -> Self {
        Self { phases: Vec::new(), loop_from: None }
    }

    /// The phases, in order.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Length of the repeated part if the clock alone drives it: it can then be passed over in one step.
    fn clockwork_cycle(&self) -> Option<Duration> {
        self.phases.get(self.loop_from?..)?.iter().try_fold(Duration::ZERO, |sum, phase| match phase.bound {
            Bound::Time(time) => sum.checked_add(time),
            _ => None,
        })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::script_text::write(&self.phases, self.loop_from, f)
    }
}

impl std::str::FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let (phases, loop_from) = super::script_text::read(text)?;
        Self::new(phases, loop_from)
    }
}

/// A script at work: the phase in which it is, since when, and how many calls that phase has seen.
#[derive(Debug, Clone)]
pub struct Player {
    script: Script,
    index: usize,
    began: Option<Duration>,
    calls: u64,
}

impl Player {
    /// Before the first call.
    pub fn new(script: Script) -> Self {
        Self { script, index: 0, began: None, calls: 0 }
    }

    /// A script whose first phase begins at `now`, whether anybody calls or not.
    pub fn begun(script: Script, now: Duration) -> Self {
        Self { began: Some(now), ..Self::new(script) }
    }

    /// The script that is played.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// How the call that arrives at `now` (since any fixed moment, never going back) is treated: [`Mode::Half`] comes
    /// out as what it means for this call.
    pub fn call(&mut self, now: Duration) -> Mode {
        self.advance(now);
        self.calls += 1;
        match self.script.phases.get(self.index).map(|phase| phase.mode) {
            None => Mode::Ok,
            Some(Mode::Half) if !self.calls.is_multiple_of(2) => Mode::Status(500),
            Some(Mode::Half) => Mode::Ok,
            Some(mode) => mode,
        }
    }

    /// Leaves every phase that is over. It ends: a phase by calls is never over when it is entered, and a round of
    /// phases by seconds is passed over by division.
    fn advance(&mut self, now: Duration) {
        while let Some(phase) = self.script.phases.get(self.index) {
            let began = *self.began.get_or_insert(now);
            match phase.bound {
                Bound::Calls(calls) if self.calls >= calls => self.enter_next(None, now),
                Bound::Time(time) if now >= began.saturating_add(time) => {
                    self.enter_next(Some(began.saturating_add(time)), now);
                }
                _ => return,
            }
        }
    }

    fn enter_next(&mut self, mut began: Option<Duration>, now: Duration) {
        self.index += 1;
        self.calls = 0;
        if self.index == self.script.phases.len()
            && let Some(from) = self.script.loop_from
        {
            self.index = from;
            if let (Some(start), Some(cycle)) = (began, self.script.clockwork_cycle()) {
                let rounds = now.saturating_sub(start).as_nanos() / cycle.as_nanos().max(1);
                let passed = cycle.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
                began = Some(start.saturating_add(passed));
            }
        }
        self.began = began;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn play(script: &str, at_ms: &[u64]) -> Vec<Mode> {
        let mut player = Player::new(script.parse().unwrap());
        at_ms.iter().map(|at| player.call(Duration::from_millis(*at))).collect()
    }

    #[test]
    fn an_outage_begins_after_its_calls_and_ends_by_the_clock() {
        use Mode::{Ok, Status};
        let modes = play("ok:2c loop 503:12s ok:45s", &[0, 0, 9_000, 20_999, 21_000, 65_999, 66_000, 78_000]);
        assert_eq!(modes, [Ok, Ok, Status(503), Status(503), Ok, Ok, Status(503), Ok]);
    }

    #[test]
    fn an_outage_by_the_clock_is_over_before_a_late_first_call() {
        let script = || "503:4s ok".parse().unwrap();
        let mut player = Player::begun(script(), Duration::from_secs(10));
        assert_eq!(player.call(Duration::from_secs(15)), Mode::Ok);
        let mut player = Player::new(script());
        assert_eq!(player.call(Duration::from_secs(15)), Mode::Status(503), "else the first call begins it");
    }

    #[test]
    fn a_loop_at_the_end_repeats_everything_and_no_loop_ends_well() {
        use Mode::{Hang, Ok, Reset};
        assert_eq!(play("reset:1c hang:1c loop", &[0; 5]), [Reset, Hang, Reset, Hang, Reset]);
        assert_eq!(play("reset:1c hang:1c", &[0; 4]), [Reset, Hang, Ok, Ok]);
        assert_eq!(play("", &[0, 5]), [Ok, Ok]);
    }

    #[test]
    fn half_fails_every_second_call() {
        use Mode::{Ok, Status};
        assert_eq!(play("half", &[0; 4]), [Status(500), Ok, Status(500), Ok]);
    }

    #[test]
    fn a_night_without_calls_passes_in_one_step_and_keeps_the_rhythm() {
        let mut player = Player::new("500:1ms ok:2ms loop".parse().unwrap());
        assert_eq!(player.call(Duration::ZERO), Mode::Status(500));
        let month = 3 * 1000 * 86_400 * 10;
        assert_eq!(player.call(Duration::from_millis(month)), Mode::Status(500));
        assert_eq!(player.call(Duration::from_millis(month + 1)), Mode::Ok);
    }

    fn any_phase() -> impl Strategy<Value = Phase> {
        let mode = prop_oneof![
            Just(Mode::Ok),
            (1_u64..100_000).prop_map(|ms| Mode::Slow(Duration::from_millis(ms))),
            proptest::sample::select(STATUSES.to_vec()).prop_map(Mode::Status),
            any::<u32>().prop_map(Mode::TooMany),
            proptest::sample::select(vec![Mode::Hang, Mode::Reset, Mode::Garbage, Mode::Half, Mode::Drip]),
        ];
        let bound = prop_oneof![
            (1_u64..1_000_000).prop_map(Bound::Calls),
            (1_u64..10_000_000).prop_map(|ms| Bound::Time(Duration::from_millis(ms))),
        ];
        (mode, bound).prop_map(|(mode, bound)| Phase { mode, bound })
    }

    proptest! {
        #[test]
        fn a_script_written_out_reads_back_the_same(
            phases in proptest::collection::vec(any_phase(), 1..8), from in proptest::option::of(0_usize..8),
        ) {
            let from = from.filter(|from| *from < phases.len());
            let script = Script::new(phases, from).unwrap();
            prop_assert_eq!(script.to_string().parse::<Script>().unwrap(), script);
        }

        #[test]
        fn every_call_gets_a_mode_of_the_script_whatever_the_times(
            phases in proptest::collection::vec(any_phase(), 0..6), steps in proptest::collection::vec(0_u64..u64::MAX / 64, 1..40),
            repeat in any::<bool>(),
        ) {
            let from = (repeat && !phases.is_empty()).then_some(0);
            let mut player = Player::new(Script::new(phases.clone(), from).unwrap());
            let mut now = Duration::ZERO;
            for step in steps {
                now += Duration::from_millis(step);
                let mode = player.call(now);
                let known = phases.iter().any(|phase| phase.mode == mode || phase.mode == Mode::Half);
                prop_assert!(known || mode == Mode::Ok);
            }
        }

        #[test]
        fn a_phase_by_calls_sees_exactly_that_many(calls in 1_u64..500) {
            let mut player = Player::new(format!("reset:{calls}c hang").parse().unwrap());
            let resets = (0..calls + 9).filter(|at| player.call(Duration::from_secs(*at)) == Mode::Reset).count();
            prop_assert_eq!(resets as u64, calls);
        }

        #[test]
        fn no_text_can_make_the_reader_panic(text in "[a-z0-9:=. ]{0,40}|\\PC{0,40}") {
            let _ = text.parse::<Script>();
        }
    }
}
