//! What packagers install beside the program.

use clap::CommandFactory;
use switchboard::cli::Cli;

use crate::support::Program;

#[tokio::test]
async fn the_manual_page_has_a_section_for_every_command() {
    let page = Program::new().run(&["man"]).await;
    assert_eq!(page.code, 0, "{page:?}");
    assert!(page.out.starts_with(".ie") || page.out.contains(".TH switchboard"), "{}", &page.out[..200]);
    for command in Cli::command().get_subcommands().filter(|c| c.get_name() != "help") {
        let head = format!(".SH \"SWITCHBOARD {}\"", command.get_name().to_uppercase());
        assert!(page.out.contains(&head), "no section {head}");
    }
}

#[tokio::test]
async fn completions_name_every_command_and_an_unknown_shell_is_wrong_usage() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = program.run(&["completions", shell]).await;
        assert_eq!(script.code, 0, "{script:?}");
        for command in Cli::command().get_subcommands() {
            assert!(script.out.contains(command.get_name()), "{shell} lacks {}", command.get_name());
        }
    }
    assert_eq!(program.run(&["completions", "abacus"]).await.code, 2);
}
