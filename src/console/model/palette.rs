//! The command line of the console: what was typed, what fits, and what was run before.

use tui_input::Input;

use crate::console::command::Offer;

/// Lines that are remembered.
pub const HISTORY_MAX: usize = 100;

/// The palette while it is open.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    /// What was typed.
    pub input: Input,
    /// What fits, the best first.
    pub offers: Vec<Offer>,
    /// The chosen offer.
    pub at: usize,
    /// Whether an offer was chosen by hand: Enter runs it, whatever was typed.
    pub chosen: bool,
    /// The line of the history that is shown, from the newest.
    pub recalled: Option<usize>,
    /// Why the line was not run.
    pub wrong: Option<String>,
}

impl PartialEq for Palette {
    fn eq(&self, other: &Palette) -> bool {
        self.input.value() == other.input.value() && self.at == other.at && self.wrong == other.wrong
    }
}

impl Palette {
    /// The line that Enter would run.
    pub fn choice(&self) -> Option<&Offer> {
        self.offers.get(self.at)
    }
}
