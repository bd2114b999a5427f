//! Chance without luck: every draw comes from a seed, a text (a phone number) and a salt (what is drawn for).
//!
//! The same three give the same value on every machine and in any order of calls, so two runs answer alike.

use std::time::Duration;

/// Draws for one text under one seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, text: &str) -> Self {
        Self(mix(fold(seed ^ 0xcbf2_9ce4_8422_2325, text)))
    }

    /// 64 even bits for this purpose.
    pub(super) fn draw(self, salt: &str) -> u64 {
        mix(fold(self.0, salt))
    }

    /// Even in 0..1.
    pub(super) fn unit(self, salt: &str) -> f64 {
        (self.draw(salt) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `bound` (0 for a bound of 0).
    pub(super) fn below(self, salt: &str, bound: u64) -> u64 {
        self.draw(salt).checked_rem(bound).unwrap_or(0)
    }

    /// True in this share (0..1) of all texts.
    pub(super) fn chance(self, salt: &str, share: f64) -> bool {
        self.unit(salt) < share
    }

    /// One of `choices`, which must not be empty.
    pub(super) fn pick<'a>(self, salt: &str, choices: &[&'a str]) -> &'a str {
        let index = self.below(salt, choices.len() as u64) as usize;
        choices.get(index).copied().unwrap_or_default()
    }

    /// This many hexadecimal digits (at most 32).
    pub(super) fn hex(self, salt: &str, digits: usize) -> String {
        let high = self.draw(salt);
        let mut text = format!("{high:016x}{:016x}", mix(high));
        text.truncate(digits);
        text
    }

    /// How long a healthy provider takes: log-normal, middle 85 ms (two thirds within 60-120), at most a second.
    pub(super) fn latency(self, scale: f64) -> Duration {
        let radius = (-2.0 * (1.0 - self.unit("latency radius")).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit("latency angle")).cos();
        let milliseconds = (85.0 * (0.35 * normal).exp()).clamp(15.0, 1000.0);
        Duration::try_from_secs_f64(milliseconds * scale / 1000.0).unwrap_or_default()
    }
}

fn fold(start: u64, text: &str) -> u64 {
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The finaliser of SplitMix64: spreads a change of one bit over all.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_waits_equally_long_under_the_same_seed_only() {
        let wait = |seed| Dice::new(seed, "+14155550123").latency(1.0);
        assert_eq!(wait(1), wait(1));
        assert_ne!(wait(1), wait(2));
        assert_eq!(Dice::new(1, "+14155550123").latency(0.0), Duration::ZERO);
    }

    #[test]
    fn most_latencies_lie_between_60_and_120_ms() {
        let waits: Vec<u128> =
            (0..2000).map(|n| Dice::new(7, &format!("+1415555{n:04}")).latency(1.0).as_millis()).collect();
        let near = waits.iter().filter(|wait| (60..=120).contains(*wait)).count();
        assert!((1200..1700).contains(&near), "{near} of 2000");
        assert!(waits.iter().all(|wait| (15..=1000).contains(wait)));
    }
}
