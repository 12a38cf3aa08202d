use clap::{Command, CommandFactory as _};

use super::Cli;

/// The help of a command and of all below it.
fn helps(command: &mut Command, path: &str, into: &mut String) {
    let help = command.render_long_help().to_string();
    into.push_str(&format!(
        "$ {path} --help\n{}\n",
        help.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>()
    ));
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        helps(below, &path, into);
    }
}

#[test]
fn help_says_what_there_is() {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut text = String::new();
    helps(&mut command, "postern", &mut text);
    insta::assert_snapshot!(text);
}

#[test]
fn no_argument_takes_a_secret() {
    fn check(command: &Command) {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let secret = ["token", "password", "secret"].iter().any(|word| name.contains(word));
            assert!(!secret || name.ends_with("_file"), "`{name}` of `{}`", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}
