//! A quick look whether any of many long needles can be in a text at all: it reads every few bytes only.
//!
//! Wu and Manber's shifts ("A fast algorithm for multi-pattern searching", 1994): a block of four bytes says how far the
//! next needle's end can be at the nearest. Nothing that is there is missed; what is not there may be taken for it.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Bytes that are read at a time.
const BLOCK: usize = 4;
/// Beginnings of needles longer than this gain nothing more.
const WINDOW_MAX: usize = 32;
/// Different blocks that the table tells apart.
const BITS: u32 = 16;

/// The shifts.
pub(super) struct Skim {
    window: usize,
    shifts: Box<[u8]>,
    /// Beginnings of all needles, hashed.
    heads: HashSet<u64>,
    hasher: RandomState,
}

impl Skim {
    /// For these needles; none if there are none, or one is shorter than a block.
    pub fn new(needles: &[String]) -> Option<Skim> {
        let shortest = needles.iter().map(String::len).min().filter(|length| *length >= BLOCK)?;
        let window = shortest.min(WINDOW_MAX);
        let farthest = window - BLOCK + 1;
        let mut shifts = vec![farthest as u8; 1 << BITS].into_boxed_slice();
        for needle in needles {
            for (at, block) in needle.as_bytes()[..window].windows(BLOCK).enumerate() {
                let shift = &mut shifts[place(block)];
                *shift = (*shift).min((window - BLOCK - at) as u8);
            }
        }
        let hasher = RandomState::new();
        let heads = needles.iter().map(|needle| hasher.hash_one(&needle.as_bytes()[..window])).collect();
        Some(Skim { window, shifts, heads, hasher })
    }

    /// False only if no needle is in the text.
    pub fn may_be_in(&self, text: &[u8]) -> bool {
        let mut end = self.window;
        while let Some(block) = text.get(end - BLOCK..end) {
            let shift = self.shifts[place(block)];
            if shift == 0 && self.heads.contains(&self.hasher.hash_one(&text[end - self.window..end])) {
                return true;
            }
            end += usize::from(shift.max(1));
        }
        false
    }
}

fn place(block: &[u8]) -> usize {
    let block = block.try_into().map_or(0, u32::from_le_bytes);
    (block.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_short_or_missing_is_not_skimmed_for() {
        assert!(Skim::new(&[]).is_none());
        assert!(Skim::new(&["abc".to_owned(), "abcdef".to_owned()]).is_none());
    }

    proptest! {
        #[test]
        fn a_needle_that_is_there_is_never_missed(
            needles in prop::collection::vec("[a-d]{4,40}", 1..6), before in "[a-d]{0,50}", after in "[a-d]{0,50}", which in any::<prop::sample::Index>()
        ) {
            let text = format!("{before}{}{after}", which.get(&needles));
            prop_assert!(Skim::new(&needles).unwrap().may_be_in(text.as_bytes()));
        }
    }
}
