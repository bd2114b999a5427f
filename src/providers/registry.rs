//! Every endpoint of every provider, one row each: how it is asked, how it is read, what its answer depends on.
//!
//! Whoever runs steps needs this table alone. A provider is added by its room and one row here.

use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value};

use super::call::{CallError, Exchange, Pass};
use super::finding::Finding;
use super::gateway::{Called, Gateway, Line};
use super::input::Input;
use super::{clearbit, hunter, numverify, truecaller, twilio, whitepages, zerobounce};
use crate::catalogue::{self, Provider};
use crate::settings::ProviderSettings;
use crate::vault::Credential;

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// Id of its provider, which is its lane.
    pub provider: &'static str,
    /// Its name among the provider's endpoints.
    pub name: &'static str,
    /// Version of our reading of it: a part of the result cache's key.
    pub version: u32,
    /// What the answer depends on, in one spelling; none if the contact lacks what the request needs.
    pub subject: fn(&Line, &Input) -> Option<String>,
    /// The request, with the credential of this moment.
    pub build: fn(&Client, &Line, &Credential, &Input) -> RequestBuilder,
    /// What an answer means for a contact.
    pub read: fn(&Exchange, &Input) -> Result<Finding, CallError>,
}

/// All of them.
pub static ENDPOINTS: &[&Endpoint] = &[
    &twilio::ENDPOINT,
    &clearbit::phone::ENDPOINT,
    &clearbit::company::ENDPOINT,
    &clearbit::email::ENDPOINT,
    &numverify::ENDPOINT,
    &hunter::finder::ENDPOINT,
    &hunter::domain_search::ENDPOINT,
    &hunter::verifier::ENDPOINT,
    &zerobounce::ENDPOINT,
    &whitepages::ENDPOINT,
    &truecaller::ENDPOINT,
];

/// The endpoint of this provider with this name.
pub fn endpoint(provider: &str, name: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().copied().find(|e| e.provider == provider && e.name == name)
}

/// The columns that a provider's answers gave a contact, emptied: a person who asked not to be processed (see
/// [`CallError::is_opt_out`]) is deleted here, too. What others found stays.
pub fn forget(provider: &str, input: &Input) -> Map<String, Value> {
    const EMAIL: [&str; 9] = [
        "email",
        "email_status",
        "email_sub_status",
        "email_suggestion",
        "email_verified",
        "email_score",
        "email_source",
        "email_provider",
        "email_enriched_at",
    ];
    let gave = |group: &str| input.text(&format!("{group}_provider")).as_deref() == Some(provider);
    let mut emptied = Map::new();
    if gave("email") {
        emptied.extend(EMAIL.map(|column| (column.to_owned(), Value::Null)));
        emptied.insert("email_enriched".to_owned(), Value::Bool(false));
        emptied.extend(["position", "linkedin_url", "twitter_url"].map(|column| (column.to_owned(), Value::Null)));
    }
    emptied
}

/// Where a provider is called: as set, else where its dialect lives; none if it has no address.
pub fn base_url(provider: &str, settings: &ProviderSettings) -> Option<String> {
    let own = catalogue::dialects(provider).iter().find(|dialect| dialect.name == settings.dialect);
    let url = settings.base_url.as_deref().or(own.map(|dialect| dialect.base_url)).unwrap_or_default();
    let url = url.trim_end_matches('/');
    (!url.is_empty()).then(|| url.to_owned())
}

/// The variable that gives a provider its address.
pub fn base_url_variable(provider: &Provider) -> String {
    format!("SWITCHBOARD_PROVIDERS__{}__BASE_URL", provider.settings)
}

impl Endpoint {
    /// Key of the result cache: endpoint, subject and version. None if the contact lacks what the request needs.
    pub fn key(&self, line: &Line, input: &Input) -> Option<String> {
        Some(format!("{}|{}|{}", self.name, (self.subject)(line, input)?, self.version))
    }

    /// Asks the provider.
    pub async fn call(&self, gateway: &Gateway, pass: Pass, input: &Input) -> Called<Finding> {
        if pass == Pass::Ordinary
            && let Some(called) = self.call_together(gateway, input).await
        {
            return called;
        }
        let build =
            |client: &Client, line: &Line, credential: &Credential| (self.build)(client, line, credential, input);
        gateway.call(self.provider, pass, build, |exchange| (self.read)(exchange, input)).await
    }

    /// In one request with others, where the provider takes that and the settings want it.
    async fn call_together(&self, gateway: &Gateway, input: &Input) -> Option<Called<Finding>> {
        match (self.provider, gateway.line(self.provider)?.lookup.batching.size()) {
            (_, ..=1) => None,
            ("twilio", size) => twilio::batch::join(gateway, input, size).await,
            ("zerobounce", size) => zerobounce::batch::join(gateway, input, size).await,
            _ => None,
        }
    }

    /// Reads an answer that was kept, for this contact: a company's answer serves each of its people. None if our reading
    /// of it has changed so that it says nothing any more.
    pub fn reread(&self, status: u16, body: &Value, input: &Input) -> Option<Finding> {
        let exchange = Exchange::new(status, body.to_string().as_bytes());
        (self.read)(&exchange, input).ok()
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
