//! What is not certain of a statement because of those before it in the same message.
//!
//! All of them are read before any of them runs. Where one changes what the names in a later one mean, that reading
//! may be of another statement than the one that runs, and says so: it is opaque, like everything that nobody could
//! read. Enter at [`in_order`].

use std::sync::Arc;

use postern_core::operation::{Effect, Fact, Reading};

use super::setting::{self, Class};
use super::{Discard, Kind, Statement};

/// The statements of one message as what they are when they run one after the other. `unsettled` says that the open
/// transaction has already changed what names mean, so that its end changes it back.
#[must_use]
pub fn in_order(statements: Arc<[Statement]>, unsettled: bool) -> Arc<[Statement]> {
    let doubts = doubts(&statements, unsettled);
    if doubts.iter().all(Option::is_none) {
        return statements;
    }
    let doubted = |(statement, why): (&Statement, Option<&'static str>)| match why {
        None => statement.clone(),
        Some(why) => doubtful(statement, &format!("{why}; send the statements one by one")),
    };
    statements.iter().zip(doubts).map(doubted).collect()
}

/// A statement of which it is not certain that it is what it was read as.
#[must_use]
pub fn doubtful(statement: &Statement, why: &str) -> Statement {
    let mut doubtful = statement.clone();
    let deed = Arc::make_mut(&mut doubtful.deed);
    if deed.reading == Reading::Clear {
        deed.reading = Reading::Opaque(why.to_owned());
    }
    // what more reading could change is not known; see `Found::facts`
    deed.facts.retain(|name, _| ["multi_statement", "dynamic", "unparsed"].contains(name));
    // INVARIANT: what runs later under a name is no more certain than what gave it the name
    if let Kind::Prepare { inner, .. } | Kind::DeclareCursor { inner, .. } = &mut doubtful.kind {
        *inner = Arc::new(self::doubtful(inner, why));
    }
    doubtful
}

/// For each statement, why it is not certain to be what it was read as, where it is not.
fn doubts(statements: &[Statement], unsettled: bool) -> Vec<Option<&'static str>> {
    let mut changed: Option<&'static str> = None;
    let mut pinned: Option<&'static str> = None;
    let mut pending = unsettled;
    let mut only_defined = true;
    let mut doubts = Vec::with_capacity(statements.len());
    for statement in statements {
        doubts.push(pinned.or(changed.filter(|_| depends_on_names(statement, only_defined))));
        pinned = pinned.or(pins(&statement.kind));
        let change = change(statement, pending);
        pending |= change.is_some();
        only_defined &= change.is_none() || statement.kind == Kind::Define;
        changed = changed.or(change);
    }
    doubts
}

/// Whatever comes after a change of how text is read has been read in another way.
fn pins(kind: &Kind) -> Option<&'static str> {
    let (Kind::Set { name, .. } | Kind::Reset(Some(name))) = kind else {
        return None;
    };
    (setting::class(name) == Class::Pinned).then_some("a setting changes how the text after it is read")
}

/// What a statement changes for those after it.
fn change(statement: &Statement, pending: bool) -> Option<&'static str> {
    let dynamic = statement.facts.get("dynamic") == Some(&Fact::Flag(true));
    if dynamic || !statement.uses.hidden.is_empty() {
        return Some("code that cannot be seen may change what the names after it mean");
    }
    match &statement.kind {
        Kind::Set { name, .. } | Kind::Reset(Some(name)) => {
            (setting::class(name) != Class::Harmless).then_some("a setting changes what the names after it mean")
        }
        Kind::Reset(None) => Some("RESET ALL changes what the names after it mean"),
        Kind::Discard(Discard::All | Discard::Temporary) => Some("DISCARD changes what the names after it mean"),
        Kind::Define => Some("a change of structure comes before statements that depend on it"),
        Kind::Prepare { .. } | Kind::Deallocate(_) => Some("a prepared statement changes before it is used"),
        Kind::DeclareCursor { .. } | Kind::CloseCursor(_) => Some("a cursor changes before it is used"),
        Kind::Unread(_) => Some("text that was not read may change what the names after it mean"),
        Kind::Commit { .. } | Kind::Rollback { .. } | Kind::RollbackTo(_) | Kind::PrepareTransaction => {
            pending.then_some("the end of a transaction changes what the names after it mean")
        }
        Kind::Plain
        | Kind::Empty
        | Kind::Begin
        | Kind::Savepoint(_)
        | Kind::Release(_)
        | Kind::Execute { .. }
        | Kind::Fetch { .. }
        | Kind::Discard(Discard::Plans | Discard::Sequences)
        | Kind::CopyIn
        | Kind::CopyOut
        | Kind::CopyBoth
        | Kind::Listen(_)
        | Kind::Unlisten(_) => None,
    }
}

/// Whether what a statement means depends on names that may have changed. Where only structure was
/// made before it, more structure does not, so that migrations may come in one message; after a
/// change of the search path it does, since rules name objects by their schema.
fn depends_on_names(statement: &Statement, only_defined: bool) -> bool {
    let structural = |effect| match effect {
        Effect::Session => true,
        Effect::Define | Effect::Grant => only_defined,
        Effect::Read | Effect::Write | Effect::Delete | Effect::Execute | Effect::Transfer | Effect::Unknown => false,
    };
    let only_structure = statement.touches.iter().all(|touch| structural(touch.effect));
    !statement.runs.is_empty() || !only_structure
}

#[cfg(test)]
mod tests;
