//! Why a step was skipped: a closed list. An open breaker, throttling and a pause are not in it, since those steps wait.

/// Why a step does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Twilio calls the number invalid: nothing paid follows.
    InvalidNumber,
    /// What it would find is there.
    AlreadyDone,
    /// A fresh answer was there and is copied.
    Cached,
    /// The step, or each of its providers, is switched off.
    Disabled,
    /// No provider of it has a credential.
    NoCredential,
    /// It is about businesses and this is a consumer, or the other way round.
    NotApplicable,
    /// A fact is missing, and no step that could give it is left.
    MissingInput(&'static str),
    /// Outside what the provider covers.
    NotSupported,
    /// The day's money is spent.
    Budget,
    /// The person asked not to be processed.
    OptedOut,
    /// Another contact stands for this one.
    DuplicateOf,
}

impl Reason {
    /// The word in `contact_steps.reason`: `missing_input (email)` names the fact.
    pub fn text(self) -> String {
        let word = match self {
            Reason::InvalidNumber => "invalid_number",
            Reason::AlreadyDone => "already_done",
            Reason::Cached => "cached",
            Reason::Disabled => "disabled",
            Reason::NoCredential => "no_credential",
            Reason::NotApplicable => "not_applicable",
            Reason::MissingInput(fact) => return format!("missing_input ({fact})"),
            Reason::NotSupported => "not_supported",
            Reason::Budget => "budget",
            Reason::OptedOut => "opted_out",
            Reason::DuplicateOf => "duplicate_of",
        };
        word.to_owned()
    }
}
