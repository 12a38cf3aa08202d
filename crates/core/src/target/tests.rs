//! What a host name asks for, the keys of hosts, and which account of a target is opened.

use std::collections::BTreeMap;

use super::{Attribution, Closed, HostKey, Login, Target, TargetName, TargetTls, asked_by};
use crate::identity::Kind;
use crate::tests::principal;
use crate::verdict::Who;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

#[test]
fn a_host_key_is_what_openssh_writes() {
    let key = HostKey::parse(KEY).unwrap();
    assert_eq!(key.blob()[..15], *b"\0\0\0\x0bssh-ed25519");
    assert_eq!(HostKey::parse(&format!("  {KEY} root@web-1")), Some(key));
    for wrong in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 !!!!",
        // another type than the key itself says, and a length that there is not
        &KEY.replacen("ssh-ed25519", "ssh-rsa", 1),
        "ssh-ed25519 //////8=",
        // its fingerprint, and what known_hosts begins with
        "SHA256:abc",
        &format!("web-1 {KEY}"),
    ] {
        assert_eq!(HostKey::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn an_account_opens_for_whom_it_is_for() {
    let account = |user: &str| Login { user: user.to_owned(), password: None, certificate: None, key: None };
    let logins = vec![
        (vec![Who::parse("group:ops").unwrap()], account("root")),
        (vec![Who::Anyone], account("deploy")),
        (vec![Who::Anyone], account("logs")),
    ];
    let host = Target {
        name: TargetName::parse("web-1").unwrap(),
        protocol: "ssh",
        host: "web-1.internal".to_owned(),
        port: 22,
        database: None,
        databases: Vec::new(),
        tls: TargetTls::HostKeys { keys: vec![HostKey::parse(KEY).unwrap()], authorities: Vec::new() },
        logins,
        catalog_login: None,
        attribution: Attribution::Principal,
        labels: BTreeMap::new(),
    };
    let (bot, admin) = (principal(Kind::Workload, "bot", &[]), principal(Kind::Human, "ada", &["ops"]));
    let opened = |who, wanted| host.opens(who, wanted).map(|(login, space)| (login.user.as_str(), space));
    assert_eq!(opened(&bot, None), Ok(("deploy", "deploy")));
    assert_eq!(opened(&bot, Some("logs")), Ok(("logs", "logs")));
    assert_eq!(opened(&bot, Some("root")), Err(Closed::Account));
    assert_eq!(opened(&admin, Some("root")), Ok(("root", "root")));
    assert_eq!(opened(&admin, None), Ok(("root", "root")));
    assert_eq!(opened(&admin, Some("nobody")), Err(Closed::Account));
    assert_eq!((host.admits(Some("logs")), host.admits(Some("nobody"))), (Some("logs"), None));
}

#[test]
fn a_host_name_asks_for_what_stands_before_the_domain() {
    for (host, asked) in [
        ("orders.gw.example.com", Some("orders")),
        ("OrDers.GW.example.COM", Some("orders")),
        ("orders.gw.example.com.", Some("orders")),
        // under the domain, and no target's name
        ("a.orders.gw.example.com", Some("a.orders")),
        ("*.gw.example.com", Some("*")),
        // the gateway itself, and elsewhere
        ("gw.example.com", None),
        ("gw.example.com.", None),
        ("xgw.example.com", None),
        ("example.com", None),
        ("orders.gw.example.com.evil.example", None),
        ("orders", None),
        ("", None),
    ] {
        for domain in ["gw.example.com", "GW.Example.com", "gw.example.com."] {
            assert_eq!(asked_by(host, domain).as_deref(), asked, "{host} under {domain}");
        }
    }
}
