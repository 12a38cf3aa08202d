//! SQL text into neutral readings, with the server's own grammar.
//!
//! It decides nothing, does no IO, and knows no policy, mask or session: what it needs to know of
//! those comes in as [`Names`]. It is total: text that cannot be parsed is [`Unread`]; what parses
//! and is not positively understood makes the reading opaque or adds a touch of unknown effect.
//!
//! Enter at [`read()`].

mod common;
mod copy;
mod depth;
mod dml;
mod encoding;
mod expression;
mod facts;
mod found;
mod from;
mod functions;
mod given;
mod grouped;
mod join;
mod json;
mod label;
mod merge;
mod objects;
mod query;
mod redact;
mod relation;
mod replaced;
pub mod replication;
mod scan;
mod scope;
mod separate;
mod session;
pub mod setting;
mod shape;
mod sites;
mod source;
mod special;
mod starred;
mod statement;
mod structure;
mod syntax;
mod targets;
#[cfg(test)]
mod tests;
mod utility;
mod work;

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use postern_core::mask::MaskSet;
use postern_core::operation::{Column, Deed};

use super::catalog::Catalog;

pub use depth::DEEPEST;
pub use encoding::Encoding;
pub(crate) use functions::{builtins, is_builtin};
pub use redact::{passwords, up_to_password};
pub use replaced::{Images, Replaced, Unsure, replaced};
pub use separate::{doubtful, in_order};
pub use session::set_as_it_begins;
pub use shape::Shape;
pub use sites::Sites;
pub(crate) use source::Source;

/// What the names in a statement mean: the surroundings that it would run in.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The database, as far as it is known.
    pub catalog: &'a Catalog,
    /// What the database keeps text in.
    pub encoding: Encoding,
    /// The `search_path` in force, as listed; the implied schemas are added here.
    pub search_path: &'a [Arc<str>],
    /// The user that statements run as, for `$user`.
    pub user: &'a str,
    /// What the session prepared under a name by SQL or by message.
    pub prepared: &'a dyn Fn(&str) -> Option<Kept>,
    /// What the session opened as a cursor or portal under a name.
    pub cursors: &'a dyn Fn(&str) -> Option<Kept>,
}

impl<'a> Names<'a> {
    /// The names of a database in UTF-8, for whoever has given none himself.
    #[must_use]
    pub fn of(catalog: &'a Catalog, search_path: &'a [Arc<str>], user: &'a str) -> Self {
        Self { catalog, encoding: Encoding::Utf8, search_path, user, prepared: &|_| None, cursors: &|_| None }
    }
}

/// What a session keeps under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What it was read as.
    pub statement: Arc<Statement>,
    /// What tells it from everything else that may come to have the name: all that was sent for it, or who opened it.
    /// It may hold secrets.
    pub source: Bytes,
    /// The masks whose images stand in it; nothing where it was sent as it is, whatever masks there were.
    pub under: Option<Arc<MaskSet>>,
}

/// A name that a statement looks up in its session, to run what that stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The name.
    pub name: String,
    /// What it stands for, where that is known.
    pub kept: Option<Kept>,
}

/// One statement, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does, in the protocol's words: of several actions the gravest first, and facts as [`super::vocabulary`]
    /// has them.
    pub deed: Arc<Deed>,
    /// The names of the columns that come back, where they are known; as many as there are outputs.
    pub names: Vec<Arc<str>>,
    /// Its text with password literals removed.
    pub text: Arc<str>,
    /// What it runs that other statements named.
    pub runs: Vec<Run>,
    /// Where it names relations in whose place something else can stand.
    pub sites: Arc<Sites>,
    /// Whether what it does depends on where a cursor or an open large object stands.
    pub positional: bool,
    /// What the session has to keep track of once it has run.
    pub kind: Kind,
}

impl Deref for Statement {
    type Target = Deed;

    fn deref(&self) -> &Deed {
        &self.deed
    }
}

/// What a statement means for the session that runs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing that outlives it.
    Plain,
    /// No statement at all.
    Empty,
    /// A transaction begins.
    Begin,
    /// It ends well; with `chain`, another begins at once.
    Commit {
        /// `AND CHAIN`.
        chain: bool,
    },
    /// It is undone; with `chain`, another begins at once.
    Rollback {
        /// `AND CHAIN`.
        chain: bool,
    },
    /// A savepoint is set.
    Savepoint(String),
    /// A savepoint is forgotten.
    Release(String),
    /// Everything since a savepoint is undone.
    RollbackTo(String),
    /// The transaction is handed over to a name (`PREPARE TRANSACTION`).
    PrepareTransaction,
    /// A setting changes.
    Set {
        /// Its name, in lower case.
        name: String,
        /// Its new value as `SHOW` would print it; `None` for the default.
        value: Option<String>,
        /// Only to the end of the transaction.
        local: bool,
    },
    /// A setting, or all of them, go back to their defaults.
    Reset(Option<String>),
    /// A statement gets a name.
    Prepare {
        /// The name.
        name: String,
        /// What it would do.
        inner: Arc<Statement>,
        /// The `PREPARE` as it was sent: the server reads it anew where names have come to mean something else.
        source: Bytes,
    },
    /// A named statement runs.
    Execute {
        /// The name.
        name: String,
        /// The text of its parameters, parentheses included; empty without any.
        parameters: String,
    },
    /// A named statement, or all of them, are forgotten.
    Deallocate(Option<String>),
    /// A cursor opens.
    DeclareCursor {
        /// The name.
        name: String,
        /// It outlives its transaction.
        hold: bool,
        /// What it fetches from.
        inner: Arc<Statement>,
    },
    /// A cursor moves, and with `FETCH` shows rows.
    Fetch {
        /// The name.
        name: String,
    },
    /// A cursor, or all of them, close.
    CloseCursor(Option<String>),
    /// Session state is thrown away.
    Discard(Discard),
    /// The client is asked for rows (`COPY … FROM STDIN`).
    CopyIn,
    /// Rows come as a stream (`COPY … TO STDOUT`).
    CopyOut,
    /// Changes or the log come as a stream, and the client answers as one (`START_REPLICATION`).
    CopyBoth,
    /// The database's structure changes; the catalog is out of date.
    Define,
    /// Notifications of a channel are wanted.
    Listen(String),
    /// And no longer, of one channel or of all.
    Unlisten(Option<String>),
    /// Nobody knows: it was not read.
    Unread(Unread),
}

/// What `DISCARD` throws away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// Everything: settings, statements, cursors, temporary tables, notifications, locks.
    All,
    /// Cached plans.
    Plans,
    /// What sequences remember.
    Sequences,
    /// Temporary tables.
    Temporary,
}

/// Text that could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The server's grammar refuses it.
    #[error("{message}")]
    Syntax {
        /// Why, in the server's own words.
        message: String,
        /// Where, in characters from 1, as far as that is known.
        position: Option<usize>,
    },
    /// The server may read it, and here it is not tried; why, in one clause.
    #[error("{0}")]
    Beyond(String),
}

impl Unread {
    /// Why, without the words of the text itself: one of them may be a password.
    pub fn reason(&self) -> &str {
        match self {
            Self::Syntax { message, .. } => message.split_once(" at or near \"").map_or(message, |(why, _)| why),
            Self::Beyond(why) => why,
        }
    }
}

/// The longest name that a server tells from others, in bytes (`NAMEDATALEN`, its terminator aside).
pub(crate) const LONGEST_NAME: usize = 63;
/// The longest text that is read, in bytes.
pub const LONGEST: usize = 1 << 20;

/// Reads a text of any number of statements, in the order in which the server would run them. Empty
/// text is one statement of kind [`Kind::Empty`].
///
/// # Errors
///
/// Where the server's grammar refuses the text, or it is longer than [`LONGEST`], or nested deeper
/// than [`DEEPEST`], or has more words or statements than are read, or names that are others in the
/// database's [`Encoding`].
pub fn read(text: &str, names: &Names<'_>) -> Result<Vec<Statement>, Unread> {
    statement::read(text, names)
}

/// What a view's definition says.
pub(crate) struct Defined {
    /// Where each of its columns comes from.
    pub(crate) columns: Vec<Source>,
    /// Columns that its rows are made of, so that their number tells of them.
    pub(crate) multiplied: BTreeSet<Column>,
}

/// Reads a view's definition; `None` where that cannot be read.
pub(crate) fn columns_of(definition: &str, catalog: &Catalog, path: &[Arc<str>]) -> Option<Defined> {
    statement::columns_of(definition, catalog, path)
}
