//! Channels and their requests, but for command lines and files.
//!
//! It knows no channel that is open: each request is read for itself. Enter at the functions, one a request.

use std::net::IpAddr;

use postern_core::operation::{Action, Effect, Fact, Operation};

use super::asked::{Asked, shown, word};
use super::path::absolute;
use crate::ssh::vocabulary::action;

/// The login shell: whatever is typed there runs.
#[must_use]
pub fn shell(pty: bool) -> Operation {
    Asked::of(action::SHELL)
        .answered()
        .touching(Effect::Execute, "shell")
        .opaque("what is typed in a shell is not known before")
        .fact("unread", Fact::Flag(true))
        .fact("pty", Fact::Flag(pty))
        .setting("pty", word_of(pty))
        .operation("shell")
}

/// A terminal of this kind (`xterm`) for what runs.
#[must_use]
pub fn pty(terminal: &[u8]) -> Operation {
    let asked = Asked::of(action::PTY).touching(Effect::Execute, "pty").fact("pty", Fact::Flag(true));
    asked.meaning(terminal).operation(format!("pty {}", shown(terminal)))
}

/// A variable for what runs.
///
/// THREAT: `LD_PRELOAD`, `BASH_ENV`, `GIT_SSH_COMMAND` and a thousand others run code, and nobody has a list of them.
/// So only the few that are known to do nothing of the kind are the session's own; any other is written.
#[must_use]
pub fn env(name: &[u8], value: &[u8]) -> Operation {
    let effect = if is_harmless(name, value) { Effect::Session } else { Effect::Write };
    let asked = Asked::of(action::ENV).meaning(name).meaning(value);
    let asked = match word(name) {
        Some(name) => asked.touching(effect, variable(name)).fact("variable", Fact::Text(name.to_owned())),
        None => asked.opaque("the name of the variable is not text"),
    };
    let asked = match word(name).is_some_and(is_followed) {
        true => asked.opaque("shells or the loader follow this variable, whatever program is run"),
        false => asked,
    };
    let asked = match std::str::from_utf8(value) {
        Ok(value) => asked.fact("value", Fact::Text(value.to_owned())),
        Err(_) => asked,
    };
    asked.operation(format!("env {}={}", shown(name), shown(value)))
}

/// Whether shells or the loader follow a variable, whatever program is run.
pub(super) fn is_followed(name: &str) -> bool {
    const FOLLOWED: &[&str] = &[
        "PATH",
        "IFS",
        "ENV",
        "BASH_ENV",
        "SHELLOPTS",
        "BASHOPTS",
        "PS4",
        "PROMPT_COMMAND",
        "ZDOTDIR",
        "FPATH",
        "GCONV_PATH",
        "GLIBC_TUNABLES",
        "POSIXLY_CORRECT",
        "KSH_ENV",
        "fpath",
        "path",
    ];
    FOLLOWED.contains(&name) || ["LD_", "DYLD_", "BASH_FUNC"].iter().any(|begin| name.starts_with(begin))
}

/// A variable as an object.
///
/// THREAT: a variable that is called like a program, and is allowed as that.
pub(super) fn variable(name: &str) -> String {
    format!("${name}")
}

/// Whether a variable says no more than in which language and colours to speak: what clients send unasked.
pub(super) fn is_harmless(name: &[u8], value: &[u8]) -> bool {
    // THREAT: a locale may be a path, and what is loaded from there is code (CVE-2014-0475)
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.@:".contains(byte);
    let named = match name {
        b"LANG" | b"LANGUAGE" | b"TERM" | b"COLORTERM" | b"NO_COLOR" => true,
        // which version of its protocol git speaks
        b"GIT_PROTOCOL" => return matches!(value, b"version=0" | b"version=1" | b"version=2"),
        _ => name.strip_prefix(b"LC_").is_some_and(|rest| !rest.is_empty() && rest.iter().all(plain)),
    };
    named && value.iter().all(plain)
}

/// A subsystem; `sftp` is one, and has an action of its own.
#[must_use]
pub fn subsystem(name: &[u8]) -> Operation {
    let text = format!("subsystem {}", shown(name));
    let asked = |action| Asked::of(action).answered().meaning(name);
    match word(name) {
        Some("sftp") => {
            let asked = asked(action::SFTP).touching(Effect::Execute, "sftp");
            asked.fact("subsystem", Fact::Text("sftp".to_owned())).operation(text)
        }
        Some(named) => {
            let asked = asked(action::SUBSYSTEM).touching(Effect::Execute, named);
            let asked = asked.fact("subsystem", Fact::Text(named.to_owned()));
            asked.opaque("what a subsystem does is not known").operation(text)
        }
        None => asked(action::SUBSYSTEM).opaque("the name of the subsystem is not text").operation(text),
    }
}

/// The client's agent for the host.
#[must_use]
pub fn agent() -> Operation {
    let asked = Asked::of(action::AGENT).answered().touching(Effect::Execute, "agent");
    asked.opaque("what the host has signed is not known before").operation("agent forwarding")
}

/// The client's screen for the host.
#[must_use]
pub fn x11() -> Operation {
    let asked = Asked::of(action::X11).answered().touching(Effect::Execute, "x11");
    asked.opaque("what the host shows, sees and types there is not known before").operation("X11 forwarding")
}

/// A connection from the host to a host and port (`direct-tcpip`).
#[must_use]
pub fn forward(host: &[u8], port: u32) -> Operation {
    let asked = leading(Asked::of(action::FORWARD).answered(), host, port);
    let asked = if host.is_empty() || port == 0 { asked.opaque("it does not say where it leads") } else { asked };
    asked.operation(format!("forward to {}", written(&shown(host), port)))
}

/// The host listens on an address and port for the client (`tcpip-forward`); an empty address is all of them, and port 0
/// is any.
#[must_use]
pub fn forward_remote(address: &[u8], port: u32) -> Operation {
    let asked = leading(Asked::of(action::FORWARD_REMOTE).also(action::FORWARD).answered(), address, port);
    asked.operation(format!("listen on {}", written(&shown(address), port)))
}

/// A connection to a socket on the host (`direct-streamlocal@openssh.com`).
#[must_use]
pub fn forward_socket(path: &[u8]) -> Operation {
    socket(action::FORWARD_SOCKET, path).operation(format!("forward to {}", shown(path)))
}

/// The host listens on a socket for the client (`streamlocal-forward@openssh.com`).
#[must_use]
pub fn forward_remote_socket(path: &[u8]) -> Operation {
    socket(action::FORWARD_REMOTE_SOCKET, path).operation(format!("listen on {}", shown(path)))
}

/// Whatever else a client asks for: the kind of a channel or request, by its name.
#[must_use]
pub fn unknown(kind: &[u8]) -> Operation {
    Asked::of(action::UNKNOWN)
        .answered()
        .opaque("nothing is known of what that does")
        .meaning(kind)
        .operation(shown(kind))
}

pub(super) fn word_of(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// A transfer between the client and a host and port.
///
/// THREAT: resolvers take `127.1`, `0x7f.1` and `2130706433` for 127.0.0.1, and a rule that forbids that host would not
/// see it. What is a number and not written as addresses are is not read.
fn leading(asked: Asked, host: &[u8], port: u32) -> Asked {
    let asked = asked.meaning(host).meaning(&port.to_be_bytes());
    let known = std::str::from_utf8(host).ok().and_then(named);
    let (Some(name), true) = (known, u16::try_from(port).is_ok()) else {
        return asked.opaque("the host and port are written as no such thing is");
    };
    asked
        .touching(Effect::Transfer, written(&name, port))
        .fact("host", Fact::Text(name))
        .fact("port", Fact::Number(port.into()))
}

/// A host as rules name it: a name in lower case without the dot that ends it, an address as it is usually written.
fn named(host: &str) -> Option<String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(address.to_canonical().to_string());
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with("0x") || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    let lost = name.is_empty() && !host.is_empty();
    (plain && !number && !lost).then_some(name)
}

fn written(host: &str, port: u32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn socket(action: Action, path: &[u8]) -> Asked {
    let asked = Asked::of(action).also(action::FORWARD).answered().meaning(path);
    match word(path).and_then(absolute) {
        Some(path) => {
            let asked = asked.fact("path", Fact::Text(path.clone())).fact("paths", Fact::List(vec![path.clone()]));
            asked.touching(Effect::Transfer, path)
        }
        None => asked.opaque("the socket is not named by an absolute path"),
    }
}
