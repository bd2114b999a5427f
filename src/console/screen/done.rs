//! The chart of jobs done, with the marks of breakers below it.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use crate::console::model::{Model, trend};
use crate::console::theme::Token;
use crate::console::widget::{Sheet, chart, words};
use crate::operations::views::SamplePoint;

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

/// Jobs done per second over all lanes.
pub(super) fn draw(model: &Model, samples: &[SamplePoint], sheet: &mut Sheet<'_>, area: Rect) {
    let window = trend::window(samples, model.clock);
    let inner = sheet.pane(area, &format!("Jobs done per second, last {} min", window.num_minutes()), false);
    if inner.width < 20 || inner.height < 3 {
        return;
    }
    let rates = trend::rates(samples);
    let top = rates.iter().map(|r| r.1).fold(0.0, f64::max);
    if top <= 0.0 || model.facts.slow {
        let text = if top <= 0.0 {
            "nothing was done in this time".to_owned()
        } else {
            format!("at most {}", words::rate(top))
        };
        sheet.put((inner.x + 1, inner.y, inner.width - 2), &text, Token::Muted);
        return;
    }
    let feet = if inner.height > 4 { 2 } else { 1 };
    let plot = Rect { x: inner.x + 7, width: inner.width - 8, height: inner.height - feet, ..inner };

    let mut values = trend::spread(&rates, model.clock, window, usize::from(plot.width) * 2);
    let most = reach(window, values.len());
    trend::fill(&mut values, most);
    chart(sheet, plot, &values, top);
    sheet.put((inner.x + 1, plot.y, 5), &format!("{:>5}", words::count(top.ceil() as i64)), Token::Muted);
    sheet.put((inner.x + 1, plot.bottom() - 1, 5), "    0", Token::Muted);
    let axis = Rect { y: inner.bottom() - 1, height: 1, ..plot };
    sheet.put((axis.x, axis.y, axis.width), &words::clock(model.clock - window, model.clock), Token::Muted);
    sheet.right(axis, axis.x + 10, &[(words::clock(model.clock, model.clock).into(), Token::Muted)]);
    if feet > 1 {
        marks_below(model, samples, sheet, Rect { y: axis.y - 1, ..axis });
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
