//! The protocols that Postern speaks, one folder each: bytes into operations, cells into bytes.
//!
//! A protocol decides nothing; it asks the core. No folder here knows another. Enter at [`all`].

pub mod oauthbearer;
pub mod postgres;
pub mod scram;
pub mod ssh;
mod wire;

use std::sync::Arc;

use postern_core::ports::Protocol;

/// Every protocol there is, one line each.
#[must_use]
pub fn all() -> Vec<Arc<dyn Protocol>> {
    vec![Arc::new(postgres::Postgres::new()), Arc::new(ssh::Ssh::new())]
}

/// The names of protocols that a later version speaks, so that a policy may speak of them already.
pub const LATER: &[&str] = &["mysql", "kubernetes", "ldap", "http"];
