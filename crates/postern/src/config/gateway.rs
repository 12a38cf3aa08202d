//! `[gateway]`: what the process itself needs.
//!
//! Where it listens is in [`super::listeners`]; nothing here is about who may do what.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use postern_adapters::journal::Durability;
use postern_core::document::{Findings, Place, Reader};
use postern_core::gate::{Allotment, Lifetime};

use super::Draft;

/// How long credentials last where the configuration does not say.
const TOKEN_MAX: Duration = Duration::from_secs(15 * 60);
/// The longest that it may say: they are for minutes.
const LONGEST_TOKEN: Duration = Duration::from_secs(12 * 60 * 60);

/// How long recordings are kept where nothing says it.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The process: its addresses, its files, its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The address of all listeners.
    pub listen: IpAddr,
    /// The name people and programs reach it by.
    pub domain: String,
    /// The database for what waits and what was answered.
    pub store: PathBuf,
    /// The folder of the journal.
    pub journal: PathBuf,
    /// How durable a record is before its operation is forwarded.
    pub durability: Durability,
    /// The file with the root secret.
    pub seal_key: PathBuf,
    /// The folder of recordings.
    pub blobs: PathBuf,
    /// How long recordings are kept of which no rule says it.
    pub keep: Duration,
    /// How long sessions may last.
    pub lifetime: Lifetime,
    /// What the long messages of all sessions may take up together, in bytes.
    pub long_messages: usize,
    /// How long credentials that the gateway issues may last.
    pub token_max: Duration,
    /// How the gateway proves itself to clients.
    pub tls: Tls,
}

/// How the gateway proves itself to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// With a certificate that somebody else has made.
    Files {
        /// The chain, PEM.
        cert: PathBuf,
        /// The key, PEM.
        key: PathBuf,
    },
    /// With one it makes itself, `tls.crt` beside the store; clients use it as their authority.
    SelfSigned,
}

/// `[gateway]` as it was read, with what others need of it.
pub(super) struct Table<'d> {
    /// Where it stands.
    pub(super) place: Place,
    /// The address of all listeners.
    pub(super) listen: Option<IpAddr>,
    /// The table `ports`.
    pub(super) ports: Option<Reader<'d>>,
    /// The rest, where nothing is wrong in it.
    pub(super) gateway: Option<Gateway>,
}

/// Reads `[gateway]`.
pub(super) fn read<'d>(draft: &mut Draft<'_>, top: &mut Reader<'d>) -> Option<Table<'d>> {
    let Some(value) = top.value("gateway") else {
        let hint = "add the table [gateway]".to_owned();
        draft.findings.wrong(&top.place(), "this file has no `[gateway]`", Some(hint));
        return None;
    };
    let mut table = value.table(&mut draft.findings, "gateway")?;
    let listen = listen(draft, &mut table);
    let ports = table.table(&mut draft.findings, "ports");
    let gateway = read_rest(draft, &mut table, listen);
    let place = table.place();
    table.finish(&mut draft.findings);
    Some(Table { place, listen, ports, gateway })
}

fn read_rest(draft: &mut Draft<'_>, table: &mut Reader<'_>, listen: Option<IpAddr>) -> Option<Gateway> {
    let domain = domain(draft, table);
    let findings = &mut draft.findings;
    let store = table.required(findings, "store");
    let store = store.and_then(|text| draft.base.reference(findings, &text, "sqlite", &["postgres", "postgresql"]));
    let journal = table.required(findings, "journal");
    let journal = journal.and_then(|text| draft.base.path(findings, &text, "journal"));
    let durability = match table.text(findings, "durability") {
        Some(text) => text.one_of(findings, "durability", &[("os", Durability::Os), ("fsync", Durability::Fsync)]),
        None => Some(Durability::Os),
    };
    let later = ["env", "vault", "aws-sm", "gcp-sm", "azure-kv", "k8s"];
    let seal_key = table.required(findings, "seal_key");
    let seal_key = seal_key.and_then(|text| draft.base.reference(findings, &text, "file", &later));
    let lifetime = lifetime(findings, table);
    let long_messages = long_messages(findings, table);
    let blobs = match table.text(findings, "blobs") {
        Some(text) => draft.base.reference(findings, &text, "file", &["s3", "gs", "az"]),
        None => store.as_ref().map(|store| store.with_file_name("recordings")),
    };
    let keep = keep(findings, table);
    let token_max = token_max(findings, table);
    let tls = tls(draft, table);
    Some(Gateway {
        listen: listen?,
        domain: domain?,
        store: store?,
        journal: journal?,
        durability: durability?,
        seal_key: seal_key?,
        blobs: blobs?,
        keep: keep?,
        lifetime: lifetime?,
        long_messages: long_messages?,
        token_max: token_max?,
        tls: tls?,
    })
}

fn keep(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Duration> {
    let Some(mut recordings) = table.table(findings, "recordings") else { return Some(KEPT) };
    let kept = match recordings.value("keep") {
        None => Some(KEPT),
        Some(value) => value.duration(findings, "keep").filter(|keep| {
            if keep.is_zero() {
                let hint = "write recordings = { keep = \"90d\" }".to_owned();
                findings.wrong(&value.place, "a recording cannot be kept for no time at all", Some(hint));
            }
            !keep.is_zero()
        }),
    };
    recordings.finish(findings);
    kept
}

fn lifetime(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Lifetime> {
    let longest = match table.value("session_max") {
        None => Some(Lifetime::default().longest),
        Some(value) => value.duration(findings, "session_max").filter(|longest| {
            if longest.is_zero() {
                let hint = "write 8h, for example".to_owned();
                findings.wrong(&value.place, "a session cannot end as it begins", Some(hint));
            }
            !longest.is_zero()
        }),
    };
    let ends_with_token = match table.text(findings, "after_expiry") {
        None => Some(Lifetime::default().ends_with_token),
        Some(text) => text.one_of(findings, "after_expiry", &[("keep", false), ("end", true)]),
    };
    Some(Lifetime { longest: longest?, ends_with_token: ends_with_token? })
}

/// Less than the longest message that is short would let nobody send anything else.
const LEAST_LONG: usize = 1 << 20;

fn long_messages(findings: &mut Findings, table: &mut Reader<'_>) -> Option<usize> {
    let Some(text) = table.text(findings, "long_messages") else { return Some(Allotment::USUAL) };
    let (number, unit) = text.text.split_at_checked(text.text.len().saturating_sub(3)).unwrap_or_default();
    let shift = [("MiB", 20), ("GiB", 30)].into_iter().find(|(name, _)| *name == unit);
    let bytes = shift.and_then(|(_, shift)| number.parse::<usize>().ok()?.checked_mul(1 << shift));
    let bytes = bytes.filter(|bytes| *bytes >= LEAST_LONG);
    if bytes.is_none() {
        let message = format!("`{}` is no amount of memory", text.text);
        findings.wrong(&text.place, message, Some("write 512MiB or 2GiB, for example".to_owned()));
    }
    bytes
}

fn token_max(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Duration> {
    let Some(text) = table.text(findings, "token_max") else { return Some(TOKEN_MAX) };
    let longest = text.duration(findings, "token_max")?;
    if longest.is_zero() || longest > LONGEST_TOKEN {
        let message = "`token_max` is for how long a credential of the gateway lasts: more than nothing, at most 12h";
        findings.wrong(&text.place, message, Some("write 15m, for example".to_owned()));
        return None;
    }
    Some(longest)
}

fn domain(draft: &mut Draft<'_>, table: &mut Reader<'_>) -> Option<String> {
    let Some(text) = table.text(&mut draft.findings, "domain") else { return Some("localhost".to_owned()) };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if text.text.is_empty() || !text.text.bytes().all(fits) {
        let hint = "write a host name such as gw.example.com, without port or path".to_owned();
        draft.findings.wrong(&text.place, format!("`{}` is no domain", text.text), Some(hint));
        return None;
    }
    Some(text.text)
}

fn listen(draft: &mut Draft<'_>, table: &mut Reader<'_>) -> Option<IpAddr> {
    let Some(text) = table.text(&mut draft.findings, "listen") else { return Some(Ipv4Addr::LOCALHOST.into()) };
    let address = text.text.parse().ok();
    if address.is_none() {
        let hint = "write an IP address such as 0.0.0.0 or 127.0.0.1; ports have a key of their own";
        draft.findings.wrong(&text.place, format!("`{}` is no address to listen on", text.text), Some(hint.to_owned()));
    }
    address
}

fn tls(draft: &mut Draft<'_>, table: &mut Reader<'_>) -> Option<Tls> {
    const FORMS: &str = "write tls = { cert = \"file:…\", key = \"file:…\" } or tls = { self-signed = true }";
    let findings = &mut draft.findings;
    let Some(value) = table.value("tls") else {
        findings.wrong(&table.place(), "this `gateway` has no `tls`", Some(FORMS.to_owned()));
        return None;
    };
    let mut table = value.table(findings, "tls")?;
    let cert = table.text(findings, "cert");
    let key = table.text(findings, "key");
    let own = table.flag(findings, "self-signed").unwrap_or(false);
    table.later(findings, "acme");
    let place = table.place();
    table.finish(findings);
    match (cert, key, own) {
        (Some(cert), Some(key), false) => {
            let cert = draft.base.path(findings, &cert, "cert");
            let key = draft.base.path(findings, &key, "key");
            Some(Tls::Files { cert: cert?, key: key? })
        }
        (None, None, true) => Some(Tls::SelfSigned),
        _ => {
            let message = "`tls` is either a certificate with its key, or `self-signed`";
            findings.wrong(&place, message, Some(FORMS.to_owned()));
            None
        }
    }
}
