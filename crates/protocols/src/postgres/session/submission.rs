//! From a message to what the gate is asked: a [`Request`] becomes [`Operation`]s.
//!
//! It decides nothing; what could not be read goes to the gate as exactly that. Enter at [`read`] and [`Request`].

#![expect(clippy::wildcard_enum_match_arm, reason = "only some kinds change settings or make names")]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;
use bytes::Bytes;
use postern_core::gate::Payload;
use postern_core::inventory::Supposition;
use postern_core::operation::{Deed, Fact, Outputs, Reading, Stage, Uses};
use postern_core::verdict::Duties;
use postern_core::{Action, Denial, Effect, Object, Operation, Touch};

use super::super::analyze::setting::{self, Class};
use super::super::analyze::{self, Kind, Names, Statement, Unread};
use super::super::catalog::Catalog;
use super::super::refuse;
use super::super::veil::{self, Before, Carried, Veiled};
use super::super::vocabulary::action;
use super::super::wire::Report;
use super::outcome::Message;
use super::registry::Prepared;

/// Reads a text. What cannot be read is one statement of which only that is known, so that policy and journal see it.
pub(super) fn read(text: &[u8], names: &Names<'_>) -> Arc<[Statement]> {
    let utf8 = || Unread::Beyond("the text is not UTF-8".to_owned());
    let read = std::str::from_utf8(text).map_err(|_| utf8()).and_then(|text| analyze::read(text, names));
    match read {
        Ok(statements) => Arc::from(statements),
        Err(unread) => Arc::from([opaque(text, unread)]),
    }
}

/// Reads a text as a walsender does; `None` where it takes it for SQL.
pub(super) fn read_command(text: &[u8], names: &Names<'_>) -> Option<Arc<[Statement]>> {
    let utf8 = || Unread::Beyond("the text is not UTF-8".to_owned());
    let read = match std::str::from_utf8(text) {
        Ok(text) => analyze::replication::command(text, names)?,
        Err(_) => Err(utf8()),
    };
    Some(Arc::from([read.unwrap_or_else(|unread| opaque(text, unread))]))
}

/// A simple query as it is read with these names, from a session that has made none of its own.
fn supposed(text: &str, names: &Names<'_>) -> Request {
    let mut request = Request::new(Bytes::copy_from_slice(text.as_bytes()), Wanted::Run);
    // no SQL begins with such a word, and what `SHOW` asks for is the same
    let commands = read_command(&request.text, names);
    request.statements = commands.unwrap_or_else(|| analyze::in_order(read(&request.text, names), false));
    request
}

/// What would be sent for it under these duties, where that is not the text itself.
pub(in super::super) fn sent(text: &str, catalog: &Arc<Catalog>, names: &Names<'_>, due: &Duties) -> Option<Arc<str>> {
    let mut request = supposed(text, names);
    let raw = request.text.clone();
    let (path, user) = (names.search_path.to_vec(), names.user.to_owned());
    match request.payload(raw, || veil::Meaning { catalog: Arc::clone(catalog), path, user }) {
        Payload::Worded(wording) => wording.under(due).ok()?.text,
        Payload::Plain(_) => None,
    }
}

/// What a simple query would ask for.
pub(in super::super) fn suppose(text: &str, names: &Names<'_>) -> Vec<Supposition> {
    let request = supposed(text, names);
    let operations =
        request.operations(&Arc::default(), Some(&request.text)).into_iter().zip(request.statements.iter());
    let supposition = |(operation, statement): (Operation, &Statement)| Supposition {
        operation,
        names: statement.names.iter().map(ToString::to_string).collect(),
    };
    operations.map(supposition).collect()
}

/// A message that asks for something: what it says, what that was read as, and what is wanted with it.
pub(super) struct Request {
    /// The text, without the terminating zero byte.
    pub(super) text: Bytes,
    /// The declared types of its parameters.
    pub(super) types: Vec<u32>,
    /// The formats that its parameters come in.
    pub(super) formats: Vec<i16>,
    /// The parameters.
    pub(super) parameters: Vec<Option<Bytes>>,
    /// What the text was read as, with the names that held then.
    pub(super) statements: Arc<[Statement]>,
    /// What is done once it is permitted.
    pub(super) wanted: Wanted,
    /// What it says to the target, where masks may veil columns that it reads.
    pub(super) veiled: Option<Arc<Veiled>>,
}

/// What a message wants of its text.
pub(super) enum Wanted {
    /// That it runs.
    Run,
    /// That the one function in it is called, by number.
    Call,
    /// That it is kept, under this name.
    Prepare(Bytes),
    /// That the prepared statement of this name is made ready to run.
    Bind {
        /// The portal's name.
        portal: Bytes,
        /// The statement's name.
        statement: Bytes,
        /// The statement.
        prepared: Arc<Prepared>,
        /// The formats that its results are to come in.
        results: Vec<i16>,
    },
}

impl Request {
    /// A request with this text alone, not read yet.
    pub(super) fn new(text: Bytes, wanted: Wanted) -> Self {
        let (types, formats, parameters) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, types, formats, parameters, statements: Arc::new([]), wanted, veiled: None }
    }

    /// What is sent for it: the client's own message, or the same with images in it. Whether masks bind anybody is only
    /// known once it is decided about.
    pub(super) fn payload(&mut self, raw: Bytes, meaning: impl FnOnce() -> veil::Meaning) -> Payload {
        let carried = match &self.wanted {
            Wanted::Call => return raw.into(),
            Wanted::Run => Carried::Query,
            Wanted::Prepare(name) => Carried::Parse(name.clone(), self.types.clone()),
            Wanted::Bind { prepared, .. } => Carried::Bound(Before {
                statements: Arc::clone(&prepared.statements),
                masks: prepared.flow.masks().clone(),
                sent: prepared.sent.clone(),
            }),
        };
        let before = matches!(&carried, Carried::Bound(Before { sent: Some(_), .. }));
        if !before && !self.statements.iter().any(Statement::is_replaceable) {
            return raw.into();
        }
        let (text, statements) = (self.text.clone(), Arc::clone(&self.statements));
        let veiled = Veiled { raw, text, carried, statements, meaning: meaning(), sent: OnceLock::new() };
        let veiled = Arc::new(veiled);
        self.veiled = Some(Arc::clone(&veiled));
        Payload::Worded(veiled)
    }

    /// Which kind of message it came as.
    pub(super) fn message(&self) -> Message {
        match &self.wanted {
            Wanted::Run | Wanted::Call => Message::Simple,
            Wanted::Prepare(name) if name.is_empty() => Message::Unnamed,
            Wanted::Prepare(_) | Wanted::Bind { .. } => Message::Extended,
        }
    }

    /// How much of what the client sent it keeps, in bytes.
    pub(super) fn length(&self) -> usize {
        let parameters: usize = self.parameters.iter().flatten().map(Bytes::len).sum();
        self.text.len().saturating_add(parameters)
    }

    /// How many names it makes, and of how much text.
    pub(super) fn names(&self) -> (usize, usize) {
        let by_sql = |statement: &Statement| match &statement.kind {
            Kind::Prepare { source, .. } => Some(source.len()),
            Kind::DeclareCursor { inner, .. } => Some(inner.text.len()),
            _ => None,
        };
        match &self.wanted {
            Wanted::Prepare(_) => (1, self.text.len()),
            Wanted::Bind { prepared, .. } if Arc::ptr_eq(&prepared.statements, &self.statements) => (1, 0),
            Wanted::Bind { .. } => (1, self.text.len()),
            Wanted::Run | Wanted::Call => {
                let made: Vec<usize> = self.statements.iter().filter_map(by_sql).collect();
                (made.len(), made.iter().sum())
            }
        }
    }

    /// What the gate is asked about it.
    pub(super) fn operations(
        &self,
        settings: &Arc<BTreeMap<String, String>>,
        meaning: Option<&Bytes>,
    ) -> Vec<Operation> {
        let stage = match &self.wanted {
            Wanted::Prepare(_) => Stage::Prepare,
            Wanted::Run | Wanted::Call | Wanted::Bind { .. } => Stage::Run,
        };
        let operation = |statement: &Statement| Operation {
            deed: deed(statement),
            stage,
            text: in_full(statement),
            meaning: meaning.cloned(),
            parameters: self.parameters.clone(),
            settings: Arc::clone(settings),
        };
        self.statements.iter().map(operation).collect()
    }
}

/// A statement's text and those of what it runs, for people: by a name alone nobody knows that.
fn in_full(statement: &Statement) -> Arc<str> {
    let known = statement.runs.iter().filter_map(|run| Some((&run.name, &run.kept.as_ref()?.statement.text)));
    let named: String = known.map(|(name, text)| format!("\n-- {name}: {text}")).collect();
    if named.is_empty() { Arc::clone(&statement.text) } else { format!("{}{named}", statement.text).into() }
}

/// What a request means, as a hash: the same for the same meaning only, and short however long a text is.
pub(super) struct Meaning(digest::Context);

impl Meaning {
    /// What a message says itself: its text, the types that it declares, the formats of its parameters.
    pub(super) fn of(text: &[u8], types: &[u32], formats: &[i16]) -> Self {
        let mut meaning = Self(digest::Context::new(&digest::SHA256));
        meaning.part(text);
        meaning.part(types.iter().flat_map(|oid| oid.to_be_bytes()).collect::<Vec<_>>());
        meaning.part(formats.iter().flat_map(|format| format.to_be_bytes()).collect::<Vec<_>>());
        meaning
    }

    /// Adds something; its length first, so that no two parts are taken for one.
    pub(super) fn part(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update(&part.len().to_be_bytes());
        self.0.update(part);
    }

    /// All of it.
    pub(super) fn whole(self) -> Bytes {
        Bytes::copy_from_slice(self.0.finish().as_ref())
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

fn deed(statement: &Statement) -> Arc<Deed> {
    let actions = || std::iter::once(&statement.action).chain(&statement.also);
    let mut code = actions().filter(|action| CODE.contains(action)).map(ToString::to_string).peekable();
    let mut deed = Arc::clone(&statement.deed);
    if code.peek().is_some() {
        Arc::make_mut(&mut deed).uses.hidden.extend(code);
    }
    deed
}

/// What the grammar refuses is refused as the server would refuse it.
pub(super) fn unread(statement: &Statement, denial: &Denial) -> Report {
    let Kind::Unread(Unread::Syntax { message, position }) = &statement.kind else { return refuse::denial(denial) };
    let report = Report::error(refuse::sqlstate::SYNTAX_ERROR, message).detail(&format!("{}.", denial.code));
    position.iter().fold(report, |report, position| report.position(*position))
}

/// Whether a server looks at statements whatever has become of the transaction: at its end, and at what it cannot parse.
pub(super) fn is_looked_at(statements: &[Statement]) -> bool {
    statements.first().is_some_and(|first| match &first.kind {
        Kind::Unread(unread) => matches!(unread, Unread::Syntax { .. }),
        Kind::Commit { .. } | Kind::Rollback { .. } | Kind::RollbackTo(_) | Kind::PrepareTransaction => true,
        _ => false,
    })
}

/// Whether a statement runs code of which nobody here knows what it does.
pub(super) fn runs_code(statement: &Statement) -> bool {
    let unknown = |touch: &Touch| touch.effect == Effect::Unknown;
    let unread = statement.reading != Reading::Clear;
    unread || !statement.uses.hidden.is_empty() || statement.touches.iter().any(unknown)
}

fn opaque(text: &[u8], unread: Unread) -> Statement {
    let deed = Deed {
        action: action::UNKNOWN,
        also: Vec::new(),
        touches: vec![Touch::whole(Effect::Unknown, Object::at(["?"]))],
        outputs: Outputs::Unknown,
        uses: Uses::default(),
        facts: BTreeMap::from([("unparsed", Fact::Flag(true))]),
        reading: Reading::Opaque(unread.reason().to_owned()),
        command: None,
    };
    Statement {
        deed: Arc::new(deed),
        names: Vec::new(),
        runs: Vec::new(),
        sites: Arc::default(),
        positional: false,
        text: shown(text, &unread).into(),
        kind: Kind::Unread(unread),
    }
}

/// A text that was not read, for people and journals: a misspelt statement holds the same password as one that is
/// right. No more of it than could have been read.
fn shown(text: &[u8], unread: &Unread) -> String {
    let start = text.get(..analyze::LONGEST).unwrap_or(text);
    let left_out = text.len().saturating_sub(start.len());
    let start = String::from_utf8_lossy(start);
    let mut shown = match unread {
        Unread::Syntax { .. } => analyze::up_to_password(&start),
        // it may run once a human has agreed to it, who must see what follows
        Unread::Beyond(_) => analyze::passwords(&start),
    };
    if left_out > 0 {
        shown.push_str(&format!(" […, and {left_out} bytes more]"));
    }
    shown
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
    let known = setting::PINNED.iter().any(|(pinned, _)| pinned == name);
    let other = setting::class(name) == Class::Pinned && !(known && kept);
    other.then(|| name.clone())
}

/// Whether a statement would have the server's log name somebody in the gateway's words, who is not `called` so.
pub(super) fn poses(statement: &Statement, called: &[u8]) -> bool {
    let Kind::Set { name, value: Some(value), .. } = &statement.kind else { return false };
    value.as_bytes() != called && setting::poses(name, value)
}

/// Whether a statement means the same whatever names mean.
pub(super) fn names_nothing(statement: &Statement) -> bool {
    const ACTIONS: &[Action] = &[action::BEGIN, action::COMMIT, action::ROLLBACK, action::SAVEPOINT, action::SET];
    ACTIONS.contains(&statement.action) && statement.also.is_empty() && statement.reading == Reading::Clear
}

/// Whether the server looks its names up when it runs rather than when it is bound: all but queries, and what
/// touches nothing but the session.
pub(super) fn resolves_late(statement: &Statement) -> bool {
    const EARLY: &[Action] = &[action::SELECT, action::INSERT, action::UPDATE, action::DELETE, action::MERGE];
    let outside = statement.touches.iter().any(|touch| touch.effect != Effect::Session);
    !statement.runs.is_empty() || (outside && !EARLY.contains(&statement.action))
}

#[cfg(test)]
mod tests;
