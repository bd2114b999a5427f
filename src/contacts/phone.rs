//! One spelling for every number: raw text and a region in, E.164 or a reason out.
//!
//! The verdict is libphonenumber's: impossible numbers are refused, possible but unassigned ones pass. What stands before
//! it only undoes what spreadsheets do to numbers, and never invents a digit.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{NotANumberError, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, ValidationError};

/// Longest text that is looked at, in bytes; libphonenumber refuses anything longer as well.
const RAW_BYTES_MAX: usize = 250;

/// The country whose dialling rules apply to a number that is written without `+`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(rlibphonenumber::Region);

impl Region {
    /// The United States, where nothing else is said.
    pub const US: Region = Region(rlibphonenumber::Region::US);

    /// Every region that libphonenumber knows.
    pub fn all() -> impl Iterator<Item = Region> {
        PHONE_NUMBER_UTIL.get_supported_regions().map(Region)
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Region, UnknownRegion> {
        let code = code.trim().to_ascii_uppercase();
        Region::all().find(|region| region.to_string() == code).ok_or(UnknownRegion(code))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_region_str().as_str())
    }
}

/// A region's code that names no region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no region: give a two-letter country code such as US, GB or DE")]
pub struct UnknownRegion(String);

/// A number in the one spelling that the database keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone {
    /// `+`, calling code, national number: 2 to 15 digits in all.
    pub e164: String,
    /// ISO 3166-1 alpha-2 of its country, where the number tells: shared calling codes may not.
    pub country: Option<String>,
}

/// Why a text is no number that could be called. Each message is the reason in a rejects file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing but space.
    #[error("there is no number in this row")]
    Empty,
    /// Letters, dates, anything that is not written like a number.
    #[error("this is not written like a phone number")]
    NotANumber,
    /// A spreadsheet kept fewer digits than the number has (`1.41556E+10`).
    #[error(
        "the spreadsheet rounded this number and its last digits are lost: format the column as text and export it again"
    )]
    DigitsLost,
    /// The calling code belongs to no country, or there is none and no region was given for it.
    #[error("its country calling code does not exist")]
    UnknownCountry,
    /// Fewer digits than any number of its country.
    #[error("it has too few digits for its country")]
    TooShort,
    /// More digits than any number of its country.
    #[error("it has too many digits for its country: a number of another country needs its +")]
    TooLong,
    /// Between the shortest and the longest, but no number of its country has this length.
    #[error("no number of its country has this many digits")]
    WrongLength,
    /// Possible to libphonenumber, but E.164 ends at 15 digits.
    #[error("it has more than the 15 digits that E.164 allows")]
    MoreThan15,
}

/// Normalises `raw`, dialled from `region`. Never panics, whatever the text.
pub fn normalise(raw: &str, region: Region) -> Result<Phone, PhoneError> {
    if raw.len() > RAW_BYTES_MAX {
        return Err(PhoneError::NotANumber);
    }
    let text = visible(raw);
    if text.is_empty() {
        return Err(PhoneError::Empty);
    }
    let text = undo_spreadsheet(&text)?;
    possible(&text, region).and_then(|number| e164(&number))
}

/// Drops what can't be seen, makes every space a plain one, and trims, also the apostrophe that marks text in a cell.
fn visible(raw: &str) -> String {
    let kept: String = raw
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c })
        .collect();
    kept.trim().trim_start_matches(['\'', '\u{2019}', '`']).trim().to_owned()
}

/// Zero-width, directional, soft-hyphen and tag characters: web pages and address books put them into numbers.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// `14155550123.0` and `1.4155550123E+10` become digits again, if all of them are still there.
fn undo_spreadsheet(text: &str) -> Result<String, PhoneError> {
    let (plus, bare) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
    let (mantissa, exponent) = match bare.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => match exponent.trim_start_matches('+').parse::<usize>() {
            Ok(exponent) if exponent <= 30 => (mantissa, exponent),
            _ => return Ok(text.to_owned()),
        },
        None => (bare, 0),
    };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    if whole.is_empty() || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    if exponent > 0 {
        let all_kept = fraction.len() == exponent && whole.len() == 1;
        return if all_kept { Ok(format!("{plus}{whole}{fraction}")) } else { Err(PhoneError::DigitsLost) };
    }
    let only_zeros = !fraction.is_empty() && fraction.len() <= 2 && fraction.bytes().all(|b| b == b'0');
    // Short heads are separators of a phone number (`02.00`), not a decimal point.
    Ok(if only_zeros && whole.len() >= 7 { format!("{plus}{whole}") } else { text.to_owned() })
}

fn possible(text: &str, region: Region) -> Result<PhoneNumber, PhoneError> {
    let number = PHONE_NUMBER_UTIL.parse(text, Some(region.0)).map_err(|error| match error {
        ParseError::InvalidCountryCode => PhoneError::UnknownCountry,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => PhoneError::TooShort,
        ParseError::TooLongNsn | ParseError::NotANumber(NotANumberError::FailedToParseNumberAsInt(_)) => {
            PhoneError::TooLong
        }
        ParseError::NotANumber(_) => PhoneError::NotANumber,
    })?;
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) {
        Ok(_) => Ok(number),
        Err(ValidationError::InvalidCountryCode) => Err(PhoneError::UnknownCountry),
        Err(ValidationError::TooShort) => Err(PhoneError::TooShort),
        Err(ValidationError::TooLong) => Err(PhoneError::TooLong),
        Err(ValidationError::InvalidLength) => Err(PhoneError::WrongLength),
    }
}

fn e164(number: &PhoneNumber) -> Result<Phone, PhoneError> {
    let e164 = format!("+{}{}", number.country_code, number.get_national_significant_number());
    match e164.len() - 1 {
        0..=1 => Err(PhoneError::TooShort),
        2..=15 => {
            let country = PHONE_NUMBER_UTIL.get_region_for_number(number).map(|region| region.to_string());
            Ok(Phone { e164, country: country.filter(|code| code.len() == 2) })
        }
        _ => Err(PhoneError::MoreThan15),
    }
}

/// Whether a foreign spelling means the number `ours` (E.164); one without `+` is read in `country`, else in America.
pub fn is_same(theirs: &str, ours: &str, country: Option<&str>) -> bool {
    let region = country.and_then(|code| code.parse().ok()).unwrap_or(Region::US);
    normalise(theirs, region).is_ok_and(|theirs| theirs.e164 == ours)
}

/// The national digits of an E.164 number (`4155550123` of `+14155550123`); none if it is no number.
pub fn national_digits(e164: &str) -> Option<String> {
    let number = PhoneNumber::parse(e164, None).ok()?;
    let digits: String = number
        .format_as(rlibphonenumber::PhoneNumberFormat::International)
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.strip_prefix(&number.country_code.to_string()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rlibphonenumber::{PhoneNumberFormat, PhoneNumberType};

    fn from(region: &str, raw: &str) -> Result<String, PhoneError> {
        normalise(raw, region.parse().unwrap()).map(|phone| phone.e164)
    }

    #[test]
    fn every_spelling_of_one_number_is_one_number() {
        let spellings = [
            "+14155550123",
            "4155550123",
            "(415) 555-0123",
            "415.555.0123",
            "1-415-555-0123",
            "011 1 415 555 0123",
            "tel:+1-415-555-0123",
            "tel:555-0123;phone-context=+1-415",
            "'4155550123",
            "'+14155550123",
            "\u{feff}+1\u{a0}415\u{a0}555\u{2011}0123",
            "＋１４１５５５５０１２３",
            "４１５ ５５５ ０１２３",
            "+1 415 555 0123 ext. 42",
            "415-555-0123 x42",
            "415-555-0123;ext=42",
            "14155550123.0",
            "4155550123.0",
            "1.4155550123E+10",
            "4,155550123e9",
            "\u{202a}+1 415 555 0123\u{202c}",
            "+1\u{200b}4155550123",
            "  4155550123\t",
            "Phone: 415-555-0123",
            "+(1) 415 555 0123",
        ];
        for raw in spellings {
            assert_eq!(from("US", raw).as_deref(), Ok("+14155550123"), "{raw:?}");
        }
    }

    #[test]
    fn prefixes_for_dialling_abroad_belong_to_the_region() {
        assert_eq!(from("GB", "00 1 415 555 0123").as_deref(), Ok("+14155550123"));
        assert_eq!(from("US", "011 44 7700 900123").as_deref(), Ok("+447700900123"));
        assert_eq!(from("AU", "0011 44 7700 900123").as_deref(), Ok("+447700900123"));
        assert_eq!(from("GB", "07700 900123").as_deref(), Ok("+447700900123"));
        assert_eq!(from("GB", "447700900123").as_deref(), Ok("+447700900123"), "its own calling code without a plus");
        for other in ["0044 20 7946 0958", "442079460958", "41555501234"] {
            assert_eq!(from("US", other), Err(PhoneError::TooLong), "no guess at a country: {other}");
        }
    }

    #[test]
    fn what_can_not_be_a_number_says_why() {
        for (raw, why) in [
            ("", PhoneError::Empty),
            (" \u{a0}\u{200b}", PhoneError::Empty),
            ("n/a", PhoneError::NotANumber),
            ("hello", PhoneError::NotANumber),
            ("12", PhoneError::TooShort),
            ("41555501234567", PhoneError::TooLong),
            ("+999123456789", PhoneError::UnknownCountry),
            ("1.41556E+10", PhoneError::DigitsLost),
            ("1.4E+10", PhoneError::DigitsLost),
            ("+49123456789012345", PhoneError::MoreThan15),
        ] {
            assert_eq!(from("US", raw), Err(why), "{raw:?}");
        }
        assert_eq!(from("US", &"4".repeat(10_000)), Err(PhoneError::NotANumber));
    }

    #[test]
    fn possible_but_unassigned_numbers_stay() {
        assert_eq!(from("US", "+1 111 111 1111").as_deref(), Ok("+11111111111"));
        assert_eq!(from("IT", "06 1234 5678").as_deref(), Ok("+390612345678"), "Italy keeps its zero");
    }

    #[test]
    fn example_numbers_of_every_region_and_type_come_out_as_libphonenumber_says() {
        let types = [
            PhoneNumberType::FixedLine,
            PhoneNumberType::Mobile,
            PhoneNumberType::TollFree,
            PhoneNumberType::VoIP,
            PhoneNumberType::PremiumRate,
            PhoneNumberType::SharedCost,
            PhoneNumberType::UAN,
            PhoneNumberType::Pager,
        ];
        let mut seen = 0;
        for region in Region::all() {
            let of = |kind| PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region.0, kind).ok();
            for number in types.into_iter().filter_map(of) {
                let expected = number.format_as(PhoneNumberFormat::E164).into_owned();
                for spelling in [
                    PhoneNumberFormat::E164,
                    PhoneNumberFormat::International,
                    PhoneNumberFormat::National,
                    PhoneNumberFormat::RFC3966,
                ] {
                    let raw = number.format_as(spelling).into_owned();
                    assert_eq!(
                        normalise(&raw, region).map(|p| p.e164).as_deref(),
                        Ok(expected.as_str()),
                        "{region} {raw}"
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen > 3_000, "only {seen} examples");
    }

    #[test]
    fn a_region_is_read_in_any_case_and_a_wrong_one_is_named() {
        assert_eq!("gb".parse::<Region>().unwrap().to_string(), "GB");
        assert!("ZZ".parse::<Region>().unwrap_err().to_string().contains("ZZ"));
        assert!("USA".parse::<Region>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_passes_has_the_shape_that_the_database_wants(raw in "\\PC{0,40}", digits in "[+0-9eE., ()-]{0,40}") {
            for text in [raw, digits] {
                if let Ok(phone) = normalise(&text, Region::US) {
                    let rest = phone.e164.strip_prefix('+').unwrap();
                    prop_assert!((2..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()) && !rest.starts_with('0'));
                    prop_assert_eq!(normalise(&phone.e164, Region::US).map(|p| p.e164), Ok(phone.e164));
                }
            }
        }
    }
}
