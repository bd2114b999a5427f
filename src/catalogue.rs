//! Who can be called: one id, one lane, one breaker, one credential slot each.
//!
//! Pure data under every other floor. Settings, lanes, breakers, panes and commands take their names from here, so a
//! provider is added by one row here and one file in `providers/`.

/// A field of a credential, in the order in which an operator is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotField {
    /// Name in settings and in JSON, for example `account_sid`.
    pub name: &'static str,
    /// False for an identifier that may be shown by its ends (an account SID); true for what is never shown.
    pub secret: bool,
}

const fn public(name: &'static str) -> SlotField {
    SlotField { name, secret: false }
}
const fn secret(name: &'static str) -> SlotField {
    SlotField { name, secret: true }
}

/// Where a credential is kept: several providers may share a slot (Clearbit's three APIs take one key).
#[derive(Debug, PartialEq, Eq)]
pub struct Slot {
    /// Name on the command line and in panes.
    pub name: &'static str,
    /// Name in settings and environment (`SWITCHBOARD_PROVIDERS__<NAME>__<FIELD>`).
    pub settings: &'static str,
    /// All fields that the slot knows.
    pub fields: &'static [SlotField],
    /// The sets of fields that make a whole credential; the first complete one is used.
    pub complete: &'static [&'static [&'static str]],
}

/// One external API, or work of our own (`local`).
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The id, which is also its lane's name.
    pub id: &'static str,
    /// Whether jobs wait for it; models are answered or refused at once and have none.
    pub has_lane: bool,
    /// Breaker's name, if it is called over the network.
    pub breaker: Option<&'static str>,
    /// Credential slot, if it needs one.
    pub slot: Option<&'static Slot>,
    /// Name in settings and environment (`SWITCHBOARD_PROVIDERS__<NAME>__BASE_URL`, `SWITCHBOARD_BREAKERS__<NAME>__…`).
    pub settings: &'static str,
}

/// Account SID with auth token, or with an API key pair: <https://www.twilio.com/docs/iam/api-keys>.
pub static TWILIO: Slot = Slot {
    name: "twilio",
    settings: "TWILIO",
    fields: &[public("account_sid"), secret("auth_token"), public("api_key_sid"), secret("api_key_secret")],
    complete: &[&["account_sid", "api_key_sid", "api_key_secret"], &["account_sid", "auth_token"]],
};

macro_rules! one_field_slots {
    ($($ident:ident $name:literal $settings:literal $field:literal;)*) => {$(
        static $ident: Slot = Slot { name: $name, settings: $settings, fields: &[secret($field)], complete: &[&[$field]] };
    )*};
}
one_field_slots! {
    CLEARBIT "clearbit" "CLEARBIT" "api_key";
    NUMVERIFY "numverify" "NUMVERIFY" "access_key";
    HUNTER "hunter" "HUNTER" "api_key";
    ZEROBOUNCE "zerobounce" "ZEROBOUNCE" "api_key";
    WHITEPAGES "whitepages" "WHITEPAGES" "api_key";
    TRUECALLER "truecaller" "TRUECALLER" "token";
    OPENAI "openai" "OPENAI" "api_key";
    ANTHROPIC "anthropic" "ANTHROPIC" "api_key";
    GEMINI "gemini" "GEMINI" "api_key";
    OPENROUTER "openrouter" "OPENROUTER" "api_key";
    COMPATIBLE "compatible" "COMPATIBLE" "api_key";
}

const fn lane(id: &'static str, breaker: &'static str, slot: &'static Slot, settings: &'static str) -> Provider {
    Provider { id, has_lane: true, breaker: Some(breaker), slot: Some(slot), settings }
}
const fn model(id: &'static str, breaker: &'static str, slot: &'static Slot, settings: &'static str) -> Provider {
    Provider { id, has_lane: false, breaker: Some(breaker), slot: Some(slot), settings }
}

/// Every provider, in the order in which panes list them when nothing is wrong.
pub static PROVIDERS: &[Provider] = &[
    lane("twilio", "twilio", &TWILIO, "TWILIO"),
    lane("clearbit-phone", "clearbit-phone", &CLEARBIT, "CLEARBIT_PHONE"),
    lane("clearbit-company", "clearbit-company", &CLEARBIT, "CLEARBIT_COMPANY"),
    lane("clearbit-email", "clearbit-email", &CLEARBIT, "CLEARBIT_EMAIL"),
    lane("numverify", "numverify-api", &NUMVERIFY, "NUMVERIFY"),
    lane("hunter", "hunter-api", &HUNTER, "HUNTER"),
    lane("zerobounce", "zerobounce-api", &ZEROBOUNCE, "ZEROBOUNCE"),
    lane("whitepages", "whitepages-api", &WHITEPAGES, "WHITEPAGES"),
    lane("truecaller", "truecaller-api", &TRUECALLER, "TRUECALLER"),
    model("openai", "openai-api", &OPENAI, "OPENAI"),
    model("anthropic", "anthropic-api", &ANTHROPIC, "ANTHROPIC"),
    model("gemini", "gemini-api", &GEMINI, "GEMINI"),
    model("openrouter", "openrouter-api", &OPENROUTER, "OPENROUTER"),
    model("compatible", "compatible-api", &COMPATIBLE, "COMPATIBLE"),
    Provider { id: "local", has_lane: true, breaker: None, slot: None, settings: "LOCAL" },
];

/// One of the ways in which a provider is spoken to: its accounts, its generations and its drop-in replacements differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The word in settings.
    pub name: &'static str,
    /// Where it lives, without a slash at its end; empty if there is no public address.
    pub base_url: &'static str,
}

macro_rules! dialects {
    ($($id:literal => $($name:literal $base_url:literal),+;)*) => {
        static DIALECTS: &[(&str, &[Dialect])] = &[$(($id, &[$(Dialect { name: $name, base_url: $base_url }),+])),*];
    };
}
// The first of each row is the usual one.
dialects! {
    "twilio" => "v2" "https://lookups.twilio.com";
    "clearbit-phone" => "bearer" "https://prospector.clearbit.com", "basic" "https://prospector.clearbit.com";
    "clearbit-company" => "bearer" "https://company.clearbit.com", "basic" "https://company.clearbit.com",
        "hunter" "https://api.hunter.io";
    "clearbit-email" => "bearer" "https://person.clearbit.com", "basic" "https://person.clearbit.com",
        "hunter" "https://api.hunter.io";
    "numverify" => "legacy" "https://apilayer.net/api", "gateway" "https://api.apilayer.net/numverify",
        "marketplace" "https://api.apilayer.com/number_verification";
    "hunter" => "v2" "https://api.hunter.io/v2";
    "zerobounce" => "v2" "https://api.zerobounce.net/v2";
    "whitepages" => "phone" "https://proapi.whitepages.com", "caller_id" "https://proapi.whitepages.com";
    "truecaller" => "v1" "";
}

/// The ways in which a provider is spoken to, the usual one first; none for models and for our own work.
pub fn dialects(id: &str) -> &'static [Dialect] {
    DIALECTS.iter().find(|(known, _)| *known == id).map_or(&[], |(_, dialects)| dialects)
}

/// What became of a provider, where that matters to who sets it up.
pub fn fate(id: &str) -> Option<&'static str> {
    Some(match id {
        "clearbit-phone" => {
            "sold to HubSpot (now Breeze Intelligence); gives out no new keys, and no other vendor has this endpoint"
        }
        "clearbit-company" | "clearbit-email" => {
            "sold to HubSpot (now Breeze Intelligence); gives out no new keys: dialect `hunter` asks Hunter's replacement with Hunter's key"
        }
        "numverify" => {
            "moved twice: dialects `legacy` (apilayer.net), `gateway` (api.apilayer.net) and `marketplace` (api.apilayer.com)"
        }
        "whitepages" => "became Ekata, then part of Mastercard; may be gone, so it is off unless it is switched on",
        "truecaller" => "never had a public server API; off, and without an address of its own",
        _ => return None,
    })
}

/// Every data package of Twilio's Lookup, as `Fields` names them.
/// <https://www.twilio.com/docs/lookup/v2-api>
pub const LOOKUP_PACKAGES: [&str; 11] = [
    "validation",
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
    "phone_number_quality_score",
    "pre_fill",
];

/// The provider of this id (which is its lane's name, too).
pub fn provider(id: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|p| p.id == id)
}

/// The provider whose breaker or id bears this name: commands take either.
pub fn by_breaker(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|p| p.breaker == Some(name)).or_else(|| provider(name).filter(|p| p.breaker.is_some()))
}

/// Ids of all models, in the catalogue's order.
pub fn models() -> impl Iterator<Item = &'static str> {
    PROVIDERS.iter().filter(|p| !p.has_lane && p.breaker.is_some()).map(|p| p.id)
}

/// Names of all lanes, in the catalogue's order.
pub fn lanes() -> impl Iterator<Item = &'static str> {
    PROVIDERS.iter().filter(|p| p.has_lane).map(|p| p.id)
}

/// The name among `known` that is nearest to `wrong`, for "did you mean".
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(4) / 2)
        .map(|(_, name)| name)
}

/// The sentence for a lane that does not exist.
pub fn no_such_lane(name: &str) -> String {
    let hint = nearest(name, lanes())
        .map_or_else(|| "`switchboard lanes list` names them".to_owned(), |near| format!("did you mean {near}?"));
    format!("there is no lane {name}: {hint}")
}

/// The sentence for a breaker that does not exist.
pub fn no_such_breaker(name: &str) -> String {
    let hint = nearest(name, PROVIDERS.iter().filter_map(|p| p.breaker))
        .map_or_else(|| "`switchboard breakers list` names them".to_owned(), |near| format!("did you mean {near}?"));
    format!("there is no breaker {name}: {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_one_thing_only() {
        let ids: std::collections::BTreeSet<_> = PROVIDERS.iter().map(|p| p.id).collect();
        let breakers: std::collections::BTreeSet<_> = PROVIDERS.iter().filter_map(|p| p.breaker).collect();
        assert_eq!(ids.len(), PROVIDERS.len());
        assert_eq!(breakers.len(), PROVIDERS.iter().filter(|p| p.breaker.is_some()).count());
    }

    #[test]
    fn dialects_and_fates_are_told_of_providers_that_exist() {
        assert!(DIALECTS.iter().all(|(id, dialects)| provider(id).is_some_and(|p| p.has_lane) && !dialects.is_empty()));
        assert!(PROVIDERS.iter().filter(|p| p.has_lane && p.slot.is_some()).all(|p| !dialects(p.id).is_empty()));
    }

    #[test]
    fn a_breaker_is_found_by_its_name_and_by_its_lane() {
        assert_eq!(by_breaker("hunter-api").map(|p| p.id), Some("hunter"));
        assert_eq!(by_breaker("hunter").map(|p| p.id), Some("hunter"));
        assert_eq!(by_breaker("local"), None);
    }

    #[test]
    fn every_complete_set_is_made_of_the_slots_own_fields() {
        for slot in PROVIDERS.iter().filter_map(|p| p.slot) {
            for field in slot.complete.iter().copied().flatten() {
                assert!(slot.fields.iter().any(|f| f.name == *field), "{} lacks {field}", slot.name);
            }
        }
    }

    #[test]
    fn a_typing_error_finds_its_neighbour() {
        assert_eq!(nearest("twlio", lanes()), Some("twilio"));
        assert_eq!(nearest("xyzzyxyzzy", lanes()), None);
    }
}
