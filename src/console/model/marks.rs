//! Marks on rows of a list, by id: they survive paging, filtering and refresh.

use std::collections::BTreeSet;

/// Most single marks; more are marked with "all that match".
pub const MARKS_MAX: usize = 1_000;

/// Which rows are marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    ids: BTreeSet<i64>,
    /// Where a range begins.
    pub from: Option<i64>,
    /// All that match, also what is on other pages.
    pub all: bool,
}

impl Marks {
    /// Whether this row is marked.
    pub fn has(&self, id: i64) -> bool {
        self.all || self.ids.contains(&id)
    }

    /// The single marks.
    pub fn ids(&self) -> Vec<i64> {
        self.ids.iter().copied().collect()
    }

    /// How many single marks there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && !self.all
    }

    /// Marks a row, or takes its mark away; false when there are too many.
    pub fn toggle(&mut self, id: i64) -> bool {
        self.all = false;
        if self.ids.remove(&id) {
            return true;
        }
        self.ids.len() < MARKS_MAX && self.ids.insert(id)
    }

    /// Begins a range at a row, or marks all of `page` between its begin and this row; false when there are too many.
    pub fn range(&mut self, id: i64, page: &[i64]) -> bool {
        let place = |id: i64| page.iter().position(|i| *i == id);
        match (self.from.take().and_then(place), place(id)) {
            (Some(a), Some(b)) => {
                let rows = &page[a.min(b)..=a.max(b)];
                let fits = self.ids.len() + rows.len() <= MARKS_MAX;
                self.ids.extend(rows.iter().filter(|_| fits));
                fits
            }
            _ => {
                self.from = Some(id);
                true
            }
        }
    }

    /// Marks all that match; or, if all are marked, none.
    pub fn toggle_all(&mut self) {
        *self = Marks { all: !self.all, ..Marks::default() };
    }

    /// What is marked, in words; empty if nothing is.
    pub fn words(&self) -> String {
        match (self.all, self.ids.len(), self.from) {
            (true, ..) => "all that match are marked".into(),
            (_, 0, Some(_)) => "a range begins: V ends it".into(),
            (_, 0, None) => String::new(),
            (_, n, _) => format!("{n} marked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_ids_and_a_range_takes_what_is_between() {
        let mut marks = Marks::default();
        marks.toggle(5);
        assert!(marks.has(5) && !marks.has(6));
        let page = [9, 8, 7, 6, 5];
        marks.range(8, &page);
        marks.range(6, &page);
        assert_eq!(marks.ids(), [5, 6, 7, 8]);
        marks.toggle_all();
        assert!(marks.has(1) && marks.ids().is_empty());
        marks.toggle(1);
        assert!(!marks.has(2) && marks.has(1), "one mark ends \"all\"");
    }

    #[test]
    fn there_is_an_end_to_single_marks() {
        let mut marks = Marks::default();
        assert!((0..MARKS_MAX as i64).all(|id| marks.toggle(id)));
        assert!(!marks.toggle(-1) && marks.len() == MARKS_MAX);
    }
}
