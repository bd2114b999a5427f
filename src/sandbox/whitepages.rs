//! Whitepages Pro 3.0: both documented paths, the owner as an object, addresses at the top, America only.

use rlibphonenumber::Region;
use serde_json::{Value, json};

use super::{
    line::Line,
    number,
    provider::{Answer, Asked, Provider},
    query::{self, given},
    world::{Owner, Place},
};

pub(super) const PROVIDER: Provider = Provider {
    id: "whitepages",
    settings: "WHITEPAGES",
    base: "",
    pace: 1.5,
    answer,
    error,
    busy,
    subject: |asked| query::value(asked.query, "phone"),
};

fn refusal(status: u16, name: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "name": name, "message": message } }))
}

fn error(status: u16) -> Answer {
    match status {
        401 => refusal(403, "AuthError", "API key is invalid"),
        402 => refusal(403, "AuthError", "Account quota exceeded"),
        403 => refusal(403, "AuthError", "API key is not authorised for this product"),
        404 => Answer::html(404, "<html><body>Not found</body></html>".to_owned()),
        status => refusal(status, "InternalError", "There was an internal error"),
    }
}

/// Metered in queries a second, and 403 says so.
fn busy(_: u32) -> Answer {
    refusal(403, "AuthError", "Account over queries per second limit")
}

fn answer(asked: &Asked<'_>) -> Answer {
    if asked.method != "GET" || !["/3.0/phone", "/3.0/caller_id"].contains(&asked.path) {
        return error(404);
    }
    if query::value(asked.query, "api_key") != asked.keys.of("whitepages") {
        return error(401);
    }
    let Ok(parameters) = query::read(asked.query, &["phone", "phone.country_hint", "api_key"]) else {
        return refusal(400, "InputError", "Unknown parameter");
    };
    let phone = given(&parameters, "phone").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(phone) = phone else { return Answer::json(200, &nothing(None, Some("Missing Input"))) };
    let hint = given(&parameters, "phone.country_hint").and_then(|code| code.parse().ok()).unwrap_or(Region::US);
    // Ten digits are American; more begin with their calling code.
    let text = if phone.len() > 10 { format!("+{phone}") } else { phone.to_owned() };
    let number = number::read(&text, hint);
    if number.error.is_some() {
        let unassigned = number.error == Some("INVALID_BUT_POSSIBLE");
        return Answer::json(200, &nothing(Some(phone), (!unassigned).then_some("Invalid Input")));
    }
    if number.calling_country_code.as_deref() != Some("1") {
        return refusal(403, "AuthError", "You don't have permission for international numbers");
    }
    Answer::json(200, &record(phone, &Line::of(&number)))
}

fn nothing(phone: Option<&str>, warning: Option<&str>) -> Value {
    json!({ "id": null, "phone_number": phone, "is_valid": false, "country_calling_code": null, "line_type": null, "carrier": null, "is_prepaid": null,
        "is_commercial": null, "belongs_to": null, "current_addresses": [], "error": null, "warnings": warning.into_iter().collect::<Vec<_>>() })
}

fn record(phone: &str, line: &Line<'_>) -> Value {
    let dice = line.dice();
    let kind = match line.kind {
        "landline" => "Landline",
        "fixedVoip" => "FixedVOIP",
        "nonFixedVoip" => "NonFixedVOIP",
        "mobile" => "Mobile",
        "tollFree" => "TollFree",
        _ => "Other",
    };
    let known = dice.chance("white pages", 0.78);
    let (owner, place, commercial) = match Owner::of(line) {
        Owner::Business { company, .. } => {
            let owner = json!({ "id": "Business.1", "name": company.name, "firstname": null, "middlename": null, "lastname": null, "age_range": null,
                "gender": null, "type": "Business", "link_to_phone_start_date": null });
            (owner, company.place, true)
        }
        Owner::Consumer { person, home } => {
            let owner = json!({ "id": "Person.1", "name": person.full(), "firstname": person.first, "middlename": null, "lastname": person.last,
                "age_range": "35-39", "gender": null, "type": "Person", "link_to_phone_start_date": "2019-04-01" });
            (owner, home, false)
        }
    };
    json!({
        "id": format!("Phone.{}", dice.hex("id", 8)), "phone_number": phone, "is_valid": true, "country_calling_code": "1", "line_type": kind, "carrier": line.carrier,
        "is_prepaid": null, "is_commercial": commercial, "belongs_to": known.then_some(owner),
        "current_addresses": if known { vec![address(&place, dice.unit("precision"))] } else { Vec::new() }, "error": null, "warnings": [],
    })
}

/// Most are exact; some know the city alone, a few nothing but the country.
fn address(place: &Place, share: f64) -> Value {
    let (exact, city) = (share < 0.75, share < 0.95);
    let precision = if exact {
        "Address"
    } else if city {
        "CityPostalCode"
    } else {
        "Country"
    };
    json!({
        "id": "Location.1", "location_type": precision, "street_line_1": exact.then(|| place.line()), "street_line_2": null, "city": city.then_some(place.city),
        "postal_code": city.then_some(&place.postal_code), "zip4": null, "state_code": city.then_some(place.state), "country_code": "US",
        "lat_long": { "latitude": 37.8, "longitude": -122.3, "accuracy": if exact { "RoofTop" } else { "Locality" } }, "is_active": exact.then_some(true),
        "delivery_point": exact.then_some("SingleUnit"), "link_to_person_start_date": "2020-01-01",
    })
}
