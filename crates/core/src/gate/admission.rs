//! Whether a proof lets in to a target: asked when a session opens, and again of every policy that comes in force while
//! it lasts.
//!
//! It journals nothing and knows no credential. Enter at [`Admission::to`] and [`Admission::under`].

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Micros;
use crate::code::Code;
use crate::fault::Fault;
use crate::gate::Known;
use crate::id::CredentialId;
use crate::identity::{Principal, VerifiedClaims};
use crate::policy::{Rulebook, Scope, Situation};
use crate::target::{Closed, Login, Target, TargetName};

/// What a session stands on: a proof, whom it makes of the client, and what it was opened for.
#[derive(Clone)]
pub(super) struct Admission {
    claims: Arc<VerifiedClaims>,
    pub(super) principal: Arc<Principal>,
    pub(super) target: Arc<Target>,
    /// The account there that is injected for the principal.
    pub(super) login: Arc<Login>,
    pub(super) space: Arc<str>,
    client: IpAddr,
}

impl Admission {
    /// Lets somebody in to a target, and to a space of it; `protocol` is what the client speaks, where it speaks one.
    pub(super) fn to(
        known: &Known,
        client: IpAddr,
        protocol: Option<&str>,
        (target, space): (&str, Option<&str>),
        rulebook: &Rulebook,
        now: Micros,
    ) -> Result<(Self, Scope), Fault> {
        // THREAT: finding out which targets exist. A target that may not be opened is not told from one that is not there.
        let unknown = || {
            let name = known.principal.name();
            Fault::client(Code::TargetUnknown, format!("there is no target `{target}` that `{name}` may open"))
                .hint("check the target's name; a rule must name you and it")
        };
        // THREAT: a credential that leaks serves everywhere
        if let Some(bound) = known.bound().filter(|bound| bound.as_str() != target) {
            return Err(Fault::client(Code::CredentialBound, format!("this credential is for target `{bound}` only"))
                .hint("use it there, or get one for the target you want"));
        }
        let principal = still(&known.claims, &known.principal, rulebook)?;
        let found = TargetName::parse(target).and_then(|name| rulebook.targets.get(&name).cloned());
        let found = found.filter(|found| protocol.is_none_or(|one| found.protocol == one)).ok_or_else(unknown)?;
        let situation = Situation { principal: &principal, target: &found, client, now };
        let scope = rulebook.scope(&principal, &found).filter(|scope| scope.admits(&situation)).ok_or_else(unknown)?;
        let (login, space) = match found.opens(&principal, space) {
            Ok((login, space)) => (login.clone(), Arc::from(space)),
            Err(Closed::Account) => {
                let name = principal.name();
                let message = match space.filter(|_| found.has_accounts()) {
                    Some(account) => format!("target `{target}` has no account `{account}` for `{name}`"),
                    None => format!("target `{target}` has no account for `{name}`"),
                };
                return Err(Fault::client(Code::NoLogin, message)
                    .hint("one of the target's logins must be for you, or for everybody"));
            }
            Err(Closed::Database) => {
                let message = format!("target `{target}` does not open database `{}`", space.unwrap_or_default());
                return Err(Fault::client(Code::TargetUnknown, message)
                    .hint("leave the database out to get the target's default"));
            }
        };
        let (claims, login) = (Arc::clone(&known.claims), Arc::new(login));
        Ok((Self { claims, principal, target: found, login, space, client }, scope))
    }

    /// The credential that the proof came by, where it was not the proof itself.
    pub(super) fn credential(&self) -> Option<CredentialId> {
        self.claims.credential().map(|through| through.id)
    }

    /// The same under a later policy, where that lets the session go on.
    pub(super) fn under(&self, rulebook: &Rulebook, now: Micros) -> Result<(Self, Scope), Fault> {
        let name = &self.target.name;
        let principal = still(&self.claims, &self.principal, rulebook)?;
        // INVARIANT: a session stays with the backend that it was opened for. One of the same name that is somewhere else
        // now, or is logged in to as somebody else, is another one: what is decided about it says nothing of the old one.
        let target = rulebook.targets.get(name).filter(|target| target.is_backend(&self.target));
        let moved = || changed(format!("target `{name}` is not what it was when this session began"));
        let target = Arc::clone(target.ok_or_else(moved)?);
        let space = Some(&*self.space).filter(|space| !space.is_empty());
        if target.opens(&principal, space) != Ok((&*self.login, &*self.space)) {
            return Err(moved());
        }
        let closed = || changed(format!("no rule lets you use target `{name}` any more"));
        let admission = Self { principal, target, ..self.clone() };
        let situation = admission.situation(now);
        let scope = rulebook.scope(situation.principal, situation.target).filter(|scope| scope.admits(&situation));
        let scope = scope.ok_or_else(closed)?;
        Ok((admission, scope))
    }

    /// Who asks whom, from where and when.
    pub(super) fn situation(&self, now: Micros) -> Situation<'_> {
        Situation { principal: &self.principal, target: &self.target, client: self.client, now }
    }
}

/// Sees that who vouched is who is trusted now.
pub(super) fn vouches(claims: &VerifiedClaims, rulebook: &Rulebook) -> Result<(), Fault> {
    // THREAT: an issuer of the same name that is somebody else by now
    let moved = claims.url().is_some_and(|url| rulebook.issuers.get(claims.issuer()).is_none_or(|now| now != url));
    if moved {
        return Err(changed(format!("issuer `{}` is not the one that vouched for you", claims.issuer())));
    }
    Ok(())
}

/// Whoever the proof makes now, where that is who it was: groups may differ, the person may not.
fn still(claims: &VerifiedClaims, before: &Principal, rulebook: &Rulebook) -> Result<Arc<Principal>, Fault> {
    vouches(claims, rulebook)?;
    let now = Principal::from_claims(claims, &rulebook.trust).filter(|now| now.is(before));
    now.map(Arc::new).ok_or_else(|| changed(format!("your token does not make you `{}` any more", before.name())))
}

fn changed(what: String) -> Fault {
    Fault::client(Code::PolicyChanged, format!("the policy changed: {what}")).hint("connect again, or ask for a rule")
}
