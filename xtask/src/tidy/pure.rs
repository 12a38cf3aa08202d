//! Core does no IO, reads no clock, starts no task: data in, decision out.
//!
//! What it may use of tokio are the traits of `tokio::io` and the queues and locks of
//! `tokio::sync`, which wait but touch nothing outside the process; of `std::net`, addresses.

use super::Finding;
use crate::rust;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

struct Ban {
    path: &'static str,
    instead: &'static str,
}

const RIM: &str = "belongs to an adapter behind a port";
const OWNED: &str = "whoever calls core owns the tasks";
const CLOCK: &str = "take the time from the `Clock` port";

const BANS: &[Ban] = &[
    Ban { path: "std::fs", instead: RIM },
    Ban { path: "TcpStream", instead: RIM },
    Ban { path: "TcpListener", instead: RIM },
    Ban { path: "UdpSocket", instead: RIM },
    Ban { path: "UnixStream", instead: RIM },
    Ban { path: "UnixListener", instead: RIM },
    Ban { path: "UnixDatagram", instead: RIM },
    Ban { path: "ToSocketAddrs", instead: RIM },
    Ban { path: "std::os", instead: RIM },
    Ban { path: "std::process", instead: RIM },
    Ban { path: "std::env", instead: "configuration is an argument" },
    Ban { path: "std::thread", instead: OWNED },
    Ban { path: "tokio::fs", instead: RIM },
    Ban { path: "tokio::net", instead: RIM },
    Ban { path: "tokio::process", instead: RIM },
    Ban { path: "tokio::signal", instead: RIM },
    Ban { path: "tokio::time", instead: CLOCK },
    Ban { path: "tokio::spawn", instead: OWNED },
    Ban { path: "tokio::task", instead: OWNED },
    Ban { path: "tokio::runtime", instead: OWNED },
    Ban { path: "SystemTime::now", instead: CLOCK },
    Ban { path: "Instant::now", instead: CLOCK },
    Ban { path: "Timestamp::now", instead: CLOCK },
    Ban { path: "Zoned::now", instead: CLOCK },
];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust_under("crates/core/src/").filter(|file| !file.is_test()) {
        for path in rust::paths(&file.code) {
            for ban in BANS.iter().filter(|ban| path.names(ban.path)) {
                found.push(Finding::at(file, path.line, format!("`{}`: {}", ban.path, ban.instead)));
            }
        }
    }
    found
}
