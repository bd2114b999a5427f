//! The chart of jobs done, with the marks of breakers below it.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use crate::console::effect::Answer;
use crate::console::model::{Model, RANGES, trend};
use crate::console::theme::Token;
use crate::console::widget::{Sheet, chart, words};
use crate::operations::views::{ChartMark, ChartPoint, LaneView, SamplePoint};

/// Depths in the cells of a sparkline; samples that are 5 s apart leave no holes.
pub(super) fn held(points: &[trend::Point], end: DateTime<Utc>, window: TimeDelta, cells: usize) -> Vec<Option<f64>> {
    let mut values = trend::spread(points, end, window, cells);
    trend::fill(&mut values, reach(window, cells));
    values
}

/// Cells that one sample stands for: 15 s, so that one that comes late leaves no hole.
fn reach(window: TimeDelta, cells: usize) -> usize {
    cells * 15 / usize::try_from(window.num_seconds()).unwrap_or(1).max(1) + 1
}

/// What the chart shows: rates, how far back, and how long calls took at worst.
struct Shown<'a> {
    rates: Vec<trend::Point>,
    window: TimeDelta,
    /// Events; none: the samples tell where breakers were open.
    marks: Option<&'a [ChartMark]>,
    took: [Option<i32>; 3],
    /// What became of jobs and attempts, in words.
    became: String,
}

fn shown<'a>(model: &'a Model, samples: &[SamplePoint]) -> Shown<'a> {
    match (model.chart_minutes(), model.answer()) {
        (Some(minutes), Some(Answer::Chart(chart))) => {
            let worst = |ms: fn(&ChartPoint) -> Option<i32>| chart.points.iter().filter_map(ms).max();
            Shown {
                rates: chart.points.iter().map(|p| (p.at, p.done_per_s)).collect(),
                window: TimeDelta::minutes(i64::from(minutes)),
                marks: Some(&chart.marks),
                took: [worst(|p| p.p50_ms), worst(|p| p.p95_ms), worst(|p| p.p99_ms)],
                became: became(["done", "failed", "retried"], [chart.sums.done, chart.sums.failed, chart.sums.retried]),
            }
        }
        _ => {
            let lanes = || model.pulse.iter().flat_map(|pulse| &pulse.status.lanes);
            let worst = |ms: fn(&LaneView) -> Option<i32>| lanes().filter_map(ms).max();
            Shown {
                rates: trend::rates(samples),
                window: trend::window(samples, model.clock),
                marks: None,
                took: [worst(|l| l.p50_ms), worst(|l| l.p95_ms), worst(|l| l.p99_ms)],
                became: {
                    let sum = |rate: fn(&LaneView) -> Option<f64>| words::rate(lanes().filter_map(rate).sum());
                    format!("now: done {}  failed {}", sum(|l| l.done_per_s), sum(|l| l.failed_per_s))
                },
            }
        }
    }
}

fn became(names: [&str; 3], numbers: [i64; 3]) -> String {
    let parts = names.iter().zip(numbers).map(|(name, n)| format!("{name} {}", words::count(n)));
    parts.collect::<Vec<_>>().join("  ")
}

/// Jobs done per second over all lanes.
pub(super) fn draw(model: &Model, samples: &[SamplePoint], sheet: &mut Sheet<'_>, area: Rect) {
    let Shown { rates, window, marks, took, became } = shown(model, samples);
    let range = match model.chart_minutes() {
        Some(_) => RANGES[model.range].1.to_owned(),
        None => format!("{} min", window.num_minutes()),
    };
    let inner = sheet.pane(area, &format!("Jobs done per second, last {range}  (R)"), false);
    if inner.width < 20 || inner.height < 3 {
        return;
    }
    let top = rates.iter().map(|r| r.1).fold(0.0, f64::max);
    if top <= 0.0 || model.facts.slow {
        let text = match top {
            _ if marks.is_none() && model.chart_minutes().is_some() => "reading".to_owned(),
            0.0 if marks.is_some() && rates.is_empty() => "too little was sampled yet for so long a chart".to_owned(),
            0.0 => "nothing was done in this time".to_owned(),
            _ => format!("at most {}", words::rate(top)),
        };
        sheet.put((inner.x + 1, inner.y, inner.width - 2), &text, Token::Muted);
        return;
    }
    let calls = ["p50", "p95", "p99"]
        .iter()
        .zip(took)
        .map(|(name, ms)| format!("{name} {}", words::or_none(ms.map(|ms| words::millis(i64::from(ms))))));
    let calls = format!("slowest: {}", calls.collect::<Vec<_>>().join("  "));
    let head = if inner.height > 8 { 2 } else { u16::from(inner.height > 5) };
    for (y, line) in (0..head).zip([calls, became]) {
        sheet.put((inner.x + 1, inner.y + y, inner.width - 2), &line, Token::Muted);
    }
    let feet = if inner.height > 4 { 2 } else { 1 };
    let plot = Rect { x: inner.x + 7, y: inner.y + head, width: inner.width - 8, height: inner.height - feet - head };

    let mut values = trend::spread(&rates, model.clock, window, usize::from(plot.width) * 2);
    let most = if marks.is_some() { values.len() / 30 + 1 } else { reach(window, values.len()) };
    trend::fill(&mut values, most);
    chart(sheet, plot, &values, top);
    sheet.put((inner.x + 1, plot.y, 5), &format!("{:>5}", words::count(top.ceil() as i64)), Token::Muted);
    sheet.put((inner.x + 1, plot.bottom() - 1, 5), "    0", Token::Muted);
    let axis = Rect { y: inner.bottom() - 1, height: 1, ..plot };
    sheet.put((axis.x, axis.y, axis.width), &words::clock(model.clock - window, model.clock), Token::Muted);
    sheet.right(axis, axis.x + 12, &[(words::clock(model.clock, model.clock).into(), Token::Muted)]);
    let feet = Rect { y: axis.y.saturating_sub(1), ..axis };
    match marks {
        _ if feet.y < plot.bottom() => {}
        Some(marks) => events_below(model, (marks, window), sheet, feet),
        None => marks_below(model, samples, sheet, feet),
    }
}

/// What happened, below the chart: x opened, / a probe, o closed, ! an alert, R a credential, N a node.
fn events_below(model: &Model, (marks, window): (&[ChartMark], TimeDelta), sheet: &mut Sheet<'_>, axis: Rect) {
    for mark in marks {
        let (glyph, token) = match mark.kind.as_str() {
            "opened" => ("x", Token::Critical),
            "probe" => ("/", Token::Half),
            "closed" => ("o", Token::Ok),
            "alert" => ("!", Token::Warn),
            "credential" => ("R", Token::Held),
            _ => ("N", Token::Muted),
        };
        if let Some(cell) = trend::cell(mark.at, model.clock, window, usize::from(axis.width)) {
            sheet.put((axis.x + cell as u16, axis.y, 1), glyph, token);
        }
    }
}

/// Where breakers were open, below the chart.
fn marks_below(model: &Model, samples: &[SamplePoint], sheet: &mut Sheet<'_>, axis: Rect) {
    for lane in model.lane_rows() {
        let strip = trend::strip(samples, &lane.lane, model.clock, usize::from(axis.width));
        for (i, glyph) in strip.chars().enumerate().filter(|(_, g)| matches!(g, 'X' | '/' | '^')) {
            let token = if glyph == '/' { Token::Half } else { Token::Critical };
            sheet.put((axis.x + i as u16, axis.y, 1), &glyph.to_lowercase().to_string(), token);
        }
    }
}
