//! Checks the claims of a token whose signature stands (OpenID Connect Core §3.1.3.7) and flattens them for trust rules.
//!
//! Pure: the time is an argument.

use std::collections::BTreeSet;
use std::time::Duration;

use postern_core::clock::Micros;
use postern_core::code::Code;
use postern_core::fault::Fault;
use postern_core::identity::{Claims, VerifiedClaims};
use serde_json::{Map, Value};

use super::token::invalid;
use super::{Issuer, shown};

/// How far the issuer's clock may be ahead of ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// What the issuer vouches for, where the token is its own, made for this gateway, and in its time.
pub(super) fn accept(payload: Map<String, Value>, issuer: &Issuer, now: Micros) -> Result<VerifiedClaims, Fault> {
    if payload.get("iss").and_then(Value::as_str) != Some(&issuer.url) {
        return Err(invalid("the token's issuer is not the one that it was verified with"));
    }
    let Some(subject) = payload.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty()) else {
        return Err(invalid("the token does not say whom it is about (`sub`)"));
    };
    audience(&payload, issuer)?;
    let expires = times(&payload, now)?;
    let subject = subject.to_owned();
    let claims = flatten(payload)?;
    let groups = groups(&claims, issuer);
    Ok(VerifiedClaims::vouched(issuer.name.as_str(), subject, claims, groups, expires).at(issuer.url.as_str()))
}

fn audience(payload: &Map<String, Value>, issuer: &Issuer) -> Result<(), Fault> {
    let named: Vec<&str> = match payload.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if named.contains(&issuer.audience.as_str()) {
        return Ok(());
    }
    let message = match named.first() {
        Some(other) => format!("the token is made for `{}`, not for this gateway", shown(other)),
        None => "the token does not say for whom it is made (`aud`)".to_owned(),
    };
    Err(Fault::client(Code::TokenAudience, message)
        .hint(format!("ask the issuer for a token with the audience `{}`", issuer.audience)))
}

/// When the token ends, where it has begun and not ended yet.
fn times(payload: &Map<String, Value>, now: Micros) -> Result<Micros, Fault> {
    let Some(expires) = moment(payload, "exp")? else {
        return Err(invalid("the token has no end (`exp`)").hint("use a token that expires"));
    };
    if expires <= now {
        let ago = now.since(expires).as_secs();
        return Err(Fault::client(Code::TokenExpired, format!("the token expired {ago} seconds ago"))
            .hint("get a fresh token from the issuer"));
    }
    for (claim, what) in [("nbf", "is not valid yet"), ("iat", "was issued in the future")] {
        if moment(payload, claim)?.is_some_and(|begins| begins > now.after(LEEWAY)) {
            return Err(Fault::client(Code::TokenExpired, format!("the token {what} (`{claim}`)"))
                .hint("check the clocks of the issuer and of the gateway: they differ by more than 60 seconds"));
        }
    }
    Ok(expires)
}

/// A NumericDate (RFC 7519 §2): seconds, which may have a fraction.
fn moment(payload: &Map<String, Value>, claim: &str) -> Result<Option<Micros>, Fault> {
    let Some(value) = payload.get(claim) else {
        return Ok(None);
    };
    let seconds = value.as_u64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0)?;
        format!("{:.0}", seconds.floor()).parse().ok()
    });
    match seconds {
        Some(seconds) => Ok(Some(Micros(seconds.saturating_mul(1_000_000)))),
        None => Err(invalid(format!("the token's `{claim}` is not a time in seconds"))),
    }
}

/// Scalars as they are, lists of them as several values, an object's members as `object.member`.
fn flatten(payload: Map<String, Value>) -> Result<Claims, Fault> {
    let mut claims = Claims::new();
    for (name, value) in payload {
        if let Value::Object(members) = value {
            for (member, value) in members {
                insert(&mut claims, format!("{name}.{member}"), value)?;
            }
        } else {
            insert(&mut claims, name, value)?;
        }
    }
    Ok(claims)
}

fn insert(claims: &mut Claims, name: String, value: Value) -> Result<(), Fault> {
    let items = if let Value::Array(items) = value { items } else { vec![value] };
    // THREAT: a claim that people may set could otherwise pass for another one whose name has a dot in it.
    if claims.contains_key(&name) {
        return Err(invalid(format!("two claims of the token would be called `{}`", shown(&name))));
    }
    claims.insert(name, items.into_iter().filter_map(scalar).collect());
    Ok(())
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn groups(claims: &Claims, issuer: &Issuer) -> BTreeSet<String> {
    let named = issuer.groups_claim.as_ref().and_then(|claim| claims.get(claim));
    let prefix = issuer.groups_prefix.as_deref().unwrap_or_default();
    named.into_iter().flatten().filter(|group| !group.is_empty()).map(|group| format!("{prefix}{group}")).collect()
}
