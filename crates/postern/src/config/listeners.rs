//! Where the gateway listens: `ports` of `[gateway]`, and `[listener.PROTOCOL]` for what differs from the rule.
//!
//! Clients are taken with TLS alone, except on a listener that says `plaintext = true`, and that is an error unless
//! the address is a loopback one.

use std::net::{IpAddr, SocketAddr};

use postern_core::document::{Findings, Place, Reader, unknown};
use postern_core::policy::Rulebook;

use super::Draft;
use super::gateway::Table;

/// The listener of API and pages.
pub const HTTPS: &str = "https";
const HTTPS_PORT: u16 = 18443;
/// Listeners of a later version, which nothing serves yet.
const LATER: &[&str] = &["mysql", "ldap", "ldaps"];
/// How many clients a listener serves at once where the configuration does not say.
const CONNECTIONS: usize = 1_000;

/// Where clients of one protocol come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The protocol's name, or [`HTTPS`].
    pub protocol: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// Whether clients may come without TLS.
    pub plaintext: bool,
    /// How many clients it serves at once.
    pub connections: usize,
    /// Whether the configuration says that it is to be.
    pub asked: bool,
}

/// All listeners that are switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners(Vec<Listener>);

impl Listeners {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.0.iter()
    }

    /// The one of a protocol, or of [`HTTPS`].
    #[must_use]
    pub fn of(&self, protocol: &str) -> Option<&Listener> {
        self.0.iter().find(|listener| listener.protocol == protocol)
    }

    /// Those behind which there is something. One that was asked for and has nothing behind it is reported, and so is a
    /// gateway without any.
    pub(super) fn serving(mut self, findings: &mut Findings, place: &Place, rulebook: &Rulebook) -> Self {
        let spoken = |protocol: &str| rulebook.targets.values().any(|target| target.protocol == protocol);
        self.0.retain(|listener| listener.asked || listener.protocol == HTTPS || spoken(listener.protocol));
        if self.0.is_empty() {
            findings.wrong(place, "every listener is switched off", Some("give one of `ports` a number".to_owned()));
        }
        for listener in self.0.iter().filter(|listener| listener.protocol != HTTPS && !spoken(listener.protocol)) {
            let Listener { protocol, address, .. } = listener;
            let message = format!("port {} would serve `{protocol}`, and no target speaks it", address.port());
            let hint = format!("add a [[target]] with protocol = \"{protocol}\", or write {protocol} = 0 in `ports`");
            findings.wrong(place, message, Some(hint));
        }
        self
    }
}

/// Reads `[listener.…]`, and `ports` of `[gateway]`.
pub(super) fn read(draft: &mut Draft<'_>, top: &mut Reader<'_>, gateway: Option<&mut Table<'_>>) -> Option<Listeners> {
    let known: Vec<(&'static str, u16)> =
        draft.vocabularies.iter().map(|one| (one.protocol, one.port)).chain([(HTTPS, HTTPS_PORT)]).collect();
    let listen = gateway.as_ref().and_then(|gateway| gateway.listen);
    let special = read_special(draft, top, &known, listen);
    let ports = read_ports(draft, gateway.and_then(|gateway| gateway.ports.take()), &known);
    let mut listeners = Vec::new();
    for (protocol, port, asked) in ports.into_iter().filter(|(_, port, _)| *port != 0) {
        let found = special.iter().find(|one| one.protocol == protocol);
        listeners.push(Listener {
            protocol,
            address: SocketAddr::new(listen?, port),
            plaintext: found.is_some_and(|one| one.plaintext),
            connections: found.and_then(|one| one.connections).unwrap_or(CONNECTIONS),
            asked: asked || found.is_some(),
        });
    }
    Some(Listeners(listeners))
}

fn read_ports(
    draft: &mut Draft<'_>,
    table: Option<Reader<'_>>,
    known: &[(&'static str, u16)],
) -> Vec<(&'static str, u16, bool)> {
    let Some(mut table) = table else {
        return known.iter().map(|(protocol, port)| (*protocol, *port, false)).collect();
    };
    let findings = &mut draft.findings;
    let mut ports: Vec<(&'static str, u16, bool)> = Vec::new();
    for (protocol, default) in known {
        let place = table.value(protocol).map(|value| value.place);
        let asked = place.is_some();
        let port = match (place, table.number(findings, protocol)) {
            (Some(place), Some(number)) => port(findings, &place, number),
            _ => Some(*default),
        };
        let Some(port) = port else { continue };
        if let Some((other, ..)) = ports.iter().find(|(_, taken, _)| *taken == port && port != 0) {
            findings.wrong(&table.place(), format!("`{other}` and `{protocol}` have the same port {port}"), None);
        }
        ports.push((protocol, port, asked));
    }
    for protocol in LATER {
        let place = table.value(protocol).map(|value| value.place);
        if let (Some(place), Some(1..)) = (place, table.number(findings, protocol)) {
            findings.note(&place, format!("`{protocol}`: not in this version; nothing listens on its port"), None);
        }
    }
    table.finish(findings);
    ports
}

fn port(findings: &mut Findings, place: &Place, number: u64) -> Option<u16> {
    let port = u16::try_from(number).ok();
    if port.is_none() {
        findings.wrong(
            place,
            format!("{number} is no port"),
            Some("write 1 to 65535, or 0 to switch it off".to_owned()),
        );
    }
    port
}

/// What `[listener.PROTOCOL]` says.
struct Special {
    protocol: &'static str,
    plaintext: bool,
    connections: Option<usize>,
}

fn read_special(
    draft: &mut Draft<'_>,
    top: &mut Reader<'_>,
    known: &[(&'static str, u16)],
    listen: Option<IpAddr>,
) -> Vec<Special> {
    let findings = &mut draft.findings;
    let Some(mut all) = top.table(findings, "listener") else { return Vec::new() };
    let mut special = Vec::new();
    for (name, value) in all.entries() {
        let Some((protocol, _)) = known.iter().find(|(protocol, _)| *protocol == name.text) else {
            let words: Vec<&str> = known.iter().map(|(protocol, _)| *protocol).collect();
            if LATER.contains(&name.text.as_str()) {
                findings.note(
                    &name.place,
                    format!("`{}`: not in this version; nothing listens there", name.text),
                    None,
                );
            } else {
                unknown(findings, &name, "listener", &words);
            }
            continue;
        };
        let Some(mut table) = value.table(findings, &name.text) else { continue };
        let place = table.value("plaintext").map(|value| value.place);
        let plaintext = table.flag(findings, "plaintext").unwrap_or(false);
        let connections = table.number(findings, "connections");
        table.finish(findings);
        if let Some(place) = place.filter(|_| plaintext) {
            may_be_plain(findings, &place, protocol, listen);
        }
        if connections == Some(0) {
            findings.wrong(&name.place, "`connections` is how many clients are served at once, at least 1", None);
        }
        special.push(Special { protocol, plaintext, connections: connections.and_then(|count| count.try_into().ok()) });
    }
    special
}

// THREAT: tokens on the network in clear. Loopback never leaves the machine.
fn may_be_plain(findings: &mut Findings, place: &Place, protocol: &str, listen: Option<IpAddr>) {
    if protocol == HTTPS {
        let message = "the listener of API and pages has no plain text: tokens and cookies pass through it";
        findings.wrong(place, message, None);
    }
    if let Some(listen) = listen.filter(|listen| !listen.is_loopback()) {
        let message = format!("plain text is taken on loopback addresses only, and this gateway listens on {listen}");
        findings.wrong(place, message, Some("write listen = \"127.0.0.1\", or leave `plaintext` out".to_owned()));
    }
}
