//! What comes from a client, as the operations that it asks for.
//!
//! It decides nothing, and knows no session: what an operation means `analyze` says.

use std::sync::Arc;

use postern_core::Operation;

use crate::ssh::analyze;
use crate::ssh::transport::{Beyond, Task, Wish};

/// Something around a program.
pub(super) fn wish(wish: &Wish) -> Operation {
    match wish {
        Wish::Terminal(terminal) => analyze::pty(terminal.term.as_bytes()),
        Wish::Variable { name, value } => analyze::env(name.as_bytes(), value.as_bytes()),
        Wish::Agent => analyze::agent(),
        Wish::Screen(_) => analyze::x11(),
    }
}

/// A program, with the variables that are set for it: they are part of what is decided about, and of what is approved.
pub(in crate::ssh) fn task(task: &Task, terminal: bool, variables: &[(String, String)]) -> Operation {
    let mut operation = alone(task, terminal);
    let settings = Arc::make_mut(&mut operation.settings);
    settings.extend(variables.iter().map(|(name, value)| (format!("env.{name}"), value.clone())));
    if !variables.is_empty() {
        let said: Vec<String> = variables.iter().map(|(name, value)| format!("\n(with {name}={value})")).collect();
        operation.text = format!("{}{}", operation.text, said.concat()).into();
    }
    operation
}

fn alone(task: &Task, terminal: bool) -> Operation {
    match task {
        Task::Shell => analyze::shell(terminal),
        Task::Exec(command) => analyze::exec(command, terminal),
        Task::Subsystem(name) => analyze::subsystem(name.as_bytes()),
    }
}

/// A connection from the target to somewhere else.
pub(super) fn forward(beyond: &Beyond) -> Operation {
    match beyond {
        Beyond::Tcp { host, port } => analyze::forward(host.as_bytes(), *port),
        Beyond::Socket(path) => analyze::forward_socket(path.as_bytes()),
    }
}

/// A place where the target is to listen.
pub(super) fn listen(beyond: &Beyond) -> Operation {
    match beyond {
        Beyond::Tcp { host, port } => analyze::forward_remote(host.as_bytes(), *port),
        Beyond::Socket(path) => analyze::forward_remote_socket(path.as_bytes()),
    }
}
