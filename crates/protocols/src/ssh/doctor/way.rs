//! The way to a host: how it is known, and what it would agree on with others.
//!
//! What it agreed on with the gateway is never weak: the gateway offers nothing that is.

use postern_core::examination::{Finding, Gravity};
use postern_core::target::{Target, TargetTls};

use super::found::Found;
use crate::ssh::asking::Offer;

/// Names that a host had better not offer. They stand in a script as they are here.
const EXCHANGES: &[&str] =
    &["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"];
const HOST_KEYS: &[&str] = &["ssh-rsa", "ssh-dss"];
const CIPHERS: &[&str] = &[
    "3des-cbc",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "rijndael-cbc@lysator.liu.se",
    "blowfish-cbc",
    "cast128-cbc",
    "arcfour",
    "arcfour128",
    "arcfour256",
];
const DIGESTS: &[&str] = &[
    "hmac-md5",
    "hmac-md5-96",
    "hmac-md5-etm@openssh.com",
    "hmac-md5-96-etm@openssh.com",
    "hmac-sha1",
    "hmac-sha1-96",
    "hmac-sha1-etm@openssh.com",
    "hmac-sha1-96-etm@openssh.com",
    "umac-64@openssh.com",
    "umac-64-etm@openssh.com",
];
const STRICT: &str = "kex-strict-s-v00@openssh.com";
const QUANTUM: &[&str] = &["mlkem768x25519-sha256"];

/// What is to be said of how the host is known. That it is known by nothing, or from its first visit, no target can say.
pub(super) fn known(target: &Target) -> Option<Found> {
    let TargetTls::HostKeys { keys, authorities } = &target.tls else { return None };
    if authorities.is_empty() {
        return None;
    }
    let what = match keys.is_empty() {
        true => "the host is known by what an authority certifies for its name (`host_authority`)",
        false => "the host is known by its key (`host_key`), and by what an authority certifies for its name as well",
    };
    let why = "whoever has the key of that authority can stand in the host's place and is given the login";
    let advice = "keep that key offline, or write the host's own key as `host_key` alone";
    Some(Finding::new(Gravity::Note, "host-authority", what, why).advice(advice).into())
}

/// What is to be said of what it offers to everybody.
pub(super) fn offered(offer: &Offer) -> Vec<Found> {
    let Offer { exchanges, host_keys, ciphers, digests } = offer;
    let mut found = Vec::new();
    if !exchanges.iter().any(|name| name == STRICT) {
        let what = "the host does not know strict key exchange";
        let why = "whoever is on the way can take the first messages out of a connection (Terrapin, CVE-2023-48795)";
        let advice = "bring its OpenSSH up to 9.6, or to what its distribution has mended";
        found.push(Finding::new(Gravity::Warning, "strict-kex", what, why).advice(advice).into());
    }
    let kinds = [
        (Gravity::Warning, "weak-kex", "KexAlgorithms", "to make keys by", exchanges, EXCHANGES),
        (Gravity::Warning, "weak-host-key", "HostKeyAlgorithms", "to prove itself by", host_keys, HOST_KEYS),
        (Gravity::Warning, "weak-cipher", "Ciphers", "to encrypt with", ciphers, CIPHERS),
        (Gravity::Note, "weak-mac", "MACs", "to keep messages whole by", digests, DIGESTS),
    ];
    for (gravity, name, setting, purpose, offered, weak) in kinds {
        let weak: Vec<&str> = weak.iter().copied().filter(|weak| offered.iter().any(|one| one == weak)).collect();
        if !weak.is_empty() {
            let listed = weak.join(",");
            let what = format!("the host offers {} {purpose}", weak.join(", "));
            let why = "the gateway uses none of these; others who log in there may be brought to";
            found.push(Found::from(Finding::new(gravity, name, what, why)).everywhere(format!("{setting} -{listed}")));
        }
    }
    if !exchanges.iter().any(|name| QUANTUM.contains(&name.as_str())) {
        let what = "the host does not make keys by mlkem768x25519-sha256";
        let why = "what is recorded of connections today may be read once there are quantum computers";
        let advice = "OpenSSH knows it from 9.9 on";
        found.push(Finding::new(Gravity::Note, "post-quantum", what, why).advice(advice).into());
    }
    found
}
