//! A figure beside its ceiling: medians over rounds, and how far the rounds lie apart. Pure.

use serde::Serialize;

use super::super::output::{self, thousands};
use super::Failure;

/// One line of a benchmark's results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Name, a part of the contract with scripts.
    pub name: &'static str,
    /// Median of the rounds.
    pub value: f64,
    /// Unit of value and ceiling.
    pub unit: &'static str,
    /// Median of what was measured beside it.
    pub ceiling: f64,
    /// Value over ceiling.
    pub ratio: f64,
    /// From the lowest to the highest round, as a part of the median.
    pub spread: f64,
    /// What the ceiling is.
    #[serde(skip)]
    pub beside: &'static str,
}

impl Figure {
    /// From the rounds of a figure and of its ceiling; zeros where there was no round.
    pub fn new(
        name: &'static str,
        unit: &'static str,
        rounds: &[f64],
        (beside, ceilings): (&'static str, &[f64]),
    ) -> Figure {
        let (value, ceiling) = (median(rounds), median(ceilings));
        let (low, high) = rounds.iter().fold((f64::MAX, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
        let part = |of: f64, whole: f64| if whole > 0.0 { round(of / whole) } else { 0.0 };
        let spread = if rounds.is_empty() { 0.0 } else { part(high - low, value) };
        Figure { name, value: round(value), unit, ceiling: round(ceiling), ratio: part(value, ceiling), spread, beside }
    }
}

/// The middle value; 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which this part of the values lies (nearest rank); 0 of nothing.
pub fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Prints the figures for people, or as the contract's JSON.
pub fn print(figures: &[Figure], json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&serde_json::json!({ "results": figures }));
    }
    let number = |v: f64| if v >= 100.0 { thousands(v.round() as i64) } else { format!("{v:.2}") };
    let rows: Vec<Vec<String>> = figures
        .iter()
        .map(|f| {
            let (ratio, spread) = (format!("{:.2}", f.ratio), format!("{:.0} %", f.spread * 100.0));
            vec![f.name.into(), number(f.value), f.unit.into(), number(f.ceiling), ratio, spread, f.beside.into()]
        })
        .collect();
    output::table(&["figure", "value", "unit", "ceiling", "ratio", "spread", "the ceiling is"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_of_its_rounds_beside_that_of_its_ceiling() {
        let figure = Figure::new("drain", "jobs/s", &[120.0, 90.0, 100.0], ("bare SQL", &[80.0, 50.0, 70.0]));
        assert_eq!((figure.value, figure.ceiling, figure.ratio, figure.spread), (100.0, 70.0, 1.429, 0.3));
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let cuts = [0.5, 0.95, 0.99].map(|part| percentile(&values, part));
        assert_eq!(cuts, [50.0, 95.0, 99.0]);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
