//! A text in which other words stand in some places, and how it is told that nothing else has changed.
//!
//! It knows no mask, and no relation. Enter at [`replaced`] and [`Replaced::original`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use pg_query::{NodeRef, ParseResult};
use postern_core::operation::Column;

use super::Statement;
use super::redact;
use super::sites::placed;
use super::statement::grammar;

/// In how many places a text may be changed: each is looked for, and looked at again.
const MOST_CHANGES: usize = 1000;

/// A text with other words in some places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The text.
    pub text: Arc<str>,
    /// The same for people and journals: without literals that may be passwords.
    pub shown: Arc<str>,
    changes: Vec<Change>,
}

/// Some bytes of a text, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) length: usize,
    /// The same length in characters.
    pub(super) removed: usize,
    pub(super) instead: String,
    /// Where in `instead` the relation is named, if it is.
    pub(super) named: Option<usize>,
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
pub fn replaced(text: &str, statements: &[Statement], images: &[Images]) -> Result<Option<Arc<Replaced>>, Unsure> {
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
    let mut shared = None;
    for (statement, images) in statements.iter().zip(images).filter(|(_, images)| !images.is_empty()) {
        let found = match alone {
            Some(_) => statement.changes(&statement.sites.tokens(text).ok_or(Unsure)?, images),
            // of several statements nobody shares the reading
            None => statement.changes(shared.get_or_insert_with(|| placed(text)), images),
        };
        changes.extend(found.ok_or(Unsure)?);
    }
    if changes.is_empty() {
        return Ok(None);
    }
    if changes.len() > MOST_CHANGES {
        return Err(Unsure);
    }
    changes.sort_by_key(|change| change.at);
    // what is read twice is named once
    changes.dedup();
    let replaced = Arc::new(Replaced::of(text, changes).ok_or(Unsure)?);
    // what was found of one text is so of all texts of its shape
    if last.is_none() && !replaced.is_faithful(text) {
        return Err(Unsure);
    }
    if let Some((one, images)) = alone {
        one.sites.last.keep(images, &replaced, text);
    }
    Ok(Some(replaced))
}

impl Replaced {
    fn of(text: &str, mut changes: Vec<Change>) -> Option<Self> {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for change in &mut changes {
            let end = change.at.checked_add(change.length)?;
            out.push_str(text.get(at..change.at)?);
            out.push_str(&change.instead);
            change.removed = text.get(change.at..end)?.chars().count();
            at = end;
        }
        out.push_str(text.get(at..)?);
        let shown = redact::passwords(&out).into();
        Some(Self { text: out.into(), shown, changes })
    }

    /// Whether the server's grammar finds in it all relations that it finds in `text`, each where it has to be by now.
    ///
    /// THREAT: words that are others to whoever writes than to whoever reads (a name, a comment, a string).
    fn is_faithful(&self, text: &str) -> bool {
        let (Ok(Ok(before)), Ok(Ok(after))) = (grammar(text), grammar(&self.text)) else { return false };
        let moved: Option<BTreeSet<usize>> = relations(&before).into_iter().map(|at| self.moved(at)).collect();
        moved.is_some_and(|moved| moved == relations(&after))
    }

    /// Where a relation is named that was named at this byte before.
    fn moved(&self, at: usize) -> Option<usize> {
        let mut by = 0_usize;
        let mut less = 0_usize;
        for change in self.changes.iter().take_while(|change| change.at <= at) {
            let end = change.at.checked_add(change.length)?;
            if at < end {
                return change.at.checked_add(by)?.checked_sub(less)?.checked_add(change.named?);
            }
            by = by.checked_add(change.instead.len())?;
            less = less.checked_add(change.length)?;
        }
        at.checked_add(by)?.checked_sub(less)
    }

    /// The place in the text that the client sent, in characters from 1, of one in this.
    #[must_use]
    pub fn original(&self, position: usize) -> Option<usize> {
        let at = self.text.char_indices().nth(position.checked_sub(1)?).map_or(self.text.len(), |(at, _)| at);
        let (mut by, mut less) = (0_usize, 0_usize);
        let (mut added, mut removed) = (0_usize, 0_usize);
        for change in &self.changes {
            let begin = change.at.checked_add(by)?.checked_sub(less)?;
            if at < begin.checked_add(change.instead.len())? {
                let at = at.min(begin);
                return self.characters(at)?.checked_add(removed)?.checked_sub(added);
            }
            by = by.checked_add(change.instead.len())?;
            less = less.checked_add(change.length)?;
            added = added.checked_add(change.instead.chars().count())?;
            removed = removed.checked_add(change.removed)?;
        }
        self.characters(at)?.checked_add(removed)?.checked_sub(added)
    }

    /// A byte of the text in characters from 1.
    fn characters(&self, at: usize) -> Option<usize> {
        self.text.get(..at)?.chars().count().checked_add(1)
    }
}

/// Where relations are named.
#[expect(clippy::wildcard_enum_match_arm, reason = "only relations are looked for")]
fn relations(parsed: &ParseResult) -> BTreeSet<usize> {
    let nodes = parsed.protobuf.nodes().into_iter();
    nodes
        .filter_map(|(node, ..)| match node {
            NodeRef::RangeVar(name) => usize::try_from(name.location).ok(),
            _ => None,
        })
        .collect()
}
