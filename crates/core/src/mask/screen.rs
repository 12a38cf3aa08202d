//! Whether an operation can be masked for certain; what cannot is refused before it runs.
//!
//! A value can leave as itself, inside something computed, by what a condition reveals, or by being written where no
//! mask looks. Where an image stands in its place all of that is the image's; elsewhere the first is masked on its way
//! out, and the others are refused here, each with the part that caused it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::code::Code;
use crate::mask::{Guarding, Mask, MaskSet, Predicates};
use crate::operation::{Column, Deed, Effect, Operation, Output, Outputs, Reading, Uses};
use crate::verdict::Denial;

impl MaskSet {
    /// The masks that cover something in the operation, or why it cannot be masked for certain.
    ///
    /// # Errors
    /// The denial to give to the client.
    pub fn screen(&self, deed: &Deed) -> Result<Vec<Arc<Mask>>, Denial> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        self.screen_reading(deed)?;
        self.screen_hidden(deed)?;
        self.screen_writes(deed)?;
        self.screen_consulted(deed)?;
        let masks = self.screen_outputs(deed)?;
        self.screen_computed(deed)?;
        Ok(masks)
    }

    fn screen_reading(&self, deed: &Deed) -> Result<(), Denial> {
        match &deed.reading {
            Reading::Clear => Ok(()),
            Reading::Opaque(why) => Err(Denial::new(
                Code::MaskedOutput,
                format!(
                    "columns are masked for you on this target, and what this statement shows cannot be known: {why}"
                ),
            )
            .recorded("columns are masked, and what the statement shows cannot be known")
            .hint("write it as plain SELECT, INSERT, UPDATE or DELETE on named tables")),
        }
    }

    fn screen_hidden(&self, deed: &Deed) -> Result<(), Denial> {
        let Some(code) = deed.uses.hidden.first() else { return Ok(()) };
        Err(Denial::new(
            Code::MaskedOutput,
            format!("columns are masked for you on this target, and what `{code}` reads or shows cannot be known"),
        )
        .recorded("columns are masked, and what some code in the statement reads or shows cannot be known")
        .hint("leave it out, or ask for a rule and masks that do not bind you"))
    }

    fn screen_writes(&self, deed: &Deed) -> Result<(), Denial> {
        let overwritten = self.first(&deed.uses.overwritten, |_, mask| mask.writes == Guarding::Deny);
        if let Some((column, mask)) = overwritten {
            return Err(Denial::new(
                Code::MaskedWrite,
                format!("column {column} is masked for you by mask `{}` and so is read-only", mask.name),
            )
            .hint("leave it out of the SET list"));
        }
        if let Some((column, mask)) = self.first(&deed.uses.stored, |_, _| true) {
            return Err(Denial::new(
                Code::MaskedWrite,
                format!(
                    "column {column} is masked for you by mask `{}` and would be copied to where it is not",
                    mask.name
                ),
            )
            .hint("leave the column out"));
        }
        self.screen_given(deed, &[])
    }

    /// Whether a parameter is written where it is what a mask shows of a value.
    ///
    /// # Errors
    /// The denial to give to the client.
    pub fn screen_parameters(&self, operation: &Operation) -> Result<(), Denial> {
        if self.is_empty() { Ok(()) } else { self.screen_given(operation, &operation.parameters) }
    }

    /// THREAT: whoever saves what was shown puts the image in the place of the value for everybody.
    fn screen_given(&self, deed: &Deed, parameters: &[Option<Bytes>]) -> Result<(), Denial> {
        for (column, given) in &deed.uses.given {
            let replaces = deed.uses.overwritten.contains(column);
            let shows = |mask: &&Arc<Mask>| given.iter().any(|given| mask.shows(given, parameters, replaces));
            let Some(mask) = self.binding(column).find(shows) else { continue };
            return Err(Denial::new(
                Code::MaskedWrite,
                format!(
                    "column {column} is masked for you by mask `{}`, and what is written to it is what the mask shows in place of a value",
                    mask.name
                ),
            )
            .hint("leave the column out, or write a value of your own"));
        }
        Ok(())
    }

    fn screen_consulted(&self, deed: &Deed) -> Result<(), Denial> {
        // what is changed is not decided by an image: nobody would see that it was
        let changes = deed.touches.iter().any(|touch| matches!(touch.effect, Effect::Write | Effect::Delete));
        let shows = |column: &Column, mask: &Mask| match mask.predicates {
            Predicates::Deny => true,
            Predicates::Mask => changes || !self.hides(&deed.uses, column),
            Predicates::Allow => false,
        };
        let Some((column, mask)) = self.first(&deed.uses.consulted, shows) else { return Ok(()) };
        Err(Denial::new(
            Code::MaskedPredicate,
            format!("column {column} is masked for you by mask `{}`, and a condition, join, order or group over it would reveal it", mask.name),
        )
        .hint("use it only as a plain column of the select list"))
    }

    fn screen_computed(&self, deed: &Deed) -> Result<(), Denial> {
        let shows =
            |column: &Column, mask: &Mask| mask.predicates != Predicates::Allow && !self.hides(&deed.uses, column);
        let Some((column, mask)) = self.first(&deed.uses.computed, shows) else { return Ok(()) };
        Err(Denial::new(
            Code::MaskedPredicate,
            format!(
                "column {column} is masked for you by mask `{}`, and what is computed of it on the way would reveal it",
                mask.name
            ),
        )
        .hint("use it only as a plain column of the select list"))
    }

    fn screen_outputs(&self, deed: &Deed) -> Result<Vec<Arc<Mask>>, Denial> {
        let (outputs, cells) = match &deed.outputs {
            Outputs::Nothing => return Ok(Vec::new()),
            Outputs::Cells(outputs) => (outputs, true),
            Outputs::Stream(outputs) => (outputs, false),
            Outputs::Unknown => return self.screen_unknown(deed, "what it returns", "").map(|()| Vec::new()),
        };
        let mut masks = Vec::new();
        for (index, output) in outputs.iter().enumerate() {
            let number = index.saturating_add(1);
            match output {
                Output::Bare(column) => match self.of(column) {
                    Some(mask) if cells || self.hides(&deed.uses, column) => masks.push(Arc::clone(mask)),
                    Some(mask) => return Err(streamed(column, mask)),
                    None => {}
                },
                Output::Derived { label, from } => masks.extend(self.screen_derived(number, label, from, &deed.uses)?),
                Output::Unknown { label } => {
                    self.screen_unknown(deed, &format!("output column {number}"), &format!(" (`{label}`)"))?
                }
            }
        }
        masks.sort_by(|left, right| left.name.cmp(&right.name));
        masks.dedup();
        Ok(masks)
    }

    /// The masks of what an output is computed from, all of it images.
    fn screen_derived(
        &self,
        number: usize,
        label: &str,
        from: &BTreeSet<Column>,
        uses: &Uses,
    ) -> Result<Vec<Arc<Mask>>, Denial> {
        let masked = || from.iter().filter_map(|column| Some((column, self.of(column)?)));
        let Some((column, mask)) = masked().find(|(column, _)| !self.hides(uses, column)) else {
            return Ok(masked().map(|(_, mask)| Arc::clone(mask)).collect());
        };
        let rest = format!("is computed from {column}, which is masked for you by mask `{}`", mask.name);
        Err(Denial::new(Code::MaskedOutput, format!("output column {number} (`{label}`) {rest}"))
            .recorded(format!("output column {number} {rest}"))
            .hint("select the column as it is: it comes masked"))
    }

    fn screen_unknown(&self, deed: &Deed, part: &str, quoted: &str) -> Result<(), Denial> {
        let reads = deed.touches.iter().filter(|touch| touch.effect != Effect::Session);
        let Some(mask) = reads.filter_map(|touch| self.within(&touch.object)).next() else { return Ok(()) };
        let rest = format!("cannot be proved free of columns that mask `{}` hides from you", mask.name);
        Err(Denial::new(Code::MaskedOutput, format!("{part}{quoted} {rest}"))
            .recorded(format!("{part} {rest}"))
            .hint("name the tables and columns plainly"))
    }

    fn first<'a>(
        &'a self,
        columns: &'a BTreeSet<Column>,
        refuses: impl Fn(&Column, &Mask) -> bool,
    ) -> Option<(&'a Column, &'a Arc<Mask>)> {
        // INVARIANT: one mask that refuses is enough, whichever of them shows least
        let refusing = |column| self.binding(column).find(|mask| refuses(column, mask));
        columns.iter().find_map(|column| refusing(column).map(|mask| (column, mask)))
    }
}

fn streamed(column: &Column, mask: &Mask) -> Denial {
    Denial::new(
        Code::MaskedOutput,
        format!("column {column} is masked for you by mask `{}`, and this form of reply cannot be masked", mask.name),
    )
    .hint("leave the column out, or use SELECT")
}
