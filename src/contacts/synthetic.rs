//! Numbers that belong to nobody, for demonstrations and benchmarks: only from ranges that authorities keep for fiction.
//!
//! North America 555-01xx, Ofcom's and ACMA's numbers for drama, Arcep's for fiction, ComReg's 020 91. Where those end,
//! area code 555 goes on, which no place has. The first numbers of each range are left to `assets/demo.csv`.

/// How many numbers there are at least, all different.
pub const NUMBERS_MAX: usize = 1_000_000;

/// A run of reserved numbers: a prefix, how many digits follow, and which of them are left out at the beginning.
struct Range {
    prefix: &'static str,
    digits: usize,
    first: usize,
}

const fn range(prefix: &'static str, digits: usize, first: usize) -> Range {
    Range { prefix, digits, first }
}

const BRITAIN: &[Range] = &[
    range("+447700900", 3, 100),
    range("+44207946", 4, 9_000),
    range("+441632960", 3, 0),
    range("+441134960", 3, 0),
    range("+441144960", 3, 0),
    range("+441154960", 3, 0),
    range("+441164960", 3, 0),
    range("+441174960", 3, 0),
    range("+441184960", 3, 0),
    range("+441214960", 3, 0),
    range("+441314960", 3, 0),
    range("+441414960", 3, 0),
    range("+441514960", 3, 0),
    range("+441614960", 3, 0),
    range("+441914980", 3, 0),
];
const AUSTRALIA: &[Range] = &[
    range("+6125550", 4, 0),
    range("+6127010", 4, 0),
    range("+6135550", 4, 0),
    range("+6137010", 4, 0),
    range("+6175550", 4, 0),
    range("+6177010", 4, 0),
    range("+6185550", 4, 0),
    range("+6187010", 4, 0),
];
const FRANCE: &[Range] = &[
    range("+3319900", 4, 100),
    range("+3326191", 4, 0),
    range("+3335301", 4, 0),
    range("+3346571", 4, 0),
    range("+3353649", 4, 0),
    range("+3363998", 4, 0),
];
const IRELAND: &[Range] = &[range("+3532091", 5, 0)];

/// Of ten numbers, the country of each.
const MIX: [Country; 10] = [
    Country::America,
    Country::Britain,
    Country::America,
    Country::America,
    Country::Australia,
    Country::America,
    Country::France,
    Country::America,
    Country::Ireland,
    Country::America,
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Country {
    America,
    Britain,
    Australia,
    France,
    Ireland,
}

/// First of the hundred 555-01xx that are used in each area code.
const AMERICA_FIRST: usize = 20;

/// The first `count` numbers of this seed, in E.164: all different up to `NUMBERS_MAX`, the same for the same seed.
pub fn generate(count: usize, seed: u64) -> impl Iterator<Item = String> {
    use Country::{America, Australia, Britain, France, Ireland};
    let areas: Vec<usize> = area_codes().collect();
    let orders = [America, Britain, Australia, France, Ireland].map(|country| Order::new(capacity(country), seed));
    let beyond_order = Order::new(8_000_000, seed);
    let mut used = [0usize; 5];
    let mut beyond = 0;
    (0..count).map(move |i| {
        let country = MIX[i % MIX.len()];
        let (order, nth) = (&orders[country as usize], &mut used[country as usize]);
        *nth += 1;
        if *nth <= order.size {
            return number(country, order.place(*nth - 1), &areas);
        }
        beyond += 1;
        format!("+1555{}", 2_000_000 + beyond_order.place(beyond - 1))
    })
}

/// An order of `0..size` that depends on the seed and repeats nothing.
struct Order {
    size: usize,
    stride: usize,
    start: usize,
}

impl Order {
    fn new(size: usize, seed: u64) -> Order {
        let shared = |mut a: usize, mut b: usize| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let stride = (size * 5 / 8..).find(|stride| shared(*stride, size) == 1).unwrap_or(1);
        let start = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size as u64;
        Order { size, stride, start: usize::try_from(start).unwrap_or(0) }
    }

    fn place(&self, at: usize) -> usize {
        (self.start + at % self.size * self.stride) % self.size
    }
}

fn ranges(country: Country) -> &'static [Range] {
    match country {
        Country::America => &[],
        Country::Britain => BRITAIN,
        Country::Australia => AUSTRALIA,
        Country::France => FRANCE,
        Country::Ireland => IRELAND,
    }
}

fn size(range: &Range) -> usize {
    10usize.pow(u32::try_from(range.digits).unwrap_or(0)) - range.first
}

fn capacity(country: Country) -> usize {
    match country {
        Country::America => area_codes().count() * (100 - AMERICA_FIRST),
        _ => ranges(country).iter().map(size).sum(),
    }
}

/// Every code that an area could have: no service code (N11), and no 555, which is used up last.
fn area_codes() -> impl Iterator<Item = usize> {
    (200..1_000).filter(|code| code / 10 % 10 != 9 && code % 100 != 11 && *code != 555)
}

fn number(country: Country, mut at: usize, areas: &[usize]) -> String {
    if country == Country::America {
        let each = 100 - AMERICA_FIRST;
        let area = areas.get(at / each).unwrap_or(&200);
        return format!("+1{area}55501{:02}", AMERICA_FIRST + at % each);
    }
    for range in ranges(country) {
        if at < size(range) {
            return format!("{}{:0width$}", range.prefix, range.first + at, width = range.digits);
        }
        at -= size(range);
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::phone::{Region, normalise};
    use std::collections::HashSet;

    #[test]
    fn a_million_numbers_differ_from_one_another_and_from_the_demonstrations_file() {
        let mut reader = csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.csv")).unwrap();
        let numbers = reader.records().map(|row| normalise(&row.unwrap()[0], Region::US).unwrap().e164);
        let mut all: HashSet<String> = numbers.collect();
        assert_eq!(all.len(), 200);
        all.extend(generate(NUMBERS_MAX, 7));
        assert_eq!(all.len(), 200 + NUMBERS_MAX);
    }

    #[test]
    fn numbers_are_possible_in_e164_and_follow_from_the_seed() {
        for number in generate(2_000, 1).chain(generate(NUMBERS_MAX, 3).skip(NUMBERS_MAX - 500)) {
            assert_eq!(normalise(&number, Region::US).map(|phone| phone.e164), Ok(number));
        }
        assert!(generate(500, 1).eq(generate(500, 1)));
        assert!(!generate(500, 1).eq(generate(500, 2)));
    }
}
