//! The steps of the pipeline as a graph: what each needs, gives and waits for, and who can answer it, in order.
//!
//! Edges are needs, not order. Every edge points to an earlier step of [`Step::ALL`], so one walk over it plans everything
//! and no plan can go round in a circle.

/// A unit of the pipeline for one contact. Its name is also its jobs' kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Twilio's lookup of the number: the root.
    Lookup,
    /// Carrier and line type, where Twilio gave none.
    CarrierCheck,
    /// Who owns the number.
    Business,
    /// What is known of the company with this domain.
    Company,
    /// Where a consumer lives.
    Address,
    /// An address for a person at a domain.
    EmailFind,
    /// Whether an address takes mail.
    EmailVerify,
    /// Who is behind an address.
    Person,
    /// Which other contacts may be the same; our own work.
    Duplicates,
}

/// A fact that a step may need and another may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A domain of the company's own.
    Domain,
    /// First and last name, or a full one.
    PersonName,
    /// An e-mail address, were it a guess.
    Email,
    /// An e-mail address that was found, given or verified.
    KnownEmail,
}

/// One way to answer a step: an endpoint of a provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Name, unique: what a step's row, a job's arguments and the usage bear.
    pub name: &'static str,
    /// Provider and lane.
    pub lane: &'static str,
    /// Name among the provider's endpoints; empty for our own work.
    pub endpoint: &'static str,
    /// What the price book calls it.
    pub operation: &'static str,
    /// How far its answers are usually trusted, 0 to 100.
    pub confidence: u8,
}

macro_rules! sources {
    ($($step:ident: $($name:literal $lane:literal $endpoint:literal $operation:literal $confidence:literal),+;)*) => {$(
        static $step: &[Source] = &[$(Source {
            name: $name, lane: $lane, endpoint: $endpoint, operation: $operation, confidence: $confidence,
        }),+];
    )*};
}
sources! {
    LOOKUP: "twilio" "twilio" "lookups/v2" "line_type_intelligence" 100;
    CARRIER_CHECK: "numverify" "numverify" "validate" "validate" 60;
    BUSINESS: "clearbit-phone" "clearbit-phone" "people/search" "search" 85;
    COMPANY: "clearbit-company" "clearbit-company" "companies/find" "enrichment" 85;
    ADDRESS: "whitepages" "whitepages" "phone" "phone" 80, "truecaller" "truecaller" "search" "search" 40;
    EMAIL_FIND: "hunter-finder" "hunter" "email-finder" "search" 90, "hunter-domain" "hunter" "domain-search" "search" 50;
    EMAIL_VERIFY: "zerobounce" "zerobounce" "validate" "validate" 95, "hunter-verifier" "hunter" "email-verifier" "verification" 90;
    PERSON: "clearbit-email" "clearbit-email" "combined/find" "enrichment" 85;
    DUPLICATES: "local" "local" "" "" 100;
}

impl Step {
    /// All steps; each comes after everything that it needs or waits for.
    pub const ALL: [Step; 9] = [
        Step::Lookup,
        Step::CarrierCheck,
        Step::Business,
        Step::Company,
        Step::Address,
        Step::EmailFind,
        Step::EmailVerify,
        Step::Person,
        Step::Duplicates,
    ];

    /// Its name, which is also its jobs' kind.
    pub fn name(self) -> &'static str {
        match self {
            Step::Lookup => "lookup",
            Step::CarrierCheck => "carrier_check",
            Step::Business => "business",
            Step::Company => "company",
            Step::Address => "address",
            Step::EmailFind => "email_find",
            Step::Person => "person",
            Step::EmailVerify => "email_verify",
            Step::Duplicates => "duplicates",
        }
    }

    /// The step of this name.
    pub fn parse(name: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Who can answer it, in the order of preference before price and hit rate are known.
    pub fn sources(self) -> &'static [Source] {
        match self {
            Step::Lookup => LOOKUP,
            Step::CarrierCheck => CARRIER_CHECK,
            Step::Business => BUSINESS,
            Step::Company => COMPANY,
            Step::Address => ADDRESS,
            Step::EmailFind => EMAIL_FIND,
            Step::Person => PERSON,
            Step::EmailVerify => EMAIL_VERIFY,
            Step::Duplicates => DUPLICATES,
        }
    }

    /// The source of this name; the first one for a name that it lacks.
    pub fn source(self, name: &str) -> &'static Source {
        let sources = self.sources();
        sources.iter().find(|source| source.name == name).unwrap_or(&sources[0])
    }

    /// Facts without which it can't run.
    pub fn needs(self) -> &'static [Need] {
        match self {
            Step::Company => &[Need::Domain],
            Step::EmailFind => &[Need::Domain, Need::PersonName],
            Step::EmailVerify => &[Need::Email],
            Step::Person => &[Need::KnownEmail],
            _ => &[],
        }
    }

    /// Steps that must have ended before it, whatever they found.
    pub fn after(self) -> &'static [Step] {
        match self {
            // Whoever owns the number may work for somebody else than the domain of an import says, and have another address.
            Step::Company => &[Step::Business],
            // A company's answer may show that the domain is a mail service and not an employer's.
            Step::EmailFind => &[Step::Company],
            Step::EmailVerify | Step::Person => &[Step::Business, Step::EmailFind],
            Step::Duplicates => &[
                Step::CarrierCheck,
                Step::Business,
                Step::Company,
                Step::Address,
                Step::EmailFind,
                Step::EmailVerify,
                Step::Person,
            ],
            _ => &[],
        }
    }
}

impl Need {
    /// Its name in a step's reason.
    pub fn name(self) -> &'static str {
        match self {
            Need::Domain => "domain",
            Need::PersonName => "person_name",
            Need::Email => "email",
            Need::KnownEmail => "known_email",
        }
    }

    /// Steps that may give it.
    pub fn givers(self) -> &'static [Step] {
        match self {
            Need::Domain => &[Step::Business],
            Need::PersonName => &[Step::Business, Step::Address],
            Need::Email => &[Step::Business, Step::EmailFind],
            Need::KnownEmail => &[Step::Business, Step::EmailFind, Step::EmailVerify],
        }
    }
}

/// Every source of every step.
pub fn sources() -> impl Iterator<Item = (Step, &'static Source)> {
    Step::ALL.into_iter().flat_map(|step| step.sources().iter().map(move |source| (step, source)))
}

/// Lanes that go on when `lane` stands still: none of their steps is answered there, needs a fact that comes from there, or
/// waits for a step that does.
pub fn untouched_by(lane: &str) -> Vec<&'static str> {
    let mut touched: Vec<Step> = Vec::new();
    // Edges point to earlier steps: one walk finds them all. Everything needs the lookup.
    for step in Step::ALL {
        let own = step.sources().iter().any(|source| source.lane == lane);
        let mut before = step.after().iter().chain(step.needs().iter().flat_map(|need| need.givers()));
        if own || before.any(|step| touched.contains(step)) || touched.contains(&Step::Lookup) {
            touched.push(step);
        }
    }
    let stands = |lane: &str| sources().any(|(step, source)| source.lane == lane && touched.contains(&step));
    let mut lanes: Vec<&'static str> = sources().map(|(_, source)| source.lane).filter(|lane| !stands(lane)).collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::registry;

    #[test]
    fn lanes_that_need_nothing_from_a_lane_are_known() {
        let rest = ["clearbit-company", "clearbit-phone", "numverify", "truecaller", "twilio", "whitepages"];
        assert_eq!(untouched_by("zerobounce"), rest);
        assert_eq!(untouched_by("twilio"), Vec::<&str>::new());
        assert!(untouched_by("clearbit-company").contains(&"whitepages"));
        assert!(!untouched_by("clearbit-company").contains(&"hunter"));
    }

    #[test]
    fn every_step_is_answered_in_lanes_that_exist() {
        for (step, source) in sources() {
            assert!(crate::catalogue::lanes().any(|lane| lane == source.lane), "{} names {}", step.name(), source.lane);
        }
    }

    #[test]
    fn every_source_asks_an_endpoint_that_there_is() {
        for (step, source) in sources().filter(|(step, _)| *step != Step::Duplicates) {
            assert!(registry::endpoint(source.lane, source.endpoint).is_some(), "{}: {}", step.name(), source.name);
        }
    }

    #[test]
    fn every_edge_points_to_an_earlier_step() {
        for step in Step::ALL {
            let givers = step.needs().iter().flat_map(|need| need.givers());
            for before in step.after().iter().chain(givers) {
                assert!(before < &step, "{} waits for {}", step.name(), before.name());
            }
        }
    }

    #[test]
    fn a_name_stands_for_one_step_and_one_source() {
        for step in Step::ALL {
            assert_eq!(Step::parse(step.name()), Some(step));
        }
        let names: std::collections::BTreeSet<_> = sources().map(|(_, source)| source.name).collect();
        assert_eq!(names.len(), sources().count());
    }
}
