//! Who is behind a number, a domain and an address: one small world of which all stand-ins speak, so that they agree.
//!
//! Everybody in it is invented and drawn from the number, the domain or the address alone.

use super::{dice::Dice, line::Line};

pub(super) const SURNAMES: [&str; 12] = [
    "DOE",
    "SMITH",
    "GARCIA",
    "NGUYEN",
    "JOHNSON",
    "MARTINEZ",
    "O'BRIEN",
    "LEE",
    "PATEL",
    "MUELLER",
    "VAN DER BERG",
    "KOWALSKI",
];
pub(super) const FIRST_NAMES: [&str; 10] =
    ["JANE", "JOHN", "MARIA", "DAVID", "LINH", "ANNA", "OMAR", "CHRISTOPHER", "ELIZABETH", "SAM"];
const BUSINESSES: [&str; 10] = [
    "NORTHWIND HARBOR LTD",
    "CEDAR DENTAL",
    "ACME PLUMBING",
    "GRANITE LAW GROUP",
    "BLUE DOOR CAFE",
    "LAKESIDE CLINIC",
    "METRO AUTO PARTS",
    "SUNRISE BAKERY",
    "PIER 9 LOGISTICS",
    "OAK STREET BOOKS",
];
/// So many branches a name has, each with a domain of its own.
const BRANCHES: u64 = 900;
const PLACES: [(&str, &str, &str); 6] = [
    ("Oakland", "CA", "946"),
    ("Portland", "OR", "972"),
    ("Austin", "TX", "787"),
    ("Columbus", "OH", "432"),
    ("Albany", "NY", "122"),
    ("Savannah", "GA", "314"),
];
const STREETS: [&str; 5] = ["Pier St", "Oak Ave", "Harbor Blvd", "Mill Rd", "Station Sq"];
const TITLES: [(&str, &str, &str); 5] = [
    ("Head of Sales", "sales", "manager"),
    ("Owner", "leadership", "executive"),
    ("Office Manager", "operations", "manager"),
    ("Engineer", "engineering", "junior"),
    ("Chief Accountant", "finance", "senior"),
];
const PATTERNS: [&str; 4] = ["{first}.{last}", "{f}{last}", "{first}", "{first}_{last}"];

/// Who answers a number.
pub(super) enum Owner {
    /// A company's line, and whom one reaches there.
    Business { company: Company, person: Person, caller_name: &'static str },
    /// A person at home.
    Consumer { person: Person, home: Place },
}

impl Owner {
    pub(super) fn of(line: &Line<'_>) -> Self {
        let dice = line.dice();
        let share = if line.kind == "mobile" { 0.15 } else { 0.6 };
        let person = Person::of(dice);
        if line.kind == "tollFree" || dice.chance("business", share) {
            let caller_name = dice.pick("business name", &BUSINESSES);
            let domain = format!("{}-{}.example", slug(caller_name), 100 + dice.below("branch", BRANCHES));
            return Self::Business { company: Company::at(&domain), person, caller_name };
        }
        Self::Consumer { person, home: Place::of(dice) }
    }

    /// As the networks carry it, before they cut it.
    pub(super) fn caller_name(&self) -> String {
        match self {
            Self::Business { caller_name, .. } => (*caller_name).to_owned(),
            Self::Consumer { person, .. } => format!("{} {}", person.last, person.first).to_uppercase(),
        }
    }
}

/// A person's name and work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) first: String,
    pub(super) last: String,
    /// Title, role, seniority.
    pub(super) work: (&'static str, &'static str, &'static str),
}

impl Person {
    pub(super) fn of(dice: Dice) -> Self {
        let (first, last) = (dice.pick("first name", &FIRST_NAMES), dice.pick("surname", &SURNAMES));
        Self { first: title(first), last: title(last), work: work(dice) }
    }

    pub(super) fn named(first: &str, last: &str) -> Self {
        Self {
            first: title(first),
            last: title(last),
            work: work(Dice::new(0, &format!("{first} {last}").to_lowercase())),
        }
    }

    pub(super) fn full(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// A handle that several sites share.
    pub(super) fn handle(&self) -> String {
        letters(&self.full())
    }
}

fn work(dice: Dice) -> (&'static str, &'static str, &'static str) {
    TITLES[dice.below("title", TITLES.len() as u64) as usize % TITLES.len()]
}

/// An American address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) street: &'static str,
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    pub(super) postal_code: String,
}

impl Place {
    pub(super) fn of(dice: Dice) -> Self {
        let (city, state, zip) = PLACES[dice.below("city", PLACES.len() as u64) as usize % PLACES.len()];
        let postal_code = format!("{zip}{:02}", dice.below("postal code", 100));
        Self { number: 1 + dice.below("house", 999), street: dice.pick("street", &STREETS), city, state, postal_code }
    }

    pub(super) fn line(&self) -> String {
        format!("{} {}", self.number, self.street)
    }
}

/// A company by its domain.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) place: Place,
    pub(super) dice: Dice,
}

impl Company {
    /// Whoever is at this domain: its first label, without the branch's number, is the name.
    pub(super) fn at(domain: &str) -> Self {
        let dice = Dice::new(0, domain);
        let label = domain.split('.').next().unwrap_or_default();
        let words = label.split('-').filter(|word| !(word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit())));
        let name = title(&words.collect::<Vec<_>>().join(" "));
        Self { name, domain: domain.to_owned(), place: Place::of(dice), dice }
    }

    /// The company of this name; its domain is made of it.
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::at(&format!("{}.example", slug(name))) }
    }

    pub(super) fn employees(&self) -> u64 {
        1 + (self.dice.unit("employees").powi(3) * 12_000.0) as u64
    }

    pub(super) fn pattern(&self) -> &'static str {
        self.dice.pick("pattern", &PATTERNS)
    }

    /// A person's address there.
    pub(super) fn address(&self, person: &Person) -> String {
        let (first, last) = (letters(&person.first), letters(&person.last));
        let initial: String = first.chars().take(1).collect();
        let local = self.pattern().replace("{first}", &first).replace("{last}", &last).replace("{f}", &initial);
        format!("{local}@{}", self.domain)
    }
}

/// `JANE O'BRIEN` as `Jane O'Brien`.
fn title(text: &str) -> String {
    let mut begins = true;
    let cased = text.chars().flat_map(|c| {
        let upper = std::mem::replace(&mut begins, !c.is_alphanumeric());
        if upper { c.to_uppercase().collect::<Vec<_>>() } else { c.to_lowercase().collect() }
    });
    cased.collect()
}

fn letters(text: &str) -> String {
    text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

pub(super) fn slug(text: &str) -> String {
    let words = text.to_lowercase();
    words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// What a mail server would say of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mailbox {
    Valid,
    Invalid,
    CatchAll,
    Unknown,
    Disposable,
}

impl Mailbox {
    pub(super) fn of(email: &str) -> Self {
        // A catch-all server takes every address of its domain.
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        if Dice::new(0, domain).chance("catch-all", 0.08) {
            return Self::CatchAll;
        }
        match Dice::new(0, email).unit("mailbox") {
            share if share < 0.80 => Self::Valid,
            share if share < 0.92 => Self::Invalid,
            share if share < 0.97 => Self::Unknown,
            _ => Self::Disposable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_tells_its_company_and_a_person_has_an_address_there() {
        let company = Company::at("cedar-dental-417.example");
        assert_eq!(company.name, "Cedar Dental");
        let address = company.address(&Person::named("JANE", "O'BRIEN"));
        assert!(address.ends_with("@cedar-dental-417.example") && address.starts_with('j'), "{address}");
        assert_eq!(Person::named("jane", "van der berg").full(), "Jane Van Der Berg");
        assert_eq!(slug("Pier 9 Logistics, Inc."), "pier-9-logistics-inc");
    }
}
