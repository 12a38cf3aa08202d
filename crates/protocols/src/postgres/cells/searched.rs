//! Values that are searched on their way out, and written anew where something is found in them.
//!
//! Best effort: what is no text, or cannot be read as text, leaves as it came. It decides nothing: what is looked for, and
//! where, is core's to say.

use bytes::{BufMut, Bytes, BytesMut};
use postern_core::mask::{MaskSet, Masked, Search};
use postern_core::operation::{Column, Output, Outputs};

use super::super::analyze::Statement;
use super::super::catalog::Catalog;
use super::super::form::{self, Form};
use super::super::wire::report::{Report, field};
use super::super::wire::{Field, array, row};
use super::JSONB_VERSION;

/// What is looked for in the cells of one column.
#[derive(Debug)]
pub(super) struct ColumnSearch {
    searches: Vec<Search>,
    label: String,
    form: Form,
    binary: bool,
}

impl ColumnSearch {
    /// How the cells of a field are searched; nothing where they are not, or hold no text.
    pub(super) fn of(
        field: &Field,
        binary: bool,
        (origin, output): (Option<&Column>, Option<&Output>),
        catalog: &Catalog,
        masks: &MaskSet,
    ) -> Option<Self> {
        let searches: Vec<Search> = masks.searches().filter(|one| one.covers(origin, output)).cloned().collect();
        let form = form::searched(field.type_oid, catalog);
        let label = String::from_utf8_lossy(&field.name).into_owned();
        (!searches.is_empty() && form != Form::Other).then_some(Self { searches, label, form, binary })
    }

    /// What becomes of a cell.
    pub(super) fn apply(&self, value: Option<&[u8]>) -> row::Cell {
        match (value, self.form, self.binary) {
            (None, _, _) => row::Cell::Keep,
            (Some(value), Form::Texts, binary) => self.elements(value, binary),
            (Some([JSONB_VERSION, text @ ..]), Form::Jsonb, true) => match self.text(text) {
                row::Cell::Value(text) => row::Cell::Value([&[JSONB_VERSION][..], &text].concat().into()),
                kept @ (row::Cell::Keep | row::Cell::Null) => kept,
            },
            (Some(value), _, _) => self.text(value),
        }
    }

    fn text(&self, value: &[u8]) -> row::Cell {
        let Ok(text) = std::str::from_utf8(value) else { return row::Cell::Keep };
        let mut hidden: Option<String> = None;
        for search in &self.searches {
            match search.apply(Some(&self.label), hidden.as_deref().unwrap_or(text)) {
                Masked::Keep => {}
                Masked::Replace(text) => hidden = Some(text),
                Masked::Omit | Masked::Abort => return row::Cell::Null,
            }
        }
        hidden.map_or(row::Cell::Keep, |text| row::Cell::Value(text.into()))
    }

    fn elements(&self, value: &[u8], binary: bool) -> row::Cell {
        let mut found = false;
        let mut change = |_: usize, element: Option<&[u8]>| {
            let changed = element.map_or(row::Cell::Keep, |element| self.text(element));
            found |= changed != row::Cell::Keep;
            changed
        };
        let mut out = BytesMut::new();
        let written = if binary {
            array::binary::rewrite(value, &mut change, &mut out)
        } else {
            array::text::rewrite(value, array::text::DELIMITER, &mut change, &mut out)
        };
        if found && written.is_ok() { row::Cell::Value(out.freeze()) } else { row::Cell::Keep }
    }
}

/// A line of a COPY without what is found in it; nothing where nothing is, or where it is none of a text: every row in
/// binary holds a zero byte, and no text does.
pub(in crate::postgres) fn copied(line: &[u8], statement: Option<&Statement>, masks: &MaskSet) -> Option<Bytes> {
    let text = std::str::from_utf8(line).ok().filter(|text| !text.contains('\0'))?;
    let (text, end) = text.strip_suffix('\n').map_or((text, ""), |text| (text, "\n"));
    let outputs = match statement.map(|statement| &statement.outputs) {
        Some(Outputs::Stream(outputs) | Outputs::Cells(outputs)) => outputs.as_slice(),
        Some(Outputs::Nothing | Outputs::Unknown) | None => &[],
    };
    let fields: Vec<&str> = text.split('\t').collect();
    // with another delimiter it is one text
    let known = outputs.len() == fields.len();
    let mut found = false;
    let fields = fields.into_iter().enumerate().map(|(index, field)| {
        let output = outputs.get(index).filter(|_| known);
        let hidden = masks
            .searches()
            .filter(|one| one.covers(None, output))
            .fold(None, |hidden: Option<String>, one| one.hide(hidden.as_deref().unwrap_or(field)).or(hidden));
        found |= hidden.is_some();
        hidden.unwrap_or_else(|| field.to_owned())
    });
    let line = fields.collect::<Vec<String>>().join("\t");
    found.then(|| {
        let mut out = BytesMut::with_capacity(line.len().saturating_add(end.len()));
        out.put_slice(line.as_bytes());
        out.put_slice(end.as_bytes());
        out.freeze()
    })
}

/// What an error or a notice says, without what is found in that.
pub(in crate::postgres) fn reported(mut report: Report, masks: &MaskSet) -> Report {
    const SAID: &[u8] = &[field::MESSAGE, field::DETAIL, field::HINT, field::WHERE, field::INTERNAL_QUERY];
    for (_, text) in report.fields.iter_mut().filter(|(kind, _)| SAID.contains(kind)) {
        if let Some(hidden) = said(text, masks) {
            *text = hidden;
        }
    }
    report
}

/// Words that stand under no name, without what is found in them; nothing where nothing is.
pub(in crate::postgres) fn said(text: &[u8], masks: &MaskSet) -> Option<Bytes> {
    let text = std::str::from_utf8(text).ok()?;
    let hidden = masks
        .searches()
        .fold(None, |hidden: Option<String>, one| one.hide(hidden.as_deref().unwrap_or(text)).or(hidden));
    hidden.map(Bytes::from)
}
