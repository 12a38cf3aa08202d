//! What is known of a host without asking it: nothing. What a command would do is read as it is for a session.
//!
//! No session decides by it.

use std::sync::Arc;

use postern_core::inventory::{self as neutral, Supposition};
use postern_core::mask::Lineage;
use postern_core::operation::{Column, Object};
use postern_core::target::Target;
use postern_core::verdict::Duties;

use super::analyze;

/// The inventory of any host.
pub(super) struct Inventory;

impl neutral::Inventory for Inventory {
    fn suppose(&self, _space: &str, _account: &str, text: &str) -> Vec<Supposition> {
        vec![Supposition { operation: analyze::exec(text.as_bytes(), false), names: Vec::new() }]
    }

    fn sent(&self, _space: &str, _account: &str, text: &str, due: &Duties) -> Option<Arc<str>> {
        let operation = analyze::exec(text.as_bytes(), false);
        let words = operation.command.as_ref().filter(|_| due.offered)?;
        Some(analyze::written(words).into())
    }

    fn lineage(&self, _space: &str) -> Option<Arc<dyn Lineage>> {
        None
    }

    fn objects(&self) -> Vec<Object> {
        Vec::new()
    }

    fn columns(&self) -> Vec<Column> {
        Vec::new()
    }

    fn gaps(&self, _target: &Target) -> Vec<String> {
        Vec::new()
    }

    fn written(&self) -> String {
        String::new()
    }
}
