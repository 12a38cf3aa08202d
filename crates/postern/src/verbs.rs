//! The verbs besides `serve` and `demo`, one module each.
//!
//! They print to the writer they are given, so that tests can read it.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod check;
mod client;
pub(crate) mod doctor;
pub(crate) mod explain;
mod reach;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod ssh_cert;
pub(crate) mod test;
pub(crate) mod token;

#[cfg(test)]
mod tests;
