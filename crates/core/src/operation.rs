//! What a principal asks a target to do, in words that no protocol owns.
//!
//! A protocol reads its message into an [`Operation`]: a set of touches, what comes back and from where, and facts.
//! It never says whether any of that is good. What it could not read it marks [`Reading::Opaque`], and what it does
//! not know it leaves unknown; both count against the operation, never for it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Serialize, Serializer};

/// What is done to an object, in words every protocol shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Concerns only the client's own session: begin, commit, a harmless setting.
    Session,
    /// Data is read.
    Read,
    /// Data is added or changed.
    Write,
    /// Data is removed.
    Delete,
    /// Structure is made, changed or removed.
    Define,
    /// Rights are given or taken.
    Grant,
    /// Code or a command runs.
    Execute,
    /// Bytes cross to somewhere else: a file, a host, another connection.
    Transfer,
    /// Nobody can say.
    Unknown,
}

impl Effect {
    /// Every effect, in the order they are documented.
    pub const ALL: &'static [Self] = &[
        Self::Session,
        Self::Read,
        Self::Write,
        Self::Delete,
        Self::Define,
        Self::Grant,
        Self::Execute,
        Self::Transfer,
        Self::Unknown,
    ];

    /// The word that policies use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Define => "define",
            Self::Grant => "grant",
            Self::Execute => "execute",
            Self::Transfer => "transfer",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The protocol's own verb, `protocol.verb`, as its vocabulary declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Action(pub &'static str);

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A thing inside a target: the space it lives in (a database) where there is one, and its path from the outside in.
///
/// INVARIANT: a `*` in a part stands for any run of characters, so that `*` stands for every name, and `/srv/*` for all
/// that is below a folder. Whatever refuses or hides any of them means it, and what lets through does so only where it
/// names each of them itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// The database, cluster or realm around the path, where the protocol has one.
    pub space: Option<Arc<str>>,
    /// Schema and table, namespace and resource, and so on, as the target itself spells them.
    pub path: Vec<Arc<str>>,
}

impl Object {
    const EVERY: &'static str = "*";

    /// An object at `path` in no particular space.
    pub fn at<S: Into<Arc<str>>>(path: impl IntoIterator<Item = S>) -> Self {
        Self { space: None, path: path.into_iter().map(Into::into).collect() }
    }

    /// All that there is, in every space unless one is named.
    #[must_use]
    pub fn everything() -> Self {
        Self::at([Self::EVERY])
    }

    /// Whether a part of a path may stand for more than one name.
    #[must_use]
    pub fn is_several(part: &str) -> bool {
        part.contains(Self::EVERY)
    }

    /// The same object inside `space`.
    #[must_use]
    pub fn within(mut self, space: impl Into<Arc<str>>) -> Self {
        self.space = Some(space.into());
        self
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.path.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(&plain(part))?;
        }
        Ok(())
    }
}

/// A name as it is written among others: in quotes where it would be taken for more than one.
///
/// THREAT: `CREATE TABLE t ("id) read x" int)`: who may name things would write into records what they did not do.
fn plain(name: &str) -> Cow<'_, str> {
    if name.contains([' ', ',', '(', ')', '"']) {
        format!("\"{}\"", name.replace('"', "\"\"")).into()
    } else {
        name.into()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One column (field, attribute) of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column {
    /// The object it belongs to.
    pub object: Object,
    /// Its name as the target spells it.
    pub name: Arc<str>,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.object, plain(&self.name))
    }
}

/// Which columns of an object a touch concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The object as a whole, none of its columns in particular: `count(*)`, `DELETE`, `DROP`.
    None,
    /// Exactly these.
    Named(BTreeSet<Arc<str>>),
    /// All of them, or nobody knows which.
    All,
}

/// One effect on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// What is done.
    pub effect: Effect,
    /// To what.
    pub object: Object,
    /// To which part of it.
    pub columns: Columns,
}

impl Touch {
    /// A touch of the object as a whole.
    #[must_use]
    pub fn whole(effect: Effect, object: Object) -> Self {
        Self { effect, object, columns: Columns::None }
    }

    /// A touch of some columns of the object.
    pub fn columns<S: Into<Arc<str>>>(effect: Effect, object: Object, columns: impl IntoIterator<Item = S>) -> Self {
        Self { effect, object, columns: Columns::Named(columns.into_iter().map(Into::into).collect()) }
    }
}

impl fmt::Display for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.effect, self.object)?;
        match &self.columns {
            Columns::None => Ok(()),
            Columns::All => f.write_str(" (*)"),
            Columns::Named(names) => {
                let names: Vec<Cow<'_, str>> = names.iter().map(|name| plain(name)).collect();
                write!(f, " ({})", names.join(", "))
            }
        }
    }
}

impl Serialize for Touch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where one column of the reply comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The column itself, unchanged: the target's own metadata will name it.
    Bare(Column),
    /// Computed from these columns, and from nothing else that holds data.
    Derived {
        /// The expression as a person would recognise it.
        label: String,
        /// Every column that goes into it; empty for constants, counts and the like.
        from: BTreeSet<Column>,
    },
    /// Nobody can say what goes into it.
    Unknown {
        /// The expression as a person would recognise it.
        label: String,
    },
}

/// What the reply holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// No data comes back.
    Nothing,
    /// These columns, in this order, as cells that can be masked one by one.
    Cells(Vec<Output>),
    /// These columns, in a form whose cells cannot be told apart on the way (a bulk stream, a plan).
    Stream(Vec<Output>),
    /// Something comes back, and nobody can say what.
    Unknown,
}

/// What becomes of columns besides being part of the reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// They decide what comes back, or what is changed, without being part of it: conditions, joins, orders, groups.
    pub consulted: BTreeSet<Column>,
    /// They go into something computed on the way that need not be part of the reply: what a function in `FROM` makes rows
    /// of, an expression of an inner query. How many rows come of it, or how it fails, shows them.
    pub computed: BTreeSet<Column>,
    /// Their values are written somewhere: into a table, a file, another column.
    pub stored: BTreeSet<Column>,
    /// Values that stood in them are changed (not: new rows are added).
    pub overwritten: BTreeSet<Column>,
    /// What the operation itself brings for columns, where that may be what a mask shows of one.
    pub given: BTreeMap<Column, BTreeSet<Given>>,
    /// Code that runs in the operation and may read or show whatever its owner can, by name: functions that are not
    /// known to be clean, and the like.
    pub hidden: BTreeSet<String>,
    /// Columns that are read only where the protocol can put an image in their place before anything is made of them:
    /// each with those in whose place it has to stand.
    pub veils: BTreeMap<Column, BTreeSet<Column>>,
}

/// Something that is written as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// Whether a text can stand in for values of the column, and not NULL alone.
    pub textual: bool,
}

/// A value that is known before anything runs, or its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// None.
    Null,
    /// This text.
    Text(Arc<str>),
    /// The parameter in this place, from 0.
    Parameter(usize),
}

/// Something known about an operation that a condition may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A word.
    Text(String),
    /// Several words.
    List(Vec<String>),
}

/// Facts by name; a fact that is absent is unknown, not false.
pub type Facts = BTreeMap<&'static str, Fact>;

/// How well the message could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Wholly: the touches are all there is.
    Clear,
    /// Not wholly; the text says what stood in the way, for the person who reads the refusal.
    Opaque(String),
}

/// Whether the operation is to run, or only to be made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It is only prepared: refused where it could never run, decided when it is bound.
    Prepare,
    /// It runs as soon as it is forwarded.
    Run,
}

/// What an operation does: all that a verdict about it depends on, whatever words and values it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The protocol's own verb.
    pub action: Action,
    /// The other verbs in it, as where one statement holds several.
    pub also: Vec<Action>,
    /// All effects on all objects. An operation that touches nothing is refused like any other that no rule allows.
    pub touches: Vec<Touch>,
    /// What comes back, and from where.
    pub outputs: Outputs,
    /// What else becomes of columns, besides being part of the reply.
    pub uses: Uses,
    /// What conditions may ask for.
    pub facts: Facts,
    /// How well it was read.
    pub reading: Reading,
    /// The words of it, where it is one command, every word of it is known, and there is nothing else to it.
    pub command: Option<Vec<String>>,
}

impl Deed {
    /// How much there is of it to keep: objects, columns and words, each as often as it stands there.
    #[must_use]
    pub fn weight(&self) -> usize {
        let output = |one: &Output| match one {
            Output::Derived { from, .. } => from.len().saturating_add(1),
            Output::Bare(_) | Output::Unknown { .. } => 1,
        };
        let outputs = match &self.outputs {
            Outputs::Cells(outputs) | Outputs::Stream(outputs) => outputs.iter().map(output).sum(),
            Outputs::Nothing | Outputs::Unknown => 0,
        };
        let touch = |one: &Touch| match &one.columns {
            Columns::Named(names) => names.len().saturating_add(1),
            Columns::None | Columns::All => 1,
        };
        let fact = |one: &Fact| match one {
            Fact::List(words) => words.len(),
            Fact::Flag(_) | Fact::Number(_) | Fact::Text(_) => 1,
        };
        let Uses { consulted, computed, stored, overwritten, given, hidden, veils } = &self.uses;
        let columns = [consulted, computed, stored, overwritten].into_iter().map(BTreeSet::len).sum();
        let veils = veils.values().map(|places| places.len().saturating_add(1)).sum();
        let given = given.values().map(|given| given.len().saturating_add(1)).sum();
        let words = self.command.as_ref().map_or(0, Vec::len);
        let uses = [columns, given, veils, hidden.len(), self.also.len(), words];
        let touches: usize = self.touches.iter().map(touch).sum();
        let facts: usize = self.facts.values().map(fact).sum();
        uses.into_iter().chain([outputs, touches, facts]).sum()
    }
}

/// One thing a principal asks a target to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it does.
    pub deed: Arc<Deed>,
    /// Whether it runs now.
    pub stage: Stage,
    /// The operation as text for people, password literals removed.
    pub text: Arc<str>,
    /// All bytes that say what is meant, besides parameters and settings: the text as sent, declared types, formats.
    /// An approval is bound to them, and where nobody here knows them, none is asked for. They may hold secrets, so they
    /// are neither shown nor written down.
    pub meaning: Option<Bytes>,
    /// Parameters bound to it, in order; `None` is a null.
    pub parameters: Vec<Option<Bytes>>,
    /// Settings of the session that change what the text means, by name.
    pub settings: Arc<BTreeMap<String, String>>,
}

impl Operation {
    /// The same, but for what is done.
    #[must_use]
    pub fn but(self, change: impl FnOnce(&mut Deed)) -> Self {
        let mut deed = Deed::clone(&self.deed);
        change(&mut deed);
        Self { deed: Arc::new(deed), ..self }
    }
}

impl Deref for Operation {
    type Target = Deed;

    fn deref(&self) -> &Deed {
        &self.deed
    }
}
