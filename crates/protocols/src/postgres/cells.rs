//! Masks on their way out: which columns of a result are masked, and what becomes of each cell.
//!
//! The server's own word for where a column comes from decides; what the statement was read as can only add a mask,
//! never take one away. Where the two cannot be brought together the result does not leave ([`Unprovable`]). What no column's
//! mask hides is searched, where a mask looks for something.

mod searched;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use postern_core::Cell;
use postern_core::mask::{FIXED, Mask, MaskKind, MaskSet, Masked};
use postern_core::operation::{Column, Output, Outputs};

use super::analyze::Statement;
use super::bucket::Range;
use super::catalog::Catalog;
use super::form::{Form, form, longest};
use super::wire::{self, BINARY, Field, array, row};
use searched::ColumnSearch;

pub(super) use searched::{copied, reported, said};

/// How the columns of one result are masked.
#[derive(Debug)]
pub(super) struct ColumnMasks(Vec<Option<Change>>);

/// What is done to the cells of one column.
#[derive(Debug)]
enum Change {
    Mask(ColumnMask),
    Search(ColumnSearch),
}

#[derive(Debug)]
struct ColumnMask {
    mask: Arc<Mask>,
    form: Form,
    /// How many characters there may be of it.
    longest: usize,
    binary: bool,
    /// Whether the target has put an image in its place already.
    veiled: bool,
    /// How what it puts there is told from a value, where that is the end of a range.
    range: Option<Range>,
}

/// Why a result cannot be masked for certain.
#[derive(Debug)]
pub(super) struct Unprovable(pub(super) String);

/// The first byte of a binary jsonb (`jsonb_send`).
const JSONB_VERSION: u8 = 1;

/// How the columns of a result are masked; `None` where none is.
///
/// `formats` are those that Bind asked for; without them each field's own counts.
pub(super) fn plan(
    fields: &[Field],
    formats: Option<&[i16]>,
    statement: Option<&Statement>,
    catalog: &Catalog,
    masks: &MaskSet,
) -> Result<Option<ColumnMasks>, Unprovable> {
    if masks.is_empty() && masks.searches().next().is_none() {
        return Ok(None);
    }
    let read = expected(fields, statement, masks)?;
    let veiled = statement.map(|statement| masks.veiled(&statement.uses)).unwrap_or_default();
    let mut columns = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let origin = match origin(field, catalog) {
            // nothing depends on where it is from
            Err(_) if masks.is_empty() => None,
            origin => origin?,
        };
        let by_origin = origin.as_ref().and_then(|column| masks.of(column));
        let output = read.and_then(|outputs| outputs.get(index));
        let column = output.and_then(bare);
        let by_reading = column.and_then(|column| masks.of(column));
        let veiled = column.is_some_and(|column| veiled.contains_key(column));
        if veiled && by_origin.is_some() {
            return Err(Unprovable("the target returns a masked column where its image was asked for".to_owned()));
        }
        let binary = format(index, field, formats) == BINARY;
        columns.push(match by_origin.or(by_reading) {
            Some(mask) => Some(Change::Mask(ColumnMask {
                mask: Arc::clone(mask),
                form: form(field.type_oid, catalog),
                longest: longest(field.type_oid, field.type_modifier).unwrap_or(usize::MAX),
                binary,
                veiled,
                range: match mask.kind {
                    MaskKind::Bucket(bucket) => Range::of(bucket, field.type_oid, binary, catalog),
                    MaskKind::Null | MaskKind::Fixed | MaskKind::Partial { .. } | MaskKind::Stable(_) => None,
                },
            })),
            None => ColumnSearch::of(field, binary, (origin.as_ref(), output), catalog, masks).map(Change::Search),
        });
    }
    Ok(columns.iter().any(Option::is_some).then_some(ColumnMasks(columns)))
}

/// What the statement was read to return; it must be as many columns as came, where masks are concerned.
fn expected<'s>(
    fields: &[Field],
    statement: Option<&'s Statement>,
    masks: &MaskSet,
) -> Result<Option<&'s [Output]>, Unprovable> {
    let Some(statement) = statement else { return Ok(None) };
    if let Outputs::Cells(outputs) = &statement.outputs
        && outputs.len() == fields.len()
    {
        return Ok(Some(outputs));
    }
    if statement.touches.iter().any(|touch| masks.within(&touch.object).is_some()) {
        return Err(Unprovable("the target returns other columns than the statement was read to return".to_owned()));
    }
    Ok(None)
}

/// The fields as they would be where no image stood in the place of any column; nothing where none does.
///
/// Drivers ask by them for the column behind a result. They tell where it is from, which the statement says itself.
pub(super) fn named(
    fields: &[Field],
    statement: Option<&Statement>,
    catalog: &Catalog,
    masks: &MaskSet,
) -> Option<Vec<Field>> {
    let statement = statement.filter(|statement| !statement.uses.veils.is_empty())?;
    let Outputs::Cells(outputs) = &statement.outputs else { return None };
    let veiled = masks.veiled(&statement.uses);
    if veiled.is_empty() || outputs.len() != fields.len() {
        return None;
    }
    let mut fields = fields.to_vec();
    for (field, output) in fields.iter_mut().zip(outputs).filter(|(field, _)| field.table_oid == 0) {
        let Some(column) = bare(output).filter(|column| veiled.contains_key(column)) else { continue };
        let [schema, name] = column.object.path.as_slice() else { continue };
        let Some(relation) = catalog.relation(schema, name) else { continue };
        let Some(column) = relation.columns.iter().find(|known| known.name == column.name) else { continue };
        (field.table_oid, field.attribute) = (relation.oid, column.number);
        if field.type_oid == column.kind {
            field.type_modifier = column.modifier;
        }
    }
    Some(fields)
}

fn bare(output: &Output) -> Option<&Column> {
    match output {
        Output::Bare(column) => Some(column),
        Output::Derived { .. } | Output::Unknown { .. } => None,
    }
}

/// The column that a field comes from, where the server names one. System columns hold no data of a user's.
fn origin(field: &Field, catalog: &Catalog) -> Result<Option<Column>, Unprovable> {
    if field.table_oid == 0 || field.attribute <= 0 {
        return Ok(None);
    }
    match catalog.origin(field.table_oid, field.attribute) {
        Some(column) => Ok(Some(column)),
        None => Err(Unprovable(
            "the target returns a column of a table that was made or changed in the last seconds".to_owned(),
        )),
    }
}

fn format(index: usize, field: &Field, formats: Option<&[i16]>) -> i16 {
    match formats {
        None => field.format,
        Some([]) => wire::TEXT,
        Some([all]) => *all,
        Some(each) => each.get(index).copied().unwrap_or(wire::TEXT),
    }
}

/// The fields as they come where Bind asked for these formats.
pub(super) fn in_formats(fields: &mut [Field], formats: &[i16]) {
    for (index, field) in fields.iter_mut().enumerate() {
        field.format = format(index, field, Some(formats));
    }
}

impl ColumnMasks {
    /// Appends a row with its masked cells replaced.
    pub(super) fn apply(&self, body: &Bytes, out: &mut BytesMut) -> Result<(), Unprovable> {
        let mut failed = false;
        let mut width = 0_usize;
        let change = |index: usize, value: Option<&[u8]>| {
            width = index.saturating_add(1);
            match self.0.get(index) {
                Some(Some(Change::Mask(column))) => column.apply(value).unwrap_or_else(|| {
                    failed = true;
                    row::Cell::Null
                }),
                Some(Some(Change::Search(column))) => column.apply(value),
                Some(None) | None => row::Cell::Keep,
            }
        };
        let before = out.len();
        let written = row::rewrite(body, change, out);
        if written.is_ok() && !failed && width == self.0.len() {
            return Ok(());
        }
        out.truncate(before);
        Err(Unprovable("a row of the target does not have the form that its description gives".to_owned()))
    }
}

impl ColumnMask {
    /// What becomes of a cell; nothing where it cannot be read as its type.
    fn apply(&self, value: Option<&[u8]>) -> Option<row::Cell> {
        if self.veiled {
            return self.is_image(value).then_some(row::Cell::Keep);
        }
        let Some(value) = value.or(self.absent()) else { return Some(row::Cell::Keep) };
        match self.form {
            Form::Text => self.replace(text_cell(value), |text| self.fitting(text)),
            Form::Json => self.replace(Cell::Json, Bytes::from),
            Form::Jsonb if self.binary => self.replace(Cell::Json, |text| {
                let mut value = BytesMut::from(&[JSONB_VERSION][..]);
                value.extend_from_slice(text.as_bytes());
                value.freeze()
            }),
            Form::Jsonb => self.replace(Cell::Json, Bytes::from),
            Form::Texts => self.elements(value),
            Form::Other => self.replace(Cell::Other, Bytes::from),
        }
    }

    /// What is masked in place of a NULL, where that is to be hidden as well.
    fn absent(&self) -> Option<&'static [u8]> {
        (self.mask.kind.hides_absence() && self.form != Form::Texts).then_some(b"")
    }

    /// Whether a cell holds what the target was told to put there, and nothing else.
    fn is_image(&self, value: Option<&[u8]>) -> bool {
        let Some(value) = value else { return true };
        match self.form {
            Form::Text => std::str::from_utf8(value).is_ok_and(|text| self.mask.may_be_image(text)),
            Form::Json | Form::Jsonb => {
                let text = if self.form == Form::Jsonb && self.binary { value.get(1..) } else { Some(value) };
                self.mask.kind != MaskKind::Null && text == Some(format!("\"{FIXED}\"").as_bytes())
            }
            Form::Texts => false,
            Form::Other => self.range.is_some_and(|range| range.ends_at(value)),
        }
    }

    /// An array keeps its shape, so that whoever reads it finds the type that was announced.
    fn elements(&self, value: &[u8]) -> Option<row::Cell> {
        if self.mask.kind == MaskKind::Null {
            return Some(row::Cell::Null);
        }
        let mut failed = false;
        let mut change = |_: usize, element: Option<&[u8]>| {
            let Some(element) = element else { return row::Cell::Keep };
            self.replace(text_cell(element), |text| self.fitting(text)).unwrap_or_else(|| {
                failed = true;
                row::Cell::Null
            })
        };
        let mut out = BytesMut::new();
        let written = if self.binary {
            array::binary::rewrite(value, &mut change, &mut out)
        } else {
            array::text::rewrite(value, array::text::DELIMITER, &mut change, &mut out)
        };
        (written.is_ok() && !failed).then(|| row::Cell::Value(out.freeze()))
    }

    /// As much of a text as its type takes.
    fn fitting(&self, mut text: String) -> Bytes {
        if let Some((end, _)) = text.char_indices().nth(self.longest) {
            text.truncate(end);
        }
        Bytes::from(text)
    }

    fn replace(&self, cell: Cell<'_>, write: impl FnOnce(String) -> Bytes) -> Option<row::Cell> {
        match self.mask.apply(cell) {
            Masked::Keep => Some(row::Cell::Keep),
            Masked::Replace(text) => Some(row::Cell::Value(write(text))),
            Masked::Omit => Some(row::Cell::Null),
            Masked::Abort => None,
        }
    }
}

fn text_cell(value: &[u8]) -> Cell<'_> {
    std::str::from_utf8(value).map_or(Cell::Unreadable, Cell::Text)
}
