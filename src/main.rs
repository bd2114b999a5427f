//! Parses the command line, installs the error and panic hooks, dispatches; nothing else.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::{self, Cli};
use switchboard::telemetry::{Level, SharedRedactor, inert};

fn main() -> ExitCode {
    cli::forbid_core_files();
    let cli = Cli::parse();
    let (verbose, redactor) = (cli.common.verbose, cli.common.redactor.clone());
    install_hooks(redactor.clone());
    match cli::run(cli) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("switchboard: {}", inert(&redactor.redact(&failure.to_string(), Level::Secrets)));
            for cause in failure.causes.iter().filter(|_| verbose) {
                eprintln!("  caused by: {}", inert(&redactor.redact(cause, Level::Secrets)));
            }
            failure.exit()
        }
    }
}

/// Reports of panics pass the redactor: they may quote what a provider sent.
fn install_hooks(redactor: SharedRedactor) {
    let (panic_hook, _) = color_eyre::config::HookBuilder::default().into_hooks();
    std::panic::set_hook(Box::new(move |info| {
        let report = panic_hook.panic_report(info).to_string();
        eprintln!("{}", redactor.redact_report(&report));
    }));
}
