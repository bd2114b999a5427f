//! The gateway, through which every outgoing call goes, and one room a provider.
//!
//! A provider builds a request and judges an answer; time-outs, breaker, concurrency, credential, body cap and the
//! redacted request log are the gateway's, and the same for all.

pub mod batching;
pub mod call;
pub mod clearbit;
mod columns;
mod domain;
pub mod finding;
#[cfg(test)]
mod fixture;
pub mod gateway;
pub mod hunter;
pub mod input;
mod lenient;
pub mod limiter;
pub mod models;
pub mod numverify;
pub mod packages;
pub mod prices;
mod reauth;
pub mod refusal;
pub mod registry;
mod sizes;
pub mod truecaller;
pub mod twilio;
pub mod verify;
pub mod whitepages;
pub mod zerobounce;

pub use call::{CallError, CallMeta, Exchange, Pass};
pub use domain::{email as normalise_email, is_free_mail, normalise as normalise_domain};
pub use finding::{Fact, Finding, Outcome};
pub use gateway::{Gateway, Line};
pub use input::Input;
pub use prices::{MicroUsd, PriceBook};
pub use registry::{ENDPOINTS, Endpoint, endpoint};
