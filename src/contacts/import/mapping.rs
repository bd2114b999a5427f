//! Which column fills which field. A column that fills none is kept beside the contact under its own name.

use std::collections::BTreeSet;

use super::dialect::{is_header, number_column};
use crate::catalogue::nearest;
use crate::contacts::fields::{self, Field};
use crate::contacts::phone::Region;

/// What a column's cells become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The number of the contact.
    Number,
    /// The number as it was once given; the number itself if no other column has it.
    Raw,
    /// A field, by name.
    Field(&'static str),
    /// Kept beside the contact under this name.
    Extra(String),
}

/// Columns of a file, from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub targets: Vec<Target>,
    /// Whether the first row names the columns.
    pub header: bool,
}

/// Spellings of headers that are common beside the fields' own names, in letters and digits only.
const SPELLINGS: &[(&str, &[&str])] = &[
    (
        "phone_e164",
        &[
            "phonenumber",
            "telephone",
            "telephonenumber",
            "tel",
            "telno",
            "telefon",
            "telefono",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "mobileno",
            "cell",
            "cellphone",
            "cellnumber",
            "msisdn",
            "e164",
            "phoneno",
            "contactnumber",
            "workphone",
            "homephone",
            "primaryphone",
            "phone1",
            "handy",
            "rufnummer",
            "formattedphonenumber",
        ],
    ),
    ("full_name", &["contact", "contactname", "customer", "customername", "person"]),
    ("first_name", &["givenname", "forename", "vorname"]),
    ("last_name", &["surname", "familyname", "nachname"]),
    (
        "business_name",
        &["companyname", "organization", "organisation", "business", "account", "accountname", "employer", "firma"],
    ),
    ("email", &["emailaddress", "mail"]),
    ("business_website", &["url", "web", "websiteurl", "homepage"]),
    ("position", &["jobtitle", "role"]),
    ("address", &["street", "streetaddress", "address1"]),
    ("city", &["town"]),
    ("state", &["province"]),
    ("postal_code", &["zip", "zipcode", "postcode"]),
    ("country", &["countryname"]),
    ("business_industry", &["sector"]),
];
/// Names that stand for the business's place where the file names a business, else for the person's.
const PLACES: &[&str] = &["address", "city", "state", "postal_code", "country"];

/// Decides for a whole file, from its first rows and what the operator says.
pub(super) fn decide(rows: &[Vec<String>], map: &[(String, String)], region: Region) -> Result<Mapping, String> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let first = rows.first().map(Vec::as_slice).unwrap_or_default();
    let named = |cell: &String| map.iter().any(|(column, _)| column.trim().eq_ignore_ascii_case(cell.trim()));
    let header = first.iter().any(|cell| field_of(cell).is_some() || named(cell)) || is_header(first, region);
    let names = names(if header { first } else { &[] }, width);
    let mut wanted: Vec<Option<&'static str>> =
        (0..width).map(|i| first.get(i).filter(|_| header).and_then(|cell| field_of(cell))).collect();
    for (column, field) in map {
        let at = column_at(column, first, header, width)?;
        let given = asked_field(field)?;
        if given.is_some() {
            // What the operator says wins over a header of the same meaning.
            wanted.iter_mut().filter(|other| **other == given).for_each(|other| *other = None);
        }
        wanted[at] = given;
    }
    if !wanted.iter().any(|field| matches!(*field, Some("phone_e164" | "raw_phone_number"))) {
        let content = rows.iter().skip(usize::from(header));
        let at = number_column(content, region).ok_or(
            "no column of phone numbers was found: name it with --map COLUMN=phone (a header, or a number from 1)",
        )?;
        wanted[at] = Some("phone_e164");
    }
    Ok(Mapping { targets: targets(&wanted, names), header })
}

/// The first column of a field fills it; all others are kept beside the contact.
fn targets(wanted: &[Option<&'static str>], names: Vec<String>) -> Vec<Target> {
    let business = wanted.iter().flatten().any(|field| *field == "business_name");
    let mut taken = BTreeSet::new();
    let target = |(field, name): (&Option<&'static str>, String)| match field.map(|field| placed(field, business)) {
        Some(field) if taken.insert(field) => match field {
            "phone_e164" => Target::Number,
            "raw_phone_number" => Target::Raw,
            field => Target::Field(field),
        },
        _ => Target::Extra(name),
    };
    wanted.iter().zip(names).map(target).collect()
}

fn placed(field: &'static str, business: bool) -> &'static str {
    if !PLACES.contains(&field) {
        return field;
    }
    let side = if business { "business_" } else { "consumer_" };
    let name = |known: &&Field| known.name.strip_prefix(side) == Some(field);
    fields::all().find(name).map_or(field, |known| known.name)
}

/// The field that a header names, if an import may fill it.
fn field_of(header: &str) -> Option<&'static str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let key = plain(header);
    if key.is_empty() {
        return None;
    }
    let place = PLACES.iter().find(|place| plain(place) == key).copied();
    let known =
        || fields::all().filter(|f| f.import).find(|f| f.names().any(|name| plain(name) == key)).map(|f| f.name);
    let spelt = || SPELLINGS.iter().find(|(_, spellings)| spellings.contains(&key.as_str())).map(|(name, _)| *name);
    place.or_else(known).or_else(spelt)
}

/// The field that the operator names; none for `extra`.
fn asked_field(field: &str) -> Result<Option<&'static str>, String> {
    let name = field.trim();
    if name.eq_ignore_ascii_case("extra") {
        return Ok(None);
    }
    if let Some(place) = PLACES.iter().find(|place| place.eq_ignore_ascii_case(name)) {
        return Ok(Some(place));
    }
    match fields::find(name) {
        Some(field) if field.import => Ok(Some(field.name)),
        Some(field) => {
            Err(format!("--map: {} is not filled by a file; map the column to extra to keep it", field.name))
        }
        None => {
            let known = fields::all().filter(|f| f.import).flat_map(Field::names).chain(PLACES.iter().copied());
            let hint = nearest(name, known).map_or(String::new(), |known| format!(": did you mean {known}?"));
            Err(format!("--map: there is no field {name:?}{hint}"))
        }
    }
}

fn column_at(column: &str, first: &[String], header: bool, width: usize) -> Result<usize, String> {
    let column = column.trim();
    let by_name = first.iter().position(|cell| header && cell.trim().eq_ignore_ascii_case(column));
    let by_number = || column.parse::<usize>().ok().filter(|n| (1..=width).contains(n)).map(|n| n - 1);
    by_name.or_else(by_number).ok_or_else(|| {
        let hint = nearest(column, first.iter().filter(|_| header).map(|cell| cell.trim()));
        let hint = hint.map_or(String::new(), |known| format!(": did you mean {known:?}?"));
        format!("--map: the file has no column {column:?}{hint}")
    })
}

/// A name of its own for every column: its header, or its number; the second of a name is numbered.
fn names(header: &[String], width: usize) -> Vec<String> {
    let mut taken = BTreeSet::new();
    (0..width)
        .map(|i| {
            let given = header.get(i).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
            let given = given.map(|cell| cell.strip_prefix("extra.").filter(|rest| !rest.is_empty()).unwrap_or(cell));
            let base = given.map_or_else(|| column_name(i), str::to_owned);
            let numbered = (2..).map(|n| format!("{base}_{n}"));
            let free = std::iter::once(base.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(base);
            taken.insert(free.clone());
            free
        })
        .collect()
}

/// The name of a column that has no header.
pub(super) fn column_name(index: usize) -> String {
    format!("column_{}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    fn decided(text: &[&[&str]], map: &[(&str, &str)]) -> Result<Mapping, String> {
        let map: Vec<_> = map.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        decide(&rows(text), &map, Region::US)
    }

    fn extra(name: &str) -> Target {
        Target::Extra(name.to_owned())
    }

    #[test]
    fn headers_are_known_by_fields_short_names_and_common_spellings() {
        let mapping =
            decided(&[&["Phone Number", "First Name", "Company", "E-Mail", "City", "Notes", "notes", ""]], &[])
                .unwrap();
        assert!(mapping.header);
        assert_eq!(
            mapping.targets,
            [
                Target::Number,
                Target::Field("first_name"),
                Target::Field("business_name"),
                Target::Field("email"),
                Target::Field("business_city"),
                extra("Notes"),
                extra("notes"),
                extra("column_8")
            ]
        );
        let person = decided(&[&["mobile", "phone", "city", "notes", "notes"]], &[]).unwrap();
        assert_eq!(
            person.targets,
            [Target::Number, extra("phone"), Target::Field("consumer_city"), extra("notes"), extra("notes_2")]
        );
    }

    #[test]
    fn a_file_without_header_is_known_by_its_content() {
        let mapping = decided(&[&["Jane", "415-555-0123"], &["Max", "415-555-0124"]], &[]).unwrap();
        assert_eq!(mapping, Mapping { targets: vec![extra("column_1"), Target::Number], header: false });
        assert_eq!(decided(&[&["415-555-0123"]], &[]).unwrap().targets, [Target::Number]);
        assert_eq!(
            decided(&[&["Leads"], &["415-555-0123"]], &[]).unwrap(),
            Mapping { targets: vec![Target::Number], header: true }
        );
    }

    #[test]
    fn what_the_operator_says_wins_and_is_checked() {
        let file: &[&[&str]] = &[&["phone", "who", "backup"], &["", "Jane", "415-555-0123"]];
        let mapping = decided(file, &[("backup", "phone"), ("WHO", "name")]).unwrap();
        assert_eq!(mapping.targets, [extra("phone"), Target::Field("full_name"), Target::Number]);
        assert_eq!(decided(file, &[("2", "company")]).unwrap().targets[1], Target::Field("business_name"));
        for (map, hint) in [
            (("whom", "name"), "who"),
            (("who", "nmae"), "name"),
            (("who", "status"), "not filled"),
            (("9", "name"), "no column"),
        ] {
            assert!(decided(file, &[map]).unwrap_err().contains(hint), "{map:?}");
        }
    }

    #[test]
    fn without_any_number_the_file_is_refused() {
        assert!(decided(&[&["a", "b"], &["x", "y"]], &[]).unwrap_err().contains("--map COLUMN=phone"));
    }
}
