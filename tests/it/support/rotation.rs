//! Credentials in the vault of a test, let in and refused by the sandbox.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::sandbox::{Credential, Sandbox};

use super::program::Ran;
use super::{Program, TestDb};

/// A program that calls `sandbox` with what the vault holds, under a master key of its own.
pub fn vaulted(test: &TestDb, sandbox: &Sandbox) -> Program {
    Program::calling(test, sandbox)
        .without("SWITCHBOARD_PROVIDERS__TWILIO__ACCOUNT_SID")
        .without("SWITCHBOARD_PROVIDERS__TWILIO__AUTH_TOKEN")
        .with("SWITCHBOARD_MASTER_KEY", &master_key(1))
}

/// 32 bytes in hex.
pub fn master_key(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

/// A credential that looks like Twilio's, put together here.
pub fn secret(number: u32) -> Credential {
    Credential {
        account_sid: format!("AC{:032x}", 0xabcd_0000 + number),
        auth_token: format!("{:032x}", 0x00c0_ffee_0000_0000_u64 + u64::from(number)),
    }
}

/// As it is typed in.
pub fn fields(credential: &Credential) -> String {
    json!({"account_sid": credential.account_sid, "auth_token": credential.auth_token}).to_string()
}

/// Enters what the sandbox accepted first.
pub async fn set_first(program: &Program, sandbox: &Sandbox) -> Value {
    let ran = enter(program, "set", sandbox.credential(), &[]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

/// `credentials VERB twilio` with this on standard input.
pub async fn enter(program: &Program, verb: &str, credential: &Credential, options: &[&str]) -> Ran {
    let arguments = [&["credentials", verb, "twilio", "--json"], options].concat();
    program.fed(&arguments, &fields(credential)).await
}

/// Versions of Twilio's slot with their states, the newest first.
pub async fn states(program: &Program) -> Vec<(i64, String)> {
    let slot = slot(program).await;
    let versions = slot["versions"].as_array().unwrap().iter();
    versions.map(|v| (v["version"].as_i64().unwrap(), v["state"].as_str().unwrap().to_owned())).collect()
}

/// Twilio's slot as it is listed.
pub async fn slot(program: &Program) -> Value {
    let slots = program.json(&["credentials", "list"]).await;
    slots.as_array().unwrap().iter().find(|s| s["slot"] == "twilio").unwrap().clone()
}

/// Between two moments of one machine, in milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
