//! What comes from a client, as the operations that it asks for.
//!
//! What cannot be passed on in this version is opaque: no rule can be taken to let it through.

use postern_core::Operation;

use crate::ssh::analyze;
use crate::ssh::transport::{Beyond, Task, Wish};

/// Something around a program.
pub(super) fn wish(wish: &Wish) -> Operation {
    match wish {
        Wish::Terminal(terminal) => analyze::pty(terminal.term.as_bytes()),
        Wish::Variable { name, value } => analyze::env(name.as_bytes(), value.as_bytes()),
        Wish::Agent => not_yet(analyze::agent(), "the client's agent"),
        Wish::X11 => not_yet(analyze::x11(), "the client's screen"),
    }
}

/// A program.
pub(in crate::ssh) fn task(task: &Task, terminal: bool) -> Operation {
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

/// Connections that come in at the target.
pub(super) fn listen(beyond: &Beyond) -> Operation {
    let operation = match beyond {
        Beyond::Tcp { host, port } => analyze::forward_remote(host.as_bytes(), *port),
        Beyond::Socket(path) => analyze::forward_remote_socket(path.as_bytes()),
    };
    not_yet(operation, "connections that come in at the target")
}

/// What is asked for, and cannot be passed on: nobody is to believe that a rule lets it through.
fn not_yet(operation: Operation, what: &str) -> Operation {
    let why = format!("{what}: not in this version");
    operation.but(|deed| deed.reading = postern_core::operation::Reading::Opaque(why))
}
