//! Somebody who is supposed, not proved: for trying a policy out, offline.
//!
//! INVARIANT: nothing here serves a client. The claims are made up, so what they make must never meet a gate.

use std::collections::BTreeSet;

use anyhow::Result;
use postern_core::identity::{Claims, TrustRule};
use postern_core::policy::{Rulebook, Supposed};
use postern_core::{Micros, Principal, VerifiedClaims};

use crate::failure::Failure;

/// The principal that somebody would be.
///
/// # Errors
/// Where no trust rule makes one of it.
pub(crate) fn principal(rulebook: &Rulebook, who: &Supposed, groups: &[String]) -> Result<Principal> {
    let groups: BTreeSet<String> = groups.iter().cloned().collect();
    match who {
        Supposed::Claims { issuer, claims } => {
            let subject = claims.get("sub").and_then(|values| values.first()).cloned().unwrap_or_default();
            let claims = VerifiedClaims::vouched(issuer.as_str(), subject, claims.clone(), groups, Micros(u64::MAX));
            Principal::from_claims(&claims, &rulebook.trust).ok_or_else(|| {
                let message = format!("no [[principal]] is made of these claims of issuer `{issuer}`");
                Failure::new(message).hint("compare them with `claims` of each [[principal]]").into()
            })
        }
        Supposed::Named(name) => {
            let made = rulebook.trust.iter().find_map(|rule| {
                let claims = example(rule, name)?;
                let claims =
                    VerifiedClaims::vouched(&*rule.issuer, name.as_str(), claims, groups.clone(), Micros(u64::MAX));
                Principal::from_claims(&claims, &rulebook.trust).filter(|made| made.name() == name)
            });
            made.ok_or_else(|| {
                let names: Vec<String> =
                    rulebook.trust.iter().map(|rule| format!("`{}`", rule.name.pattern())).collect();
                Failure::new(format!("no [[principal]] is named `{name}`"))
                    .hint(format!("there are {}", names.join(", ")))
                    .into()
            })
        }
    }
}

/// Claims of which a trust rule makes this name, if some would.
fn example(rule: &TrustRule, name: &str) -> Option<Claims> {
    let mut claims: Claims = rule
        .claims
        .iter()
        .map(|(claim, patterns)| {
            (claim.clone(), patterns.iter().take(1).map(|one| one.replace('*', "example")).collect())
        })
        .collect();
    if let Some(acts_for) = &rule.acts_for {
        let somebody = acts_for.pattern().replace('*', "somebody");
        let solved = acts_for.solve(&somebody).unwrap_or_default();
        claims.extend(solved.into_iter().map(|(claim, value)| (claim.to_owned(), vec![value])));
    }
    claims.extend(rule.name.solve(name)?.into_iter().map(|(claim, value)| (claim.to_owned(), vec![value])));
    Some(claims)
}
