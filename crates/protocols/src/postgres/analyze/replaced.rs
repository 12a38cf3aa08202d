//! A text in which other words stand in some places, and how it is told that nothing else has changed.
//!
//! It knows no mask. Enter at [`replaced`] and [`Replaced::original`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem::discriminant;
use std::sync::{Arc, Mutex};

use postern_core::operation::{Column, Columns, Object, Output, Outputs, Touch};

use super::redact;
use super::sites::placed;
use super::{Kind, LONGEST, Names, Statement};
use crate::postgres::vocabulary::action;

/// In how many places a text may be changed: each is looked for, and looked at again.
const MOST_CHANGES: usize = 1000;
/// How long a text may be that is kept for the next like it, in bytes.
const LONGEST_KEPT: usize = 16 << 10;

/// A text with other words in some places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The text.
    pub text: Arc<str>,
    /// The same for people and journals: without literals that may be passwords.
    pub shown: Arc<str>,
    changes: Vec<Changed>,
}

/// Some bytes of a text, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) instead: String,
}

/// The same, where only its lengths matter any more: in bytes, and in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    at: usize,
    removed: (usize, usize),
    added: (usize, usize),
}

/// What stands for a column, as an expression of its own relation.
pub type Images = BTreeMap<Column, String>;

/// A text could not be written for certain with something else in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text cannot be written so for certain")]
pub struct Unsure;

/// What came of a statement last: the same comes of the same.
#[derive(Default)]
pub(super) struct Last(Mutex<Option<Came>>);

/// What these images made of a text.
struct Came {
    images: Images,
    text: Arc<str>,
    replaced: Arc<Replaced>,
}

impl Clone for Last {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Last {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Last")
    }
}

impl Last {
    /// What came of these images before, and of which text.
    fn find(&self, images: &Images) -> Option<(Arc<Replaced>, Arc<str>)> {
        let last = self.0.lock().ok()?;
        let came = last.as_ref().filter(|came| came.images == *images)?;
        Some((Arc::clone(&came.replaced), Arc::clone(&came.text)))
    }

    fn keep(&self, images: &Images, replaced: &Arc<Replaced>, text: &str) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some(Came { images: images.clone(), text: text.into(), replaced: Arc::clone(replaced) });
        }
    }
}

/// The text of a message in which these stand for columns, for each of its statements; nothing where nothing does.
///
/// # Errors
/// Where it cannot be written so for certain.
pub fn replaced(
    text: &str,
    statements: &[Statement],
    images: &[Images],
    names: &Names<'_>,
) -> Result<Option<Arc<Replaced>>, Unsure> {
    let alone = match (statements, images) {
        ([one], [images]) if one.sites.of.is_some() => Some((one, images)),
        _ => None,
    };
    let last = alone.and_then(|(one, images)| one.sites.last.find(images));
    if let Some((replaced, of)) = &last
        && **of == *text
    {
        return Ok(Some(Arc::clone(replaced)));
    }
    let mut changes = Vec::new();
    let (mut shared, mut room) = (None, LONGEST.saturating_sub(text.len()));
    for (statement, images) in statements.iter().zip(images).filter(|(_, images)| !images.is_empty()) {
        let found = match alone {
            Some(_) => statement.changes(&statement.sites.tokens(text).ok_or(Unsure)?, images, &mut room),
            // of several statements nobody shares the reading
            None => statement.changes(shared.get_or_insert_with(|| placed(text)), images, &mut room),
        };
        changes.extend(found.ok_or(Unsure)?);
        if changes.len() > MOST_CHANGES {
            return Err(Unsure);
        }
    }
    if changes.is_empty() {
        return Ok(None);
    }
    // what is put in between stands before what is replaced
    changes.sort_by_key(|change| (change.at, change.length));
    // what is read twice is named once
    changes.dedup();
    let replaced = Arc::new(Replaced::of(text, changes).ok_or(Unsure)?);
    // what was found of one text is so of all texts of its shape
    if last.is_none() && !replaced.is_faithful(statements, names) {
        return Err(Unsure);
    }
    if let Some((one, images)) = alone.filter(|_| replaced.text.len() <= LONGEST_KEPT) {
        one.sites.last.keep(images, &replaced, text);
    }
    Ok(Some(replaced))
}

impl Replaced {
    fn of(text: &str, changes: Vec<Change>) -> Option<Self> {
        let mut out = String::with_capacity(text.len());
        let mut changed = Vec::with_capacity(changes.len());
        let mut at = 0;
        for change in changes {
            let end = change.at.checked_add(change.length)?;
            out.push_str(text.get(at..change.at)?);
            out.push_str(&change.instead);
            changed.push(Changed {
                at: change.at,
                removed: (change.length, text.get(change.at..end)?.chars().count()),
                added: (change.instead.len(), change.instead.chars().count()),
            });
            at = end;
        }
        out.push_str(text.get(at..)?);
        let shown = redact::passwords(&out).into();
        Some(Self { text: out.into(), shown, changes: changed })
    }

    /// Whether it is read to do nothing that the text it was made of was not read to do: no other column is read, and
    /// what comes back, and what decides, comes of no other.
    ///
    /// THREAT: words that are others to whoever writes than to whoever reads; a name or a place that means something else
    /// beside what was put in.
    fn is_faithful(&self, before: &[Statement], names: &Names<'_>) -> bool {
        let Ok(after) = super::read(&self.text, names) else { return false };
        after.len() == before.len() && before.iter().zip(&after).all(|(before, after)| after.is_within(before))
    }

    /// How much memory it takes, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len().saturating_add(self.shown.len())
    }

    /// The place in the text that the client sent, in characters from 1, of one in this.
    #[must_use]
    pub fn original(&self, position: usize) -> Option<usize> {
        let at = self.text.char_indices().nth(position.checked_sub(1)?).map_or(self.text.len(), |(at, _)| at);
        let (mut by, mut less) = (0_usize, 0_usize);
        let (mut added, mut removed) = (0_usize, 0_usize);
        for change in &self.changes {
            let begin = change.at.checked_add(by)?.checked_sub(less)?;
            if at < begin.checked_add(change.added.0)? {
                let at = at.min(begin);
                return self.characters(at)?.checked_add(removed)?.checked_sub(added);
            }
            by = by.checked_add(change.added.0)?;
            less = less.checked_add(change.removed.0)?;
            added = added.checked_add(change.added.1)?;
            removed = removed.checked_add(change.removed.1)?;
        }
        self.characters(at)?.checked_add(removed)?.checked_sub(added)
    }

    /// A byte of the text in characters from 1.
    fn characters(&self, at: usize) -> Option<usize> {
        self.text.get(..at)?.chars().count().checked_add(1)
    }
}

impl Statement {
    /// Whether it does nothing that another does not do, and shows nothing of more.
    fn is_within(&self, other: &Self) -> bool {
        let covers = |touch: &Touch| {
            let same = |other: &&Touch| (other.effect, &other.object) == (touch.effect, &touch.object);
            other.touches.iter().filter(same).any(|other| match (&touch.columns, &other.columns) {
                (Columns::None, _) | (_, Columns::All) => true,
                (Columns::Named(ours), Columns::Named(theirs)) => ours.is_subset(theirs),
                (Columns::Named(_) | Columns::All, Columns::None) | (Columns::All, Columns::Named(_)) => false,
            })
        };
        let (ours, theirs) = (&self.uses, &other.uses);
        // what an image is computed of is computed on the way
        let computed = |column: &Column| {
            let veiled = theirs.veils.values().any(|places| places.contains(column));
            let known = theirs.computed.contains(column) || theirs.consulted.contains(column);
            known || veiled || theirs.veils.contains_key(column)
        };
        // where rows are grouped by a key, its other columns make no other groups, and nothing but their images is there
        let keyed = |object: &Object| other.sites.grouped.iter().any(|grouped| grouped.object == *object);
        let decides = |column: &Column| {
            theirs.consulted.contains(column) || keyed(&column.object) && theirs.veils.contains_key(column)
        };
        // a plan shows what decides, and nothing else
        let planned = self.action == action::EXPLAIN;
        let alike = match (&self.kind, &other.kind) {
            (Kind::DeclareCursor { inner: ours, .. }, Kind::DeclareCursor { inner: theirs, .. }) => {
                ours.is_within(theirs)
            }
            (ours, theirs) => discriminant(ours) == discriminant(theirs),
        };
        alike
            && (self.action, &self.also, &self.names, &self.reading)
                == (other.action, &other.also, &other.names, &other.reading)
            && self.touches.iter().all(covers)
            && shows_within(&self.outputs, &other.outputs, &theirs.veils, |column| planned && decides(column))
            && ours.consulted.iter().all(decides)
            && ours.computed.iter().all(computed)
            && ours.stored.is_subset(&theirs.stored)
            && ours.overwritten.is_subset(&theirs.overwritten)
            && ours.hidden.is_subset(&theirs.hidden)
    }
}

/// Whether as many columns come back, each of them of no other. What a column of a view shows is behind it.
fn shows_within(
    ours: &Outputs,
    theirs: &Outputs,
    veils: &BTreeMap<Column, BTreeSet<Column>>,
    decides: impl Fn(&Column) -> bool,
) -> bool {
    let behind = |column: &Column, shown: &Column| {
        column == shown || veils.get(column).is_some_and(|places| places.contains(shown))
    };
    let within = |(ours, theirs): (&Output, &Output)| match (ours, theirs) {
        (_, Output::Unknown { .. }) => true,
        (Output::Unknown { .. }, _) => false,
        (Output::Bare(ours), Output::Bare(theirs)) => ours == theirs,
        (Output::Bare(ours), Output::Derived { from, .. }) => from.contains(ours),
        (Output::Derived { from, .. }, Output::Bare(theirs)) => from.iter().all(|ours| behind(ours, theirs)),
        (Output::Derived { from: ours, .. }, Output::Derived { from: theirs, .. }) => {
            ours.iter().all(|ours| theirs.contains(ours) || decides(ours))
        }
    };
    match (ours, theirs) {
        (Outputs::Cells(ours), Outputs::Cells(theirs)) | (Outputs::Stream(ours), Outputs::Stream(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(within)
        }
        (ours, theirs) => ours == theirs,
    }
}
