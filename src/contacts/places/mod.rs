//! Names of places and their codes: states of the USA and provinces of Canada, countries by ISO 3166-1.
//!
//! Files and providers write "TX", "Texas", "US" and "United States" alike; whoever asks for one means all of them. The
//! tables have a line a place: code, name, adjective, further spellings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::catalogue::nearest;

/// One place in all its spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Two capital letters.
    pub code: &'static str,
    /// As people say it.
    pub name: &'static str,
    /// What comes from there, such as `German`; empty where the table has none.
    pub adjective: &'static str,
    others: Vec<&'static str>,
}

/// Places of one kind, found by any spelling.
#[derive(Debug)]
pub struct Gazetteer {
    places: Vec<Place>,
    by_spelling: BTreeMap<String, usize>,
}

/// States of the USA with Washington DC and Puerto Rico, and provinces of Canada.
pub static STATES: LazyLock<Gazetteer> = LazyLock::new(|| Gazetteer::read(include_str!("states.tsv")));
/// Countries by ISO 3166-1 alpha-2.
pub static COUNTRIES: LazyLock<Gazetteer> = LazyLock::new(|| Gazetteer::read(include_str!("countries.tsv")));

impl Place {
    /// Code, name and further spellings, without the adjective.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        [self.code, self.name].into_iter().chain(self.others.iter().copied())
    }

    /// Every spelling in lower case, as a column is compared with it.
    pub fn folded(&self) -> Vec<String> {
        self.spellings().map(str::to_lowercase).collect()
    }
}

impl Gazetteer {
    fn read(table: &'static str) -> Gazetteer {
        let places: Vec<Place> = table
            .lines()
            .map(|line| {
                let mut cells = line.split('\t');
                let mut cell = || cells.next().unwrap_or_default();
                let (code, name, adjective, others) = (cell(), cell(), cell(), cell());
                Place { code, name, adjective, others: others.split('|').filter(|text| !text.is_empty()).collect() }
            })
            .collect();
        let spelled = |place: &Place| place.folded();
        let by_spelling = places.iter().enumerate().flat_map(|(i, p)| spelled(p).into_iter().map(move |s| (s, i)));
        let by_spelling = by_spelling.collect();
        Gazetteer { by_spelling, places }
    }

    /// The place with this code, name or further spelling, in any case.
    pub fn find(&self, text: &str) -> Option<&Place> {
        self.places.get(*self.by_spelling.get(&text.trim().to_lowercase())?)
    }

    /// All of them, by the table's order.
    pub fn all(&self) -> &[Place] {
        &self.places
    }

    /// The name or code nearest to what was typed.
    pub fn nearest(&self, text: &str) -> Option<&'static str> {
        nearest(text, self.places.iter().flat_map(|place| [place.name, place.code]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_by_code_name_and_further_spelling() {
        let state = |text: &str| STATES.find(text).map(|place| place.code);
        let country = |text: &str| COUNTRIES.find(text).map(|place| place.code);
        assert_eq!((state("texas"), state("tx"), state("Québec")), (Some("TX"), Some("TX"), Some("QC")));
        assert_eq!((country("uk"), country("USA"), country("germany")), (Some("GB"), Some("US"), Some("DE")));
        assert_eq!((state("Bavaria"), country("Narnia")), (None, None));
        assert_eq!(COUNTRIES.nearest("Germny"), Some("Germany"));
    }

    #[test]
    fn no_two_places_of_a_table_share_a_spelling() {
        for table in [&*STATES, &*COUNTRIES] {
            let spellings: usize = table.all().iter().map(|place| place.folded().len()).sum();
            assert_eq!(table.by_spelling.len(), spellings);
            assert!(table.all().iter().all(|place| place.code.len() == 2 && !place.name.is_empty()));
        }
        assert_eq!((STATES.all().len(), COUNTRIES.all().len()), (65, 249));
    }
}
