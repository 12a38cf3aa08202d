//! The protocols this gateway speaks.
//!
//! Which there are, `postern-protocols` says; no other place in this crate names one.

use postern_core::Vocabulary;

/// The words of all of them, for checking configurations.
pub(crate) fn vocabularies() -> Vec<&'static Vocabulary> {
    Vec::new()
}
