//! The Breakers screen.

use crate::console::model::List;
use crate::operations::views::BreakerView;

/// Which breaker is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakers {
    /// Breakers by name.
    pub list: List<String>,
    /// Whether somebody moved the selection; until then, entering the screen selects the worst.
    pub chosen: bool,
    /// In which order they stand.
    pub order: BreakerOrder,
}

/// An order of breakers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BreakerOrder {
    /// Open ones first, then by the jobs that wait.
    #[default]
    Worst,
    /// By name.
    Name,
    /// Most waiting jobs first.
    Waiting,
}

impl BreakerOrder {
    /// All of them with their words.
    pub const ALL: [(BreakerOrder, &str); 3] =
        [(BreakerOrder::Worst, "worst first"), (BreakerOrder::Name, "name"), (BreakerOrder::Waiting, "waiting jobs")];

    /// Puts rows in this order.
    pub fn sort(self, rows: &mut [&BreakerView]) {
        match self {
            BreakerOrder::Worst => rows.sort_by_key(|b| (b.state == "closed", b.lane.is_none(), -b.waiting)),
            BreakerOrder::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            BreakerOrder::Waiting => rows.sort_by_key(|b| -b.waiting),
        }
    }
}
