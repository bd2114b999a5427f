//! A list that keeps its selection by id, through refreshes and changes of order.

/// Which row is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<I> {
    /// Id of the selected row, once there was one.
    pub id: Option<I>,
    /// Its place; where the selection stays when its row disappears.
    pub at: usize,
}

impl<I> Default for List<I> {
    fn default() -> Self {
        List { id: None, at: 0 }
    }
}

/// A movement of the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Rows down, or up when negative.
    By(i32),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl<I: Clone + PartialEq> List<I> {
    /// Finds the selected row again among `ids`.
    pub fn settle(&mut self, ids: &[I]) {
        let found = self.id.as_ref().and_then(|id| ids.iter().position(|i| i == id));
        self.at = found.unwrap_or(self.at.min(ids.len().saturating_sub(1)));
        self.id = ids.get(self.at).cloned().or_else(|| self.id.take());
    }

    /// Moves the selection.
    pub fn step(&mut self, ids: &[I], step: Move) {
        self.settle(ids);
        let last = ids.len().saturating_sub(1);
        self.at = match step {
            Move::By(rows) if rows < 0 => self.at.saturating_sub(rows.unsigned_abs() as usize),
            Move::By(rows) => (self.at + rows.unsigned_abs() as usize).min(last),
            Move::First => 0,
            Move::Last => last,
        };
        self.id = ids.get(self.at).cloned();
    }
}

/// The first row that is shown, of a list whose row `at` must be visible in `height` rows: the window moves by half pages.
pub fn window(at: usize, height: usize) -> usize {
    if height == 0 || at < height {
        return 0;
    }
    let half = (height / 2).max(1);
    ((at - height) / half + 1) * half
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_selection_follows_its_row() {
        let mut list = List::default();
        list.step(&["a", "b", "c"], Move::By(1));
        list.settle(&["c", "a", "b"]);
        assert_eq!((list.id, list.at), (Some("b"), 2));
        list.settle(&["c"]);
        assert_eq!((list.id, list.at), (Some("c"), 0));
    }

    proptest! {
        #[test]
        fn the_selected_row_is_always_in_the_window(at in 0usize..10_000, height in 1usize..200) {
            let first = window(at, height);
            prop_assert!(first <= at && at < first + height);
        }

        #[test]
        fn the_selection_stays_in_range(len in 0usize..20, steps in prop::collection::vec(-30i32..30, 0..20)) {
            let ids: Vec<usize> = (0..len).collect();
            let mut list = List::default();
            for step in steps {
                list.step(&ids, Move::By(step));
                prop_assert!(list.at < len.max(1));
            }
        }
    }
}
