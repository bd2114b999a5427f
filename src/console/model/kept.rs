//! What was read before stays on the screen while the database does not answer.

use super::Model;

/// Answers that are kept.
const KEPT_MAX: usize = 12;

impl Model {
    /// Keeps the last answer to the present question, before another one is asked.
    pub fn keep(&mut self) {
        let Some(loaded) = self.asked.1.take().filter(|loaded| loaded.answer.is_some()) else { return };
        self.kept.retain(|kept| kept.query != loaded.query);
        self.kept.push(loaded);
        let many = self.kept.len().saturating_sub(KEPT_MAX);
        self.kept.drain(..many);
    }

    /// While the database does not answer, the last answer to the present question is shown.
    pub fn recall(&mut self) {
        let Some(loaded) = self.asked.1.as_mut().filter(|loaded| loaded.answer.is_none()) else { return };
        if let Some(kept) = self.kept.iter().find(|kept| kept.query == loaded.query).filter(|_| self.failing.is_some())
        {
            *loaded = kept.clone();
        }
    }

    /// What a pane says that has no data yet.
    pub fn reading(&self) -> &'static str {
        if self.failing.is_some() { "the database does not answer: nothing of this was read yet" } else { "reading" }
    }
}
