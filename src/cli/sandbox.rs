//! `sandbox`: the providers' stand-ins alone, until a signal comes.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::args::{Common, SandboxArgs};
use super::output;
use crate::sandbox::{Options, Sandbox};

pub async fn run(common: &Common, args: &SandboxArgs) -> Result<ExitCode, Failure> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let options = Options {
        listen: args.listen,
        scenario: args.scenario,
        contacts_expected: args.contacts,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await?;
    let credential = sandbox.credential();
    let environment = sandbox.environment();
    if common.json {
        let variables: BTreeMap<_, _> = environment.iter().map(|(name, value)| (name, value)).collect();
        output::json(
            &json!({"url": sandbox.url(), "scenario": args.scenario.to_string(), "account_sid": credential.account_sid,
                             "auth_token": credential.auth_token, "environment": variables}),
        )?;
    } else {
        output::line(&format!(
            "The providers' stand-ins answer at {} (scenario {}). To work against them:",
            sandbox.url(),
            args.scenario
        ))?;
        for (name, value) in &environment {
            output::line(&format!("  export {name}={value}"))?;
        }
    }
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}
