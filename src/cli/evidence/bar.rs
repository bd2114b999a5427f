//! A figure beside its bar. Pure.

use serde::Serialize;

use super::super::Failure;
use super::super::output::{self, thousands};

/// One line of what was shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Name: `outage/5xx/calls_while_open`.
    pub name: String,
    /// What was measured.
    pub value: f64,
    /// Unit of value and bar.
    pub unit: &'static str,
    /// The bar; none where there is none to hold.
    pub ceiling: Option<f64>,
    /// Value over bar.
    pub ratio: Option<f64>,
    /// Which side of the bar is right.
    pub side: Option<&'static str>,
    /// Whether it holds.
    pub holds: Option<bool>,
    /// How it was measured, in words.
    pub note: String,
}

impl Row {
    /// A figure without a bar.
    pub fn figure(name: impl Into<String>, value: f64, unit: &'static str) -> Row {
        let (name, note) = (name.into(), String::new());
        Row { name, value: round(value), unit, ceiling: None, ratio: None, side: None, holds: None, note }
    }

    /// A figure that must not be above its bar.
    pub fn at_most(name: impl Into<String>, value: f64, unit: &'static str, bar: f64) -> Row {
        Row::figure(name, value, unit).barred("at most", bar, value <= bar)
    }

    /// A figure that must not be below its bar.
    pub fn at_least(name: impl Into<String>, value: f64, unit: &'static str, bar: f64) -> Row {
        Row::figure(name, value, unit).barred("at least", bar, value >= bar)
    }

    /// A figure beside another one, with their ratio and without a verdict.
    pub fn beside(name: impl Into<String>, value: f64, unit: &'static str, other: f64) -> Row {
        Row { holds: None, ..Row::figure(name, value, unit).barred("beside", other, true) }
    }

    fn barred(self, side: &'static str, bar: f64, holds: bool) -> Row {
        let ratio = (bar != 0.0).then(|| round(self.value / bar));
        Row { ceiling: Some(round(bar)), ratio, side: Some(side), holds: Some(holds), ..self }
    }

    /// With a note.
    pub fn note(self, note: impl Into<String>) -> Row {
        Row { note: note.into(), ..self }
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Prints rows for people.
pub fn print(rows: &[Row]) -> Result<(), Failure> {
    let number =
        |v: f64| if v.abs() >= 100.0 || v.fract() == 0.0 { thousands(v.round() as i64) } else { format!("{v:.2}") };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let bar = row.side.zip(row.ceiling).map_or(String::new(), |(side, bar)| format!("{side} {}", number(bar)));
            let verdict = match row.holds {
                Some(true) => "holds",
                Some(false) => "MISSED",
                None => "",
            };
            vec![row.name.clone(), number(row.value), row.unit.into(), bar, verdict.into(), row.note.clone()]
        })
        .collect();
    output::table(&["figure", "value", "unit", "bar", "", "how"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_held_on_its_own_side_and_at_its_edge() {
        assert_eq!(Row::at_most("a", 1.0, "x", 1.0).holds, Some(true));
        assert_eq!(Row::at_most("a", 1.001, "x", 1.0).holds, Some(false));
        assert_eq!(Row::at_least("a", 0.95, "x", 0.95).holds, Some(true));
        assert_eq!(Row::at_least("a", 0.9, "x", 0.95).holds, Some(false));
        assert_eq!(Row::at_most("a", 0.0, "x", 0.0).ratio, None);
    }
}
