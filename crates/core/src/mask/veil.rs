//! Columns in whose place the target itself puts an image, and what can then be made of them.
//!
//! A protocol says of each column that an operation reads whether it can have that done everywhere in it; the masks say
//! which of them have to be. Enter at [`MaskSet::veiled`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::mask::{FIXED, Mask, MaskKind, MaskSet, Predicates, Stable, stable};
use crate::operation::{Column, Given, Uses, Value};

impl Mask {
    /// Whether a text may be what this mask makes of one, cut off at the end or padded where its type has a length.
    #[must_use]
    pub fn may_be_image(&self, text: &str) -> bool {
        let text = text.trim_end_matches(' ');
        match self.kind {
            MaskKind::Null | MaskKind::Bucket(_) | MaskKind::Stable(_) => false,
            MaskKind::Fixed => FIXED.starts_with(text),
            MaskKind::Partial { keep_last } => {
                let length = text.chars().count();
                let hidden = length.saturating_sub(keep_last.min(length / 2));
                text.chars().take(hidden).all(|character| character == '*')
            }
        }
    }
}

impl Mask {
    /// Whether what is written is what this mask shows in place of some value. NULL is, where nothing else is shown, as
    /// long as it replaces one.
    pub(super) fn shows(&self, given: &Given, parameters: &[Option<Bytes>], replaces: bool) -> bool {
        let null = replaces && (self.kind == MaskKind::Null || !given.textual);
        match &given.value {
            Value::Null => null,
            Value::Text(text) => self.writes_image(text) || given.textual && self.lists_image(text),
            Value::Parameter(place) => match parameters.get(*place) {
                None => false,
                Some(None) => null,
                // before a document its binary form has a version
                Some(Some(bytes)) => std::str::from_utf8(bytes).is_ok_and(|text| {
                    let alone = self.writes_image(text.trim_start_matches(char::is_control));
                    alone || given.textual && self.lists_image(text)
                }),
            },
        }
    }

    /// Whether there is one among several values: in braces, or, as no text may be, with zeros among the lengths between.
    fn lists_image(&self, text: &str) -> bool {
        let in_text = text.strip_prefix('{').into_iter().flat_map(|list| list.split(['{', '}', ',']));
        let in_binary = text.contains('\0').then(|| text.split(|sign: char| sign.is_control()));
        let mut values = in_text.chain(in_binary.into_iter().flatten()).map(|value| value.trim_matches('"'));
        values.any(|value| self.writes_image(value))
    }

    fn writes_image(&self, text: &str) -> bool {
        match self.kind {
            MaskKind::Null | MaskKind::Bucket(_) => false,
            MaskKind::Fixed | MaskKind::Partial { .. } if text == format!("\"{FIXED}\"") => true,
            MaskKind::Fixed | MaskKind::Partial { .. } => is_starred(text) && self.may_be_image(text),
            MaskKind::Stable(Stable::Token) => stable::is_token(text),
            MaskKind::Stable(Stable::Hash | Stable::Format | Stable::Fake(_)) => false,
        }
    }
}

/// Whether a text may be what some mask shows in place of a value.
#[must_use]
pub fn may_be_shown(text: &str) -> bool {
    let listed = text.starts_with('{') && (text.contains('*') || text.contains(stable::TOKEN));
    listed || is_starred(text) || stable::is_token(text)
}

fn is_starred(text: &str) -> bool {
    text.trim_start_matches('"').starts_with('*')
}

impl MaskSet {
    /// The columns in whose place an image has to stand where an operation reads them, each with the mask that makes it.
    #[must_use]
    pub fn veiled(&self, uses: &Uses) -> BTreeMap<Column, Arc<Mask>> {
        if self.is_empty() {
            return BTreeMap::new();
        }
        let stands_in = |column: &&Column| uses.veils.contains_key(*column);
        let places: BTreeSet<&Column> = uses.veils.values().flatten().filter(stands_in).collect();
        let veiled = places.into_iter().filter(|column| self.veils(column));
        veiled.filter_map(|column| Some((column.clone(), Arc::clone(self.of(column)?)))).collect()
    }

    /// Whether nothing but an image of a column is read in an operation.
    pub(super) fn hides(&self, uses: &Uses, column: &Column) -> bool {
        uses.veils.get(column).is_some_and(|places| !places.is_empty() && places.iter().all(|place| self.veils(place)))
    }

    /// Whether an image stands in the place of a column. Where every mask on it lets conditions see its values, none does.
    fn veils(&self, column: &Column) -> bool {
        self.of(column).is_some_and(|mask| mask.kind.is_computed())
            && self.binding(column).any(|mask| mask.predicates != Predicates::Allow)
    }
}
