//! A registered backend: where it is, how to be sure of it, and which login is injected there.
//!
//! It holds references to secrets, never a secret, and knows no connection. Enter at [`Target`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::BASE64;
use serde::Serialize;

use crate::document::meant;
use crate::identity::Principal;
use crate::verdict::Who;

/// The name by which clients and rules call a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TargetName(Arc<str>);

impl TargetName {
    /// A name of letters, digits, `-`, `_`, at most 63, the first a letter or digit: it must fit a DNS label.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_label(text).then(|| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a host name asks for where clients name targets as `TARGET.<domain>`: all that stands before the domain, whether
/// a target has that name or not. Nothing where it is the gateway's own name, or none under the domain. Letters have no
/// case in host names (RFC 4343), and what comes of this is in lower case.
#[must_use]
pub fn asked_by(host: &str, domain: &str) -> Option<String> {
    let rooted = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let asked = rooted(host);
    asked.strip_suffix(&rooted(domain))?.strip_suffix('.').map(str::to_owned)
}

fn is_label(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    first && rest && text.len() <= 63
}

/// The name of a secret in the gateway's own sealed store: `sealed:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedName(Arc<str>);

impl SealedName {
    /// A name of letters, digits, `-`, `_`, at most 63, the first a letter or digit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_label(text).then(|| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SealedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the gateway makes sure that it talks to the target and nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetTls {
    /// The certificate must be valid and name the host.
    VerifyFull {
        /// Trusted authorities in PEM; the system's where absent.
        ca: Option<PathBuf>,
    },
    /// The certificate must be valid, whatever host it names.
    VerifyCa {
        /// Trusted authorities in PEM; the system's where absent.
        ca: Option<PathBuf>,
    },
    /// Plain text to the target.
    Disable,
    /// No TLS: the target has keys of its own, and shows one of these.
    HostKeys {
        /// The keys themselves.
        keys: Vec<HostKey>,
        /// The keys of authorities that may certify others.
        authorities: Vec<HostKey>,
    },
}

/// A public key by which a host is known (RFC 4253 §6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    kind: String,
    blob: Vec<u8>,
}

impl HostKey {
    /// Reads `TYPE BASE64`, with or without a comment behind it.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (kind, text) = (words.next()?, words.next()?);
        let blob = BASE64.decode(text.as_bytes()).ok()?;
        let (length, rest) = blob.split_first_chunk::<4>()?;
        let named = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?.0;
        (named == kind.as_bytes()).then(|| Self { kind: kind.to_owned(), blob })
    }

    /// Its type, as the key says it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The key as it stands in messages, its type first.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }
}

/// Where a secret is kept: `env:NAME`, `file:PATH`, `sealed:NAME`. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    /// The store, as written before the first colon.
    pub scheme: String,
    /// What the store calls it.
    pub name: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.name)
    }
}

/// The account that the gateway uses on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The account's name.
    pub user: String,
    /// Where its password is kept; none for a target that asks for none.
    pub password: Option<SecretRef>,
    /// The certificate that the gateway shows inside TLS, where the target asks for one.
    pub certificate: Option<Certificate>,
    /// The key that it proves itself with outside of TLS.
    pub key: Option<AccountKey>,
}

/// The key by which an account of a target is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKey {
    /// Where the private key is kept.
    Kept(SecretRef),
    /// Made for each login, and certified by the gateway's own authority.
    Issued,
}

/// A certificate and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Where the certificate is kept, and those between it and its authority.
    pub chain: SecretRef,
    /// Where its private key is kept.
    pub key: SecretRef,
}

impl Login {
    /// Whatever has to be fetched for it.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        let certificate = self.certificate.iter().flat_map(|one| [&one.chain, &one.key]);
        let key = self.key.iter().filter_map(|key| match key {
            AccountKey::Kept(reference) => Some(reference),
            AccountKey::Issued => None,
        });
        self.password.iter().chain(certificate).chain(key)
    }

    /// The same, to be changed.
    pub fn references_mut(&mut self) -> impl Iterator<Item = &mut SecretRef> {
        let certificate = self.certificate.iter_mut().flat_map(|one| [&mut one.chain, &mut one.key]);
        let key = self.key.iter_mut().filter_map(|key| match key {
            AccountKey::Kept(reference) => Some(reference),
            AccountKey::Issued => None,
        });
        self.password.iter_mut().chain(certificate).chain(key)
    }
}

/// Whom the target's own log names, where its protocol has a word for who is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// The principal, and what the client calls itself behind it.
    Principal,
    /// What the client calls itself.
    Client,
}

/// A registered backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What clients call it.
    pub name: TargetName,
    /// Which protocol it speaks.
    pub protocol: &'static str,
    /// Its host: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database that is opened where the client names none.
    pub database: Option<String>,
    /// The databases that may be opened; only the default where empty.
    pub databases: Vec<String>,
    /// How it proves itself.
    pub tls: TargetTls,
    /// The accounts that are injected, and for whom: the first that is for a principal.
    pub logins: Vec<(Vec<Who>, Login)>,
    /// The account that reads the catalog; the injected one where absent.
    pub catalog_login: Option<Login>,
    /// Whom its own log names.
    pub attribution: Attribution,
    /// Labels that rules can name.
    pub labels: BTreeMap<String, String>,
}

/// Why a target does not open for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It has no such account for them.
    Account,
    /// It does not open that database.
    Database,
}

/// Why nothing is meant by a name of a target, or of a target and a database in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nowhere {
    /// What is wrong: lower case, the operator's words in backticks.
    pub message: String,
    /// What was probably meant, or what there is.
    pub hint: Option<String>,
}

/// The target, and what is opened in it where that is said, of `TARGET` or `TARGET/DATABASE`.
///
/// # Errors
/// Where there is no such target, or it does not open that.
pub fn locate<'t>(
    targets: &BTreeMap<TargetName, Arc<Target>>,
    text: &'t str,
) -> Result<(Arc<Target>, Option<&'t str>), Nowhere> {
    let (name, space) = text.split_once('/').map_or((text, None), |(name, space)| (name, Some(space)));
    let Some(target) = TargetName::parse(name).and_then(|name| targets.get(&name)) else {
        let words: Vec<&str> = targets.keys().map(TargetName::as_str).collect();
        return Err(Nowhere { message: format!("there is no target `{name}`"), hint: meant(name, &words) });
    };
    if let Some(closed) = space.filter(|space| target.admits(Some(space)).is_none()) {
        let words: Vec<&str> = target.database.iter().chain(&target.databases).map(String::as_str).collect();
        return Err(Nowhere {
            message: format!("target `{name}` does not open `{closed}`"),
            hint: meant(closed, &words),
        });
    }
    Ok((Arc::clone(target), space))
}

impl Target {
    /// Whether a connection to `other` is one to this target: the same place, proved in the same way.
    #[must_use]
    pub fn is_backend(&self, other: &Self) -> bool {
        (self.protocol, &self.host, self.port, &self.tls) == (other.protocol, &other.host, other.port, &other.tls)
    }

    /// What is called by a name in replies: an account of it, its host, its databases.
    #[must_use]
    pub fn names<'a>(&'a self, user: &'a str) -> Vec<&'a str> {
        let databases = self.database.iter().chain(&self.databases).map(String::as_str);
        [user, self.host.as_str(), self.name.as_str()].into_iter().chain(databases).collect()
    }

    /// The accounts that are injected for one principal or another.
    pub fn logins(&self) -> impl Iterator<Item = &Login> {
        self.logins.iter().map(|(_, login)| login)
    }

    /// The account that is injected for a principal, if there is one; where clients open accounts, the one `space` names.
    #[must_use]
    pub fn login_of(&self, principal: &Principal, space: Option<&str>) -> Option<&Login> {
        let named = |login: &Login| !self.has_accounts() || space.is_none_or(|space| space == login.user);
        let theirs = |who: &[Who]| who.iter().any(|who| who.names(principal));
        self.logins.iter().find(|(who, login)| theirs(who) && named(login)).map(|(_, login)| login)
    }

    /// Whether what a client opens in it is an account, rather than a database.
    #[must_use]
    pub fn has_accounts(&self) -> bool {
        matches!(self.tls, TargetTls::HostKeys { .. })
    }

    /// The account that is injected for a principal who asks for `space`, and what is opened by that.
    ///
    /// # Errors
    /// What keeps it closed.
    pub fn opens<'t>(&'t self, principal: &Principal, space: Option<&'t str>) -> Result<(&'t Login, &'t str), Closed> {
        let login = self.login_of(principal, space).ok_or(Closed::Account)?;
        let opened = if self.has_accounts() { Some(login.user.as_str()) } else { self.admits(space) };
        match (opened, space) {
            (Some(opened), _) => Ok((login, opened)),
            (None, None) => Ok((login, "")),
            (None, Some(_)) => Err(Closed::Database),
        }
    }

    /// The database that a client who asks for `wanted` gets, or `None` where that may not be opened.
    #[must_use]
    pub fn admits<'a>(&'a self, wanted: Option<&'a str>) -> Option<&'a str> {
        if self.has_accounts() {
            let mut users = self.logins().map(|login| login.user.as_str());
            return users.find(|user| wanted.is_none_or(|wanted| wanted == *user));
        }
        let default = self.database.as_deref();
        let Some(wanted) = wanted else { return default.or(self.databases.first().map(String::as_str)) };
        let listed = self.databases.iter().any(|name| name == wanted);
        (default == Some(wanted) || listed).then_some(wanted)
    }
}

#[cfg(test)]
mod tests;
