//! The redactor that the whole process shares; a rotation swaps the secrets it knows.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Level, LiveSecret, Redactor};

/// One redactor for file, ring, stderr and reports. Clones share it.
#[derive(Clone, Debug)]
pub struct SharedRedactor(Arc<RwLock<Arc<Redactor>>>);

impl SharedRedactor {
    /// Starts with these secrets.
    pub fn new(live: &[LiveSecret]) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(Redactor::new(live)))))
    }

    /// From now on these secrets are looked for, and no others: pass pending and previous ones too.
    pub fn set_live(&self, live: &[LiveSecret]) {
        let next = Arc::new(self.current().with_live(live));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The redactor as it is now.
    pub fn current(&self) -> Arc<Redactor> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// [`Redactor::redact`] with the secrets of now.
    pub fn redact<'a>(&self, text: &'a str, level: Level) -> Cow<'a, str> {
        self.current().redact(text, level)
    }

    /// A report of a panic or an error without secrets and people: for panic hooks and for `main`.
    pub fn redact_report(&self, report: &str) -> String {
        self.redact(report, Level::SecretsAndPeople).into_owned()
    }
}
