//! How a host stands by itself: the way there, what the injected accounts may do beyond what commands say, and which ways
//! lead round the gateway.
//!
//! It logs in as sessions do, asks, changes nothing, and decides nothing: what is needed core says. An account that may run
//! nothing is said to be one, with what could not be looked at. Enter at [`examine`].

mod account;
mod found;
mod keys;
mod person;
mod questions;
mod settings;
mod way;

use postern_core::Fault;
use postern_core::examination::{Examination, Finding, Subject};

use self::account::Account;
use self::found::Found;

/// Asks as each account of a target how the host stands.
pub(super) async fn examine(subject: &Subject<'_>) -> Result<Examination, Fault> {
    let mut found: Vec<Found> = way::known(subject.target).into_iter().collect();
    for (at, needs) in subject.needs.iter().enumerate() {
        let account = Account::ask(subject, needs).await?;
        if at == 0 {
            found.extend(account.offer.iter().flat_map(way::offered));
        }
        found.extend(account.found());
    }
    let script = found::script(&found, &subject.target.host);
    let mut findings: Vec<Finding> = found.into_iter().map(Found::into_finding).collect();
    findings.sort_by_key(|finding| finding.gravity);
    Ok(Examination { findings, script, language: "sshd" })
}
