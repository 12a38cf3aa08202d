use std::collections::BTreeSet;

use postern_core::operation::Object;
use russh::keys::Algorithm;

use super::*;
use crate::ssh::transport::KEYS;

#[test]
fn words_are_said_once() {
    let actions: BTreeSet<_> = VOCABULARY.actions.iter().collect();
    assert_eq!(actions.len(), VOCABULARY.actions.len());
    assert!(VOCABULARY.actions.iter().all(|action| action.starts_with("ssh.")));
    let facts: BTreeSet<_> = VOCABULARY.facts.iter().map(|fact| fact.name).collect();
    assert_eq!(facts.len(), VOCABULARY.facts.len());
}

#[test]
fn hosts_are_known_by_keys_that_they_are_asked_for() {
    let asked: Vec<String> = KEYS.iter().map(Algorithm::to_string).collect();
    assert!(matches!(VOCABULARY.proof, Proof::HostKey(kinds) if kinds == asked));
}

#[test]
fn credentials_of_a_host_are_nobodys() {
    for path in [
        "/etc/shadow",
        "/etc/shadow-",
        "/var/lib/git/.ssh",
        "/etc/ssh/ssh_host_ed25519_key",
        "/var/lib/git/.ssh/authorized_keys",
        "/users/a.b/.ssh/authorized_keys2",
        "/users/deploy/.ssh/id_rsa",
    ] {
        assert!(VOCABULARY.holds_credentials(&Object::at([path])), "{path}");
    }
    for path in ["/etc/passwd", "/etc/ssh/ssh_host_ed25519_key.pub", "/users/a/.ssh/config", "/srv/authorized_keys"] {
        assert!(!VOCABULARY.holds_credentials(&Object::at([path])), "{path}");
    }
}
