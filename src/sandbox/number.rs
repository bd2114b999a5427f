//! What is known of a number before anything is asked of it: libphonenumber's judgement of its length and country.

use rlibphonenumber::{ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region, ValidationError};

use super::dice::Dice;

/// The share of possible numbers that are called unassigned all the same.
const UNASSIGNED: f64 = 0.02;

/// A number that was looked up.
pub(super) struct Number {
    /// E.164, or what was asked if that is no number.
    pub(super) phone_number: String,
    /// Country, calling code and national format, as far as they could be told.
    pub(super) country_code: Option<String>,
    pub(super) calling_country_code: Option<String>,
    pub(super) national_format: Option<String>,
    /// Why it is not valid; none if it is.
    pub(super) error: Option<&'static str>,
    /// What libphonenumber takes it for.
    pub(super) kind: PhoneNumberType,
    pub(super) dice: Dice,
}

/// Reads a number as Twilio does: international if it begins with `+`, else national in `region`.
pub(super) fn read(text: &str, region: Region) -> Number {
    // The seed is fixed: a number has the same answer in every sandbox.
    match PhoneNumber::parse(text, Some(region)) {
        Err(error) => nothing(text, parse_error(&error)),
        Ok(number) => {
            let phone_number = number.format_as(PhoneNumberFormat::E164).into_owned();
            let dice = Dice::new(0, &phone_number);
            let length = number.is_possible_with_reason().err().map(length_error);
            if let Some(error) = length {
                return nothing(&phone_number, error);
            }
            let country = number.get_region_code().or_else(|| main_region(&number));
            Number {
                calling_country_code: Some(number.country_code.to_string()),
                country_code: country.map(|region| region.to_string()).filter(|code| code.len() == 2),
                national_format: Some(number.format_as(PhoneNumberFormat::National).into_owned()),
                error: dice.chance("unassigned", UNASSIGNED).then_some("INVALID_BUT_POSSIBLE"),
                kind: number.get_type(),
                phone_number,
                dice,
            }
        }
    }
}

/// The first country with this calling code, for numbers that lie in no known range of it.
fn main_region(number: &PhoneNumber) -> Option<Region> {
    rlibphonenumber::PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code)
}

fn nothing(text: &str, error: &'static str) -> Number {
    Number {
        phone_number: text.to_owned(),
        country_code: None,
        calling_country_code: None,
        national_format: None,
        error: Some(error),
        kind: PhoneNumberType::Unknown,
        dice: Dice::new(0, text),
    }
}

fn parse_error(error: &ParseError) -> &'static str {
    match error {
        ParseError::InvalidCountryCode => "INVALID_COUNTRY_CODE",
        ParseError::NotANumber(_) => "NOT_A_NUMBER",
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => "TOO_SHORT",
        ParseError::TooLongNsn => "TOO_LONG",
    }
}

fn length_error(error: ValidationError) -> &'static str {
    match error {
        ValidationError::InvalidCountryCode => "INVALID_COUNTRY_CODE",
        ValidationError::TooShort => "TOO_SHORT",
        ValidationError::InvalidLength => "INVALID_LENGTH",
        ValidationError::TooLong => "TOO_LONG",
    }
}
