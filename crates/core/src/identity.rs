//! Who is acting. A [`Principal`] comes only from [`VerifiedClaims`], and those only from a verifier's check.
//!
//! What a client says about itself is a [`Claim`] and counts for nothing. One login attempt makes one principal:
//! there is no way to put two together, or to change one afterwards.
//!
//! Neither is put together by hand, read from a file or a wire, or copied for somebody else:
//! ```compile_fail,E0451
//! # use postern_core::{Micros, VerifiedClaims};
//! fn forge() -> VerifiedClaims {
//!     VerifiedClaims { issuer: "corp".into(), subject: "root".into(), claims: Default::default(), groups: Default::default(), expires: Micros(0), through: None, answer: None }
//! }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::VerifiedClaims;
//! fn read(text: &str) -> VerifiedClaims { serde_json::from_str(text).unwrap() }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::VerifiedClaims;
//! fn nobody() -> VerifiedClaims { Default::default() }
//! ```
//! ```compile_fail,E0451
//! # use postern_core::Principal;
//! fn promote(mut bot: Principal, boss: Principal) -> Principal { Principal { groups: boss.groups().clone(), ..bot } }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::Principal;
//! fn read(text: &str) -> Principal { serde_json::from_str(text).unwrap() }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::Principal;
//! fn nobody() -> Principal { Default::default() }
//! ```
//! ```compile_fail,E0277
//! # use postern_core::Principal;
//! fn copy(who: &Principal) -> Principal { Clone::clone(who) }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::clock::Micros;
use crate::credential::{Response, Through};
use crate::secret::Secret;

mod template;

pub use template::Template;

#[cfg(test)]
mod tests;

/// What a client offers as proof of who it is.
#[derive(Debug)]
pub enum Claim {
    /// A signed token of some issuer, or an access token of this gateway.
    Token(Secret),
    /// Knowledge of the password of a session credential.
    Response(Response),
    /// Possession of the private key to this public key: the client has signed this very login with it.
    Key(ProvedKey),
    /// The same of a key, by a certificate of it. Who has signed that, nobody has looked at.
    Certificate(ProvedKey),
}

/// A public key or a certificate of one, as it stands in messages, to which somebody has proved to have the private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedKey(Vec<u8>);

impl ProvedKey {
    /// States that the client has signed this very login with the private key to it. Whoever has seen a public key can show
    /// it: only who has verified that signature may call this.
    #[must_use]
    pub fn signed(blob: Vec<u8>) -> Self {
        Self(blob)
    }

    /// The key or certificate, as it stands in messages.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.0
    }
}

/// The kinds of principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A CI job, a bot, a service account.
    Workload,
    /// An AI agent.
    Agent,
    /// A person.
    Human,
}

impl Kind {
    /// The word that policies use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Agent => "agent",
            Self::Human => "human",
        }
    }

    /// The kind that a word of a policy names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Workload, Self::Agent, Self::Human].into_iter().find(|kind| kind.word() == word)
    }
}

/// The values of one claim of a token.
pub type Claims = BTreeMap<String, Vec<String>>;

/// What a verifier vouches for: these claims, of this issuer, until then.
#[derive(Debug)]
pub struct VerifiedClaims {
    issuer: Arc<str>,
    subject: Arc<str>,
    claims: Claims,
    groups: BTreeSet<String>,
    expires: Micros,
    through: Option<Through>,
    answer: Option<Vec<u8>>,
    /// Where the issuer is, if it is one that is somewhere.
    at: Option<Arc<str>>,
}

impl VerifiedClaims {
    /// States that the claims were verified: signature, issuer, audience and time. `issuer` is its configured name,
    /// `groups` what the issuer itself says of memberships. Only a verifier may call this.
    #[must_use]
    pub fn vouched(
        issuer: impl Into<Arc<str>>,
        subject: impl Into<Arc<str>>,
        claims: Claims,
        groups: BTreeSet<String>,
        expires: Micros,
    ) -> Self {
        let (issuer, subject) = (issuer.into(), subject.into());
        Self { issuer, subject, claims, groups, expires, through: None, answer: None, at: None }
    }

    /// The same, known by a credential that was made of them: with whatever that is bound to.
    #[must_use]
    pub fn through(self, credential: Through) -> Self {
        Self { through: Some(credential), ..self }
    }

    /// The same, with what proves to the client that the verifier knows it.
    #[must_use]
    pub fn answering(self, answer: Vec<u8>) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// The credential that they are known by, where it was not the proof itself.
    #[must_use]
    pub fn credential(&self) -> Option<&Through> {
        self.through.as_ref()
    }

    /// What proves to the client that the verifier knows it, where the way it proved itself asks for that.
    #[must_use]
    pub fn answer(&self) -> Option<&[u8]> {
        self.answer.as_deref()
    }

    /// States where the issuer was as it vouched: one of the same name that is elsewhere is another.
    #[must_use]
    pub fn at(self, url: impl Into<Arc<str>>) -> Self {
        Self { at: Some(url.into()), ..self }
    }

    /// Where the issuer was as it vouched.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.at.as_deref()
    }

    /// The issuer's configured name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the issuer calls the subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// All claims.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The groups that the issuer states.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// When they end.
    #[must_use]
    pub fn expires(&self) -> Micros {
        self.expires
    }

    /// The values of a claim; nothing where it is absent.
    pub fn values(&self, claim: &str) -> &[String] {
        self.claims.get(claim).map_or(&[], Vec::as_slice)
    }
}

/// Who is acting: verified, and named by a trust rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Principal {
    kind: Kind,
    name: Arc<str>,
    issuer: Arc<str>,
    subject: Arc<str>,
    groups: BTreeSet<String>,
    acts_for: Option<Arc<str>>,
    expires: Micros,
}

impl Principal {
    /// The principal that the first matching trust rule makes of verified claims, or nobody.
    pub fn from_claims(claims: &VerifiedClaims, rules: &[TrustRule]) -> Option<Self> {
        rules.iter().find_map(|rule| rule.apply(claims))
    }

    /// Whether it is the one that `other` is, by another reading of the same proof: in other groups perhaps.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let Self { kind, name, issuer, subject, groups: _, acts_for, expires: _ } = self;
        (kind, name, issuer, subject, acts_for)
            == (&other.kind, &other.name, &other.issuer, &other.subject, &other.acts_for)
    }

    /// Whether what was written down is about it: in other groups perhaps.
    #[must_use]
    pub fn is_summed_up_by(&self, written: &PrincipalSummary) -> bool {
        let groups = written.groups.clone();
        PrincipalSummary { groups, ..self.summary() } == *written
    }

    /// Workload, agent or human.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name that rules and the journal use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configured name of the issuer that vouched.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What that issuer calls the principal; with the issuer, its identity.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its groups.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// The name of the human an agent acts for.
    #[must_use]
    pub fn acts_for(&self) -> Option<&str> {
        self.acts_for.as_deref()
    }

    /// When its proof ends.
    #[must_use]
    pub fn expires(&self) -> Micros {
        self.expires
    }

    /// What the journal and an approval keep of a principal.
    #[must_use]
    pub fn summary(&self) -> PrincipalSummary {
        PrincipalSummary {
            kind: self.kind,
            name: self.name.to_string(),
            issuer: self.issuer.to_string(),
            subject: self.subject.to_string(),
            groups: self.groups.iter().cloned().collect(),
            acts_for: self.acts_for.as_deref().map(str::to_owned),
        }
    }
}

/// What is written down about a principal: a description, which proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct PrincipalSummary {
    /// Workload, agent or human.
    pub kind: Kind,
    /// The name that rules use.
    pub name: String,
    /// The configured name of its issuer.
    pub issuer: String,
    /// What that issuer calls it.
    pub subject: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The human an agent acts for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub acts_for: Option<String>,
}

impl<'de> serde::Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| serde::de::Error::custom("expected workload, agent or human"))
    }
}

/// Which tokens of which issuer become which principal, in which groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRule {
    /// The principal's name; `{claim}` stands for a claim's value.
    pub name: Template,
    /// The principal's kind.
    pub kind: Kind,
    /// The configured name of the issuer.
    pub issuer: String,
    /// What the claims must be: one of the patterns, each with `*` for any run of characters.
    pub claims: BTreeMap<String, Vec<String>>,
    /// Groups it joins, beside those its issuer states.
    pub groups: BTreeSet<String>,
    /// For an agent: the name of the human it acts for.
    pub acts_for: Option<Template>,
}

impl TrustRule {
    fn apply(&self, claims: &VerifiedClaims) -> Option<Principal> {
        if *self.issuer != *claims.issuer {
            return None;
        }
        for (claim, patterns) in &self.claims {
            let values = claims.values(claim);
            if !values.iter().any(|value| patterns.iter().any(|pattern| matches(pattern, value))) {
                return None;
            }
        }
        // INVARIANT: a template whose claim is missing or ambiguous makes no principal, rather than one with a hole.
        let name = self.name.fill(claims)?;
        let acts_for = match &self.acts_for {
            Some(template) => Some(template.fill(claims)?),
            None => None,
        };
        Some(Principal {
            kind: self.kind,
            name: name.into(),
            issuer: Arc::clone(&claims.issuer),
            subject: Arc::clone(&claims.subject),
            groups: self.groups.iter().chain(&claims.groups).cloned().collect(),
            acts_for: acts_for.map(Into::into),
            expires: claims.expires,
        })
    }
}

/// Whether some text may be what both patterns say: no for certain, yes at a guess.
#[must_use]
pub fn may_meet(one: &str, other: &str) -> bool {
    let parts = |pattern: &str| -> Option<(String, String)> {
        let (first, rest) = pattern.split_once('*')?;
        Some((first.to_owned(), rest.rsplit_once('*').map_or(rest, |(_, last)| last).to_owned()))
    };
    match (parts(one), parts(other)) {
        (None, _) => matches(other, one),
        (_, None) => matches(one, other),
        (Some((begins, ends)), Some((starts, stops))) => {
            (begins.starts_with(&starts) || starts.starts_with(&begins))
                && (ends.ends_with(&stops) || stops.ends_with(&ends))
        }
    }
}

/// Whether `text` is what `pattern` says, where `*` stands for any run of characters.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut remaining) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = remaining.split_once(part) else { return false };
        remaining = after;
    }
    remaining.ends_with(last)
}
