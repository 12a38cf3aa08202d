//! What makes trust out of bytes is called in its one place.
//!
//! The types see to it that trust has one constructor; this sees to it that the constructor has
//! one caller. To guard another, add a line to [`SEALS`].

use super::Finding;
use crate::rust;
use crate::tree::{File, Tree};

#[cfg(test)]
mod tests;

struct Seal {
    /// A path such as `Type::constructor`, or text of the code such as `.method(`.
    what: &'static str,
    /// The folder that is searched.
    within: &'static str,
    /// Where it may stand, besides tests; `*` is one part of a path.
    only: &'static [&'static str],
    reason: &'static str,
}

const OUTLET: &[&str] = &["crates/protocols/src/wire.rs", "crates/protocols/src/ssh/transport/leash.rs"];
const WRITING: &str = "what leaves a protocol leaves through the outlet, and the target's outlet is `forward`'s";

const SEALS: &[Seal] = &[
    Seal {
        what: "VerifiedClaims::vouched",
        within: "crates",
        only: &["crates/adapters/src/identity", "crates/adapters/src/identity.rs", "crates/postern/src/suppose.rs"],
        reason: "only who has verified a signature may vouch for claims; offline, somebody may be supposed in one place",
    },
    Seal {
        what: "ProvedKey::signed",
        within: "crates",
        only: &["crates/protocols/src/ssh/transport/server.rs"],
        reason: "whoever has seen a public key can show it: only who has had a signature verified may say that it is proved",
    },
    Seal {
        what: "Appended {",
        within: "crates",
        only: &["crates/core/src/journal", "crates/adapters/src/journal", "crates/adapters/src/journal.rs"],
        reason: "only who has written the journal may say that it is written: permits are made of it",
    },
    Seal {
        what: ".spend(",
        within: "crates",
        only: &["crates/protocols/src/*/forward", "crates/protocols/src/*/forward.rs"],
        reason: "what a permit carries leaves in one place, towards the target",
    },
    Seal { what: "AsyncWriteExt", within: "crates/protocols/src", only: OUTLET, reason: WRITING },
    Seal { what: ".poll_write(", within: "crates/protocols/src", only: OUTLET, reason: WRITING },
    Seal {
        what: ".expose(",
        within: "crates",
        only: &[
            "crates/core/src/journal/keys.rs",
            "crates/core/src/mask/echo.rs",
            "crates/core/src/seal.rs",
            "crates/core/src/credential/verifier.rs",
            "crates/adapters/src/identity",
            "crates/adapters/src/certify.rs",
            "crates/adapters/src/tls",
            "crates/adapters/src/vault",
            "crates/adapters/src/vault.rs",
            "crates/protocols/src/*/login",
            "crates/protocols/src/*/login.rs",
            "crates/protocols/src/ssh/transport/keys.rs",
            "crates/api/src/token.rs",
        ],
        reason: "a secret is opened by a login, a verifier, a key derivation, the vault that fetched it, the guard \
                 that listens for it, and once for whom it was made",
    },
];

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    breaches(tree, SEALS)
}

fn breaches(tree: &Tree, seals: &[Seal]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files().filter(|file| file.is_rust() && !file.is_test()) {
        for seal in seals.iter().filter(|seal| binds(seal, file)) {
            for line in uses(file, seal.what) {
                found.push(Finding::at(file, line, format!("`{}`: {}", seal.what, seal.reason)));
            }
        }
    }
    found
}

fn binds(seal: &Seal, file: &File) -> bool {
    file.is_under(seal.within) && !seal.only.iter().any(|place| file.is_under(place))
}

/// The lines of the file's code that use `what`.
fn uses(file: &File, what: &str) -> Vec<usize> {
    if what.contains(['.', '(', '{']) {
        return (1_usize..).zip(file.code.lines()).filter(|(_, line)| line.contains(what)).map(|(at, _)| at).collect();
    }
    rust::paths(&file.code).into_iter().filter(|path| path.names(what)).map(|path| path.line).collect()
}
