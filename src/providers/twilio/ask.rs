//! What a lookup asks for, and what it tells Twilio about the contact for it: each input only with the package that needs it.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::catalogue::LOOKUP_PACKAGES as PACKAGES;
use crate::providers::gateway::Line;
use crate::providers::input::Input;

/// What to ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Packages; none = the free validation alone.
    pub packages: Vec<&'static str>,
    /// What is known for them.
    pub known: Known,
}

/// What packages want to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The day on which the owner was last known to be reached there: `reassigned_number` is left out without it.
    pub last_verified: Option<NaiveDate>,
    /// Who the owner is said to be, for `identity_match`, which is left out without it.
    pub person: Vec<(&'static Said, String)>,
    /// A verification of Twilio's Verify, for `pre_fill`.
    pub verification: Option<String>,
    /// Which of our own customers asks, for `sms_pumping_risk`.
    pub partner: Option<String>,
}

/// One thing that is said of a person: its name in a query, in the body of a batch, and the contact's column.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    query: &'static str,
    body: &'static str,
    column: &'static str,
}

const fn said(query: &'static str, body: &'static str, column: &'static str) -> Said {
    Said { query, body, column }
}

/// Inputs of `identity_match`; the last two come from columns of an import that are kept beside the contact.
static SAID: [Said; 9] = [
    said("FirstName", "first_name", "first_name"),
    said("LastName", "last_name", "last_name"),
    said("AddressLine1", "address_line1", "consumer_address"),
    said("City", "city", "consumer_city"),
    said("State", "state", "consumer_state"),
    said("PostalCode", "postal_code", "consumer_postal_code"),
    said("AddressCountryCode", "address_country_code", "consumer_country"),
    said("NationalId", "national_id", "national_id"),
    said("DateOfBirth", "date_of_birth", "date_of_birth"),
];

impl Ask {
    /// Reads a comma list of package names. Fails with the nearest known name.
    pub fn parse(text: &str) -> Result<Ask, String> {
        let mut ask = Ask::default();
        for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let Some(known) = PACKAGES.into_iter().find(|package| *package == name) else {
                let near = crate::catalogue::nearest(name, PACKAGES).unwrap_or("line_type_intelligence");
                return Err(format!("Twilio has no package {name}: did you mean {near}?"));
            };
            if !ask.packages.contains(&known) {
                ask.packages.push(known);
            }
        }
        Ok(ask)
    }

    /// What this line asks about this contact now; a package whose input is not known is left out.
    pub fn of(line: &Line, input: &Input) -> Ask {
        let wished = line.lookup.packages.asked();
        let wants = |package| wished.contains(&package);
        let known = Known {
            last_verified: input
                .text("reassigned_last_verified")
                .filter(|_| wants("reassigned_number"))
                .as_deref()
                .and_then(day),
            person: if wants("identity_match") { person(input) } else { Vec::new() },
            verification: input.text("verification_sid").filter(|_| wants("pre_fill")),
            partner: line.lookup.partner_sub_id.clone().filter(|_| wants("sms_pumping_risk")),
        };
        let can_ask = |package: &&str| match *package {
            "reassigned_number" => known.last_verified.is_some(),
            "identity_match" => !known.person.is_empty(),
            _ => true,
        };
        Ask { packages: wished.iter().copied().filter(can_ask).collect(), known }
    }

    /// What goes into `Fields`.
    pub fn fields(&self) -> String {
        self.packages.join(",")
    }

    /// The query beside `Fields`.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let Known { last_verified, person, verification, partner } = &self.known;
        let mut all: Vec<_> = person.iter().map(|(said, value)| (said.query, value.clone())).collect();
        all.extend(last_verified.map(|day| ("LastVerifiedDate", compact(day))));
        all.extend(verification.clone().map(|sid| ("VerificationSid", sid)));
        all.extend(partner.clone().map(|id| ("PartnerSubId", id)));
        all
    }

    /// The same in the body of a batch.
    pub fn body(&self) -> Map<String, Value> {
        let Known { last_verified, person, partner, .. } = &self.known;
        let mut body = Map::new();
        body.insert("fields".into(), json!(self.packages));
        if !person.is_empty() {
            let person: Map<_, _> = person.iter().map(|(said, value)| (said.body.to_owned(), json!(value))).collect();
            body.insert("identity_match".into(), person.into());
        }
        if let Some(day) = last_verified {
            body.insert("reassigned_number".into(), json!({"last_verified_date": compact(*day)}));
        }
        if let Some(id) = partner {
            body.insert("sms_pumping_risk".into(), json!({"partner_sub_id": id}));
        }
        body
    }

    /// What the answer depends on beside the number, for the result cache; who the owner is said to be only as a digest.
    pub fn key(&self) -> String {
        let mut sorted = self.packages.clone();
        sorted.sort_unstable();
        let packages = sorted.join(",");
        let parameters = self.parameters();
        if parameters.is_empty() {
            return packages;
        }
        let digest = Sha256::digest(format!("{parameters:?}"));
        let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{packages}|{short}")
    }
}

fn compact(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

/// A day in either of the forms that come: `20250101` and `2025-01-01…`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let head = text.get(..10).unwrap_or(text);
    NaiveDate::parse_from_str(head, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%Y%m%d")).ok()
}

/// A country without an address says nothing of a person, and Twilio takes it by its two letters only.
fn person(input: &Input) -> Vec<(&'static Said, String)> {
    let name = input.name();
    let value = |said: &Said| match said.query {
        "FirstName" => name.first.clone(),
        "LastName" => name.last.clone(),
        "AddressCountryCode" => input
            .text(said.column)
            .map(|code| code.to_uppercase())
            .filter(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())),
        "DateOfBirth" => input.text(said.column).as_deref().and_then(day).map(compact),
        _ => input.text(said.column),
    };
    let all: Vec<_> = SAID.iter().filter_map(|said| Some((said, value(said)?))).collect();
    if all.iter().all(|(said, _)| said.query == "AddressCountryCode") { Vec::new() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::fixture::{input, line};
    use crate::providers::packages::Packages;

    fn asked(packages: &'static [&'static str], columns: Value) -> Ask {
        let mut line = line("twilio", "lookup-v2");
        line.lookup.packages = Packages::new(packages.to_vec());
        line.lookup.partner_sub_id = Some("tenant-7".into());
        Ask::of(&line, &input(columns))
    }

    #[test]
    fn an_unknown_package_names_its_neighbour() {
        assert_eq!(Ask::parse("caller_nam"), Err("Twilio has no package caller_nam: did you mean caller_name?".into()));
        assert_eq!(Ask::parse("").unwrap().packages, Vec::<&str>::new());
    }

    #[test]
    fn a_package_whose_input_is_not_known_is_left_out() {
        let all = &["caller_name", "reassigned_number", "identity_match"];
        assert_eq!(asked(all, json!({"consumer_country": "US"})).fields(), "caller_name");
        let ask = asked(all, json!({"reassigned_last_verified": "2025-01-31", "full_name": "Ann Lee"}));
        assert_eq!(ask.fields(), "caller_name,reassigned_number,identity_match");
        let parameters = [("FirstName", "Ann"), ("LastName", "Lee"), ("LastVerifiedDate", "20250131")];
        assert_eq!(ask.parameters(), parameters.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn nothing_is_told_of_a_person_that_no_package_asks_about() {
        let person =
            json!({"full_name": "Ann Lee", "reassigned_last_verified": "2025-01-31", "verification_sid": "VA1"});
        assert!(asked(&["caller_name"], person).parameters().is_empty());
    }

    #[test]
    fn an_address_a_birthday_and_a_partner_are_told_in_twilios_spelling() {
        let person = json!({"consumer_address": "1 Quay", "consumer_country": "us", "date_of_birth": "1980-02-03", "verification_sid": "VA1"});
        let ask = asked(&["identity_match", "sms_pumping_risk", "pre_fill"], person);
        let expected = [
            ("AddressLine1", "1 Quay"),
            ("AddressCountryCode", "US"),
            ("DateOfBirth", "19800203"),
            ("VerificationSid", "VA1"),
            ("PartnerSubId", "tenant-7"),
        ];
        assert_eq!(ask.parameters(), expected.map(|(name, value)| (name, value.to_owned())));
        let body = Value::from(ask.body());
        assert_eq!(
            body["identity_match"],
            json!({"address_line1": "1 Quay", "address_country_code": "US", "date_of_birth": "19800203"})
        );
        assert_eq!(body["sms_pumping_risk"], json!({"partner_sub_id": "tenant-7"}));
    }

    #[test]
    fn the_key_changes_with_what_is_told_and_holds_none_of_it() {
        let key = |name: &str| asked(&["identity_match"], json!({"full_name": name})).key();
        assert_ne!(key("Ann Lee"), key("Ann Moe"));
        assert!(!key("Ann Lee").contains("Lee"));
    }
}
