//! The project's own commands, run as `cargo xtask COMMAND`; without one, the list.
//!
//! What belongs here keeps the tree honest: it reads sources, never the network, and nothing
//! that ships depends on it. Enter at [`COMMANDS`].

mod rust;
mod tidy;
mod tree;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

struct Command {
    name: &'static str,
    does: &'static str,
    run: fn(&mut dyn Write) -> anyhow::Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command { name: "tidy", does: "checks what the architecture promises and the compiler cannot see", run: tidy::run },
    Command { name: "checks", does: "lists what tidy checks, and why", run: tidy::list },
];

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    dispatch(std::env::args().skip(1), &mut out).unwrap_or_else(|error| {
        // where stderr is closed too, the exit code is all that is left to say
        drop(writeln!(io::stderr(), "error: {error:#}"));
        ExitCode::from(2)
    })
}

fn dispatch(mut arguments: impl Iterator<Item = String>, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let Some(name) = arguments.next() else {
        return usage(out);
    };
    if let Some(extra) = arguments.next() {
        bail!("`{name}` takes no argument, got `{extra}`");
    }
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .with_context(|| format!("no command `{name}`; `cargo xtask` lists them"))?;
    (command.run)(out)
}

fn usage(out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    for command in COMMANDS {
        writeln!(out, "cargo xtask {:<8} {}", command.name, command.does)?;
    }
    Ok(ExitCode::SUCCESS)
}
