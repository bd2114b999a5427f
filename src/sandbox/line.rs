//! The line behind a number, of which several providers speak and must agree.

use rlibphonenumber::PhoneNumberType;

use super::{dice::Dice, number::Number};

const CARRIERS: [&str; 8] = [
    "Harbor Wireless",
    "Northlight Mobile",
    "Cedar Telecom",
    "Bluestone Cellular",
    "Meridian Networks",
    "Fernway Mobile",
    "Granite Telephone",
    "Skylark Voice",
];

/// Kind, carrier and network of a number: same number, same line.
pub(super) struct Line<'a> {
    pub(super) number: &'a Number,
    /// Two letters, empty if not known.
    pub(super) country: &'a str,
    /// In Twilio's words.
    pub(super) kind: &'static str,
    pub(super) carrier: Option<&'static str>,
    pub(super) mcc: Option<&'static str>,
    pub(super) mnc: Option<String>,
}

impl<'a> Line<'a> {
    pub(super) fn of(number: &'a Number) -> Self {
        let dice = number.dice;
        let kinds: &[(&str, f64)] = match number.kind {
            PhoneNumberType::TollFree => &[("tollFree", 1.0)],
            PhoneNumberType::Mobile => &[("mobile", 0.94), ("nonFixedVoip", 1.0)],
            PhoneNumberType::FixedLine => &[("landline", 0.85), ("fixedVoip", 1.0)],
            PhoneNumberType::VoIP => &[("fixedVoip", 0.5), ("nonFixedVoip", 1.0)],
            _ => &[("mobile", 0.55), ("landline", 0.8), ("nonFixedVoip", 0.9), ("fixedVoip", 0.97), ("tollFree", 1.0)],
        };
        let share = dice.unit("line type");
        let kind = kinds.iter().find(|(_, up_to)| share < *up_to).map_or("unknown", |(kind, _)| kind);
        let country = number.country_code.as_deref().unwrap_or_default();
        let mcc = match country {
            "US" => "310",
            "CA" => "302",
            "GB" => "234",
            "DE" => "262",
            "FR" => "208",
            "AU" => "505",
            _ => "901",
        };
        let mobile = kind == "mobile";
        let carrier = (kind != "tollFree").then(|| dice.pick("carrier", &CARRIERS));
        let mnc = mobile.then(|| format!("{:03}", 900 + dice.below("network", 100)));
        Line { number, country, kind, carrier, mcc: mobile.then_some(mcc), mnc }
    }

    pub(super) fn is_us(&self) -> bool {
        self.country == "US"
    }

    pub(super) fn dice(&self) -> Dice {
        self.number.dice
    }
}
