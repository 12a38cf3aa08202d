//! Arrays inside a cell, element by element: the text form (8.15.6, "Array Input and Output
//! Syntax") and the binary form (`array_send` in `src/backend/utils/adt/arrayfuncs.c`).
//!
//! What is read is what a server writes, not all that it would accept: where its output has one
//! form, any other is an error, so that no element can be hidden from the reader.

pub mod binary;
pub mod text;

/// The most dimensions an array can have (`MAXDIM`).
const MAX_DIMENSIONS: usize = 6;

#[cfg(test)]
mod tests;
