//! Calls at once when a provider comes back, beside what each step of the ramp allowed. Pure.

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::bar::Row;
use super::schedule::Recovery;
use crate::sandbox::CallRecord;

/// Tenths of a second after the recovery that are told.
const TENTHS: i64 = 12;

/// A row for each recovery: `…/at_once_above_the_ramp`, under the name of the run.
pub fn bursts(run: &str, recoveries: &[Recovery], calls: &[CallRecord]) -> Vec<Row> {
    let mut rows = Vec::new();
    for recovery in recoveries {
        let own: Vec<&CallRecord> = calls.iter().filter(|call| call.provider == recovery.provider).collect();
        let steps: Vec<String> = recovery.ramp.iter().map(|step| step.at_once.to_string()).collect();
        let note =
            format!("steps {}; most at once in each tenth of a second: {}", steps.join(", "), tenths(recovery, &own));
        let name = format!("{run}/{}/at_once_above_the_ramp", recovery.provider);
        rows.push(Row::at_most(name, above_the_ramp(recovery, &own), "calls", 0.0).note(note));
    }
    rows
}

/// By how much calls at once were ever above the step in which they came.
fn above_the_ramp(recovery: &Recovery, own: &[&CallRecord]) -> f64 {
    let over = recovery.ramp.iter().flat_map(|step| {
        let within = own.iter().filter(move |call| call.at >= step.from && call.at < step.until);
        within.map(move |call| f64::from(call.at_once) - f64::from(step.at_once))
    });
    over.fold(0.0, f64::max)
}

/// The most calls at once in each tenth of a second from the probe on.
fn tenths(recovery: &Recovery, own: &[&CallRecord]) -> String {
    let mut text = String::new();
    for tenth in 0..TENTHS {
        let from = recovery.answered + TimeDelta::milliseconds(100 * tenth);
        let within = own.iter().filter(|call| call.at >= from && call.at < from + TimeDelta::milliseconds(100));
        let _ =
            write!(text, "{}{}", if tenth > 0 { " " } else { "" }, within.map(|call| call.at_once).max().unwrap_or(0));
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::super::schedule::Stretch;
    use super::*;
    use crate::sandbox::Mode;

    #[test]
    fn a_call_above_its_step_is_told_and_one_within_it_is_not() {
        let at = |ms| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::milliseconds(ms);
        let call = |ms, at_once| CallRecord {
            provider: "hunter",
            at: at(ms),
            number: "".into(),
            credential: None,
            mode: Mode::Ok,
            status: Some(200),
            at_once,
            took_ms: Some(1),
        };
        let step = |from, until, at_once| Stretch { from: at(from), until: at(until), at_once };
        let ramp = vec![step(0, 150, 1), step(150, 300, 2)];
        let recovery = Recovery { provider: "hunter", opened: at(-900), answered: at(0), closed: at(300), ramp };
        let quiet = [call(10, 1), call(160, 2), call(400, 60)];
        let rows = bursts("meltdown", std::slice::from_ref(&recovery), &quiet);
        assert_eq!((rows[0].value, rows[0].holds), (0.0, Some(true)));
        assert!(
            rows[0].note.starts_with("steps 1, 2; most at once in each tenth of a second: 1 2 0 0 60 0"),
            "{rows:?}"
        );
        let rows = bursts("meltdown", &[recovery], &[call(160, 5)]);
        assert_eq!((rows[0].value, rows[0].holds), (3.0, Some(false)));
    }
}
