//! What must not be seen in clear: masks, bound to columns, and what they make of a cell.
//!
//! A column is veiled where its protocol can have the target itself put an image in its place ([`MaskSet::veiled`]):
//! whatever is made of it is made of the image. Elsewhere its cells are masked on their way out. Core sees cells, never
//! bytes on a wire; a protocol hands them over in the order of the reply and writes down what comes back. Whatever cannot
//! be masked for certain is refused before it runs ([`MaskSet::screen`]).

mod bucket;
pub mod detect;
pub mod echo;
mod lift;
mod screen;
mod search;
mod stable;
pub mod stream;
mod veil;

use std::sync::Arc;

use crate::identity::matches;
use crate::operation::{Column, Object};
use crate::policy::pattern::ColumnPattern;

pub use bucket::{Bucket, Per};
pub use lift::Lifts;
pub use search::Search;
pub use stable::{Fake, Pseudonym, Pseudonyms, Stable};
pub use veil::may_be_shown;

#[cfg(test)]
mod tests;

/// How a value is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskKind {
    /// Nothing comes instead.
    Null,
    /// A constant comes instead.
    Fixed,
    /// All but the last few characters are hidden, and never less than half of them.
    Partial {
        /// How many characters stay at the end.
        keep_last: usize,
    },
    /// A number becomes the lower end of the range that it is in, a time the beginning of its month, year, day or hour.
    Bucket(Bucket),
    /// Something else comes instead, which is the same for the same value.
    Stable(Stable),
}

/// What stands in for a hidden text.
pub const FIXED: &str = "***";

/// What conditions, joins, orders and groups over a masked column see of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicates {
    /// They are refused.
    Deny,
    /// They see its image.
    Mask,
    /// They see its values.
    Allow,
}

/// Whether something about a masked column is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarding {
    /// Refused.
    Deny,
    /// Let through.
    Allow,
}

/// One mask of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// How it hides.
    pub kind: MaskKind,
    /// Conditions, joins, orders and groups over a masked column.
    pub predicates: Predicates,
    /// Changes of a masked column.
    pub writes: Guarding,
    /// Within what the same value has the same stand-in, where this mask makes such.
    pub domain: Arc<str>,
    /// What makes stand-ins in that domain; without it no value that needs one leaves.
    pub pseudonym: Option<Pseudonym>,
}

/// The masks that bind one principal on one target, but for what is lifted for one operation.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MaskSet {
    entries: Arc<[(ColumnPattern, Arc<Mask>)]>,
    searches: Arc<[Search]>,
    lifts: Lifts,
}

impl MaskSet {
    /// The set of these masks, in file order.
    #[must_use]
    pub fn new(entries: Vec<(ColumnPattern, Arc<Mask>)>) -> Self {
        Self { entries: entries.into(), ..Self::default() }
    }

    /// The same masks with some lifted.
    #[must_use]
    pub fn lifting(&self, lifts: Lifts) -> Self {
        Self { entries: Arc::clone(&self.entries), searches: Arc::clone(&self.searches), lifts }
    }

    /// The same masks with what is lifted here and there.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.lifting(self.lifts.clone().and(other.lifts.clone()))
    }

    /// The names of masks of which something is lifted.
    #[must_use]
    pub fn lifted(&self) -> Vec<String> {
        self.lifts.names().into_iter().map(ToString::to_string).collect()
    }

    /// Whether no column is masked; cells may be searched all the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The mask of a column; where several bind it, the one that shows least.
    #[must_use]
    pub fn of<'a>(&'a self, column: &'a Column) -> Option<&'a Arc<Mask>> {
        self.binding(column).min_by_key(|mask| shown(mask.kind))
    }

    /// The mask that binds some column of an object, if one does.
    #[must_use]
    pub fn within<'a>(&'a self, object: &'a Object) -> Option<&'a Arc<Mask>> {
        self.on(object).map(|(_, mask)| mask).find(|mask| !self.lifts.lifts_all(mask, object))
    }

    /// Every mask that binds a column.
    fn binding<'a>(&'a self, column: &'a Column) -> impl Iterator<Item = &'a Arc<Mask>> {
        let named = self.on(&column.object).filter(|(pattern, _)| matches(&pattern.column, &column.name));
        named.map(|(_, mask)| mask).filter(|mask| !self.lifts.lifts(mask, column))
    }

    fn on<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a (ColumnPattern, Arc<Mask>)> {
        self.entries.iter().filter(|(pattern, _)| pattern.object.concerns(object))
    }
}

/// What a target says of its columns: which there are, and which show the data of which.
pub trait Lineage: Send + Sync {
    /// Every column there is.
    fn columns(&self) -> Vec<Column>;

    /// The columns that show the data of this one under another name: of views, partitions, heirs, computed ones.
    fn kin(&self, column: &Column) -> Vec<Column>;

    /// Those of its kin that hold its very values, and nothing that was made of them.
    fn copies(&self, column: &Column) -> Vec<Column>;
}

impl MaskSet {
    /// The same masks, bound besides to every column that shows the data of a masked one under another name.
    #[must_use]
    pub fn closed(&self, lineage: &dyn Lineage) -> Self {
        let mut entries = self.entries.to_vec();
        let mut searches = self.searches.to_vec();
        let named = !self.is_empty() || searches.iter().any(Search::names_columns);
        let all = if named { lineage.columns() } else { Vec::new() };
        for column in all {
            searches.iter_mut().for_each(|search| search.follow(&column, lineage));
            let binding: Vec<_> = self.binding(&column).collect();
            if binding.is_empty() {
                continue;
            }
            let copies = lineage.copies(&column);
            for kin in lineage.kin(&column).iter().filter(|kin| **kin != column) {
                let copied = copies.contains(kin);
                let due = |mask: &&Arc<Mask>| if copied { Arc::clone(mask) } else { Arc::new(mask.whole()) };
                entries.extend(binding.iter().map(|mask| (ColumnPattern::exactly(kin), due(mask))));
            }
        }
        Self { entries: entries.into(), searches: searches.into(), lifts: self.lifts.clone() }
    }
}

fn shown(kind: MaskKind) -> usize {
    match kind {
        MaskKind::Null => 0,
        MaskKind::Fixed => 1,
        MaskKind::Stable(Stable::Hash) => 2,
        MaskKind::Stable(Stable::Token) => 3,
        MaskKind::Stable(Stable::Fake(_)) => 4,
        MaskKind::Stable(Stable::Format) => 5,
        MaskKind::Bucket(_) => 6,
        MaskKind::Partial { keep_last } => keep_last.saturating_add(7),
    }
}

/// One value of a reply, in as much detail as a mask needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// Characters, in a type that takes any characters.
    Text(&'a str),
    /// A document that must stay one: the stand-in has to be quoted.
    Json,
    /// A value of any other type: a number, a date, an address. No stand-in could be told from a real one.
    Other,
    /// A value that the protocol could not read as what its type says.
    Unreadable,
}

/// What becomes of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Masked {
    /// It goes out as it came.
    Keep,
    /// This goes out instead, in the cell's own type.
    Replace(String),
    /// A null goes out instead.
    Omit,
    /// Nothing goes out any more: the reply ends here.
    Abort,
}

impl Mask {
    /// What becomes of a cell under this mask.
    #[must_use]
    pub fn apply(&self, cell: Cell<'_>) -> Masked {
        match (self.kind, cell) {
            (_, Cell::Null) => Masked::Keep,
            (_, Cell::Unreadable) => Masked::Abort,
            (MaskKind::Null | MaskKind::Bucket(_), Cell::Text(_) | Cell::Json | Cell::Other) | (_, Cell::Other) => {
                Masked::Omit
            }
            (MaskKind::Fixed | MaskKind::Partial { .. } | MaskKind::Stable(_), Cell::Json) => {
                Masked::Replace(format!("\"{FIXED}\""))
            }
            (MaskKind::Fixed, Cell::Text(_)) => Masked::Replace(FIXED.to_owned()),
            (MaskKind::Partial { keep_last }, Cell::Text(text)) => Masked::Replace(partial(text, keep_last)),
            (MaskKind::Stable(stable), Cell::Text(text)) => match &self.pseudonym {
                Some(pseudonym) => Masked::Replace(pseudonym.stand_in(stable, text)),
                None => Masked::Abort,
            },
        }
    }

    /// The same, but that nothing at all is shown.
    ///
    /// THREAT: what a mask shows of a value shows another part of it where that was turned around or cut: the last four
    /// characters of `reverse(number)` are its first.
    fn whole(&self) -> Self {
        let kind = if self.kind == MaskKind::Null { MaskKind::Null } else { MaskKind::Fixed };
        Self { kind, pseudonym: None, ..self.clone() }
    }

    /// The same mask, which can make stand-ins.
    #[must_use]
    pub fn keyed(&self, pseudonyms: &Pseudonyms) -> Self {
        let pseudonym = matches!(self.kind, MaskKind::Stable(_)).then(|| pseudonyms.of(&self.domain));
        Self { pseudonym, ..self.clone() }
    }
}

impl MaskKind {
    /// Whether what stands in for a value stands in for the lack of one as well: a constant says nothing, not even whether
    /// there is something to hide.
    #[must_use]
    pub fn hides_absence(self) -> bool {
        matches!(self, Self::Fixed)
    }

    /// Whether a target can be told to compute it, from the value alone.
    #[must_use]
    pub fn is_computed(self) -> bool {
        !matches!(self, Self::Stable(_))
    }

    /// Whether what it shows is told from a value of its column.
    #[must_use]
    pub fn is_telling(self) -> bool {
        !matches!(self, Self::Bucket(_) | Self::Stable(Stable::Hash | Stable::Format | Stable::Fake(_)))
    }
}

/// All but the last `keep` characters, and never less than half of them, as asterisks.
fn partial(text: &str, keep: usize) -> String {
    let length = text.chars().count();
    let hidden = length.saturating_sub(keep.min(length / 2));
    text.chars().enumerate().map(|(index, character)| if index < hidden { '*' } else { character }).collect()
}
