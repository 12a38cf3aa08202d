//! `[[target]]`: where backends are and which login is injected.
//!
//! No secret stands here, only references to where one is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::document::{Findings, Reader, Text, Value};
use crate::policy::references::Written;
use crate::policy::source::{Aim, Known, each};
use crate::target::{
    AccountKey, Attribution, Certificate, HostKey, Login, SealedName, SecretRef, Target, TargetName, TargetTls,
};
use crate::verdict::Who;
use crate::vocabulary::Proof;

/// The stores that a reference can name in this version.
const STORES: &[&str] = &["env", "file", "sealed"];
/// What stands for a certificate that the gateway's own authority makes.
const ISSUED: &str = "issued";
/// The stores that a later version knows.
const LATER: &[&str] = &["vault", "vault-db", "aws-sm", "gcp-sm", "azure-kv", "k8s"];

pub(super) fn read_all(
    findings: &mut Findings,
    tables: Vec<Reader<'_>>,
    known: &Known<'_>,
    written: &mut Written,
) -> BTreeMap<TargetName, Arc<Target>> {
    let targets = each(findings, tables, "targets", |findings, table, name| {
        let place = name.as_ref().map(|text| text.place.clone());
        let name = name.and_then(|text| self::name(findings, &text));
        let (target, inventory) = read(findings, table, name, known)?;
        written.targets.extend(place.map(|place| (target.name.clone(), place)));
        written.inventories.extend(inventory.map(|file| (target.name.clone(), file)));
        Some(target)
    });
    targets.into_iter().map(|target| (target.name.clone(), Arc::new(target))).collect()
}

/// A target, and the file that says what it holds where there is one.
fn read(
    findings: &mut Findings,
    mut table: Reader<'_>,
    name: Option<TargetName>,
    known: &Known<'_>,
) -> Option<(Target, Option<Text>)> {
    let protocol = table.required(findings, "protocol").and_then(|text| {
        let words: Vec<(&'static str, &'static str)> = known.vocabularies.keys().map(|word| (*word, *word)).collect();
        if known.later.contains(&text.text.as_str()) {
            findings.wrong(&text.place, format!("`{}`: not in this version", text.text), None);
            return None;
        }
        text.one_of(findings, "protocol", &words)
    });
    let address = table.required(findings, "address").and_then(|text| address(findings, &text));
    let database = table.text(findings, "database").map(|text| text.text);
    let databases = table.texts(findings, "databases").unwrap_or_default().into_iter().map(|text| text.text).collect();
    let proof = protocol.and_then(|protocol| known.vocabularies.get(protocol)).map(|vocabulary| vocabulary.proof);
    let tls = self::proof(findings, &mut table, proof);
    let encrypted = !matches!(tls, Some(TargetTls::Disable | TargetTls::HostKeys { .. }));
    table.later(findings, "via");
    let inventory = table.text(findings, "schema");
    let way = Way { encrypted, keyed: matches!(proof, Some(Proof::HostKey(_))) };
    let logins = logins(findings, &mut table, known, way);
    let catalog_login = login_at(findings, &mut table, "catalog_login", way);
    let attribution = attribution(findings, &mut table);
    let labels = labels(findings, &mut table);
    table.finish(findings);
    let (host, port) = address?;
    let target = Target {
        name: name?,
        protocol: protocol?,
        host,
        port,
        database,
        databases,
        tls: tls?,
        logins: logins?,
        catalog_login,
        attribution: attribution?,
        labels,
    };
    Some((target, inventory))
}

fn name(findings: &mut Findings, text: &Text) -> Option<TargetName> {
    let name = TargetName::parse(&text.text);
    if name.is_none() {
        let hint = "use letters, digits, `-` and `_`, at most 63, beginning with a letter or digit";
        findings.wrong(&text.place, format!("`{}` cannot name a target", text.text), Some(hint.to_owned()));
    }
    name
}

fn address(findings: &mut Findings, text: &Text) -> Option<(String, u16)> {
    let split = text.text.rsplit_once(':').and_then(|(host, port)| {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port: u16 = port.parse().ok().filter(|port| digits && *port != 0)?;
        Some((self::host(host)?.to_owned(), port))
    });
    let hint = || Some("write HOST:PORT".to_owned());
    if split.is_none() && text.text.contains('@') {
        // THREAT: a password in a connection string
        findings.exposed(&text.place, "this is no address: who logs in belongs under `login`", hint());
    } else if split.is_none() {
        findings.wrong(&text.place, format!("`{}` is no address", text.text), hint());
    }
    split
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn host(text: &str) -> Option<&str> {
    if let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return inside.parse::<std::net::Ipv6Addr>().ok().map(|_| inside);
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (!text.is_empty() && text.bytes().all(named)).then_some(text)
}

fn tls(findings: &mut Findings, table: &mut Reader<'_>) -> Option<TargetTls> {
    let mode = table.text(findings, "tls");
    let ca = table.text(findings, "ca");
    let path = ca.as_ref().map(|text| PathBuf::from(text.text.strip_prefix("file:").unwrap_or(&text.text)));
    let Some(mode) = mode else { return Some(TargetTls::VerifyFull { ca: path }) };
    let words =
        [("verify-full", TargetTlsWord::Full), ("verify-ca", TargetTlsWord::Ca), ("disable", TargetTlsWord::Disable)];
    match mode.one_of(findings, "tls", &words)? {
        TargetTlsWord::Full => Some(TargetTls::VerifyFull { ca: path }),
        TargetTlsWord::Ca => Some(TargetTls::VerifyCa { ca: path }),
        TargetTlsWord::Disable => {
            if let Some(ca) = &ca {
                findings.wrong(&ca.place, "`ca` has no use where `tls` is `disable`", None);
            }
            Some(TargetTls::Disable)
        }
    }
}

/// How a target proves itself; what is of no use for its protocol is an error.
fn proof(findings: &mut Findings, table: &mut Reader<'_>, proof: Option<Proof>) -> Option<TargetTls> {
    let other: &[&'static str] = match proof {
        Some(Proof::HostKey(_)) => &["tls", "ca"],
        Some(Proof::Certificate) => &["host_key", "host_authority"],
        None => &[],
    };
    for key in other {
        if let Some(value) = table.value(key) {
            let message = format!("`{key}` has no use here: targets of this protocol prove themselves otherwise");
            findings.wrong(&value.place, message, None);
        }
    }
    // asked for in any case, so that the reader knows the keys
    let kinds = if let Some(Proof::HostKey(kinds)) = proof { Some(kinds) } else { None };
    let (keys, tls) = (host_keys(findings, table, kinds), tls(findings, table));
    if kinds.is_none() {
        return tls;
    }
    let [keys, authorities] = keys;
    let (keys, authorities) = (keys?, authorities?);
    if keys.is_empty() && authorities.is_empty() {
        // THREAT: whoever stands in the way of the first session is taken for the target
        let hint = "add host_key = \"TYPE BASE64\", once you have compared it with the host's own".to_owned();
        findings.wrong(&table.place(), "nothing says which key this host has", Some(hint));
        return None;
    }
    Some(TargetTls::HostKeys { keys, authorities })
}

/// The keys that a target may show, and those of authorities that may certify others.
fn host_keys(findings: &mut Findings, table: &mut Reader<'_>, kinds: Option<&[&str]>) -> [Option<Vec<HostKey>>; 2] {
    ["host_key", "host_authority"].map(|key| {
        let texts = table.texts(findings, key).unwrap_or_default();
        let keys: Vec<Option<HostKey>> = texts.iter().map(|text| host_key(findings, text, kinds)).collect();
        keys.into_iter().collect()
    })
}

fn host_key(findings: &mut Findings, text: &Text, kinds: Option<&[&str]>) -> Option<HostKey> {
    let Some(key) = HostKey::parse(&text.text) else {
        let hint = "write it as the host's own public key file does: its type, then its base64";
        findings.wrong(&text.place, "this is no public key of a host", Some(hint.to_owned()));
        return None;
    };
    if let Some(kinds) = kinds.filter(|kinds| !kinds.contains(&key.kind())) {
        let message = format!("the gateway asks no host for a key of type `{}`", key.kind());
        findings.wrong(&text.place, message, Some(format!("write one of type {}", kinds.join(", "))));
        return None;
    }
    Some(key)
}

fn attribution(findings: &mut Findings, table: &mut Reader<'_>) -> Option<Attribution> {
    let words = [("principal", Attribution::Principal), ("client", Attribution::Client)];
    match table.text(findings, "application_name") {
        Some(text) => text.one_of(findings, "application_name", &words),
        None => Some(Attribution::Principal),
    }
}

#[derive(Clone, Copy)]
enum TargetTlsWord {
    Full,
    Ca,
    Disable,
}

/// The accounts and whom each is for: one for everybody, or `[[target.login]]`, of which the first counts that is for
/// whoever comes.
fn logins(
    findings: &mut Findings,
    table: &mut Reader<'_>,
    known: &Known<'_>,
    way: Way,
) -> Option<Vec<(Vec<Who>, Login)>> {
    let value = table.value("login");
    if let Some(value) = value.as_ref().filter(|value| !value.is_list()) {
        return login(findings, value, "login", way).map(|login| vec![(vec![Who::Anyone], login)]);
    }
    let before = findings.diagnostics().len();
    let tables = table.tables(findings, "login");
    if tables.is_empty() && findings.diagnostics().len() == before {
        let hint = "add login = { user = \"…\", password = \"env:…\" }".to_owned();
        let place = value.map_or_else(|| table.place(), |value| value.place);
        findings.wrong(&place, "this target has no `login`", Some(hint));
    }
    let mut logins: Vec<(Vec<Who>, Login)> = Vec::new();
    let count = tables.len();
    for mut one in tables {
        let place = one.place();
        if logins.last().is_some_and(|(who, _)| who.contains(&Who::Anyone)) {
            let hint = "a login without `for` comes last".to_owned();
            findings.wrong(&place, "the login before this one is for everybody", Some(hint));
        }
        let bound = bound(findings, &mut one, known);
        let account = account(findings, one);
        // THREAT: a password under another key, or of another kind
        findings.veil_since(before);
        logins.extend(settled(findings, account, way).map(|login| (bound, login)));
    }
    // THREAT: a password in place of a table
    if count == 0 {
        findings.veil_since(before);
    }
    (count > 0 && logins.len() == count).then_some(logins)
}

/// Whom a login is for.
fn bound(findings: &mut Findings, login: &mut Reader<'_>, known: &Known<'_>) -> Vec<Who> {
    let Some(place) = login.value("for").map(|value| value.place) else { return vec![Who::Anyone] };
    let texts = login.texts(findings, "for").unwrap_or_default();
    if texts.is_empty() {
        findings.wrong(&place, "`for` is empty, so this login is for nobody", None);
    }
    known.somebody(findings, &place, texts, "for", Aim::Closes)
}

fn login_at(findings: &mut Findings, table: &mut Reader<'_>, key: &'static str, way: Way) -> Option<Login> {
    let value = table.value(key)?;
    login(findings, &value, key, way)
}

fn login(findings: &mut Findings, value: &Value<'_>, key: &str, way: Way) -> Option<Login> {
    let account = value.table(findings, key).map(|table| account(findings, table));
    // THREAT: a password under another key, or of another kind
    findings.veil(&value.place);
    settled(findings, account?, way)
}

/// How the gateway comes to a target.
#[derive(Clone, Copy)]
struct Way {
    /// Inside TLS.
    encrypted: bool,
    /// With a key of its own, as the target has one.
    keyed: bool,
}

/// What a login says: a name, and where that is kept with which it proves itself.
struct Account {
    user: Option<Text>,
    password: Option<Text>,
    certificate: Option<Text>,
    key: Option<Text>,
}

fn account(findings: &mut Findings, mut table: Reader<'_>) -> Account {
    let user = table.required(findings, "user");
    let [password, certificate, key] = ["password", "certificate", "key"].map(|key| table.text(findings, key));
    table.finish(findings);
    Account { user, password, certificate, key }
}

fn settled(findings: &mut Findings, account: Account, way: Way) -> Option<Login> {
    let Account { user, password, certificate, key } = account;
    let password = match password {
        Some(text) => Some(reference(findings, &text)?),
        None => None,
    };
    if way.keyed {
        if certificate.is_none() && key.is_none() && password.is_none() {
            let hint = "add key = \"file:PATH\", certificate = \"issued\" or password = \"env:NAME\"";
            return unfit(findings, user.as_ref()?, "this login has nothing to prove itself with", hint);
        }
        if let Some(lone) = certificate.as_ref().or(key.as_ref()).filter(|_| password.is_some()) {
            let what = "this login has a `password` besides, and only one of them is used";
            return unfit(findings, lone, what, "leave one of them out");
        }
        let key = account_key(findings, certificate, key)?;
        return Some(Login { user: user?.text, password, certificate: None, key });
    }
    let certificate = match (certificate, key) {
        (Some(chain), Some(key)) => {
            if !way.encrypted {
                let hint = "it is shown inside TLS only".to_owned();
                findings.exposed(&chain.place, "`certificate` has no use where `tls` is `disable`", Some(hint));
            }
            let (chain, key) = (reference(findings, &chain), reference(findings, &key));
            Some(Certificate { chain: chain?, key: key? })
        }
        (Some(lone), None) => return unfit(findings, &lone, "`certificate` needs its `key`", BOTH),
        (None, Some(lone)) => return unfit(findings, &lone, "`key` is for a `certificate`", BOTH),
        (None, None) => None,
    };
    Some(Login { user: user?.text, password, certificate, key: None })
}

/// The key by which an account is known.
fn account_key(findings: &mut Findings, certificate: Option<Text>, key: Option<Text>) -> Option<Option<AccountKey>> {
    match (certificate, key) {
        (None, None) => Some(None),
        (None, Some(key)) => Some(Some(AccountKey::Kept(reference(findings, &key)?))),
        (Some(certificate), None) if certificate.text == ISSUED => Some(Some(AccountKey::Issued)),
        (Some(certificate), _) => {
            let what = "here the gateway's own authority certifies a key that it makes, and no other";
            let hint = "write certificate = \"issued\" alone, or key = \"file:PATH\" for a key of your own".to_owned();
            // THREAT: what stands there may be the key itself
            findings.exposed(&certificate.place, what, Some(hint));
            None
        }
    }
}

/// What a certificate of an account needs.
const BOTH: &str = "write certificate = \"file:PATH\" and key = \"file:PATH\", both PEM";

/// A login that does not have what it needs.
fn unfit(findings: &mut Findings, at: &Text, what: &str, hint: &str) -> Option<Login> {
    // THREAT: what stands there may be the key itself
    findings.exposed(&at.place, what, Some(hint.to_owned()));
    None
}

fn reference(findings: &mut Findings, text: &Text) -> Option<SecretRef> {
    let Some((scheme, name)) = text.text.split_once(':').filter(|(_, name)| !name.is_empty()) else {
        // THREAT: a secret in the file. The text may be one, so it is not repeated.
        let hint = "write env:NAME, file:PATH or sealed:NAME, and keep the secret there";
        findings.exposed(
            &text.place,
            "this is no reference to a secret, and no secret may stand in the file",
            Some(hint.to_owned()),
        );
        return None;
    };
    if LATER.contains(&scheme) {
        findings.wrong(
            &text.place,
            format!("{scheme}: not in this version"),
            Some("write env:NAME, file:PATH or sealed:NAME".to_owned()),
        );
        return None;
    }
    if !STORES.contains(&scheme) {
        // THREAT: a password may have a colon in it as well
        let hint = "it takes `env:NAME`, `file:PATH` and `sealed:NAME`; the secret itself never stands in the file";
        findings.exposed(&text.place, "this names no store of secrets", Some(hint.to_owned()));
        return None;
    }
    if scheme == "sealed" && SealedName::parse(name).is_none() {
        findings.wrong(
            &text.place,
            format!("`{name}` is no name of a sealed secret"),
            Some("write letters, digits, `-` and `_`, at most 63".to_owned()),
        );
        return None;
    }
    Some(SecretRef { scheme: scheme.to_owned(), name: name.to_owned() })
}

fn labels(findings: &mut Findings, table: &mut Reader<'_>) -> BTreeMap<String, String> {
    let Some(mut entries) = table.table(findings, "labels") else { return BTreeMap::new() };
    let pairs = entries.entries().into_iter();
    pairs.filter_map(|(key, value)| value.text(findings, &key.text).map(|text| (key.text, text.text))).collect()
}
