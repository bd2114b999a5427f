//! Keys of nodes, of the others on deck, and of the chart.

use super::action::Place::{Anywhere, Fleet, Overview, Question};
use super::registry::{Binding, c, row, verb};
use super::{Do, Key};

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
    row(
        "deck",
        Do::Deck,
        &[c('@')],
        &[Anywhere],
        ("", "others on deck: answer who asks for a second person, or see who is here and what they have open"),
    ),
    row(
        "second-person",
        Do::Second,
        &[Key::ctrl('t')],
        &[Question],
        ("", "in the question before what is heavy: ask the others on deck to agree to it first"),
    ),
];
