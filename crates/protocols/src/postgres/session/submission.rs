//! From what a text was read as to what the gate is asked: a statement becomes an [`Operation`].
//!
//! It decides nothing; what could not be read goes to the gate as exactly that. Enter at [`read`] and [`operation`].

#![expect(clippy::wildcard_enum_match_arm, reason = "only some kinds change settings")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use postern_core::operation::{Fact, Outputs, Reading, Stage, Uses};
use postern_core::{Action, Denial, Effect, Object, Operation, Touch};

use super::super::analyze::setting::{self, Class};
use super::super::analyze::{self, Kind, Names, Statement, Unread};
use super::super::login::settings::PINNED;
use super::super::refuse;
use super::super::vocabulary::action;
use super::super::wire::Report;

/// Reads a text. What cannot be read is one statement of which only that is known, so that policy and journal see it.
pub(super) fn read(text: &[u8], names: &Names<'_>) -> Arc<[Statement]> {
    let utf8 = || Unread::Beyond("the text is not UTF-8".to_owned());
    let read = std::str::from_utf8(text).map_err(|_| utf8()).and_then(|text| analyze::read(text, names));
    match read {
        Ok(statements) => Arc::from(statements),
        Err(unread) => Arc::from([opaque(text, unread)]),
    }
}

/// What the gate is asked about a statement.
pub(super) fn operation(
    statement: &Statement,
    path: &[Arc<str>],
    user: &str,
    stage: Stage,
    meaning: Bytes,
) -> Operation {
    let path = path.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",");
    let settings = BTreeMap::from([("search_path".to_owned(), path), ("user".to_owned(), user.to_owned())]);
    Operation {
        action: statement.action,
        also: statement.also.clone(),
        touches: statement.touches.clone(),
        outputs: statement.outputs.clone(),
        uses: uses(statement),
        facts: statement.facts.clone(),
        reading: statement.reading.clone(),
        stage,
        text: Arc::clone(&statement.text),
        meaning,
        parameters: Vec::new(),
        settings: Arc::new(settings),
    }
}

/// Actions that bring code which runs later, with more rights or out of sight: what it will show cannot be known.
const CODE: &[Action] = &[
    action::FUNCTION,
    action::TRIGGER,
    action::POLICY,
    action::EXTENSION,
    action::FOREIGN,
    action::REPLICATION,
    action::LOAD,
];

fn uses(statement: &Statement) -> Uses {
    let mut uses = statement.uses.clone();
    let actions = std::iter::once(&statement.action).chain(&statement.also);
    uses.hidden.extend(actions.filter(|action| CODE.contains(action)).map(ToString::to_string));
    uses
}

/// All that gives a bound statement its meaning besides its parameters.
pub(super) fn meaning(text: &[u8], types: &[u32], formats: &[i16]) -> Bytes {
    let mut meaning = BytesMut::from(text);
    meaning.put_u8(0);
    types.iter().for_each(|oid| meaning.put_u32(*oid));
    meaning.put_u8(0);
    formats.iter().for_each(|format| meaning.put_i16(*format));
    meaning.freeze()
}

/// What the grammar refuses is refused as the server would refuse it.
pub(super) fn unread(statement: &Statement, denial: &Denial) -> Report {
    let Kind::Unread(Unread::Syntax { message, position }) = &statement.kind else { return refuse::denial(denial) };
    let report = Report::error(refuse::sqlstate::SYNTAX_ERROR, message).detail(&format!("{}.", denial.code));
    position.iter().fold(report, |report, position| report.position(*position))
}

/// Whether a statement runs code of which nobody here knows what it does.
pub(super) fn runs_code(statement: &Statement) -> bool {
    let unknown = |touch: &Touch| touch.effect == Effect::Unknown;
    !statement.uses.hidden.is_empty() || statement.touches.iter().any(unknown)
}

fn opaque(text: &[u8], unread: Unread) -> Statement {
    Statement {
        action: action::UNKNOWN,
        also: Vec::new(),
        touches: vec![Touch::whole(Effect::Unknown, Object::at(["?"]))],
        outputs: Outputs::Unknown,
        names: Vec::new(),
        uses: Uses::default(),
        facts: BTreeMap::from([("unparsed", Fact::Flag(true))]),
        reading: Reading::Opaque(unread.to_string()),
        text: String::from_utf8_lossy(text).into(),
        kind: Kind::Unread(unread),
    }
}

/// The pinned setting that a statement would change to another value, if it does.
pub(super) fn unpinned(statement: &Statement) -> Option<String> {
    let (name, value) = match &statement.kind {
        Kind::Set { name, value, .. } => (name, value.as_deref()),
        Kind::Reset(Some(name)) => (name, None),
        _ => return None,
    };
    // the default is the pinned value: it was set as the session began
    let kept = value.is_none_or(|value| setting::keeps(name, value));
    let known = PINNED.iter().any(|(pinned, _)| pinned == name);
    let other = setting::class(name) == Class::Pinned && !(known && kept);
    other.then(|| name.clone())
}

/// Whether a statement runs what another one defined under a name.
pub(super) fn names_another(statement: &Statement) -> bool {
    matches!(statement.kind, Kind::Execute { .. } | Kind::Fetch { .. })
}

/// Whether the server looks its names up when it runs rather than when it is bound: all but queries, and what
/// touches nothing but the session.
pub(super) fn resolves_late(statement: &Statement) -> bool {
    const EARLY: &[Action] = &[action::SELECT, action::INSERT, action::UPDATE, action::DELETE, action::MERGE];
    let outside = statement.touches.iter().any(|touch| touch.effect != Effect::Session);
    names_another(statement) || (outside && !EARLY.contains(&statement.action))
}
