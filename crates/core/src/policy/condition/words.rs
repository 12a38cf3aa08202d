//! The few words that some fields of a condition can say, so that a comparison with another one is found beforehand.
//!
//! It decides nothing about a condition. Enter at [`compared`] and [`Words::of`].

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use crate::identity::Kind;
use crate::operation::Effect;

/// All that some fields can ever say.
#[derive(Debug, Default)]
pub(in crate::policy) struct Words<'a> {
    pub(in crate::policy) issuers: &'a [&'a str],
    pub(in crate::policy) targets: &'a [&'a str],
    pub(in crate::policy) protocols: Vec<&'a str>,
    pub(in crate::policy) actions: Vec<&'a str>,
    /// Protocols of a later version: what they say is not known.
    pub(in crate::policy) later: &'a [&'a str],
}

impl<'a> Words<'a> {
    /// What a field can say; nothing where it may be anything.
    pub(super) fn of(&self, of: &str, field: &str) -> Option<Vec<&'a str>> {
        match (of, field) {
            ("principal", "kind") => Some([Kind::Workload, Kind::Agent, Kind::Human].map(Kind::word).to_vec()),
            ("principal", "issuer") => Some(self.issuers.to_vec()),
            ("target", "name") => Some(self.targets.to_vec()),
            ("target", "protocol") => Some(self.protocols.clone()),
            ("operation", "action" | "actions") => Some(self.actions.clone()),
            ("operation", "effects") => Some(Effect::ALL.iter().map(|effect| effect.word()).collect()),
            _ => None,
        }
    }

    /// Whether a word may be one of a protocol that is not there yet.
    pub(super) fn may_come(&self, word: &str) -> bool {
        self.later.contains(&word.split_once('.').map_or(word, |(protocol, _)| protocol))
    }
}

/// The texts that a call compares with a field: where each stands, the field, and what it says.
pub(super) fn compared<'a>(name: &str, call: &'a CallExpr) -> Vec<(&'a IdedExpr, &'a str, &'a str, &'a str)> {
    let [one, other] = call.args.as_slice() else { return Vec::new() };
    let pairs = match (name, &other.expr) {
        ("_==_" | "_!=_", _) => vec![(one, other), (other, one)],
        ("@in", Expr::List(list)) => list.elements.iter().map(|element| (one, element)).collect(),
        ("@in", _) => vec![(other, one)],
        _ => return Vec::new(),
    };
    let read = |(field, literal): (&'a IdedExpr, &'a IdedExpr)| {
        let (Expr::Select(select), Expr::Literal(LiteralValue::String(text))) = (&field.expr, &literal.expr) else {
            return None;
        };
        let Expr::Ident(of) = &select.operand.expr else { return None };
        Some((literal, of.as_str(), select.field.as_str(), text.inner()))
    };
    pairs.into_iter().filter_map(read).collect()
}
