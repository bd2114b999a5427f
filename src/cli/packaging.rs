//! `completions`, `man`: what packagers install beside the program, from the same definition that parses.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure};

/// Options of `completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// For this shell.
    pub shell: Shell,
}

/// Prints the completion script of a shell.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "switchboard", &mut script);
    write(&script)
}

/// Prints the manual page: the program, then each command with its options.
pub fn man() -> Result<ExitCode, Failure> {
    let mut command = Cli::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        section(&mut text, sub, "switchboard")?;
    }
    write(&text)
}

fn section(text: &mut Vec<u8>, command: &clap::Command, above: &str) -> std::io::Result<()> {
    let name = format!("{above} {}", command.get_name());
    writeln!(text, ".SH \"{}\"", name.to_uppercase())?;
    let page = clap_mangen::Man::new(command.clone());
    page.render_description_section(text)?;
    page.render_options_section(text)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        section(text, sub, &name)?;
    }
    Ok(())
}

/// A reader that went away (`| head`) is no failure.
fn write(bytes: &[u8]) -> Result<ExitCode, Failure> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
