//! Keys of nodes, and of the chart.

use super::Do;
use super::action::Place::{Fleet, Overview};
use super::registry::{Binding, c, row, verb};

/// Their rows of the table.
pub(super) const FLEET: &[Binding] = &[
    verb("quiet", Do::Pause, &[c('p')], &[Fleet], ("quiet", "let this node claim nothing more, or wake it again")),
    verb(
        "drain",
        Do::TakeOut,
        &[c('x')],
        &[Fleet],
        ("drain", "let this worker finish what is in its hands, leave the fleet and end"),
    ),
    row(
        "chart-range",
        Do::ChartRange,
        &[c('R')],
        &[Overview],
        ("", "how far back the chart reaches: 10 minutes, 1 h, 6 h, 24 h, 7 days"),
    ),
];
