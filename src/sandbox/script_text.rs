//! Scripts as text: words apart by spaces, `MODE[=VALUE][:BOUND]`, and `loop`.
//!
//! A bound is `20c` (calls), `500ms`, `12s` or `2m`; without one a phase never ends. `loop` repeats what follows it, or,
//! as the last word, everything. What is written out reads back the same.

use std::{fmt, time::Duration};

use super::script::{Bound, Mode, PHASES_MAX, Phase, STATUSES};

/// Why a script was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A word that is no mode.
    #[error("a script knows no `{word}`{nearest}; its modes are {}", MODES.join(", "))]
    UnknownMode {
        /// As it was written.
        word: String,
        /// The nearest mode, as a question, or nothing.
        nearest: String,
    },
    /// A bound or value that can't be read.
    #[error(
        "`{word}` has no bound or value that can be read; write for example ok:20c, 503:12s, slow=3s:500ms or 429=2:1m"
    )]
    BadNumber {
        /// As it was written.
        word: String,
    },
    /// A phase of no calls or no time.
    #[error("a phase of a script lasts at least one call or one millisecond; give it more")]
    EmptyPhase,
    /// Something behind a phase that never ends.
    #[error(
        "a phase without a bound never ends; give a bound to every phase but the last, and to all of them with a loop"
    )]
    Endless,
    /// `loop` with nothing to repeat, or twice.
    #[error("`loop` stands once, before the phases that repeat or as the last word; put it there")]
    EmptyLoop,
    /// More phases than a script holds.
    #[error("a script holds at most {PHASES_MAX} phases; shorten it or use a loop")]
    TooLong,
}

const MODES: [&str; 18] = [
    "ok", "slow", "500", "502", "503", "504", "hang", "reset", "429", "garbage", "401", "402", "403", "404", "202",
    "451", "half", "drip",
];

/// Longer than any client waits: its time-out must end the call.
const SLOW_DEFAULT: Duration = Duration::from_secs(15);
const RETRY_AFTER_DEFAULT_S: u32 = 2;

pub(super) fn read(text: &str) -> Result<(Vec<Phase>, Option<usize>), ScriptError> {
    let mut phases = Vec::new();
    let mut loop_at = None;
    for word in text.split_whitespace() {
        if phases.len() > PHASES_MAX {
            return Err(ScriptError::TooLong);
        }
        if word != "loop" {
            phases.push(phase(word)?);
        } else if loop_at.replace(phases.len()).is_some() {
            return Err(ScriptError::EmptyLoop);
        }
    }
    let loop_from = loop_at.map(|at| if at == phases.len() { 0 } else { at });
    Ok((phases, loop_from))
}

fn phase(word: &str) -> Result<Phase, ScriptError> {
    let (name, bound) = word.split_once(':').map_or((word, None), |(name, bound)| (name, Some(bound)));
    let bad = || ScriptError::BadNumber { word: word.to_owned() };
    let bound = match bound {
        None => Bound::Endless,
        Some(bound) => match bound.strip_suffix('c') {
            Some(calls) => Bound::Calls(calls.parse().map_err(|_| bad())?),
            None => Bound::Time(duration(bound).ok_or_else(bad)?),
        },
    };
    let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
    let mode = match (name, value) {
        ("slow", None) => Mode::Slow(SLOW_DEFAULT),
        ("slow", Some(value)) => Mode::Slow(duration(value).ok_or_else(bad)?),
        ("429", None) => Mode::TooMany(RETRY_AFTER_DEFAULT_S),
        ("429", Some(value)) => Mode::TooMany(value.parse().map_err(|_| bad())?),
        (_, Some(_)) => return Err(bad()),
        ("ok", None) => Mode::Ok,
        ("hang" | "timeout", None) => Mode::Hang,
        ("reset", None) => Mode::Reset,
        ("garbage", None) => Mode::Garbage,
        ("half", None) => Mode::Half,
        ("drip", None) => Mode::Drip,
        (name, None) => Mode::Status(status(name)?),
    };
    Ok(Phase { mode, bound })
}

fn status(name: &str) -> Result<u16, ScriptError> {
    let asked = name.parse().ok().filter(|status| STATUSES.contains(status));
    asked.ok_or_else(|| ScriptError::UnknownMode { word: name.to_owned(), nearest: super::did_you_mean(name, &MODES) })
}

/// `500ms`, `12s` or `2m`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let number: u64 = digits.parse().ok()?;
    match text.get(digits.len()..)? {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

pub(super) fn write(phases: &[Phase], loop_from: Option<usize>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, phase) in phases.iter().enumerate() {
        let gap = if index > 0 { " " } else { "" };
        let again = if loop_from == Some(index) { "loop " } else { "" };
        write!(f, "{gap}{again}{}", phase.mode)?;
        match phase.bound {
            Bound::Calls(calls) => write!(f, ":{calls}c")?,
            Bound::Time(time) => write!(f, ":{}", Written(time))?,
            Bound::Endless => {}
        }
    }
    Ok(())
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Slow(time) if *time == SLOW_DEFAULT => f.write_str("slow"),
            Self::Slow(time) => write!(f, "slow={}", Written(*time)),
            Self::Status(status) => write!(f, "{status}"),
            Self::TooMany(RETRY_AFTER_DEFAULT_S) => f.write_str("429"),
            Self::TooMany(seconds) => write!(f, "429={seconds}"),
            Self::Hang => f.write_str("hang"),
            Self::Reset => f.write_str("reset"),
            Self::Garbage => f.write_str("garbage"),
            Self::Half => f.write_str("half"),
            Self::Drip => f.write_str("drip"),
        }
    }
}

struct Written(Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        if milliseconds.is_multiple_of(1000) {
            write!(f, "{}s", milliseconds / 1000)
        } else {
            write!(f, "{milliseconds}ms")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Script;

    #[test]
    fn a_wrong_script_is_refused_in_a_sentence_that_helps() {
        let refusal = |text: &str| text.parse::<Script>().unwrap_err().to_string();
        assert!(refusal("ok:5c garbege:3s").contains("did you mean `garbage`?"), "{}", refusal("garbege"));
        assert!(refusal("418:3s").contains("500, 502"));
        assert!(refusal("ok:5x").contains("ok:20c"));
        assert!(refusal("ok=1:5s").contains("ok:20c"));
        assert!(refusal("ok:0c").contains("at least one call"));
        assert!(refusal("ok 500:3s").contains("never ends"));
        assert!(refusal("loop").contains("stands once"));
        assert!(refusal("ok:1c loop 500:1c loop").contains("stands once"));
        assert!(refusal(&"ok:1c ".repeat(1200)).contains("at most"));
    }

    #[test]
    fn words_have_short_and_long_forms() {
        let written = |text: &str| text.parse::<Script>().unwrap().to_string();
        assert_eq!(written(" timeout:2m  slow:1500ms 429:1c 429=30:1c slow=3s:1c  loop"), {
            "loop hang:120s slow:1500ms 429:1c 429=30:1c slow=3s:1c"
        });
    }
}
