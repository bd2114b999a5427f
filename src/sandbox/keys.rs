//! What the stand-ins accept: a credential for each slot, in the shape that the originals give out.

use super::dice::Dice;

/// What the stand-in for Twilio accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// `AC` and 32 hexadecimal digits, if it was not chosen otherwise.
    pub account_sid: String,
    /// 32 hexadecimal digits, if it was not chosen otherwise.
    pub auth_token: String,
}

impl Credential {
    pub(super) fn from_seed(seed: u64) -> Self {
        let dice = Dice::new(seed, "twilio");
        Self { account_sid: format!("AC{}", dice.hex("account", 32)), auth_token: dice.hex("token", 32) }
    }
}

/// A slot beside Twilio's: its name, its field, what the key begins with, and how many digits follow.
struct Slot(&'static str, &'static str, &'static str, usize);

const SLOTS: [Slot; 11] = [
    Slot("clearbit", "api_key", "sk_", 32),
    Slot("numverify", "access_key", "", 32),
    Slot("hunter", "api_key", "", 40),
    Slot("zerobounce", "api_key", "", 32),
    Slot("whitepages", "api_key", "", 32),
    Slot("truecaller", "token", "a1i0", 40),
    Slot("openai", "api_key", "sk-proj-", 48),
    Slot("anthropic", "api_key", "sk-ant-api03-", 48),
    Slot("gemini", "api_key", "AIza", 35),
    Slot("openrouter", "api_key", "sk-or-v1-", 64),
    Slot("compatible", "api_key", "", 32),
];

/// Everything that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) twilio: Credential,
    others: Vec<(&'static str, &'static str, String)>,
}

impl Keys {
    pub(super) fn new(seed: u64, twilio: Option<Credential>) -> Self {
        let key = |Slot(slot, field, begin, digits): &Slot| {
            let dice = Dice::new(seed, slot);
            let (one, two) = (dice.hex("key", 32), dice.hex("more", 32));
            let text: String = one.chars().chain(two.chars()).take(*digits).collect();
            (*slot, *field, format!("{begin}{text}"))
        };
        Self { twilio: twilio.unwrap_or_else(|| Credential::from_seed(seed)), others: SLOTS.iter().map(key).collect() }
    }

    /// The same with another credential of Twilio's.
    pub(super) fn with_twilio(&self, twilio: Credential) -> Self {
        Self { twilio, others: self.others.clone() }
    }

    /// The key of a slot beside Twilio's; empty if there is no such slot.
    pub(super) fn of(&self, slot: &str) -> &str {
        self.others.iter().find(|(name, _, _)| *name == slot).map_or("", |(_, _, key)| key)
    }

    /// Slot, field and value of all.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        let twilio = [
            ("twilio", "account_sid", self.twilio.account_sid.as_str()),
            ("twilio", "auth_token", self.twilio.auth_token.as_str()),
        ];
        twilio.into_iter().chain(self.others.iter().map(|(slot, field, key)| (*slot, *field, key.as_str())))
    }
}
