//! The gateway, through which every outgoing call goes, and one room a provider.
//!
//! A provider builds a request and judges an answer; time-outs, breaker, concurrency, credential, body cap and the
//! redacted request log are the gateway's, and the same for all.

pub mod call;
pub mod gateway;
pub mod limiter;
pub mod prices;
pub mod twilio;

pub use call::{CallError, CallMeta, Exchange, Pass};
pub use gateway::{Gateway, Line};
pub use prices::{MicroUsd, PriceBook};
