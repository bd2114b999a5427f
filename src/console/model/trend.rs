//! Series for sparklines, strips and the chart, out of the samples.

use chrono::{DateTime, TimeDelta, Utc};

use crate::console::message::TREND_MINUTES;
use crate::operations::views::SamplePoint;

/// A value at a time.
pub type Point = (DateTime<Utc>, f64);

/// How far back there is something to show: 1, 2, 5 or 10 minutes, so that a short history fills its picture.
pub fn window(samples: &[SamplePoint], end: DateTime<Utc>) -> TimeDelta {
    let age = samples.first().map_or(0, |oldest| (end - oldest.at).num_seconds());
    let minutes = [1, 2, 5].into_iter().find(|m| age <= m * 60).unwrap_or(i64::from(TREND_MINUTES));
    TimeDelta::minutes(minutes)
}

/// Depths of one lane, oldest first.
pub fn depths(samples: &[SamplePoint], lane: &str) -> Vec<Point> {
    samples.iter().filter(|s| s.lane == lane).map(|s| (s.at, s.depth as f64)).collect()
}

/// Jobs ended a second over all lanes, oldest first: one value for each pair of neighbouring samples.
pub fn rates(samples: &[SamplePoint]) -> Vec<Point> {
    let mut totals: Vec<(DateTime<Utc>, i64, usize)> = Vec::new();
    for sample in samples {
        match totals.last_mut() {
            Some((at, sum, lanes)) if *at == sample.at => (*sum, *lanes) = (*sum + sample.done_total, *lanes + 1),
            _ => totals.push((sample.at, sample.done_total, 1)),
        }
    }
    let rate = |pair: &[(DateTime<Utc>, i64, usize)]| {
        let seconds = (pair[1].0 - pair[0].0).as_seconds_f64();
        let same_lanes = pair[0].2 == pair[1].2;
        (same_lanes && seconds > 0.0).then(|| (pair[1].0, (pair[1].1 - pair[0].1).max(0) as f64 / seconds))
    };
    totals.windows(2).filter_map(rate).collect()
}

/// Spreads points over `cells` equal parts of the window that ends at `end`; the mean of each, none where nothing is.
pub fn spread(points: &[Point], end: DateTime<Utc>, window: TimeDelta, cells: usize) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0u32); cells];
    for (at, value) in points {
        if let Some(sum) = cell(*at, end, window, cells).and_then(|i| sums.get_mut(i)) {
            *sum = (sum.0 + value, sum.1 + 1);
        }
    }
    sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect()
}

/// Fills holes between known values with the value before, up to `reach` cells.
pub fn fill(values: &mut [Option<f64>], reach: usize) {
    let mut last = None;
    let mut age = 0;
    for value in values {
        match value {
            Some(v) => (last, age) = (Some(*v), 0),
            None if age < reach => (*value, age) = (last, age + 1),
            None => {}
        }
    }
}

/// Breaker's state of one lane in each cell, by its glyph: the worst of the cell; a blank where nothing is known.
pub fn strip(samples: &[SamplePoint], lane: &str, end: DateTime<Utc>, cells: usize) -> String {
    let window = window(samples, end);
    let mut glyphs = vec![' '; cells];
    for sample in samples.iter().filter(|s| s.lane == lane) {
        let Some(place) = cell(sample.at, end, window, cells).and_then(|i| glyphs.get_mut(i)) else { continue };
        let glyph = match sample.breaker.as_str() {
            "open" => 'X',
            "half_open" => '/',
            "forced_open" => '^',
            "forced_closed" => 'v',
            _ => 'o',
        };
        let worse = |g: char| "Xv^/o ".find(g);
        if worse(glyph) < worse(*place) {
            *place = glyph;
        }
    }
    glyphs.into_iter().collect()
}

/// In which of `cells` equal parts of the window that ends at `end` a moment lies.
pub fn cell(at: DateTime<Utc>, end: DateTime<Utc>, window: TimeDelta, cells: usize) -> Option<usize> {
    let age = (end - at).num_milliseconds();
    let whole = window.num_milliseconds();
    (cells > 0 && (0..whole).contains(&age)).then(|| cells - 1 - (age as usize * cells / whole as usize).min(cells - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64, lane: &str, depth: i64, done_total: i64, breaker: &str) -> SamplePoint {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        SamplePoint { at, lane: lane.into(), depth, done_total, breaker: breaker.into() }
    }

    #[test]
    fn the_rate_is_the_difference_of_all_lanes_over_the_time_between() {
        let samples = [
            sample(0, "a", 0, 100, "closed"),
            sample(0, "b", 0, 50, "closed"),
            sample(5, "a", 0, 150, "closed"),
            sample(5, "b", 0, 60, "closed"),
        ];
        assert_eq!(rates(&samples), vec![(samples[2].at, 12.0)]);
    }

    #[test]
    fn points_outside_of_the_window_are_left_out() {
        let points = depths(&[sample(0, "a", 9, 0, "closed"), sample(595, "a", 4, 0, "closed")], "a");
        let end = DateTime::UNIX_EPOCH + TimeDelta::seconds(605);
        let cells = spread(&points, end, TimeDelta::minutes(10), 10);
        assert_eq!(cells.iter().flatten().copied().collect::<Vec<_>>(), vec![4.0]);
        assert_eq!(cells[9], Some(4.0));
    }

    #[test]
    fn a_strip_shows_the_worst_state_of_each_cell() {
        let end = DateTime::UNIX_EPOCH + TimeDelta::seconds(600);
        let samples = [
            sample(0, "b", 0, 0, "closed"),
            sample(310, "a", 0, 0, "closed"),
            sample(320, "a", 0, 0, "open"),
            sample(590, "a", 0, 0, "half_open"),
        ];
        assert_eq!(strip(&samples, "a", end, 10), "     X   /");
    }
}
