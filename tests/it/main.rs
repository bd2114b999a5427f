//! Tests on the real thing: PostgreSQL, HTTP, processes. One binary, so that it links once.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, reason = "a stock for all tests")]
mod support;

mod actions_audit;
mod ask_about;
mod ask_cli;
mod ask_models;
mod audit_chain;
mod breakers_neutral;
mod breakers_outage;
mod chaos_crash;
mod chaos_database;
mod cli_bench;
mod cli_contract;
mod cli_demo;
mod cli_handover;
mod cli_packaging;
mod cli_providers;
mod cli_worker;
mod console_ask;
mod console_credentials;
mod console_hands;
mod console_monkey;
mod console_panes;
mod console_pty;
mod contacts_export;
mod database_connects;
mod database_pooler;
mod engine_claim;
mod engine_depth;
mod engine_reaper;
mod engine_settle;
mod engine_work;
mod enrichment_columns;
mod filter_database;
mod fleet_duties;
mod fleet_rates;
mod fleet_versions;
mod hardening;
mod house;
mod import_files;
mod known_defects;
mod lookup_batches;
mod lookup_packages;
mod lookup_secrets;
mod lookup_twilio;
mod migrate_applies;
mod operations_jobs;
mod pipeline_actions;
mod pipeline_bench;
mod pipeline_outage;
mod pipeline_whole;
mod private_server_life;
mod private_server_places;
mod providers_contract;
mod providers_verify;
mod redact_corpus;
mod roles_enforced;
mod settings_layers;
mod usage_counts;
mod vault_commands;
mod vault_planted;
mod vault_rotation;
mod vault_turning;
