//! The data packages that one account is asked for: those that were wished, but for those that it turned out to lack.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::call::CallError;

/// What Twilio calls a package that is not enabled for the account; <https://www.twilio.com/docs/api/errors/60606>.
pub const NOT_ENABLED: i64 = 60606;
/// Packages that an account has on approval only: one of these is meant where a whole request is refused for it.
const ON_APPROVAL: [&str; 5] =
    ["sim_swap", "call_forwarding", "identity_match", "phone_number_quality_score", "pre_fill"];

/// Packages of a line.
#[derive(Debug, Default)]
pub struct Packages {
    wished: Vec<&'static str>,
    lacking: Mutex<Lacking>,
}

#[derive(Debug, Default)]
struct Lacking {
    known: BTreeSet<&'static str>,
    news: BTreeSet<&'static str>,
}

impl Packages {
    /// Asks for these.
    pub fn new(wished: Vec<&'static str>) -> Packages {
        Packages { wished, lacking: Mutex::default() }
    }

    fn lacking(&self) -> MutexGuard<'_, Lacking> {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to ask for now, in the order of the wish.
    pub fn asked(&self) -> Vec<&'static str> {
        let lacking = self.lacking();
        self.wished.iter().copied().filter(|name| !lacking.known.contains(name)).collect()
    }

    /// The account turned out not to have these: they are not asked for any more.
    pub fn lack(&self, names: impl IntoIterator<Item = &'static str>) {
        let mut lacking = self.lacking();
        for name in names {
            if lacking.known.insert(name) {
                lacking.news.insert(name);
            }
        }
    }

    /// A refusal of a whole request: if it is for a package, those that may be meant are not asked for any more.
    pub fn refused(&self, error: &CallError) {
        if error.code.as_deref().and_then(|code| code.parse().ok()) == Some(NOT_ENABLED) {
            self.lack(self.asked().into_iter().filter(|name| ON_APPROVAL.contains(name)));
        }
    }

    /// What this process found out since it was asked last, for the rest of the fleet.
    pub fn take_news(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.lacking().news).into_iter().collect()
    }

    /// News that could not be told are told again.
    pub fn put_back(&self, names: &[&'static str]) {
        self.lacking().news.extend(names);
    }

    /// What the fleet knows to be lacking; a name that is not in it is asked for again.
    pub fn learn(&self, names: &[String]) {
        let known = self.wished.iter().copied().filter(|wished| names.iter().any(|name| name == wished)).collect();
        let mut lacking = self.lacking();
        lacking.known = known;
        let news: Vec<_> = lacking.news.iter().copied().collect();
        lacking.known.extend(news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_not_asked_for_until_the_fleet_forgets_it_and_is_told_once() {
        let packages = Packages::new(vec!["caller_name", "sim_swap"]);
        packages.lack(["sim_swap"]);
        packages.lack(["sim_swap"]);
        assert_eq!((packages.asked(), packages.take_news()), (vec!["caller_name"], vec!["sim_swap"]));
        assert!(packages.take_news().is_empty());
        packages.learn(&["sim_swap".to_owned()]);
        assert_eq!(packages.asked(), ["caller_name"]);
        packages.learn(&[]);
        assert_eq!(packages.asked(), ["caller_name", "sim_swap"]);
    }

    #[test]
    fn what_was_not_told_yet_is_not_forgotten() {
        let packages = Packages::new(vec!["sim_swap"]);
        packages.lack(["sim_swap"]);
        packages.learn(&[]);
        assert!(packages.asked().is_empty());
    }
}
