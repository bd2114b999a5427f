//! Switchboard: bulk phone lookup and contact enrichment on one PostgreSQL, with a terminal console over all of it.
//!
//! The modules are the floors of a house; imports point downwards only (a test reads the `use` lines).
//!
//! ```text
//! cli        console          the two doors: commands, and the full-screen console
//! operations                  what an operator sees (views) and does (actions), the same behind both doors
//! enrichment fleet ask        the pipeline and its worker pool; nodes, the leader and its duties; questions in plain words
//! providers                   the gateway (time-out, breaker, usage) and one file a provider
//! queue breakers contacts vault    job engine; breaker machine and store; contacts, files, filters; credentials
//! telemetry database settings    logs, redaction, records; PostgreSQL; settings
//! catalogue outcome           names of all providers; how a call can end
//! sandbox                     stands in for every provider; imports nothing of the above
//! ```

pub mod ask;
pub mod breakers;
pub mod catalogue;
pub mod cli;
pub mod console;
pub mod contacts;
pub mod database;
pub mod enrichment;
pub mod fleet;
pub mod operations;
pub mod outcome;
pub mod providers;
pub mod queue;
pub mod sandbox;
pub mod settings;
pub mod telemetry;
pub mod vault;
