//! What the rows of a statement or of a portal hold, in the server's own words, for whoever reads the recording: a client
//! may have asked long before, or not at all.
//!
//! It decides nothing, and no mask goes by it. Enter at [`Description::keep`].

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};

use super::super::cells::in_formats;
use super::super::wire::{BINARY, Backend, Frame, tag};

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

fn described(statement: &Bytes, formats: &[i16]) -> Option<Bytes> {
    let frame = Frame { tag: tag::server::ROW_DESCRIPTION, raw: statement.clone() };
    let Ok(Backend::RowDescription(mut fields)) = Backend::decode(&frame) else { return None };
    in_formats(&mut fields, formats);
    let mut message = BytesMut::new();
    Backend::RowDescription(fields).encode(&mut message).ok()?;
    Some(message.freeze())
}
