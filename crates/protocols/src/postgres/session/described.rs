//! What the rows of a statement or of a portal hold, in the server's own words, for whoever reads the recording: a client
//! may have asked long before, or not at all.
//!
//! It decides nothing, and no mask goes by it. Enter at [`Description::keep`].

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use postern_core::mask::MaskSet;

use super::super::analyze::Statement;
use super::super::cells::{self, in_formats};
use super::super::wire::{BINARY, Backend, Field, Frame, tag};
use super::Session;
use super::reply::Described;

/// The longest that is kept, in bytes.
const LONGEST: usize = 4 << 10;
/// Stands for a longer one: a `RowDescription` of no columns, so that cells have no name, and are text.
const LONGER: &[u8] = b"T\0\0\0\x06\0\0";

/// A `RowDescription`, once the server has sent it.
#[derive(Default)]
pub(super) struct Description(OnceLock<Bytes>);

impl Description {
    /// Keeps the server's message, unless it is long.
    pub(super) fn keep(&self, message: &Bytes) {
        self.0.get_or_init(|| {
            if message.len() <= LONGEST { Bytes::copy_from_slice(message) } else { Bytes::from_static(LONGER) }
        });
    }

    /// What a portal's rows hold that come in these formats: by its own description, or else by its statement's. Nothing
    /// where that is not known for certain.
    pub(super) fn of_portal(&self, statement: &Self, formats: &[i16]) -> Option<&Bytes> {
        if self.0.get().is_none() {
            let described = described(statement.0.get()?, formats)?;
            self.0.get_or_init(|| described);
        }
        self.0.get().filter(|kept| **kept != LONGER || !formats.contains(&BINARY))
    }
}

impl Session<'_> {
    /// What the target says of rows, for a client.
    pub(super) fn described(&self, frame: &Frame, of: &Described) -> Bytes {
        match of {
            Described::Statement(prepared) => self.named(frame, prepared.statements.first(), prepared.flow.masks()),
            Described::Portal(portal) => self.named(frame, portal.statements.first(), portal.flow.masks()),
            Described::Cursor(_) => frame.raw.clone(),
        }
    }

    /// The same of the rows of one statement under these masks.
    pub(super) fn named(&self, frame: &Frame, statement: Option<&Statement>, masks: &MaskSet) -> Bytes {
        if masks.is_empty() || statement.is_none_or(|statement| statement.uses.veils.is_empty()) {
            return frame.raw.clone();
        }
        let Ok(Backend::RowDescription(fields)) = Backend::decode(frame) else { return frame.raw.clone() };
        let named = cells::named(&fields, statement, &self.names.catalog, masks).and_then(message);
        named.unwrap_or_else(|| frame.raw.clone())
    }
}

fn described(statement: &Bytes, formats: &[i16]) -> Option<Bytes> {
    let frame = Frame { tag: tag::server::ROW_DESCRIPTION, raw: statement.clone() };
    let Ok(Backend::RowDescription(mut fields)) = Backend::decode(&frame) else { return None };
    in_formats(&mut fields, formats);
    message(fields)
}

fn message(fields: Vec<Field>) -> Option<Bytes> {
    let mut message = BytesMut::new();
    Backend::RowDescription(fields).encode(&mut message).ok()?;
    Some(message.freeze())
}
