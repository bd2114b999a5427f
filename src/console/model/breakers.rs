//! The Breakers screen.

use crate::console::model::List;

/// Which breaker is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakers {
    /// Breakers by name.
    pub list: List<String>,
    /// Whether somebody moved the selection; until then, entering the screen selects the worst.
    pub chosen: bool,
}
